package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestUnknownParametersAreRefused: a cursor under another name would give the first page for ever, and a filter
// under another name everything.
func TestUnknownParametersAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key := h.key(t, "tickets:read", "accounts:read", "billing:read", "refunds:read")
	for path, names := range map[string][]string{
		"/v1/tickets?cursor=x":                       {"query.cursor", "next_cursor", "after", "due_before"},
		"/v1/tickets?status=open&next_cursor=x":      {"query.next_cursor", "after"},
		"/v1/tickets?Intent=stop_auto_renew":         {"query.Intent", "intent"},
		"/v1/refunds?cursor=x":                       {"query.cursor", "approver"},
		"/v1/accounts?account=u1&mail=a@example.com": {"query.mail", "email", "channel_txn_id"},
	} {
		got := h.call(t, http.MethodGet, path, key, "")
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
		for _, name := range names {
			if !strings.Contains(got.body, name) {
				t.Errorf("%s does not name %s: %s", path, name, got.body)
			}
		}
	}
	if got := h.call(t, http.MethodGet, "/v1/tickets?limit=1&q=x&after=", key, ""); got.status != http.StatusOK {
		t.Errorf("what is known: %d %s", got.status, got.body)
	}
}

// TestUnknownFiltersOfTheQueueAreRefused: nobody takes for a filtered list what is none.
func TestUnknownFiltersOfTheQueueAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	b := h.as(t, "agent")
	for query, want := range map[string]int{
		"intent=stop_auto_renew": 200, "flag=legal": 200, "status=open": 200, "intent=": 200,
		"intent=nonsense": 404, "flag=nonsense": 404, "status=nonsense": 404, "view=nonsense": 404,
	} {
		if got := h.get(t, b, "/tickets?"+query); got.status != want {
			t.Errorf("%s: %d, want %d", query, got.status, want)
		}
	}
}
