package runbook_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

const hour = time.Hour

// done is how every step of a plain stop ends.
func done() map[tickets.StepName]string {
	return map[tickets.StepName]string{
		tickets.Identify: "succeeded/", tickets.Verify: "succeeded/registered_address", tickets.Cancel: "succeeded/",
		tickets.QuoteIt: "succeeded/", tickets.RefundIt: "skipped/not_asked", tickets.Assets: "skipped/none",
		tickets.Evidence: "succeeded/", tickets.Notify: "succeeded/",
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("a stop ends solved as cancelled, each effect once", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		ticket := b.receive(mail{"li@example.com", 1, stop()})
		b.drain(hour, nil)
		want := state{
			Status: "solved", Reason: "cancelled", Steps: done(),
			Effects: map[string]tickets.EffectState{"stop/CD-000001/s1/period_end": "done", "end/CD-000001/a1": "done"},
			Refunds: map[string]string{}, Told: []tickets.Tell{tickets.TellCancelOutcome},
			Acted:  map[string]int{"stop/CD-000001/s1/period_end": 1, "end/CD-000001/a1": 1},
			Debits: map[string]bool{"s1": false}, Alive: map[string]bool{"ref1": false}, Refunded: map[string]int64{},
		}
		if d := cmp.Diff(want, b.state(ticket.ID)); d != "" {
			t.Error(d)
		}
		b.pairs(ticket)
	})
	t.Run("a charge twice in a cycle comes back without anybody's word", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer(chargedTwice))
		ticket := b.receive(mail{"li@example.com", 1, asking(intent.RefundMistakenCharge)})
		b.drain(hour, nil)
		got := b.state(ticket.ID)
		if got.Status != "solved" || got.Reason != "refunded" || got.Refunded["c2"] != 3000 || !got.Debits["s1"] || got.Running != 0 {
			t.Errorf("%+v", got)
		}
		b.pairs(ticket)
	})
	t.Run("unused time comes back after the yes and an approval, and access ends first", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		ticket := b.refundAccepted()
		got := b.state(ticket.ID)
		if got.Status != "solved" || got.Reason != "cancelled" || got.Refunded["c1"] != 2000 || got.Acted["stop/CD-000001/s1/now"] != 1 {
			t.Errorf("%+v", got)
		}
		b.pairs(ticket)
	})
}

// refundAccepted carries a case of cancel and refund to its end: the customer's yes, then an approval.
func (b *bundle) refundAccepted() tickets.Ticket {
	b.t.Helper()
	ticket := b.receive(mail{"li@example.com", 1, asking(intent.CancelAndRefund)})
	b.drain(hour, nil)
	b.accept(ticket.ID)
	b.drain(hour, nil)
	b.approve(ticket.ID)
	b.drain(hour, nil)
	return ticket
}

func (b *bundle) accept(id int64) {
	b.t.Helper()
	quotes, err := b.Quotes(b.ctx, id)
	must(b.t, err)
	if len(quotes) == 0 {
		b.t.Fatal("there is no quote to accept")
	}
	b.rings(id)
	_, err = b.desk.Accept(b.ctx, id, "agent:amy", quotes[len(quotes)-1].Hash, "好的")
	must(b.t, err)
}

// rings lets the customer ring about the case and name two of his payments.
func (b *bundle) rings(id int64) {
	b.t.Helper()
	at := b.clock.now()
	scope := "call/" + strconv.FormatInt(at.UnixNano(), 10)
	must(b.t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		err := tx.InsertMessage(b.ctx, &tickets.Message{
			TicketID: id, Direction: tickets.Inbound, Channel: tickets.Phone, At: at, Kind: "message", Scope: scope, ExternalID: scope,
		})
		if err != nil {
			return err
		}
		return tx.InsertVerification(b.ctx, &tickets.Verification{
			TicketID: id, Scope: scope, AccountNo: "u1", Level: 2, Method: tickets.MethodTwoTransactions, At: at, ExpiresAt: at.Add(tickets.VerificationLife),
		})
	}))
}

func (b *bundle) approve(id int64) {
	b.t.Helper()
	refunds, err := b.Refunds(b.ctx, id)
	must(b.t, err)
	for _, r := range refunds {
		if r.State == account.RefundProposed {
			_, err := b.desk.Approve(b.ctx, r.ID, "agent:sue", r.QuoteHash, true)
			if b.ticket(id).Objection != "" && errors.Is(err, tickets.Conflict) {
				continue // nothing is released then
			}
			must(b.t, err)
		}
	}
}
