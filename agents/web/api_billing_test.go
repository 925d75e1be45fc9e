package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/tickets"
)

// call sends JSON with a key.
func (h *house) call(t *testing.T, method, path, key, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return h.do(t, http.DefaultClient, r)
}

// subscriber stores an account with one subscription, s1.
func (h *house) subscriber(t *testing.T) {
	t.Helper()
	s, err := account.DecodeSync([]byte(`{"account_no":"u1","subscriptions":[{"id":"s1","period":"month","auto_renew":true,"next_charge_at":"2026-04-01T01:00:00+08:00"}],
		"agreements":[{"id":"a1","channel":"platform","state":"active","subscription_ids":["s1"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.db.PutAccount(t.Context(), s, func(s string) string { return s }, h.clock.now()); err != nil {
		t.Fatal(err)
	}
}

func TestBillerThatPulls(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.subscriber(t)
	reads, writes := h.key(t, "billing:read"), h.key(t, "billing:write")
	pull := platform.NewPull(h.db.Conn(), h.clock.now)
	until := h.clock.now().Add(time.Hour)
	for _, err := range []error{
		second(pull.Hold(t.Context(), "h", account.Hold{SubscriptionID: "s1", Until: until})),
		second(pull.Release(t.Context(), "r", "s1")),
		second(pull.Stop(t.Context(), "stop/CD-000001/s1/period_end", account.Stop{SubscriptionID: "s1", Mode: account.PeriodEnd})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}

	type page struct {
		Items []map[string]any `json:"items"`
		Next  string           `json:"next_cursor"`
	}
	list := func(query string) page {
		t.Helper()
		got := h.call(t, http.MethodGet, "/v1/stops"+query, reads, "")
		var p page
		if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		return p
	}
	first := list("?limit=2")
	want := page{Next: "2", Items: []map[string]any{
		{"id": 1.0, "kind": "hold", "subscription_id": "s1", "mode": "", "until": "2026-03-05T11:30:00+08:00", "at": "2026-03-05T10:30:00+08:00", "applied_at": nil},
		{"id": 2.0, "kind": "release", "subscription_id": "s1", "mode": "", "until": nil, "at": "2026-03-05T10:30:00+08:00", "applied_at": nil},
	}}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	rest := list("?after=" + first.Next)
	if len(rest.Items) != 1 || rest.Items[0]["kind"] != "stop" || rest.Items[0]["mode"] != "period_end" || rest.Next != "" {
		t.Errorf("the rest: %+v", rest)
	}
	if got := list("?after=3"); len(got.Items) != 0 || got.Items == nil {
		t.Errorf("after the last: %+v", got)
	}

	h.clock.advance(time.Minute)
	for _, c := range []struct {
		name, key, path, body string
		want                  int
	}{
		{"with a reading key", reads, "/v1/stops/3/applied", "", http.StatusForbidden},
		{"with no key", "cdk_x", "/v1/stops/3/applied", "", http.StatusUnauthorized},
		{"in the future", writes, "/v1/stops/3/applied", `{"at":"2027-01-01T00:00:00Z"}`, http.StatusUnprocessableEntity},
		{"with an unknown member", writes, "/v1/stops/3/applied", `{"when":"now"}`, http.StatusUnprocessableEntity},
		{"of none", writes, "/v1/stops/9/applied", "", http.StatusNotFound},
		{"of no number", writes, "/v1/stops/x/applied", "", http.StatusUnprocessableEntity},
		{"without a body", writes, "/v1/stops/3/applied", "", http.StatusOK},
		{"again", writes, "/v1/stops/3/applied", `{}`, http.StatusOK},
		{"with an instant", writes, "/v1/stops/1/applied", `{"at":"2026-03-05T10:30:30+08:00"}`, http.StatusOK},
	} {
		if got := h.call(t, http.MethodPost, c.path, c.key, c.body); got.status != c.want {
			t.Errorf("%s: %d, want %d\n%s", c.name, got.status, c.want, got.body)
		}
	}
	all := list("")
	if all.Items[0]["applied_at"] != "2026-03-05T10:30:30+08:00" || all.Items[1]["applied_at"] != nil || all.Items[2]["applied_at"] != "2026-03-05T10:31:00+08:00" {
		t.Errorf("what was applied: %+v", all)
	}
}

func second[T any](_ T, err error) error { return err }

func TestMayDebitOverHTTP(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.subscriber(t)
	key := h.key(t, "billing:read")
	ask := func(id string) string {
		t.Helper()
		got := h.call(t, http.MethodGet, "/v1/subscriptions/"+id+"/debit", key, "")
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		return strings.TrimSpace(got.body)
	}
	if got := ask("s1"); got != `{"allowed":true,"reason":"","until":null}` {
		t.Error(got)
	}
	if got := h.call(t, http.MethodGet, "/v1/subscriptions/nobody/debit", key, ""); got.status != http.StatusNotFound {
		t.Errorf("of nobody: %d", got.status)
	}
	id := h.mail(t, nil)
	until := h.clock.now().Add(time.Hour)
	hold := tickets.Hold{TicketID: id, SubscriptionID: "s1", State: tickets.HoldActive, At: h.clock.now(), Until: until}
	if err := h.db.InTx(t.Context(), func(tx tickets.Tx) error { return tx.InsertHold(t.Context(), &hold) }); err != nil {
		t.Fatal(err)
	}
	if got := ask("s1"); got != `{"allowed":false,"reason":"held","until":"2026-03-05T11:30:00+08:00"}` {
		t.Error(got)
	}
	if err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		return tx.SaveStop(t.Context(), "s1", h.clock.now(), "2026-04-01")
	}); err != nil {
		t.Fatal(err)
	}
	if got := ask("s1"); got != `{"allowed":false,"reason":"stopped","until":null}` {
		t.Error(got)
	}
}
