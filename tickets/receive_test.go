package tickets_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// bundle is a desk over a database of the test's own.
type bundle struct {
	*store.DB
	t     *testing.T
	ctx   context.Context
	ids   tickets.MailIDs
	desk  *tickets.Desk
	fence int64
	uid   uint32
	now   time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Migrate(t.Context()))
	b := &bundle{DB: db, t: t, ctx: t.Context(), now: noon, ids: tickets.MailIDs{Key: []byte(strings.Repeat("k", 32)), Domain: "desk.example"}}
	b.desk = tickets.NewDesk(db, tickets.Settings{
		Zone: time.UTC, Locale: "zh-CN", CloseAfter: 7 * 24 * time.Hour, FirstResponse: 4 * time.Hour, ResolutionDays: 3, WarnBefore: time.Hour, ClaimFor: 30 * time.Minute,
		Calendar:   tickets.Calendar{Zone: time.UTC, Hours: tickets.Weekdays(tickets.Interval{From: 9 * time.Hour, To: 18 * time.Hour})},
		Automation: tickets.Automation{ApprovalAboveFen: 20000},
		Codes:      tickets.Codes{Key: []byte(strings.Repeat("c", 32)), SMS: true},
		Texts:      tickets.Texts{Templates: map[tickets.Tell]string{tickets.TellCode: "T-1"}},
		Pages:      tickets.PageLinks{Key: []byte(strings.Repeat("c", 32))},
	}, b.ids, func() time.Time { return b.now })
	fence, ok, err := db.AcquireLease(b.ctx, "service", "test", time.Hour)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b.fence = fence
	return b
}

// mail is a person's mail from the address with that assurance, asking for that.
func (b *bundle) mail(from string, assurance int, u intent.Understanding, change ...func(*tickets.Incoming)) tickets.Incoming {
	b.uid++
	n := strconv.Itoa(int(b.uid))
	in := tickets.Incoming{
		UID: b.uid, Fingerprint: "f" + n, Bytes: 3, Original: []byte("raw"), Understanding: u,
		Message: tickets.Message{
			Direction: tickets.Inbound, Channel: tickets.Email, At: b.now, Sender: from, Subject: "主题", Text: "正文",
			MessageID: "m" + n + "@example.com", Raw: "blob" + n, Kind: "message", Assurance: assurance,
		},
	}
	for _, f := range change {
		f(&in)
	}
	return in
}

func answers(id string) func(*tickets.Incoming) {
	return func(in *tickets.Incoming) { in.InReplyTo = []string{id} }
}

func kind(k string) func(*tickets.Incoming) {
	return func(in *tickets.Incoming) { in.Message.Kind = k }
}

func (b *bundle) batch(mails ...tickets.Incoming) tickets.Batch {
	return tickets.Batch{Mailbox: "service", Folder: "INBOX", UIDValidity: 7, LastUID: b.uid, Fence: b.fence, Mails: mails}
}

func (b *bundle) receive(mails ...tickets.Incoming) []tickets.Intake {
	b.t.Helper()
	rows, err := b.desk.Receive(b.ctx, b.batch(mails...))
	must(b.t, err)
	return rows
}

func (b *bundle) ticket(id int64) tickets.Ticket {
	b.t.Helper()
	t, err := b.Ticket(b.ctx, id)
	must(b.t, err)
	return t
}

// is fails the test where the ticket is not so: status/reason.
func (b *bundle) is(id int64, want string) {
	b.t.Helper()
	t := b.ticket(id)
	if got := string(t.Status) + "/" + t.Reason; got != want {
		b.t.Errorf("%s is %s, want %s", t.Number(), got, want)
	}
}

// set puts a stored ticket into a status.
func (b *bundle) set(id int64, path ...tickets.Status) {
	b.t.Helper()
	t := b.ticket(id)
	for _, s := range path {
		must(b.t, t.SetStatus(s, "test", b.now))
	}
	must(b.t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &t) }))
}

// rows counts the rows of each table that a batch writes to.
func (b *bundle) rows() map[string]int64 {
	b.t.Helper()
	out := map[string]int64{}
	for _, table := range []string{"tickets", "messages", "intake", "events", "jobs", "links", "cursors"} {
		var n int64
		must(b.t, b.Conn().WithContext(b.ctx).Table(table).Count(&n).Error)
		out[table] = n
	}
	return out
}

