package runbook_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestAnAcceptedRefundSurvivesASecondTry: what was approved goes on when a person runs the steps once more,
// however the biller answered the end of access before.
func TestAnAcceptedRefundSurvivesASecondTry(t *testing.T) {
	t.Parallel()
	tries := map[string]func(b *bundle, id int64) error{
		"resume": func(b *bundle, id int64) error {
			_, err := b.desk.Resume(b.ctx, id, "agent:amy", "")
			return err
		},
		"step": func(b *bundle, id int64) error {
			_, err := b.desk.RunStep(b.ctx, id, "agent:amy", tickets.RefundIt)
			return err
		},
		"resolve": func(b *bundle, id int64) error {
			_, err := b.desk.Resolve(b.ctx, id, "agent:amy", tickets.Chosen{Mode: account.Now})
			return err
		},
	}
	for trouble, want := range map[fault]string{refuse: "needs_agent/biller_refused", before: "needs_agent/no_answer_for_a_day"} {
		for name, try := range tries {
			t.Run(name+" "+want, func(t *testing.T) {
				t.Parallel()
				b := setup(t, customer())
				ticket, refund := b.proposed()
				_, err := b.desk.Approve(b.ctx, refund.ID, tickets.AgentActor("sue"), refund.QuoteHash, true)
				must(t, err)
				b.world.fault = func(op, _ string) fault {
					if op == "stop" || trouble == before && op == "query stop" {
						return trouble
					}
					return none
				}
				b.drain(25*time.Hour, nil)
				s := b.state(ticket.ID)
				same(t, "refund step", want, s.Steps[tickets.RefundIt])
				same(t, "refunds", map[string]string{refund.ID: "approved/2000"}, s.Refunds)
				b.world.fault = nil
				must(t, try(b, ticket.ID))
				b.drain(time.Hour, b.neverHappens)
				s = b.state(ticket.ID)
				same(t, "refunds after the second try", map[string]string{refund.ID: "succeeded/2000"}, s.Refunds)
				same(t, "money that came back", map[string]int64{"c1": 2000}, s.Refunded)
				same(t, "told", []tickets.Tell{tickets.TellCancelOutcome, tickets.TellRefundOutcome}, s.Told)
				same(t, "case", "solved/cancelled", s.Status+"/"+s.Reason)
			})
		}
	}
}

// TestOwnFaultReturnedMeanwhileDoesNotVoidTheOffer: what came back by itself was in the quote already.
func TestOwnFaultReturnedMeanwhileDoesNotVoidTheOffer(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(chargedTwice))
	ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: asking("cancel_and_refund")})
	b.drain(time.Hour, nil)
	b.receiveFor(mail{from: "li@example.com", assurance: 1, about: yes()}, ticket)
	b.drain(time.Hour, nil)
	s := b.state(ticket.ID)
	same(t, "refunds", map[string]string{"CD-000001-c2-1": "succeeded/3000", "CD-000001-c1-2": "proposed/2000"}, s.Refunds)
	same(t, "told", []tickets.Tell{tickets.TellCancelOutcome}, s.Told)
}

func yes() intent.Understanding { return intent.Understanding{Affirms: true} }

// TestARefundSeenToByHandIsTold: access has ended, the channel can't deliver, and somebody pays otherwise.
func TestARefundSeenToByHandIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	ticket, refund := b.proposed()
	_, err := b.desk.Approve(b.ctx, refund.ID, tickets.AgentActor("sue"), refund.QuoteHash, true)
	must(t, err)
	b.world.fault = func(op, _ string) fault {
		if op == "refund" {
			return refuse
		}
		return none
	}
	b.drain(time.Hour, nil)
	same(t, "refund step", "needs_agent/refund_stuck", b.state(ticket.ID).Steps[tickets.RefundIt])
	_, err = b.desk.Skip(b.ctx, ticket.ID, "agent:amy", tickets.RefundIt, "paid by hand")
	must(t, err)
	b.drain(time.Hour, b.neverHappens)
	s := b.state(ticket.ID)
	same(t, "case", "solved/cancelled", s.Status+"/"+s.Reason)
	same(t, "refund step", "skipped/by_hand", s.Steps[tickets.RefundIt])
	same(t, "told", []tickets.Tell{tickets.TellCancelOutcome, tickets.TellRefundOutcome}, s.Told)
}
