package runbook

import (
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// decided are the steps that have to be over before the case is proven and told in full.
func decided() []tickets.StepName {
	return []tickets.StepName{tickets.Identify, tickets.Cancel, tickets.QuoteIt, tickets.RefundIt, tickets.Assets}
}

// planEvidence numbers and signs what has happened so far, again where a step was taken up once more.
func planEvidence(c Case, _ tickets.Settings, _ time.Time) (Next, bool) {
	sealed := c.step(tickets.Evidence)
	proven := sealed.State.Done() && sealed.EndedAt != nil
	for _, name := range decided() {
		s := c.step(name)
		if !s.State.Done() {
			return Next{}, false
		}
		proven = proven && (s.EndedAt == nil || !s.EndedAt.After(*sealed.EndedAt))
	}
	if proven {
		return Next{}, false
	}
	return Next{Do: DoSeal, Step: tickets.Evidence}, true
}

// planNotify is over when every word that is owed was taken by the mail server. A case of which
// nothing is told by rule, and one that the customer came back to after its outcome was told, are over
// when an agent has answered.
func planNotify(c Case, _ tickets.Settings, now time.Time) (Next, bool) {
	if c.step(tickets.Notify).State.Done() {
		return Next{}, false
	}
	owed := outcomes(c)
	if c.voiceOnly(now) {
		return planVoice(c, owed)
	}
	for _, tell := range owed {
		if o, ok := c.told(tell); ok && o.State == tickets.OutgoingFailed && !c.saidAfter(o.At) {
			return settle(c, tickets.Notify, tickets.NeedsAgent, tickets.ReasonMailRefused,
				"The mail to the customer was refused: "+o.Detail)
		}
	}
	if !c.step(tickets.Evidence).State.Done() {
		if len(owed) == 0 {
			return Next{}, false
		}
		return c.telling(owed, now)
	}
	if len(owed) == 0 && !c.step(tickets.Verify).State.Done() {
		return Next{}, false
	}
	since := c.Run.StartedAt
	for _, tell := range owed {
		o, ok := c.told(tell)
		if !ok || o.State == tickets.OutgoingQueued {
			return c.telling(owed, now)
		}
		if o.At.Before(since) {
			since = o.At
		}
	}
	if (len(owed) == 0 || since.Before(c.Run.StartedAt)) && !c.saidAfter(since) {
		return settle(c, tickets.Notify, tickets.NeedsAgent, "answer_owed",
			"Nothing that is told by rule answers the customer. Somebody has to write.")
	}
	return settle(c, tickets.Notify, tickets.Succeeded, "", "")
}

// planVoice is planNotify of a case whose customer can only be told by word of mouth.
func planVoice(c Case, owed []tickets.Tell) (Next, bool) {
	waits := slices.ContainsFunc(owed, func(t tickets.Tell) bool { return !c.heardOf(t) })
	switch {
	case waits:
		return settle(c, tickets.Notify, tickets.NeedsAgent, reasonTellByPhone,
			"The account has no address to write to. Somebody tells the customer and writes down what was said.")
	case c.step(tickets.Notify).Reason == reasonTellByPhone:
		return settle(c, tickets.Notify, tickets.Running, "", "") // what is known so far is told
	case !c.step(tickets.Evidence).State.Done() || len(owed) == 0 && !c.step(tickets.Verify).State.Done():
		return Next{}, false
	case len(owed) == 0 && !c.saidAfter(c.Run.StartedAt):
		return settle(c, tickets.Notify, tickets.NeedsAgent, "answer_owed",
			"Nothing that is told by rule answers the customer. Somebody has to write.")
	}
	return settle(c, tickets.Notify, tickets.Succeeded, "", "")
}

// outcomes are the last words owed to the customer as things stand: of the cancel as soon as it is
// known, of the refund once it is final.
func outcomes(c Case) []tickets.Tell {
	var out []tickets.Tell
	if !c.step(tickets.Identify).State.Done() {
		return nil
	}
	cancel := c.step(tickets.Cancel)
	quoted := c.step(tickets.QuoteIt).State
	if (cancel.State == tickets.Succeeded || cancel.Reason == "nothing_to_stop" || cancel.Reason == reasonOwnPart) &&
		(quoted.Done() || quoted == tickets.NeedsAgent) && c.step(tickets.Verify).State.Done() {
		out = append(out, tickets.TellCancelOutcome)
	}
	if (c.step(tickets.RefundIt).State == tickets.Succeeded && c.returns() || c.returnedByHand()) && c.step(tickets.Verify).State.Done() {
		out = append(out, tickets.TellRefundOutcome)
	}
	return out
}

// returnedByHand reports whether a person sees to money outside of the desk that the customer was promised
// here: he accepted the offer, or a refund was on its way and got stuck. He hears that much and no more.
func (c Case) returnedByHand() bool {
	s := c.step(tickets.RefundIt)
	return s.State == tickets.Skipped && s.Reason == tickets.ReasonByHand && (c.returns() || c.accepted(0))
}

// returns reports whether the case has a refund that there is anything to tell of. What was made void was
// never promised to anybody.
func (c Case) returns() bool {
	return slices.ContainsFunc(c.Refunds, func(r account.Refund) bool {
		return r.TicketID == c.Ticket.ID && !r.Elsewhere && !r.Void()
	})
}

// byHand are the reasons that a message or a person gave the ticket's status. A run that changes
// nothing leaves them, so that what a customer wrote is not answered by silence.
func byHand(reason string) bool {
	return slices.Contains([]string{tickets.ReasonCustomerWrote, tickets.ReasonWithdrawal, tickets.ReasonBounced, tickets.ReasonMailRefused, "answered", tickets.ReasonStuck, tickets.ReasonByHand}, reason)
}

// reasonNoAddress is the reason of a mail without an address to answer to. It can't be its writer's
// turn, because nobody can ask him, so a person looks at it.
const reasonNoAddress = "no_address"

// receiptAfter is how long a case may run without a word to the customer: where the result follows
// sooner, the receipt is left out (DESIGN.md section 3).
const receiptAfter = 2 * time.Minute

// rest says how the case is left until something happens: the ticket's status, what the customer is
// told, and when to look again.
func rest(c Case, r tickets.Settings, now time.Time) Next {
	n := Next{Do: DoRest}
	n.Status, n.Reason = status(c)
	reachable := c.Ticket.Channel != tickets.Email || tickets.Mailable(c.Ticket.Requester)
	if n.Status == tickets.Pending && !reachable {
		n.Status, n.Reason = tickets.Open, reasonNoAddress
	}
	if n.Status == tickets.Pending && n.Reason == tickets.ReasonUnclear && c.Ticket.Channel == tickets.Chat && !c.proven() {
		n.Status = tickets.Open // an answer of somebody unproven settles nothing, and he waits in the chat
	}
	if n.Status == tickets.Pending && n.Reason == tickets.ReasonNotVerified && c.refusedHolds() {
		n.Status, n.Reason = tickets.Open, tickets.ReasonHoldRefused // the next debit waits for nobody
	}
	if !c.Progressed && byHand(c.Ticket.Reason) || c.Ticket.Reason == tickets.ReasonBounced || c.Ticket.Reason == tickets.ReasonMailRefused {
		n.Status, n.Reason = c.Ticket.Status, c.Ticket.Reason
	}
	if n.Status == tickets.Open && c.Ticket.Status == tickets.New && c.Ticket.Assignee == "" && !c.step(tickets.Identify).State.Done() {
		n.Status = tickets.New // nobody has begun with it, and no rule could
	}
	voice := c.voiceOnly(now)
	if !voice {
		n.Tells = outcomes(c)
	}
	if len(n.Tells) == 0 && c.Ticket.Channel == tickets.Email && reachable {
		n.Tells = first(c, now)
	}
	if len(n.Tells) == 0 && c.Ticket.Channel == tickets.Chat && c.chatting() {
		n.Tells = firstInChat(c, now)
	}
	n.Tells = slices.DeleteFunc(n.Tells, func(t tickets.Tell) bool {
		_, exists := c.told(t)
		return exists
	})
	if _, offered := c.offered(); !voice && c.step(tickets.RefundIt).Reason == reasonAcceptance && !offered && !slices.Contains(n.Tells, tickets.TellCancelOutcome) {
		n.Tells = append(n.Tells, tickets.TellOffer)
	}
	if _, told := c.told(tickets.TellCodeNeeded); c.step(tickets.RefundIt).Reason == reasonCode && !told && !voice {
		n.Tells = append(n.Tells, tickets.TellCodeNeeded)
	}
	if c.asksOwner(now) {
		n.Tells = append(n.Tells, tickets.TellHoldAsked)
	}
	tells := len(n.Tells)
	n.Tells = slices.DeleteFunc(n.Tells, func(t tickets.Tell) bool { return c.private(t) && c.contactWaits(now) })
	n.Alarms = slices.Concat(c.unclear(now), c.unapplied(now))
	if c.unasked(n) {
		n.Status = tickets.Open
	}
	n.Wait = wait(c, now)
	if d := c.contactIn(now); len(n.Tells) < tells && (n.Wait == 0 || d < n.Wait) {
		n.Wait = d
	}
	if until, asked := c.turnEnds(r, n); asked && !now.Before(until) {
		n.Status, n.Reason, n.Tells = tickets.Closed, "no_answer", nil
	} else if asked && (n.Wait == 0 || until.Sub(now) < n.Wait) {
		n.Wait = until.Sub(now)
	}
	return n
}

// turnEnds is when a case is closed that only waits for the customer to say more: as long after the
// last word as a solved one stays open. Nothing was begun in it, and a new mail opens a linked case.
func (c Case) turnEnds(r tickets.Settings, n Next) (time.Time, bool) {
	waits := []string{tickets.ReasonUnclear, "unknown_account", "several_accounts", "several_subscriptions", tickets.ReasonNotVerified}
	if n.Status != tickets.Pending || !slices.Contains(waits, n.Reason) || r.CloseAfter <= 0 {
		return time.Time{}, false
	}
	if h, held := c.activeHold(); held {
		return h.Until, true
	}
	last := c.Ticket.ReceivedAt
	for _, m := range c.Messages {
		if m.At.After(last) {
			last = m.At
		}
	}
	return last.Add(r.CloseAfter), true
}

// wait is how long until there is something to look at again though nobody did anything: the next
// time to ask after an effect without a last word, or the end of the customer's turn. 0 is never.
func wait(c Case, now time.Time) time.Duration {
	var soonest time.Duration
	in := func(d time.Duration) {
		if d > 0 && (soonest == 0 || d < soonest) {
			soonest = d
		}
	}
	for _, e := range c.Effects {
		if !e.State.Settled() {
			in(retry(e.Attempts))
		}
	}
	for _, e := range c.missing() {
		in(c.late(e).Sub(now)) // what was refused rings then, though nobody does anything
	}
	for _, e := range c.unheld() {
		in(c.heldLate(e).Sub(now))
	}
	if h, held := c.activeHold(); held {
		in(h.Until.Sub(now))
	}
	if q, ok := c.quote(); ok && slices.Contains([]string{reasonAcceptance, reasonCode}, c.step(tickets.RefundIt).Reason) {
		in(q.Body.ExpiresAt.Sub(now) + time.Second)
	}
	switch s := c.step(tickets.Cancel); {
	case s.State != tickets.NeedsCustomer:
	case s.Reason == reasonOwnPart:
		in(c.ownPartUntil(now).Sub(now))
	case c.Ticket.NextChargeAt != nil:
		in(c.Ticket.NextChargeAt.Add(-askAgainBefore).Sub(now))
	}
	return soonest
}

// first is the first word to the customer in a case that has no outcome yet.
func first(c Case, now time.Time) []tickets.Tell {
	if len(c.Outgoing) > 0 && c.Outgoing[len(c.Outgoing)-1].Tell != tickets.TellReceipt {
		return nil
	}
	identify, verify := c.step(tickets.Identify), c.step(tickets.Verify)
	_, known := authenticated(c)
	switch {
	// Whoever is not a registered contact reads the same, whatever he names and whether it exists.
	case !known, !registered(c), verify.State == tickets.NeedsCustomer, verify.State == tickets.NeedsAgent:
		return []tickets.Tell{tickets.TellNeutral}
	case identify.Reason == tickets.ReasonUnclear:
		return []tickets.Tell{tickets.TellQuestion}
	case identify.State == tickets.NeedsCustomer:
		return []tickets.Tell{tickets.TellMissing}
	case c.step(tickets.Cancel).Reason == "shared_agreement":
		return []tickets.Tell{tickets.TellQuestion}
	case c.step(tickets.Cancel).State == tickets.Unknown && now.Before(c.Ticket.ReceivedAt.Add(receiptAfter)):
		return nil
	}
	return []tickets.Tell{tickets.TellReceipt}
}

// registered reports whether the requester's own address belongs to an account: the case's where it
// has one.
func registered(c Case) bool {
	if c.Account != nil {
		return c.Account.Account.Email != "" && strings.EqualFold(c.Account.Account.Email, c.Ticket.Requester)
	}
	return slices.ContainsFunc(c.Matches, func(m Match) bool { return m.By == tickets.ByEmail && !m.Stated && len(m.Accounts) > 0 })
}

// authenticated returns the newest message that is certainly from the requester, whom the desk answers.
func authenticated(c Case) (tickets.Message, bool) {
	for _, m := range slices.Backward(c.Messages) {
		if m.ByPerson() && m.Assurance >= 1 && strings.EqualFold(m.Sender, c.Ticket.Requester) {
			return m, true
		}
	}
	return tickets.Message{}, false
}

// status is the ticket's status and reason by its steps: a person's work comes before an approval,
// that before the customer's turn.
func status(c Case) (tickets.Status, string) {
	by := func(state tickets.StepState) (tickets.Step, bool) {
		i := slices.IndexFunc(c.Steps, func(s tickets.Step) bool { return s.State == state })
		if i < 0 {
			return tickets.Step{}, false
		}
		return c.Steps[i], true
	}
	for _, w := range []struct {
		state  tickets.StepState
		status tickets.Status
	}{
		{tickets.NeedsAgent, tickets.Open},
		{tickets.Failed, tickets.Open},
		{tickets.NeedsApproval, tickets.OnHold},
		{tickets.Unknown, tickets.OnHold},
		{tickets.NeedsCustomer, tickets.Pending},
	} {
		if s, ok := by(w.state); ok {
			return w.status, s.Reason
		}
	}
	if c.step(tickets.Notify).State.Done() && c.step(tickets.Evidence).State.Done() {
		return tickets.Solved, solvedAs(c)
	}
	if s := c.step(tickets.Notify); s.Reason == reasonContactChanged {
		return tickets.OnHold, s.Reason
	}
	return tickets.OnHold, "telling"
}

// solvedAs says what the case ended as. Only a cancel that succeeded is "cancelled".
func solvedAs(c Case) string {
	cancel := c.step(tickets.Cancel)
	switch {
	case cancel.State == tickets.Succeeded:
		return "cancelled"
	case cancel.Reason == reasonNotAsked && slices.ContainsFunc(c.Refunds, func(r account.Refund) bool { return r.State == account.RefundSucceeded }):
		return "refunded"
	case cancel.Reason == reasonNotAsked && c.step(tickets.RefundIt).State == tickets.Succeeded:
		return "refund_rejected"
	case cancel.Reason == reasonNotAsked:
		return "answered"
	}
	return cancel.Reason
}
