package runbook

import (
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Proposal is one refund that the quote calls for.
type Proposal struct {
	ChargeID  string
	AmountFen int64
	OwnFault  bool
	Reason    string
	QuoteHash string
	// Approved lets the desk release it by itself.
	Approved bool
	// Supervised lets nobody but a supervisor release it on whose word nothing of it rests.
	Supervised bool
}

// Reasons of a refund that waits for the customer: his yes to the quote, or a surer proof that it is his.
const (
	reasonAcceptance = "acceptance"
	reasonCode       = "needs_code"
)

// planRefund sends back what the quote says, to the payer of each charge. What our own record grounds
// needs nobody's word; a prorated refund ends access at once and so needs the customer's recorded yes,
// then an agent's, or above the limit a supervisor's.
func planRefund(c Case, r tickets.Settings, now time.Time) (Next, bool) {
	s := c.step(tickets.RefundIt)
	if s.State.Done() || !c.step(tickets.QuoteIt).State.Done() {
		return Next{}, false
	}
	q, ok := c.quote()
	if !ok {
		return settle(c, tickets.RefundIt, tickets.NeedsAgent, "no_quote", "The quote was skipped, so no rule says what comes back.")
	}
	if next, ok := planSends(c, q.Body); ok {
		return next, true
	}
	if s.State == tickets.NeedsAgent && s.Reason == reasonAboveCap {
		return Next{}, false
	}
	if lines := proposals(c, q.Body, r, now, true); len(lines) > 0 {
		return Next{Do: DoPropose, Step: tickets.RefundIt, Lines: lines}, true
	}
	if next, ok, waits := planProrated(c, q.Body, r, now); ok || waits {
		return next, ok
	}
	return settleRefunds(c, now)
}

// reasonAboveCap is the reason of a refund that the charge has no room for any more.
const reasonAboveCap = "above_cap"

// planProrated handles the quote's refunds for unused time. Where access ends for them it asks for
// the acceptance, proposes the refund, and once that is released ends access at the biller before the
// money is sent, in this order, so that nobody is paid for time that can still be used and nobody
// loses access for a refund that is turned down. A cycle that was paid ahead and never begins comes
// back without: nothing is given up. waits tells that the refund can't go on before something else has.
func planProrated(c Case, q account.Quote, r tickets.Settings, now time.Time) (next Next, ok, waits bool) {
	cancel := c.step(tickets.Cancel)
	need := tickets.ActRefund.Need(tickets.Released(q), r.Automation.ApprovalAboveFen, false, false)
	switch {
	case !prorated(q), cancel.State == tickets.Skipped && cancel.Reason == reasonNotAsked:
		return Next{}, false, false
	case q.Mode == account.Now && !c.accepted(need):
		if m, said := c.yes(need); said {
			return Next{Do: DoAccept, Step: tickets.RefundIt, Message: m}, true, true
		}
		if _, told := c.offered(); (told || c.voiceOnly(now)) && now.After(q.ExpiresAt) {
			next, ok = settle(c, tickets.RefundIt, tickets.Skipped, "not_accepted",
				"The offer was not accepted in time, so use goes on to the end of the paid period.")
			return next, ok, true
		}
		if c.offeredBefore() {
			next, ok = settle(c, tickets.RefundIt, tickets.NeedsAgent, "offer_again",
				"The quote is another than the one that was offered. Somebody has to offer it again.")
			return next, ok, true
		}
		if _, said := c.yes(1); said {
			next, ok = settle(c, tickets.RefundIt, tickets.NeedsCustomer, reasonCode,
				"The customer said yes, and this sum takes a surer proof of who said so: a code to the account's own phone.")
			return next, ok, true
		}
		next, ok = settle(c, tickets.RefundIt, tickets.NeedsCustomer, reasonAcceptance,
			"Access would end at once. The customer's yes to the quote is needed first.")
		return next, ok, true
	case !cancel.State.Done() || !c.step(tickets.Verify).State.Done():
		next, ok = settle(c, tickets.RefundIt, tickets.Running, "waiting_for_cancel", "")
		return next, ok, true
	}
	if lines := proposals(c, q, r, now, false); len(lines) > 0 {
		return Next{Do: DoPropose, Step: tickets.RefundIt, Lines: lines}, true, false
	}
	if !slices.ContainsFunc(c.Refunds, func(r account.Refund) bool { return !r.OwnFault && moving(r) }) {
		return Next{}, false, false
	}
	for _, e := range q.Ends {
		if e.Mode != account.Now || !c.released(q, e.SubscriptionID) {
			continue
		}
		if next, ok, waits = planAccess(c, e.SubscriptionID, now); ok || waits {
			return next, ok, waits
		}
	}
	return Next{}, false, false
}

// released reports whether all that the quote gives back of a subscription was decided about and any of
// it is to be paid. Before that its access goes on: the customer's yes was to the whole.
func (c Case) released(q account.Quote, subscription string) bool {
	pays := false
	for _, r := range c.Refunds {
		if r.OwnFault || r.QuoteHash != q.Hash || c.paidFor(r.ChargeID) != subscription {
			continue
		}
		if r.State == account.RefundProposed {
			return false
		}
		pays = pays || moving(r)
	}
	return pays
}

// paidFor is the subscription that a charge of the account was debited for.
func (c Case) paidFor(chargeID string) string {
	i := slices.IndexFunc(c.Account.Charges, func(ch account.Charge) bool { return ch.ID == chargeID })
	if i < 0 {
		return ""
	}
	return c.Account.Charges[i].SubscriptionID
}

// endsOf is the quote with only that end of access.
func endsOf(q account.Quote, subscription string) account.Quote {
	q.Ends = slices.DeleteFunc(slices.Clone(q.Ends), func(e account.QuoteEnd) bool { return e.SubscriptionID != subscription })
	return q
}

// accessEnded reports whether the biller has ended the access that the quote's refund pays for.
func accessEnded(c Case, q account.Quote) bool {
	return !slices.ContainsFunc(q.Ends, func(e account.QuoteEnd) bool {
		effect, _ := c.attempt(StopKey(c.Ticket.Number(), e.SubscriptionID, account.Now))
		return e.Mode == account.Now && effect.State != tickets.EffectDone
	})
}

// planAccess has the biller end the subscription's access at once, and waits for its word. A refusal is
// final for its key, so a person who tries again has it asked anew.
func planAccess(c Case, subscription string, now time.Time) (next Next, ok, waits bool) {
	key := StopKey(c.Ticket.Number(), subscription, account.Now)
	e, n := c.attempt(key)
	switch {
	case e.State == tickets.EffectDone:
		return Next{}, false, false
	case e.State == tickets.EffectRefused && !c.mayRepeat(tickets.RefundIt, e):
		next, ok = settle(c, tickets.RefundIt, tickets.NeedsAgent, "biller_refused", "The biller refused to end access: "+e.Detail)
		return next, ok, true
	case e.State == tickets.EffectRefused:
		n++
	}
	if key = attemptKey(key, n); c.tried(key) {
		next, ok = unsettled(c, tickets.RefundIt, e, now)
		return next, ok, true
	}
	return Next{Do: DoStop, Step: tickets.RefundIt, Key: key, Subscription: subscription, Mode: account.Now}, true, false
}

// proposals are the refunds of the quote that do not exist yet, those of our own fault or the others.
// Limits count the sum of the refunds of the ticket and of those linked to it, and what the desk released by
// itself on the account; a reached limit leaves the release to a supervisor, and so does a payer whom nobody
// knows. What would not come back but for a date that somebody gave the request takes a second person.
func proposals(c Case, q account.Quote, r tickets.Settings, now time.Time, ownFault bool) []Proposal {
	auto, limit := r.Automation.Refund, r.Automation.RefundAutoLimitFen
	if ownFault {
		auto, limit = r.Automation.RefundOwnFault, r.Automation.OwnFaultAutoLimitFen
	}
	sum := tickets.Reserved(c.Linked) + tickets.Reserved(c.Refunds) + c.releasedAlone(now)
	_, backdated := tickets.Backdated(c.Messages)
	s := tickets.BeforeAccessEnded(c.Quotes, *c.Account, c.Ticket, c.Effects)
	more := tickets.MoreByDate(q, s, c.Ticket, c.Messages, c.unsent(), c.Run.Mode, now, r.QuoteRules())
	var out []Proposal
	for _, l := range q.Lines {
		known := slices.ContainsFunc(c.Refunds, func(r account.Refund) bool {
			return r.ChargeID == l.ChargeID && r.QuoteHash == q.Hash && !r.Void() // a void one was nobody's decision
		})
		if l.RefundFen <= 0 || l.Ground.OwnFault() != ownFault || known {
			continue
		}
		sum += l.RefundFen
		beyond := auto == tickets.Auto && sum > limit || !c.Account.KnowsPayer(l.ChargeID) || backdated && (ownFault || more[l.ChargeID])
		out = append(out, Proposal{
			ChargeID: l.ChargeID, AmountFen: l.RefundFen, OwnFault: ownFault, Reason: string(l.Ground),
			QuoteHash: q.Hash, Approved: auto == tickets.Auto && !beyond && !(ownFault && c.weighed(l.ChargeID)), Supervised: beyond,
		})
	}
	return out
}

// aloneFor is how far back the desk counts what it released by itself on an account.
const aloneFor = 30 * 24 * time.Hour

// releasedAlone is what the desk released by itself on the account in other cases within 30 days, linked or
// not: many small cases are no way round a limit.
func (c Case) releasedAlone(now time.Time) int64 {
	return tickets.Reserved(slices.DeleteFunc(slices.Clone(c.Account.Refunds), func(r account.Refund) bool {
		return r.Approver != string(tickets.DeskActor) || r.TicketID == c.Ticket.ID || now.Sub(r.At) > aloneFor ||
			slices.ContainsFunc(c.Linked, func(l account.Refund) bool { return l.ID == r.ID })
	}))
}

// weighed reports whether people had to decide about money of the charge before, in whatever case: it never
// comes back by itself afterwards, for another reason.
func (c Case) weighed(chargeID string) bool {
	return slices.ContainsFunc(c.Account.Refunds, func(r account.Refund) bool {
		return r.ChargeID == chargeID && !r.OwnFault && !r.Elsewhere
	})
}

func prorated(q account.Quote) bool {
	return slices.ContainsFunc(q.Lines, func(l account.QuoteLine) bool { return l.RefundFen > 0 && !l.Ground.OwnFault() })
}

// planSends moves the refunds that are released, those for unused time once access has ended.
func planSends(c Case, q account.Quote) (Next, bool) {
	for _, r := range c.Refunds {
		if r.State == account.RefundApproved && !r.OwnFault && !accessEnded(c, endsOf(q, c.paidFor(r.ChargeID))) {
			continue
		}
		if moving(r) && !c.tried(r.Key) && c.reachesCharge(r.ChargeID) {
			return Next{Do: DoSend, Step: tickets.RefundIt, Key: r.Key, Refund: r}, true
		}
	}
	return Next{}, false
}

// moving reports whether the refund was released and its channel has not given its last word.
func moving(r account.Refund) bool {
	switch r.State {
	case account.RefundApproved, account.RefundSubmitted, account.RefundProcessing, account.RefundUnknown:
		return true
	}
	return false
}

// settleRefunds is the step's state by the states of the refunds it made.
func settleRefunds(c Case, now time.Time) (Next, bool) {
	has := func(is func(account.Refund) bool) bool { return slices.ContainsFunc(c.Refunds, is) }
	stuck := func(r account.Refund) bool {
		return r.State == account.RefundClosed || r.State == account.RefundAbnormal
	}
	name := tickets.RefundIt
	switch {
	case has(stuck):
		return settle(c, name, tickets.NeedsAgent, "refund_stuck", "The payment channel could not deliver a refund.")
	case has(func(r account.Refund) bool { return moving(r) && !c.reachesCharge(r.ChargeID) }):
		return settle(c, name, tickets.NeedsAgent, "no_channel", "The desk has no access to the payment channel of a refund.")
	case has(func(r account.Refund) bool { return r.State == account.RefundProposed }):
		return settle(c, name, tickets.NeedsApproval, "approval", fmt.Sprintf("%d fen wait for approval.", tickets.Reserved(c.Refunds)))
	case has(moving):
		return settleMoving(c, now)
	case has(func(r account.Refund) bool { return !r.Void() && c.quoted(r.QuoteHash) }):
		return settle(c, name, tickets.Succeeded, "", "")
	case c.wants(intent.RefundMistakenCharge):
		return settle(c, name, tickets.NeedsAgent, "no_ground_found",
			"A mistaken charge was claimed, and our own record shows none. A person has to look.")
	case len(c.inbound(asksRefund)) > 0 && !c.asksBackSurely():
		return settle(c, name, tickets.Skipped, tickets.ReasonNotVerified, "It is not certain who asked for money back, so none was worked out.")
	case moneyAsked(c):
		return settle(c, name, tickets.Skipped, "nothing_due", "Nothing is left to come back.")
	}
	return settle(c, name, tickets.Skipped, reasonNotAsked, "No money back was asked for, and none is owed.")
}

// settleMoving is the step's state while a channel has not confirmed a refund. One that the channel
// took may take days; one of which nobody knows whether it arrived goes to a person after a day.
func settleMoving(c Case, now time.Time) (Next, bool) {
	for _, e := range c.Effects {
		if e.Kind == tickets.SendRefund && !e.State.Settled() && e.State != tickets.EffectPending && now.Sub(e.At) > overdue {
			return unsettled(c, tickets.RefundIt, e, now)
		}
	}
	return settle(c, tickets.RefundIt, tickets.Unknown, "waiting_for_channel", "The payment channel has not confirmed the refund yet.")
}

// planAssets: use runs on until the period's end, so nothing the account holds is touched; who asks
// what becomes of it gets a person.
func planAssets(c Case, _ tickets.Settings, _ time.Time) (Next, bool) {
	if !c.step(tickets.QuoteIt).State.Done() || c.step(tickets.Assets).State != tickets.Todo {
		return Next{}, false
	}
	switch {
	case c.wants(intent.AssetDisposal):
		return settle(c, tickets.Assets, tickets.NeedsAgent, "asked", "The customer asks what becomes of coins, vouchers or credits.")
	case len(c.Account.Assets) == 0:
		return settle(c, tickets.Assets, tickets.Skipped, "none", "The account holds none.")
	}
	return settle(c, tickets.Assets, tickets.Succeeded, "kept", "They stay in the account and usable.")
}
