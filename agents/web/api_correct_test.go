package web_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// caller asks JSON routes with one key or token.
type caller struct {
	h     *house
	token string
}

func (h *house) program(t *testing.T, scopes ...string) caller {
	t.Helper()
	return caller{h, h.key(t, scopes...)}
}

// person is somebody with a bearer token.
func (h *house) person(t *testing.T, login string) caller {
	t.Helper()
	got := object(t, h.json(t, "POST", "/v1/login", `{"login":"`+login+`","password":"`+password+`"}`).body)
	token, ok := got["token"].(string)
	if !ok {
		t.Fatalf("no token: %v", got)
	}
	return caller{h, token}
}

// ask is one request and its answer, which has to have the status.
func (c caller) ask(t *testing.T, method, path, body string, want int, header ...string) map[string]any {
	t.Helper()
	got := c.h.json(t, method, path, body, append(header, "Authorization", "Bearer "+c.token)...)
	if got.status != want {
		t.Fatalf("%s %s: %d, want %d\n%s", method, path, got.status, want, got.body)
	}
	out := object(t, got.body)
	if want >= 400 && (got.header.Get("Content-Type") != "application/problem+json" || out["code"] == "") {
		t.Errorf("%s %s: not a problem: %v", method, path, out)
	}
	return out
}

