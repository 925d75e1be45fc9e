package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
)

// largeByAPI: an agent can't release that sum, nobody can with a wrong password, and what was released for figures
// that have changed since sends nothing.
func largeByAPI(c *oneCase) {
	a := c.person("large")
	number := c.rings("call-"+a.no, paid(a.txn(0), a.txn(1)), "客户要求取消会员并退款。")
	c.reaches(number, "refund", "needs_customer/acceptance")
	c.accepts(number, 26800)
	r := c.proposed(number, 26800)
	if r.Proposer != "desk" {
		c.t.Errorf("proposed by %s", r.Proposer)
	}
	c.becomes(number, "on_hold/approval")
	c.approves("mei", r, http.StatusForbidden)
	if code, _ := c.api.call(http.MethodPost, "/v1/refunds/"+r.ID+"/approve", map[string]string{"quote_hash": r.QuoteHash, "password": casePassword}); code != http.StatusForbidden {
		c.t.Errorf("a key gets %d", code)
	}
	sue := c.as("sue")
	if code, b := sue.call(http.MethodPost, "/v1/refunds/"+r.ID+"/approve", map[string]string{"quote_hash": r.QuoteHash, "password": "a wrong passphrase"}); code < 400 {
		c.t.Errorf("a wrong password: %d %s", code, b)
	}
	c.asks(sue, http.StatusPreconditionFailed, http.MethodPost, "/v1/refunds/"+r.ID+"/approve", map[string]string{"quote_hash": "other", "password": casePassword}, nil)
	if got := c.refunds(number, "proposed"); len(got) != 1 {
		c.t.Fatalf("the refund is decided: %+v", got)
	}

	// The platform pays ¥300 back itself.
	c.asks(c.api, http.StatusOK, http.MethodPut, "/v1/accounts/"+a.no, map[string]any{
		"refunds": []any{map[string]any{"id": "E-" + a.no, "charge_id": "C1-" + a.no, "amount_fen": 30000, "at": time.Now()}},
	}, nil)
	if said := c.approves("sue", r, http.StatusConflict); !strings.Contains(said, "sum has changed") {
		c.t.Errorf("she is told %s", said)
	}
	until(c.t, caseLimit, "the proposal is void", func() bool { return len(c.refunds(number, "rejected")) == 1 })
	if got := c.returned(a); got != 0 {
		c.t.Errorf("%d fen came back by old figures", got)
	}
	c.reaches(number, "refund", "needs_customer/acceptance")
	c.accepts(number, 23600)
	c.approves("sue", c.proposed(number, 23600), http.StatusOK)
	c.becomes(number, "solved/cancelled")
	if got := c.returned(a); got != 23600 {
		c.t.Errorf("%d fen came back", got)
	}
	c.proves(number)
}

// proposedByAPI: who read the refund into the customer's words can't release it.
func proposedByAPI(c *oneCase) {
	a := c.person("sues")
	number := c.rings("call-"+a.no, paid(a.txn(0), a.txn(1)), "客户对会员有疑问，想处理一下。")
	c.reaches(number, "identify", "needs_customer/unclear")
	c.asks(c.as("sue"), http.StatusOK, http.MethodPut, "/v1/tickets/"+number+"/intent", map[string]string{"intent": "cancel_and_refund"}, nil)
	c.reaches(number, "refund", "needs_customer/acceptance")
	c.accepts(number, 26800)
	r := c.proposed(number, 26800)
	if r.Proposer != "agent:sue" {
		c.t.Errorf("proposed by %s", r.Proposer)
	}
	c.approves("mei", r, http.StatusForbidden)
	if said := c.approves("sue", r, http.StatusForbidden); !strings.Contains(said, "somebody else") {
		c.t.Errorf("she is told %s", said)
	}
	c.approves("tan", r, http.StatusOK)
	c.becomes(number, "solved/cancelled")
	if got := c.returned(a); got != 26800 {
		c.t.Errorf("%d fen came back", got)
	}
	c.proves(number)
}

