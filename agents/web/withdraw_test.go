package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

// TestAnAgentTakesARequestBack for the customer; once something was carried out, the page says what he can do.
func TestAnAgentTakesARequestBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id, _ := h.customerCase(t, "li@example.com", func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.Status, tk.Reason, tk.Objection = tickets.Open, tickets.ReasonWithdrawal, tickets.ReasonWithdrawal
	})
	agent, at := h.as(t, "agent"), "/tickets/"+tickets.Number(id)
	page := h.get(t, agent, at).body
	for _, want := range []string{`action="` + at + `/withdraw"`, "客户撤回请求", `name="confirm" value="despite_withdrawal"`, "客户仍要关闭"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	effect := tickets.Effect{Key: "stop", TicketID: id, Kind: tickets.StopDebits, Target: "S-1", State: tickets.EffectUnknown, At: h.clock.now()}
	save := func(state tickets.EffectState) {
		t.Helper()
		effect.State = state
		if state == tickets.EffectDone || state == tickets.EffectRefused {
			now := h.clock.now()
			effect.SettledAt = &now
		}
		if err := h.db.InTx(t.Context(), func(tx tickets.Tx) error { return tx.SaveEffect(t.Context(), effect) }); err != nil {
			t.Fatal(err)
		}
	}
	himself := func() {
		t.Helper()
		err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
			return tx.InsertMessage(t.Context(), &tickets.Message{
				TicketID: id, Direction: tickets.Inbound, Channel: tickets.Email, Kind: "message", At: h.clock.now(), Sender: "li@example.com", Assurance: 1,
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		state  tickets.EffectState
		before func()
		says   string
	}{
		{tickets.EffectUnknown, func() {}, "结果尚未确定"},
		{tickets.EffectDone, func() {}, "重新开通"},
		{tickets.EffectRefused, func() {}, "还不能确定是客户本人撤回"}, // a stranger wrote
		{tickets.EffectRefused, himself, "请求已撤回"},
	} {
		save(c.state)
		c.before()
		if got := h.post(t, agent, at+"/withdraw", url.Values{"reason": {"我还想继续用"}}); got.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", c.state, got.status, got.body)
		}
		if body := h.get(t, agent, at).body; !strings.Contains(body, c.says) {
			t.Errorf("%s: the page does not say %s", c.state, c.says)
		}
	}
	tk, err := h.db.Ticket(t.Context(), id)
	if err != nil || tk.Status != tickets.Solved || tk.Reason != tickets.ReasonWithdrawn {
		t.Errorf("%s/%s %v", tk.Status, tk.Reason, err)
	}
}
