package web_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

const (
	everybody = "anybody"
	nobody    = "" // no person: programs with a key
	readers   = "auditor agent supervisor admin"
	workers   = "agent supervisor admin"
	machines  = "" // no person at all
)

// allowed says once more, apart from the program, who may call what.
func allowed() map[string]string {
	return map[string]string{
		"GET /": readers, "GET /login": everybody, "POST /login": everybody, "POST /logout": everybody, "POST /language": everybody,
		"GET /static/:file": everybody, "GET /healthz": everybody, "GET /readyz": everybody, "GET /openapi.json": everybody,
		"GET /tickets": readers, "GET /tickets/:number": readers,
		"GET /tickets/:number/messages/:message/html":               readers,
		"GET /tickets/:number/messages/:message/original":           readers,
		"GET /tickets/:number/messages/:message/attachments/:index": readers,
		"GET /tickets/:number/outgoing/:outgoing/original":          readers,
		"GET /tickets/:number/evidence":                             readers,
		"POST /tickets/:number/take":                                workers, "POST /tickets/:number/release": workers,
		"POST /tickets/:number/reply": workers, "POST /tickets/:number/note": workers, "POST /tickets/:number/intent": workers,
		"POST /tickets/:number/account": workers, "POST /tickets/:number/run": workers, "POST /tickets/:number/skip": workers, "POST /tickets/:number/accept": workers,
		"POST /tickets/:number/solve": workers, "POST /tickets/:number/refunds/:refund/approve": workers,
		"POST /tickets/:number/refunds/:refund/reject": workers,
		"POST /tickets/:number/takeover":               workers, "GET /alarms": readers, "POST /alarms/:id/clear": workers,
		"GET /tickets/new": workers, "POST /tickets/new": workers, "POST /tickets/new/check": workers,
		"GET /tickets/:number/calls/:call/recording": readers, "POST /tickets/:number/told": workers,
		"POST /v1/calls": machines, "PUT /v1/calls/:call_id/recording": machines, "POST /v1/tickets": workers, "POST /v1/tickets/:number/messages": workers,
		"POST /tickets/:number/code": workers, "POST /tickets/:number/code/read": workers, "POST /tickets/:number/facts": workers,
		"POST /v1/tickets/:number/verification": workers, "POST /v1/verifications/:verification_id": everybody,
		"GET /v/:id": everybody, "POST /v/:id": everybody,
		"GET /c/:token": everybody, "GET /c/:token/receipt": everybody, "POST /c/:token/say": everybody, "POST /c/:token/add": everybody,
		"POST /c/:token/code": everybody, "POST /c/:token/enter": everybody,
		"GET /intake": readers, "GET /intake/:id/original": readers,
		"GET /v1/stops": "", "POST /v1/stops/:id/applied": "", "GET /v1/subscriptions/:id/debit": "", // machines only
		"POST /v1/chat/handoffs": nobody, "GET /v1/chat/handoffs/:conversation_id": nobody, "GET /v1/chat/events": nobody,
		"POST /v1/chat/handoffs/:conversation_id/messages": nobody, "POST /v1/chat/handoffs/:conversation_id/end": nobody,
		"POST /v1/chat/handoffs/:conversation_id/read": nobody,
		"POST /v1/login": everybody, "GET /v1/tickets": readers, "GET /v1/tickets/:number": readers, "GET /v1/tickets/:number/evidence": readers,
		"PUT /v1/tickets/:number/assignee": workers, "PUT /v1/tickets/:number/status": workers, "PUT /v1/tickets/:number/intent": workers,
		"PUT /v1/tickets/:number/account": workers, "PUT /v1/tickets/:number/subscription": workers,
		"GET /v1/tickets/:number/quote": readers, "POST /v1/tickets/:number/quote/accept": workers,
		"POST /v1/tickets/:number/resolve": workers, "POST /v1/tickets/:number/steps/:step": workers,
		"POST /v1/tickets/:number/steps/:step/skip": workers, "POST /v1/tickets/:number/withdraw": workers,
		"GET /v1/refunds": readers, "POST /v1/refunds/:id/approve": workers, "POST /v1/refunds/:id/reject": workers,
		"GET /v1/accounts": readers, "GET /v1/accounts/:account_no": readers, "PUT /v1/accounts/:account_no": "nobody",
		"POST /v1/charges": "nobody", "POST /v1/charges/watermark": "nobody",
	}
}

