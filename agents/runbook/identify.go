package runbook

import (
	"context"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// planIdentify finds whose case it is and which subscriptions it is about. It never guesses: two
// accounts that fit, or two subscriptions that could be meant, are a question.
func planIdentify(c Case, _ tickets.Settings, _ time.Time) (Next, bool) {
	if c.step(tickets.Identify).State.Done() {
		return Next{}, false
	}
	switch {
	case !c.Ticket.Stops() && c.wants(intent.Clarify, intent.EntryComplaint) || c.Ticket.Stops() && c.Ticket.Confidence < sure:
		return settle(c, tickets.Identify, tickets.NeedsCustomer, tickets.ReasonUnclear,
			"It is not clear whether the charges should stop. One question was asked.")
	case !c.Ticket.Stops():
		return settle(c, tickets.Identify, tickets.NeedsAgent, reasonNoStop,
			"The message asks for something that no rule answers.")
	case c.Account == nil:
		return identifyAccount(c)
	}
	return identifySubscriptions(c)
}

// reasonNoStop is why a person gets a case that asks for something else.
const reasonNoStop = "no_stop_asked"

func identifyAccount(c Case) (Next, bool) {
	accounts := candidates(c.Matches)
	switch len(accounts) {
	case 0:
		return settle(c, tickets.Identify, tickets.NeedsCustomer, "unknown_account",
			"Neither the address nor anything stated belongs to an account.")
	case 1:
		return Next{Do: DoIdentify, Step: tickets.Identify, AccountNo: accounts[0]}, true
	}
	if slices.Equal(c.Ticket.Candidates, accounts) {
		return settle(c, tickets.Identify, tickets.NeedsCustomer, "several_accounts",
			"What is stated fits more than one account.")
	}
	return Next{Do: DoIdentify, Step: tickets.Identify, Candidates: accounts}, true
}

// candidates are the accounts that every fact which points anywhere agrees on. Facts that agree on
// none leave all of them, as a contradiction for the customer to solve.
func candidates(matches []Match) []string {
	lists := make([][]string, len(matches))
	for i, m := range matches {
		lists[i] = m.Accounts
	}
	return tickets.Agreed(lists)
}

// claimKey stands for the run's claim on its subscriptions among what a job tried already.
const claimKey = "claim"

// identifySubscriptions finds which subscriptions the case is about: those that a person set, else
// those the text means. A request from the registered address has its run claim them, so that no
// other works on them. One that nobody vouches for claims nothing: a stranger could otherwise lie in
// wait with a case of his own for the owner's request to become part of.
func identifySubscriptions(c Case) (Next, bool) {
	subs := c.Ticket.SubscriptionIDs
	if len(subs) == 0 {
		subs = tickets.Meant(*c.Account, c.Ticket.Facts)
	}
	claims := vouched(c)
	switch {
	case len(subs) > 0 && slices.Equal(subs, c.Ticket.SubscriptionIDs) && (!claims || slices.Equal(subs, c.Run.SubscriptionIDs)):
		return settle(c, tickets.Identify, tickets.Succeeded, "", "")
	case c.tried(claimKey):
		return Next{}, false
	case len(subs) == 0:
		return settle(c, tickets.Identify, tickets.NeedsAgent, "no_subscription", "The account has no subscription.")
	case len(subs) > 1 && len(c.Ticket.SubscriptionIDs) == 0 && !c.saysAll():
		return settle(c, tickets.Identify, tickets.NeedsCustomer, "several_subscriptions",
			"The account has several subscriptions that renew, and the message does not say which.")
	}
	return Next{
		Do: DoIdentify, Step: tickets.Identify, AccountNo: c.Ticket.AccountNo, Subscriptions: subs, Claims: claims, Key: claimKey,
	}, true
}

// vouched reports whether a request of the case came from the account's registered address.
func vouched(c Case) bool {
	_, ok := c.verified(c.asked(tickets.StopIntents()...))
	return ok
}

// planVerify judges who asks. A stop needs level 1 by the message that asks for it; a claim that our
// own record grounds needs nobody's word.
func planVerify(c Case, _ tickets.Settings, _ time.Time) (Next, bool) {
	if c.step(tickets.Verify).State == tickets.Succeeded || !c.step(tickets.Identify).State.Done() {
		return Next{}, false
	}
	if vouched(c) && !slices.Equal(c.Ticket.SubscriptionIDs, c.Run.SubscriptionIDs) && !c.tried(claimKey) {
		// A later message came from the registered address: now the run may claim what it is about.
		return Next{
			Do: DoIdentify, Step: tickets.Identify, AccountNo: c.Ticket.AccountNo, Subscriptions: c.Ticket.SubscriptionIDs,
			Claims: true, Key: claimKey,
		}, true
	}
	if m, ok := c.verified(c.asked(tickets.StopIntents()...)); ok {
		return settle(c, tickets.Verify, tickets.Succeeded, string(c.method(m)), "")
	}
	if c.Ticket.Channel == tickets.Guard {
		return settle(c, tickets.Verify, tickets.Succeeded, reasonOwnRecord, "The desk's own record opened the case: nobody's word is involved.")
	}
	if c.Account.Account.ContactFresh(c.Ticket.ReceivedAt) {
		return settle(c, tickets.Verify, tickets.NeedsAgent, reasonContactChanged,
			"The account's contact data changed less than 72 hours before, so it proves nothing yet.")
	}
	return settle(c, tickets.Verify, tickets.NeedsCustomer, tickets.ReasonNotVerified,
		"The request did not come, authenticated, from the account's registered address.")
}

// reasonOwnRecord is how a case is verified that the desk opened by itself.
const reasonOwnRecord = "own_record"

// method is how the speaker of a message was verified for a stop.
func (c Case) method(m tickets.Message) tickets.Method {
	method, level := tickets.MethodAddress, 0
	for _, v := range c.Verifications {
		if l := v.Covers(m, tickets.ActStop, c.Account.Account.No); l > level {
			method, level = v.Method, l
		}
	}
	return method
}

// verify records that a mail from the registered address verified its writer, where no proof of another
// sort did already, and lifts the ticket to the level.
func verify(ctx context.Context, tx tickets.Tx, c Case) ([]tickets.Record, error) {
	m, ok := c.verified(c.asked(tickets.StopIntents()...))
	if !ok {
		return nil, nil
	}
	t, method := c.Ticket, c.method(m)
	t.Assurance = max(t.Assurance, c.level(m, tickets.ActStop))
	if err := tx.SaveTicket(ctx, &t); err != nil || method != tickets.MethodAddress {
		return nil, err
	}
	v := tickets.Verification{
		TicketID: c.Ticket.ID, MessageID: m.ID, AccountNo: c.Ticket.AccountNo, Level: 1, Method: method,
		At: m.At, ExpiresAt: m.At.Add(tickets.VerificationLife),
	}
	return []tickets.Record{tickets.VerifiedRecord(c.Ticket, v, tickets.DeskActor)}, tx.InsertVerification(ctx, &v)
}
