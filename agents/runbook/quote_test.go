package runbook_test

import (
	"errors"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// proposed is a case in which the customer said yes to a refund, which waits for an approval.
func (b *bundle) proposed() (tickets.Ticket, account.Refund) {
	b.t.Helper()
	ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: asking(intent.CancelAndRefund)})
	b.drain(time.Hour, nil)
	b.receiveFor(mail{from: "li@example.com", assurance: 1, about: intent.Understanding{Affirms: true}}, ticket)
	b.drain(time.Hour, nil)
	refunds, err := b.Refunds(b.ctx, ticket.ID)
	must(b.t, err)
	if len(refunds) != 1 || refunds[0].State != account.RefundProposed {
		b.t.Fatalf("no refund waits for approval: %+v", b.state(ticket.ID))
	}
	return ticket, refunds[0]
}

func TestApprovalIsVoidWhenTheQuoteChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	ticket, refund := b.proposed()
	_, err := b.desk.Approve(b.ctx, refund.ID, tickets.AgentActor("sue"), refund.QuoteHash, true)
	must(t, err)
	// Before it is sent, the platform pays back most of the charge itself.
	must(t, b.Conn().WithContext(b.ctx).Exec("UPDATE charges SET refunded_fen = 2500 WHERE id = 'c1'").Error)
	b.drain(time.Hour, nil)
	s := b.state(ticket.ID)
	same(t, "refunds", map[string]string{refund.ID: "rejected/2000"}, s.Refunds)
	same(t, "refund step", "needs_customer/acceptance", s.Steps[tickets.RefundIt])
	same(t, "money that moved", map[string]int64{}, s.Refunded)
	quotes, err := b.Quotes(b.ctx, ticket.ID)
	must(t, err)
	if got := quotes[len(quotes)-1].Body.RefundFen; got != 500 {
		t.Errorf("the new quote gives %d fen back, want 500", got)
	}
	if !b.refund(ticket.ID).Void() {
		t.Error("the customer would be told that the old one was turned down")
	}
}

// TestApprovalIsRefusedWhereTheQuoteHasChanged: whoever releases the old sum is told at once, and the steps
// propose the new one.
func TestApprovalIsRefusedWhereTheQuoteHasChanged(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	ticket, refund := b.proposed()
	must(t, b.Conn().WithContext(b.ctx).Exec("UPDATE charges SET refunded_fen = 2500 WHERE id = 'c1'").Error)
	_, err := b.desk.Approve(b.ctx, refund.ID, tickets.AgentActor("sue"), refund.QuoteHash, true)
	if !errors.Is(err, tickets.Conflict) {
		t.Fatalf("error %v, want a conflict", err)
	}
	if r := b.refund(ticket.ID); r.State != account.RefundProposed || r.Approver != "" {
		t.Errorf("the refund is %s by %q", r.State, r.Approver)
	}
	b.drain(time.Minute, nil)
	if r := b.refund(ticket.ID); !r.Void() || r.Approver != "" {
		t.Errorf("the old proposal is %+v", r)
	}
	quotes, err := b.Quotes(b.ctx, ticket.ID)
	must(t, err)
	if got := quotes[len(quotes)-1].Body.RefundFen; got != 500 {
		t.Errorf("the new quote gives %d fen back, want 500", got)
	}
}

func (b *bundle) refund(id int64) account.Refund {
	b.t.Helper()
	refunds, err := b.Refunds(b.ctx, id)
	must(b.t, err)
	return refunds[0]
}

