package tickets

import (
	"context"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// DebitReason says why a subscription may not be debited; "" where it may.
type DebitReason string

// The reasons against a debit, the strongest first.
const (
	DebitStopped        DebitReason = "stopped"         // the desk ended it
	DebitStopping       DebitReason = "stopping"        // a stop is on its way
	DebitRequested      DebitReason = "stop_requested"  // its owner asked to stop, and the case is being worked on
	DebitHeld           DebitReason = "held"            // kept back while it is not certain who asks
	DebitNotRenewing    DebitReason = "not_renewing"    // it does not renew any more
	DebitAgreementEnded DebitReason = "agreement_ended" // no agreement permits one
)

// Debit says whether a subscription may be debited now.
type Debit struct {
	Allowed bool
	Reason  DebitReason
	Until   *time.Time // how long a hold lasts; nil for every other reason
}

// DebitFacts is what that is judged by.
type DebitFacts struct {
	Subscription account.Subscription
	Agreements   []account.Agreement // that can bill it, ended ones too
	Stops        []Effect            // stops of it that were begun
	Holds        []Hold              // that are active
	Orders       []account.StopOrder // to a biller that pulls, oldest first
	Requested    bool                // StopRequested, of the case that works on it
}

// StopRequested reports whether somebody who was proven to be the owner asked to stop in a case that
// is not over, so that a debit now would be one that he has forbidden.
func StopRequested(t Ticket, s Steps) bool {
	asks := slices.Contains(t.Intents, intent.StopAutoRenew) || slices.Contains(t.Intents, intent.CancelAndRefund)
	return asks && t.Live() && s.Get(Verify).State.Done() && !s.Get(Cancel).State.Done()
}

// MayDebit is the desk's word to a biller that asks before it debits. It is conservative: whatever
// speaks against a debit is enough.
func MayDebit(f DebitFacts, now time.Time) Debit {
	stopping := slices.ContainsFunc(f.Stops, func(e Effect) bool { return e.State != EffectRefused })
	billing := slices.ContainsFunc(f.Agreements, account.Agreement.Alive)
	until, held := heldUntil(f, now)
	switch {
	case f.Subscription.StoppedAt != nil:
		return Debit{Reason: DebitStopped}
	case stopping, slices.ContainsFunc(f.Orders, func(o account.StopOrder) bool { return o.Kind == account.OrderStop }):
		return Debit{Reason: DebitStopping}
	case f.Requested:
		return Debit{Reason: DebitRequested}
	case held:
		return Debit{Reason: DebitHeld, Until: &until}
	case !f.Subscription.AutoRenew:
		return Debit{Reason: DebitNotRenewing}
	case len(f.Agreements) > 0 && !billing:
		return Debit{Reason: DebitAgreementEnded}
	}
	return Debit{Allowed: true}
}

// heldUntil is the end of the longest hold that is on.
func heldUntil(f DebitFacts, now time.Time) (time.Time, bool) {
	var until time.Time
	longer := func(t *time.Time) {
		if t != nil && t.After(now) && t.After(until) {
			until = *t
		}
	}
	longer(f.Subscription.HeldUntil)
	for _, h := range f.Holds {
		longer(&h.Until)
	}
	for _, o := range slices.Backward(f.Orders) {
		if o.Kind == account.OrderHold {
			longer(o.Until)
		}
		if o.Kind != account.OrderStop {
			break // the newest of holds and releases is the one that counts
		}
	}
	return until, !until.IsZero()
}

// Debit says whether a subscription may be debited now; NotFound where the desk has no such.
func (d *Desk) Debit(ctx context.Context, subscriptionID string) (Debit, error) {
	f, err := d.store.DebitFacts(ctx, subscriptionID)
	if err != nil {
		return Debit{}, err
	}
	return MayDebit(f, d.now()), nil
}
