package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCasesByTheAPI: each case from its first request to its end, as the platform's programs and the people of
// the desk call the API and as the customer opens the links of his mails.
func TestCasesByTheAPI(t *testing.T) {
	t.Parallel()
	h := newCaseHouse(t, caseAccounts()...)
	for name, run := range map[string]func(*oneCase){
		"chat in a signed session":               chatByAPI,
		"phone with payment facts":               phoneByAPI,
		"mail of a stranger, who is the owner":   strangerYesByAPI,
		"mail of a stranger, whom nobody knows":  strangerNoByAPI,
		"lost phone":                             lostPhoneByAPI,
		"the spouse pays":                        spouseByAPI,
		"two accounts on one phone":              twoAccountsByAPI,
		"subscription on an iPhone":              appleByAPI,
		"¥268 take a second person":              largeByAPI,
		"¥268 that a supervisor asked for":       proposedByAPI,
		"change of mind before anything is done": beforeByAPI,
		"change of mind after":                   afterByAPI,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(h.on(t))
		})
	}
}

func chatByAPI(c *oneCase) {
	a := c.person("chat")
	number := c.chats(a, "请关闭自动续费")
	k := c.becomes(number, "solved/cancelled")
	if k.Assurance != 2 || k.Assignee != nil {
		c.t.Errorf("level %d, assignee %v", k.Assurance, k.Assignee)
	}
	c.stopped(a, true)
	var talk struct{ Messages []struct{ From, Text string } }
	c.api.get("/v1/chat/handoffs/talk-"+a.no, &talk)
	if !slices.ContainsFunc(talk.Messages, func(m struct{ From, Text string }) bool {
		return m.From == "desk" && strings.Contains(m.Text, "下次扣费已取消")
	}) {
		c.t.Errorf("the chat reads %+v", talk.Messages)
	}
	if n := count(c.t, c.db, "SELECT COUNT(*) FROM events WHERE stream = '"+k.Number+"' AND canonical LIKE '%\"agent:%'"); n != 0 {
		c.t.Errorf("%d events are of a person's doing", n)
	}
	c.proves(k.Number)
}

func phoneByAPI(c *oneCase) {
	a := c.person("phone")
	number := c.rings("call-"+a.no, paid(a.txn(0), a.txn(1)), "客户要求取消会员并退款，没用完的退给他。")
	c.reaches(number, "refund", "needs_customer/acceptance")
	c.stopped(a, true)
	c.accepts(number, 1500)
	r := c.proposed(number, 1500)
	c.approves("mei", r, http.StatusOK)
	c.becomes(number, "solved/cancelled")
	if got := c.returned(a); got != 1500 {
		c.t.Errorf("%d fen came back", got)
	}
	c.mailed(a.email, "¥15.00")
	c.proves(number)
}

func strangerYesByAPI(c *oneCase) {
	a := c.person("owner")
	number := c.writes(mailOptions{from: a.stranger("friend"), subject: "退订", text: "请关闭自动续费，订单号 " + a.order(1) + "。"})
	k := c.reaches(number, "verify", "needs_customer/not_verified")
	until(c.t, caseLimit, "the debit is kept back", func() bool { k = c.ticket(number); return k.Hold != nil })
	if d := c.debit(a); d.Allowed || d.Reason != "held" {
		c.t.Errorf("the next debit: %+v", d)
	}
	c.neutral(a.stranger("friend"), a)
	asked, _ := c.mailed(a.email, "是您本人要求关闭自动续费吗")
	page := c.page(asked)
	c.rests(number)
	before := c.fingerprintOf(number)
	v := c.visitor()
	if seen := v.reads(page); !strings.Contains(seen, "已暂缓扣费") || strings.Contains(seen, "自动续费已关闭") {
		c.t.Errorf("the page reads\n%s", seen)
	}
	v.reads(page + "/receipt")
	if diff := cmp.Diff(before, c.fingerprintOf(number)); diff != "" {
		c.t.Errorf("looking at the page changed something:\n%s", diff)
	}
	v.says(page, "say", map[string]string{"word": "stop"})
	c.becomes(number, "solved/cancelled")
	c.stopped(a, true)
	c.mailed(a.email, "下次扣费已取消")
	if n := len(c.mailsTo(a.stranger("friend"))); n != 1 {
		c.t.Errorf("the stranger has %d mails", n)
	}
	if seen := v.reads(page); !strings.Contains(seen, "自动续费已关闭") {
		c.t.Errorf("the page reads\n%s", seen)
	}
	c.proves(number)
}

