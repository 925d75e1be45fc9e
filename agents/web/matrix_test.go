package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
)

// matrixFile says once more, apart from the program, who may call what. It is reviewed by people and
// never written by a test.
const matrixFile = "testdata/matrix.golden"

// matrixLine is what the file says of one route.
type matrixLine struct {
	route, people, scope string
	// object is what the path names first: "-" nothing whose absence is 404; "object" something that is
	// 404 where it is missing; "part" something whose own part is 404 too where it is another's.
	object string
}

func matrix(t *testing.T) []matrixLine {
	t.Helper()
	b, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	var out []matrixLine
	for n, line := range strings.Split(string(b), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 4 {
			t.Fatalf("%s:%d: %d columns, want 4", matrixFile, n+1, len(f))
		}
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		out = append(out, matrixLine{strings.Join(strings.Fields(f[0]), " "), f[1], f[2], f[3]})
	}
	return out
}

// roles are the people that a word of the file means.
func roles(t *testing.T, people string) []string {
	t.Helper()
	switch people {
	case "nobody", "anybody", "outside":
		return nil
	case "readers":
		return []string{"agent", "supervisor", "admin", "auditor"}
	case "workers":
		return []string{"agent", "supervisor", "admin"}
	case "supervisors":
		return []string{"supervisor", "admin"}
	}
	t.Fatalf("%s: nobody is called %q", matrixFile, people)
	return nil
}

// TestEveryRouteIsInTheMatrix holds the route table, what is served, and the file to one another. A new
// route without a line fails here, with the line to add once somebody has thought about it.
func TestEveryRouteIsInTheMatrix(t *testing.T) {
	t.Parallel()
	h := setup(t)
	lines := map[string]matrixLine{}
	for _, l := range matrix(t) {
		lines[l.route] = l
	}
	var table []string
	for _, r := range h.web.Table() {
		table = append(table, r.Route)
		l, ok := lines[r.Route]
		delete(lines, r.Route)
		scope, people := "-", "nobody"
		if r.Scope != "" {
			scope = r.Scope
		}
		switch {
		case r.Outside:
			people = "outside"
		case r.Public:
			people = "anybody"
		case r.May != "":
			people = "workers"
			if agents.RoleAuditor.May(agents.Permission(r.May)) {
				people = "readers"
			} else if !agents.RoleAgent.May(agents.Permission(r.May)) {
				people = "supervisors"
			}
		}
		switch {
		case !ok:
			t.Errorf("%s has no line for\n%s | %s | %s | object", matrixFile, r.Route, people, scope)
		case l.people != people || l.scope != scope:
			t.Errorf("%s: the file says %s and %s, the route table %s and %s", r.Route, l.people, l.scope, people, scope)
		case people == "nobody" && scope == "-":
			t.Errorf("%s may be called by nobody", r.Route)
		}
	}
	for route := range lines {
		t.Errorf("%s has a line for %s, which is no route", matrixFile, route)
	}
	served := h.web.Echo()
	slices.Sort(table)
	slices.Sort(served)
	if diff := cmp.Diff(table, served); diff != "" {
		t.Errorf("table and served routes differ (-table +served):\n%s", diff)
	}
}

// identity is somebody who asks: with a cookie or with what stands in Authorization.
type identity struct {
	name, role, cookie, bearer string
	scopes                     []string
	gone                       bool // a key that was revoked, a person who was disabled, a token that is none
}

func identities() []identity {
	out := []identity{
		{name: "nobody"},
		{name: "an invented key", bearer: agents.KeyPrefix + "nonsense", gone: true},
		{name: "an invented token", bearer: "cds_nonsense", gone: true},
		{name: "a revoked key", scopes: agents.Scopes(), gone: true},
		{name: "a key with no scope", scopes: []string{}},
		{name: "a key with every scope", scopes: agents.Scopes()},
		{name: "a disabled person by session", role: "supervisor", cookie: "supervisor", gone: true},
		{name: "a disabled person by token", role: "supervisor", gone: true},
	}
	for _, r := range agents.Roles() {
		out = append(out, identity{name: string(r) + " by session", role: string(r), cookie: string(r)}, identity{name: string(r) + " by token", role: string(r)})
	}
	for _, scope := range agents.Scopes() {
		out = append(out, identity{name: "a key with " + scope, scopes: []string{scope}})
	}
	return out
}

