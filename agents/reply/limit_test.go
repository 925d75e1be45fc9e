package reply_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

// letters is a desk whose outbox is worked on by a real worker, over a real mail server.
type letters struct {
	*bundle
	server *smtptest.Server
	sender *reply.Sender
}

func setupLetters(t *testing.T, l tickets.SendLimits) *letters {
	t.Helper()
	b := &letters{bundle: setup(t), server: smtptest.Start(t, smtptest.Options{})}
	b.limit(l)
	return b
}

// limit is a new Sender with other limits, as after a restart.
func (l *letters) limit(limits tickets.SendLimits) {
	l.sender = reply.NewSender(l.DB, reply.Ways{
		Mail:    reply.SMTP{Host: l.server.Host(), Port: l.server.Port(), TLS: reply.NoTLS, Timeout: 5 * time.Second},
		Account: "service", Limits: limits, Codes: codes(), Pages: pages(),
	}, func() time.Time { return l.now })
}

// put puts a mail into the outbox as the Writer does, to an address that tells which it is.
func (l *letters) put(t *testing.T, name string, tell tickets.Tell) tickets.Outgoing {
	t.Helper()
	raw := "From: service@example.com\r\nTo: " + name + "@example.com\r\nSubject: " + name + "\r\n\r\n" + name + "\r\n"
	o := tickets.Outgoing{
		TicketID: l.ticket.ID, Key: name, Channel: tickets.ByMail, Tell: tell, Recipient: name + "@example.com", MailID: name + "@x",
		Raw: []byte(raw), State: tickets.OutgoingQueued, At: l.now, Importance: tell.Importance(),
	}
	l.tx(t, func(tx tickets.Tx) error {
		if err := tx.InsertOutgoing(t.Context(), &o); err != nil {
			return err
		}
		ref := decimal(o.ID)
		return tx.Enqueue(t.Context(), tickets.Job{Kind: tickets.JobSend, TicketID: l.ticket.ID, Ref: ref, DueAt: l.now, Key: "send/" + ref})
	})
	return o
}

// work lets the clock go on and runs what is due then.
func (l *letters) work(t *testing.T, later time.Duration) {
	t.Helper()
	l.now = l.now.Add(later)
	type done = func(context.Context, tickets.Tx) error
	tx := func(ctx context.Context, d done) func(tickets.Tx) error {
		return func(tx tickets.Tx) error { return d(ctx, tx) }
	}
	_, err := l.NewWorker(store.WorkerConfig{
		Now: func() time.Time { return l.now }, Slots: 1,
		Handlers: map[tickets.JobKind]store.Handler{
			tickets.JobSend: func(ctx context.Context, j tickets.Job, d done) error { return l.sender.Send(ctx, j, tx(ctx, d)) },
			tickets.JobRelease: func(ctx context.Context, j tickets.Job, d done) error {
				return l.sender.Release(ctx, j, tx(ctx, d))
			},
			tickets.JobRun: func(ctx context.Context, _ tickets.Job, d done) error {
				return l.InTx(ctx, func(tx tickets.Tx) error { return d(ctx, tx) })
			},
		},
	}).Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
}