func TestLimitsCountLinkedCases(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), func(s *tickets.Settings) { s.Automation.ApprovalAboveFen = 2000 })
	ticket, refund := b.proposed()
	other := b.receive(mail{from: "x@example.com", about: stop()})
	must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		if _, err := tx.PutCharge(b.ctx, account.Charge{
			ID: "c-other", AccountNo: "u1", SubscriptionID: "s1", AmountFen: 3000, Currency: "CNY", ChargedAt: b.clock.now().AddDate(-2, 0, 0),
			PeriodStart: "2024-01-01", PeriodEnd: "2024-02-01", Channel: account.Ledger, State: account.ChargePaid,
		}); err != nil {
			return err
		}
		r := account.Refund{
			ID: "other", ChargeID: "c-other", AccountNo: "u1", TicketID: other.ID, AmountFen: 1, State: account.RefundProposed, Key: "other",
			QuoteHash: "q", Proposer: "desk", At: b.clock.now(),
		}
		if err := tx.InsertRefund(b.ctx, &r); err != nil {
			return err
		}
		return tx.InsertLink(b.ctx, tickets.Link{FromID: other.ID, ToID: ticket.ID, Kind: "account", At: b.clock.now()})
	}))
	if _, err := b.desk.Approve(b.ctx, refund.ID, tickets.AgentActor("amy"), refund.QuoteHash, false); err == nil {
		t.Error("an agent released more than the limit over two cases")
	}
	if _, err := b.desk.Approve(b.ctx, refund.ID, tickets.AgentActor("sue"), refund.QuoteHash, true); err != nil {
		t.Errorf("a supervisor can't: %v", err)
	}
}

// TestYesToALargeSumTakesACode: a yes by mail is level 1, and above the limit that is not enough.
func TestYesToALargeSumTakesACode(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), func(s *tickets.Settings) { s.Automation.ApprovalAboveFen = 1000 })
	ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: asking(intent.CancelAndRefund)})
	b.drain(time.Hour, nil)
	b.receiveFor(mail{from: "li@example.com", assurance: 1, about: intent.Understanding{Affirms: true}}, ticket)
	b.drain(time.Hour, nil)
	s := b.state(ticket.ID)
	same(t, "refund step", "needs_customer/needs_code", s.Steps[tickets.RefundIt])
	same(t, "refunds", map[string]string{}, s.Refunds)
	same(t, "told", []tickets.Tell{tickets.TellCancelOutcome, tickets.TellCodeNeeded}, s.Told)
	quotes, err := b.Quotes(b.ctx, ticket.ID)
	must(t, err)
	must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		a := tickets.Acceptance{TicketID: ticket.ID, QuoteHash: quotes[len(quotes)-1].Hash, By: "customer", Words: "code", Level: 2, At: b.clock.now()}
		if err := tx.InsertAcceptance(b.ctx, &a); err != nil {
			return err
		}
		return tx.Enqueue(b.ctx, tickets.Job{Kind: tickets.JobRun, TicketID: ticket.ID, DueAt: b.clock.now(), Key: "again"})
	}))
	b.drain(time.Hour, nil)
	same(t, "refund by the code", map[string]string{"CD-000001-c1-1": "proposed/2000"}, b.state(ticket.ID).Refunds)
}

// TestWhoWroteDownTheYesToALargeSumDoesNotReleaseIt: up to the limit an agent may do both.
func TestWhoWroteDownTheYesToALargeSumDoesNotReleaseIt(t *testing.T) {
	t.Parallel()
	for above, want := range map[int64]string{1000: "agent:amy", 2000: "desk"} {
		b := setup(t, customer(), func(s *tickets.Settings) { s.Automation.ApprovalAboveFen = above })
		ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: asking(intent.CancelAndRefund)})
		b.drain(time.Hour, nil)
		quotes, err := b.Quotes(b.ctx, ticket.ID)
		must(t, err)
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
			a := tickets.Acceptance{TicketID: ticket.ID, QuoteHash: quotes[len(quotes)-1].Hash, By: "agent:amy", Words: "同意", Level: 2, At: b.clock.now()}
			if err := tx.InsertAcceptance(b.ctx, &a); err != nil {
				return err
			}
			return tx.Enqueue(b.ctx, tickets.Job{Kind: tickets.JobRun, TicketID: ticket.ID, DueAt: b.clock.now(), Key: "again"})
		}))
		b.drain(time.Hour, nil)
		refunds, err := b.Refunds(b.ctx, ticket.ID)
		must(t, err)
		if len(refunds) != 1 || refunds[0].Proposer != want {
			t.Errorf("above %d fen: %+v", above, refunds)
		}
		_, err = b.desk.Approve(b.ctx, refunds[0].ID, tickets.AgentActor("amy"), refunds[0].QuoteHash, true)
		if released := err == nil; released != (want == "desk") {
			t.Errorf("above %d fen: released by who wrote it down: %v, %v", above, released, err)
		}
	}
}
