package reply

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"

	"github.com/canceldesk/canceldesk/tickets"
)

// Mailer hands one mail to a mail server: raw exactly as it is, under that envelope. A nil error
// means that the server took it. An error wraps Unavailable where trying again may help, the mail's
// fate being unknown included; anything else is the server's refusal for good. A *RefusalError in the
// error's chain has the server's words.
type Mailer interface {
	Send(ctx context.Context, from, to string, raw []byte) error
}

// RefusalError is what the mail server answered. Error gives the code alone, because the words usually
// repeat the recipient's address and errors reach the log.
type RefusalError struct {
	Code  int
	Words string // may hold personal data: for the outbox, never for a log
}

// Error is the code, such as "mail server answered 550".
func (r *RefusalError) Error() string { return "mail server answered " + strconv.Itoa(r.Code) }

// recordTime is how long writing down what became of a mail may take. It runs on even while the
// process is told to stop: a mail that was sent and not recorded would be sent twice.
const recordTime = 10 * time.Second

// recordTries is how often that is tried when somebody else changed the ticket meanwhile.
const recordTries = 5

// Ways are the ways out.
type Ways struct {
	Mail Mailer
	// Account names the SMTP account that Mail uses, and Limits are what its provider takes from it.
	Account string
	Limits  tickets.SendLimits
	Text    Texter // nil where no text messages are sent
	// Codes fills in the codes, which are in no row of the outbox.
	Codes tickets.Codes
	// Pages makes the links to customers' pages, which are in no row either.
	Pages tickets.PageLinks
}

// Sender sends the mails and text messages of the outbox.
type Sender struct {
	store tickets.Store
	ways  Ways
	now   func() time.Time
}

// NewSender makes a Sender.
func NewSender(store tickets.Store, ways Ways, now func() time.Time) *Sender {
	return &Sender{store: store, ways: ways, now: now}
}

// Send carries out a JobSend: it hands the stored bytes to the mail server with no transaction open
// and then records the answer in one. Sent and refused for good both let the runbook go on. A
// temporary failure is counted with the server's last word and comes back as Unavailable, for the
// worker to try again; done is not called then. The same bytes under the same Message-ID go out each
// time, so a mail whose acknowledgement was lost can be recognised where it arrives twice. A mail that a
// limit of the provider holds back is done with here; Release sends it on.
func (s *Sender) Send(ctx context.Context, j tickets.Job, done func(tickets.Tx) error) error {
	id, err := strconv.ParseInt(j.Ref, 10, 64)
	if err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("%q names no mail of the outbox.", j.Ref)}
	}
	o, err := s.store.OutgoingByID(ctx, id)
	if err != nil {
		return fmt.Errorf("load mail: %w", err)
	}
	if o.State != tickets.OutgoingQueued || o.HeldAt != nil {
		return s.store.InTx(ctx, done)
	}
	if admitted, err := s.admit(ctx, o, done); err != nil || !admitted {
		return err
	}
	raw, err := s.filledIn(ctx, o)
	if err != nil {
		return fmt.Errorf("read mail %d: %w", id, err)
	}
	answer := s.hand(ctx, o, raw)
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	again, err := s.record(record, id, raw, answer, done)
	if err != nil {
		return fmt.Errorf("record mail %d: %w", id, err)
	}
	if again {
		return fmt.Errorf("send mail %d: %w", id, answer)
	}
	return nil
}

// hand gives the bytes to the way they go out by.
func (s *Sender) hand(ctx context.Context, o tickets.Outgoing, raw []byte) error {
	switch {
	case raw == nil:
		return &tickets.Error{Kind: tickets.Conflict, Msg: "The code was used or had expired before it could be sent.", Fixed: true}
	case o.Channel == tickets.BySMS:
		return s.text(ctx, raw)
	}
	from, err := sender(raw)
	if err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "The mail has no single sender.", Err: err, Fixed: true}
	}
	return s.ways.Mail.Send(ctx, from, o.Recipient, raw)
}

