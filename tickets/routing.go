package tickets

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Routing is what becomes of mail that is no cancellation.
type Routing struct {
	// ForwardTo is the address such mail goes on to, with its original; "" keeps it at the desk alone.
	ForwardTo string
	// SamplePercent is how much of it a person reads all the same, to see whether the desk reads right.
	SamplePercent int
}

// ReasonSampled is why a mail lies in the queue that was read as no cancellation: it is one of the sample.
const ReasonSampled = "sampled"

// Sampled reports whether a mail is part of the sample: always the same of one mail, and as many of all as
// the setting says.
func (r Routing) Sampled(fingerprint string) bool {
	sum := sha256.Sum256([]byte("sample\x00" + fingerprint))
	return fingerprint != "" && binary.BigEndian.Uint64(sum[:])%100 < uint64(max(r.SamplePercent, 0))
}

// Forward is a mail that goes on to who handles it, because it is no cancellation. Its bytes are made from
// the original each time it is tried, and are the same each time.
type Forward struct {
	TicketID  int64 `gorm:"primaryKey"`
	MessageID int64 // the message whose original goes on
	Recipient string
	MailID    string // RFC 5322 Message-ID without brackets
	State     OutgoingState
	Attempts  int
	Detail    string // the mail server's last word
	At        time.Time
	SentAt    *time.Time
}

// forward lets a mail that is no cancellation go on to who handles it, once. It does nothing where such mail
// is kept, or the message is no person's mail.
func (d *Desk) forward(ctx context.Context, tx Tx, t Ticket, m Message, at time.Time) ([]Record, []Job, error) {
	to := d.settings.Routing.ForwardTo
	if to == "" || m.Channel != Email || !m.ByPerson() || m.Raw == "" {
		return nil, nil, nil
	}
	if _, err := tx.Forward(ctx, t.ID); !errors.Is(err, NotFound) {
		return nil, nil, err
	}
	f := Forward{
		TicketID: t.ID, MessageID: m.ID, Recipient: to, MailID: d.ids.ID(t.ID, string(JobForward)), State: OutgoingQueued, At: at,
	}
	if err := tx.InsertForward(ctx, f); err != nil {
		return nil, nil, err
	}
	r := Record{
		Stream: t.Number(), Type: EventForwardAboutTo, Actor: string(DeskActor),
		Data: map[string]any{"message": m.ID, "mail_id": f.MailID}, Private: map[string][]byte{"recipient": []byte(to)},
	}
	return []Record{r}, []Job{{Kind: JobForward, TicketID: t.ID, DueAt: at, Key: "forward/" + t.Number()}}, nil
}

// forwardFirst is forward for the first mail of a person in the case.
func (d *Desk) forwardFirst(ctx context.Context, tx Tx, t Ticket, at time.Time) ([]Record, []Job, error) {
	if d.settings.Routing.ForwardTo == "" {
		return nil, nil, nil
	}
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range messages {
		if m.ByPerson() && m.Raw != "" {
			return d.forward(ctx, tx, t, m, at)
		}
	}
	return nil, nil, nil
}

// Settled writes what became of a forwarded mail: sent, or failed for good, of which a person is told.
func (f Forward) Settled(ctx context.Context, tx Tx, at time.Time) error {
	if err := tx.SaveForward(ctx, f); err != nil {
		return err
	}
	err := tx.Append(ctx, at, Record{
		Stream: Number(f.TicketID), Type: EventForwardResult, Actor: string(DeskActor),
		Data:    map[string]any{"state": string(f.State), "attempts": f.Attempts, "mail_id": f.MailID},
		Private: map[string][]byte{"answer": []byte(f.Detail)},
	})
	if err != nil || f.State != OutgoingFailed {
		return err
	}
	return tx.RaiseAlarm(ctx, Alarm{Key: "forward/" + Number(f.TicketID), Kind: AlarmForwardFailed, TicketID: f.TicketID, At: at})
}

// notForwarded is what a job that was given up leaves: the mail lies at the desk, and a person is told.
func (d *Desk) notForwarded(ctx context.Context, ticketID int64) error {
	at := d.now()
	return d.store.InTx(ctx, func(tx Tx) error {
		f, err := tx.Forward(ctx, ticketID)
		if err != nil || f.State != OutgoingQueued {
			return err
		}
		f.State = OutgoingFailed
		return f.Settled(ctx, tx, at)
	})
}

// bouncedForward tells a person that a forwarded mail came back.
func (a *arrivals) bouncedForward(ctx context.Context, b BouncedMail) error {
	f, err := a.tx.ForwardByMailID(ctx, b.MessageID)
	switch {
	case errors.Is(err, NotFound):
		return nil
	case err != nil || f.State == OutgoingFailed:
		return err
	}
	f.State, f.Detail = OutgoingFailed, bouncedWord+" "+b.Status
	return f.Settled(ctx, a.tx, a.at)
}

// aside is how a mail that is no cancellation is put aside: closed at once, or for a person to read.
func (a *arrivals) aside(in Incoming, t *Ticket) {
	if t.Intent == intent.NotCancellation && !in.Understanding.Thanks && a.d.settings.Routing.Sampled(in.Fingerprint) {
		t.Reason, t.AlertAt = ReasonSampled, nil
		return
	}
	t.Status, t.Reason, t.ClosedAt, t.AlertAt = Closed, string(intent.NotCancellation), &a.at, nil
}

// goesOn reports whether the mail that opened the ticket is for somebody else.
func (t *Ticket) goesOn(u intent.Understanding) bool {
	return t.Intent == intent.NotCancellation && !u.Thanks && (t.Status == Closed || t.Reason == ReasonSampled)
}
