package account_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
)

func rules(p account.Policy) account.QuoteRules {
	return account.QuoteRules{Zone: shanghai(), Policy: p, Validity: 7 * 24 * time.Hour}
}

// requested is when the customers of these tests write: 15 June, noon in Shanghai.
func requested() time.Time { return local(6, 15, 12) }

func TestQuoteSaysEverythingItPromises(t *testing.T) {
	t.Parallel()
	juneCharge := with(charge("c-june", 1990, "2026-06-01", "2026-07-01"), func(c *account.Charge) { c.RefundedFen = 100 })
	again := with(charge("c-again", 1990, "2026-06-01", "2026-07-01"), debitedAt(local(6, 2, 8)))
	s := account.Snapshot{
		Account:       account.Account{No: "A1"},
		Subscriptions: []account.Subscription{june()},
		Charges: []account.Charge{
			charge("c-may", 1990, "2026-05-01", "2026-06-01"), juneCharge, again,
			with(charge("c-flight", 1990, "2026-07-01", "2026-08-01"), func(c *account.Charge) { c.State = account.ChargePending }),
		},
		Refunds: []account.Refund{{ID: "r1", ChargeID: "c-again", AmountFen: 90, State: account.RefundUnknown}},
		Assets:  []account.AssetLot{{ID: "l1", Kind: account.AssetCoins, Source: account.Paid, Quantity: 60, ValueFen: 600, UsedFen: 100}},
	}
	received := time.Date(2026, 6, 15, 16, 30, 0, 0, time.UTC) // already the 16th in Shanghai
	now := local(6, 18, 9)
	got, err := account.MakeQuote(s, []string{"sub-1", "sub-1"}, account.Now, received, now, rules(account.PolicyA))
	if err != nil {
		t.Fatal(err)
	}
	next := local(7, 1, 8)
	want := account.Quote{
		Mode: account.Now, AsOf: "2026-06-16", RuleVersion: "2026-11/A", Hash: got.Hash,
		ExpiresAt: local(6, 25, 9), Currency: "CNY", RefundFen: 1900 + 995,
		LastDayOfUse: "2026-06-16", NextChargeAt: &next, SubscriptionIDs: []string{"sub-1"},
		Ends:   []account.QuoteEnd{{SubscriptionID: "sub-1", Mode: account.Now, LastDayOfUse: "2026-06-16", NextChargeAt: &next}},
		Before: []account.Standing{{SubscriptionID: "sub-1", AutoRenew: true, PeriodStart: "2026-06-01", PeriodEnd: "2026-07-01"}},
		Lines: []account.QuoteLine{
			{
				ChargeID: "c-again", SubscriptionID: "sub-1", ChargedAt: again.ChargedAt,
				PeriodStart: "2026-06-01", PeriodEnd: "2026-07-01", Currency: "CNY", Ground: account.ChargedTwice,
				PaidFen: 1990, RefundedFen: 90, Days: 30, UnusedDays: 30, RefundFen: 1900,
				ArithmeticZH: "1990 − 90 = 1900 分：同一周期重复扣款，余额全部退回",
				ArithmeticEN: "1990 − 90 = 1900 fen: charged twice for one cycle, so all that is left comes back",
			},
			{
				ChargeID: "c-june", SubscriptionID: "sub-1", ChargedAt: juneCharge.ChargedAt,
				PeriodStart: "2026-06-01", PeriodEnd: "2026-07-01", Currency: "CNY", Ground: account.UnusedTime,
				PaidFen: 1990, RefundedFen: 100, Days: 30, UnusedDays: 15, RefundFen: 995,
				ArithmeticZH: "1990 × 15/30 = 995 分（规则 A）", ArithmeticEN: "1990 × 15/30 = 995 fen (policy A)",
			},
		},
		Assets: []account.QuoteAsset{{
			ID: "l1", Kind: account.AssetCoins, Source: account.Paid,
			Quantity: 60, ValueFen: 600, UsedFen: 100, Outcome: account.AssetRefundable,
		}},
		NotKnown: []string{"pending_charge:c-flight"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if len(got.Hash) != 64 {
		t.Errorf("hash %q is no SHA-256 in hex", got.Hash)
	}
}

// brief is what most rows below look at: one "charge ground days/unused refund" per line.
type brief struct {
	Mode    account.Mode
	LastDay account.Date
	Refund  int64
	Lines   []briefLine
	Unknown []string
}

type briefLine struct {
	Charge       string
	Ground       account.Ground
	Days, Unused int
	Refund       int64
}

func briefly(q account.Quote) brief {
	b := brief{Mode: q.Mode, LastDay: q.LastDayOfUse, Refund: q.RefundFen, Unknown: q.NotKnown}
	for _, l := range q.Lines {
		b.Lines = append(b.Lines, briefLine{l.ChargeID, l.Ground, l.Days, l.UnusedDays, l.RefundFen})
	}
	return b
}

func TestQuote(t *testing.T) {
	t.Parallel()
	var (
		juneCharge = charge("c-june", 3000, "2026-06-01", "2026-07-01")
		julyAhead  = with(charge("c-july", 3000, "2026-07-01", "2026-08-01"), debitedAt(local(6, 14, 8)))
		bare       = func(change func(*account.Subscription)) account.Subscription {
			sub := june()
			sub.PeriodStart, sub.PeriodEnd = "", ""
			change(&sub)
			return sub
		}
		toJune30 = briefLine{"c-june", account.NoGround, 30, 0, 0}
		half     = briefLine{"c-june", account.UnusedTime, 30, 16, 1600}
	)
	const periodEnd, now = account.PeriodEnd, account.Now
	for _, tt := range []struct {
		name    string
		sub     account.Subscription
		charges []account.Charge
		refunds []account.Refund
		mode    account.Mode
		at      time.Time // zero: requested()
		want    brief
	}{
		{
			name: "to the period's end nothing is prorated", sub: june(), mode: periodEnd, charges: []account.Charge{juneCharge},
			want: brief{periodEnd, "2026-06-30", 0, []briefLine{toJune30}, nil},
		},
		{
			name: "now the unused days come back", sub: june(), mode: now, charges: []account.Charge{juneCharge},
			want: brief{now, "2026-06-15", 1600, []briefLine{half}, nil},
		},
		{
			name: "a cycle paid ahead comes back whole in either mode", sub: june(), mode: periodEnd, charges: []account.Charge{juneCharge, julyAhead},
			want: brief{periodEnd, "2026-06-30", 3000, []briefLine{{"c-july", account.UnusedTime, 31, 31, 3000}, toJune30}, nil},
		},
		{
			name: "and one by one, newest first", sub: june(), mode: now, charges: []account.Charge{juneCharge, julyAhead},
			want: brief{now, "2026-06-15", 4600, []briefLine{{"c-july", account.UnusedTime, 31, 31, 3000}, half}, nil},
		},
		{
			name: "nothing to gain by ending now, so it runs on", sub: june(), mode: now,
			charges: []account.Charge{with(juneCharge, func(c *account.Charge) { c.RefundedFen = 3000 })},
			want:    brief{periodEnd, "2026-06-30", 0, []briefLine{toJune30}, nil},
		},
		{
			name: "our own fault is no reason to end now", sub: june(), mode: now,
			charges: []account.Charge{
				with(juneCharge, func(c *account.Charge) { c.ConsumedFen = 3000 }),
				with(charge("c-again", 3000, "2026-06-01", "2026-07-01"), debitedAt(local(6, 2, 8))),
			},
			want: brief{periodEnd, "2026-06-30", 3000, []briefLine{{"c-again", account.ChargedTwice, 30, 30, 3000}, toJune30}, nil},
		},
		{
			name: "charged after the stop", sub: stopped("2026-06-30", "2026-06-01", "2026-07-01"), mode: periodEnd, at: local(7, 3, 9),
			charges: []account.Charge{juneCharge, charge("c-july", 3000, "2026-07-01", "2026-08-01")},
			want:    brief{periodEnd, "2026-06-30", 3000, []briefLine{{"c-july", account.ChargedAfterStop, 31, 31, 3000}}, nil},
		},
		{
			name: "unused time is returned once, however often it is asked for", sub: stopped("2026-06-15", "2026-06-01", "2026-07-01"),
			mode: now, at: local(6, 20, 9), charges: []account.Charge{juneCharge},
			refunds: []account.Refund{{ChargeID: "c-june", AmountFen: 1600, State: account.RefundSucceeded}},
			want:    brief{periodEnd, "2026-06-15", 0, []briefLine{toJune30}, nil},
		},
		{
			name: "access that ended early counts from the day it ended", sub: stopped("2026-06-15", "2026-06-01", "2026-07-01"),
			mode: now, at: local(6, 20, 9), charges: []account.Charge{juneCharge},
			want: brief{now, "2026-06-15", 1600, []briefLine{half}, nil},
		},
		{
			name: "a refund elsewhere only lowers what is left", sub: june(), mode: now, charges: []account.Charge{juneCharge},
			refunds: []account.Refund{{ChargeID: "c-june", AmountFen: 2000, State: account.RefundSucceeded, Elsewhere: true}},
			want:    brief{now, "2026-06-15", 1000, []briefLine{{"c-june", account.UnusedTime, 30, 16, 1000}}, nil},
		},
		{
			name: "a late desk returns the cycle that began after the request", mode: periodEnd,
			sub:     bare(func(s *account.Subscription) { s.PeriodStart, s.PeriodEnd = "2026-07-01", "2026-08-01" }),
			charges: []account.Charge{charge("c-july", 3000, "2026-07-01", "2026-08-01")},
			want:    brief{periodEnd, "2026-06-30", 3000, []briefLine{{"c-july", account.UnusedTime, 31, 31, 3000}}, nil},
		},
		{
			name: "the charges tell the period the platform did not", sub: bare(func(*account.Subscription) {}), mode: periodEnd,
			charges: []account.Charge{juneCharge},
			want:    brief{periodEnd, "2026-06-30", 0, []briefLine{toJune30}, nil},
		},
		{
			name: "a period that is over is said to be", sub: june(), mode: now, at: local(7, 9, 9), charges: []account.Charge{juneCharge},
			want: brief{periodEnd, "2026-06-30", 0, nil, []string{"renewal:sub-1"}},
		},
		{
			name: "no period known at all", sub: bare(func(*account.Subscription) {}), mode: now,
			charges: []account.Charge{with(charge("c-x", 3000, "", ""), debitedAt(local(6, 1, 8))), with(charge("c-old", 3000, "", ""), debitedAt(local(5, 1, 8)))},
			want: brief{
				periodEnd, "", 0,
				[]briefLine{{Charge: "c-x"}},
				[]string{"charge_period:c-x", "subscription_period:sub-1"},
			},
		},
		{
			name: "only the app store can return its charge", sub: june(), mode: now,
			charges: []account.Charge{with(juneCharge, func(c *account.Charge) { c.Channel = account.External })},
			want:    brief{periodEnd, "2026-06-30", 0, []briefLine{toJune30}, []string{"external_refund:c-june"}},
		},
		{
			name: "a charge without a currency is not counted", sub: june(), mode: now,
			charges: []account.Charge{with(juneCharge, func(c *account.Charge) { c.Currency = "" })},
			want:    brief{periodEnd, "2026-06-30", 0, []briefLine{toJune30}, []string{"currency:c-june"}},
		},
		{
			name: "a year paid more than 365 days ago goes by hand", mode: now, at: local(6, 15, 9),
			sub:     bare(func(*account.Subscription) {}),
			charges: []account.Charge{with(charge("c-year", 36500, "2025-07-01", "2026-07-01"), debitedAt(local(6, 12, 8).AddDate(-1, 0, 0)))},
			want:    brief{now, "2026-06-15", 1600, []briefLine{{"c-year", account.UnusedTime, 365, 16, 1600}}, []string{"refund_window:c-year"}},
		},
		{
			name: "Alipay's twelve months are over, its refund still counts", mode: now, at: local(6, 15, 9),
			sub: bare(func(s *account.Subscription) { s.Cycle = account.Year }),
			charges: []account.Charge{with(charge("c-year", 36500, "2025-07-01", "2026-07-01"), func(c *account.Charge) {
				c.Channel, c.ChargedAt = account.Alipay, local(6, 14, 8).AddDate(-1, 0, 0)
			})},
			want: brief{now, "2026-06-15", 1600, []briefLine{{"c-year", account.UnusedTime, 365, 16, 1600}}, []string{"refund_window:c-year"}},
		},
		{
			name: "within its twelve months nothing is said", mode: now, at: local(6, 15, 9),
			sub: bare(func(s *account.Subscription) { s.Cycle = account.Year }),
			charges: []account.Charge{with(charge("c-year", 36500, "2025-07-01", "2026-07-01"), func(c *account.Charge) {
				c.Channel, c.ChargedAt = account.Alipay, local(6, 16, 8).AddDate(-1, 0, 0)
			})},
			want: brief{now, "2026-06-15", 1600, []briefLine{{"c-year", account.UnusedTime, 365, 16, 1600}}, nil},
		},
		{
			name: "of an unknown cycle a year of charges without periods is looked at", mode: now,
			sub:     bare(func(s *account.Subscription) { s.Cycle = "" }),
			charges: []account.Charge{with(charge("c-x", 3000, "", ""), debitedAt(local(1, 1, 8))), with(charge("c-old", 3000, "", ""), debitedAt(local(1, 1, 8).AddDate(-1, 0, 0)))},
			want: brief{
				periodEnd, "", 0,
				[]briefLine{{Charge: "c-x"}},
				[]string{"charge_period:c-x", "subscription_period:sub-1"},
			},
		},
		{
			name: "a cycle paid ahead is all that is known", sub: bare(func(*account.Subscription) {}), mode: periodEnd,
			charges: []account.Charge{julyAhead},
			want:    brief{periodEnd, "2026-06-30", 3000, []briefLine{{"c-july", account.UnusedTime, 31, 31, 3000}}, nil},
		},
		{
			name: "on the first day after the period nothing of it is left", sub: june(), mode: now, at: local(7, 1, 0), charges: []account.Charge{juneCharge},
			want: brief{periodEnd, "2026-06-30", 0, nil, []string{"renewal:sub-1"}},
		},
		{
			name: "so too where only a charge told the period", sub: bare(func(*account.Subscription) {}), mode: now, at: local(7, 1, 0),
			charges: []account.Charge{juneCharge, charge("c-august", 3000, "2026-08-01", "2026-09-01")},
			want:    brief{periodEnd, "2026-06-30", 3000, []briefLine{{"c-august", account.UnusedTime, 31, 31, 3000}}, []string{"renewal:sub-1"}},
		},
		{
			name: "a cycle paid ahead is no reason to end the running one now", sub: june(), mode: now,
			charges: []account.Charge{with(juneCharge, func(c *account.Charge) { c.RefundedFen = 3000 }), julyAhead},
			want:    brief{periodEnd, "2026-06-30", 3000, []briefLine{{"c-july", account.UnusedTime, 31, 31, 3000}, toJune30}, nil},
		},
		{
			name: "a stop carried out days later does not cost the customer those days", mode: now, at: local(6, 12, 9),
			sub: stopped("2026-06-15", "2026-06-01", "2026-07-01"), charges: []account.Charge{juneCharge},
			want: brief{now, "2026-06-12", 1900, []briefLine{{"c-june", account.UnusedTime, 30, 19, 1900}}, nil},
		},
		{
			name: "an old charge with nothing to return needs no hand", mode: now, at: local(6, 15, 9),
			sub: bare(func(*account.Subscription) {}),
			charges: []account.Charge{with(charge("c-year", 36500, "2025-07-01", "2026-07-01"), func(c *account.Charge) {
				c.RefundedFen, c.ChargedAt = 36500, local(6, 12, 8).AddDate(-1, 0, 0)
			})},
			want: brief{periodEnd, "2026-06-30", 0, []briefLine{{"c-year", account.NoGround, 365, 0, 0}}, nil},
		},
		{
			name: "failed debits and past cycles have no say", sub: june(), mode: now,
			charges: []account.Charge{
				charge("c-may", 3000, "2026-05-01", "2026-06-01"),
				with(juneCharge, func(c *account.Charge) { c.State = account.ChargeFailed }),
			},
			want: brief{periodEnd, "2026-06-30", 0, nil, nil},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := tt.at
			if at.IsZero() {
				at = requested()
			}
			s := account.Snapshot{Subscriptions: []account.Subscription{tt.sub}, Charges: tt.charges, Refunds: tt.refunds}
			q, err := account.MakeQuote(s, []string{"sub-1"}, tt.mode, at, at, rules(account.PolicyA))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, briefly(q)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestQuoteEndsEachSubscriptionByItself(t *testing.T) {
	t.Parallel()
	soon := local(6, 21, 8)
	other := account.Subscription{ID: "sub-2", Cycle: account.Month, PeriodStart: "2026-05-21", PeriodEnd: "2026-06-21", NextChargeAt: &soon}
	spent := with(charge("c-other", 600, "2026-05-21", "2026-06-21"), func(c *account.Charge) {
		c.SubscriptionID, c.ConsumedFen, c.ChargedAt = "sub-2", 600, local(6, 5, 8)
	})
	s := account.Snapshot{
		Subscriptions: []account.Subscription{june(), other},
		Charges:       []account.Charge{charge("c-june", 3000, "2026-06-01", "2026-07-01"), spent},
	}
	q, err := account.MakeQuote(s, []string{"sub-2", "sub-1"}, account.Now, requested(), requested(), rules(account.PolicyB))
	if err != nil {
		t.Fatal(err)
	}
	next := local(7, 1, 8)
	want := []account.QuoteEnd{
		{SubscriptionID: "sub-1", Mode: account.Now, LastDayOfUse: "2026-06-15", NextChargeAt: &next},
		{SubscriptionID: "sub-2", Mode: account.PeriodEnd, LastDayOfUse: "2026-06-20", NextChargeAt: &soon},
	}
	if diff := cmp.Diff(want, q.Ends); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	got := []any{q.Mode, q.LastDayOfUse, *q.NextChargeAt, q.RefundFen, q.SubscriptionIDs}
	if diff := cmp.Diff([]any{account.Now, account.Date("2026-06-20"), soon, int64(1500), []string{"sub-1", "sub-2"}}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	lines := []briefLine{{"c-other", account.NoGround, 31, 0, 0}, {"c-june", account.UnusedTime, 30, 15, 1500}}
	if diff := cmp.Diff(lines, briefly(q).Lines); diff != "" {
		t.Errorf("newest first across subscriptions: -want +got\n%s", diff)
	}
}

func TestQuoteDoesNotClaimALastDayItKnowsOnlyInPart(t *testing.T) {
	t.Parallel()
	s := account.Snapshot{Subscriptions: []account.Subscription{june(), {ID: "sub-2"}}}
	q, err := account.MakeQuote(s, []string{"sub-1", "sub-2"}, account.PeriodEnd, requested(), requested(), rules(account.PolicyA))
	if err != nil {
		t.Fatal(err)
	}
	got := []any{q.LastDayOfUse, q.Ends[0].LastDayOfUse, q.NotKnown, q.Currency}
	want := []any{account.Date(""), account.Date("2026-06-30"), []string{"subscription_period:sub-2"}, "CNY"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
