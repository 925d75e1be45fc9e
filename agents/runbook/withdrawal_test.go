package runbook_test

import (
	"errors"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestWithdrawalOfAStopUnderWay: the customer takes the request back while the biller's answer is open. The
// desk asks what became of it and begins nothing more.
func TestWithdrawalOfAStopUnderWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   fault
		effect  tickets.EffectState
		debits  bool
		stopped int
	}{
		"it arrived":       {after, tickets.EffectDone, false, 1},
		"it never arrived": {before, tickets.EffectAboutTo, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			down := true
			b.world.fault = func(op, _ string) fault {
				if !down || op == "end" {
					return none
				}
				return c.fault
			}
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(time.Second, nil)
			b.receiveFor(mail{"li@example.com", 1, intent.Understanding{Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Withdraws: true}}, ticket)
			down = false
			b.drain(time.Hour, nil)
			s := b.state(ticket.ID)
			same(t, "case", "open/withdrawal_asked", s.Status+"/"+s.Reason)
			same(t, "stop", c.effect, s.Effects[stopS1])
			same(t, "debits", c.debits, s.Debits["s1"])
			same(t, "stops", c.stopped, s.Acted[stopS1])
		})
	}
}

// TestWhatAnAgentDoesLeavesAnObjectionStanding: a reply, a status set by hand and the customer's thanks change
// the case's status, and nothing more; only a person who says that he knows lets it go on.
func TestWhatAnAgentDoesLeavesAnObjectionStanding(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		objection string
		want      string
	}{
		"taken back":          {tickets.ReasonWithdrawal, "pending/by_hand"},
		"denied by the owner": {tickets.ReasonDeniedStopped, "open/denied_stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			down := true
			b.world.fault = func(op, _ string) fault {
				if down && op != "end" {
					return before
				}
				return none
			}
			id := b.receive(mail{"li@example.com", 1, stop()}).ID
			b.drain(time.Second, nil)
			x := b.ticket(id)
			must(t, x.SetStatus(tickets.Open, c.objection, b.clock.now()))
			must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &x) }))
			down = false
			untouched := func(after string) {
				t.Helper()
				b.drain(time.Hour, nil)
				s := b.state(id)
				if s.Acted[stopS1] != 0 || !s.Debits["s1"] || b.ticket(id).Objection != c.objection {
					t.Errorf("after %s: %+v", after, s)
				}
			}
			_, err := b.desk.Say(b.ctx, id, tickets.AgentActor("amy"), tickets.Reply, "好的，我看一下您的申请，请稍等")
			must(t, err)
			untouched("a reply")
			_, err = b.desk.Move(b.ctx, id, tickets.AgentActor("amy"), tickets.Pending)
			must(t, err)
			untouched("a status set by hand")
			for _, run := range []func() error{
				func() error {
					_, err := b.desk.Resolve(b.ctx, id, tickets.AgentActor("amy"), tickets.Chosen{})
					return err
				},
				func() error {
					_, err := b.desk.RunStep(b.ctx, id, tickets.AgentActor("amy"), tickets.Cancel)
					return err
				},
			} {
				if err := run(); !errors.Is(err, tickets.Conflict) {
					t.Errorf("run all the same: %v", err)
				}
			}
			got := b.ticket(id)
			same(t, "case", c.want, string(got.Status)+"/"+got.Reason)
			_, err = b.desk.Resume(b.ctx, id, tickets.AgentActor("amy"), tickets.ConfirmDespiteWithdrawal)
			if got.Denied() {
				if !errors.Is(err, tickets.Forbidden) {
					t.Errorf("go on although nobody is verified: %v", err)
				}
				b.rings(id) // the owner himself, who proves it
				_, err = b.desk.Resume(b.ctx, id, tickets.AgentActor("amy"), tickets.ConfirmDespiteWithdrawal)
			}
			must(t, err)
			b.drain(time.Hour, nil)
			if s := b.state(id); s.Acted[stopS1] != 1 || s.Debits["s1"] {
				t.Errorf("a person let it go on: %+v", s)
			}
		})
	}
}
