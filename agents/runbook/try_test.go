package runbook_test

import (
	"slices"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform/simulator"
	"github.com/canceldesk/canceldesk/tickets"
)

// refusing is a biller, or a channel, that refuses these operations.
func refusing(ops ...string) func(op, key string) fault {
	return func(op, _ string) fault {
		if slices.Contains(ops, op) {
			return refuse
		}
		return none
	}
}

// TestARefusedStopIsTriedAgainByAPerson: a refusal is no dead end. Each word of a person sends one attempt under a
// key of its own, and nothing is sent without one.
func TestARefusedStopIsTriedAgainByAPerson(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(b *bundle, id int64) error{
		"resume": func(b *bundle, id int64) error {
			_, err := b.desk.Resume(b.ctx, id, "agent:amy", "")
			return err
		},
		"step": func(b *bundle, id int64) error {
			_, err := b.desk.RunStep(b.ctx, id, "agent:amy", tickets.Cancel)
			return err
		},
		"resolve": func(b *bundle, id int64) error {
			_, err := b.desk.Resolve(b.ctx, id, "agent:amy", tickets.Chosen{Mode: account.PeriodEnd})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			b.world.fault = refusing("stop", "end")
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			same(t, "effects", map[string]tickets.EffectState{stopS1: "refused", endA1: "refused"}, b.state(ticket.ID).Effects)
			must(t, again(b, ticket.ID))
			b.drain(5*hour, nil)
			s := b.state(ticket.ID)
			same(t, "refused once more", map[string]tickets.EffectState{
				stopS1: "refused", endA1: "refused", stopS1 + "/2": "refused", endA1 + "/2": "refused",
			}, s.Effects)
			same(t, "the case", "open/biller_refused", s.Status+"/"+s.Reason)
			b.world.fault = nil
			must(t, again(b, ticket.ID))
			b.drain(hour, nil)
			s = b.state(ticket.ID)
			same(t, "the case in the end", "solved/cancelled", s.Status+"/"+s.Reason)
			same(t, "what took place", map[string]int{stopS1 + "/3": 1, endA1 + "/3": 1}, s.Acted)
			same(t, "told", []tickets.Tell{tickets.TellCancelOutcome, tickets.TellReceipt}, s.Told)
			b.pairs(ticket)
		})
	}
}

// TestAnAttemptWithoutALastWordIsNotFollowedByAnother: what may have arrived is asked after, whoever clicks.
func TestAnAttemptWithoutALastWordIsNotFollowedByAnother(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	b.world.fault = refusing("stop")
	ticket := b.receive(mail{"li@example.com", 1, stop()})
	b.drain(hour, nil)
	b.world.fault = func(op, _ string) fault {
		if op == "stop" || op == "query stop" {
			return after
		}
		return none
	}
	for range 3 {
		_, err := b.desk.RunStep(b.ctx, ticket.ID, "agent:amy", tickets.Cancel)
		must(t, err)
		b.drain(10*time.Minute, nil)
	}
	same(t, "effects", map[string]tickets.EffectState{stopS1: "refused", stopS1 + "/2": "unknown", endA1: "done"}, b.state(ticket.ID).Effects)
	b.world.fault = nil
	b.drain(hour, nil)
	s := b.state(ticket.ID)
	same(t, "the case in the end", "solved/cancelled", s.Status+"/"+s.Reason)
	same(t, "what took place", map[string]int{stopS1 + "/2": 1, endA1: 1}, s.Acted)
	b.pairs(ticket)
}

// TestARefusedCaseMayBeGivenToAnotherAccount: what was refused did not happen, so it binds the case to nobody.
func TestARefusedCaseMayBeGivenToAnotherAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	other := account.Account{No: "u2", Email: "wu@example.com"}
	must(t, b.Conn().WithContext(b.ctx).Create(&other).Error)
	sub := customer().Subscriptions[0]
	sub.ID, sub.AccountNo = "s9", "u2"
	must(t, b.Conn().WithContext(b.ctx).Create(&sub).Error)
	b.world.fault = refusing("stop", "end")
	ticket := b.receive(mail{"li@example.com", 1, stop()})
	b.drain(hour, nil)
	_, err := b.desk.Relink(b.ctx, ticket.ID, "agent:amy", "u2", []string{"s9"})
	must(t, err)
	same(t, "account", "u2", b.ticket(ticket.ID).AccountNo)
}

// TestWhatThePlatformRefusesAndHasDoneIsTakenForDone: somebody switched it off in the platform's own screens. Its
// stop goes on saying no, and its record of the account says that nothing is debited any more.
func TestWhatThePlatformRefusesAndHasDoneIsTakenForDone(t *testing.T) {
	t.Parallel()
	o := withPlatform(t, 1)
	no := []simulator.Fault{{On: "stop", Kind: simulator.Refuse}, {On: "terminate", Kind: simulator.Refuse}}
	o.sim.SetFaults(no...)
	ticket := o.receive(mail{simulator.MemberMail(1), 1, stop()})
	o.drain(10*time.Minute, nil)
	if got := o.state(ticket.ID); got.Steps[tickets.Cancel] != "needs_agent/biller_refused" || len(o.told) != 0 {
		t.Fatalf("cancel is %s, told %v", got.Steps[tickets.Cancel], o.told)
	}
	_, err := o.desk.RunStep(o.ctx, ticket.ID, "agent:amy", tickets.Cancel)
	must(t, err)
	o.drain(time.Minute, o.look)
	if got := o.state(ticket.ID); got.Steps[tickets.Cancel] != "needs_agent/biller_refused" || len(o.told) != 0 {
		t.Fatalf("while it renews there, cancel is %s, told %v", got.Steps[tickets.Cancel], o.told)
	}
	o.sim.SetFaults()
	_, err = o.biller.Stop(o.ctx, "by hand", account.Stop{SubscriptionID: "SIM-S-00001", Mode: account.PeriodEnd})
	must(t, err)
	_, err = o.biller.Terminate(o.ctx, "by hand too", account.Agreement{ID: "SIM-A-00001"})
	must(t, err)
	o.sim.SetFaults(no...)
	// Seconds after it was last looked up: what is remembered is not what counts.
	_, err = o.desk.RunStep(o.ctx, ticket.ID, "agent:amy", tickets.Cancel)
	must(t, err)
	o.drain(time.Minute, o.look)
	got := o.state(ticket.ID)
	same(t, "cancel", "succeeded/", got.Steps[tickets.Cancel])
	same(t, "case", "solved/cancelled", got.Status+"/"+got.Reason)
	key := "stop/" + ticket.Number() + "/SIM-S-00001/period_end"
	same(t, "stop", tickets.EffectDone, got.Effects[key+"/3"])
	effects, err := o.Effects(o.ctx, ticket.ID)
	must(t, err)
	for _, e := range effects {
		if e.Key == key+"/3" && e.Detail != "by the biller's own account record: it does not renew and no charge is due" {
			t.Errorf("where it is known from: %s", e.Detail)
		}
	}
	o.pairs(ticket)
	o.kept()
}
