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
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// theirs is a platform that keeps the accounts itself.
type theirs struct {
	h     *house
	t     *testing.T
	down  bool
	by    tickets.AccountKey
	value string // what finds the account
}

// Find has the account u1 only.
func (d *theirs) Find(_ context.Context, by tickets.AccountKey, value string) ([]string, error) {
	switch {
	case d.down:
		return nil, &tickets.Error{Kind: tickets.Unavailable, Msg: "The platform can't be reached just now. Try again later."}
	case by != d.by || value != d.value:
		return nil, nil
	}
	d.h.subscriber(d.t)
	if d.by == tickets.ByTxnID {
		d.h.charged(d.t, d.value)
	}
	return []string{"u1"}, nil
}

// charged gives the account u1 a charge of that transaction number.
func (h *house) charged(t *testing.T, txn string) {
	t.Helper()
	s, err := account.DecodeSync([]byte(`{"account_no":"u1","charges":[{"id":"c1","subscription_id":"s1","agreement_id":"a1","amount_fen":3000,
		"charged_at":"2026-03-01T01:00:00+08:00","channel":"platform","channel_txn_id":"` + txn + `","payer":"p","state":"paid"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.db.PutAccount(t.Context(), s, func(s string) string { return s }, h.clock.now()); err != nil {
		t.Fatal(err)
	}
}

// over has the house serve with the accounts at a platform.
func (h *house) over(t *testing.T, platform web.Directory) {
	t.Helper()
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
}

// TestAccountsThatThePlatformKeeps: an agent may name an account that the desk has never heard of, and
// a subscription it has never heard of may be debited.
func TestAccountsThatThePlatformKeeps(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	platform := &theirs{h: h, t: t, down: true, by: tickets.ByAccount, value: "u1"}
	h.over(t, platform)
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

// TestProgramsAskForAccountsThatThePlatformKeeps: what the desk has never heard of is asked for before a program is told
// that nobody has it, and while the platform can't be asked nobody says so.
func TestProgramsAskForAccountsThatThePlatformKeeps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by           tickets.AccountKey
		value        string
		method, path string // %s is the ticket
		body         string
		none         int // nobody has the account
	}{
		"one account":  {tickets.ByAccount, "u1", "GET", "/v1/accounts/u1", "", 404},
		"by number":    {tickets.ByAccount, "u1", "GET", "/v1/accounts?account=u1", "", 200},
		"by phone":     {tickets.ByPhone, "13800138000", "GET", "/v1/accounts?phone=13800138000", "", 200},
		"by a payment": {tickets.ByTxnID, "42", "GET", "/v1/accounts?channel_txn_id=42", "", 200},
		"a correction": {tickets.ByAccount, "u1", "PUT", "/v1/tickets/%s/account", `{"account_no":"u1"}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			platform := &theirs{h: h, t: t, down: true, by: c.by, value: c.value}
			h.over(t, platform)
			id := h.mail(t, nil)
			key := h.key(t, "accounts:read", "tickets:write", "tickets:read")
			ask := func() (int, bool) {
				t.Helper()
				got := h.call(t, c.method, strings.ReplaceAll(c.path, "%s", tickets.Number(id)), key, c.body)
				return got.status, strings.Contains(got.body, `"account_no":"u1"`)
			}
			if status, known := ask(); status != http.StatusServiceUnavailable || known {
				t.Errorf("the platform is down: %d", status)
			}
			platform.down, platform.value = false, "another"
			if status, known := ask(); status != c.none || known {
				t.Errorf("nobody's account: %d, want %d", status, c.none)
			}
			platform.value = c.value
			if status, known := ask(); status != http.StatusOK || !known {
				t.Errorf("the platform has it: %d, told of it: %v", status, known)
			}
		})
	}
}

// TestPaymentFactsOfAccountsThatThePlatformKeeps: what a caller knows of his debits is held against what the
// platform knows; while it can't be asked the call is told of again and counts as no wrong guess.
func TestPaymentFactsOfAccountsThatThePlatformKeeps(t *testing.T) {
	t.Parallel()
	h := setup(t)
	platform := &theirs{h: h, t: t, down: true, by: tickets.ByTxnID, value: "4200000001"}
	h.over(t, platform)
	key := h.key(t, "calls:write")
	report := func() answer {
		return h.call(t, http.MethodPost, "/v1/calls", key, `{"call_id":"c-1","started_at":"2026-03-01T10:00:00+08:00",
			"identity":{"payment_facts":[{"channel_txn_id":"4200000001"}]},"summary":"客户要求关闭自动续费。"}`)
	}
	for range 7 { // more than the guesses that a call has
		if got := report(); got.status != http.StatusServiceUnavailable {
			t.Fatalf("while the platform can't be asked: %d %s", got.status, got.body)
		}
	}
	platform.down = false
	if got := report(); got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	proofs, err := h.db.Verifications(t.Context(), 1)
	if err != nil || len(proofs) != 1 || proofs[0].AccountNo != "u1" || proofs[0].Method != tickets.MethodPaymentFact {
		t.Errorf("proofs: %+v, %v", proofs, err)
	}
}

// finder is a platform that does something when it is asked for an account.
type finder func(ctx context.Context, value string) error

func (f finder) Find(ctx context.Context, _ tickets.AccountKey, value string) ([]string, error) {
	return []string{value}, f(ctx, value)
}

// TestApprovalAsksThePlatformFirst: what it paid back itself since is known before anybody releases the same
// money, on the page and by the API; where it can't be asked nothing is released.
func TestApprovalAsksThePlatformFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		down   bool
		status int
		says   string
	}{
		"it paid something back": {false, http.StatusConflict, "The sum has changed"},
		"it can't be asked":      {true, http.StatusServiceUnavailable, "can't be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			id, hash := h.refundCase(t, 16491, "desk")
			h.over(t, finder(func(ctx context.Context, account string) error {
				if c.down {
					return &tickets.Error{Kind: tickets.Unavailable, Msg: "The platform can't be reached just now. Try again later."}
				}
				return h.db.Conn().WithContext(ctx).Exec("UPDATE charges SET refunded_fen = 10000 WHERE account_no = ?", account).Error
			}))
			body := `{"quote_hash":"` + hash + `","password":"` + password + `"}`
			if got := h.person(t, "supervisor").ask(t, "POST", "/v1/refunds/R-1/approve", body, c.status); !strings.Contains(str(got["detail"]), c.says) {
				t.Errorf("told %v", got)
			}
			b, at := h.as(t, "supervisor"), "/tickets/"+tickets.Number(id)
			h.post(t, b, at+"/refunds/R-1/approve", url.Values{"quote_hash": {hash}, "password": {password}})
			refunds, err := h.db.Refunds(t.Context(), id)
			if err != nil || refunds[0].State == account.RefundApproved {
				t.Errorf("refund %+v, %v", refunds, err)
			}
		})
	}
}
