package account_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/canceldesk/canceldesk/store/account"
)

// member is an account with a running June and some coins.
func member() account.Snapshot {
	return account.Snapshot{
		Account:       account.Account{No: "A1"},
		Subscriptions: []account.Subscription{june()},
		Charges: []account.Charge{
			charge("c-may", 3000, "2026-05-01", "2026-06-01"), charge("c-june", 3000, "2026-06-01", "2026-07-01"),
		},
		Assets: []account.AssetLot{
			{ID: "l1", Kind: account.AssetCoins, Source: account.Paid, Quantity: 60, ValueFen: 600},
			{ID: "l2", Kind: account.AssetPoints, Source: account.Gift, Quantity: 9},
		},
	}
}

func quoteNow(t *testing.T, s account.Snapshot, mode account.Mode, at, now time.Time, p account.Policy) account.Quote {
	t.Helper()
	q, err := account.MakeQuote(s, []string{"sub-1"}, mode, at, now, rules(p))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestQuoteHash(t *testing.T) {
	t.Parallel()
	base := quoteNow(t, member(), account.Now, requested(), requested(), account.PolicyA)
	for _, tt := range []struct {
		name   string
		change func(s *account.Snapshot)
		mode   account.Mode
		at     time.Time
		now    time.Time
		policy account.Policy
		same   bool
		ahead  bool // July is paid already
	}{
		{name: "asked again a day later", now: requested().Add(24 * time.Hour), same: true},
		{name: "another hour of the same day", at: local(6, 15, 23), same: true},
		{name: "the same data in another order", change: func(s *account.Snapshot) { slices.Reverse(s.Charges); slices.Reverse(s.Assets) }, same: true},
		{name: "the same instants in another zone", change: func(s *account.Snapshot) { s.Charges[1].ChargedAt = s.Charges[1].ChargedAt.UTC() }, same: true},
		{name: "a debit under way", change: func(s *account.Snapshot) {
			s.Charges = append(s.Charges, with(charge("c-p", 1, "", ""), func(c *account.Charge) { c.State = account.ChargePending }))
		}, same: true},
		{name: "the stop carried out meanwhile", change: func(s *account.Snapshot) {
			s.Subscriptions[0] = stopped("2026-06-15", "2026-06-01", "2026-07-01")
		}, same: true},
		{name: "a cycle paid ahead that the stop made one that never begins", ahead: true, change: func(s *account.Snapshot) {
			s.Subscriptions[0] = stopped("2026-06-15", "2026-06-01", "2026-07-01")
		}, same: true},
		{name: "the next local day", at: time.Date(2026, 6, 15, 16, 30, 0, 0, time.UTC)},
		{name: "another mode", mode: account.PeriodEnd},
		{name: "another policy", policy: account.PolicyB},
		{name: "another amount paid", change: func(s *account.Snapshot) { s.Charges[1].AmountFen++ }},
		{name: "a fen consumed, though the amount stays", change: func(s *account.Snapshot) { s.Charges[1].ConsumedFen = 1 }},
		{name: "a fen refunded, though the amount stays", change: func(s *account.Snapshot) { s.Charges[1].RefundedFen = 1 }},
		{name: "coins spent", change: func(s *account.Snapshot) { s.Assets[0].UsedFen = 1 }},
		{name: "another account", change: func(s *account.Snapshot) { s.Account.No = "A2" }},
		{name: "another currency", change: func(s *account.Snapshot) { s.Charges[1].Currency = "HKD" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, mode, at, now, policy := member(), account.Now, requested(), requested(), account.PolicyA
			base := base
			if tt.ahead {
				s.Charges = append(s.Charges, with(charge("c-july", 3000, "2026-07-01", "2026-08-01"), debitedAt(local(6, 13, 8))))
				base = quoteNow(t, s, mode, at, now, policy)
			}
			if tt.change != nil {
				tt.change(&s)
			}
			if tt.mode != "" {
				mode = tt.mode
			}
			if tt.policy != "" {
				policy = tt.policy
			}
			if !tt.at.IsZero() {
				at = tt.at
			}
			if !tt.now.IsZero() {
				now = tt.now
			}
			if q := quoteNow(t, s, mode, at, now, policy); (q.Hash == base.Hash) != tt.same {
				t.Errorf("hash %s and %s: same is %v, want %v", base.Hash, q.Hash, !tt.same, tt.same)
			}
		})
	}
}

// TestQuoteHashStaysForTheRuleVersion fails whenever the hashed form changes: customers' acceptances
// of a rule version are bound to it, so that a change needs a new one.
func TestQuoteHashStaysForTheRuleVersion(t *testing.T) {
	t.Parallel()
	q := quoteNow(t, member(), account.Now, requested(), requested(), account.PolicyA)
	want := []string{"2026-11/A", "dc31081dc0554099211fc43e496f5e1ac660d5d08ecceb71edee4c9789168db9"}
	if diff := cmp.Diff(want, []string{q.RuleVersion, q.Hash}); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestQuoteRefusesInWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		ids    []string
		mode   account.Mode
		rules  account.QuoteRules
		change func(s *account.Snapshot)
		says   string
	}{
		{name: "no subscription named", ids: []string{}, says: "no subscription was named"},
		{name: "somebody else's subscription", ids: []string{"sub-9"}, says: `the account has no subscription "sub-9"`},
		{name: "an unknown mode", mode: "later", says: `mode "later"`},
		{name: "an unknown policy", rules: rules("C"), says: `refund policy "C"`},
		{name: "no zone", rules: account.QuoteRules{Policy: account.PolicyA}, says: "no time zone"},
		{
			name: "two currencies", says: "the charges are in different currencies",
			change: func(s *account.Snapshot) {
				s.Charges = append(s.Charges, with(charge("c-usd", 500, "2026-06-10", "2026-07-10"), func(c *account.Charge) { c.Currency = "USD" }))
			},
		},
		{
			name: "a negative consumption", says: "charge c-june: prorate: an amount is negative",
			change: func(s *account.Snapshot) { s.Charges[1].ConsumedFen = -1 },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, ids, mode, r := member(), []string{"sub-1"}, account.Now, rules(account.PolicyA)
			if tt.ids != nil {
				ids = tt.ids
			}
			if tt.mode != "" {
				mode = tt.mode
			}
			if tt.rules.Policy != "" {
				r = tt.rules
			}
			if tt.change != nil {
				tt.change(&s)
			}
			q, err := account.MakeQuote(s, ids, mode, requested(), requested(), r)
			if !errors.Is(err, account.ErrNotQuotable) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("quote %+v, error %v, want one that says %q", q, err, tt.says)
			}
			if mixed := tt.name == "two currencies"; errors.Is(err, account.ErrMixedCurrencies) != mixed {
				t.Errorf("error %v is about currencies: want %v", err, mixed)
			}
		})
	}
}