func strangerNoByAPI(c *oneCase) {
	a := c.person("notme")
	stranger := a.stranger("eve")
	number := c.writes(mailOptions{from: stranger, subject: "退订", text: "请关闭自动续费，订单号 " + a.order(1) + "。"})
	asked, _ := c.mailed(a.email, "是您本人要求关闭自动续费吗")
	c.neutral(stranger, a)
	if d := c.debit(a); d.Allowed || d.Reason != "held" {
		c.t.Errorf("the next debit: %+v", d)
	}
	c.visitor().says(c.page(asked), "say", map[string]string{"word": "deny"})
	c.becomes(number, "closed/denied")
	c.stopped(a, false)
	if n := count(c.t, c.db, "SELECT COUNT(*) FROM holds WHERE subscription_id = '"+a.sub()+"' AND state = 'released'"); n != 1 {
		c.t.Errorf("%d holds were released", n)
	}
	c.proves(number)
}

// neutral checks that a stranger reads what somebody reads who names an account that nobody has.
func (c *oneCase) neutral(stranger string, a caseAccount) {
	c.t.Helper()
	nobody := a.stranger("nobody")
	c.writes(mailOptions{from: nobody, subject: "退订", text: "请关闭自动续费，订单号 " + a.order(9) + "。"})
	got, _ := c.mailed(stranger, "包括账户是否存在")
	want, _ := c.mailed(nobody, "包括账户是否存在")
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Errorf("a stranger can tell that the account exists:\n%s", diff)
	}
	if strings.Contains(got, "/c/") {
		c.t.Error("a stranger gets a link")
	}
}

func lostPhoneByAPI(c *oneCase) {
	a := c.person("lost")
	number := c.rings("call-"+a.no, paid(a.txn(0), a.txn(1)), "客户手机丢了，要求取消会员并退款。")
	k := c.reaches(number, "refund", "needs_customer/acceptance")
	c.stopped(a, true)
	if k.Assurance != 2 {
		c.t.Errorf("level %d", k.Assurance)
	}
	// Whoever has no contact left can be shown nothing: a code goes to the account's own contact only.
	if code, b := c.api.call(http.MethodPost, "/v1/tickets/"+number+"/verification", map[string]any{"action": "show", "to": "email"}); code < 400 {
		c.t.Errorf("a code for the contents: %d %s", code, b)
	}
	c.accepts(number, 1500)
	c.approves("mei", c.proposed(number, 1500), http.StatusOK)
	c.reaches(number, "refund", "succeeded")
	c.becomes(number, "open/tell_by_phone")
	if got := c.returned(a); got != 1500 {
		c.t.Errorf("%d fen came back", got)
	}
	c.asks(c.as("mei"), http.StatusOK, http.MethodPost, "/v1/tickets/"+number+"/steps/notify/skip", map[string]string{"reason": "在电话里告知了结果"}, nil)
	c.becomes(number, "solved/cancelled")
	if told := column(c.t, c.db, "SELECT recipient FROM outgoing WHERE 'CD-' || substr('000000' || ticket_id, -6) = '"+number+"'"); len(told) > 0 {
		c.t.Errorf("something was written to %v", told)
	}
	c.proves(number)
}

