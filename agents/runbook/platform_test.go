package runbook_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/runbook"
	"github.com/canceldesk/canceldesk/store/account"
	payment "github.com/canceldesk/canceldesk/store/channel"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/store/platform/simulator"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

var platformSecret = strings.Repeat("s", 32)

// outside is a simulated platform behind HTTP, which can be killed and started again, and the desk that
// asks it for everything.
type outside struct {
	*bundle
	path   string
	biller *platform.HTTP

	mu   sync.Mutex
	sim  *simulator.Simulator // nil while it is dead
	told map[string]time.Time // when the customer of a subscription was told that it is off
}

// withPlatform is a desk without accounts of its own over a platform with so many members.
func withPlatform(t *testing.T, members int, change ...func(*tickets.Settings)) *outside {
	t.Helper()
	o := &outside{bundle: setup(t, customer(), change...), path: filepath.Join(t.TempDir(), "platform.db"), told: map[string]time.Time{}}
	o.start()
	must(t, o.sim.Seed(o.ctx, members))
	srv := httptest.NewServer(o)
	t.Cleanup(func() {
		srv.Close()
		o.kill()
	})
	client, err := platform.NewClient(srv.URL, platformSecret, 200*time.Millisecond, o.clock.now)
	must(t, err)
	hash := func(s string) string { return s }
	biller := platform.NewHTTP(client)
	o.biller = biller
	o.runner = runbook.NewRunner(runbook.Config{
		Store: o.flaky, Settings: o.settings, Biller: biller, Sealer: sealer{o.DB}, Now: o.clock.now, CallTimeout: time.Second,
		Channels: map[account.PaymentChannel]runbook.Channel{account.Platform: payment.NewPlatform(biller)},
		Directory: platform.NewDirectory(platform.DirectoryConfig{
			DB: o.Conn(), Client: client, Cache: 5 * time.Minute, Hash: hash, Now: o.clock.now,
			Put: func(ctx context.Context, s account.Sync) error {
				_, _, err := o.PutAccount(ctx, s, hash, o.clock.now())
				return err
			},
		}),
	})
	return o
}

func (o *outside) start() {
	o.t.Helper()
	s, err := simulator.Open(o.ctx, simulator.Config{Path: o.path, Secret: platformSecret, Now: o.clock.now, Minute: time.Minute})
	must(o.t, err)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sim = s
}

func (o *outside) kill() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sim != nil {
		_ = o.sim.Close()
		o.sim = nil
	}
}

func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	s := o.sim
	o.mu.Unlock()
	if s == nil {
		panic(http.ErrAbortHandler)
	}
	s.Handler().ServeHTTP(w, r)
}

// look notes who has been told that debits are off, and lets the platform's debit clock look.
func (o *outside) look() {
	o.t.Helper()
	for _, t := range o.tickets() {
		out, err := o.Outgoing(o.ctx, t.ID)
		must(o.t, err)
		for _, m := range out {
			if m.Tell != tickets.TellCancelOutcome {
				continue
			}
			for _, id := range t.SubscriptionIDs {
				if _, known := o.told[id]; !known {
					o.told[id] = m.At
				}
			}
		}
	}
	if o.sim != nil {
		_, err := o.sim.Tick(o.ctx)
		must(o.t, err)
	}
}

// kept fails the test where somebody was debited who had been told that he would not be.
func (o *outside) kept() {
	o.t.Helper()
	var after int64
	for {
		list, err := o.sim.Debits(o.ctx, after)
		must(o.t, err)
		if len(list) == 0 {
			return
		}
		for _, d := range list {
			after = d.Seq
			if at, told := o.told[d.SubscriptionID]; told && d.At.After(at) && !d.InFlight {
				o.t.Errorf("%s was told at %s that debits are off and debited at %s", d.SubscriptionID, at, d.At)
			}
			if _, err := o.DebitInFlight(o.ctx, d.ChargeID); d.InFlight && err != nil {
				o.t.Errorf("%s was in flight, and the desk does not know: %v", d.ChargeID, err)
			}
		}
	}
}