// beforeByAPI: what is held is let go, and everything is as it was, by the word of the registered contact.
func beforeByAPI(c *oneCase) {
	a := c.person("before")
	number := c.rings("call-"+a.no, map[string]any{"account": a.no}, "客户要求关闭自动续费。")
	until(c.t, caseLimit, "the debit is kept back", func() bool { return c.ticket(number).Hold != nil })
	if d := c.debit(a); d.Allowed || d.Reason != "held" {
		c.t.Errorf("the next debit: %+v", d)
	}
	withdraw := func(status int) {
		c.asks(c.as("mei"), status, http.MethodPost, "/v1/tickets/"+number+"/withdraw", map[string]string{"reason": "客户改主意了"}, nil)
	}
	asked, _ := c.mailed(a.email, "是您本人要求关闭自动续费吗")
	withdraw(http.StatusForbidden) // nobody knows who rang
	c.visitor().says(c.page(asked), "say", map[string]string{"word": "pause"})
	c.becomes(number, "open/pause_asked")
	withdraw(http.StatusOK)
	c.mailed(a.email, "撤回")
	until(c.t, caseLimit, "the hold is let go", func() bool { return c.ticket(number).Hold == nil && c.debit(a).Allowed })
	k := c.becomes(number, "solved/withdrawn")
	if got := k.step("cancel"); got != "skipped/withdrawn" {
		c.t.Errorf("cancel is %s", got)
	}
	c.stopped(a, false)
	c.proves(number)
}

// afterByAPI: what was carried out is not taken back, and the way to sign up again is told.
func afterByAPI(c *oneCase) {
	a := c.person("after")
	number := c.writes(mailOptions{from: a.email, subject: "退订", text: "请关闭自动续费。"})
	c.becomes(number, "solved/cancelled")
	before := c.fingerprintOf(number)
	var refused struct{ Detail string }
	c.asks(c.as("mei"), http.StatusConflict, http.MethodPost, "/v1/tickets/"+number+"/withdraw", map[string]string{"reason": "客户改主意了"}, &refused)
	for _, words := range []string{a.sub(), "signs up again", "signs a new debit agreement"} {
		if !strings.Contains(refused.Detail, words) {
			c.t.Errorf("it lacks %q: %s", words, refused.Detail)
		}
	}
	if diff := cmp.Diff(before, c.fingerprintOf(number)); diff != "" {
		c.t.Errorf("the refusal changed something:\n%s", diff)
	}
	c.stopped(a, true)
	c.proves(number)
}

// TestOwnPartIsOverAfterAWeek: who was told what only he can do, and does not come back, is left in peace after
// seven days; what he had to do is told as that and never as done.
func TestOwnPartIsOverAfterAWeek(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	a := caseAccount{no: "APPLE", email: "apple@home.example", phone: "13700000001", channel: "external", merchant: "App Store"}
	d.importMembers([]byte(a.line(t) + "\n"))
	d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: a.email, subject: "退订", text: "请关闭自动续费。"}, time.Now()))
	d.must("poll", "--once")
	db := d.open()
	for _, c := range []struct {
		days int
		want string
	}{{0, "pending/customer_must_act"}, {6, "pending/customer_must_act"}, {8, "solved/customer_must_act"}} {
		d.worksIn(c.days)
		if diff := cmp.Diff([]string{c.want}, column(t, db, "SELECT status || '/' || reason FROM tickets")); diff != "" {
			t.Errorf("after %d days (-want +got):\n%s", c.days, diff)
		}
	}
	for _, m := range d.smtp.Messages() {
		for _, wrong := range notEnded {
			if strings.Contains(mailin.Parse(m.Raw, mailin.Options{}).Text, wrong) {
				t.Errorf("he is told %s", wrong)
			}
		}
	}
	d.verifyAll()
}

// worksIn runs the jobs that are due in so many days.
func (d *testDesk) worksIn(days int) {
	d.t.Helper()
	var out, errs bytes.Buffer
	ahead := func() time.Time { return wallClock().AddDate(0, 0, days) }
	if code := run(d.t.Context(), environment{args: []string{"work", "--drain", "--config", d.config}, in: strings.NewReader(""), out: &out, err: &errs, now: ahead}); code != 0 {
		d.t.Fatalf("work --drain in %d days ended with %d:\n%s", days, code, errs.String())
	}
}
