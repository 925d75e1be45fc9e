package account_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

func TestPaymentFacts(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC)
	paid := func(id, txn, payer string, daysAgo int) account.Charge {
		return account.Charge{
			ID: id, ChannelTxnID: txn, Payer: payer, AmountFen: 1500, State: account.ChargePaid,
			ChargedAt: now.AddDate(0, 0, -daysAgo).Add(20 * time.Hour), // after midnight in Shanghai
		}
	}
	old := paid("c4", "t4", "openid-1", 500)
	failed := paid("c5", "t5", "openid-1", 3)
	failed.State = account.ChargeFailed
	s := account.Snapshot{
		Agreements: []account.Agreement{{ID: "a1", Payer: "openid-1", State: account.AgreementActive}},
		Charges:    []account.Charge{paid("c1", "t1", "openid-1", 40), paid("c2", "t2", "openid-1", 10), paid("c3", "t3", "6222020000001234", 10), old, failed},
	}
	txn := func(ids ...string) []account.PaymentFact {
		var out []account.PaymentFact
		for _, id := range ids {
			out = append(out, account.PaymentFact{ChannelTxnID: id})
		}
		return out
	}
	card := account.PaymentFact{ChargedAt: "2026-06-22", AmountFen: 1500, CardTail: "1234"}
	change := func(f func(*account.PaymentFact)) []account.PaymentFact {
		c := card
		f(&c)
		return []account.PaymentFact{c}
	}
	for _, c := range []struct {
		name  string
		facts []account.PaymentFact
		fits  int
		two   bool
	}{
		{"a transaction number", txn("t1"), 1, false},
		{"one that nobody has", txn("t9"), 0, false},
		{"none", txn(""), 0, false},
		{"one that is too old", txn("t4"), 0, false},
		{"one of a debit that failed", txn("t5"), 0, false},
		{"date, amount and card tail, by the local date", []account.PaymentFact{card}, 1, false},
		{"another amount", change(func(f *account.PaymentFact) { f.AmountFen = 1501 }), 0, false},
		{"another day", change(func(f *account.PaymentFact) { f.ChargedAt = "2026-06-21" }), 0, false},
		{"another card", change(func(f *account.PaymentFact) { f.CardTail = "1235" }), 0, false},
		{"a card tail too short", change(func(f *account.PaymentFact) { f.CardTail = "4" }), 0, false},
		{"date and amount alone", change(func(f *account.PaymentFact) { f.CardTail = "" }), 0, false},
		{"two of one payer", txn("t1", "t2"), 2, true},
		{"a recent one and an old one, of a yearly payer", txn("t1", "t4"), 2, true},
		{"the same twice", txn("t1", "t1"), 1, false},
		{"two of two payers", txn("t1", "t3"), 2, false},
		{"one and a wrong one", txn("t1", "t9"), 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := len(s.PaidBy(c.facts, now, zone)); got != c.fits {
				t.Errorf("%d facts fit, want %d", got, c.fits)
			}
			if got, want := s.AllTrue(c.facts, now, zone), c.fits > 0 && c.name != "one and a wrong one"; got != want {
				t.Errorf("all true: %v, want %v", got, want)
			}
			if got := s.TwoTransactions(c.facts, now, zone); got != c.two {
				t.Errorf("two transactions: %v, want %v", got, c.two)
			}
		})
	}
	ended := account.Snapshot{Charges: s.Charges, Agreements: []account.Agreement{{ID: "a1", Payer: "openid-1", State: account.AgreementTerminated}}}
	if ended.TwoTransactions(txn("t1", "t2"), now, zone) {
		t.Error("the payer of an agreement that ended is proven by it")
	}
}
