package runbook_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/runbook"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func holding(s *tickets.Settings) { s.Automation.Hold = true }

// stranger asks, from an address that is not the account's, to stop the subscription of an order.
func stranger(assurance int) mail {
	return mail{from: "wang@elsewhere.example", assurance: assurance, about: naming("orderc1", intent.StopAutoRenew)}
}

// answerOwner lets the registered contact answer the question whether the request was his.
func (b *bundle) answerOwner(asked tickets.Ticket, u intent.Understanding) tickets.Ticket {
	b.t.Helper()
	id := b.ids.ID(asked.ID, asked.Number()+"/"+string(tickets.TellHoldAsked))
	return b.take(mail{from: "li@example.com", assurance: 1, about: u}, []string{id})
}

func (b *bundle) holds(id int64) []string {
	b.t.Helper()
	list, err := b.Holds(b.ctx, id)
	must(b.t, err)
	out := []string{}
	for _, h := range list {
		out = append(out, h.SubscriptionID+" "+string(h.State)+" "+h.Reason)
	}
	return out
}

func (b *bundle) ringing() []tickets.AlarmKind {
	b.t.Helper()
	list, err := b.Alarms(b.ctx)
	must(b.t, err)
	var out []tickets.AlarmKind
	for _, a := range list {
		out = append(out, a.Kind)
	}
	return out
}

func (b *bundle) heldAtBiller() bool {
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	_, held := b.world.held["s1"]
	return held
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestHoldKeepsTheDebitBackAndAsksTheOwner(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), holding)
	asked := b.receive(stranger(1))
	b.drain(time.Hour, nil)
	s := b.state(asked.ID)
	same(t, "status", "pending/not_verified", s.Status+"/"+s.Reason)
	same(t, "told", []tickets.Tell{tickets.TellHoldAsked, tickets.TellNeutral}, s.Told)
	same(t, "holds", []string{"s1 active not_verified"}, b.holds(asked.ID))
	if !b.heldAtBiller() || !b.world.debits["s1"] || !b.world.alive["ref1"] {
		t.Errorf("held at the biller: %v, renews: %v, agreement alive: %v", b.heldAtBiller(), b.world.debits["s1"], b.world.alive["ref1"])
	}
	b.pairs(asked)
}

func TestHoldEndsWithTheOwnersYes(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), holding)
	asked := b.receive(stranger(0))
	b.drain(time.Hour, nil)
	if got := b.answerOwner(asked, intent.Understanding{Affirms: true}); got.ID != asked.ID {
		t.Fatalf("the answer went to %s", got.Number())
	}
	b.drain(time.Hour, nil)
	s := b.state(asked.ID)
	same(t, "status", "solved/cancelled", s.Status+"/"+s.Reason)
	same(t, "holds", []string{"s1 stopped stopped"}, b.holds(asked.ID))
	if b.world.debits["s1"] || b.world.alive["ref1"] {
		t.Error("the debit can go on")
	}
	b.pairs(asked)
}

func TestHoldEndsWithTheOwnersNo(t *testing.T) {
	t.Parallel()
	for name, no := range map[string]intent.Understanding{
		"a bare no": {Denies: true}, "taken back": {Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Withdraws: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer(), holding)
			asked := b.receive(stranger(1))
			b.drain(time.Hour, nil)
			b.world.fault = func(op, _ string) fault { // the release is slow to be known
				if op == "release" {
					return after
				}
				return none
			}
			b.answerOwner(asked, no)
			b.drain(time.Hour, nil)
			s := b.state(asked.ID)
			same(t, "status", "closed/denied", s.Status+"/"+s.Reason)
			same(t, "holds", []string{"s1 released denied"}, b.holds(asked.ID))
			if b.heldAtBiller() || !b.world.debits["s1"] || !b.world.alive["ref1"] {
				t.Error("things are not as they were before")
			}
			b.pairs(asked)
			again := b.receive(stranger(1))
			b.drain(time.Hour, nil)
			same(t, "a second request in the cycle holds nothing", []string{}, b.holds(again.ID))
		})
	}
}

func TestHoldStrangerDecidesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), holding)
	asked := b.receive(stranger(1))
	b.drain(time.Hour, nil)
	id := b.ids.ID(asked.ID, asked.Number()+"/"+string(tickets.TellHoldAsked))
	for _, m := range []mail{
		{from: "wang@elsewhere.example", assurance: 1, about: intent.Understanding{Affirms: true}},
		{from: "li@example.com", assurance: 0, about: intent.Understanding{Affirms: true}}, // only says so
		{from: "li@example.com", assurance: 0, about: intent.Understanding{Denies: true}},
		{from: "eve@example.com", assurance: 1, about: intent.Understanding{Denies: true}},
	} {
		b.take(m, []string{id})
		b.drain(time.Hour, nil)
		same(t, "holds after "+m.from, []string{"s1 active not_verified"}, b.holds(asked.ID))
	}
	if !b.world.debits["s1"] || !b.world.alive["ref1"] || !b.heldAtBiller() {
		t.Error("somebody else's answer counted")
	}
}