// arrived names the mails that reached the server, in order.
func (l *letters) arrived() string {
	var names []string
	for _, m := range l.server.Messages() {
		name, _, _ := strings.Cut(m.To[0], "@")
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// ringing are the kinds of the alarms that ring.
func (l *letters) ringing(t *testing.T) string {
	t.Helper()
	list, err := l.Alarms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, a := range list {
		kinds = append(kinds, strings.TrimSpace(string(a.Kind)+" "+a.Detail))
	}
	return strings.Join(kinds, ", ")
}

func TestMailsOverTheLimitGoOutLaterTheMostImportantFirst(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{PerMinute: 2})
	l.put(t, "first", tickets.TellNeutral)
	l.put(t, "second", tickets.TellNeutral)
	l.put(t, "neutral", tickets.TellNeutral)
	l.put(t, "receipt", tickets.TellReceipt)
	l.put(t, "answer", tickets.TellAnswer)
	l.work(t, 0)
	same(t, "at once", "first second", l.arrived())
	same(t, "rings", "mail_held", l.ringing(t))
	held, err := l.CountHeld(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "held back", 3, held)

	l.work(t, 30*time.Second)
	same(t, "too early", "first second", l.arrived())
	l.put(t, "outcome", tickets.TellCancelOutcome) // younger than the answer, and both before the rest
	l.work(t, 31*time.Second)
	same(t, "a minute later", "first second answer outcome", l.arrived())
	l.work(t, 61*time.Second)
	same(t, "two minutes later", "first second answer outcome receipt neutral", l.arrived())
	same(t, "rings in the end", "", l.ringing(t))
}

func TestEveryLimitHolds(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{PerMinute: 3, PerHour: 4, PerDay: 5})
	for i := range 8 {
		l.put(t, fmt.Sprint("m", i), tickets.TellAnswer)
	}
	var counts []int
	for _, later := range []time.Duration{0, 61 * time.Second, time.Minute, time.Hour, time.Hour, 22 * time.Hour, time.Hour, 24 * time.Hour} {
		l.work(t, later)
		counts = append(counts, len(l.server.Messages()))
	}
	same(t, "sent so far, after each wait", []int{3, 4, 4, 5, 5, 8, 8, 8}, counts)
}

func TestALimitThatWasLiftedHoldsNothingBackAnyMore(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{PerDay: 1})
	l.put(t, "a", tickets.TellAnswer)
	l.put(t, "b", tickets.TellAnswer)
	l.work(t, 0)
	same(t, "with the limit", "a", l.arrived())
	l.limit(tickets.SendLimits{})
	if err := l.sender.Wake(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.work(t, time.Second)
	same(t, "without", "a b", l.arrived())
	same(t, "rings", "", l.ringing(t))
}

// limited answers every mail as a provider of whom too much was asked, until it is told to stop.
type limited struct {
	words string
	code  int
	tries int
}

func (l *limited) Send(context.Context, string, string, []byte) error {
	l.tries++
	if l.words == "" {
		return nil
	}
	err := error(&reply.RefusalError{Code: l.code, Words: l.words})
	if l.code/100 == 4 {
		err = errors.Join(tickets.Unavailable, err)
	}
	return err
}

func TestAProviderThatHasEnoughIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code  int
		words string
		wait  time.Duration
	}{
		"NetEase for a quarter of an hour": {451, "MI:SFQ 163 smtp7,C8CowAD3\nplease see http://mail.163.com/help", 15 * time.Minute},
		"NetEase for the day":              {554, "MI:STC 163 smtp1", time.Hour},
		"Gmail for the day":                {550, "5.4.5 Daily user sending limit exceeded.", time.Hour},
		"Tencent":                          {550, "Mail frequency limited.", 15 * time.Minute},
		"Exchange Online":                  {554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, m := setupLetters(t, tickets.SendLimits{}), &limited{words: c.words, code: c.code}
			l.sender = reply.NewSender(l.DB, reply.Ways{Mail: m, Account: "service", Codes: codes(), Pages: pages()}, func() time.Time { return l.now })
			a := l.put(t, "a", tickets.TellReceipt)
			l.put(t, "b", tickets.TellAnswer)
			l.work(t, 0)
			same(t, "tries", 1, m.tries)
			same(t, "rings", "mail_held", l.ringing(t))
			l.work(t, c.wait-time.Second)
			same(t, "tries before the pause is over", 1, m.tries)
			m.words = ""
			l.work(t, 2*time.Second)
			same(t, "tries afterwards", 3, m.tries)
			same(t, "rings afterwards", "", l.ringing(t))
			o, err := l.OutgoingByID(t.Context(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "the mail that was turned away", tickets.OutgoingSent, o.State)
		})
	}
}

func TestAFullMailboxIsNoLimitOfOurs(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{})
	m := &limited{words: "5.2.2 Mailbox full, user quota exceeded", code: 552}
	l.sender = reply.NewSender(l.DB, reply.Ways{Mail: m, Account: "service", Codes: codes(), Pages: pages()}, func() time.Time { return l.now })
	o := l.put(t, "a", tickets.TellAnswer)
	l.work(t, 0)
	got, err := l.OutgoingByID(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "state", tickets.OutgoingFailed, got.State)
}
