package runbook_test

import (
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
