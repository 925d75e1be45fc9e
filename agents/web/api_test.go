package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func (h *house) json(t testing.TB, method, path, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.do(t, h.browser(t), r)
}

func object(t *testing.T, body string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return out
}

func TestPersonLogsInForAToken(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.mail(t, nil)
	got := h.json(t, "POST", "/v1/login", `{"login":"agent","password":"`+password+`"}`)
	if got.status != http.StatusOK {
		t.Fatalf("login: %d\n%s", got.status, got.body)
	}
	in := object(t, got.body)
	if diff := cmp.Diff(map[string]any{"login": "agent", "name": "王小明", "role": "agent"}, in["agent"]); diff != "" {
		t.Errorf("agent (-want +got):\n%s", diff)
	}
	token, ok := in["token"].(string)
	if !ok || len(in) != 2 {
		t.Fatalf("answer %v", in)
	}
	bearer := []string{"Authorization", "Bearer " + token}
	if got := h.json(t, "GET", "/v1/tickets", "", bearer...); got.status != http.StatusOK {
		t.Errorf("list: %d\n%s", got.status, got.body)
	}
	h.clock.advance(agents.SessionLife)
	if got := h.json(t, "GET", "/v1/tickets", "", bearer...); got.status != http.StatusUnauthorized {
		t.Errorf("after 12 hours: %d, want 401", got.status)
	}
}

// TestASecondFactorThatNobodyHas: the contract's totp is no unknown member, and a code is refused only to
// who knows the password.
func TestASecondFactorThatNobodyHas(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	for name, c := range map[string]struct {
		secret, totp string
		status       int
		says         string
	}{
		"empty":                         {password, `""`, http.StatusOK, `"token"`},
		"null":                          {password, `null`, http.StatusOK, `"token"`},
		"a code":                        {password, `"123456"`, http.StatusUnprocessableEntity, "This account has no second factor: leave totp out."},
		"a code and the wrong password": {"wrong wrong wrong", `"123456"`, http.StatusUnauthorized, "do not belong together"},
	} {
		got := h.json(t, "POST", "/v1/login", `{"login":"agent","password":"`+c.secret+`","totp":`+c.totp+`}`)
		if got.status != c.status || !strings.Contains(got.body, c.says) {
			t.Errorf("%s: %d\n%s", name, got.status, got.body)
		}
	}
}

func TestProblemsHaveStableCodes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	key := "Bearer " + h.key(t, "tickets:read")
	for name, c := range map[string]struct {
		method, path, body, auth string
		status                   int
		code                     string
	}{
		"wrong password": {"POST", "/v1/login", `{"login":"agent","password":"wrong"}`, "", 401, "unauthenticated"},
		"not JSON":       {"POST", "/v1/login", `{"login`, "", 400, "malformed"},
		"missing field":  {"POST", "/v1/login", `{"login":"agent"}`, "", 422, "invalid"},
		"no key":         {"GET", "/v1/tickets", "", "", 401, "unauthenticated"},
		"no such ticket": {"GET", "/v1/tickets/CD-000009", "", key, 404, "not_found"},
		"no such route":  {"GET", "/v1/nonsense", "", key, 404, "not_found"},
		"wrong scope":    {"GET", "/v1/tickets/CD-000009/evidence", "", key, 403, "forbidden"},
		"wrong limit":    {"GET", "/v1/tickets?limit=201", "", key, 422, "invalid"},
		"wrong cursor":   {"GET", "/v1/tickets?after=nonsense", "", key, 422, "invalid"},
		"wrong status":   {"GET", "/v1/tickets?status=nonsense", "", key, 422, "invalid"},
		"wrong intent":   {"GET", "/v1/tickets?intent=nonsense", "", key, 422, "invalid"},
		"wrong flag":     {"GET", "/v1/tickets?flag=nonsense", "", key, 422, "invalid"},
		"wrong method":   {"DELETE", "/v1/tickets", "", key, 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var header []string
			if c.auth != "" {
				header = []string{"Authorization", c.auth}
			}
			got := h.json(t, c.method, c.path, c.body, header...)
			body := object(t, got.body)
			want := []any{c.status, c.code, float64(c.status), "application/problem+json"}
			have := []any{got.status, body["code"], body["status"], got.header.Get("Content-Type")}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("status, code, status, type (-want +got):\n%s\n%s", diff, got.body)
			}
			if field, isFilter := strings.CutPrefix(c.path, "/v1/tickets?"); isFilter && field != "after=nonsense" {
				field, _, _ = strings.Cut(field, "=")
				wants(t, got.body, `"location":"query.`+field+`"`)
			}
			if _, ok := body["$schema"]; ok {
				t.Error("there is a $schema member")
			}
		})
	}
}

