package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

// TestWhoWritesCasesLearnsNothingOfAccounts: a key that may only write cases is not told between which accounts or
// subscriptions to choose, nor whether there is an account of some number.
func TestWhoWritesCasesLearnsNothingOfAccounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scopes []string
		knows  bool
	}{
		"writes":                 {[]string{"tickets:write"}, false},
		"writes, takes charges":  {[]string{"tickets:write", "charges:write", "accounts:write"}, false},
		"writes, reads accounts": {[]string{"tickets:write", "accounts:read"}, true},
		"writes and reads":       {[]string{"tickets:write", "tickets:read"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.member(t)
			key := h.key(t, c.scopes...)
			between := func(change func(*tickets.Ticket)) answer {
				t.Helper()
				id := h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) { change(tk) })
				return h.call(t, http.MethodPost, "/v1/tickets/"+tickets.Number(id)+"/resolve", key, "")
			}
			accounts := between(func(tk *tickets.Ticket) { tk.Candidates = []string{"A-1001", "A-1002"} })
			if accounts.status != http.StatusConflict || !strings.Contains(accounts.body, "needs_choice") || strings.Contains(accounts.body, "A-1001") != c.knows {
				t.Errorf("accounts: %d %s", accounts.status, accounts.body)
			}
			id := h.mail(t, nil)
			want := map[string]int{"A-9": http.StatusForbidden, "A-1001": http.StatusForbidden}
			if c.knows {
				want = map[string]int{"A-9": http.StatusUnprocessableEntity, "A-1001": http.StatusOK}
			}
			for no, status := range want {
				got := h.call(t, http.MethodPut, "/v1/tickets/"+tickets.Number(id)+"/account", key, `{"account_no":"`+no+`"}`)
				if got.status != status || !c.knows && !strings.Contains(got.body, "accounts:read") {
					t.Errorf("%s: %d %s", no, got.status, got.body)
				}
			}
		})
	}
}
