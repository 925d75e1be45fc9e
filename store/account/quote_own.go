package account

import (
	"errors"
	"slices"
	"time"
)

// Standing is how a subscription stood when its quote was made: what the quote's own carrying out may
// change of it, in our record and in the platform's.
type Standing struct {
	SubscriptionID         string
	StoppedAt              *time.Time
	AccessUntil            Date
	AutoRenew              bool
	PeriodStart, PeriodEnd Date
}

// CarriedOut is what was done of a quote.
type CarriedOut struct {
	MadeAt  time.Time // when the quote was made
	Refunds []string  // ids of the refunds that it led to, whatever became of them
	Sent    []string  // charges whose refund of it was sent, or may have been
	Ended   []string  // subscriptions whose access was ended for it, or may have been
}

// Holds reports whether the quote would be the same if it were made now from a snapshot, as if nothing of
// it had been carried out: its own refunds, its own end of access, and what the platform tells of either
// never change it. ok is false where it can't be made any more.
func (q Quote) Holds(s Snapshot, done CarriedOut, subscriptionIDs []string, mode Mode, requestReceived, now time.Time, r QuoteRules) (holds, ok bool, err error) {
	s = q.undone(s, done)
	again, err := MakeQuote(s, subscriptionIDs, mode, requestReceived, now, r)
	if errors.Is(err, ErrNotQuotable) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	if len(done.Ended) > 0 {
		again.Assets = q.Assets // what an account may hold can end with its access
		if again.Hash, err = again.hash(s); err != nil {
			return false, false, err
		}
	}
	return again.Hash == q.Hash, true, nil
}

// undone is the account as it would stand if nothing of the quote had been carried out.
func (q Quote) undone(s Snapshot, done CarriedOut) Snapshot {
	s = q.BeforeEnd(s, done.Ended)
	s.Refunds = slices.DeleteFunc(slices.Clone(s.Refunds), func(r Refund) bool {
		sent := slices.Contains(done.Sent, r.ChargeID)
		return slices.Contains(done.Refunds, r.ID) || sent && (r.Elsewhere || r.At.After(done.MadeAt))
	})
	// A debit from after the end of access is a case of its own.
	s.Charges = slices.DeleteFunc(slices.Clone(s.Charges), func(c Charge) bool {
		return slices.Contains(done.Ended, c.SubscriptionID) && c.ChargedAt.After(done.MadeAt)
	})
	for i, c := range s.Charges {
		j := slices.IndexFunc(q.Lines, func(l QuoteLine) bool { return l.ChargeID == c.ID })
		if j < 0 || !slices.Contains(done.Sent, c.ID) {
			continue
		}
		// The platform may tell of our own refund as of one that it made itself, so what was sent is not looked
		// at any more: nothing about it can be decided again.
		c.State, c.ConsumedFen, c.RefundedFen = ChargePaid, q.Lines[j].ConsumedFen, 0
		c.RefundedFen = leftOf(q.Lines[j].RefundedFen, s.returned(c).desk)
		s.Charges[i] = c
	}
	return s
}

// BeforeEnd is the account as it would stand if the access of those subscriptions, which the quote ended,
// had not ended: what it was asked for is counted from the same days, and a cycle that never begins
// only because of it is still unused time, which takes a yes and an approval.
func (q Quote) BeforeEnd(s Snapshot, ended []string) Snapshot {
	s.Subscriptions = slices.Clone(s.Subscriptions)
	for _, was := range q.Before {
		i := slices.IndexFunc(s.Subscriptions, func(x Subscription) bool { return x.ID == was.SubscriptionID })
		if i < 0 || !slices.Contains(ended, was.SubscriptionID) {
			continue
		}
		sub := &s.Subscriptions[i]
		sub.StoppedAt, sub.AccessUntil, sub.AutoRenew = was.StoppedAt, was.AccessUntil, was.AutoRenew
		sub.PeriodStart, sub.PeriodEnd = was.PeriodStart, was.PeriodEnd
	}
	return s
}
