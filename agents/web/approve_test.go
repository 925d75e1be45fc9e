package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestRefundTakesThePasswordAndTheRightPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login, proposer, do, password string
		amount                        int64
		hash                          string
		says                          string
		want                          account.RefundState
	}{
		"agent below the limit":        {login: "agent", proposer: "desk", do: "approve", amount: 16491, says: "退款已批准", want: account.RefundApproved},
		"wrong password":               {login: "agent", proposer: "desk", do: "approve", amount: 16491, password: "not this one", says: "密码不正确", want: account.RefundProposed},
		"other quote":                  {login: "agent", proposer: "desk", do: "approve", amount: 16491, hash: "ff", says: "试算已更新", want: account.RefundProposed},
		"agent, proposed by a person":  {login: "agent", proposer: "agent:wang", do: "approve", amount: 100, says: "须由主管审批", want: account.RefundProposed},
		"supervisor, by a person":      {login: "supervisor", proposer: "agent:wang", do: "approve", amount: 100, says: "退款已批准", want: account.RefundApproved},
		"supervisor, proposed himself": {login: "supervisor", proposer: "agent:supervisor", do: "approve", amount: 100, says: "须由他人审批", want: account.RefundProposed},
		"rejected":                     {login: "agent", proposer: "desk", do: "reject", amount: 100, says: "退款已拒绝", want: account.RefundRejected},
		"rejected, wrong password":     {login: "agent", proposer: "desk", do: "reject", amount: 100, password: "x", says: "密码不正确", want: account.RefundProposed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			id, hash := h.refundCase(t, c.amount, c.proposer)
			form := url.Values{"quote_hash": {hash}, "password": {password}, "reason": {"已经用完"}}
			if c.hash != "" {
				form.Set("quote_hash", c.hash)
			}
			if c.password != "" {
				form.Set("password", c.password)
			}
			b, at := h.as(t, c.login), "/tickets/"+tickets.Number(id)
			if got := h.post(t, b, at+"/refunds/R-1/"+c.do, form); got.status != http.StatusSeeOther || got.to != at {
				t.Fatalf("%d to %q\n%s", got.status, got.to, got.body)
			}
			page := h.get(t, b, at)
			if !strings.Contains(page.body, c.says) {
				t.Errorf("page does not say %q", c.says)
			}
			all, err := h.db.Refunds(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, all[0].State); diff != "" {
				t.Errorf("refund (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefundOfAnotherTicketIsNotFound(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	_, hash := h.refundCase(t, 100, "desk")
	other := h.mail(t, nil)
	got := h.post(t, h.as(t, "supervisor"), "/tickets/"+tickets.Number(other)+"/refunds/R-1/approve",
		url.Values{"quote_hash": {hash}, "password": {password}})
	if got.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", got.status)
	}
}

func TestCustomersYesIsRecorded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id, hash := h.refundCase(t, 100, "desk")
	b, at := h.as(t, "agent"), "/tickets/"+tickets.Number(id)
	h.post(t, b, at+"/accept", url.Values{"quote_hash": {hash}, "words": {"他说同意"}})
	wants(t, h.get(t, b, at).body, "确认的人尚未核实身份")
	h.rings(t, id, tickets.MethodPaymentFact)
	h.post(t, b, at+"/accept", url.Values{"quote_hash": {hash}, "words": {"同意，请退款"}})
	wants(t, h.get(t, b, at).body, "已记录客户的确认", "同意，请退款", "客户已确认（agent 记录")
	got, err := h.db.Acceptances(t.Context(), id)
	if err != nil || len(got) != 1 || got[0].QuoteHash != hash || got[0].By != "agent:agent" || got[0].Level != 1 {
		t.Errorf("acceptances %+v, %v", got, err)
	}
}
