package account_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
)

// local is an instant of 2026 in Shanghai.
func local(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, shanghai())
}

// charge is a paid charge for a period of subscription sub-1, debited at eight on the period's first day.
func charge(id string, fen int64, start, end account.Date) account.Charge {
	return account.Charge{
		ID: id, AccountNo: "A1", SubscriptionID: "sub-1", AmountFen: fen, Currency: "CNY",
		ChargedAt: start.In(shanghai()).Add(8 * time.Hour), PeriodStart: start, PeriodEnd: end,
		Channel: account.WeChat, State: account.ChargePaid,
	}
}

// with changes a copy of a charge.
func with(c account.Charge, change func(*account.Charge)) account.Charge {
	change(&c)
	return c
}

func debitedAt(at time.Time) func(*account.Charge) {
	return func(c *account.Charge) { c.ChargedAt = at }
}

// june is subscription sub-1 in its cycle of June.
func june() account.Subscription {
	next := local(7, 1, 8)
	return account.Subscription{
		ID: "sub-1", AccountNo: "A1", Cycle: account.Month, PriceFen: 3000,
		PeriodStart: "2026-06-01", PeriodEnd: "2026-07-01", AutoRenew: true, NextChargeAt: &next,
	}
}

// stopped is that subscription ended on 15 June, as the period of the moment it was synced last.
func stopped(accessUntil, start, end account.Date) account.Subscription {
	at := local(6, 15, 10)
	sub := june()
	sub.AutoRenew, sub.NextChargeAt, sub.StoppedAt = false, nil, &at
	sub.AccessUntil, sub.PeriodStart, sub.PeriodEnd = accessUntil, start, end
	return sub
}

