package runbook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
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
// One side's refusal keeps nothing else from being stopped. A case that asked only for money back is
// taken up again when a later message asks for the stop.
func planCancel(c Case, r tickets.Settings, now time.Time) (Next, bool) {
	s := c.step(tickets.Cancel)
	if s.State.Done() && s.Reason != reasonNotAsked || !c.step(tickets.Identify).State.Done() {
		return Next{}, false
	}
	if !stopAsked(c) && !brokenStop(c) {
		return settle(c, tickets.Cancel, tickets.Skipped, reasonNotAsked, "Only money back was asked for.")
	}
	if !c.step(tickets.Verify).State.Done() {
		return Next{}, false
	}
	if _, ok := c.verified(c.inbound(asksStop)); !ok && !brokenStop(c) {
		// What was verified is a claim for money back; the stop itself was asked by somebody else.
		return settle(c, tickets.Cancel, tickets.NeedsCustomer, tickets.ReasonNotVerified,
			"The request to stop did not come, authenticated, from the account's registered address.")
	}
	if s.State == tickets.NeedsAgent && s.Reason == tickets.ReasonProposed {
		return Next{}, false
	}
	if r.Automation.Stop != tickets.Auto && s.Reason != tickets.ReasonConfirmed && (s.State == tickets.Todo || s.State.Done()) {
		return settle(c, tickets.Cancel, tickets.NeedsAgent, tickets.ReasonProposed, "A person lets the stop go ahead.")
	}
	if next, ok := planStops(c); ok {
		return next, true
	}
	if next, ok := planEnds(c); ok {
		return next, true
	}
	return settleCancel(c, now)
}

// reasonNotAsked is the reason of a step that nobody asked for.
const reasonNotAsked = "not_asked"

// brokenStop reports whether a subscription of the case does not renew any more and still has a
// living agreement: "cancelled", and the debit can go on. It is ended without being asked twice.
func brokenStop(c Case) bool {
	return slices.ContainsFunc(c.Ticket.SubscriptionIDs, func(id string) bool {
		sub, ok := c.Account.Subscription(id)
		return ok && !sub.AutoRenew && len(c.Account.Billing(id)) > 0
	})
}

// planStops asks the biller for each subscription that it gave no last word on yet, and once more where
// it refused and that may be tried again.
func planStops(c Case) (Next, bool) {
	for _, id := range c.Ticket.SubscriptionIDs {
		sub, ok := c.Account.Subscription(id)
		last := c.lastTry(StopKey(c.Ticket.Number(), id, account.PeriodEnd), id)
		key := last.key()
		switch {
		case !ok, c.tried(key), last.begun && last.State == tickets.EffectDone && (silent(sub) || !c.again(last, tickets.Cancel)):
		case !last.begun && silent(sub):
			// The biller's own record says that it sends nothing any more.
		case last.refused() && !c.again(last, tickets.Cancel) && !silent(sub):
		default:
			return Next{
				Do: DoStop, Step: tickets.Cancel, Key: key, Subscription: id, Mode: account.PeriodEnd,
				Again: last.isAgain(), Record: last.refused() && !c.again(last, tickets.Cancel),
			}, true
		}
	}
	return Next{}, false
}

// silent reports whether the biller's own record of the subscription says that it sends nothing any more.
func silent(s account.Subscription) bool { return !s.AutoRenew && s.NextChargeAt == nil }

// planEnds ends each agreement that the desk may and can end and whose channel gave no last word yet, and
// tries once more what its channel refused, or what is alive again, where that may be tried again.
func planEnds(c Case) (Next, bool) {
	for _, a := range billing(c) {
		last := c.lastTry(EndKey(c.Ticket.Number(), a.ID), a.ID)
		key := last.key()
		if !c.ends(a) || c.tried(key) || last.begun && last.State.Settled() && !c.again(last, tickets.Cancel) {
			continue
		}
		return Next{Do: DoEnd, Step: tickets.Cancel, Key: key, Agreement: a, Again: last.isAgain()}, true
	}
	return Next{}, false
}

// ends reports whether the desk may and can end the agreement.
func (c Case) ends(a account.Agreement) bool {
	return a.Channel != account.External && !alsoBills(c, a) && c.reaches(a.Channel)
}

