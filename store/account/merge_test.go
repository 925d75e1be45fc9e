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
