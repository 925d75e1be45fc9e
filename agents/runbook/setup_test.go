package runbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/runbook"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// clock goes on a millisecond with every look at it, so that what happens later has a later time.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

func (c *clock) until(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.at) {
		c.at = t
	}
}

// bundle is a desk over a database of the test's own, with a world outside it.
type bundle struct {
	*store.DB
	t        *testing.T
	ctx      context.Context
	clock    *clock
	world    *world
	desk     *tickets.Desk
	settings tickets.Settings
	flaky    *flaky
	runner   *runbook.Runner
	ids      tickets.MailIDs
	uid      uint32
	fence    int64
	refuse   map[tickets.Tell]bool // mails that the mail server refuses
}

var start = time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC)

// template is a migrated database to copy, because migrating is most of what a test would cost.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "runbook")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "desk.db")
	db, err := store.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.Migrate(context.Background()), db.Close()); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	return b, errors.Join(err, os.RemoveAll(dir))
})

func rules() tickets.Settings {
	zone := time.FixedZone("CST", 8*3600)
	return tickets.Settings{
		Zone: zone, Locale: "zh-CN", CloseAfter: 7 * 24 * time.Hour, FirstResponse: 4 * time.Hour, ResolutionDays: 3,
		QuoteValidity: 72 * time.Hour, Calendar: tickets.Calendar{Zone: zone, Hours: tickets.Weekdays(tickets.Interval{From: 9 * time.Hour, To: 18 * time.Hour})},
		Automation: tickets.Automation{
			Stop: tickets.Auto, Refund: tickets.Propose, RefundOwnFault: tickets.Auto,
			OwnFaultAutoLimitFen: 20000, ApprovalAboveFen: 20000,
		},
		RefundPolicy: account.PolicyA,
	}
}

