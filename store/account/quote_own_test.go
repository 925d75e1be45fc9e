package account_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// TestQuoteHoldsWhatItLedTo: an accepted offer over two charges, half of it carried out. Only what it did not
// bring about itself changes it.
func TestQuoteHoldsWhatItLedTo(t *testing.T) {
	t.Parallel()
	made, now := requested().Add(time.Hour), requested().Add(48*time.Hour)
	own := func(charge string, fen int64) account.Refund {
		return account.Refund{ID: "r-" + charge, ChargeID: charge, AmountFen: fen, State: account.RefundSucceeded, At: made.Add(time.Hour)}
	}
	done := account.CarriedOut{MadeAt: made, Refunds: []string{"r-c-june", "r-c-july"}, Sent: []string{"c-june"}, Ended: []string{"sub-1"}}
	for _, tt := range []struct {
		name   string
		change func(s *account.Snapshot)
		done   account.CarriedOut
		void   bool
	}{
		{name: "nothing happened", change: func(*account.Snapshot) {}},
		{name: "one refund was sent and access has ended", done: done, change: func(s *account.Snapshot) {
			at := made.Add(time.Hour)
			s.Refunds = append(s.Refunds, own("c-june", 1600))
			s.Subscriptions[0].StoppedAt, s.Subscriptions[0].AccessUntil, s.Subscriptions[0].AutoRenew = &at, "2026-06-15", false
		}},
		{name: "and the platform tells of both as its own", done: done, change: func(s *account.Snapshot) {
			s.Refunds = append(s.Refunds, own("c-june", 1600))
			s.Charges[1].RefundedFen = 1600
			s.Subscriptions[0].PeriodEnd, s.Subscriptions[0].AutoRenew = "2026-06-16", false
			s.Assets = nil
		}},
		{name: "and lists it as a refund", done: done, change: func(s *account.Snapshot) {
			s.Refunds = append(s.Refunds, own("c-june", 1600), account.Refund{
				ID: "platform-1", ChargeID: "c-june", AmountFen: 1600, State: account.RefundSucceeded, Elsewhere: true, At: made,
			})
		}},
		{name: "a debit came after access had ended", done: done, change: func(s *account.Snapshot) {
			s.Charges = append(s.Charges, with(charge("c-late", 3000, "2026-08-01", "2026-09-01"), func(c *account.Charge) { c.ChargedAt = now }))
		}},
		{name: "a refund only proposed counts for nothing", done: account.CarriedOut{MadeAt: made, Refunds: []string{"r-c-july"}}, change: func(s *account.Snapshot) {
			r := own("c-july", 3000)
			r.State = account.RefundProposed
			s.Refunds = append(s.Refunds, r)
		}},
		{name: "the platform paid the other charge back", done: done, void: true, change: func(s *account.Snapshot) { s.Charges[2].RefundedFen = 1000 }},
		{name: "another case refunds the other charge", done: done, void: true, change: func(s *account.Snapshot) {
			s.Refunds = append(s.Refunds, account.Refund{ID: "x", ChargeID: "c-july", AmountFen: 500, State: account.RefundApproved, At: now})
		}},
		{name: "the other charge was used up in part", done: done, void: true, change: func(s *account.Snapshot) { s.Charges[2].ConsumedFen = 700 }},
		{name: "the platform paid back what nothing was sent of", done: account.CarriedOut{MadeAt: made}, void: true, change: func(s *account.Snapshot) { s.Charges[1].RefundedFen = 1600 }},
		{name: "somebody else ended access", done: account.CarriedOut{MadeAt: made}, void: true, change: func(s *account.Snapshot) {
			at := made.Add(time.Hour)
			s.Subscriptions[0].StoppedAt, s.Subscriptions[0].AccessUntil = &at, "2026-06-10"
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := member()
			s.Subscriptions[0].PeriodEnd = "2026-08-01"
			s.Charges = append(s.Charges, with(charge("c-july", 3000, "2026-07-01", "2026-08-01"), func(c *account.Charge) { c.ChargedAt = made.Add(-time.Hour) }))
			q := quoteNow(t, s, account.Now, requested(), made, account.PolicyA)
			if q.RefundFen <= 3000 {
				t.Fatalf("the offer is %d fen", q.RefundFen)
			}
			tt.change(&s)
			holds, ok, err := q.Holds(s, tt.done, []string{"sub-1"}, account.Now, requested(), now, rules(account.PolicyA))
			if err != nil || !ok || holds == tt.void {
				t.Errorf("holds %t, ok %t, %v; want void %t", holds, ok, err, tt.void)
			}
		})
	}
}

// TestWhatWasOfferedIsNeverCalledNeverBegun: a new quote after the end of access still counts a later cycle
// as unused time, which takes a yes and an approval.
func TestWhatWasOfferedIsNeverCalledNeverBegun(t *testing.T) {
	t.Parallel()
	s := member()
	s.Subscriptions[0].PeriodEnd = "2026-08-01"
	s.Charges = append(s.Charges, charge("c-july", 3000, "2026-07-01", "2026-08-01"))
	q := quoteNow(t, s, account.Now, requested(), requested(), account.PolicyA)
	at := requested().Add(time.Hour)
	s.Subscriptions[0].StoppedAt, s.Subscriptions[0].AccessUntil, s.Subscriptions[0].AutoRenew = &at, "2026-06-15", false
	s.Charges[2].RefundedFen = 1
	again := quoteNow(t, q.BeforeEnd(s, []string{"sub-1"}), account.Now, requested(), at, account.PolicyA)
	for _, l := range again.Lines {
		if l.RefundFen > 0 && l.Ground != account.UnusedTime {
			t.Errorf("%s comes back as %s", l.ChargeID, l.Ground)
		}
	}
}