// TestQuoteHoldsForAnyAccount draws accounts with charges in every state, returned in every way, and
// looks for what must never happen.
func TestQuoteHoldsForAnyAccount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anyAccount(t)
		at := local(6, 1, 0).Add(time.Duration(rapid.IntRange(0, 90*24).Draw(t, "hours")) * time.Hour)
		mode := rapid.SampledFrom([]account.Mode{account.PeriodEnd, account.Now}).Draw(t, "mode")
		policy := rapid.SampledFrom([]account.Policy{account.PolicyA, account.PolicyB}).Draw(t, "policy")
		q, err := account.MakeQuote(s, []string{"sub-1"}, mode, at, at, rules(policy))
		if err != nil {
			t.Fatal(err)
		}
		faults := map[string]int64{}
		for _, f := range account.OwnFaults(s, shanghai()) {
			faults[f.ChargeID] = f.AmountFen
		}
		seen, sum := map[string]bool{}, int64(0)
		for _, l := range q.Lines {
			left := max(0, l.PaidFen-l.RefundedFen)
			if l.RefundFen < 0 || l.RefundFen > left || (l.Ground == account.UnusedTime && l.RefundFen > max(0, left-l.ConsumedFen)) {
				t.Fatalf("%+v pays more than is left", l)
			}
			if (l.RefundFen > 0) != (l.Ground != account.NoGround) || l.Ground.OwnFault() != (faults[l.ChargeID] > 0) {
				t.Fatalf("%+v: the ground does not fit the refund, own fault %d", l, faults[l.ChargeID])
			}
			if l.Ground.OwnFault() && l.RefundFen != faults[l.ChargeID] {
				t.Fatalf("%+v: an own fault of %d is not returned whole", l, faults[l.ChargeID])
			}
			if seen[l.ChargeID] || l.ArithmeticZH == "" || l.ArithmeticEN == "" {
				t.Fatalf("%+v is there twice or without words", l)
			}
			seen[l.ChargeID], sum = true, sum+l.RefundFen
		}
		for id := range faults {
			if !seen[id] {
				t.Fatalf("own fault %s has no line", id)
			}
		}
		if sum != q.RefundFen {
			t.Fatalf("the lines are %d together, the quote says %d", sum, q.RefundFen)
		}
		later := at.AddDate(0, 0, rapid.IntRange(1, 60).Draw(t, "later"))
		if l, err := account.MakeQuote(s, []string{"sub-1"}, mode, later, later, rules(policy)); err != nil || l.RefundFen > q.RefundFen {
			t.Fatalf("%s pays %d, %s %d: %v", q.AsOf, q.RefundFen, l.AsOf, l.RefundFen, err)
		}
		for i := range q.Lines { // what was quoted and sent is not quoted again
			s.Refunds = append(s.Refunds, account.Refund{
				ChargeID: q.Lines[i].ChargeID, AmountFen: q.Lines[i].RefundFen,
				OwnFault: q.Lines[i].Ground.OwnFault(), State: account.RefundApproved,
			})
		}
		again, err := account.MakeQuote(s, []string{"sub-1"}, q.Mode, at, at, rules(policy))
		if err != nil || again.RefundFen != 0 {
			t.Fatalf("sent once, and %d is quoted again: %v\n%+v", again.RefundFen, err, again.Lines)
		}
	})
}

