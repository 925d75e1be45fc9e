package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestACodeIsSentAndEnteredOverTheAPI(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, _ := h.customerCase(t, "li@example.com", nil)
	key := h.key(t, "tickets:write")
	auth, asJSON := []string{"Authorization", "Bearer " + key, "Content-Type", "application/json"}, []string{"Content-Type", "application/json"}
	got := h.json(t, http.MethodPost, "/v1/tickets/CD-000001/verification", `{"action":"stop","to":"phone"}`, auth...)
	var out struct {
		ID string    `json:"verification_id"`
		To string    `json:"masked_to"`
		By time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != http.StatusOK || out.To != "138****1234" || !out.By.Equal(h.clock.now().Add(5*time.Minute)) {
		t.Fatalf("%d %s %v", got.status, got.body, err)
	}
	c, digits := h.code(t, id)
	if c.PublicID != out.ID || strings.Contains(got.body, digits) {
		t.Errorf("the answer %s for %+v", got.body, c)
	}
	refused := h.json(t, http.MethodPost, "/v1/verifications/nobody", `{"code":"123456"}`, asJSON...)
	for name, body := range map[string]string{"wrong": `{"code":"x"}`, "empty": `{"code":""}`} {
		if got := h.json(t, http.MethodPost, "/v1/verifications/"+out.ID, body, asJSON...); got.status != http.StatusUnprocessableEntity || got.body != refused.body {
			t.Errorf("%s: %d %s, for an unknown one %s", name, got.status, got.body, refused.body)
		}
	}
	if got := h.json(t, http.MethodPost, "/v1/verifications/"+out.ID, `{"code":"`+digits+`"}`, asJSON...); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := h.json(t, http.MethodPost, "/v1/verifications/"+out.ID, `{"code":"`+digits+`"}`, asJSON...); got.body != refused.body {
		t.Errorf("used twice: %s", got.body)
	}
	h.method(t, id, tickets.MethodCodeSMS)
	for body, status := range map[string]int{
		`{"action":"stop","to":"13900000000"}`:                                        http.StatusUnprocessableEntity,
		`{"action":"refund","to":"phone"}`:                                            http.StatusUnprocessableEntity,
		`{"action":"refund","to":"phone","quote_hash":"old"}`:                         http.StatusPreconditionFailed,
		`{"action":"assets","to":"phone","quote_hash":"h","target_account_no":"A-1"}`: http.StatusUnprocessableEntity,
		`{"action":"stop","to":"phone"}`:                                              http.StatusTooManyRequests,
	} {
		if got := h.json(t, http.MethodPost, "/v1/tickets/CD-000001/verification", body, auth...); got.status != status {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
}

// method fails the test unless the case has one verification, of that method.
func (h *house) method(t *testing.T, id int64, want tickets.Method) {
	t.Helper()
	all, err := h.db.Verifications(t.Context(), id)
	if err != nil || len(all) != 1 || all[0].Method != want {
		t.Errorf("verifications %+v, %v", all, err)
	}
}

func TestACodeThatAnAgentOrAKeySendsWasReadOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"key", "session", "ticket page"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			id, _ := h.customerCase(t, "li@example.com", nil)
			if _, err := h.desk.RequestCode(t.Context(), id, "agent:agent", tickets.CodeRequest{Action: tickets.ActShow, To: tickets.ToPhone}); err != nil {
				t.Fatal(err)
			}
			c, digits := h.code(t, id)
			switch name {
			case "key":
				h.json(t, http.MethodPost, "/v1/verifications/"+c.PublicID, `{"code":"`+digits+`"}`, "Authorization", "Bearer "+h.key(t, "tickets:read"), "Content-Type", "application/json")
			case "session":
				h.post(t, h.as(t, "agent"), "/v/"+c.PublicID, url.Values{"code": {digits}})
			case "ticket page":
				h.post(t, h.as(t, "agent"), "/tickets/CD-000001/code/read", url.Values{"code": {digits}})
			}
			h.method(t, id, tickets.MethodReadOut)
		})
	}
}

func TestThePageOfACodeIsTheSameForEveryID(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, _ := h.customerCase(t, "li@example.com", nil)
	if _, err := h.desk.RequestCode(t.Context(), id, "agent:agent", tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone}); err != nil {
		t.Fatal(err)
	}
	c, digits := h.code(t, id)
	b := h.browser(t)
	same := func(a, b answer, id string) {
		t.Helper()
		if a.status != b.status || strings.ReplaceAll(a.body, id, "") != strings.ReplaceAll(b.body, "nobody", "") {
			t.Errorf("%d\n%s\nand %d\n%s", a.status, a.body, b.status, b.body)
		}
	}
	same(h.get(t, b, "/v/"+c.PublicID), h.get(t, b, "/v/nobody"), c.PublicID)
	same(h.post(t, b, "/v/"+c.PublicID, url.Values{"code": {"x"}}), h.post(t, b, "/v/nobody", url.Values{"code": {digits}}), c.PublicID)
	if got := h.post(t, b, "/v/"+c.PublicID, url.Values{"code": {digits}}); got.status != http.StatusOK || !strings.Contains(got.body, "验证成功") {
		t.Errorf("%d\n%s", got.status, got.body)
	}
	h.method(t, id, tickets.MethodCodeSMS)
}

func TestAgentsSendCodesAndCheckFactsOnTheTicketsPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id, _ := h.customerCase(t, "li@example.com", nil)
	b := h.as(t, "agent")
	if body := h.get(t, b, "/tickets/CD-000001").body; !strings.Contains(body, "138****1234") || !strings.Contains(body, "l***@example.com") {
		t.Error("the page does not say where a code can go")
	}
	h.post(t, b, "/tickets/CD-000001/code", url.Values{"action": {"stop"}, "to": {"email"}})
	if body := h.get(t, b, "/tickets/CD-000001").body; !strings.Contains(body, "验证码正在发送") {
		t.Errorf("after sending:\n%s", body)
	}
	fact := url.Values{"charged_at": {"2026-01-04"}, "amount": {"198.00"}, "card_tail": {"p-1"}}
	h.post(t, b, "/tickets/CD-000001/facts", fact)
	if body := h.get(t, b, "/tickets/CD-000001").body; !strings.Contains(body, "不相符") {
		t.Error("a wrong fact matches")
	}
	if err := h.db.Conn().WithContext(t.Context()).Exec("UPDATE charges SET payer = '6222020000001234', channel_txn_id = '4200001'").Error; err != nil {
		t.Fatal(err)
	}
	fact.Set("card_tail", "1234")
	h.post(t, b, "/tickets/CD-000001/facts", fact)
	if body := h.get(t, b, "/tickets/CD-000001").body; !strings.Contains(body, "付款信息相符") {
		t.Errorf("a right fact does not match:\n%s", body)
	}
	h.method(t, id, tickets.MethodPaymentFact)
}

func TestOneAddressHasFewTriesAtCodes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(t)
	status := 0
	for range 51 {
		status = h.post(t, b, "/v/nobody", url.Values{"code": {"123456"}}).status
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("the 51st: %d", status)
	}
}