// TestMatrix asks for every route as everybody, for an object that there is, for one that there is not,
// and for a part that is another object's.
func TestMatrix(t *testing.T) {
	t.Parallel()
	lines := matrix(t)
	for _, who := range identities() {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			m := asked{h: h, client: h.browser(t)}
			h.refundCase(t, 16491, "desk")
			h.mail(t, nil)
			m.furnish(t)
			m.enter(t, who)
			for _, l := range lines {
				m.route(t, who, l)
			}
		})
	}
}

// asked asks routes as one identity.
type asked struct {
	h             *house
	client        *http.Client
	authorization string
}

// enter makes the identity what it is.
func (m *asked) enter(t *testing.T, who identity) {
	t.Helper()
	h, ctx := m.h, t.Context()
	if err := h.db.InsertAgent(ctx, &agents.Agent{Login: "wang", Name: "王", Role: agents.RoleAgent, At: h.clock.now()}); err != nil {
		t.Fatal(err)
	}
	switch {
	case who.bearer != "":
		m.authorization = who.bearer
	case who.cookie != "":
		h.hire(t)
		m.client = h.as(t, who.cookie)
	case who.role != "":
		h.hire(t)
		m.authorization = h.person(t, who.role).token
	case who.scopes != nil:
		m.authorization = h.key(t, who.scopes...)
	}
	if !who.gone {
		return
	}
	now := h.clock.now()
	if who.role != "" {
		a, err := h.db.Agent(ctx, who.role)
		if err != nil {
			t.Fatal(err)
		}
		a.DisabledAt = &now
		if err := h.db.SaveAgent(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	if who.scopes != nil {
		k, err := h.db.KeyByHash(ctx, agents.HashKey(m.authorization))
		if err != nil {
			t.Fatal(err)
		}
		k.RevokedAt = &now
		if err := h.db.SaveKey(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
}

// route asks for one route and judges what came back.
func (m *asked) route(t *testing.T, who identity, l matrixLine) {
	t.Helper()
	_, path, _ := strings.Cut(l.route, " ")
	page := !strings.HasPrefix(path, "/v1/") && path != "/metrics"
	const own, missing, foreign = 0, 1, 2
	for _, object := range []int{own, missing, foreign} {
		if object == missing && l.object == "-" || object == foreign && l.object != "part" {
			continue
		}
		status, to := m.ask(t, l, object)
		says := fmt.Sprintf("%s (%s): %d to %q", l.route, []string{"own", "missing", "foreign"}[object], status, to)
		login := strings.HasPrefix(to, "/login")
		known := !who.gone && (who.role != "" || who.scopes != nil)
		if page && who.cookie == "" && !(who.scopes != nil && l.scope != "-") {
			known = false // pages are for people, who have a session
		}
		open := l.people == "anybody" || l.people == "outside" && (who.cookie == "" || who.gone)
		allowed := open || known && (slices.Contains(roles(t, l.people), who.role) || holds(who.scopes, l.scope))
		switch {
		case allowed && object != own && !open:
			if status != http.StatusNotFound {
				t.Errorf("%s, want 404", says)
			}
		case allowed:
			wrong := status == http.StatusUnauthorized && !open || status == http.StatusForbidden || status >= 500 ||
				status == http.StatusNotFound && l.object != "-" || login && !open
			if wrong {
				t.Errorf("%s, and it is allowed", says)
			}
		case known && status != http.StatusForbidden:
			t.Errorf("%s, want 403", says)
		case !known && page && (status != http.StatusSeeOther || !login):
			t.Errorf("%s, want the login", says)
		case !known && !page && status != http.StatusUnauthorized:
			t.Errorf("%s, want 401", says)
		}
	}
}

// holds reports whether a key has all the scopes of a line.
func holds(scopes []string, line string) bool {
	for scope := range strings.SplitSeq(line, " + ") {
		if !slices.Contains(scopes, scope) {
			return false
		}
	}
	return true
}

// ask makes the request, with the body that the description gives as an example.
func (m *asked) ask(t *testing.T, l matrixLine, object int) (status int, to string) {
	t.Helper()
	method, pattern, _ := strings.Cut(l.route, " ")
	client := m.client
	if l.route == "POST /logout" {
		client = m.h.browser(t)
	}
	ctx, cancel := context.WithCancel(t.Context()) // a stream of events never ends by itself
	defer cancel()
	body := m.h.web.Example(method, pattern)
	r, err := http.NewRequestWithContext(ctx, method, m.h.url+place(pattern, object), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case body != "":
		r.Header.Set("Content-Type", "application/json")
	case method == http.MethodPost:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if pattern == "/metrics" {
		r.Header.Set("X-Forwarded-For", "203.0.113.9") // from elsewhere: whoever asks on this machine itself may
	}
	if m.authorization != "" {
		r.Header.Set("Authorization", "Bearer "+m.authorization)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	m.described(t, method, pattern, res)
	return res.StatusCode, res.Header.Get("Location")
}

// described holds a JSON answer to what openapi.json says of it.
func (m *asked) described(t *testing.T, method, pattern string, res *http.Response) {
	t.Helper()
	kind := res.Header.Get("Content-Type")
	if !strings.HasPrefix(pattern, "/v1/") || !strings.HasSuffix(kind, "json") || res.StatusCode == http.StatusNotModified {
		return
	}
	var v any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Errorf("%s %s: %v", method, pattern, err)
		return
	}
	schema := m.h.web.Answer(method, pattern, res.StatusCode, kind)
	if schema == nil {
		t.Errorf("%s %s: the answer %d is not described", method, pattern, res.StatusCode)
		return
	}
	var found huma.ValidateResult
	huma.Validate(m.h.web.OpenAPI().Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &found)
	for _, err := range found.Errors {
		t.Errorf("%s %s: the answer %d is not as described: %v", method, pattern, res.StatusCode, err)
	}
}

// place puts names into a path: of what there is, of what there is not in the first place, or in all
// places but the first of what is another's.
func place(pattern string, object int) string {
	there := map[string]string{
		":number": "CD-000001", ":other": "CD-000002", ":message": "1", ":index": "0", ":outgoing": "1", ":refund": "R-1", ":file": "app.css", ":step": "refund",
		":account_no": "A-1001", ":id": "1", ":call": "pbx-1", ":call_id": "pbx-1", ":conversation_id": "c-1",
	}
	if strings.Contains(pattern, "/refunds/:id") {
		there[":id"] = "R-1"
	}
	if strings.Contains(pattern, "/subscriptions/:id") {
		there[":id"] = "S-1"
	}
	if strings.Contains(pattern, "/calls/:call/") {
		there[":number"] = "CD-000003"
	}
	nowhere := map[string]string{":conversation_id": "c-9", ":number": "CD-000999", ":id": "999999", ":account_no": "A-9999"}
	parts := strings.Split(pattern, "/")
	first := true
	for i, p := range parts {
		if !strings.HasPrefix(p, ":") {
			continue
		}
		switch {
		case object == 1 && first && nowhere[p] != "":
			parts[i] = nowhere[p]
		case object == 2 && first:
			parts[i] = "CD-000002"
		case there[p] != "":
			parts[i] = there[p]
		default:
			parts[i] = "x"
		}
		first = false
	}
	return strings.Join(parts, "/")
}

// TestEveryOperationIsDescribedWhole: its scope, its errors, and an example of its body that fits.
func TestEveryOperationIsDescribedWhole(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for path, item := range h.web.OpenAPI().Paths {
		for method, op := range map[string]any{"GET": item.Get, "POST": item.Post, "PUT": item.Put} {
			b, err := json.Marshal(op)
			if err != nil {
				t.Fatal(err)
			}
			var o struct {
				OperationID string
				Summary     string
				Security    []any
				Scope       string `json:"x-scope"`
				Permission  string `json:"x-permission"`
				Responses   map[string]any
				RequestBody struct{ Content map[string]map[string]any }
			}
			if err := json.Unmarshal(b, &o); err != nil || o.OperationID == "" {
				continue
			}
			if o.Summary == "" || len(o.Security) > 0 && (o.Scope+o.Permission == "" || o.Responses["401"] == nil || o.Responses["403"] == nil) {
				t.Errorf("%s %s is not described whole: %s", method, path, b)
			}
			if media, ok := o.RequestBody.Content["application/json"]; ok && media["example"] == nil {
				t.Errorf("%s %s has no example (openapi.go, %q)", method, path, o.OperationID)
			}
		}
	}
}