// anyAccount draws one subscription, running or stopped, with charges of overlapping and double cycles.
func anyAccount(t *rapid.T) account.Snapshot {
	s := account.Snapshot{Subscriptions: []account.Subscription{june()}}
	switch rapid.IntRange(0, 3).Draw(t, "subscription") {
	case 0:
		s.Subscriptions[0].PeriodStart, s.Subscriptions[0].PeriodEnd = "", ""
	case 1:
		s.Subscriptions[0] = stopped("2026-06-30", "2026-06-01", "2026-07-01")
	case 2:
		s.Subscriptions[0] = stopped("", "2026-07-01", "2026-08-01")
	}
	fen := rapid.Int64Range(0, 5000)
	for i := range rapid.IntRange(0, 5).Draw(t, "charges") {
		start := account.Date("2026-05-01").AddMonths(rapid.IntRange(0, 3).Draw(t, "start"), 1)
		c := charge("c"+string(rune('0'+i)), fen.Draw(t, "paid"), start, start.AddMonths(rapid.SampledFrom([]int{1, 3}).Draw(t, "months"), 1))
		c.ChargedAt = c.ChargedAt.AddDate(0, 0, rapid.IntRange(-5, 5).Draw(t, "shift"))
		c.ConsumedFen = rapid.SampledFrom([]int64{0, 0, 500}).Draw(t, "consumed")
		c.State = rapid.SampledFrom([]account.ChargeState{account.ChargePaid, account.ChargePaid, account.ChargeFailed, account.ChargePending}).Draw(t, "state")
		s.Charges = append(s.Charges, c)
		if rapid.Bool().Draw(t, "refund") {
			s.Refunds = append(s.Refunds, account.Refund{
				ChargeID: c.ID, AmountFen: fen.Draw(t, "refunded"), Elsewhere: rapid.Bool().Draw(t, "elsewhere"),
				State: rapid.SampledFrom([]account.RefundState{account.RefundSucceeded, account.RefundUnknown, account.RefundRejected}).Draw(t, "refund state"),
			})
		}
	}
	return s
}
