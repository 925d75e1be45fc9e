package platform_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/store/platform/simulator"
	"github.com/canceldesk/canceldesk/tickets"
)

// desk is a migrated database of the test's own.
func desk(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func directory(db *store.DB, c *platform.Client, k *clock) *platform.Directory {
	hash := func(s string) string { return "hash of " + strings.ReplaceAll(s, "139", "***") }
	return platform.NewDirectory(platform.DirectoryConfig{
		DB: db.Conn(), Client: c, Cache: 5 * time.Minute, Hash: hash, Now: k.now,
		Put: func(ctx context.Context, s account.Sync) error {
			_, _, err := db.PutAccount(ctx, s, hash, k.now())
			return err
		},
	})
}

func TestDirectoryAsksOnceAndForgetsInTime(t *testing.T) {
	t.Parallel()
	s, c, k := sim(t)
	db := desk(t)
	d := directory(db, c, k)
	find := func(by tickets.AccountKey, value string) ([]string, error) { return d.Find(t.Context(), by, value) }
	for _, q := range []struct {
		by    tickets.AccountKey
		value string
		want  []string
	}{
		{tickets.ByPhone, "+86 139-0000-0001", []string{"SIM00001"}},
		{tickets.ByEmail, "Member00002@sim.example", []string{"SIM00002"}},
		{tickets.ByOrderNo, "OSIM-C-00003-0", []string{"SIM00003"}},
		{tickets.ByTxnID, "TSIM-C-00003-0", []string{"SIM00003"}},
		{tickets.ByEmail, "nobody@sim.example", []string{}},
		{tickets.ByEmail, "  ", nil},
	} {
		got, err := find(q.by, q.value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(q.want, got); diff != "" {
			t.Errorf("by %s %q:\n%s", q.by, q.value, diff)
		}
	}
	snap, err := db.Snapshot(t.Context(), "SIM00001")
	if err != nil || len(snap.Agreements) != 1 || len(snap.Charges) != 1 || !snap.Subscriptions[0].AutoRenew {
		t.Fatalf("the answer is not in the account store: %+v, %v", snap, err)
	}
	var kept []string
	if err := db.Conn().WithContext(t.Context()).Table("lookups").Pluck("value_hash", &kept).Error; err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(kept, "\n"); strings.Contains(all, "13900000001") {
		t.Errorf("a phone number is kept: %s", all)
	}

	// While the answer holds the platform need not be there, and afterwards nothing is guessed.
	s.SetFaults(simulator.Fault{Kind: simulator.Down})
	for _, by := range []struct {
		key   tickets.AccountKey
		value string
	}{{tickets.ByPhone, "13900000001"}, {tickets.ByAccount, "SIM00001"}, {tickets.ByEmail, "nobody@sim.example"}} {
		if _, err := find(by.key, by.value); err != nil {
			t.Errorf("asked again by %s: %v", by.key, err)
		}
	}
	k.advance(5 * time.Minute)
	for _, value := range []string{"13900000001", "13900000009"} {
		if got, err := find(tickets.ByPhone, value); !errors.Is(err, tickets.Unavailable) {
			t.Errorf("the platform is down: %v, %v", got, err)
		}
	}

	// What has changed there is known here once it answers again.
	s.SetFaults()
	tick(t, s, k)
	if _, err := find(tickets.ByAccount, "SIM00001"); err != nil {
		t.Fatal(err)
	}
	if snap, err = db.Snapshot(t.Context(), "SIM00001"); err != nil || len(snap.Charges) != 2 {
		t.Errorf("%d charges, %v; want the new one too", len(snap.Charges), err)
	}
	var n int64
	if err := db.Conn().WithContext(t.Context()).Table("lookups").Where("at <= ?", k.now().Add(-5*time.Minute)).Count(&n).Error; err != nil || n != 0 {
		t.Errorf("%d look-ups of long ago are kept, %v", n, err)
	}
}

func TestDirectoryTakesNoHalfAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		good   bool
	}{
		"a list":             {`{"items":[{"account_no":"u1"}],"next_cursor":""}`, true},
		"a bare list":        {`[{"account_no":"u1","vip_level":7}]`, true},
		"nobody":             {`{"items":[]}`, true},
		"an error page":      {`{"error":"try later"}`, false},
		"null":               {`null`, false},
		"a nameless account": {`[{"account_no":"u1"},{"name":"x"}]`, false},
		"another account":    {`[{"account_no":"u2"}]`, false},
		"a wrong agreement":  {`[{"account_no":"u1","agreements":[{"id":"a","channel":"cash"}]}]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.answer)) }))
			t.Cleanup(srv.Close)
			k := &clock{at: noon()}
			d := directory(desk(t), client(t, srv.URL, secret, k.now), k)
			if got, err := d.Find(t.Context(), tickets.ByAccount, "u1"); (err == nil) != c.good {
				t.Errorf("%v, %v; want good %v", got, err, c.good)
			}
		})
	}
}

// TestDirectoryBelievesTheAnswerBeforeWhatWasCopied: an account that was imported once and changed long
// ago at the platform is as the platform says now.
func TestDirectoryBelievesTheAnswerBeforeWhatWasCopied(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"account_no":"u1","email":"new@example.com","updated_at":"2025-01-01T00:00:00Z","contact_changed_at":"2025-01-01T00:00:00Z"}]`))
	}))
	t.Cleanup(srv.Close)
	k := &clock{at: noon()}
	db := desk(t)
	d := directory(db, client(t, srv.URL, secret, k.now), k)
	imported, err := account.DecodeSync([]byte(`{"account_no":"u1","email":"old@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), imported); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Find(t.Context(), tickets.ByAccount, "u1"); err != nil {
		t.Fatal(err)
	}
	if snap, err := db.Snapshot(t.Context(), "u1"); err != nil || snap.Account.Email != "new@example.com" {
		t.Errorf("%+v, %v", snap.Account, err)
	}
}

func TestPullWaitsForTheBiller(t *testing.T) {
	t.Parallel()
	db := desk(t)
	b := platform.NewPull(db.Conn(), noon)
	ctx, until := t.Context(), noon().Add(time.Hour)
	for range 2 {
		for _, call := range []func() (account.Answer, error){
			func() (account.Answer, error) {
				return b.Hold(ctx, "h", account.Hold{SubscriptionID: "s1", Until: until})
			},
			func() (account.Answer, error) { return b.Release(ctx, "r", "s1") },
			func() (account.Answer, error) {
				return b.Stop(ctx, "s", account.Stop{SubscriptionID: "s1", Mode: account.Now})
			},
			func() (account.Answer, error) { return b.Query(ctx, "s", account.Subject{}) },
		} {
			if a, err := call(); err != nil || a.State != account.AnswerPending {
				t.Errorf("%+v, %v", a, err)
			}
		}
	}
	list, err := db.StopOrders(ctx, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []account.StopOrder{
		{ID: 1, Key: "h", Kind: account.OrderHold, SubscriptionID: "s1", Until: &until, At: noon()},
		{ID: 2, Key: "r", Kind: account.OrderRelease, SubscriptionID: "s1", At: noon()},
		{ID: 3, Key: "s", Kind: account.OrderStop, SubscriptionID: "s1", Mode: account.Now, At: noon()},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	if a, err := b.Query(ctx, "nobody's", account.Subject{}); err != nil || a.State != account.AnswerNone {
		t.Errorf("%+v, %v", a, err)
	}
}