func TestPlatformInTroubleEndsRight(t *testing.T) {
	t.Parallel()
	const members, requests = 100, 64
	o := withPlatform(t, members)
	o.sim.SetFaults(
		simulator.Fault{On: "lookup", Kind: simulator.Down, Times: 3},
		simulator.Fault{On: "stop", Kind: simulator.Slow, Delay: time.Minute, Times: 4},
		simulator.Fault{On: "stop", Kind: simulator.Lost, Times: 10},
		simulator.Fault{On: "stop", Kind: simulator.InFlight, Times: 5},
		simulator.Fault{On: "terminate", Kind: simulator.Lost, Times: 10},
		simulator.Fault{On: "query", Kind: simulator.Down, Times: 10},
	)
	for i := 1; i <= requests; i++ {
		o.receive(mail{simulator.MemberMail(i), 1, stop()})
	}
	jobs := 0
	o.drain(2*hour, func() {
		jobs++
		switch jobs {
		case 60:
			o.kill()
		case 90:
			o.start() // with all that it had promised, and without the faults that were commanded
		}
		if jobs%10 == 0 {
			o.clock.until(o.clock.now().Add(time.Minute)) // the debit clock does not wait for the desk
			o.look()
		}
	})
	o.look()
	o.clock.until(o.clock.now().Add(hour))
	o.look()
	if len(o.told) != requests {
		t.Errorf("%d of %d customers were told", len(o.told), requests)
	}
	for _, ticket := range o.tickets() {
		_, steps, err := o.LatestRun(o.ctx, ticket.ID)
		must(t, err)
		if got := steps.Get(tickets.Cancel).State; got != tickets.Succeeded {
			t.Errorf("%s: cancel is %s (%s), %s/%s", ticket.Number(), got, steps.Get(tickets.Cancel).Reason, ticket.Status, ticket.Reason)
		}
		o.pairs(ticket)
	}
	o.kept()
	debits, err := o.sim.Debits(o.ctx, 0)
	must(t, err)
	late := slices.ContainsFunc(debits, func(d simulator.Debit) bool { return d.InFlight })
	if len(debits) < members || !late {
		t.Errorf("%d debits were made, one of them in flight: %v; this test proves nothing", len(debits), late)
	}
}

func TestNobodyIsToldBeforeItIsTrue(t *testing.T) {
	t.Parallel()
	o := withPlatform(t, 1)
	o.sim.SetFaults(simulator.Fault{On: "stop", Kind: simulator.Slow, Delay: time.Minute, Times: 1}, simulator.Fault{On: "query", Kind: simulator.Down})
	ticket := o.receive(mail{simulator.MemberMail(1), 1, stop()})
	o.drain(20*time.Minute, o.look)
	if len(o.told) != 0 {
		t.Errorf("told while nobody knows: %v", o.told)
	}
	if got := o.state(ticket.ID); got.Steps[tickets.Cancel] != "unknown/waiting_for_biller.stop" || got.Status != "on_hold" {
		t.Errorf("the case is %s with cancel %s", got.Status, got.Steps[tickets.Cancel])
	}
	o.rings(1)
	if d, err := o.desk.Debit(o.ctx, "SIM-S-00001"); err != nil || d.Allowed {
		t.Errorf("a debit is allowed while the stop is on its way: %+v, %v", d, err)
	}
	o.sim.SetFaults()
	o.drain(hour, o.look)
	if len(o.told) != 1 {
		t.Errorf("told %v", o.told)
	}
	o.rings(0)
	o.kept()
	if d, err := o.desk.Debit(o.ctx, "SIM-S-00001"); err != nil || d != (tickets.Debit{Reason: tickets.DebitStopped}) {
		t.Errorf("a debit after the stop: %+v, %v", d, err)
	}
}

// rings fails the test unless so many stops ring.
func (o *outside) rings(want int) {
	o.t.Helper()
	rings(o.t, o.bundle, want)
}

