package platform_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
)

func noon() time.Time { return time.Date(2026, 6, 15, 4, 0, 0, 0, time.UTC) }

func TestEmbeddedBillerStopsOnceAndRemembers(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "biller.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := account.DecodeSync([]byte(`{"account_no":"u1","subscriptions":[{"id":"s1","period":"month","auto_renew":true,"next_charge_at":"2026-07-01T01:00:00+08:00"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	hash := func(string) string { return "" }
	if _, _, err := db.PutAccount(t.Context(), s, hash, noon()); err != nil {
		t.Fatal(err)
	}
	b := platform.NewEmbedded(db.Conn(), noon)
	state := func(a account.Answer, err error) account.AnswerState {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a.State
	}
	if got := state(b.Query(t.Context(), "k1", account.Subject{})); got != account.AnswerNone {
		t.Errorf("a call that was never made is %s", got)
	}
	for range 2 {
		if got := state(b.Stop(t.Context(), "k1", account.Stop{SubscriptionID: "s1", Mode: account.PeriodEnd})); got != account.AnswerDone {
			t.Errorf("the stop is %s", got)
		}
	}
	snap, err := db.Snapshot(t.Context(), "u1")
	if err != nil {
		t.Fatal(err)
	}
	if sub := snap.Subscriptions[0]; sub.AutoRenew || sub.NextChargeAt != nil {
		t.Errorf("it renews: %+v", sub)
	}
	if got := state(b.Stop(t.Context(), "k2", account.Stop{SubscriptionID: "nobody"})); got != account.AnswerRefused {
		t.Errorf("the stop of nothing is %s", got)
	}
	for key, want := range map[string]account.AnswerState{"k1": account.AnswerDone, "k2": account.AnswerRefused} {
		if got := state(b.Query(t.Context(), key, account.Subject{})); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
}