// settleCancel is the step's state once there is nothing left to try: a person's work first, then
// what has no last word yet, then the customer's own part. It succeeds only where no agreement that
// could bill is alive and no stop was refused or is open.
func settleCancel(c Case, now time.Time) (Next, bool) {
	var external, shared, unreachable, platform []string
	for _, a := range billing(c) {
		e := c.lastTry(EndKey(c.Ticket.Number(), a.ID), a.ID)
		switch {
		case a.Channel == account.External:
			external = append(external, a.ID)
		case alsoBills(c, a):
			shared = append(shared, a.ID)
		case !c.reaches(a.Channel) && a.Channel == account.Platform:
			platform = append(platform, a.ID)
		case !c.reaches(a.Channel):
			unreachable = append(unreachable, a.ID)
		case e.begun && e.State == tickets.EffectDone:
			return settle(c, tickets.Cancel, tickets.NeedsAgent, "alive_again",
				"The channel ended the agreement, and by our record it is alive again: "+a.ID)
		}
	}
	if e, refused := c.refusedStop(); refused {
		return settle(c, tickets.Cancel, tickets.NeedsAgent, "biller_refused", "The biller refused the stop: "+e.Detail)
	}
	if e, refused := c.refusedEnd(); refused {
		return settle(c, tickets.Cancel, tickets.NeedsAgent, "channel_refused", "The payment channel refused to end the agreement: "+e.Detail)
	}
	if len(unreachable) > 0 {
		return settle(c, tickets.Cancel, tickets.NeedsAgent, "no_channel",
			"The desk has no access to the payment channel of an agreement: "+strings.Join(unreachable, ", "))
	}
	if len(platform) > 0 {
		return settle(c, tickets.Cancel, tickets.NeedsAgent, "no_platform_channel",
			"This desk's billing can't end agreements of channel platform, which takes billing.mode http: "+strings.Join(platform, ", "))
	}
	for _, e := range stops(c) {
		if !e.State.Settled() {
			return unsettled(c, tickets.Cancel, e, now)
		}
	}
	switch {
	case len(shared) > 0 && c.beforeCharge(now):
		return settle(c, tickets.Cancel, tickets.NeedsAgent, "shared_unanswered",
			"The customer has not said whether an agreement that also pays for another subscription shall end, and its next charge is near: "+strings.Join(shared, ", "))
	case len(shared) > 0 && c.step(tickets.Cancel).State != tickets.NeedsCustomer && c.wasAsked():
		return settle(c, tickets.Cancel, tickets.NeedsAgent, "shared_ask",
			"The customer was asked something else before, so a person asks whether the agreement shall end that also pays for another subscription: "+strings.Join(shared, ", "))
	case len(shared) > 0:
		return settle(c, tickets.Cancel, tickets.NeedsCustomer, "shared_agreement",
			"The biller sends no more debits. The agreement also pays for a subscription that the customer did not ask to stop: "+strings.Join(shared, ", "))
	case len(external) > 0 && c.saysDone():
		return settle(c, tickets.Cancel, tickets.Skipped, reasonOwnPart,
			"The customer says that he ended the agreement himself: "+strings.Join(external, ", "))
	case len(external) > 0 && !now.Before(c.ownPartUntil(now)):
		return settle(c, tickets.Cancel, tickets.Skipped, reasonOwnPart,
			"The customer was told how to end the agreement himself and did not come back: "+strings.Join(external, ", "))
	case len(external) > 0:
		return settle(c, tickets.Cancel, tickets.NeedsCustomer, reasonOwnPart,
			"Only the customer can end an agreement with Apple, Google or a carrier: "+strings.Join(external, ", "))
	case !slices.ContainsFunc(stops(c), func(e tickets.Effect) bool { return e.State == tickets.EffectDone }):
		return settle(c, tickets.Cancel, tickets.Skipped, "nothing_to_stop", "Nothing renews and no agreement can debit.")
	}
	return settle(c, tickets.Cancel, tickets.Succeeded, "", "")
}

// reasonOwnPart is the reason of a cancel of which the customer has to do the last part.
const reasonOwnPart = "customer_must_act"

// ownPartTime is how long a case waits for the customer to end what only he can end.
const ownPartTime = 7 * 24 * time.Hour

// ownPartUntil is when a case stops waiting for the customer's own part: a week after the steps were
// sent or told to him; later than now as long as they were not.
func (c Case) ownPartUntil(now time.Time) time.Time {
	if o, ok := c.told(tickets.TellCancelOutcome); ok && o.SentAt != nil {
		return o.SentAt.Add(ownPartTime)
	}
	if at, told := c.stepsTold(); told {
		return at.Add(ownPartTime)
	}
	return now.Add(ownPartTime)
}

// askAgainBefore is how long before the next charge a person takes over an unanswered question.
const askAgainBefore = 24 * time.Hour

// beforeCharge reports whether the charge that the case began with is near or past.
func (c Case) beforeCharge(now time.Time) bool {
	return c.Ticket.NextChargeAt != nil && !now.Before(c.Ticket.NextChargeAt.Add(-askAgainBefore))
}

// stops are the case's effects that end debits: of the biller, and of the payment channels.
func stops(c Case) []tickets.Effect {
	var out []tickets.Effect
	for _, e := range c.Effects {
		if e.Kind.Stops() {
			out = append(out, e)
		}
	}
	return out
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

// unsettled is the step's state while an effect has no last word: unknown, and after a day a person's.
func unsettled(c Case, name tickets.StepName, e tickets.Effect, now time.Time) (Next, bool) {
	if now.Sub(e.At) > overdue {
		return settle(c, name, tickets.NeedsAgent, "no_answer_for_a_day",
			"The other side has given no last word for more than a day: "+e.Detail)
	}
	return settle(c, name, tickets.Unknown, "waiting_for_"+string(e.Kind), e.Detail)
}
