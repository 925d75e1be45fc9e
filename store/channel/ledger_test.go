package channel_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/channel"
)

func noon() time.Time { return time.Date(2026, 6, 15, 4, 0, 0, 0, time.UTC) }

func ledger(t *testing.T) *channel.Ledger {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := channel.NewLedger(db.Conn(), noon)
	err = l.Register(t.Context(),
		[]account.Agreement{{ID: "a1", Channel: account.Ledger, ChannelRef: "L1"}, {ID: "a2", Channel: account.WeChat, ChannelRef: "W1"}},
		[]account.Charge{{ID: "c1", Channel: account.Ledger, ChannelTxnID: "T1", AmountFen: 1990, State: account.ChargePaid}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLedgerEndsAnAgreementOnce(t *testing.T) {
	t.Parallel()
	l := ledger(t)
	a := account.Agreement{ChannelRef: "L1"}
	status := func() account.AgreementStatus {
		t.Helper()
		s, err := l.Agreement(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := status(); !s.Known || s.Ended {
		t.Errorf("before: %+v", s)
	}
	for range 2 {
		got, err := l.Terminate(t.Context(), "k", a)
		if err != nil || got.State != account.AnswerDone || !got.At.Equal(noon()) {
			t.Errorf("terminate: %+v, %v", got, err)
		}
	}
	if s := status(); !s.Ended || !s.EndedAt.Equal(noon()) {
		t.Errorf("after: %+v", s)
	}
	// A later sync does not bring it back.
	if err := l.Register(t.Context(), []account.Agreement{{Channel: account.Ledger, ChannelRef: "L1"}}, nil); err != nil {
		t.Fatal(err)
	}
	if s := status(); !s.Ended {
		t.Errorf("after a sync: %+v", s)
	}
	for _, ref := range []string{"W1", "nobody"} {
		got, err := l.Terminate(t.Context(), "k2", account.Agreement{ChannelRef: ref})
		if err != nil || got.State != account.AnswerRefused {
			t.Errorf("%s: %+v, %v; what the ledger does not know it can't have ended", ref, got, err)
		}
	}
}

func TestLedgerRefundsOnceAndNeverMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	l := ledger(t)
	paid, unknown := account.Charge{ChannelTxnID: "T1"}, account.Charge{ChannelTxnID: "T9"}
	var got []account.AnswerState
	for _, c := range []struct {
		key    string
		charge account.Charge
		fen    int64
	}{
		{"r1", paid, 1000}, {"r1", paid, 1000}, {"r1", paid, 999}, {"r2", paid, 991}, {"r3", paid, 990}, {"r4", paid, 1}, {"r5", paid, 0}, {"r6", unknown, 1},
	} {
		a, err := l.Refund(t.Context(), c.key, c.charge, c.fen)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.State)
	}
	done, refused := account.AnswerDone, account.AnswerRefused
	want := []account.AnswerState{done, done, refused, refused, done, refused, refused, refused}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]account.AnswerState{"r1": done, "r2": account.AnswerNone, "r3": done} {
		if a, err := l.QueryRefund(t.Context(), key, paid); err != nil || a.State != want {
			t.Errorf("query %s: %+v, %v; want %s", key, a, err, want)
		}
	}
}