func TestEveryRouteIsInTheTableAndTheTableIsServed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var table, expected []string
	for _, r := range h.web.Table() {
		table = append(table, r.Route)
		if !r.Public && r.May == "" && r.Scope == "" {
			t.Errorf("%s may be called by nobody", r.Route)
		}
	}
	for route := range allowed() {
		expected = append(expected, route)
	}
	served := h.web.Echo()
	slices.Sort(table)
	slices.Sort(served)
	slices.Sort(expected)
	if diff := cmp.Diff(table, served); diff != "" {
		t.Errorf("table and served routes differ (-table +served):\n%s", diff)
	}
	if diff := cmp.Diff(expected, table); diff != "" {
		t.Errorf("the test and the table differ (-test +table):\n%s", diff)
	}
}

// TestWhoMayCallWhat asks for every route of the table as everybody.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"anonymous", "auditor", "agent", "supervisor", "admin"} {
		t.Run(login, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			h.refundCase(t, 16491, "desk")
			b := h.browser(t)
			if login != "anonymous" {
				b = h.as(t, login)
			}
			path := strings.NewReplacer(":number", "CD-000001", ":message", "1", ":index", "0", ":outgoing", "1", ":refund", "R-1",
				":id", "1", ":file", "app.css", ":step", "cancel", ":account_no", "A-1001",
				":call_id", "c-1", ":call", "c-1")
			for _, r := range h.web.Table() {
				method, pattern, _ := strings.Cut(r.Route, " ")
				client := b
				if r.Route == "POST /logout" {
					client = h.browser(t)
				}
				var got answer
				switch method {
				case http.MethodPost:
					got = h.post(t, client, path.Replace(pattern), url.Values{})
				case http.MethodGet:
					got = h.get(t, client, path.Replace(pattern))
				default:
					r, err := http.NewRequestWithContext(t.Context(), method, h.url+path.Replace(pattern), http.NoBody)
					if err != nil {
						t.Fatal(err)
					}
					got = h.do(t, client, r)
				}
				may := allowed()[r.Route]
				json := strings.HasPrefix(pattern, "/v1/")
				switch {
				case may == everybody || slices.Contains(strings.Fields(may), login):
					if got.status == http.StatusForbidden || (got.status == http.StatusUnauthorized && pattern != "/login") ||
						got.status >= 500 || (strings.HasPrefix(got.to, "/login") && r.Route != "POST /logout") {
						t.Errorf("%s is refused: %d to %q", r.Route, got.status, got.to)
					}
				case login == "anonymous" && !json:
					if got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, "/login") {
						t.Errorf("%s does not lead to the login: %d to %q", r.Route, got.status, got.to)
					}
				case login == "anonymous":
					if got.status != http.StatusUnauthorized {
						t.Errorf("%s: %d, want 401", r.Route, got.status)
					}
				case got.status != http.StatusForbidden:
					t.Errorf("%s: %d to %q, want 403", r.Route, got.status, got.to)
				}
			}
		})
	}
}

// key stores an API key with these scopes and returns it.
func (h *house) key(t testing.TB, scopes ...string) string {
	t.Helper()
	key, hash, err := agents.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.db.InsertKey(t.Context(), &agents.Key{Name: "test", Scopes: scopes, Hash: hash, At: h.clock.now()}); err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyOpensOnlyItsScopes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.mail(t, nil)
	reader, sealed := h.key(t, "tickets:read"), h.key(t, "evidence:read")
	at := "/v1/tickets/" + tickets.Number(id)
	for _, c := range []struct {
		name, key, path string
		want            int
	}{
		{"lists", reader, "/v1/tickets", 200},
		{"one", reader, at, 200},
		{"no evidence with tickets:read", reader, at + "/evidence", 403},
		{"evidence", sealed, at + "/evidence", 200},
		{"no tickets with evidence:read", sealed, "/v1/tickets", 403},
		{"unknown key", "cdk_nonsense", "/v1/tickets", 401},
		{"foreign ticket", reader, "/v1/tickets/CD-000999", 404},
		{"no number", reader, "/v1/tickets/abc", 404},
		{"pages are for people", reader, "/tickets", 303},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := h.get(t, h.browser(t), c.path, "Authorization", "Bearer "+c.key); got.status != c.want {
				t.Errorf("status %d, want %d\n%s", got.status, c.want, got.body)
			}
		})
	}
}

func TestOtherSitesCantPost(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	b := h.as(t, "agent")
	path := "/tickets/" + tickets.Number(id) + "/take"
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-site"}} {
		if got := h.post(t, b, path, nil, header...); got.status != http.StatusForbidden {
			t.Errorf("%v: %d, want 403", header, got.status)
		}
	}
	got, err := h.db.Ticket(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got.Assignee != "" {
		t.Errorf("the ticket was taken by %q", got.Assignee)
	}
	if got := h.post(t, b, path, nil, "Sec-Fetch-Site", "same-origin"); got.status != http.StatusSeeOther {
		t.Errorf("own page: %d, want 303", got.status)
	}
}
