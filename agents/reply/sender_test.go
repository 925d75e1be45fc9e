package reply_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/tickets"
)

// post is a bundle with one receipt in its outbox, and for some tests a mail server.
type post struct {
	*bundle
	server *smtptest.Server
	sender *reply.Sender
	texter reply.Texter
	mail   tickets.Outgoing
}

func setupPost(t *testing.T) *post {
	t.Helper()
	p := &post{bundle: setup(t)}
	p.mustTell(t, p.ticket.ID, "receipt")
	p.mail = p.outbox(t, p.ticket.ID)[0]
	p.now = p.now.Add(time.Second)
	return p
}

// setupServer is a post whose Sender speaks to a real mail server.
func setupServer(t *testing.T) *post {
	t.Helper()
	p := setupPost(t)
	p.server = smtptest.Start(t, smtptest.Options{})
	p.sender = p.through(reply.SMTP{Host: p.server.Host(), Port: p.server.Port(), TLS: reply.NoTLS})
	return p
}

func (p *post) through(m reply.Mailer) *reply.Sender {
	return reply.NewSender(p.DB, reply.Ways{Mail: m, Text: p.texter, Codes: codes(), Pages: pages()}, func() time.Time { return p.now })
}

// send runs the JobSend and reports whether it completed its job.
func (p *post) send(t *testing.T) (done bool, err error) {
	t.Helper()
	err = p.sender.Send(t.Context(), p.job(), func(tickets.Tx) error {
		done = true
		return nil
	})
	return done, err
}

func (p *post) job() tickets.Job {
	return tickets.Job{Kind: tickets.JobSend, TicketID: p.ticket.ID, Ref: strconv.FormatInt(p.mail.ID, 10)}
}

func (p *post) row(t *testing.T) tickets.Outgoing {
	t.Helper()
	o, err := p.OutgoingByID(t.Context(), p.mail.ID)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// firstResponse is when the case was first answered; the zero time for not yet.
func (p *post) firstResponse(t *testing.T) time.Time {
	t.Helper()
	ticket, err := p.Ticket(t.Context(), p.ticket.ID)
	if err != nil {
		t.Fatal(err)
	}
	if ticket.FirstRespondedAt == nil {
		return time.Time{}
	}
	return *ticket.FirstRespondedAt
}

func pages() tickets.PageLinks {
	return tickets.PageLinks{Key: []byte("pages of the tests, 32 bytes long")}
}

// linked is the mail as it goes out: with the link of whom it is for.
func linked(t *testing.T, o tickets.Outgoing) string {
	t.Helper()
	text := read(t, o.Raw).text
	if !strings.Contains(text, "/c/"+tickets.PageMark+"\n") {
		t.Fatalf("no mark of a link:\n%s", text)
	}
	return strings.ReplaceAll(text, tickets.PageMark, pages().Token(o.TicketID, o.Recipient, o.At))
}

func TestTheLinkIsInNothingThatIsKept(t *testing.T) {
	t.Parallel()
	p := setupServer(t)
	p.server.Refuse("li@example.com", 451, 1)
	for range 2 {
		p.now = p.now.Add(time.Hour)
		if done, err := p.send(t); done != (err == nil) {
			t.Fatalf("done %v, error %v", done, err)
		}
	}
	arrived := p.server.Messages()[0].Raw
	got, kept := read(t, arrived), read(t, p.mail.Raw)
	same(t, "text that arrived", linked(t, p.mail), got.text)
	same(t, "header that arrived", kept.header.Map(), got.header.Map())
	if bytes.Contains(arrived, []byte("page}}")) {
		t.Error("the mark went out")
	}
	var bodies []string
	if err := p.Conn().WithContext(t.Context()).Table("events").Order("id").Pluck("canonical", &bodies).Error; err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(arrived)); !strings.Contains(bodies[len(bodies)-1], want) {
		t.Errorf("the event %s lacks the digest %s of what was sent", bodies[len(bodies)-1], want)
	}
	messages, err := p.Messages(t.Context(), p.ticket.ID)
	if err != nil {
		t.Fatal(err)
	}
	token := pages().Token(p.mail.TicketID, p.mail.Recipient, p.mail.At)
	if all := fmt.Sprintf("%+v %+v %s", messages, p.row(t), p.row(t).Raw); strings.Contains(all, token) {
		t.Error("the link is kept")
	}
}

func TestSendHandsOverTheStoredBytesOnce(t *testing.T) {
	t.Parallel()
	p := setupServer(t)
	for range 2 { // the second is a worker that did not hear that the job is done
		if done, err := p.send(t); err != nil || !done {
			t.Fatalf("done %v, error %v", done, err)
		}
	}
	got := p.server.Messages()
	if len(got) != 1 || got[0].From != "service@example.com" || !slices.Equal(got[0].To, []string{"li@example.com"}) {
		t.Fatalf("what arrived: %+v", got)
	}
	same(t, "what arrived", linked(t, p.mail), read(t, got[0].Raw).text)
	want := p.mail
	want.State, want.Attempts, want.SentAt, want.TriedAt = tickets.OutgoingSent, 1, &p.now, &p.now
	same(t, "outbox row", want, p.row(t))
	same(t, "first response", p.now, p.firstResponse(t))
	same(t, "events", []string{tickets.EventNotifyAboutTo, tickets.EventNotifyResult}, p.events(t, p.ticket.ID))
	same(t, "jobs", []job{
		{Kind: string(tickets.JobSend), Ref: "1", Key: "send/1"},
		{Kind: string(tickets.JobRun), Key: "run/CD-000001"},
	}, p.jobs(t))
}

