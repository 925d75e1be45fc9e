package tickets_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestForged is mail that only says who it is from, or knows more than it should.
func TestForged(t *testing.T) {
	t.Parallel()
	withdraw := intent.Understanding{Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Withdraws: true}
	yes := intent.Understanding{Intent: intent.Clarify, Intents: []intent.Intent{intent.Clarify}, Affirms: true}
	opened := func(t *testing.T) *bundle {
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, stop()))
		return b
	}
	t.Run("a quoted number and References of a stranger join nothing", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		in := b.mail("x@example.com", 1, stop(), answers("m1@example.com"))
		in.Message.Subject, in.Message.Text = "Re: CD-000001", "CD-000001"
		if got := outcomes(b.receive(in)); got[0] != "ticket 2" {
			t.Error(got)
		}
	})
	t.Run("the requester's address without authentication joins and makes nothing surer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.receive(b.mail("li@example.com", 0, stop()))
		if got := outcomes(b.receive(b.mail("li@example.com", 0, stop(), answers("m1@example.com")))); got[0] != "appended 1" || b.ticket(1).Assurance != 0 {
			t.Error(got, b.ticket(1).Assurance)
		}
	})
	t.Run("it takes no request back", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		b.receive(b.mail("li@example.com", 0, withdraw, answers("m1@example.com")))
		b.is(1, "new/")
	})
	t.Run("nor does a stranger who has our own Message-ID", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		b.receive(b.mail("x@example.com", 1, withdraw, answers(b.ids.ID(1, "receipt"))))
		b.is(1, "new/")
	})
	t.Run("only the requester himself does", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		b.receive(b.mail("li@example.com", 1, withdraw, answers(b.ids.ID(1, "receipt"))))
		b.is(1, "open/withdrawal_asked")
	})
	t.Run("it says no yes to our question", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, asking(intent.Clarify)))
		asked := b.ticket(1)
		must(t, asked.SetStatus(tickets.Pending, tickets.ReasonUnclear, b.now))
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &asked) }))
		b.receive(b.mail("li@example.com", 0, yes, answers("m1@example.com")))
		if got := b.ticket(1); got.Stops() {
			t.Errorf("it stops: %v", got.Intents)
		}
	})
	t.Run("the requester does, and that mail asked to stop", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, asking(intent.Clarify)))
		asked := b.ticket(1)
		must(t, asked.SetStatus(tickets.Pending, tickets.ReasonUnclear, b.now))
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &asked) }))
		b.receive(b.mail("li@example.com", 1, yes, answers(b.ids.ID(1, "question"))))
		b.is(1, "open/customer_wrote")
		messages, err := b.Messages(b.ctx, 1)
		must(t, err)
		if d := cmp.Diff([]intent.Intent{intent.StopAutoRenew}, messages[1].Asks); d != "" || b.ticket(1).Intent != intent.StopAutoRenew {
			t.Error(d, b.ticket(1).Intent)
		}
	})
	t.Run("a machine's mail asks for nothing", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		rows := b.receive(b.mail("li@example.com", 1, asking(intent.CancelAndRefund), kind("auto_reply"), answers(b.ids.ID(1, "receipt"))))
		if got := outcomes(rows); got[0] != "auto_reply 1" {
			t.Fatal(got)
		}
		messages, err := b.Messages(b.ctx, 1)
		must(t, err)
		if len(messages[1].Asks) != 0 || len(b.ticket(1).Intents) != 1 {
			t.Errorf("it asked for %v; the ticket %v", messages[1].Asks, b.ticket(1).Intents)
		}
	})
}