func rings(t *testing.T, b *bundle, want int) {
	t.Helper()
	alarms, err := b.Alarms(b.ctx)
	must(t, err)
	n := 0
	for _, a := range alarms {
		if a.Kind == tickets.AlarmStopUnapplied {
			n++
		}
	}
	if n != want {
		t.Errorf("%d stops ring, want %d: %+v", n, want, alarms)
	}
}

func TestAStopDoesNotWaitForTheAccounts(t *testing.T) {
	t.Parallel()
	o := withPlatform(t, 1, func(s *tickets.Settings) { s.Automation.Stop = tickets.Propose })
	ticket := o.receive(mail{simulator.MemberMail(1), 1, stop()})
	o.drain(time.Minute, nil)
	if got := o.state(ticket.ID); got.Steps[tickets.Cancel] != "needs_agent/proposed" {
		t.Fatalf("cancel is %s", got.Steps[tickets.Cancel])
	}
	o.clock.until(o.clock.now().Add(hour))
	o.sim.SetFaults(simulator.Fault{On: "lookup", Kind: simulator.Down})
	_, err := o.desk.Resume(o.ctx, ticket.ID, "agent:amy", tickets.Cancel)
	must(t, err)
	o.drain(20*time.Second, o.look)
	made, err := o.sim.Debits(o.ctx, 0)
	must(t, err)
	o.clock.until(o.clock.now().Add(10 * time.Minute))
	o.look()
	after, err := o.sim.Debits(o.ctx, 0)
	must(t, err)
	if len(after) > len(made)+1 || len(o.told) != 0 {
		t.Errorf("%d debits, then %d; told %v: the stop goes out, and nothing is told by what is old", len(made), len(after), o.told)
	}
	o.sim.SetFaults()
	o.drain(hour, o.look)
	if len(o.told) != 1 {
		t.Error("the customer was not told once the platform could be asked")
	}
	o.kept()
}

// TestHeldAtThePlatform: what a stranger asks for is held there, and the debits go on once the owner has
// said no.
func TestHeldAtThePlatform(t *testing.T) {
	t.Parallel()
	o := withPlatform(t, 0, holding)
	must(t, o.sim.Load(o.ctx, []byte(strings.Join(strings.Fields(`{"account_no":"u9","email":"li@example.com","contact_changed_at":"2026-01-01T00:00:00Z",
		"subscriptions":[{"id":"s9","period":"month","price_fen":3000,"auto_renew":true,"current_period_start":"2026-06-01","current_period_end":"2026-07-02","next_charge_at":"2026-07-01T03:00:00Z"}],
		"agreements":[{"id":"a9","channel":"platform","state":"active","subscription_ids":["s9"]}]}`), ""))))
	about := stop()
	about.Facts.Account = "u9"
	o.sim.SetFaults(simulator.Fault{On: "hold", Kind: simulator.Lost, Times: 1})
	asked := o.receive(mail{"somebody@else.example", 1, about})
	o.drain(10*time.Minute, nil)
	debits := func() int {
		o.clock.until(start.Add(2 * hour))
		o.look()
		made, err := o.sim.Debits(o.ctx, 0)
		must(t, err)
		return len(made)
	}
	if n := debits(); n != 0 {
		t.Errorf("%d debits while it is held", n)
	}
	if d, err := o.desk.Debit(o.ctx, "s9"); err != nil || d.Reason != tickets.DebitHeld || d.Until == nil {
		t.Errorf("a debit while it is held: %+v, %v", d, err)
	}
	if got := o.answerOwner(asked, intent.Understanding{Denies: true}); got.ID != asked.ID {
		t.Fatalf("the answer went to %s", got.Number())
	}
	o.drain(10*time.Minute, nil)
	if d, err := o.desk.Debit(o.ctx, "s9"); err != nil || !d.Allowed {
		t.Errorf("a debit after the owner said no: %+v, %v", d, err)
	}
	if n := debits(); n != 1 {
		t.Errorf("%d debits after the owner said no", n)
	}
}

