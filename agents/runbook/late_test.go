package runbook_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// dueIn is the customer whose next debit is near.
func dueIn(d time.Duration) account.Snapshot {
	return customer(func(s *account.Snapshot) {
		next := start.Add(d)
		s.Subscriptions[0].NextChargeAt = &next
	})
}

// TestARefusedStopRings: whoever refused, somebody sees it before the next charge, and not for longer than it is so.
func TestARefusedStopRings(t *testing.T) {
	t.Parallel()
	for op, part := range map[string]string{"stop": "the biller", "end": "the channel"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			b := setup(t, dueIn(30*time.Hour))
			b.world.fault = refusing(op)
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(5*hour, nil)
			rings(t, b, 0)
			b.drain(7*hour, nil)
			rings(t, b, 1)
			_, err := b.desk.RunStep(b.ctx, ticket.ID, "agent:amy", tickets.Cancel)
			must(t, err)
			b.drain(hour, nil)
			rings(t, b, 1)
			b.world.fault = nil
			_, err = b.desk.RunStep(b.ctx, ticket.ID, "agent:amy", tickets.Cancel)
			must(t, err)
			b.drain(hour, nil)
			rings(t, b, 0)
			same(t, "status", "solved", b.state(ticket.ID).Status)
		})
	}
}

// TestARefusedHoldAsksTheOwnerAndCallsAPerson: the biller keeps nothing back, so the owner is asked all the same, and
// somebody sees it before the debit.
func TestARefusedHoldAsksTheOwnerAndCallsAPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		due  time.Duration
		yes  bool
		ends string
	}{
		"due in 50 minutes, he says yes": {50 * time.Minute, true, "solved/cancelled"},
		"due in 50 minutes, he says no":  {50 * time.Minute, false, "closed/denied"},
		"due in 30 hours":                {30 * time.Hour, true, "solved/cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, dueIn(c.due), holding)
			b.world.fault = refusing("hold")
			asked := b.receive(stranger(1))
			b.drain(10*time.Minute, nil)
			s := b.state(asked.ID)
			same(t, "status", "open/hold_refused", s.Status+"/"+s.Reason)
			same(t, "told", []tickets.Tell{tickets.TellHoldAsked, tickets.TellNeutral}, s.Told)
			if c.due > 24*time.Hour {
				same(t, "alarms while there is time", []tickets.AlarmKind(nil), b.ringing())
				b.drain(c.due-24*time.Hour, nil)
			}
			same(t, "alarms", []tickets.AlarmKind{tickets.AlarmHoldUnclear}, b.ringing())
			b.answerOwner(asked, intent.Understanding{Affirms: c.yes, Denies: !c.yes})
			b.drain(hour, nil)
			s = b.state(asked.ID)
			same(t, "in the end", c.ends, s.Status+"/"+s.Reason)
			same(t, "alarms in the end", []tickets.AlarmKind(nil), b.ringing())
			same(t, "it renews", !c.yes, b.world.debits["s1"])
			b.pairs(asked)
		})
	}
}
