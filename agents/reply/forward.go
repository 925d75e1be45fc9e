package reply

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"

	"github.com/canceldesk/canceldesk/tickets"
)

// mostForwarded is the largest original that goes on with a forwarded mail: the usual limit of mail servers
// is 25 MB, and base64 makes a third more of it. Of a larger one the mail says where it lies.
const mostForwarded = 16 << 20

// Originals opens what a message's reference names.
type Originals interface {
	Open(ctx context.Context, ref string) (io.ReadSeekCloser, error)
}

// Forwarder sends mail that is no cancellation on to who handles it, with its original.
type Forwarder struct {
	cfg       Config
	mail      Mailer
	originals Originals
}

// NewForwarder makes a Forwarder.
func NewForwarder(cfg Config, mail Mailer, originals Originals) *Forwarder {
	return &Forwarder{cfg: cfg, mail: mail, originals: originals}
}

// forwarded is what the text of a forwarded mail may use.
type forwarded struct {
	Product, Number, Subject, Sender string
	At                               time.Time
	Link                             string // to the case
	Large                            bool   // the original is too large to come along
}

// Forward carries out a JobForward: it makes the mail from the original, hands it to the mail server with no
// transaction open, and records the answer in one. A temporary failure comes back as Unavailable, for the
// worker to try again. The same bytes under the same Message-ID go out each time.
func (w *Forwarder) Forward(ctx context.Context, j tickets.Job, done func(tickets.Tx) error) error {
	f, err := w.cfg.Store.Forward(ctx, j.TicketID)
	if err != nil {
		return fmt.Errorf("load forwarded mail: %w", err)
	}
	if f.State != tickets.OutgoingQueued {
		return w.cfg.Store.InTx(ctx, done)
	}
	raw, err := w.compose(ctx, f)
	if err != nil {
		return fmt.Errorf("compose forwarded mail: %w", err)
	}
	answer := w.mail.Send(ctx, w.cfg.From.Address, f.Recipient, raw)
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	at := w.cfg.Now()
	err = w.cfg.Store.InTx(record, func(tx tickets.Tx) error {
		f, err := tx.Forward(record, j.TicketID)
		if err != nil {
			return err
		}
		f.Attempts++
		f.Detail = lastWord(answer)
		switch {
		case answer == nil:
			f.State, f.SentAt = tickets.OutgoingSent, &at
		case errors.Is(answer, tickets.Unavailable):
			return tx.SaveForward(record, f)
		default:
			f.State = tickets.OutgoingFailed
		}
		if err := f.Settled(record, tx, at); err != nil {
			return err
		}
		return done(tx)
	})
	if err != nil {
		return fmt.Errorf("record forwarded mail: %w", err)
	}
	if answer != nil && errors.Is(answer, tickets.Unavailable) {
		return fmt.Errorf("forward mail: %w", answer)
	}
	return nil
}

// compose writes the mail: a word about what it is, and the original as it came. Answers go to its writer.
func (w *Forwarder) compose(ctx context.Context, f tickets.Forward) ([]byte, error) {
	t, err := w.cfg.Store.Ticket(ctx, f.TicketID)
	if err != nil {
		return nil, err
	}
	m, err := w.cfg.Store.Message(ctx, f.MessageID)
	if err != nil {
		return nil, err
	}
	original, err := w.original(ctx, m.Raw)
	if err != nil {
		return nil, fmt.Errorf("read original: %w", err)
	}
	lang := language(w.cfg.Settings.Locale)
	v := forwarded{
		Product: oneLine(w.cfg.Product, maxSubject), Number: t.Number(), Subject: oneLine(m.Subject, maxSubject), Sender: oneLine(m.Sender, maxSubject),
		At: m.At, Link: strings.TrimRight(w.cfg.PublicURL, "/") + "/tickets/" + t.Number(), Large: original == nil,
	}
	tmpl, err := textOf(lang, "forward", wordsFor(lang, w.cfg.Zone))
	if err != nil {
		return nil, fmt.Errorf("parse text: %w", err)
	}
	var text strings.Builder
	if err := tmpl.Execute(&text, v); err != nil {
		return nil, fmt.Errorf("fill in text: %w", err)
	}
	subject, body, _ := strings.Cut(text.String(), "\n")
	var h gomail.Header
	h.SetAddressList("From", []*gomail.Address{{Name: oneLine(w.cfg.From.Name, maxSubject), Address: w.cfg.From.Address}})
	h.SetAddressList("To", []*gomail.Address{{Address: f.Recipient}})
	if tickets.Mailable(m.Sender) {
		h.SetAddressList("Reply-To", []*gomail.Address{{Address: m.Sender}})
	}
	h.Set("Subject", mime.BEncoding.Encode("utf-8", oneLine(subject, maxSubject)))
	h.SetDate(f.At.In(w.cfg.Zone))
	h.SetMessageID(f.MailID)
	h.Set("Auto-Submitted", "auto-generated") // RFC 3834: nobody's machine answers it
	h.Set("X-Auto-Response-Suppress", "All")
	h.SetContentType("multipart/mixed", map[string]string{"boundary": fmt.Sprintf("%x", sha256.Sum256([]byte(f.MailID)))[:40]})
	return parts(h.Header, tidy(body), original)
}

// original is the mail as it came, nil where it is too large to go along.
func (w *Forwarder) original(ctx context.Context, ref string) ([]byte, error) {
	r, err := w.originals.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, mostForwarded+1))
	if err != nil || len(b) > mostForwarded {
		return nil, err
	}
	return b, nil
}

// parts writes a mail of a text and an attached original. The original is message/rfc822 where it may be
// that (RFC 2046 section 5.2.1 allows it no encoding, and it has to pass through 7 bits), else a file.
func parts(h message.Header, text string, original []byte) ([]byte, error) {
	var b bytes.Buffer
	mw, err := message.CreateWriter(&b, h)
	if err != nil {
		return nil, err
	}
	write := func(header message.Header, body []byte) error {
		p, err := mw.CreatePart(header)
		if err != nil {
			return err
		}
		if _, err := p.Write(body); err != nil {
			return err
		}
		return p.Close()
	}
	var first, second message.Header
	first.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	first.Set("Content-Transfer-Encoding", "base64")
	if err := write(first, []byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		return nil, err
	}
	if original != nil {
		second.SetContentDisposition("attachment", map[string]string{"filename": "original.eml"})
		if plain(original) {
			second.SetContentType("message/rfc822", nil)
			second.Set("Content-Transfer-Encoding", "7bit")
			original = bytes.ReplaceAll(bytes.ReplaceAll(original, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		} else {
			second.SetContentType("application/octet-stream", map[string]string{"name": "original.eml"})
			second.Set("Content-Transfer-Encoding", "base64")
		}
		if err := write(second, original); err != nil {
			return nil, err
		}
	}
	if err := mw.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// mostLine is the longest line that mail servers have to take (RFC 5322 section 2.1.1).
const mostLine = 998

// plain reports whether bytes pass through any mail server as they are.
func plain(b []byte) bool {
	line := 0
	for i, c := range b {
		switch {
		case c >= 0x80 || c == 0 || c == '\r' && (i+1 == len(b) || b[i+1] != '\n'):
			return false
		case c == '\n':
			line = 0
		default:
			if line++; line > mostLine {
				return false
			}
		}
	}
	return true
}
