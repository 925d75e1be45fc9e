package account

import (
	"errors"
	"fmt"
	"math/bits"
)

// Policy says how the unused part of a paid period is counted and rounded.
type Policy string

// The policies (DOMAIN.md section 3). Where the terms are silent the count has to favour the consumer
// (侵害消费者权益行为处罚办法 Art. 10), which is PolicyA; PolicyB is what contracts typically say.
const (
	PolicyA Policy = "A" // the day of cancelling is unused; a part of a fen rounds up
	PolicyB Policy = "B" // the day of cancelling is used; half a fen and more rounds up
)

// Known reports whether the policy is one Prorate can count by.
func (p Policy) Known() bool { return p == PolicyA || p == PolicyB }

// Proration is what the unused part of one charge is counted from. Amounts are fen of one currency.
type Proration struct {
	PaidFen     int64 // cash actually paid, after coupons
	RefundedFen int64 // already returned of it, or on its way
	ConsumedFen int64 // benefits used up, where the terms allow their deduction
	Start, End  Date  // the paid period, [Start, End)
	Cancel      Date  // the local day of the request
	Policy      Policy
}

// Prorated is the answer: how many days of the period go unused and what comes back for them.
type Prorated struct {
	Days, UnusedDays int
	ProratedFen      int64 // the unused days' share of what was paid, before the cap
	RefundFen        int64 // what comes back: never negative, never above paid - refunded - consumed
	Capped           bool  // the cap took something off ProratedFen
}

// Prorate counts the refund for the unused days of a paid period: the remaining over the whole
// period, as 法释〔2025〕4号 Art. 22 has it, over the days the period really has. A cancellation
// before the period leaves it unused as a whole, one after it leaves nothing. The share is multiplied
// before it is divided, in 128 bits, and rounded once. What was refunded before or consumed caps the
// result, but is never claimed back (Art. 20). An error names what can't be counted: an empty or
// reversed period, a date that is none, a negative amount, an unknown policy.
func Prorate(p Proration) (Prorated, error) {
	if err := p.check(); err != nil {
		return Prorated{}, fmt.Errorf("prorate: %w", err)
	}
	firstUnused := p.Cancel
	if p.Policy == PolicyB {
		firstUnused = p.Cancel.AddDays(1)
	}
	days := p.Start.DaysUntil(p.End)
	unused := min(max(firstUnused.DaysUntil(p.End), 0), days)
	share := shareOf(p.PaidFen, unused, days, p.Policy)
	left := leftOf(p.PaidFen, p.RefundedFen, p.ConsumedFen)
	return Prorated{
		Days: days, UnusedDays: unused,
		ProratedFen: share, RefundFen: min(share, left), Capped: left < share,
	}, nil
}

func (p Proration) check() error {
	for _, d := range []Date{p.Start, p.End, p.Cancel} {
		if _, err := ParseDate(string(d)); err != nil {
			return err
		}
	}
	switch {
	case p.End <= p.Start:
		return fmt.Errorf("the period %s to %s has no day", p.Start, p.End)
	case p.PaidFen < 0 || p.RefundedFen < 0 || p.ConsumedFen < 0:
		return errors.New("an amount is negative")
	case !p.Policy.Known():
		return fmt.Errorf("policy %q: want A or B", p.Policy)
	}
	return nil
}

// shareOf is paid × unused ÷ days, rounded as the policy says. With 0 ≤ unused ≤ days the result is
// at most paid, so that the 128-bit division can't overflow.
func shareOf(paidFen int64, unused, days int, policy Policy) int64 {
	hi, lo := bits.Mul64(uint64(paidFen), uint64(unused))
	share, rest := bits.Div64(hi, lo, uint64(days))
	if (policy == PolicyA && rest > 0) || (policy == PolicyB && 2*rest >= uint64(days)) {
		share++
	}
	return int64(share)
}

// leftOf is what may still come back of paid after each of the parts was taken off, never negative.
// It goes part by part because the sum of two amounts may not fit where their difference does.
func leftOf(paidFen int64, parts ...int64) int64 {
	left := max(paidFen, 0)
	for _, part := range parts {
		left = max(left-max(part, 0), 0)
	}
	return left
}