func outcomes(rows []tickets.Intake) []string {
	var out []string
	for _, r := range rows {
		out = append(out, string(r.Outcome)+" "+strconv.FormatInt(r.TicketID, 10))
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func stop() intent.Understanding { return asking(intent.StopAutoRenew) }

func TestReceive(t *testing.T) {
	t.Parallel()
	t.Run("each mail becomes what it is", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		refused := func(o tickets.Outcome) func(*tickets.Incoming) {
			return func(in *tickets.Incoming) { in.Refused, in.Fingerprint = o, "" }
		}
		first := b.mail("li@example.com", 1, stop())
		again := b.mail("li@example.com", 1, stop())
		again.Fingerprint = first.Fingerprint
		rows := b.receive(first, again,
			b.mail("li@example.com", 1, stop()),
			b.mail("wu@example.com", 0, asking(intent.NotCancellation)),
			b.mail("wu@example.com", 0, stop(), kind("auto_reply")),
			b.mail("wu@example.com", 0, stop(), kind("list")),
			b.mail("wu@example.com", 0, stop(), kind("bounce")),
			b.mail("wu@example.com", 0, stop(), kind("own")),
			b.mail("wu@example.com", 0, intent.Understanding{}, refused(tickets.OutcomeOversize)),
			b.mail("", 0, intent.Understanding{}, refused(tickets.OutcomeQuarantined)))
		want := []string{
			"ticket 1", "duplicate 1", "appended 1", "ticket 2", "auto_reply 0", "list 0", "bounce 0", "own 0", "oversize 3", "quarantined 0",
		}
		if d := cmp.Diff(want, outcomes(rows)); d != "" {
			t.Error(d)
		}
		b.is(1, "new/")
		b.is(2, "closed/not_cancellation")
		b.is(3, "open/oversize")
		c, err := b.Cursor(b.ctx, "service", "INBOX")
		must(t, err)
		if d := cmp.Diff(tickets.Cursor{Mailbox: "service", Folder: "INBOX", UIDValidity: 7, LastUID: 10}, c); d != "" {
			t.Error(d)
		}
		if got := b.rows(); got["jobs"] != 1 || got["messages"] != 4 {
			t.Errorf("%v: one job for the one case to work on, a message for each mail that is kept", got)
		}
	})
	t.Run("a copy in a later batch is a duplicate, one under its own name a mail", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		first := b.mail("li@example.com", 0, stop())
		b.receive(first)
		copied := b.mail("li@example.com", 0, stop())
		copied.Fingerprint = first.Fingerprint
		if got := outcomes(b.receive(copied, b.mail("li@example.com", 0, stop()))); got[0] != "duplicate 1" || got[1] != "ticket 2" {
			t.Error(got)
		}
	})
	t.Run("a copy with a verified signature lifts the request", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		first := b.mail("li@example.com", 0, stop())
		b.receive(first)
		copied := b.mail("li@example.com", 1, stop())
		copied.Fingerprint = first.Fingerprint
		b.receive(copied)
		if got := b.ticket(1); !got.SenderProven {
			t.Error("the sender is not proven")
		}
	})
	t.Run("a batch stored twice leaves everything as it is", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		batch := b.batch(b.mail("li@example.com", 1, stop()), b.mail("wu@example.com", 1, stop()))
		first, err := b.desk.Receive(b.ctx, batch)
		must(t, err)
		before := b.rows()
		again, err := b.desk.Receive(b.ctx, batch)
		must(t, err)
		if d := cmp.Diff(first, again); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(before, b.rows()); d != "" {
			t.Error(d)
		}
	})
	t.Run("a reader that lost the mailbox stores nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		batch := b.batch(b.mail("li@example.com", 1, stop()))
		batch.Fence--
		before := b.rows()
		if _, err := b.desk.Receive(b.ctx, batch); !errors.Is(err, tickets.Conflict) {
			t.Errorf("got %v, want a conflict", err)
		}
		if d := cmp.Diff(before, b.rows()); d != "" {
			t.Error(d)
		}
	})
	t.Run("our own id of a ticket that is not stored keeps no mail out", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if got := outcomes(b.receive(b.mail("li@example.com", 1, stop(), answers(b.ids.ID(99, "receipt"))))); got[0] != "ticket 1" {
			t.Error(got)
		}
	})
	t.Run("what follows a case goes by its status", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, stop()))
		signed := answers(b.ids.ID(1, "receipt"))
		thanks := intent.Understanding{Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Thanks: true}
		b.set(1, tickets.Solved)
		b.receive(b.mail("li@example.com", 1, thanks, signed))
		b.is(1, "solved/test")
		if got := outcomes(b.receive(b.mail("li@example.com", 1, asking(intent.RefundMistakenCharge), signed))); got[0] != "ticket 2" || !b.ticket(2).Urgent {
			t.Errorf("a mistaken charge is %v, urgent %t", got, b.ticket(2).Urgent)
		}
		b.receive(b.mail("li@example.com", 1, asking(intent.StatusInquiry), signed))
		b.is(1, "open/customer_wrote")
		b.set(1, tickets.Solved)
		b.receive(b.mail("li@example.com", 1, stop(), signed))
		b.is(1, "open/asked_again")
		b.set(1, tickets.Solved, tickets.Closed)
		if got := outcomes(b.receive(b.mail("li@example.com", 1, stop(), signed))); got[0] != "ticket 3" {
			t.Error(got)
		}
		links, err := b.Links(b.ctx, 1)
		must(t, err)
		if len(links) != 2 || links[0].FromID != 2 || links[1].FromID != 3 {
			t.Errorf("linked: %+v", links)
		}
	})
	t.Run("an answer to a ticket that became part of another goes there", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		// They name two orders, or the second would join at once.
		about := func(order string) intent.Understanding {
			u := stop()
			u.Facts.OrderNo = order
			return u
		}
		b.receive(b.mail("li@example.com", 1, about("o1")), b.mail("li@example.com", 1, about("o2")))
		joined := b.ticket(2)
		must(t, joined.SetStatus(tickets.Closed, tickets.ReasonJoined, b.now))
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
			must(t, tx.InsertLink(b.ctx, tickets.Link{FromID: 2, ToID: 1, Kind: tickets.ReasonJoined, At: b.now}))
			return tx.SaveTicket(b.ctx, &joined)
		}))
		if got := outcomes(b.receive(b.mail("li@example.com", 1, stop(), answers(b.ids.ID(2, "receipt"))))); got[0] != "appended 1" {
			t.Error(got)
		}
	})
}
