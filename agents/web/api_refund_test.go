package web_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestFiftyApprovalsReleaseOnce: fifty requests of one supervisor at once; one releases, and every
// other is told that it was decided.
func TestFiftyApprovalsReleaseOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id, hash := h.refundCase(t, 16491, "desk")
	sue := h.person(t, "supervisor")
	body := `{"note":"reviewed","quote_hash":"` + hash + `","password":"` + password + `"}`
	var mu sync.Mutex
	told := map[int]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got := h.json(t, "POST", "/v1/refunds/R-1/approve", body, "Authorization", "Bearer "+sue.token)
			mu.Lock()
			defer mu.Unlock()
			told[got.status]++
		})
	}
	all.Wait()
	if diff := cmp.Diff(map[int]int{200: 1, 409: 49}, told); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	events, err := h.db.Events(t.Context(), tickets.Number(id))
	if err != nil {
		t.Fatal(err)
	}
	released := 0
	for _, e := range events {
		if e.Type == tickets.EventRefund {
			released++
		}
	}
	if released != 1 {
		t.Errorf("%d events of the release", released)
	}
	refunds, err := h.db.Refunds(t.Context(), id)
	if err != nil || refunds[0].State != account.RefundApproved || refunds[0].Approver != "agent:supervisor" {
		t.Errorf("refund %+v, %v", refunds, err)
	}
}

// TestApprovalOfAChangedSumIsAConflict: the platform paid back part of the charge since.
func TestApprovalOfAChangedSumIsAConflict(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id, hash := h.refundCase(t, 16491, "desk")
	if err := h.db.Conn().WithContext(t.Context()).Exec("UPDATE charges SET refunded_fen = 10000 WHERE id = 'C-1'").Error; err != nil {
		t.Fatal(err)
	}
	body := `{"quote_hash":"` + hash + `","password":"` + password + `"}`
	got := h.person(t, "supervisor").ask(t, "POST", "/v1/refunds/R-1/approve", body, 409)
	if !strings.Contains(str(got["detail"]), "The sum has changed") {
		t.Errorf("told %v", got)
	}
	refunds, err := h.db.Refunds(t.Context(), id)
	if err != nil || refunds[0].State == account.RefundApproved {
		t.Errorf("refund %+v, %v", refunds, err)
	}
}

func TestRefundIsDecidedByAPersonWithThePassword(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	_, hash := h.refundCase(t, 100, "agent:wang")
	body := func(note, hash, pass string) string {
		return `{"note":"` + note + `","quote_hash":"` + hash + `","password":"` + pass + `"}`
	}
	const approve, reject = "/v1/refunds/R-1/approve", "/v1/refunds/R-1/reject"
	h.program(t, agents.Scopes()...).ask(t, "POST", approve, body("", hash, password), 403)
	h.person(t, "auditor").ask(t, "POST", approve, body("", hash, password), 403)
	agent, sue := h.person(t, "agent"), h.person(t, "supervisor")
	agent.ask(t, "POST", approve, body("", hash, password), 403) // a person proposed it
	sue.ask(t, "POST", approve, body("", hash, "wrong one here"), 403)
	sue.ask(t, "POST", approve, body("", "0f", password), 412)
	sue.ask(t, "POST", "/v1/refunds/R-9/approve", body("", hash, password), 404)
	sue.ask(t, "POST", reject, `{"quote_hash":"`+hash+`"}`, 422)
	got := sue.ask(t, "POST", reject, body("已经用完", hash, password), 200)
	if got["state"] != "rejected" || got["approver"] != "agent:supervisor" || got["ticket"] != "CD-000001" {
		t.Errorf("answer %v", got)
	}
	if got := sue.ask(t, "POST", approve, body("", hash, password), 409); !strings.Contains(str(got["detail"]), "rejected") {
		t.Errorf("told %v", got)
	}
	reader := h.program(t, "refunds:read")
	for query, want := range map[string]int{"": 1, "?state=rejected": 1, "?state=proposed": 0, "?approver=supervisor": 1, "?approver=agent:supervisor": 1, "?approver=desk": 0} {
		got := reader.ask(t, "GET", "/v1/refunds"+query, "", 200)
		if items, ok := got["items"].([]any); !ok || len(items) != want {
			t.Errorf("%s: %v", query, got)
		}
	}
	reader.ask(t, "GET", "/v1/refunds?state=lost", "", 422)
	if got := h.get(t, h.as(t, "agent"), "/v1/refunds"); got.status != http.StatusOK {
		t.Errorf("by session: %d", got.status)
	}
}
