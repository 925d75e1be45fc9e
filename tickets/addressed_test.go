package tickets_test

import (
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestContactAnswersACallsCase: the case came by telephone, its outcome went to the registered contact,
// who answers that mail.
func TestContactAnswersACallsCase(t *testing.T) {
	t.Parallel()
	yes := intent.Understanding{Intent: intent.Clarify, Intents: []intent.Intent{intent.Clarify}, Affirms: true}
	no := intent.Understanding{Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Withdraws: true, Confidence: 0.9}
	for name, c := range map[string]struct {
		from      string
		assurance int
		u         intent.Understanding
		outcome   string
		is        string
	}{
		"his yes is part of it":                          {"li@example.com", 1, yes, "appended 1", "open/unclear"},
		"he takes it back":                               {"Li@example.com", 1, no, "appended 1", "open/withdrawal_asked"},
		"a mail that only says that it is his joins not": {"li@example.com", 0, yes, "ticket 2", "open/unclear"},
		"nor does a stranger who has our Message-ID":     {"x@example.com", 1, no, "ticket 2", "open/unclear"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ticket, _, err := b.desk.Call(b.ctx, "key:1", tickets.CallReport{ID: "c1", Caller: "13800000000", StartedAt: b.now})
			must(t, err)
			mailID := b.ids.ID(ticket.ID, "cancel_outcome")
			must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
				x := b.ticket(ticket.ID)
				must(t, x.SetStatus(tickets.Open, tickets.ReasonUnclear, b.now))
				must(t, tx.SaveTicket(b.ctx, &x))
				return tx.InsertOutgoing(b.ctx, &tickets.Outgoing{
					TicketID: ticket.ID, Key: "k", Channel: tickets.ByMail, Tell: tickets.TellCancelOutcome, Recipient: "li@example.com",
					MailID: mailID, State: tickets.OutgoingSent, At: b.now, SentAt: &b.now,
				})
			}))
			if got := outcomes(b.receive(b.mail(c.from, c.assurance, c.u, answers(mailID)))); got[0] != c.outcome {
				t.Errorf("%s, want %s", got[0], c.outcome)
			}
			b.is(ticket.ID, c.is)
		})
	}
}