// customer is the account u1: one monthly subscription of 3000 fen, paid for July, and its agreement.
func customer(change ...func(*account.Snapshot)) account.Snapshot {
	next := start.AddDate(0, 0, 20)
	s := account.Snapshot{
		Account: account.Account{No: "u1", Email: "li@example.com", Phone: "13800000000"},
		Subscriptions: []account.Subscription{{
			ID: "s1", AccountNo: "u1", Plan: "vip", Cycle: account.Month, PriceFen: 3000, AutoRenew: true,
			PeriodStart: "2026-06-21", PeriodEnd: "2026-07-21", NextChargeAt: &next,
		}},
		Agreements: []account.Agreement{{
			ID: "a1", AccountNo: "u1", Channel: account.Ledger, ChannelRef: "ref1", Payer: "p1",
			State: account.AgreementActive, SubscriptionIDs: []string{"s1"},
		}},
		Charges: []account.Charge{charge("c1", "2026-06-21", "2026-07-21")},
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func charge(id string, from, to account.Date) account.Charge {
	return account.Charge{
		ID: id, AccountNo: "u1", SubscriptionID: "s1", AgreementID: "a1", AmountFen: 3000, Currency: "CNY",
		ChargedAt: from.In(time.UTC), PeriodStart: from, PeriodEnd: to, Channel: account.Ledger,
		ChannelTxnID: "txn" + id, OrderNo: "order" + id, Payer: "p1", State: account.ChargePaid,
	}
}

// chargedTwice adds a second charge for July.
func chargedTwice(s *account.Snapshot) {
	c := charge("c2", "2026-06-21", "2026-07-21")
	c.ChargedAt = c.ChargedAt.Add(time.Hour)
	s.Charges = append(s.Charges, c)
}

func setup(t *testing.T, s account.Snapshot, change ...func(*tickets.Settings)) *bundle {
	t.Helper()
	schema, err := template()
	must(t, err)
	path := filepath.Join(t.TempDir(), "desk.db")
	must(t, os.WriteFile(path, schema, 0o600))
	db, err := store.Open(t.Context(), "sqlite:"+path)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	b := &bundle{DB: db, t: t, ctx: t.Context(), clock: &clock{at: start}, settings: rules(), refuse: map[tickets.Tell]bool{}}
	for _, f := range change {
		f(&b.settings)
	}
	g := db.Conn().WithContext(b.ctx)
	for _, row := range []any{&s.Account, &s.Subscriptions, &s.Agreements, &s.Charges, &s.Assets} {
		if r, ok := row.(*[]account.AssetLot); ok && len(*r) == 0 {
			continue
		}
		if r, ok := row.(*[]account.Agreement); ok && len(*r) == 0 {
			continue
		}
		must(t, g.Create(row).Error)
	}
	b.world = newWorld(s, b.clock.now)
	b.flaky = &flaky{Store: db}
	b.ids = tickets.MailIDs{Key: []byte(strings.Repeat("k", 32)), Domain: "desk.example"}
	b.desk = tickets.NewDesk(db, b.settings, b.ids, b.clock.now)
	b.runner = runbook.NewRunner(runbook.Config{
		Store: b.flaky, Settings: b.settings, Biller: biller{b.world}, Sealer: sealer{db},
		Channels: map[account.PaymentChannel]runbook.Channel{account.Ledger: channel{b.world}},
		Now:      b.clock.now, CallTimeout: time.Minute,
	})
	fence, ok, err := db.AcquireLease(b.ctx, "service", "test", time.Hour)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b.fence = fence
	return b
}

// sealer tells how many events there are.
type sealer struct{ db *store.DB }

func (s sealer) Seal(ctx context.Context) (int64, error) {
	var n int64
	return n, s.db.Conn().WithContext(ctx).Model(&store.Event{}).Count(&n).Error
}

// flaky is a store whose n-th transaction fails, before its commit or just after it.
type flaky struct {
	tickets.Store
	n, failAt int
	after     bool
	chance    func() (fail, after bool)
}

var errKilled = errors.New("killed")

func (f *flaky) InTx(ctx context.Context, do func(tickets.Tx) error) error {
	f.n++
	fail, after := f.n == f.failAt, f.after
	if f.chance != nil {
		fail, after = f.chance()
	}
	if fail && !after {
		return errKilled
	}
	if err := f.Store.InTx(ctx, do); err != nil || !fail {
		return err
	}
	return errKilled
}

// mail is one message as it arrives.
type mail struct {
	from      string
	assurance int
	about     intent.Understanding
}

func stop() intent.Understanding {
	return intent.Understanding{Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew}, Confidence: 0.9}
}

// naming asks for something and names an order, so that two such mails are two cases at first.
func naming(order string, i ...intent.Intent) intent.Understanding {
	u := asking(i...)
	u.Facts.OrderNo = order
	return u
}

func asking(i ...intent.Intent) intent.Understanding {
	return intent.Understanding{Intent: i[0], Intents: i, Confidence: 0.9}
}

// receive takes one mail in and returns its ticket.
func (b *bundle) receive(m mail) tickets.Ticket {
	b.t.Helper()
	return b.take(m, nil)
}

// receiveFor takes in an answer to a mail of the ticket, which must become part of it.
func (b *bundle) receiveFor(m mail, answered tickets.Ticket) {
	b.t.Helper()
	messages, err := b.Messages(b.ctx, answered.ID)
	must(b.t, err)
	if got := b.take(m, []string{messages[0].MessageID}); got.ID != answered.ID {
		b.t.Fatalf("the answer to %s went to %s", answered.Number(), got.Number())
	}
}

func (b *bundle) take(m mail, answers []string) tickets.Ticket {
	b.t.Helper()
	b.uid++
	n := strconv.Itoa(int(b.uid))
	rows, err := b.desk.Receive(b.ctx, tickets.Batch{
		Mailbox: "service", Folder: "INBOX", UIDValidity: 1, LastUID: b.uid, Fence: b.fence,
		Mails: []tickets.Incoming{{
			UID: b.uid, Fingerprint: "f" + n, Bytes: 1, Original: []byte("raw"), Understanding: m.about, InReplyTo: answers,
			Message: tickets.Message{
				Direction: tickets.Inbound, Channel: tickets.Email, At: b.clock.now(), Sender: m.from, Subject: "s",
				MessageID: "m" + n + "@example.com", Raw: "blob" + n, Kind: "message", Assurance: m.assurance,
			},
		}},
	})
	must(b.t, err)
	return b.ticket(rows[0].TicketID)
}

func (b *bundle) ticket(id int64) tickets.Ticket {
	b.t.Helper()
	t, err := b.Ticket(b.ctx, id)
	must(b.t, err)
	return t
}

// maxJobs bounds a drain; a case needs a few dozen jobs even when everything goes wrong for a day.
const maxJobs = 600

// drain carries out jobs in the order they fall due, moving the clock on, until only closing is left
// or none is due before the limit. check is called after each.
func (b *bundle) drain(limit time.Duration, check func()) {
	b.t.Helper()
	end := b.clock.now().Add(limit)
	for range maxJobs {
		j, ok := b.claim(end)
		if !ok {
			return
		}
		b.clock.until(j.DueAt)
		if err := b.work(j); err != nil {
			if !errors.Is(err, errKilled) && !errors.Is(err, tickets.Unavailable) {
				b.t.Fatalf("%s: %v", j.Key, err)
			}
			j.DueAt = b.clock.now().Add(time.Second)
			must(b.t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.Enqueue(b.ctx, j) }))
		}
		if check != nil {
			check()
		}
	}
	b.t.Fatalf("more than %d jobs: %+v", maxJobs, b.waiting())
}

type jobRow struct {
	ID int64
	tickets.Job
}