func TestHoldEndsByItselfUnanswered(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), holding)
	asked := b.receive(stranger(1))
	due := *customer().Subscriptions[0].NextChargeAt
	b.drain(time.Hour, nil)
	b.clock.until(due.Add(7*24*time.Hour - time.Hour))
	b.drain(time.Minute, nil)
	same(t, "holds until then", []string{"s1 active not_verified"}, b.holds(asked.ID))
	b.drain(3*time.Hour, nil)
	s := b.state(asked.ID)
	same(t, "status", "closed/no_answer", s.Status+"/"+s.Reason)
	same(t, "holds", []string{"s1 expired no_answer"}, b.holds(asked.ID))
	if !b.world.debits["s1"] || !b.world.alive["ref1"] {
		t.Error("what nobody confirmed was stopped")
	}
}

func TestHoldIsOneForEachSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), holding)
	first := b.receive(stranger(1))
	b.drain(time.Minute, nil)
	second := b.receive(mail{from: "other@elsewhere.example", assurance: 1, about: naming("orderc1", intent.StopAutoRenew)})
	b.drain(time.Hour, nil)
	same(t, "first", []string{"s1 active not_verified"}, b.holds(first.ID))
	same(t, "second", []string{}, b.holds(second.ID))
	same(t, "the owner is asked once", []tickets.Tell{tickets.TellNeutral}, b.state(second.ID).Told)
}

func TestHoldSwitchedOff(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	asked := b.receive(stranger(1))
	b.drain(time.Hour, nil)
	same(t, "holds", []string{}, b.holds(asked.ID))
	same(t, "told", []tickets.Tell{tickets.TellNeutral}, b.state(asked.ID).Told)
}

func TestHoldIsGivenFreeWithItsCase(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), holding)
	asked := b.receive(stranger(1))
	b.drain(time.Hour, nil)
	_, err := b.desk.Correct(b.ctx, asked.ID, tickets.AgentActor("amy"), intent.NotCancellation)
	if !errors.Is(err, tickets.Conflict) {
		t.Errorf("an agent reads the request away: %v", err)
	}
	b.rings(asked.ID)
	_, err = b.desk.Withdraw(b.ctx, asked.ID, tickets.AgentActor("amy"))
	must(t, err)
	b.drain(time.Hour, nil)
	same(t, "holds", []string{"s1 released withdrawn"}, b.holds(asked.ID))
	if b.heldAtBiller() {
		t.Error("a closed case keeps debits back")
	}
}

func TestHoldUnknownIsAskedAfterAndRings(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(func(s *account.Snapshot) {
		next := start.Add(30 * time.Hour)
		s.Subscriptions[0].NextChargeAt = &next
	}), holding)
	silent := true
	b.world.fault = func(op, _ string) fault {
		if silent && (op == "hold" || op == "query stop") {
			return after
		}
		return none
	}
	asked := b.receive(stranger(1))
	b.drain(5*time.Hour, nil)
	same(t, "no alarm while there is time", []tickets.AlarmKind(nil), b.ringing())
	b.drain(3*time.Hour, nil)
	same(t, "alarms", []tickets.AlarmKind{tickets.AlarmHoldUnclear}, b.ringing())
	silent = false
	b.drain(time.Hour, nil)
	same(t, "alarms once confirmed", []tickets.AlarmKind(nil), b.ringing())
	same(t, "effect", tickets.EffectDone, b.state(asked.ID).Effects[runbook.HoldKey(asked.Number(), "s1")])
	same(t, "the biller acted", 1, b.world.acted[runbook.HoldKey(asked.Number(), "s1")])
}

func TestHoldBurstRings(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), holding)
	at := b.clock.now()
	other := b.receive(mail{from: "x@elsewhere.example", about: naming("nothing", intent.StopAutoRenew)})
	b.drain(time.Minute, nil)
	must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		for i := range 19 {
			h := tickets.Hold{TicketID: other.ID, SubscriptionID: fmt.Sprint("other", i), State: tickets.HoldActive, At: at, Until: at.Add(time.Hour)}
			if err := tx.InsertHold(b.ctx, &h); err != nil {
				return err
			}
		}
		return nil
	}))
	b.receive(stranger(1))
	b.drain(time.Minute, nil)
	same(t, "alarms", []tickets.AlarmKind{tickets.AlarmHoldBurst}, b.ringing())
}