func spouseByAPI(c *oneCase) {
	a := c.person("wife")
	number := c.rings("call-"+a.no, paid(a.txn(1)), "来电人说是他付的钱，妻子的会员，要求取消会员并退款。")
	c.reaches(number, "refund", "needs_customer/acceptance")
	c.stopped(a, true)
	c.accepts(number, 1500)
	c.approves("mei", c.proposed(number, 1500), http.StatusOK)
	c.becomes(number, "solved/cancelled")
	if got := c.returned(a); got != 1500 { // by the transaction that he paid
		c.t.Errorf("%d fen came back", got)
	}
	told := column(c.t, c.db, "SELECT DISTINCT recipient FROM outgoing WHERE 'CD-' || substr('000000' || ticket_id, -6) = '"+number+"'")
	if diff := cmp.Diff([]string{a.email}, told); diff != "" { // contents go to the holder
		c.t.Errorf("written to (-want +got):\n%s", diff)
	}
	c.proves(number)
}

func twoAccountsByAPI(c *oneCase) {
	a, b := c.person("two1"), c.person("two2")
	number := c.rings("call-"+a.no, map[string]any{"phone": a.phone}, "客户要求关闭自动续费。")
	k := c.becomes(number, "open/several_accounts")
	if diff := cmp.Diff([]string{a.no, b.no}, k.Candidates); diff != "" || k.AccountNo != "" {
		c.t.Errorf("account %q of (-want +got)\n%s", k.AccountNo, diff)
	}
	var open struct {
		Code    string
		Choices struct{ Accounts []string }
	}
	c.asks(c.api, http.StatusConflict, http.MethodPost, "/v1/tickets/"+number+"/resolve", map[string]any{}, &open)
	if open.Code != "needs_choice" || !slices.Equal(open.Choices.Accounts, []string{a.no, b.no}) {
		c.t.Errorf("the choice is %+v", open)
	}
	c.stopped(a, false)
	c.stopped(b, false)
	c.rings("call-"+a.no, paid(b.txn(1)), "客户要求关闭自动续费。")
	if k = c.becomes(number, "solved/cancelled"); k.AccountNo != b.no {
		c.t.Errorf("the account is %s", k.AccountNo)
	}
	c.stopped(a, false)
	c.stopped(b, true)
	c.proves(number)
}

// notEnded are the words of a finished stop, which must not be said while only the customer can do the last part.
var notEnded = []string{"下次扣费已取消", "自动续费已关闭", "已解除的代扣协议", "退订成功"}

func appleByAPI(c *oneCase) {
	a := c.person("apple")
	number := c.writes(mailOptions{from: a.email, subject: "退订", text: "请关闭自动续费。"})
	c.becomes(number, "pending/customer_must_act")
	text, id := c.mailed(a.email, "需要您本人操作")
	for _, step := range []string{"打开“设置”", "点按最上方您的姓名", "“订阅”", "“取消订阅”", "https://apps.apple.com/account/subscriptions", "下次扣费前 24 小时"} {
		if !strings.Contains(text, step) {
			c.t.Errorf("the mail lacks %s", step)
		}
	}
	if strings.Contains(text, "play.google.com") || strings.Contains(text, "10086") {
		c.t.Error("the mail tells of other shops")
	}
	c.later()
	c.writes(mailOptions{from: a.email, subject: "Re: 退订", text: "已完成", inReplyTo: id})
	k := c.becomes(number, "solved/customer_must_act")
	if got := k.step("cancel"); got != "skipped/customer_must_act" {
		c.t.Errorf("cancel is %s", got)
	}
	seen := strings.Join(c.mailsTo(a.email), "\n") + c.visitor().reads(c.page(text))
	for _, wrong := range notEnded {
		if strings.Contains(seen, wrong) {
			c.t.Errorf("he is told %s", wrong)
		}
	}
	if d := c.debit(a); d.Allowed { // the biller's own half is done
		c.t.Errorf("the next debit: %+v", d)
	}
	c.proves(number)
}
