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
}

const reasonAcceptance = "acceptance"

// planRefund sends back what the quote says, to the payer of each charge. What our own record grounds
// needs nobody's word; a prorated refund ends access at once and so needs the customer's recorded yes,
// then an agent's, or above the limit a supervisor's.
func planRefund(c Case, r tickets.Settings, _ time.Time) (Next, bool) {
	s := c.step(tickets.RefundIt)
	if s.State.Done() || !c.step(tickets.QuoteIt).State.Done() {
		return Next{}, false
	}
	q, ok := c.quote()
	if !ok {
		return Next{}, false
	}
	if next, ok := planSends(c); ok {
		return next, true
	}
	if lines := proposals(c, q.Body, r.Automation, true); len(lines) > 0 {
		return Next{Do: DoPropose, Step: tickets.RefundIt, Lines: lines}, true
	}
	if q.Body.Mode == account.Now && prorated(q.Body) {
		if next, ok := planProrated(c, q.Body, r); ok || !c.accepted() || !c.step(tickets.Cancel).State.Done() {
			return next, ok
		}
	}
	return settleRefunds(c)
}

// planProrated asks for the acceptance, ends access at the biller and proposes the refund, in this
// order, so that nobody is paid for time that can still be used.
func planProrated(c Case, q account.Quote, r tickets.Settings) (Next, bool) {
	if !c.accepted() {
		return settle(c, tickets.RefundIt, tickets.NeedsCustomer, reasonAcceptance,
			"Access would end at once. The customer's yes to the quote is needed first.")
	}
	if !c.step(tickets.Cancel).State.Done() {
		return Next{}, false
	}
	for _, e := range q.Ends {
		if e.Mode != account.Now {
			continue
		}
		key := StopKey(c.Ticket.Number(), e.SubscriptionID, account.Now)
		switch effect, begun := c.effect(key); {
		case begun && effect.State == tickets.EffectDone, c.tried(key):
		case begun && effect.State == tickets.EffectRefused:
			return settle(c, tickets.RefundIt, tickets.NeedsAgent, "biller_refused", "The biller refused to end access: "+effect.Detail)
		default:
			return Next{Do: DoStop, Step: tickets.RefundIt, Key: key, Subscription: e.SubscriptionID, Mode: account.Now}, true
		}
		if effect, _ := c.effect(key); effect.State != tickets.EffectDone {
			return settle(c, tickets.RefundIt, tickets.Unknown, "waiting_for_"+string(tickets.StopDebits), effect.Detail)
		}
	}
	if lines := proposals(c, q, r.Automation, false); len(lines) > 0 {
		return Next{Do: DoPropose, Step: tickets.RefundIt, Lines: lines}, true
	}
	return Next{}, false
}

// proposals are the refunds of the quote that do not exist yet, those of our own fault or the others.
// Limits count the sum of the ticket's refunds; a reached limit leaves the release to a person.
func proposals(c Case, q account.Quote, a tickets.Automation, ownFault bool) []Proposal {
	auto, limit := a.Refund, a.RefundAutoLimitFen
	if ownFault {
		auto, limit = a.RefundOwnFault, a.OwnFaultAutoLimitFen
	}
	sum := tickets.Reserved(c.Refunds)
	var out []Proposal
	for _, l := range q.Lines {
		known := slices.ContainsFunc(c.Refunds, func(r account.Refund) bool { return r.ChargeID == l.ChargeID && r.QuoteHash == q.Hash })
		if l.RefundFen <= 0 || l.Ground.OwnFault() != ownFault || known {
			continue
		}
		sum += l.RefundFen
		out = append(out, Proposal{
			ChargeID: l.ChargeID, AmountFen: l.RefundFen, OwnFault: ownFault, Reason: string(l.Ground),
			QuoteHash: q.Hash, Approved: auto == tickets.Auto && sum <= limit,
		})
	}
	return out
}

func prorated(q account.Quote) bool {
	return slices.ContainsFunc(q.Lines, func(l account.QuoteLine) bool { return l.RefundFen > 0 && !l.Ground.OwnFault() })
}

// planSends moves the refunds that are released.
func planSends(c Case) (Next, bool) {
	for _, r := range c.Refunds {
		switch r.State {
		case account.RefundApproved, account.RefundSubmitted, account.RefundProcessing, account.RefundUnknown:
			if c.tried(r.Key) {
				continue
			}
			return Next{Do: DoSend, Step: tickets.RefundIt, Key: r.Key, Refund: r}, true
		}
	}
	return Next{}, false
}

// settleRefunds is the step's state by the states of the refunds it made.
func settleRefunds(c Case) (Next, bool) {
	has := func(states ...account.RefundState) bool {
		return slices.ContainsFunc(c.Refunds, func(r account.Refund) bool { return slices.Contains(states, r.State) })
	}
	name := tickets.RefundIt
	switch {
	case has(account.RefundClosed, account.RefundAbnormal):
		return settle(c, name, tickets.NeedsAgent, "refund_stuck", "The payment channel could not deliver a refund.")
	case has(account.RefundProposed):
		return settle(c, name, tickets.NeedsApproval, "approval", fmt.Sprintf("%d fen wait for approval.", tickets.Reserved(c.Refunds)))
	case has(account.RefundApproved, account.RefundSubmitted, account.RefundProcessing, account.RefundUnknown):
		return settle(c, name, tickets.Unknown, "waiting_for_channel", "The payment channel has not confirmed the refund yet.")
	case len(c.Refunds) > 0:
		return settle(c, name, tickets.Succeeded, "", "")
	case c.wants(intent.RefundMistakenCharge):
		return settle(c, name, tickets.NeedsAgent, "no_ground_found",
			"A mistaken charge was claimed, and our own record shows none. A person has to look.")
	case moneyAsked(c):
		return settle(c, name, tickets.Skipped, "nothing_due", "Nothing is left to come back.")
	}
	return settle(c, name, tickets.Skipped, "not_asked", "No money back was asked for, and none is owed.")
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
