package web_test

import (
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

// TestReasonsReadByChannel: nobody was asked who called, and he does not write from his registered address.
func TestReasonsReadByChannel(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	b := h.as(t, "agent")
	for _, c := range []struct {
		channel      tickets.Channel
		reason, says string
	}{
		{tickets.Email, "several_accounts", "符合条件的账号不止一个，已询问客户，也可由人工选择"},
		{tickets.Phone, "several_accounts", "符合条件的账号不止一个，尚未询问客户，请人工核对后选择"},
		{tickets.Email, "not_verified", "未能确认来信人身份，等待其从登记邮箱来信"},
		{tickets.Chat, "not_verified", "未能确认会话中是谁；等其在已登录的应用中再次提出，或由登记联系人确认"},
		{tickets.Phone, "not_verified", "未能确认提出请求的人是谁；请核对付款信息或验证码，或等登记联系人确认"},
		{tickets.Other, "no_subscription", "该账号没有订阅"},
	} {
		id := h.mail(t, func(t *tickets.Ticket, _ *tickets.Message) { t.Channel, t.Reason = c.channel, c.reason })
		if page := h.get(t, b, "/tickets/"+tickets.Number(id)).body; !strings.Contains(page, c.says) {
			t.Errorf("%s, %s: the page does not say %s", c.channel, c.reason, c.says)
		}
		if list := h.get(t, b, "/tickets").body; !strings.Contains(list, c.says) {
			t.Errorf("%s, %s: the list does not say %s", c.channel, c.reason, c.says)
		}
	}
}
