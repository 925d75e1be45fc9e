package web

import (
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// stand is how what a case is about stands at the biller, whoever brought that about.
type stand string

const (
	standsUnknown stand = ""      // it is not known which subscriptions the case is about
	standsHeld    stand = "held"  // the biller has not confirmed that it debits again
	standsEnded   stand = "ended" // something does not renew any more
	standsOff     stand = "off"   // nothing renews any more, and no living agreement can bill it
	standsRenews  stand = "renews"
)

// standing says how the subscriptions of a case stand.
func standing(t tickets.Ticket, snap account.Snapshot, holds []tickets.Hold, effects []tickets.Effect, now time.Time) stand {
	renews, billed := 0, 0
	for _, id := range t.SubscriptionIDs {
		if sub, ok := snap.Subscription(id); ok && (sub.AutoRenew || sub.NextChargeAt != nil) {
			renews++
		}
		billed += len(snap.Billing(id))
	}
	switch {
	case len(t.SubscriptionIDs) == 0:
		return standsUnknown
	case renews == 0 && billed == 0:
		return standsOff
	case renews < len(t.SubscriptionIDs):
		return standsEnded
	case slices.ContainsFunc(holds, func(h tickets.Hold) bool { return keptBack(h, effects, now) }):
		return standsHeld
	}
	return standsRenews
}

// keptBack reports whether a hold keeps a debit back as far as is known: a biller that refuses to release
// it keeps it until its end.
func keptBack(h tickets.Hold, effects []tickets.Effect, now time.Time) bool {
	refused := slices.ContainsFunc(effects, func(e tickets.Effect) bool {
		return e.Kind == tickets.ReleaseDebits && e.Target == h.SubscriptionID && e.State == tickets.EffectRefused
	})
	return h.State == tickets.HoldActive || h.State == tickets.HoldReleased && refused && now.Before(h.Until)
}

// phase is where the case is, in the words that a customer needs.
func phase(t tickets.Ticket, steps tickets.Steps, held bool, stands stand) string {
	cancel := steps.Get(tickets.Cancel)
	asks := slices.ContainsFunc(steps, func(s tickets.Step) bool { return s.State == tickets.NeedsCustomer }) ||
		t.Status == tickets.Pending && len(steps) == 0
	switch {
	case t.Denied():
		return deniedPhase(t, stands)
	case t.Reason == tickets.ReasonWithdrawn && stands == standsRenews:
		return "taken_back"
	case t.Reason == tickets.ReasonWithdrawn && stands == standsHeld:
		return "taken_back_held"
	case t.Reason == tickets.ReasonWithdrawn:
		return "taken_back_only"
	case t.Objection == tickets.ReasonWithdrawal && cancel.State == tickets.Succeeded:
		return "again" // too late to be taken back
	case t.Reason == tickets.ReasonPauseAsked && held:
		return "paused_held"
	case t.Reason == tickets.ReasonPauseAsked:
		return "paused"
	case t.Objection == tickets.ReasonWithdrawal:
		return "withdrawn"
	case cancel.State == tickets.Succeeded:
		return "stopped"
	case cancel.Reason == "customer_must_act", cancel.Reason == "agreement_kept", cancel.Reason == "nothing_to_stop":
		return cancel.Reason
	case t.Status == tickets.Closed:
		return "closed"
	case stands == standsOff: // by another case
		return "stopped"
	case held && stands != standsEnded:
		return "held"
	case asks && stands != standsEnded:
		return "asked"
	}
	return "working"
}

// deniedPhase is where a case is that was not asked for by the customer.
func deniedPhase(t tickets.Ticket, stands stand) string {
	switch {
	case t.Objection == tickets.ReasonDeniedStopped, stands == standsOff, stands == standsEnded:
		return "denied_ended"
	case stands == standsHeld:
		return "denied_held"
	case stands == standsRenews:
		return "denied"
	}
	return "denied_only"
}
