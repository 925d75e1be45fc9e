package reply_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// bundle is a desk of the test's own: a real store, and a Writer whose clock stands still.
type bundle struct {
	*store.DB
	writer *reply.Writer
	ids    tickets.MailIDs
	now    time.Time
	ticket tickets.Ticket
	mail   tickets.Message // the customer's
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := &bundle{DB: db, now: at(22, 10, 5).UTC(), ids: tickets.MailIDs{Key: []byte("0123456789abcdef0123456789abcdef"), Domain: "example.com"}}
	b.writer = reply.NewWriter(reply.Config{
		Store: db, IDs: b.ids, Now: func() time.Time { return b.now }, Zone: shanghai(),
		From: reply.Address{Name: "云卡盟客服", Address: "service@example.com"}, Product: "云卡盟",
		Settings: tickets.Settings{
			Locale: "zh-CN", Zone: shanghai(), Codes: codes(),
			Texts: tickets.Texts{
				Templates: map[tickets.Tell]string{tickets.TellCode: "SMS_1", "unread": "SMS_2", tickets.TellCancelOutcome: "T-2"}, Quiet: tickets.Quiet{From: 9 * time.Hour, Until: 12 * time.Hour},
			},
		}, PublicURL: "https://desk.example.com/",
		Pages: true,
	})
	b.keep(t, member())
	b.ticket, b.mail = b.open(t, "li@example.com", 1)
	return b
}

// keep stores an account as the platform would have told it.
func (b *bundle) keep(t *testing.T, s *account.Snapshot) {
	t.Helper()
	conn := b.Conn().WithContext(t.Context())
	for _, rows := range []any{&s.Account, &s.Subscriptions, &s.Agreements, &s.Charges, &s.Assets} {
		if err := conn.Create(rows).Error; err != nil {
			t.Fatal(err)
		}
	}
}

// open stores a case that one mail of that sender opened, with its stop and its agreement's end done.
func (b *bundle) open(t *testing.T, sender string, assurance int) (tickets.Ticket, tickets.Message) {
	t.Helper()
	ticket := tickets.Ticket{
		Status: tickets.Open, Channel: tickets.Email, Subject: "请关闭自动续费", Locale: "zh-CN", Requester: sender,
		Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew}, AccountNo: "u1001",
		SubscriptionIDs: []string{"s1"}, Assurance: assurance,
		ReceivedAt: at(22, 10, 0), FirstResponseDueAt: at(22, 14, 0), ResolutionDueAt: at(25, 18, 0),
	}
	var m tickets.Message
	b.tx(t, func(tx tickets.Tx) error {
		if err := tx.InsertTicket(t.Context(), &ticket); err != nil {
			return err
		}
		m = tickets.Message{
			TicketID: ticket.ID, Direction: tickets.Inbound, Channel: tickets.Email, At: at(22, 10, 0), Sender: sender,
			Subject: "请关闭自动续费", Text: "请关闭自动续费", MessageID: ticket.Number() + "@mua.example", Kind: "message", Assurance: assurance,
		}
		if err := tx.InsertMessage(t.Context(), &m); err != nil {
			return err
		}
		for _, e := range []tickets.Effect{
			{Key: "stop/" + ticket.Number(), Kind: tickets.StopDebits, Target: "s1"},
			{Key: "end/" + ticket.Number(), Kind: tickets.EndAgreement, Target: "a1"},
		} {
			e.TicketID, e.State, e.At, e.SettledAt = ticket.ID, tickets.EffectDone, at(22, 10, 1), ptr(at(22, 10, 1))
			if err := tx.SaveEffect(t.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	return ticket, m
}

func (b *bundle) tx(t *testing.T, f func(tx tickets.Tx) error) {
	t.Helper()
	if err := b.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// tell runs a JobTell and reports whether it completed its job.
func (b *bundle) tell(t *testing.T, ticketID int64, ref string) (done bool, err error) {
	t.Helper()
	err = b.writer.Tell(t.Context(), tickets.Job{Kind: tickets.JobTell, TicketID: ticketID, Ref: ref}, func(tickets.Tx) error {
		done = true
		return nil
	})
	return done, err
}

// mustTell runs a JobTell that has to complete.
func (b *bundle) mustTell(t *testing.T, ticketID int64, ref string) {
	t.Helper()
	if done, err := b.tell(t, ticketID, ref); err != nil || !done {
		t.Fatalf("tell %s: done %v, error %v", ref, done, err)
	}
}

func (b *bundle) outbox(t *testing.T, ticketID int64) []tickets.Outgoing {
	t.Helper()
	list, err := b.Outgoing(t.Context(), ticketID)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// job is what a test sees of a stored job.
type job struct{ Kind, Ref, Key string }

func (b *bundle) jobs(t *testing.T) []job {
	t.Helper()
	var list []job
	if err := b.Conn().WithContext(t.Context()).Table("jobs").Order("id").Find(&list).Error; err != nil {
		t.Fatal(err)
	}
	return list
}

// events are the types of a case's events, in order.
func (b *bundle) events(t *testing.T, ticketID int64) []string {
	t.Helper()
	var list []string
	err := b.Conn().WithContext(t.Context()).Table("events").Where("stream = ?", tickets.Number(ticketID)).Order("n").Pluck("type", &list).Error
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// private are the personal values that the events of a type commit to, by name.
func (b *bundle) private(t *testing.T, typ string) map[string]string {
	t.Helper()
	var rows []struct {
		Name    string
		Content []byte
	}
	err := b.Conn().WithContext(t.Context()).Table("event_privates").Joins("JOIN events USING (stream, n)").
		Where("events.type = ?", typ).Select("event_privates.name", "event_privates.content").Find(&rows).Error
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.Name] = string(r.Content)
	}
	return out
}

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func codes() tickets.Codes {
	return tickets.Codes{Key: []byte("0123456789abcdef0123456789abcdef"), SMS: true}
}