func TestProgramCorrectsATicket(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.member(t)
	id := h.mail(t, nil)
	p, at := h.program(t, "tickets:write", "tickets:read"), "/v1/tickets/"+tickets.Number(id)

	if got := p.ask(t, "PUT", at+"/assignee", `{"login":"agent"}`, 200); got["assignee"] != "agent" {
		t.Errorf("assignee %v", got["assignee"])
	}
	if got := p.ask(t, "PUT", at+"/assignee", `{"login":null}`, 200); got["assignee"] != nil {
		t.Errorf("assignee %v", got["assignee"])
	}
	for _, login := range []string{"nobody", "auditor"} {
		p.ask(t, "PUT", at+"/assignee", `{"login":"`+login+`"}`, 422)
	}
	got := p.ask(t, "PUT", at+"/intent", `{"intent":"cancel_and_refund","intents":["stop_auto_renew"],
		"facts":{"amount_fen":19800,"period":"year","national_id":"11010519491231002X","order_no":null}}`, 200)
	if diff := cmp.Diff(map[string]any{"amount_fen": 19800.0, "period": "year", "national_id": "110105********002X"}, got["facts"]); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{"cancel_and_refund", "stop_auto_renew"}, got["intents"]); diff != "" {
		t.Errorf("intents (-want +got):\n%s", diff)
	}
	if got := p.ask(t, "PUT", at+"/intent", `{"facts":{"period":null}}`, 200); cmp.Diff(map[string]any{"amount_fen": 19800.0, "national_id": "110105********002X"}, got["facts"]) != "" {
		t.Errorf("facts after null: %v", got["facts"])
	}
	p.ask(t, "PUT", at+"/intent", `{"intents":["sell_me_more"]}`, 422)
	p.ask(t, "PUT", at+"/intent", `{}`, 422)
	p.ask(t, "PUT", at+"/subscription", `{"subscription_ids":["S-1"]}`, 409)
	p.ask(t, "PUT", at+"/account", `{"account_no":"A-9","reason":"by the order number"}`, 422)
	p.ask(t, "PUT", at+"/account", `{"account_no":"A-1001","reason":"by the order number"}`, 200)
	p.ask(t, "PUT", at+"/subscription", `{"subscription_ids":["S-9"]}`, 422)
	got = p.ask(t, "PUT", at+"/subscription", `{"subscription_ids":["S-1"]}`, 200)
	if got["account_no"] != "A-1001" || cmp.Diff([]any{"S-1"}, got["subscription_ids"]) != "" {
		t.Errorf("account %v, subscriptions %v", got["account_no"], got["subscription_ids"])
	}
	said, err := h.db.Messages(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if last := said[len(said)-1]; last.Direction != tickets.Note || last.Text != "by the order number" || last.Sender != "key:1" {
		t.Errorf("the reason is not kept as a note by the key: %+v", last)
	}
	events, err := h.db.Events(t.Context(), tickets.Number(id))
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, e := range events[1:] {
		if e.Actor != "key:1" {
			t.Errorf("event %s by %s", e.Type, e.Actor)
		}
		types = append(types, e.Type)
	}
	want := []string{"ticket.assigned", "ticket.assigned", "ticket.corrected", "ticket.corrected", "ticket.corrected", "note", "ticket.corrected"}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestStatusIsSetWithinTheTable(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.program(t, "tickets:write", "tickets:read")
	stop, question := "/v1/tickets/"+tickets.Number(h.mail(t, nil)), "/v1/tickets/"+tickets.Number(h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.Intent, tk.Intents = intent.StatusInquiry, []intent.Intent{intent.StatusInquiry}
	}))
	for _, c := range []struct {
		path, status string
		want         int
		says         string
	}{
		{stop, "on_hold", 200, "on_hold"},
		{stop, "open", 200, "open"},
		{stop, "open", 409, "already"},
		{stop, "solved", 409, "asks that charges stop"},
		{stop, "closed", 409, "asks that charges stop"},
		{stop, "new", 422, ""},
		{question, "pending", 200, "pending"},
		{question, "solved", 200, "solved"},
		{question, "on_hold", 409, "can't become"},
		{question, "closed", 200, "closed"},
		{question, "open", 409, "can't become"},
	} {
		got := p.ask(t, "PUT", c.path+"/status", `{"status":"`+c.status+`","reason":"the bank answers on Monday"}`, c.want)
		if text := strings.Join([]string{str(got["status"]), str(got["detail"])}, " "); !strings.Contains(text, c.says) {
			t.Errorf("%s to %s says %q", c.path, c.status, text)
		}
	}
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func TestChangeIsGuardedByTheETag(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	at := "/v1/tickets/" + tickets.Number(h.mail(t, nil))
	p := h.program(t, "tickets:write", "tickets:read")
	tag := h.get(t, h.browser(t), at, "Authorization", "Bearer "+p.token).header.Get("ETag")
	if tag != `"1"` {
		t.Fatalf("ETag %s", tag)
	}
	p.ask(t, "PUT", at+"/assignee", `{"login":"agent"}`, 200, "If-Match", tag)
	for _, old := range []string{tag, "W/" + tag, `"x"`, `"7", "8"`} {
		if got := p.ask(t, "PUT", at+"/assignee", `{"login":"supervisor"}`, 412, "If-Match", old); got["code"] != "stale" {
			t.Errorf("If-Match %s: %v", old, got)
		}
	}
	for _, fits := range []string{`"2"`, "*", `"9", W/"4"`} {
		p.ask(t, "PUT", at+"/assignee", `{"login":"supervisor"}`, 200, "If-Match", fits)
	}
}

func TestQuoteChangesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	id := h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.AccountNo, tk.SubscriptionIDs = "A-1001", []string{"S-1"}
	})
	p, at := h.program(t, "tickets:read"), "/v1/tickets/"+tickets.Number(id)
	end := p.ask(t, "GET", at+"/quote", "", 200)
	if end["mode"] != "period_end" || end["refund_fen"] != 0.0 || end["last_day_of_use"] != "2027-01-03" && end["last_day_of_use"] != "2026-03-06" {
		t.Errorf("quote %v", end)
	}
	now := p.ask(t, "GET", at+"/quote?mode=now&subscription_ids=S-1", "", 200)
	if now["mode"] != "now" || now["refund_fen"] != 16546.0 || now["hash"] == end["hash"] {
		t.Errorf("quote %v", now)
	}
	lines, _ := now["lines"].([]any)
	line, _ := lines[0].(map[string]any)
	if line["charge_id"] != "C-1" || line["refund_fen"] != 16546.0 || !strings.Contains(str(line["arithmetic"]), "16546") {
		t.Errorf("line %v", line)
	}
	p.ask(t, "GET", at+"/quote?mode=later", "", 422)
	p.ask(t, "GET", at+"/quote?subscription_ids=S-9", "", 422)
	quotes, err := h.db.Quotes(t.Context(), id)
	if err != nil || len(quotes) > 0 {
		t.Errorf("kept: %v, %v", quotes, err)
	}
	unknown := "/v1/tickets/" + tickets.Number(h.mail(t, nil))
	p.ask(t, "GET", unknown+"/quote", "", 409)
	either := "/v1/tickets/" + tickets.Number(h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) { tk.AccountNo = "A-1001" }))
	got := p.ask(t, "GET", either+"/quote", "", 409)
	offered, _ := got["choices"].(map[string]any)
	if list, _ := offered["subscriptions"].([]any); got["code"] != "needs_choice" || len(list) != 2 {
		t.Errorf("choice %v", got)
	}
}

func TestResolveAsksForWhatIsOpen(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	id := h.mail(t, func(tk *tickets.Ticket, m *tickets.Message) {
		tk.AccountNo, tk.Intent, tk.Intents = "A-1001", intent.CancelAndRefund, []intent.Intent{intent.CancelAndRefund}
		m.Asks, m.Channel, m.Scope = tk.Intents, tickets.Phone, "call/1"
	})
	p, at := h.program(t, "tickets:write", "tickets:read"), "/v1/tickets/"+tickets.Number(id)
	if got := p.ask(t, "POST", at+"/resolve", "", 409); got["code"] != "needs_choice" {
		t.Errorf("subscriptions: %v", got)
	}
	got := p.ask(t, "POST", at+"/resolve", `{"subscription_ids":["S-1"]}`, 409)
	offered, _ := got["choices"].(map[string]any)
	modes, _ := offered["modes"].([]any)
	if got["code"] != "needs_choice" || len(modes) != 2 {
		t.Fatalf("modes: %v", got)
	}
	now, _ := modes[1].(map[string]any)
	if now["mode"] != "now" || now["refund_fen"] != 16546.0 {
		t.Errorf("mode %v", now)
	}
	p.ask(t, "POST", at+"/resolve", `{"subscription_ids":["S-1"],"mode":"period_end","quote_hash":"`+str(now["quote_hash"])+`"}`, 412)
	run := p.ask(t, "POST", at+"/resolve", `{"subscription_ids":["S-1"],"mode":"now","quote_hash":"`+str(now["quote_hash"])+`"}`, 200)
	if steps, _ := run["steps"].([]any); run["state"] != "running" || len(steps) != 8 {
		t.Errorf("run %v", run)
	}
	// He would rather use what he paid for.
	p.ask(t, "POST", at+"/resolve", `{"mode":"period_end"}`, 200)
	tk, err := h.db.Ticket(t.Context(), id)
	if err != nil || tk.Intent != intent.StopAutoRenew || cmp.Diff([]string{"S-1"}, tk.SubscriptionIDs) != "" {
		t.Errorf("ticket %+v, %v", tk, err)
	}
	// And then takes the offer after all.
	yes := `{"quote_hash":"` + str(now["quote_hash"]) + `","by":"customer","words":"同意，请退款"}`
	p.ask(t, "POST", at+"/quote/accept", yes, 403) // nobody knows who said so
	err = h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		return tx.InsertVerification(t.Context(), &tickets.Verification{
			TicketID: id, Scope: "call/1", AccountNo: "A-1001", Level: 1, Method: tickets.MethodPaymentFact,
			At: h.clock.now(), ExpiresAt: h.clock.now().Add(tickets.VerificationLife),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	p.ask(t, "POST", at+"/quote/accept", yes, 200)
	said, err := h.db.Messages(t.Context(), id)
	if err != nil || cmp.Diff([]intent.Intent{intent.CancelAndRefund}, said[0].Asks) != "" {
		t.Errorf("asks %v, %v", said[0].Asks, err)
	}
	p.ask(t, "POST", at+"/quote/accept", `{"quote_hash":"0f","by":"customer","words":"好"}`, 412)
	p.ask(t, "POST", at+"/quote/accept", `{"quote_hash":"","by":"customer"}`, 422)
}

// TestFiftyResolvesAreOneRun: fifty programs resolve a case at once; one run goes on and one job is
// stored, and every one is answered.
func TestFiftyResolvesAreOneRun(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	id := h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.AccountNo, tk.SubscriptionIDs = "A-1001", []string{"S-1"}
	})
	p, at := h.program(t, "tickets:write"), "/v1/tickets/"+tickets.Number(id)
	var mu sync.Mutex
	runs := map[any]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got := p.ask(t, "POST", at+"/resolve", `{"mode":"period_end"}`, 200)
			mu.Lock()
			defer mu.Unlock()
			runs[got["id"]]++
		})
	}
	all.Wait()
	if len(runs) != 1 {
		t.Errorf("runs %v", runs)
	}
	var jobs int64
	if err := h.db.ReadConn().Table("jobs").Where("kind = ? AND state = ?", tickets.JobRun, "ready").Count(&jobs).Error; err != nil || jobs != 1 {
		t.Errorf("%d jobs wait, %v", jobs, err)
	}
}

