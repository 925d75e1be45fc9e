package runbook

import (
	"context"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// chatting reports whether a conversation of the case is open.
func (c Case) chatting() bool {
	return slices.ContainsFunc(c.Chats, func(x tickets.Conversation) bool { return x.EndedAt == nil })
}

// proven reports whether anybody in the case was proven to be somebody, by a proof of a conversation.
func (c Case) proven() bool {
	return slices.ContainsFunc(c.Verifications, func(v tickets.Verification) bool { return v.VoidedAt == nil && v.Scope != "" })
}

// firstInChat is the first word in the chat of a case that has no outcome yet. Whoever is not proven reads
// the same, whatever he names and whether it exists; what he asks for is asked without looking at any
// account.
func firstInChat(c Case, now time.Time) []tickets.Tell {
	if _, answered := c.told(tickets.TellAnswer); answered {
		return nil // a person talks to him
	}
	identify, verify := c.step(tickets.Identify), c.step(tickets.Verify)
	switch {
	case identify.Reason == tickets.ReasonUnclear:
		return []tickets.Tell{tickets.TellQuestion}
	case identify.Reason == reasonNoStop && c.wants(intent.AssetDisposal, intent.StatusInquiry):
		return []tickets.Tell{tickets.TellReceipt}
	case identify.Reason == reasonNoStop:
		return nil // nothing that a rule could say a word to; a person answers
	case !c.proven(), verify.State == tickets.NeedsCustomer, verify.State == tickets.NeedsAgent:
		return []tickets.Tell{tickets.TellNeutral}
	case identify.State == tickets.NeedsCustomer:
		return []tickets.Tell{tickets.TellMissing}
	case c.step(tickets.Cancel).Reason == "shared_agreement":
		return []tickets.Tell{tickets.TellQuestion}
	case c.step(tickets.Cancel).State == tickets.Unknown && now.Before(c.Ticket.ReceivedAt.Add(receiptAfter)):
		return nil
	}
	return []tickets.Tell{tickets.TellReceipt}
}

// tellJoined tells the conversations of a case that became part of another what was told there before.
func tellJoined(ctx context.Context, tx tickets.Tx, c Case, main tickets.Ticket, at time.Time) error {
	if !c.chatting() {
		return nil
	}
	told, err := tx.Outgoing(ctx, main.ID)
	if err != nil {
		return err
	}
	for _, tell := range []tickets.Tell{tickets.TellCancelOutcome, tickets.TellRefundOutcome} {
		if !slices.ContainsFunc(told, func(o tickets.Outgoing) bool { return o.Tell == tell }) {
			continue
		}
		if err := tx.Enqueue(ctx, tickets.Job{
			Kind: tickets.JobTell, TicketID: main.ID, Ref: string(tell), DueAt: at, Key: "tell/" + main.Number() + "/" + string(tell),
		}); err != nil {
			return err
		}
	}
	return nil
}