func TestUnknownAccountIsNeverSaidForAPlatformThatIsDown(t *testing.T) {
	t.Parallel()
	o := withPlatform(t, 1)
	o.kill()
	ticket := o.receive(mail{simulator.MemberMail(1), 1, stop()})
	o.drain(30*time.Second, nil)
	if out, err := o.Outgoing(o.ctx, ticket.ID); err != nil || len(out) != 0 {
		t.Errorf("%d mails while nothing is known, %v", len(out), err)
	}
	o.start()
	o.drain(hour, o.look)
	if got := o.state(ticket.ID); got.Steps[tickets.Cancel] != "succeeded/" {
		t.Errorf("cancel is %s", got.Steps[tickets.Cancel])
	}
}

// TestPulledStops: a biller that can't be called fetches the stop, and nothing is told before it says
// that it has applied it.
func TestPulledStops(t *testing.T) {
	t.Parallel()
	soon := start.Add(26 * hour)
	b := setup(t, customer(func(s *account.Snapshot) { s.Subscriptions[0].NextChargeAt = &soon }))
	b.runner = runbook.NewRunner(runbook.Config{
		Store: b.flaky, Settings: b.settings, Biller: platform.NewPull(b.Conn(), b.clock.now), Sealer: sealer{b.DB},
		Channels: map[account.PaymentChannel]runbook.Channel{account.Ledger: channel{b.world}}, Now: b.clock.now, CallTimeout: time.Minute,
	})
	ticket := b.receive(mail{"li@example.com", 1, stop()})
	b.drain(hour, nil)
	rings(t, b, 0)
	b.drain(2*hour, nil)
	rings(t, b, 1) // less than a day before the charge
	if got := b.state(ticket.ID); got.Steps[tickets.Cancel] != "unknown/waiting_for_biller.stop" || len(got.Told) != 1 || got.Told[0] != tickets.TellReceipt {
		t.Errorf("cancel is %s, told %v", got.Steps[tickets.Cancel], got.Told)
	}
	orders, err := b.desk.StopOrders(b.ctx, 0, 10)
	must(t, err)
	if len(orders) != 1 || orders[0].Kind != account.OrderStop || orders[0].SubscriptionID != "s1" || orders[0].Mode != account.PeriodEnd {
		t.Fatalf("to apply: %+v", orders)
	}
	if d, err := b.desk.Debit(b.ctx, "s1"); err != nil || d != (tickets.Debit{Reason: tickets.DebitStopping}) {
		t.Errorf("a debit before it was applied: %+v, %v", d, err)
	}
	future := b.clock.now().Add(hour)
	if _, err := b.desk.StopApplied(b.ctx, orders[0].ID, "key:1", &future); !errors.Is(err, tickets.Invalid) {
		t.Errorf("applied in the future: %v", err)
	}
	first, err := b.desk.StopApplied(b.ctx, orders[0].ID, "key:1", nil)
	must(t, err)
	again, err := b.desk.StopApplied(b.ctx, orders[0].ID, "key:1", nil)
	must(t, err)
	if !first.AppliedAt.Equal(*again.AppliedAt) {
		t.Error("a second word moved the time")
	}
	rings(t, b, 0)
	b.drain(time.Minute, nil)
	if got := b.state(ticket.ID); got.Steps[tickets.Cancel] != "succeeded/" || got.Status != "solved" {
		t.Errorf("after it was applied: cancel %s, %s", got.Steps[tickets.Cancel], got.Status)
	}
	if d, err := b.desk.Debit(b.ctx, "s1"); err != nil || d != (tickets.Debit{Reason: tickets.DebitStopped}) {
		t.Errorf("a debit after it was applied: %+v, %v", d, err)
	}
	if _, err := b.desk.StopApplied(b.ctx, 99, "key:1", nil); !errors.Is(err, tickets.NotFound) {
		t.Errorf("applied what nobody asked for: %v", err)
	}
}