func TestSendTriesAgainAfterATemporaryRefusal(t *testing.T) {
	t.Parallel()
	p := setupServer(t)
	p.server.Refuse("li@example.com", 451, 1)
	done, err := p.send(t)
	wantKind(t, err, tickets.Unavailable)
	same(t, "completed", false, done)
	if strings.Contains(err.Error(), "li@") || !strings.Contains(err.Error(), "451") {
		t.Errorf("the error reads %q: want the code and no address", err)
	}
	want := p.mail
	want.Attempts, want.Detail, want.TriedAt = 1, p.row(t).Detail, &p.now
	same(t, "outbox row", want, p.row(t))
	if !strings.HasPrefix(want.Detail, "451 ") {
		t.Errorf("the server's last word is kept as %q", want.Detail)
	}
	same(t, "jobs", 1, len(p.jobs(t)))
	same(t, "first response", time.Time{}, p.firstResponse(t))

	if done, err := p.send(t); err != nil || !done {
		t.Fatalf("second go: done %v, error %v", done, err)
	}
	want.State, want.Attempts, want.Detail, want.SentAt = tickets.OutgoingSent, 2, "", &p.now
	same(t, "outbox row after the second go", want, p.row(t))
	same(t, "mails that arrived", 1, len(p.server.Messages()))
}

func TestSendGivesAMailRefusedForGoodToAnAgent(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*smtptest.Server){
		"recipient": func(s *smtptest.Server) { s.Refuse("li@example.com", 550, -1) },
		"content":   func(s *smtptest.Server) { s.RefuseData(554, -1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setupServer(t)
			refuse(p.server)
			for range 2 {
				if done, err := p.send(t); err != nil || !done {
					t.Fatalf("done %v, error %v", done, err)
				}
			}
			want := p.mail
			want.State, want.Attempts, want.Detail, want.TriedAt = tickets.OutgoingFailed, 1, p.row(t).Detail, &p.now
			same(t, "outbox row", want, p.row(t))
			if !strings.HasPrefix(want.Detail, "55") {
				t.Errorf("the server's last word is kept as %q", want.Detail)
			}
			same(t, "jobs", job{Kind: string(tickets.JobRun), Key: "run/CD-000001"}, p.jobs(t)[1])
			same(t, "first response", time.Time{}, p.firstResponse(t))
			same(t, "events", []string{tickets.EventNotifyAboutTo, tickets.EventNotifyResult}, p.events(t, p.ticket.ID))
		})
	}
}

func TestAMailWhoseAcknowledgementWasLostGoesOutAgainAsTheSameMail(t *testing.T) {
	t.Parallel()
	p := setupServer(t)
	p.server.Cut(1)
	_, err := p.send(t)
	wantKind(t, err, tickets.Unavailable)
	same(t, "state", tickets.OutgoingQueued, p.row(t).State)
	if _, err := p.send(t); err != nil {
		t.Fatal(err)
	}
	got := p.server.Messages()
	same(t, "mails", 2, len(got))
	same(t, "the second is the first", got[0], got[1])
}

// mailer is a mail server that answers as told, and does what it is told meanwhile.
type mailer func(ctx context.Context) error

func (m mailer) Send(ctx context.Context, _, _ string, _ []byte) error { return m(ctx) }

func TestASentMailIsRecordedEvenWhileTheProcessStops(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	ctx, stop := context.WithCancel(t.Context())
	s := p.through(mailer(func(context.Context) error { stop(); return nil }))
	if err := s.Send(ctx, p.job(), func(tickets.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	same(t, "state", tickets.OutgoingSent, p.row(t).State)
}

func TestASentMailIsRecordedThoughTheTicketChangedMeanwhile(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	tries := 0
	s := p.through(mailer(func(context.Context) error { return nil }))
	err := s.Send(t.Context(), p.job(), func(tickets.Tx) error {
		if tries++; tries == 1 {
			return &tickets.Error{Kind: tickets.Stale, Msg: "Somebody else was first."}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "tries", 2, tries)
	same(t, "row", []any{tickets.OutgoingSent, 1}, []any{p.row(t).State, p.row(t).Attempts})
	same(t, "jobs", 2, len(p.jobs(t)))
}

func TestSendLeavesTheMailWhereItsJobIsSomebodyElsesNow(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	lost := errors.New("lease lost")
	s := p.through(mailer(func(context.Context) error { return nil }))
	err := s.Send(t.Context(), p.job(), func(tickets.Tx) error { return lost })
	if !errors.Is(err, lost) {
		t.Fatalf("got %v", err)
	}
	same(t, "row", p.mail, p.row(t))
}

func TestSendOfNoMail(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	for ref, kind := range map[string]tickets.Kind{"": tickets.Invalid, "x": tickets.Invalid, "99": tickets.NotFound} {
		err := p.through(nil).Send(t.Context(), tickets.Job{Ref: ref}, func(tickets.Tx) error { return nil })
		wantKind(t, err, kind)
	}
}

func decimal(id int64) string { return strconv.FormatInt(id, 10) }
