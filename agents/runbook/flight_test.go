package runbook_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestDebitInFlightIsLookedForUntilItArrives: once a day after it is due, until it was seen or can't come.
func TestDebitInFlightIsLookedForUntilItArrives(t *testing.T) {
	t.Parallel()
	for name, arrives := range map[string]bool{"it arrives": true, "it never does": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: stop()})
			b.drain(time.Minute, nil)
			due := b.clock.now().Add(24 * time.Hour)
			job := tickets.Job{Kind: tickets.JobWatch, TicketID: ticket.ID, DueAt: due.Add(time.Hour), Key: "watch"}
			must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
				if err := tx.SaveDebitsInFlight(b.ctx, []account.DebitInFlight{{ChargeID: "c9", TicketID: ticket.ID, SubscriptionID: "s1", AmountFen: 3000, DueAt: due, NamedAt: b.clock.now()}}); err != nil {
					return err
				}
				return tx.Enqueue(b.ctx, job)
			}))
			looks := 0
			days := func(n int) {
				b.drain(time.Duration(n)*24*time.Hour, func() { looks++ })
			}
			b.clock.until(due)
			days(3)
			if looks < 3 || len(b.waiting()) != 1 {
				t.Errorf("looked %d times in 3 days, and %d looks are to come", looks, len(b.waiting()))
			}
			want := 8
			if arrives {
				c := charge("c9", "2026-07-21", "2026-08-21")
				must(t, b.Conn().WithContext(b.ctx).Create(&c).Error)
				want = 1
			}
			looks = 0
			days(30)
			if looks == 0 || looks > want || len(b.waiting()) != 0 {
				t.Errorf("looked %d times more, want at most %d, and %d looks are to come", looks, want, len(b.waiting()))
			}
		})
	}
}

// TestDebitsInFlightAreNamedWhateverTheStopAnsweredFirst: the biller knows them by their subscription, and is
// asked by it also after a stop that timed out, or was accepted only.
func TestDebitsInFlightAreNamedWhateverTheStopAnsweredFirst(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]fault{"timed out": after, "lost": before, "accepted": pending} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			due := start.Add(30 * time.Hour)
			b.world.flying = map[string][]account.DebitInFlight{"s1": {{ChargeID: "c9", AmountFen: 3000, DueAt: due}}}
			asked := false
			b.world.fault = func(op, _ string) fault {
				if op == "stop" && !asked {
					asked = true
					return first
				}
				return none
			}
			ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: stop()})
			b.drain(time.Hour, nil)
			same(t, "case", "solved/cancelled", b.state(ticket.ID).Status+"/"+b.state(ticket.ID).Reason)
			flying, err := b.DebitsInFlight(b.ctx, ticket.ID)
			must(t, err)
			if len(flying) != 1 || flying[0].ChargeID != "c9" || flying[0].SubscriptionID != "s1" {
				t.Errorf("named in flight: %+v", flying)
			}
			if jobs := b.waiting(); len(jobs) != 1 || jobs[0].Kind != tickets.JobWatch || !jobs[0].DueAt.Equal(due.Add(time.Hour)) {
				t.Errorf("nobody looks for it: %+v", jobs)
			}
		})
	}
}

// TestADebitAfterTheStopComesBack: whatever cycle it says it is for, and whether or not the biller named it.
func TestADebitAfterTheStopComesBack(t *testing.T) {
	t.Parallel()
	today := account.DateOf(start, time.FixedZone("CST", 8*3600))
	ahead := func(c *account.Charge) { c.ChargedAt = start.Add(-time.Hour) }
	for _, x := range []struct {
		name  string
		named bool
		from  account.Date
		with  func(*account.Charge)
		back  bool
	}{
		{name: "named, for a cycle from today", named: true, from: today, back: true},
		{name: "named, without a cycle", named: true, back: true},
		{name: "named, for the next cycle", named: true, from: "2026-07-21", back: true},
		{name: "named, and debited before the stop", named: true, from: "2026-06-21", with: ahead, back: true},
		{name: "from today", from: today, back: true},
		{name: "from tomorrow", from: today.AddDays(1), back: true},
		{name: "without a cycle", back: true},
		{name: "the same cycle a second time", from: "2026-06-21", back: true},
		{name: "the next cycle", from: "2026-07-21", back: true},
		{name: "debited before the stop, for a cycle that had begun", from: today, with: ahead},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			if x.named {
				b.world.flying = map[string][]account.DebitInFlight{"s1": {{ChargeID: "c9", AmountFen: 3000, DueAt: start.Add(time.Hour)}}}
			}
			ticket := b.receive(mail{from: "li@example.com", assurance: 1, about: stop()})
			b.drain(time.Hour, nil)
			same(t, "case", "solved/cancelled", b.state(ticket.ID).Status+"/"+b.state(ticket.ID).Reason)
			c := charge("c9", "2026-06-21", "2026-07-21")
			if c.PeriodStart, c.PeriodEnd = x.from, ""; x.from != "" {
				c.PeriodEnd = x.from.AddDays(30)
			}
			if c.ChargedAt = b.clock.now(); x.with != nil {
				x.with(&c)
			}
			b.world.paid["c9"] = c.AmountFen
			for again := range 2 { // a charge that is reported twice opens one case
				taken, err := b.desk.TakeCharges(b.ctx, []account.Charge{c})
				must(t, err)
				if opened := taken[0].Guard != ""; taken[0].Err != nil || opened != (x.back && again == 0) {
					t.Fatalf("reported for time %d: %+v", again+1, taken)
				}
				b.drain(time.Hour, b.neverHappens)
			}
			want := map[string]int64{}
			if x.back {
				want["c9"] = c.AmountFen
				guard := b.state(ticket.ID + 1)
				same(t, "guard ticket", "solved/refunded", guard.Status+"/"+guard.Reason)
				same(t, "told", []tickets.Tell{tickets.TellRefundOutcome}, guard.Told)
			}
			same(t, "money that came back", want, b.world.refunded)
		})
	}
}