func TestOwnFaults(t *testing.T) {
	t.Parallel()
	var (
		mayCharge  = charge("c-may", 3000, "2026-05-01", "2026-06-01")
		juneCharge = charge("c-june", 3000, "2026-06-01", "2026-07-01")
		julyCharge = charge("c-july", 3000, "2026-07-01", "2026-08-01")
		juneAgain  = with(charge("c-june-2", 2800, "2026-06-01", "2026-07-01"), debitedAt(local(6, 3, 9)))
		juneThird  = with(charge("c-june-3", 2800, "2026-06-01", "2026-07-01"), debitedAt(local(6, 4, 9)))
		runsOut    = stopped("2026-06-30", "2026-06-01", "2026-07-01")
		julyPaidBy = with(julyCharge, func(c *account.Charge) { c.AgreementID = "a-1" })
		ended      = func(at time.Time) []account.Agreement {
			return []account.Agreement{{ID: "a-1", State: account.AgreementTerminated, EndedAt: &at}}
		}
		notRenewing = account.Subscription{ID: "sub-1", PeriodStart: "2026-06-01", PeriodEnd: "2026-07-01"}
		refund      = func(id string, fen int64, state account.RefundState) account.Refund {
			return account.Refund{ID: "r-" + id, ChargeID: id, AmountFen: fen, State: state}
		}
		late  = []account.OwnFault{{ChargeID: "c-july", Ground: account.ChargedAfterStop, AmountFen: 3000}}
		ahead = []account.OwnFault{{ChargeID: "c-july", Ground: account.PaidAhead, AmountFen: 3000}}
		twice = []account.OwnFault{{ChargeID: "c-june-2", Ground: account.ChargedTwice, AmountFen: 2800}}
	)
	for _, tt := range []struct {
		name       string
		sub        account.Subscription
		charges    []account.Charge
		refunds    []account.Refund
		agreements []account.Agreement
		named      []string // as on their way at the stop
		want       []account.OwnFault
	}{
		{name: "no fault while it runs", sub: june(), charges: []account.Charge{mayCharge, juneCharge, julyCharge}},
		{name: "the cycle after the stop", sub: runsOut, charges: []account.Charge{mayCharge, juneCharge, julyCharge}, want: late},
		{
			name: "a debit before the stop for the cycle after it comes back, and was no charge after the stop", sub: runsOut,
			charges: []account.Charge{juneCharge, with(julyCharge, debitedAt(local(6, 13, 8)))}, want: ahead,
		},
		{
			name: "debited before the stop, reported after it", sub: stopped("", "2026-07-01", "2026-08-01"),
			charges: []account.Charge{juneCharge, with(julyCharge, debitedAt(local(6, 15, 10)))}, want: ahead,
		},
		{
			name: "paid ahead twice", sub: runsOut,
			charges: []account.Charge{
				juneCharge, with(julyCharge, debitedAt(local(6, 13, 8))),
				with(julyCharge, func(c *account.Charge) { c.ID, c.ChargedAt = "c-july-2", local(6, 14, 8) }),
			},
			want: []account.OwnFault{{ChargeID: "c-july-2", Ground: account.PaidAhead, AmountFen: 3000}, ahead[0]},
		},
		{
			name: "by the platform's own record, debited before the agreement ended", sub: notRenewing,
			agreements: ended(local(6, 14, 0)), charges: []account.Charge{juneCharge, with(julyPaidBy, debitedAt(local(6, 13, 8)))}, want: ahead,
		},
		{
			name: "and after it", sub: notRenewing,
			agreements: ended(local(6, 14, 0)), charges: []account.Charge{juneCharge, with(julyPaidBy, debitedAt(local(6, 14, 8)))}, want: late,
		},
		{
			name: "debited before the stop for the cycle that had begun, and reported late", sub: runsOut,
			charges: []account.Charge{with(juneCharge, debitedAt(local(6, 15, 10)))},
		},
		{
			name: "unless the biller named it as on its way", sub: runsOut, named: []string{"c-june"},
			charges: []account.Charge{with(juneCharge, debitedAt(local(6, 15, 10)))},
			want:    []account.OwnFault{{ChargeID: "c-june", Ground: account.OnItsWay, AmountFen: 3000}},
		},
		{
			name: "named, and without a cycle", sub: runsOut, named: []string{"c-x"},
			charges: []account.Charge{with(charge("c-x", 3000, "", ""), debitedAt(local(6, 15, 9)))},
			want:    []account.OwnFault{{ChargeID: "c-x", Ground: account.OnItsWay, AmountFen: 3000}},
		},
		{
			name: "what is named for a subscription that goes on is owed", sub: june(), named: []string{"c-june"},
			charges: []account.Charge{juneCharge},
		},
		{
			name: "a debit after the stop for the cycle of the stop", sub: runsOut,
			charges: []account.Charge{with(juneCharge, debitedAt(local(6, 15, 11)))},
			want:    []account.OwnFault{{ChargeID: "c-june", Ground: account.ChargedAfterStop, AmountFen: 3000}},
		},
		{
			name: "the cycle of the stop once more, after it", sub: runsOut,
			charges: []account.Charge{juneCharge, with(juneAgain, debitedAt(local(6, 16, 8)))},
			want:    []account.OwnFault{{ChargeID: "c-june-2", Ground: account.ChargedAfterStop, AmountFen: 2800}},
		},
		{
			name: "a cycle said to begin on the day after the stop, within what is paid", sub: runsOut,
			charges: []account.Charge{juneCharge, with(charge("c-x", 3000, "2026-06-16", "2026-07-16"), debitedAt(local(6, 15, 11)))},
			want:    []account.OwnFault{{ChargeID: "c-x", Ground: account.ChargedAfterStop, AmountFen: 3000}},
		},
		{
			name: "a debit after the stop without a cycle", sub: runsOut,
			charges: []account.Charge{juneCharge, with(charge("c-x", 3000, "", ""), debitedAt(local(6, 15, 11)))},
			want:    []account.OwnFault{{ChargeID: "c-x", Ground: account.ChargedAfterStop, AmountFen: 3000}},
		},
		{
			name: "and one before it", sub: runsOut,
			charges: []account.Charge{juneCharge, with(charge("c-x", 3000, "", ""), debitedAt(local(6, 15, 9)))},
		},
		{
			name: "access ended at once does not make June a fault, nor a cycle that had begun",
			sub:  stopped("2026-06-15", "2026-06-01", "2026-07-01"), charges: []account.Charge{juneCharge, julyCharge}, want: late,
		},
		{
			name: "the last day unknown, the period moved on by the very fault",
			sub:  stopped("", "2026-07-01", "2026-08-01"), charges: []account.Charge{juneCharge, julyCharge}, want: late,
		},
		{name: "the last day unknown, only the own period tells", sub: stopped("", "2026-06-01", "2026-07-01"), charges: []account.Charge{julyCharge}, want: late},
		{
			name: "stopped when nothing was paid any more", sub: stopped("", "", ""),
			charges: []account.Charge{mayCharge, with(charge("c-late", 3000, "2026-06-15", "2026-07-15"), debitedAt(local(6, 20, 8)))},
			want:    []account.OwnFault{{ChargeID: "c-late", Ground: account.ChargedAfterStop, AmountFen: 3000}},
		},
		{name: "the later of two for one cycle", sub: june(), charges: []account.Charge{juneAgain, juneCharge, mayCharge}, want: twice},
		{
			name: "every further one, newest first", sub: june(), charges: []account.Charge{juneAgain, juneThird, juneCharge},
			want: []account.OwnFault{{ChargeID: "c-june-3", Ground: account.ChargedTwice, AmountFen: 2800}, twice[0]},
		},
		{
			name: "at one instant the id decides", sub: june(),
			charges: []account.Charge{with(juneAgain, debitedAt(juneCharge.ChargedAt)), juneCharge}, want: twice,
		},
		{
			name: "two of which the second failed", sub: june(),
			charges: []account.Charge{juneCharge, with(juneAgain, func(c *account.Charge) { c.State = account.ChargeFailed })},
		},
		{
			name: "two of which the second is under way", sub: june(),
			charges: []account.Charge{juneCharge, with(juneAgain, func(c *account.Charge) { c.State = account.ChargePending })},
		},
		{
			name: "two purchases without a cycle", sub: june(),
			charges: []account.Charge{charge("p-1", 600, "", ""), charge("p-2", 600, "", "")},
		},
		{
			name: "two subscriptions in one cycle", sub: june(),
			charges: []account.Charge{juneCharge, with(juneAgain, func(c *account.Charge) { c.SubscriptionID = "sub-2" })},
		},
		{
			name: "the platform returned the first in full, so the second stands", sub: june(),
			charges: []account.Charge{with(juneCharge, func(c *account.Charge) { c.RefundedFen = 3000 }), juneAgain},
		},
		{
			name: "this desk returned the first for unused time, so the second is a fault still", sub: june(),
			charges: []account.Charge{juneCharge, juneAgain},
			refunds: []account.Refund{refund("c-june", 3000, account.RefundSubmitted)}, want: twice,
		},
		{
			name: "only what is left, consumption not deducted", sub: june(),
			charges: []account.Charge{juneCharge, with(juneAgain, func(c *account.Charge) { c.RefundedFen, c.ConsumedFen = 300, 2000 })},
			refunds: []account.Refund{
				refund("c-june-2", 500, account.RefundUnknown), refund("c-june-2", 900, account.RefundRejected),
				refund("c-june-2", 700, account.RefundClosed),
			},
			want: []account.OwnFault{{ChargeID: "c-june-2", Ground: account.ChargedTwice, AmountFen: 2000}},
		},
		{
			name: "nothing once all is on its way", sub: runsOut, charges: []account.Charge{juneCharge, julyCharge},
			refunds: []account.Refund{refund("c-july", 3000, account.RefundProposed)},
		},
		{
			name: "refunds too large to add up leave nothing", sub: runsOut, charges: []account.Charge{julyCharge},
			refunds: []account.Refund{
				refund("c-july", math.MaxInt64, account.RefundSucceeded), refund("c-july", math.MaxInt64, account.RefundSucceeded),
			},
		},
		{
			name: "a negative refund raises nothing", sub: runsOut, charges: []account.Charge{julyCharge},
			refunds: []account.Refund{refund("c-july", -500, account.RefundSucceeded)}, want: late,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := account.Snapshot{Subscriptions: []account.Subscription{tt.sub}, Charges: tt.charges, Refunds: tt.refunds, Agreements: tt.agreements}
			for _, id := range tt.named {
				s.InFlight = append(s.InFlight, account.DebitInFlight{ChargeID: id, SubscriptionID: "sub-1"})
			}
			if diff := cmp.Diff(tt.want, account.OwnFaults(s, shanghai())); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