func TestTicketHasWhatTheContractNames(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, _ := h.refundCase(t, 100, "desk")
	got := h.json(t, "GET", "/v1/tickets/"+tickets.Number(id), "", "Authorization", "Bearer "+h.key(t, "tickets:read"))
	if got.status != http.StatusOK || got.header.Get("ETag") != `"1"` {
		t.Fatalf("%d with ETag %q\n%s", got.status, got.header.Get("ETag"), got.body)
	}
	in := object(t, got.body)
	for _, name := range strings.Fields("number status channel subject intent intents flags facts account_no candidates subscription_ids assurance assignee priority received_at first_response_due_at resolution_due_at next_charge_at hold messages runs links version") {
		if _, ok := in[name]; !ok {
			t.Errorf("the ticket lacks %s", name)
		}
	}
	want := map[string]any{
		"number": "CD-000001", "status": "on_hold", "received_at": "2026-03-05T09:30:00+08:00", "assignee": nil,
		"flags": []any{"regulator"}, "facts": map[string]any{"account": "A-1001", "amount_fen": 19800.0, "payment_method": "wechat", "reason": "too_expensive"},
		"candidates": []any{}, "priority": "normal", "links": []any{},
	}
	for name := range want {
		if diff := cmp.Diff(want[name], in[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	runs, _ := in["runs"].([]any)
	if len(runs) != 1 {
		t.Fatalf("runs %v", in["runs"])
	}
	run, _ := runs[0].(map[string]any)
	var names []string
	steps, _ := run["steps"].([]any)
	for _, s := range steps {
		step, _ := s.(map[string]any)
		name, _ := step["name"].(string)
		names = append(names, name)
	}
	if diff := cmp.Diff(strings.Fields("identify verify cancel quote refund assets evidence notify"), names); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestListPagesThroughEveryTicketOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i := range 7 {
		h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
			at := h.clock.now().Add(time.Duration(i) * time.Hour)
			tk.NextChargeAt = &at
		})
	}
	key := h.key(t, "tickets:read")
	var seen []string
	for after := ""; ; {
		got := object(t, h.json(t, "GET", "/v1/tickets?limit=3&after="+after, "", "Authorization", "Bearer "+key).body)
		items, _ := got["items"].([]any)
		for _, x := range items {
			item, _ := x.(map[string]any)
			number, _ := item["number"].(string)
			if _, ok := item["messages"]; ok {
				t.Error("a listed ticket carries its messages")
			}
			seen = append(seen, number)
		}
		if after, _ = got["next_cursor"].(string); after == "" || len(seen) > 10 {
			break
		}
	}
	want := []string{"CD-000001", "CD-000002", "CD-000003", "CD-000004", "CD-000005", "CD-000006", "CD-000007"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

// TestListTellsOfLinksAndHolds: a ticket in a list is the same as by itself, but for messages and runs.
func TestListTellsOfLinksAndHolds(t *testing.T) {
	t.Parallel()
	h := setup(t)
	one, two, three := h.mail(t, nil), h.mail(t, nil), h.mail(t, nil)
	at := h.clock.now()
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		hold := tickets.Hold{TicketID: two, SubscriptionID: "s1", State: tickets.HoldActive, At: at, Until: at.Add(time.Hour)}
		return errors.Join(
			tx.InsertLink(t.Context(), tickets.Link{FromID: two, ToID: one, Kind: "follows", At: at}), tx.InsertHold(t.Context(), &hold))
	})
	if err != nil {
		t.Fatal(err)
	}
	key := []string{"Authorization", "Bearer " + h.key(t, "tickets:read")}
	items, _ := object(t, h.json(t, "GET", "/v1/tickets", "", key...).body)["items"].([]any)
	listed := map[string]any{}
	for _, x := range items {
		item, _ := x.(map[string]any)
		listed[str(item["number"])] = x
	}
	for _, id := range []int64{one, two, three} {
		alone := object(t, h.json(t, "GET", "/v1/tickets/"+tickets.Number(id), "", key...).body)
		delete(alone, "messages")
		delete(alone, "runs")
		if diff := cmp.Diff(any(alone), listed[tickets.Number(id)]); diff != "" {
			t.Errorf("%s (-alone +listed):\n%s", tickets.Number(id), diff)
		}
	}
	second, _ := listed[tickets.Number(two)].(map[string]any)
	if hold, _ := second["hold"].(map[string]any); hold["subscription_id"] != "s1" ||
		cmp.Diff([]any{map[string]any{"number": tickets.Number(one), "kind": "follows"}}, second["links"]) != "" {
		t.Errorf("hold %v, links %v", second["hold"], second["links"])
	}
}

func TestListIsNarrowed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	at := h.clock.now()
	h.mail(t, nil)
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.Status, tk.Reason, tk.ClosedAt, tk.Intent = tickets.Closed, "not_cancellation", &at, "not_cancellation"
		tk.Intents = nil
	})
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.Status, tk.Reason, tk.SolvedAt, tk.Channel, tk.Assignee = tickets.Solved, "cancelled", &at, tickets.Phone, "wang"
	})
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.AccountNo, tk.FirstResponseDueAt, tk.Flags = "A-7", at.Add(-time.Hour), []intent.Flag{intent.Legal}
	})
	key := h.key(t, "tickets:read")
	for query, want := range map[string][]string{
		"":                        {"CD-000001", "CD-000003", "CD-000004"},
		"status=closed":           {"CD-000002"},
		"intent=not_cancellation": {"CD-000002"},
		"status=solved":           {"CD-000003"},
		"channel=phone":           {"CD-000003"},
		"assignee=wang":           {"CD-000003"},
		"account=A-7":             {"CD-000004"},
		"flag=legal":              {"CD-000004"},
		"q=CD-000001":             {"CD-000001"},
		"due_before=" + url.QueryEscape(at.Format(time.RFC3339)): {"CD-000004"},
		"account=nobody": {},
	} {
		got := object(t, h.json(t, "GET", "/v1/tickets?"+query, "", "Authorization", "Bearer "+key).body)
		items, ok := got["items"].([]any)
		if !ok {
			t.Errorf("%s: items are %v", query, got["items"])
		}
		numbers := []string{}
		for _, x := range items {
			item, _ := x.(map[string]any)
			number, _ := item["number"].(string)
			numbers = append(numbers, number)
		}
		slices.Sort(numbers)
		if diff := cmp.Diff(want, numbers); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

// TestDescriptionFitsTheRoutes holds openapi.json to what is served.
func TestDescriptionFitsTheRoutes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	got := h.get(t, h.browser(t), "/openapi.json")
	described := object(t, got.body)
	var listed, served []string
	paths, _ := described["paths"].(map[string]any)
	for path, methods := range paths {
		all, _ := methods.(map[string]any)
		for method := range all {
			listed = append(listed, strings.ToUpper(method)+" "+strings.ReplaceAll(strings.ReplaceAll(path, "{", ":"), "}", ""))
		}
	}
	for _, r := range h.web.Table() {
		if strings.Contains(r.Route, " /v1/") {
			served = append(served, r.Route)
		}
	}
	slices.Sort(listed)
	slices.Sort(served)
	if diff := cmp.Diff(served, listed); diff != "" {
		t.Errorf("operations (-served +described):\n%s", diff)
	}
	for _, part := range []string{`"code"`, `"bearer"`, `"application/zip"`, `"3.0.3"`, `"x-scope":"tickets:read"`} {
		if !strings.Contains(got.body, part) {
			t.Errorf("the description lacks %s", part)
		}
	}
	if strings.Contains(got.body, "$schema") {
		t.Error("the description names $schema")
	}
	// The ticket's own members and those it shares with lists are described alike.
	if !bytes.Contains([]byte(got.body), []byte(`"next_charge_at"`)) || !strings.Contains(got.body, `"messages"`) {
		t.Error("the ticket is not described whole")
	}
}

