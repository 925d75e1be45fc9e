package runbook

import (
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Do is the kind of thing that comes next.
type Do string

// What can come next. Rest ends the work for now: whatever follows is caused by a job, a message or
// a person.
const (
	DoBegin    Do = "begin"    // make the run and its steps
	DoIdentify Do = "identify" // set whose case it is and which subscriptions
	DoSettle   Do = "settle"   // set a step's state
	DoStop     Do = "stop"     // have the biller stop a subscription's debits
	DoEnd      Do = "end"      // end an agreement at its channel
	DoQuote    Do = "quote"    // work out and keep a quote
	DoAccept   Do = "accept"   // record the customer's yes to the quote
	DoPropose  Do = "propose"  // propose the quote's refunds
	DoSend     Do = "send"     // send an approved refund, or ask after it
	DoHold     Do = "hold"     // have the biller keep debits back, or ask after it
	DoRelease  Do = "release"  // have the biller take a hold back, or ask after it
	DoEndHold  Do = "end_hold" // end a hold that the biller need not be told of
	DoSeal     Do = "seal"     // number the case's events in the log and sign it
	DoRest     Do = "rest"
)

// Next is one decision: what comes next in a case, and why.
type Next struct {
	Do     Do
	Step   tickets.StepName
	State  tickets.StepState
	Reason string // stable code
	Detail string // in words

	AccountNo     string   // identify
	Subscriptions []string // identify
	Candidates    []string // identify
	Claims        bool     // identify: the run takes the subscriptions for itself

	Key          string            // stop, end, send, and identify with subscriptions
	Subscription string            // stop
	Mode         account.Mode      // stop, quote
	Ask          bool              // stop, end: only ask what became of it
	Again        bool              // stop, end: it was refused before, so that it is looked first how things stand
	Record       bool              // stop: it is not sent, and the biller's own record is taken for its word
	Agreement    account.Agreement // end
	Refund       account.Refund    // send
	Hold         tickets.Hold      // hold, release, end_hold
	Lines        []Proposal        // propose
	Message      tickets.Message   // accept

	Status tickets.Status  // rest
	Tells  []tickets.Tell  // rest: what to write to the customer, each once
	Alarms []tickets.Alarm // rest: what somebody at the desk must see
	Wait   time.Duration   // rest: look again after this long; 0 not by itself
}

// sure is the confidence from which a stop runs by itself. Below it the one question is asked.
const sure = 0.75

// Plan says what comes next in a case. It is pure: the same case, rules and moment give the same
// answer, so that a run that was killed goes on where it was.
func Plan(c Case, r tickets.Settings, now time.Time) Next {
	if next, ok := planHold(c, r, now); ok && (!c.Ticket.Live() || denied(c)) {
		return next // what a case that is over held is given free
	}
	if denied(c) {
		return planDenied(c)
	}
	if !c.Ticket.Live() {
		return Next{Do: DoRest, Status: c.Ticket.Status, Reason: c.Ticket.Reason}
	}
	if c.Ticket.Objection == tickets.ReasonWithdrawal {
		return planWithdrawal(c)
	}
	if c.Run == nil || c.Run.EndedAt != nil && !byHand(c.Ticket.Reason) {
		return Next{Do: DoBegin}
	}
	if c.Run.EndedAt != nil {
		return rest(c, r, now) // it was brought back only to be answered
	}
	for _, plan := range []func(Case, tickets.Settings, time.Time) (Next, bool){
		planIdentify, planVerify, planHold, planCancel, planQuote, planRefund, planAssets, planEvidence, planNotify,
	} {
		if next, ok := plan(c, r, now); ok {
			return next
		}
	}
	return rest(c, r, now)
}

// planDenied ends a case whose request the registered contact said was not his: nothing was begun but
// the hold, and that is given free. Where more was done, here or in another case, a person looks; what has no
// last word yet is asked after.
func planDenied(c Case) Next {
	if !c.Ticket.Live() {
		return Next{Do: DoRest, Status: c.Ticket.Status, Reason: c.Ticket.Reason}
	}
	if c.Ticket.Objection == tickets.ReasonDeniedStopped || len(stops(c)) > 0 || len(c.Refunds) > 0 {
		next := askAfter(c, Next{Do: DoRest, Status: tickets.Open, Reason: tickets.ReasonDeniedStopped})
		if h, held := c.activeHold(); held && next.Do == DoRest && (next.Wait == 0 || c.retryRelease(h) < next.Wait) {
			next.Wait = c.retryRelease(h)
		}
		return next
	}
	if h, held := c.activeHold(); held {
		return Next{Do: DoRest, Status: tickets.OnHold, Reason: c.Ticket.Reason, Wait: c.retryRelease(h)}
	}
	return Next{Do: DoRest, Status: tickets.Closed, Reason: c.Ticket.Reason}
}

// planWithdrawal leaves a request that the customer may have taken back to a person: nothing is begun before
// he has read it. What was begun and has no last word is still asked after, so that he knows what was done.
func planWithdrawal(c Case) Next {
	return askAfter(c, Next{Do: DoRest, Status: c.Ticket.Status, Reason: c.Ticket.Reason})
}

// askAfter asks what became of each stop that has no last word; n says how the case rests between.
func askAfter(c Case, n Next) Next {
	for _, e := range stops(c) {
		if e.State.Settled() {
			continue
		}
		if in := retry(e.Attempts); n.Wait == 0 || in < n.Wait {
			n.Wait = in
		}
		if c.tried(e.Key) || c.Account == nil {
			continue
		}
		ask := Next{Step: tickets.Cancel, Key: e.Key, Ask: true}
		if _, known := c.subscription(e.Target); e.Kind == tickets.StopDebits && known {
			ask.Do, ask.Subscription, ask.Mode = DoStop, e.Target, account.PeriodEnd
			if strings.HasPrefix(e.Key, StopKey(c.Ticket.Number(), e.Target, account.Now)) {
				ask.Mode = account.Now
			}
			return ask
		}
		if i := slices.IndexFunc(c.Account.Agreements, func(a account.Agreement) bool { return a.ID == e.Target && c.reaches(a.Channel) }); i >= 0 {
			ask.Do, ask.Agreement = DoEnd, c.Account.Agreements[i]
			return ask
		}
	}
	return n
}

// retryRelease is how long until a release without a last word is asked after.
func (c Case) retryRelease(h tickets.Hold) time.Duration {
	e, _ := c.effect(ReleaseKey(tickets.Number(h.TicketID), h.SubscriptionID))
	return retry(e.Attempts)
}

// settle is a step's new state, unless it is in it already.
func settle(c Case, name tickets.StepName, state tickets.StepState, reason, detail string) (Next, bool) {
	s := c.step(name)
	if s.State == state && s.Reason == reason {
		return Next{}, false
	}
	return Next{Do: DoSettle, Step: name, State: state, Reason: reason, Detail: detail}, true
}

// asksStop reports whether the message asks that debits end. "Money back" beside a mistaken charge asks
// for that charge and not for the end of the membership.
func asksStop(m tickets.Message) bool {
	return slices.Contains(m.Asks, intent.StopAutoRenew) || asksRefund(m)
}

// asksRefund reports whether the message asks to end the membership against money back.
func asksRefund(m tickets.Message) bool {
	return slices.Contains(m.Asks, intent.CancelAndRefund) && !slices.Contains(m.Asks, intent.RefundMistakenCharge)
}

// stopAsked reports whether the case asks that debits end, and not only for money back.
func stopAsked(c Case) bool { return len(c.inbound(asksStop)) > 0 }

// moneyAsked reports whether the case asks for money back.
func moneyAsked(c Case) bool { return c.wants(intent.CancelAndRefund, intent.RefundMistakenCharge) }

// retry is how long to wait before an unknown outcome is looked at again: 2 s, doubled up to 10 min
// (DOMAIN.md 2.6).
func retry(attempts int) time.Duration {
	d := 2 * time.Second
	for range min(attempts, 12) {
		d *= 2
	}
	return min(d, 10*time.Minute)
}

// overdue is how long an effect may stay unknown before a person is called.
const overdue = 24 * time.Hour
