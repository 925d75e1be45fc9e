package reply_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/tickets"
)

// kept are originals by their reference.
type kept map[string]string

type keptOriginal struct{ *strings.Reader }

func (keptOriginal) Close() error { return nil }

func (k kept) Open(_ context.Context, ref string) (io.ReadSeekCloser, error) {
	text, ok := k[ref]
	if !ok {
		return nil, tickets.NotFound
	}
	return keptOriginal{strings.NewReader(text)}, nil
}

// forwarding is a desk that forwards one mail, and a mail server.
type forwarding struct {
	*bundle
	server *smtptest.Server
	mail   tickets.Forward
	kept   kept
}

func setupForward(t *testing.T, original string) *forwarding {
	t.Helper()
	f := &forwarding{bundle: setup(t), server: smtptest.Start(t, smtptest.Options{}), kept: kept{"ref": original}}
	m := tickets.Message{
		TicketID: f.ticket.ID, Direction: tickets.Inbound, Channel: tickets.Email, At: f.now, Sender: "wu@example.com",
		Subject: "商务合作\r\nBcc: x@example.com", Raw: "ref", Kind: "message",
	}
	f.tx(t, func(tx tickets.Tx) error {
		if err := tx.InsertMessage(t.Context(), &m); err != nil {
			return err
		}
		f.mail = tickets.Forward{
			TicketID: f.ticket.ID, MessageID: m.ID, Recipient: "sales@example.com", MailID: f.ids.ID(f.ticket.ID, "forward"),
			State: tickets.OutgoingQueued, At: f.now,
		}
		return tx.InsertForward(t.Context(), f.mail)
	})
	return f
}

// run carries the job out and reports whether it completed.
func (f *forwarding) run(t *testing.T) (done bool, err error) {
	t.Helper()
	w := reply.NewForwarder(reply.Config{
		Store: f.DB, IDs: f.ids, Now: func() time.Time { return f.now }, Zone: shanghai(), From: reply.Address{Name: "客服", Address: "service@example.com"},
		Product: "云卡盟", Settings: tickets.Settings{Locale: "zh-CN"}, PublicURL: "https://desk.example.com/",
	}, reply.SMTP{Host: f.server.Host(), Port: f.server.Port(), TLS: reply.NoTLS}, f.kept)
	err = w.Forward(t.Context(), tickets.Job{Kind: tickets.JobForward, TicketID: f.ticket.ID}, func(tickets.Tx) error { done = true; return nil })
	return done, err
}

func (f *forwarding) state(t *testing.T) tickets.Forward {
	t.Helper()
	got, err := f.Forward(t.Context(), f.ticket.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestForwardedMailHasItsOriginal(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	for name, c := range map[string]struct{ original, media, want string }{
		"in 7 bits":       {"From: wu@example.com\nSubject: x\n\nhello\n", "message/rfc822", "From: wu@example.com\r\nSubject: x\r\n\r\nhello\r\n"},
		"in raw Chinese":  {"From: wu@example.com\r\nSubject: 合作\r\n\r\n你好\r\n", "application/octet-stream", "From: wu@example.com\r\nSubject: 合作\r\n\r\n你好\r\n"},
		"with long lines": {"Subject: x\r\n\r\n" + long, "application/octet-stream", "Subject: x\r\n\r\n" + long},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupForward(t, c.original)
			if done, err := f.run(t); err != nil || !done {
				t.Fatal(done, err)
			}
			got := f.server.Messages()[0]
			same(t, "envelope", []string{"service@example.com", "sales@example.com"}, []string{got.From, got.To[0]})
			r, err := mail.CreateReader(bytes.NewReader(got.Raw))
			if err != nil {
				t.Fatal(err)
			}
			subject, _ := r.Header.Subject()
			id, _ := r.Header.MessageID()
			same(t, "header", []string{"转发：商务合作 Bcc: x@example.com", "<wu@example.com>", "auto-generated", f.mail.MailID, ""},
				[]string{subject, r.Header.Get("Reply-To"), r.Header.Get("Auto-Submitted"), id, r.Header.Get("Bcc")})
			p, err := r.NextPart()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(p.Body)
			if err != nil || !strings.Contains(string(text), "https://desk.example.com/tickets/CD-000001") || !strings.Contains(string(text), "wu@example.com") {
				t.Errorf("%v\n%s", err, text)
			}
			if p, err = r.NextPart(); err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(p.Body)
			if err != nil {
				t.Fatal(err)
			}
			media, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
			same(t, "attachment", []string{c.media, c.want}, []string{media, string(body)})
			same(t, "state", tickets.OutgoingSent, f.state(t).State)
			same(t, "events", []string{tickets.EventForwardResult}, f.events(t, f.ticket.ID))
			if done, err := f.run(t); err != nil || !done || len(f.server.Messages()) != 1 {
				t.Errorf("run once more: %t %v, %d mails", done, err, len(f.server.Messages()))
			}
		})
	}
}

func TestForwardedMailThatIsLarge(t *testing.T) {
	t.Parallel()
	f := setupForward(t, strings.Repeat("x\r\n", 6<<20))
	if _, err := f.run(t); err != nil {
		t.Fatal(err)
	}
	if got := f.server.Messages()[0].Raw; len(got) > 100_000 || bytes.Contains(got, []byte("original.eml\r\n")) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestForwardedMailThatIsRefused(t *testing.T) {
	t.Parallel()
	f := setupForward(t, "Subject: x\r\n\r\nhello")
	f.server.Cut(1) // the server has it, and we never heard
	if done, err := f.run(t); done || !errors.Is(err, tickets.Unavailable) {
		t.Fatal(done, err)
	}
	if done, err := f.run(t); err != nil || !done {
		t.Fatal(done, err)
	}
	sent := f.server.Messages()
	if len(sent) != 2 || !bytes.Equal(sent[0].Raw, sent[1].Raw) {
		t.Errorf("%d mails, and the second is another", len(sent))
	}

	f = setupForward(t, "Subject: x\r\n\r\nhello")
	f.server.Refuse("sales@example.com", 550, 1)
	if done, err := f.run(t); err != nil || !done {
		t.Fatal(done, err)
	}
	alarms, err := f.Alarms(t.Context())
	if err != nil || len(alarms) != 1 || alarms[0].Kind != tickets.AlarmForwardFailed || f.state(t).State != tickets.OutgoingFailed {
		t.Errorf("%v, alarms %+v, state %+v", err, alarms, f.state(t))
	}
}

func TestHowManyAnswersAnAddressGetsIsASetting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := reply.NewWriter(reply.Config{
		Store: b.DB, IDs: b.ids, Now: func() time.Time { return b.now }, Zone: shanghai(), From: reply.Address{Address: "service@example.com"},
		Settings: tickets.Settings{Locale: "zh-CN", AutoAnswersPerDay: 2},
	})
	written := 0
	for range 4 {
		ticket, _ := b.open(t, "wu@example.com", 1)
		err := w.Tell(t.Context(), tickets.Job{TicketID: ticket.ID, Ref: "receipt"}, func(tickets.Tx) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		written += len(b.outbox(t, ticket.ID))
	}
	same(t, "answers", 2, written)
}
