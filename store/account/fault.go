package account

import (
	"cmp"
	"slices"
	"time"
)

// Ground is why money of a charge comes back.
type Ground string

// The grounds of a refund. All but the first are our own record speaking: nobody's word is involved, so
// they need no assurance (DESIGN.md section 4). PaidAhead is nobody's error: the debit came before the
// stop, for a cycle that then never began, so nothing is given up when it comes back. OnItsWay is none
// either: the biller named the debit when it confirmed the stop, and the customer was promised its return.
const (
	NoGround         Ground = ""
	UnusedTime       Ground = "unused_time"
	PaidAhead        Ground = "paid_ahead"
	OnItsWay         Ground = "on_its_way"
	ChargedAfterStop Ground = "charged_after_stop"
	ChargedTwice     Ground = "charged_twice"
)

// OwnFault reports whether the ground is seen in our own record alone.
func (g Ground) OwnFault() bool { return g.BeyondStop() || g == ChargedTwice }

// BeyondStop reports whether nothing is owed because the subscription was stopped.
func (g Ground) BeyondStop() bool { return g == PaidAhead || g == OnItsWay || g == ChargedAfterStop }

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
// What was debited after the stop was confirmed is for nothing owed, whatever cycle it says it is for, and
// though it says none. What was debited before it is told by its cycle: a channel may debit days before the
// cycle begins, so a charge for a later one comes back all the same, while one for a cycle that had begun
// stands, however late it is reported, unless the biller named it as on its way. Of several charges for one
// subscription and one start of a cycle the first stands and the others are faults; a charge that the
// platform itself has returned in full stands for nothing. A charge on an external channel is found too,
// though only that channel can return it.
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
		if c.State != ChargePaid || c.SubscriptionID == "" {
			continue
		}
		if ground := s.beyondStop(c, zone); ground != NoGround {
			grounds[c.ID] = ground
			continue
		}
		if c.PeriodStart == "" || leftOf(c.AmountFen, s.returned(c).elsewhere) == 0 {
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

// beyondStop is why nothing is owed for a charge: it was debited after the subscription was stopped, or
// before for a cycle that had not begun, or was on its way. NoGround where it is owed.
func (s Snapshot) beyondStop(c Charge, zone *time.Location) Ground {
	sub, ok := s.Subscription(c.SubscriptionID)
	if !ok {
		return NoGround
	}
	switch {
	case sub.StoppedAt == nil:
	case c.ChargedAt.After(*sub.StoppedAt):
		return ChargedAfterStop
	case c.PeriodStart != "" && c.PeriodStart >= s.stopEnd(sub, zone):
		return PaidAhead
	case s.named(c):
		return OnItsWay
	}
	return s.endedBefore(sub, c)
}

// named reports whether the biller named the charge beforehand, as a debit that a stop came too late for.
func (s Snapshot) named(c Charge) bool {
	return slices.ContainsFunc(s.InFlight, func(d DebitInFlight) bool {
		return d.ChargeID == c.ID && d.SubscriptionID == c.SubscriptionID
	})
}

// endedBefore is beyondStop by the platform's own record: the subscription does not renew, its
// agreement is said to be ended, and the charge is for a cycle that begins after the last paid one.
// Each of the three alone may be a record that is late.
func (s Snapshot) endedBefore(sub Subscription, c Charge) Ground {
	if sub.AutoRenew || sub.PeriodEnd == "" || c.PeriodStart < sub.PeriodEnd { // "" tells nothing and is before all
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
