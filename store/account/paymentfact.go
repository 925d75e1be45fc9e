package account

import (
	"slices"
	"strings"
	"time"
)

// PaymentFact is something that a payer can know of a debit: its transaction number, or its date and
// amount together with the end of the card's number.
type PaymentFact struct {
	ChannelTxnID string
	ChargedAt    Date // local date in the desk's zone
	AmountFen    int64
	CardTail     string // the last four digits
}

// recent is how old a debit may be for somebody to prove himself by it: a yearly one, and a month.
const recent = 400 * 24 * time.Hour

// Fits reports whether the fact is true of the charge. Half a fact fits nothing.
func (f PaymentFact) Fits(c Charge, zone *time.Location) bool {
	if f.ChannelTxnID != "" {
		return c.ChannelTxnID == f.ChannelTxnID
	}
	const tail = 4
	return f.ChargedAt != "" && f.AmountFen > 0 && len(f.CardTail) == tail && f.ChargedAt == DateOf(c.ChargedAt, zone) &&
		f.AmountFen == c.AmountFen && strings.HasSuffix(c.Payer, f.CardTail)
}

// paidBy is the place of the paid charge that the fact fits, -1 for none.
func (s Snapshot) paidBy(f PaymentFact, zone *time.Location) int {
	return slices.IndexFunc(s.Charges, func(c Charge) bool { return c.State == ChargePaid && f.Fits(c, zone) })
}

// PaidBy are the paid charges of the account that the facts fit, each once, in the order of the facts. A
// fact that fits none is left out. One of them at least has to be recent, else there are none: whoever pays
// by the year has only one recent debit and names an older one besides.
func (s Snapshot) PaidBy(facts []PaymentFact, at time.Time, zone *time.Location) []Charge {
	var out []Charge
	for _, f := range facts {
		i := s.paidBy(f, zone)
		if i >= 0 && !slices.ContainsFunc(out, func(c Charge) bool { return c.ID == s.Charges[i].ID }) {
			out = append(out, s.Charges[i])
		}
	}
	if !slices.ContainsFunc(out, func(c Charge) bool { return at.Sub(c.ChargedAt) <= recent }) {
		return nil
	}
	return out
}

// AllTrue reports whether every fact fits a paid charge of the account, one of them a recent one.
func (s Snapshot) AllTrue(facts []PaymentFact, at time.Time, zone *time.Location) bool {
	return len(s.PaidBy(facts, at, zone)) > 0 &&
		!slices.ContainsFunc(facts, func(f PaymentFact) bool { return s.paidBy(f, zone) < 0 })
}

// TwoTransactions reports whether the facts name, by their transaction numbers, two charges of one payer
// whose agreement lives: the way for somebody who lost the phone (DESIGN.md section 4).
func (s Snapshot) TwoTransactions(facts []PaymentFact, at time.Time, zone *time.Location) bool {
	byNumber := slices.DeleteFunc(slices.Clone(facts), func(f PaymentFact) bool { return f.ChannelTxnID == "" })
	paid := s.PaidBy(byNumber, at, zone)
	return slices.ContainsFunc(s.Agreements, func(a Agreement) bool {
		n := 0
		for _, c := range paid {
			if a.Alive() && a.Payer != "" && c.Payer == a.Payer {
				n++
			}
		}
		return n >= 2
	})
}
