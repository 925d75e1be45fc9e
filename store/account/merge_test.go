package account_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

func TestASyncNeverUndoesAStop(t *testing.T) {
	t.Parallel()
	stopped := time.Date(2026, 6, 15, 4, 0, 0, 0, time.UTC)
	known := account.Snapshot{
		Account:       account.Account{No: "u1"},
		Subscriptions: []account.Subscription{{ID: "s1", AccountNo: "u1", Cycle: account.Month, StoppedAt: &stopped}},
		Agreements:    []account.Agreement{{ID: "a1", AccountNo: "u1", Channel: account.Ledger, State: account.AgreementTerminated, EndedAt: &stopped}},
	}
	s, err := account.DecodeSync([]byte(`{"account_no":"u1","subscriptions":[{"id":"s1","auto_renew":true,"next_charge_at":"2026-07-01T01:00:00+08:00"}],
		"agreements":[{"id":"a1","state":"active"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, conflicts := account.Merge(known, s, func(string) string { return "" }, stopped.Add(time.Hour))
	if sub := got.Subscriptions[0]; sub.AutoRenew || sub.NextChargeAt != nil || got.Agreements[0].State != account.AgreementTerminated {
		t.Errorf("the sync brought it back: %+v, %+v", sub, got.Agreements[0])
	}
	if len(conflicts) != 2 || conflicts[0].Reason != "stopped_here" || conflicts[1].Reason != "ended_here" {
		t.Errorf("conflicts: %+v", conflicts)
	}
}

// TestWhatWasNotKnownIsNoChange: an account pushed without contact data and completed by a look-up that
// says when the contact last changed gives assurance as that date allows. Whatever else differs counts
// from when the desk heard of it.
func TestWhatWasNotKnownIsNoChange(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 15, 4, 0, 0, 0, time.UTC)
	year, hour := now.AddDate(-1, 0, 0), now.Add(-time.Hour)
	for name, c := range map[string]struct {
		known account.Account
		sync  string
		want  *time.Time
	}{
		"both filled, dated":            {account.Account{}, `"email":"li@example.com","phone":"13800000000","contact_changed_at":"2025-06-15T04:00:00Z"`, &year},
		"one filled, dated":             {account.Account{Email: "li@example.com"}, `"email":"Li@example.com","phone":"13800000000","contact_changed_at":"2025-06-15T04:00:00Z"`, &year},
		"filled an hour ago":            {account.Account{}, `"email":"li@example.com","contact_changed_at":"2026-06-15T03:00:00Z"`, &hour},
		"a later change is remembered":  {account.Account{ContactChangedAt: &hour}, `"email":"li@example.com","contact_changed_at":"2025-06-15T04:00:00Z"`, &hour},
		"filled, not dated":             {account.Account{}, `"email":"li@example.com"`, &now},
		"filled, dated with nothing":    {account.Account{}, `"email":"li@example.com","contact_changed_at":null`, &now},
		"another address":               {account.Account{Email: "old@example.com"}, `"email":"li@example.com","contact_changed_at":"2025-06-15T04:00:00Z"`, &now},
		"one filled, the other cleared": {account.Account{Phone: "13800000000"}, `"email":"li@example.com","phone":null,"contact_changed_at":"2025-06-15T04:00:00Z"`, &now},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := account.DecodeSync([]byte(`{"account_no":"u1",` + c.sync + `}`))
			if err != nil {
				t.Fatal(err)
			}
			c.known.No = "u1"
			got, _ := account.Merge(account.Snapshot{Account: c.known}, s, func(string) string { return "" }, now)
			if at := got.Account.ContactChangedAt; at == nil || !at.Equal(*c.want) {
				t.Errorf("changed at %v, want %v", at, c.want)
			}
		})
	}
}
