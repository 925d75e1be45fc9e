package runbook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// StopKey and EndKey are the keys a stop and the end of an agreement go out under. A ticket's stop of
// the same subscription in the same mode is one effect, however often it is tried.
func StopKey(number, subscription string, mode account.Mode) string {
	return fmt.Sprintf("stop/%s/%s/%s", number, subscription, mode)
}

// EndKey is the key of an agreement's end.
func EndKey(number, agreement string) string { return fmt.Sprintf("end/%s/%s", number, agreement) }

// planCancel has two halves: the biller acknowledges that it sends no more debits, and every living
// agreement that can bill the subscription ends at its channel. Only both together are "cancelled".
func planCancel(c Case, r tickets.Settings, now time.Time) (Next, bool) {
	s := c.step(tickets.Cancel)
	if s.State.Done() || !c.step(tickets.Identify).State.Done() {
		return Next{}, false
	}
	if !stopAsked(c) && !brokenStop(c) {
		return settle(c, tickets.Cancel, tickets.Skipped, "not_asked", "Only money back was asked for.")
	}
	if !c.step(tickets.Verify).State.Done() {
		return Next{}, false
	}
	if s.State == tickets.NeedsAgent && s.Reason == tickets.ReasonProposed {
		return Next{}, false
	}
	if r.Automation.Stop != tickets.Auto && s.Reason != tickets.ReasonConfirmed && s.State == tickets.Todo {
		return settle(c, tickets.Cancel, tickets.NeedsAgent, tickets.ReasonProposed, "A person lets the stop go ahead.")
	}
	if next, ok := planStops(c, account.PeriodEnd); ok {
		return next, true
	}
	return planEnds(c, now)
}

// brokenStop reports whether a subscription of the case does not renew any more and still has a
// living agreement: "cancelled", and the debit can go on. It is ended without being asked twice.
func brokenStop(c Case) bool {
	return slices.ContainsFunc(c.Ticket.SubscriptionIDs, func(id string) bool {
		sub, ok := c.Account.Subscription(id)
		return ok && !sub.AutoRenew && len(c.Account.Billing(id)) > 0
	})
}

// planStops asks the biller for each subscription that it did not acknowledge yet.
func planStops(c Case, mode account.Mode) (Next, bool) {
	for _, id := range c.Ticket.SubscriptionIDs {
		sub, ok := c.Account.Subscription(id)
		if !ok {
			continue
		}
		key := StopKey(c.Ticket.Number(), id, mode)
		e, begun := c.effect(key)
		switch {
		case begun && e.State == tickets.EffectDone:
			continue
		case !begun && mode == account.PeriodEnd && !sub.AutoRenew && sub.NextChargeAt == nil:
			continue // the biller's own record says that it sends nothing any more
		case begun && e.State == tickets.EffectRefused:
			return settle(c, tickets.Cancel, tickets.NeedsAgent, "biller_refused", "The biller refused the stop: "+e.Detail)
		case c.tried(key):
			continue
		}
		return Next{Do: DoStop, Step: tickets.Cancel, Key: key, Subscription: id, Mode: mode}, true
	}
	return Next{}, false
}

func planEnds(c Case, now time.Time) (Next, bool) {
	var external, shared []string
	for _, a := range billing(c) {
		if a.Channel == account.External {
			external = append(external, a.ID)
			continue
		}
		if alsoBills(c, a) {
			shared = append(shared, a.ID)
			continue
		}
		key := EndKey(c.Ticket.Number(), a.ID)
		e, begun := c.effect(key)
		switch {
		case begun && e.State == tickets.EffectRefused:
			return settle(c, tickets.Cancel, tickets.NeedsAgent, "channel_refused", "The payment channel refused to end the agreement: "+e.Detail)
		case c.tried(key):
			continue
		}
		return Next{Do: DoEnd, Step: tickets.Cancel, Key: key, Agreement: a}, true
	}
	for _, e := range c.Effects {
		if (e.Kind == tickets.StopDebits || e.Kind == tickets.EndAgreement) && !e.State.Settled() {
			return unsettled(c, tickets.Cancel, e, now)
		}
	}
	switch {
	case len(shared) > 0:
		return settle(c, tickets.Cancel, tickets.NeedsCustomer, "shared_agreement",
			"The biller sends no more debits. The agreement also pays for a subscription that the customer did not ask to stop: "+strings.Join(shared, ", "))
	case len(external) > 0:
		return settle(c, tickets.Cancel, tickets.NeedsCustomer, "customer_must_act",
			"Only the customer can end an agreement with Apple, Google or a carrier: "+strings.Join(external, ", "))
	case nothingStopped(c):
		return settle(c, tickets.Cancel, tickets.Skipped, "nothing_to_stop", "Nothing renews and no agreement can debit.")
	}
	return settle(c, tickets.Cancel, tickets.Succeeded, "", "")
}

// billing are the living agreements that can bill a subscription of the case, each once.
func billing(c Case) []account.Agreement {
	var out []account.Agreement
	for _, id := range c.Ticket.SubscriptionIDs {
		for _, a := range c.Account.Billing(id) {
			if !slices.ContainsFunc(out, func(o account.Agreement) bool { return o.ID == a.ID }) {
				out = append(out, a)
			}
		}
	}
	return out
}

// alsoBills reports whether the agreement pays for a renewing subscription outside the case.
func alsoBills(c Case, a account.Agreement) bool {
	return slices.ContainsFunc(c.Account.Subscriptions, func(s account.Subscription) bool {
		return s.AutoRenew && a.Bills(s.ID) && !slices.Contains(c.Ticket.SubscriptionIDs, s.ID)
	})
}

// nothingStopped reports whether this case had no debit to stop and no agreement to end.
func nothingStopped(c Case) bool {
	return !slices.ContainsFunc(c.Effects, func(e tickets.Effect) bool {
		return e.Kind == tickets.StopDebits || e.Kind == tickets.EndAgreement
	})
}

// unsettled is the step's state while an effect has no last word: unknown, and after a day a person's.
func unsettled(c Case, name tickets.StepName, e tickets.Effect, now time.Time) (Next, bool) {
	if now.Sub(e.At) > overdue {
		return settle(c, name, tickets.NeedsAgent, "no_answer_for_a_day",
			"The other side has given no last word for more than a day: "+e.Detail)
	}
	return settle(c, name, tickets.Unknown, "waiting_for_"+string(e.Kind), e.Detail)
}

// planQuote works out what happens to the money and the access, and keeps it. Cancel does not wait
// for it.
func planQuote(c Case, _ tickets.Settings, now time.Time) (Next, bool) {
	s := c.step(tickets.QuoteIt)
	if !c.step(tickets.Identify).State.Done() || c.step(tickets.Cancel).State == tickets.Todo && c.step(tickets.Verify).State.Done() {
		return Next{}, false
	}
	if q, ok := c.quote(); s.State.Done() && ok && !(c.step(tickets.RefundIt).Reason == reasonAcceptance && now.After(q.Body.ExpiresAt)) {
		return Next{}, false
	}
	if s.State == tickets.NeedsAgent {
		return Next{}, false
	}
	mode := account.PeriodEnd
	if _, ok := c.verified(c.asked(intent.CancelAndRefund)); ok {
		mode = account.Now
	}
	return Next{Do: DoQuote, Step: tickets.QuoteIt, Mode: mode}, true
}
