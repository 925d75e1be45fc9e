package web_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/agents/web"
	"github.com/canceldesk/canceldesk/tickets"
)

// theirs is a platform that keeps the accounts itself.
type theirs struct {
	h    *house
	t    *testing.T
	down bool
}

// Find has the account u1 only.
func (d *theirs) Find(_ context.Context, by tickets.AccountKey, value string) ([]string, error) {
	switch {
	case d.down:
		return nil, &tickets.Error{Kind: tickets.Unavailable, Msg: "The platform can't be reached just now. Try again later."}
	case by != tickets.ByAccount || value != "u1":
		return nil, nil
	}
	d.h.subscriber(d.t)
	return []string{"u1"}, nil
}

// TestAccountsThatThePlatformKeeps: an agent may name an account that the desk has never heard of, and
// a subscription it has never heard of may be debited.
func TestAccountsThatThePlatformKeeps(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	platform := &theirs{h: h, t: t, down: true}
	server, err := web.New(web.Config{
		Desk: h.desk, People: h.db, Sessions: h.db.Sessions(h.clock.now), PublicURL: "http://127.0.0.1", Zone: shanghai(), Locale: "zh-CN",
		Now: h.clock.now, Rand: rand.Reader, Log: slog.New(slog.NewTextHandler(h.log, nil)), Evidence: exporter{}, Intake: ledger{h},
		Events: events{h.db}, Ready: func(context.Context) map[string]error { return nil }, OpenAttachment: openAttachment, Directory: platform,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	id := h.mail(t, nil)
	b, path := h.as(t, "agent"), "/tickets/"+tickets.Number(id)
	link := func(no string) (accountNo, page string) {
		t.Helper()
		h.post(t, b, path+"/account", url.Values{"other": {no}})
		ticket, err := h.db.Ticket(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return ticket.AccountNo, h.get(t, b, path).body
	}
	if no, page := link("u1"); no != "" || !strings.Contains(page, "平台暂时无法连接") {
		t.Errorf("the platform is down: linked to %q", no)
	}
	platform.down = false
	if no, page := link("u404"); no != "" || !strings.Contains(page, "没有这个账号") {
		t.Errorf("nobody's account: linked to %q", no)
	}
	if no, _ := link("u1"); no != "u1" {
		t.Errorf("linked to %q, want u1", no)
	}
	got := h.call(t, http.MethodGet, "/v1/subscriptions/nobody/debit", h.key(t, "billing:read"), "")
	if want := `{"allowed":true,"reason":"not_known","until":null}`; got.status != http.StatusOK || strings.TrimSpace(got.body) != want {
		t.Errorf("%d %s, want %s", got.status, got.body, want)
	}
}