func (b *bundle) waiting() []jobRow {
	var rows []jobRow
	must(b.t, b.Conn().WithContext(b.ctx).Raw(
		"SELECT id, kind, ticket_id, ref, run_at AS due_at, key FROM jobs WHERE state = 'ready' AND kind <> 'ticket.close' ORDER BY run_at, id").Scan(&rows).Error)
	return rows
}

func (b *bundle) claim(before time.Time) (tickets.Job, bool) {
	rows := b.waiting()
	if len(rows) == 0 || rows[0].DueAt.After(before) {
		return tickets.Job{}, false
	}
	must(b.t, b.Conn().WithContext(b.ctx).Exec("DELETE FROM jobs WHERE id = ?", rows[0].ID).Error)
	return rows[0].Job, true
}

func (b *bundle) work(j tickets.Job) error {
	if j.Kind == tickets.JobRun {
		return b.runner.Run(b.ctx, j, func(context.Context, tickets.Tx) error { return nil })
	}
	if j.Kind == tickets.JobWatch {
		return b.runner.Watch(b.ctx, j, func(context.Context, tickets.Tx) error { return nil })
	}
	return b.tell(j)
}

// tell stands for writing and sending: the mail is in the outbox with its last word.
func (b *bundle) tell(j tickets.Job) error {
	at := b.clock.now()
	tell := tickets.Tell(strings.Split(j.Ref, ":")[0])
	return b.InTx(b.ctx, func(tx tickets.Tx) error {
		key := tickets.Number(j.TicketID) + "/" + j.Ref
		if _, err := tx.OutgoingByKey(b.ctx, key); !errors.Is(err, tickets.NotFound) {
			return err
		}
		o := tickets.Outgoing{
			TicketID: j.TicketID, Key: key, Channel: tickets.ByMail, Tell: tell, Recipient: "li@example.com", MailID: b.ids.ID(j.TicketID, key),
			State: tickets.OutgoingSent, At: at, SentAt: &at,
		}
		if b.refuse[tell] {
			o.State, o.SentAt = tickets.OutgoingFailed, nil
		}
		if err := tx.InsertOutgoing(b.ctx, &o); err != nil {
			return err
		}
		return tx.Enqueue(b.ctx, tickets.Job{
			Kind: tickets.JobRun, TicketID: j.TicketID, DueAt: at, Key: "run/" + tickets.Number(j.TicketID),
		})
	})
}

// state is what a case ended as, without what differs from one time to the next.
type state struct {
	Status, Reason string
	Steps          map[tickets.StepName]string
	Effects        map[string]tickets.EffectState
	Refunds        map[string]string
	Told           []tickets.Tell
	Acted          map[string]int
	Debits, Alive  map[string]bool
	Refunded       map[string]int64
	Running        int
}

func (b *bundle) state(id int64) state {
	b.t.Helper()
	t := b.ticket(id)
	s := state{
		Status: string(t.Status), Reason: t.Reason, Steps: map[tickets.StepName]string{}, Effects: map[string]tickets.EffectState{},
		Refunds: map[string]string{}, Acted: b.world.acted, Debits: b.world.debits, Alive: b.world.alive, Refunded: b.world.refunded,
		Running: b.running(),
	}
	_, steps, err := b.LatestRun(b.ctx, id)
	must(b.t, err)
	for _, x := range steps {
		s.Steps[x.Name] = string(x.State) + "/" + x.Reason
	}
	effects, err := b.Effects(b.ctx, id)
	must(b.t, err)
	for _, e := range effects {
		s.Effects[e.Key] = e.State
	}
	refunds, err := b.Refunds(b.ctx, id)
	must(b.t, err)
	for _, r := range refunds {
		s.Refunds[r.ID] = string(r.State) + "/" + strconv.FormatInt(r.AmountFen, 10)
	}
	out, err := b.Outgoing(b.ctx, id)
	must(b.t, err)
	for _, o := range out {
		s.Told = append(s.Told, o.Tell)
	}
	slices.Sort(s.Told)
	return s
}

// running counts the subscriptions that a running run holds.
func (b *bundle) running() int {
	var n int64
	must(b.t, b.Conn().WithContext(b.ctx).Table("run_subscriptions").Where("running").Count(&n).Error)
	return int(n)
}

// pairs fails the test unless each effect was announced once and has one result.
func (b *bundle) pairs(t tickets.Ticket) {
	b.t.Helper()
	events, err := b.Events(b.ctx, t.Number())
	must(b.t, err)
	count := map[string][2]int{}
	for _, e := range events {
		var body struct{ Data struct{ Key string } }
		must(b.t, json.Unmarshal(e.Canonical, &body))
		n := count[body.Data.Key]
		switch e.Type {
		case tickets.EventAboutTo:
			n[0]++
		case tickets.EventResult:
			n[1]++
		default:
			continue
		}
		count[body.Data.Key] = n
	}
	for key, n := range count {
		if n != [2]int{1, 1} {
			b.t.Errorf("%s: %d about_to events and %d results", key, n[0], n[1])
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