func TestStepsByHand(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, _ := h.refundCase(t, 16491, "desk")
	p, at := h.program(t, "tickets:write"), "/v1/tickets/"+tickets.Number(id)
	p.ask(t, "POST", at+"/steps/identify", "", 409)
	p.ask(t, "POST", at+"/steps/cancel", "", 200)
	p.ask(t, "POST", at+"/steps/dance", "", 422)
	p.ask(t, "POST", at+"/steps/cancel/skip", `{"reason":"he says so"}`, 422)
	p.ask(t, "POST", at+"/steps/refund/skip", `{"reason":"paid in cash"}`, 409)
	p.ask(t, "POST", at+"/steps/refund/skip", `{}`, 422)
}

func TestRequestIsTakenBackBeforeAnythingWasDone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	late, _ := h.refundCase(t, 16491, "desk")
	early := h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.AccountNo, tk.SubscriptionIDs = "A-1001", []string{"S-2"}
	})
	p := h.program(t, "tickets:write", "tickets:read")
	if got := p.ask(t, "POST", "/v1/tickets/"+tickets.Number(early)+"/withdraw", `{"reason":"他改主意了"}`, 403); !strings.Contains(str(got["detail"]), "Verify the caller") {
		t.Errorf("detail %v", got["detail"])
	}
	h.rings(t, early, tickets.MethodPaymentFact)
	if got := p.ask(t, "POST", "/v1/tickets/"+tickets.Number(late)+"/withdraw", `{"reason":"他改主意了"}`, 409); !strings.Contains(str(got["detail"]), "signs up again") {
		t.Errorf("detail %v", got["detail"])
	}
	at := "/v1/tickets/" + tickets.Number(early)
	run := p.ask(t, "POST", at+"/withdraw", `{"reason":"他改主意了"}`, 200)
	steps, _ := run["steps"].([]any)
	for _, x := range steps {
		if step, _ := x.(map[string]any); step["state"] != "skipped" || step["reason"] != "withdrawn" || step["by"] != "key:1" {
			t.Errorf("step %v", step)
		}
	}
	if got := p.ask(t, "GET", at, "", 200); run["state"] != "ended" || got["status"] != "solved" || got["reason"] != "withdrawn" {
		t.Errorf("run %v, ticket %v %v", run["state"], got["status"], got["reason"])
	}
	p.ask(t, "POST", at+"/withdraw", `{"reason":"again"}`, 409)
}
