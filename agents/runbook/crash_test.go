package runbook_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// cases are whole cases, each carried to its end; the ticket is the one that is worked on.
func cases() map[string]struct {
	account account.Snapshot
	run     func(b *bundle) tickets.Ticket
} {
	return map[string]struct {
		account account.Snapshot
		run     func(b *bundle) tickets.Ticket
	}{
		"stop": {customer(), func(b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			return ticket
		}},
		"refund accepted":        {customer(), (*bundle).refundAccepted},
		"refund of two accepted": {customer(paidAhead), (*bundle).refundAccepted},
		"own fault": {customer(chargedTwice), func(b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 1, asking(intent.RefundMistakenCharge)})
			b.drain(hour, nil)
			return ticket
		}},
		"refused, and tried again": {customer(), func(b *bundle) tickets.Ticket {
			b.world.fault = refusing("stop", "end")
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			b.world.fault = nil
			if _, err := b.desk.RunStep(b.ctx, ticket.ID, "agent:amy", tickets.Cancel); err != nil {
				b.t.Fatal(err)
			}
			b.drain(hour, nil)
			return ticket
		}},
		"joined": {customer(), func(b *bundle) tickets.Ticket {
			// The second arrives while the first waits for a biller that does not answer.
			trouble := b.world.fault
			b.world.fault = func(string, string) fault { return before }
			main := b.receive(mail{"li@example.com", 1, naming("x1", intent.StopAutoRenew)})
			b.drain(time.Minute, nil)
			b.receive(mail{"li@example.com", 1, naming("x2", intent.StopAutoRenew)})
			b.drain(time.Minute, nil)
			b.world.fault = trouble
			b.drain(hour, nil)
			return main
		}},
	}
}

// TestKill holds a run that is killed at any transaction, before its commit or after it, to the end
// and the effects of one that was not.
func TestKill(t *testing.T) {
	t.Parallel()
	for name, c := range cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.account)
			ticket := c.run(b)
			want, transactions := b.state(ticket.ID), b.flaky.n
			if want.Status != "solved" {
				t.Fatalf("undisturbed it ends as %+v", want)
			}
			b.pairs(ticket)
			for _, after := range []bool{false, true} {
				for k := 1; k <= transactions; k++ {
					t.Run(fmt.Sprintf("at %d, after its commit: %t", k, after), func(t *testing.T) {
						t.Parallel()
						b := setup(t, c.account)
						b.flaky.failAt, b.flaky.after = k, after
						ticket := c.run(b)
						if d := cmp.Diff(want, b.state(ticket.ID)); d != "" {
							t.Error(d)
						}
						b.pairs(ticket)
					})
				}
			}
		})
	}
}

// TestUnanswered holds a call that gets no answer, whether it took place or not, to one effect.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	for name, c := range cases() {
		for kind, f := range map[string]fault{"lost before it took place": before, "lost after it took place": after, "pending for a while": pending} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				b := setup(t, c.account)
				want := b.state(c.run(b).ID)
				b = setup(t, c.account)
				left := map[string]int{}
				b.world.fault = func(op, key string) fault {
					if left[op+key]++; left[op+key] > 3 {
						return none
					}
					return f
				}
				ticket := c.run(b)
				got := b.state(ticket.ID)
				got.Told, want.Told = nil, nil // a receipt goes out where the result takes longer
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
				b.pairs(ticket)
			})
		}
	}
}

// TestWaiting looks at what is left to do while an outcome is unknown: there is always a job.
func TestWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	b.world.fault = func(string, string) fault { return before }
	ticket := b.receive(mail{"li@example.com", 1, stop()})
	b.drain(25*time.Hour, func() {
		if len(b.waiting()) == 0 {
			t.Fatal("an effect has no last word and nothing asks after it")
		}
	})
	if got := b.ticket(ticket.ID); got.Status != tickets.Open || got.Reason != "no_answer_for_a_day" {
		t.Errorf("after a day the ticket is %s, %s", got.Status, got.Reason)
	}
	b.world.fault = nil
	b.drain(hour, nil)
	if got := b.ticket(ticket.ID); got.Status != tickets.Solved || got.Reason != "cancelled" {
		t.Errorf("it ends as %s, %s", got.Status, got.Reason)
	}
}