// TestDocsShowEveryOperation in both languages, with no script and nothing from outside.
func TestDocsShowEveryOperation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, lang := range []string{"zh-CN", "en"} {
		got := h.get(t, h.browser(t), "/docs", "Cookie", "canceldesk_language="+lang)
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d", lang, got.status)
		}
		for _, r := range h.web.Table() {
			method, path, _ := strings.Cut(r.Route, " ")
			if strings.HasPrefix(path, "/v1/") && h.web.Example(method, path) != "" && !strings.Contains(got.body, "<code>"+method+" /v1/") {
				t.Errorf("%s: %s is not shown", lang, r.Route)
			}
		}
		for _, part := range []string{"/v1/tickets/{number}/resolve", "needs_choice", "refunds:read", "shape-ApiTicket", "&#34;mode&#34;: &#34;period_end&#34;"} {
			if !strings.Contains(got.body, part) {
				t.Errorf("%s: the page lacks %s", lang, part)
			}
		}
		for _, outside := range []string{"<script", "src=\"http", "href=\"http", "no value"} {
			if strings.Contains(got.body, outside) {
				t.Errorf("%s: the page has %s", lang, outside)
			}
		}
	}
}

func TestProbesSayWhatIsWrongWithoutDetails(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if got := h.get(t, h.browser(t), "/healthz"); got.status != http.StatusOK {
		t.Errorf("healthz: %d", got.status)
	}
	if got := h.get(t, h.browser(t), "/readyz"); got.status != http.StatusOK {
		t.Errorf("readyz: %d\n%s", got.status, got.body)
	}
	broken := setup(t)
	broken.ready["mailbox service"] = errors.New("password of 10.0.0.1 refused")
	got := broken.get(t, broken.browser(t), "/readyz")
	want := map[string]any{"status": "unavailable", "parts": map[string]any{"database": "ready", "mailbox service": "unavailable"}}
	if diff := cmp.Diff(want, object(t, got.body)); diff != "" || got.status != http.StatusServiceUnavailable {
		t.Errorf("readyz %d (-want +got):\n%s", got.status, diff)
	}
	wants(t, broken.log.String(), "10.0.0.1")
}
