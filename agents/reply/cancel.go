package reply

import (
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// cancelKind is how a cancellation came out, as far as it may be told.
type cancelKind string

const (
	stopped   cancelKind = "stopped"           // both halves are confirmed
	mustAct   cancelKind = "customer_must_act" // what is left only the customer can end
	kept      cancelKind = "agreement_kept"    // the customer keeps an agreement that pays for more
	neverWere cancelKind = "nothing_to_stop"   // nothing renewed and no agreement could debit
	wereOff   cancelKind = "stopped_before"    // the same, because it was stopped before this case
)

// cancelled is the outcome of cancel in the form the texts want it.
type cancelled struct {
	Kind       cancelKind
	Ended      []endedSubscription
	Agreements []account.Agreement     // ended in this case, with the channel's own time
	Alive      []account.Agreement     // still able to debit; never with Kind stopped
	Pending    []account.Charge        // accepted by a channel before the stop, may still settle
	InFlight   []account.DebitInFlight // named by the biller as sent before the stop
	Outside    []account.Keeper        // who keeps what only the customer can end
	Others     []account.Subscription
}

type endedSubscription struct {
	Subscription account.Subscription
	StoppedAt    time.Time    // zero where it did not renew to begin with
	LastDay      account.Date // inclusive; "" not known
}

// cancelOutcome judges by the effects, the agreements and nothing else how the cancellation came out,
// and refuses while either half is unproven: the biller's word that it sends no more debits, for each
// subscription, and the end of each agreement that can bill one (DESIGN.md section 3).
func cancelOutcome(f Facts) (cancelled, error) {
	own := f.own()
	if len(own) == 0 || len(own) != len(f.Ticket.SubscriptionIDs) {
		return cancelled{}, untrue("It is not known yet which subscriptions this case is about.")
	}
	out := cancelled{Kind: stopped, Alive: f.alive(), InFlight: f.InFlight}
	out.Outside = account.Keepers(out.Alive)
	for _, sub := range own {
		at, ok := f.stop(sub)
		if !ok {
			return cancelled{}, untrueOf("The biller has not confirmed that it sends no more debits for " + sub.ID + ".")
		}
		out.Ended = append(out.Ended, endedSubscription{Subscription: sub, StoppedAt: at, LastDay: f.lastDay(sub)})
	}
	if len(out.Alive) > 0 {
		kind, ok := f.alivePermitted(out.Alive)
		if !ok {
			return cancelled{}, untrue("An agreement that can bill these subscriptions has not ended.")
		}
		out.Kind = kind
	} else if !slices.ContainsFunc(f.Effects, func(e tickets.Effect) bool {
		return e.Kind == tickets.StopDebits || e.Kind == tickets.EndAgreement
	}) {
		out.Kind = neverWere
		if slices.ContainsFunc(own, func(s account.Subscription) bool { return s.StoppedAt != nil }) {
			out.Kind = wereOff
		}
	}
	for _, a := range f.Account.Agreements {
		if f.bills(a) && a.EndedAt != nil && !a.Alive() && !a.EndedAt.Before(f.Ticket.ReceivedAt.Truncate(time.Second)) {
			out.Agreements = append(out.Agreements, a)
		}
	}
	for _, c := range f.Account.Charges {
		if c.State == account.ChargePending && slices.Contains(f.Ticket.SubscriptionIDs, c.SubscriptionID) {
			out.Pending = append(out.Pending, c)
		}
	}
	out.Others = slices.DeleteFunc(f.Account.Renewing(), func(s account.Subscription) bool {
		return slices.Contains(f.Ticket.SubscriptionIDs, s.ID)
	})
	return out, nil
}

// alivePermitted reports whether living agreements leave something true to be told, and what.
func (f Facts) alivePermitted(alive []account.Agreement) (cancelKind, bool) {
	var external, shared int
	for _, a := range alive {
		switch {
		case a.Channel == account.External:
			external++
		case len(f.others(a)) > 0:
			shared++
		}
	}
	switch cancel := f.Steps.Get(tickets.Cancel); {
	case external == len(alive):
		return mustAct, true
	case external+shared == len(alive) && cancel.State == tickets.Skipped && cancel.Reason == string(kept):
		return kept, true
	}
	return "", false
}

// stop reports whether the biller sends no more debits for the subscription, and since when; the zero
// time where its own record said so before this case. One stop of the case without a last word, or a
// next charge still on record, is enough for no.
func (f Facts) stop(sub account.Subscription) (time.Time, bool) {
	var at time.Time
	var done, refused bool
	for _, e := range f.Effects {
		switch {
		case e.Kind != tickets.StopDebits || e.Target != sub.ID:
		case !e.State.Settled():
			return time.Time{}, false
		case e.State == tickets.EffectRefused:
			refused = true
		default:
			done = true
			if e.SettledAt != nil && (at.IsZero() || e.SettledAt.Before(at)) {
				at = *e.SettledAt
			}
		}
	}
	if at.IsZero() && sub.StoppedAt != nil {
		at = *sub.StoppedAt
	}
	return at, !sub.AutoRenew && sub.NextChargeAt == nil && (done || !refused)
}

// lastDay is the last day of use, inclusive: what the stop recorded, else the end of the paid period.
func (f Facts) lastDay(sub account.Subscription) account.Date {
	if sub.AccessUntil != "" || sub.PeriodEnd == "" {
		return sub.AccessUntil
	}
	return sub.PeriodEnd.AddDays(-1)
}

// endedNow are the case's subscriptions whose access the biller has ended at once, for money back. What the
// customer was told before, the end of the paid period, is so no more.
func (f Facts) endedNow() []endedSubscription {
	if f.Account == nil {
		return nil
	}
	var out []endedSubscription
	for _, sub := range f.own() {
		key := "stop/" + f.Ticket.Number() + "/" + sub.ID + "/" + string(account.Now) // a later attempt's goes on behind it
		if slices.ContainsFunc(f.Effects, func(e tickets.Effect) bool {
			return e.Kind == tickets.StopDebits && e.Target == sub.ID && e.State == tickets.EffectDone && strings.HasPrefix(e.Key, key)
		}) {
			out = append(out, endedSubscription{Subscription: sub, LastDay: sub.AccessUntil})
		}
	}
	return out
}

const notYetTold = "This can't be told to the customer yet. "

// untrue refuses a mail that the stored facts do not bear out, for a reason that names nothing of the case.
func untrue(why string) error {
	return &tickets.Error{Kind: tickets.Conflict, Msg: notYetTold + why, Fixed: true}
}

// untrueOf is untrue for a reason that names something of the case, which a log does not quote.
func untrueOf(why string) error {
	return &tickets.Error{Kind: tickets.Conflict, Msg: notYetTold + why}
}
