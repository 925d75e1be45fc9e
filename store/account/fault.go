package account

import (
	"cmp"
	"slices"
	"time"
)

// Ground is why money of a charge comes back.
type Ground string

// The grounds of a refund. The last three are our own record speaking: nobody's word is involved, so
// they need no assurance (DESIGN.md section 4). PaidAhead is nobody's error: the debit came before the
// stop, for a cycle that then never began, so nothing is given up when it comes back.
const (
	NoGround         Ground = ""
	UnusedTime       Ground = "unused_time"
	PaidAhead        Ground = "paid_ahead"
	ChargedAfterStop Ground = "charged_after_stop"
	ChargedTwice     Ground = "charged_twice"
)

// OwnFault reports whether the ground is seen in our own record alone.
func (g Ground) OwnFault() bool { return g == PaidAhead || g == ChargedAfterStop || g == ChargedTwice }

// OwnFault is a charge for which nothing is owed, with what is still to be returned of it in fen.
type OwnFault struct {
	ChargeID  string
	Ground    Ground
	AmountFen int64
}

// OwnFaults finds the paid charges that by our own record nothing is owed for, newest first, and
// leaves out those of which nothing is left to return. They come back whole, less only what was
// returned already: value consumed in a period nobody ordered is not deducted.
//
// That a charge is for nothing owed after the stop is told by its cycle, not by its date: a channel may
// debit days before the cycle begins, so the charge can be older than the stop. It comes back whole
// all the same, and its ground says which of the two it is. Of several charges for one subscription and
// one start of a cycle the first stands and the others are faults; a charge that the platform itself
// has returned in full stands for nothing. A charge on an external channel is found too, though only
// that channel can return it.
func OwnFaults(s Snapshot, zone *time.Location) []OwnFault {
	grounds := faultGrounds(s, zone)
	var out []OwnFault
	for _, c := range newestFirst(s.Charges) {
		ground, faulty := grounds[c.ID]
		if !faulty {
			continue
		}
		if left := leftOf(c.AmountFen, s.returned(c).total()); left > 0 {
			out = append(out, OwnFault{ChargeID: c.ID, Ground: ground, AmountFen: left})
		}
	}
	return out
}

// faultGrounds maps the ids of the faulty charges to their ground. A second charge for a cycle
// after the stop counts like the first.
func faultGrounds(s Snapshot, zone *time.Location) map[string]Ground {
	type cycle struct {
		subscription string
		start        Date
	}
	grounds := map[string]Ground{}
	taken := map[cycle]bool{}
	charges := newestFirst(s.Charges)
	slices.Reverse(charges)
	for _, c := range charges {
		if c.State != ChargePaid || c.SubscriptionID == "" || c.PeriodStart == "" {
			continue
		}
		if ground := s.beyondStop(c, zone); ground != NoGround {
			grounds[c.ID] = ground
			continue
		}
		if leftOf(c.AmountFen, s.returned(c).elsewhere) == 0 {
			continue
		}
		key := cycle{c.SubscriptionID, c.PeriodStart}
		if taken[key] {
			grounds[c.ID] = ChargedTwice
		}
		taken[key] = true
	}
	return grounds
}

// beyondStop is why nothing is owed for the cycle of a charge: the subscription was stopped before the
// cycle began, after the debit or before it. NoGround where the cycle is owed.
func (s Snapshot) beyondStop(c Charge, zone *time.Location) Ground {
	sub, ok := s.Subscription(c.SubscriptionID)
	if !ok {
		return NoGround
	}
	if sub.StoppedAt != nil && c.PeriodStart >= s.stopEnd(sub, zone) {
		if !c.ChargedAt.After(*sub.StoppedAt) {
			return PaidAhead
		}
		return ChargedAfterStop
	}
	return s.endedBefore(sub, c)
}

// endedBefore is beyondStop by the platform's own record: the subscription does not renew, its
// agreement is said to be ended, and the charge is for a cycle that begins after the last paid one.
// Each of the three alone may be a record that is late.
func (s Snapshot) endedBefore(sub Subscription, c Charge) Ground {
	if sub.AutoRenew || sub.PeriodEnd == "" || c.PeriodStart < sub.PeriodEnd {
		return NoGround
	}
	i := slices.IndexFunc(s.Agreements, func(a Agreement) bool {
		return a.ID == c.AgreementID && (a.ClaimedEnded || !a.Alive())
	})
	switch {
	case i < 0:
		return NoGround
	case s.Agreements[i].EndedAt != nil && !c.ChargedAt.After(*s.Agreements[i].EndedAt):
		return PaidAhead
	}
	return ChargedAfterStop
}

// stopEnd is the first day a stopped subscription owes nothing for: the day after its last day of
// use, or where that is not known the end of the paid period that the stop fell into, or the day of
// the stop itself where none was paid. The subscription's own period alone would not do: a charge
// after the stop moves it on.
func (s Snapshot) stopEnd(sub Subscription, zone *time.Location) Date {
	if sub.AccessUntil != "" {
		return sub.AccessUntil.AddDays(1)
	}
	day := DateOf(*sub.StoppedAt, zone)
	byThen := func(c Charge) bool { return !c.ChargedAt.After(*sub.StoppedAt) }
	if end := s.coveredUntil(sub, day, byThen); end != "" {
		return end
	}
	return day
}

// coveredUntil is the end of the latest period that holds the day, of the subscription's own and
// those of its paid charges that count; "" where none does.
func (s Snapshot) coveredUntil(sub Subscription, day Date, counts func(Charge) bool) Date {
	var end Date
	if sub.PeriodStart != "" && sub.PeriodStart <= day && day < sub.PeriodEnd {
		end = sub.PeriodEnd
	}
	for _, c := range s.Charges {
		if c.SubscriptionID == sub.ID && c.State == ChargePaid && c.hasPeriod() &&
			c.PeriodStart <= day && day < c.PeriodEnd && counts(c) {
			end = max(end, c.PeriodEnd)
		}
	}
	return end
}

// newestFirst is a copy of the charges by time of debit, the id deciding between equals.
func newestFirst(charges []Charge) []Charge {
	out := slices.Clone(charges)
	slices.SortFunc(out, func(a, b Charge) int {
		return newer(a.ChargedAt, a.ID, b.ChargedAt, b.ID)
	})
	return out
}

func newer(at time.Time, id string, otherAt time.Time, otherID string) int {
	return cmp.Or(otherAt.Compare(at), cmp.Compare(otherID, id))
}
