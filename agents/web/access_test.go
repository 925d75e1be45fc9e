package web_test

import (
	"crypto/rand"
	"net/http"
	"testing"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// key stores an API key with these scopes and returns it.
func (h *house) key(t testing.TB, scopes ...string) string {
	t.Helper()
	key, hash, err := agents.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.db.InsertKey(t.Context(), &agents.Key{Name: "test", Scopes: scopes, Hash: hash, At: h.clock.now()}); err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyOpensOnlyItsScopes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.mail(t, nil)
	reader, sealed := h.key(t, "tickets:read"), h.key(t, "evidence:read")
	at := "/v1/tickets/" + tickets.Number(id)
	for _, c := range []struct {
		name, key, path string
		want            int
	}{
		{"lists", reader, "/v1/tickets", 200},
		{"one", reader, at, 200},
		{"no evidence with tickets:read", reader, at + "/evidence", 403},
		{"evidence", sealed, at + "/evidence", 200},
		{"no tickets with evidence:read", sealed, "/v1/tickets", 403},
		{"unknown key", "cdk_nonsense", "/v1/tickets", 401},
		{"foreign ticket", reader, "/v1/tickets/CD-000999", 404},
		{"no number", reader, "/v1/tickets/abc", 404},
		{"pages are for people", reader, "/tickets", 303},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := h.get(t, h.browser(t), c.path, "Authorization", "Bearer "+c.key); got.status != c.want {
				t.Errorf("status %d, want %d\n%s", got.status, c.want, got.body)
			}
		})
	}
}

func TestOtherSitesCantPost(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	b := h.as(t, "agent")
	path := "/tickets/" + tickets.Number(id) + "/take"
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-site"}} {
		if got := h.post(t, b, path, nil, header...); got.status != http.StatusForbidden {
			t.Errorf("%v: %d, want 403", header, got.status)
		}
	}
	got, err := h.db.Ticket(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got.Assignee != "" {
		t.Errorf("the ticket was taken by %q", got.Assignee)
	}
	if got := h.post(t, b, path, nil, "Sec-Fetch-Site", "same-origin"); got.status != http.StatusSeeOther {
		t.Errorf("own page: %d, want 303", got.status)
	}
}
