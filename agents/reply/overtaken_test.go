package reply_test

import (
	"testing"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestAnOfferThatWasTakenUpMeanwhileIsNotSent: the yes came by phone before the mail was written.
func TestAnOfferThatWasTakenUpMeanwhileIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ticket.ID
	b.tx(t, func(tx tickets.Tx) error {
		run := tickets.Run{TicketID: id, Mode: account.Now, SubscriptionIDs: b.ticket.SubscriptionIDs, StartedAt: b.now}
		var steps tickets.Steps
		for _, name := range tickets.StepNames() {
			steps = append(steps, tickets.Step{Name: name, State: tickets.Todo})
		}
		if err := tx.InsertRun(t.Context(), &run, steps); err != nil {
			return err
		}
		q := saved(endNow())
		q.ID, q.TicketID, q.RunID, q.At = 0, id, run.ID, b.now
		if err := tx.InsertQuote(t.Context(), &q); err != nil {
			return err
		}
		return tx.InsertAcceptance(t.Context(), &tickets.Acceptance{TicketID: id, QuoteHash: q.Hash, By: "agent:amy", Words: "同意", Level: 1, At: b.now})
	})
	for _, tell := range []string{"offer", "code_needed"} {
		b.mustTell(t, id, tell)
	}
	same(t, "outbox", 0, len(b.outbox(t, id)))
	same(t, "events", []string{tickets.EventNotifyResult, tickets.EventNotifyResult}, b.events(t, id))
}
