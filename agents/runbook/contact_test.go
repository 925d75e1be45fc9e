package runbook_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestOutcomeWaitsForTheContact: the address was changed yesterday, and who writes proves himself by two
// transactions. The stop does not wait, what is told of the account does.
func TestOutcomeWaitsForTheContact(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(func(s *account.Snapshot) {
		yesterday := start.AddDate(0, 0, -1)
		s.Account.ContactChangedAt = &yesterday
	}))
	ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: stop()})
	messages, err := b.Messages(b.ctx, ticket.ID)
	must(t, err)
	must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		return tx.InsertVerification(b.ctx, &tickets.Verification{
			TicketID: ticket.ID, MessageID: messages[0].ID, AccountNo: "u1", Level: 2, Method: tickets.MethodTwoTransactions,
			At: b.clock.now(), ExpiresAt: b.clock.now().Add(tickets.VerificationLife),
		})
	}))
	b.drain(time.Hour, b.neverHappens)
	s := b.state(ticket.ID)
	same(t, "while it is fresh", "on_hold/contact_changed", s.Status+"/"+s.Reason)
	same(t, "notify", "running/contact_changed", s.Steps[tickets.Notify])
	same(t, "what debits", map[string]bool{"s1": false}, s.Debits)
	for _, tell := range s.Told {
		if tell == tickets.TellCancelOutcome {
			t.Error("the outcome was written to an address of yesterday")
		}
	}
	b.drain(3*24*time.Hour, b.neverHappens)
	s = b.state(ticket.ID)
	same(t, "after 72 hours", "solved/cancelled", s.Status+"/"+s.Reason)
	if told := b.told(ticket.ID); told[len(told)-1] != tickets.TellCancelOutcome {
		t.Errorf("told %v", told)
	}
}