// record writes the answer down and tells whether the worker is to try again.
func (s *Sender) record(ctx context.Context, id int64, raw []byte, answer error, done func(tickets.Tx) error) (again bool, err error) {
	at := s.now()
	for range recordTries {
		err = s.store.InTx(ctx, func(tx tickets.Tx) error {
			again = false
			o, err := tx.OutgoingByID(ctx, id)
			if err != nil {
				return err
			}
			o.Attempts++
			if o.TriedAt == nil {
				o.TriedAt = &at
			}
			o.Detail = lastWord(answer)
			if o.Tell == tickets.TellCode && answer != nil {
				o.Detail = oneLine(answer.Error(), maxWord) // the other side's own words may repeat the code
			}
			switch next := afterTry(o, answer, at); next.then {
			case sent:
				o.State, o.SentAt = tickets.OutgoingSent, &at
			case tryAgain:
				again = true
				return s.trouble(ctx, tx, o, answer, at)
			case tryLater:
				if err := tx.Enqueue(ctx, sendJob(o, at.Add(next.wait))); err != nil {
					return err
				}
				if err := s.trouble(ctx, tx, o, answer, at); err != nil {
					return err
				}
				return done(tx)
			case pause:
				if err := s.pause(ctx, tx, o, next.wait, at); err != nil {
					return err
				}
				return done(tx)
			case giveUp:
				o.State = tickets.OutgoingFailed
			}
			if err := s.settle(ctx, tx, o, raw, answer, at); err != nil {
				return err
			}
			return done(tx)
		})
		if !errors.Is(err, tickets.Stale) {
			break
		}
	}
	return again, err
}

// settle stores a mail that has its last word, with its event and the job that goes on.
func (s *Sender) settle(ctx context.Context, tx tickets.Tx, o tickets.Outgoing, raw []byte, answer error, at time.Time) error {
	if err := tx.SaveOutgoing(ctx, o); err != nil {
		return err
	}
	data := map[string]any{
		"outgoing": o.ID, "key": o.Key, "tell": string(o.Tell), "state": string(o.State), "attempts": o.Attempts,
	}
	if r := (*RefusalError)(nil); errors.As(answer, &r) {
		data["code"] = r.Code
	}
	if o.Tell != tickets.TellCode { // six digits could be found by trying
		data["sha256"] = fmt.Sprintf("%x", sha256.Sum256(raw))
	}
	err := tx.Append(ctx, at, tickets.Record{
		Stream: tickets.Number(o.TicketID), Type: tickets.EventNotifyResult, Actor: string(tickets.DeskActor),
		Data: data, Private: map[string][]byte{"answer": []byte(o.Detail)},
	})
	if err != nil {
		return err
	}
	t, err := tx.Ticket(ctx, o.TicketID)
	if err != nil {
		return err
	}
	if o.State == tickets.OutgoingFailed {
		if o.Tell.Matters() && raw != nil { // a code that was not needed any more is missed by nobody
			if err := tickets.MailRefused(ctx, tx, t, o, at); err != nil {
				return err
			}
		}
		return tx.Enqueue(ctx, runJob(o.TicketID, at))
	}
	if o.Channel == tickets.ByMail {
		if err := tx.ClearAlarm(ctx, s.awayAlarm(), tickets.DeskActor, at); err != nil {
			return err
		}
	}
	if o.Tell != tickets.TellCode && t.FirstRespondedAt == nil {
		t.Respond(at)
		if err := tx.SaveTicket(ctx, &t); err != nil {
			return err
		}
	}
	return tx.Enqueue(ctx, runJob(o.TicketID, at))
}

// maxWord bounds what is kept of the server's last word.
const maxWord = 500

func lastWord(answer error) string {
	if answer == nil {
		return ""
	}
	if r := (*RefusalError)(nil); errors.As(answer, &r) {
		return oneLine(strconv.Itoa(r.Code)+" "+r.Words, maxWord)
	}
	return oneLine(answer.Error(), maxWord)
}

// sender is the envelope's sender: the address in From. It is not the null sender that RFC 3834
// suggests for answers by machine, because the desk wants the bounces.
func sender(raw []byte) (string, error) {
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	h := gomail.Header{Header: e.Header}
	from, err := h.AddressList("From")
	if err != nil {
		return "", err
	}
	if len(from) != 1 {
		return "", &tickets.Error{Kind: tickets.Invalid, Msg: "The mail has no single sender.", Fixed: true}
	}
	return from[0].Address, nil
}
