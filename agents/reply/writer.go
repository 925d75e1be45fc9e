package reply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// maxAutomatic is, where the setting says nothing else, how many bare automatic answers (receipts, questions, neutral answers) one address
// gets in a day. A person in a hurry writes three or four mails; more than that is a machine or a
// forged sender, and our answers would make us a party to it. Outcomes and agents' answers are not
// limited: each is caused by something that was done.
const maxAutomatic = 5

// automaticDay is the time those answers are counted over.
const automaticDay = 24 * time.Hour

// Config is what a Writer needs. Zone, Settings.Locale and From decide what customers read.
type Config struct {
	Store    tickets.Store
	IDs      tickets.MailIDs
	Now      func() time.Time
	Zone     *time.Location
	From     Address
	Product  string
	Settings tickets.Settings
	// PublicURL is where the customer's page lives. Without Pages no mail has a link to it; the signed,
	// expiring path element of one is filled in by the Sender.
	PublicURL string
	Pages     bool
	// Files reads the files that an agent sends with an answer.
	Files func(ctx context.Context, m tickets.Message) ([]File, error)
	// PlusAddresses says that mail to our address with a tag behind a plus comes to us: answers then come to
	// one with the ticket's token.
	PlusAddresses bool
}

// Writer puts mails to customers into the outbox.
type Writer struct{ cfg Config }

// NewWriter makes a Writer.
func NewWriter(cfg Config) *Writer { return &Writer{cfg: cfg} }

// ref is what a JobTell's Ref says: a Tell, for an answer the message that carries it, and for a code
// its id.
type ref struct {
	tell    tickets.Tell
	message int64 // or code
}

func parseRef(s string) (ref, error) {
	tell, id, found := strings.Cut(s, ":")
	r := ref{tell: tickets.Tell(tell)}
	if found {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 {
			return r, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("%q names no mail.", s)}
		}
		r.message = n
	}
	if found != (r.tell == tickets.TellAnswer || r.tell == tickets.TellCode) {
		return r, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("%q names no mail.", s)}
	}
	return r, nil
}

// key makes the mail once: number/tell, and the message for an answer.
func (r ref) key(ticketID int64) string {
	key := tickets.Number(ticketID) + "/" + string(r.tell)
	if r.message != 0 {
		key += "/" + strconv.FormatInt(r.message, 10)
	}
	return key
}

// Tell carries out a JobTell. What is stored is read, the mail composed and everything written in one
// transaction, so that no mail says what is no longer so: the reply in the ticket, the outbox row,
// the event that commits to the exact bytes, and the job that sends them. A mail that exists already
// is left as it is. done completes the job, last in the transaction.
//
// Errors are Compose's refusals; nothing is stored then and the job is for a person.
func (w *Writer) Tell(ctx context.Context, j tickets.Job, done func(tickets.Tx) error) error {
	r, err := parseRef(j.Ref)
	if err != nil {
		return err
	}
	files, err := w.files(ctx, j.TicketID, r)
	if err != nil {
		return err
	}
	at := w.cfg.Now()
	return w.cfg.Store.InTx(ctx, func(tx tickets.Tx) error {
		if r.tell == tickets.TellCode {
			if err := w.tellCode(ctx, tx, j.TicketID, r, at); err != nil {
				return fmt.Errorf("tell code: %w", err)
			}
			return done(tx)
		}
		f, err := w.gather(ctx, tx, j.TicketID, r, at)
		if err != nil {
			return fmt.Errorf("gather facts: %w", err)
		}
		f.Files = files
		mailed, err := w.chat(ctx, tx, &f, r)
		if err != nil {
			return fmt.Errorf("chat %s: %w", r.tell, err)
		}
		if mailed {
			if err := w.mail(ctx, tx, f, r); err != nil {
				return err
			}
		}
		return done(tx)
	})
}

// mail puts what is told into the outbox as a mail, unless it is there.
func (w *Writer) mail(ctx context.Context, tx tickets.Tx, f Facts, r ref) error {
	if _, err := tx.OutgoingByKey(ctx, r.key(f.Ticket.ID)); err == nil {
		return nil
	} else if !errors.Is(err, tickets.NotFound) {
		return fmt.Errorf("look for mail: %w", err)
	}
	if texted, err := w.byText(ctx, tx, f, r); err != nil || texted {
		return err
	}
	if asksYes := r.tell == tickets.TellOffer || r.tell == tickets.TellCodeNeeded; asksYes && f.accepted() {
		return w.leaveOut(ctx, tx, f, Mail{}, r, "accepted_meanwhile")
	}
	m, err := Compose(f)
	if err != nil {
		return fmt.Errorf("compose %s: %w", r.tell, err)
	}
	why, err := w.tooMany(ctx, tx, f)
	switch {
	case err != nil:
		return fmt.Errorf("count automatic answers: %w", err)
	case why != "":
		err = w.leaveOut(ctx, tx, f, m, r, why)
	default:
		err = w.store(ctx, tx, f, m, r)
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", r.tell, err)
	}
	return nil
}

// bare are the automatic answers that nothing was done for.
func bare() []tickets.Tell {
	return []tickets.Tell{tickets.TellReceipt, tickets.TellNeutral, tickets.TellQuestion, tickets.TellMissing}
}

// tooMany says why an automatic answer is left out, or "".
func (w *Writer) tooMany(ctx context.Context, tx tickets.Tx, f Facts) (string, error) {
	since, all := f.Now.Add(-automaticDay), 0
	counts := false
	for _, tell := range bare() {
		counts = counts || tell == f.Tell
	}
	if !counts {
		return "", nil
	}
	for _, tell := range bare() {
		n, err := tx.AutoAnswersSince(ctx, f.Recipient, tell, since)
		if err != nil {
			return "", err
		}
		if tell == tickets.TellNeutral && f.Tell == tell && n > 0 {
			return "neutral_once_a_day", nil
		}
		all += n
	}
	if all >= cmp.Or(w.cfg.Settings.AutoAnswersPerDay, maxAutomatic) {
		return "too_many_automatic_answers", nil
	}
	return "", nil
}

// leaveOut records that an automatic answer was not written. A receipt or a neutral answer is not
// missed by anybody; a question the case waits on stands in the outbox as failed, so that the runbook
// gives the case to an agent and nobody waits unseen.
func (w *Writer) leaveOut(ctx context.Context, tx tickets.Tx, f Facts, m Mail, r ref, why string) error {
	err := tx.Append(ctx, f.Now, tickets.Record{
		Stream: f.Ticket.Number(), Type: tickets.EventNotifyResult, Actor: string(tickets.DeskActor),
		Data: map[string]any{"tell": string(r.tell), "state": "left_out", "reason": why},
	})
	if err != nil || (r.tell != tickets.TellQuestion && r.tell != tickets.TellMissing) {
		return err
	}
	o := outgoing(f, m, r)
	o.State, o.Detail = tickets.OutgoingFailed, why
	if err := tx.InsertOutgoing(ctx, &o); err != nil {
		return err
	}
	return tx.Enqueue(ctx, runJob(f.Ticket.ID, f.Now))
}

func (w *Writer) store(ctx context.Context, tx tickets.Tx, f Facts, m Mail, r ref) error {
	o := outgoing(f, m, r)
	switch {
	case f.Code != nil: // it is no part of the conversation
	case f.Answer != nil:
		o.MessageID = f.Answer.ID
	default:
		said := tickets.Message{
			TicketID: f.Ticket.ID, Direction: tickets.Reply, Channel: tickets.Email, At: f.Now,
			Sender: string(tickets.DeskActor), Recipient: m.Recipient, Subject: m.Subject, Text: m.Text,
			MessageID: f.MailID, References: references(f.Thread),
		}
		if err := tx.InsertMessage(ctx, &said); err != nil {
			return err
		}
		o.MessageID = said.ID
	}
	if err := tx.InsertOutgoing(ctx, &o); err != nil {
		return err
	}
	err := tx.Append(ctx, f.Now, tickets.Record{
		Stream: f.Ticket.Number(), Type: tickets.EventNotifyAboutTo, Actor: string(tickets.DeskActor),
		Data: map[string]any{
			"outgoing": o.ID, "key": o.Key, "tell": string(o.Tell), "message": o.MessageID,
			"mail_id": o.MailID, "bytes": len(o.Raw),
		},
		Private: map[string][]byte{"recipient": []byte(o.Recipient), "mail": o.Raw},
	})
	if err != nil {
		return err
	}
	return tx.Enqueue(ctx, sendJob(o, f.Now))
}

// sendJob sends a mail of the outbox.
func sendJob(o tickets.Outgoing, at time.Time) tickets.Job {
	id := strconv.FormatInt(o.ID, 10)
	return tickets.Job{Kind: tickets.JobSend, TicketID: o.TicketID, Ref: id, DueAt: at, Key: "send/" + id}
}

func outgoing(f Facts, m Mail, r ref) tickets.Outgoing {
	return tickets.Outgoing{
		TicketID: f.Ticket.ID, Key: r.key(f.Ticket.ID), Channel: tickets.ByMail, Tell: f.Tell, Recipient: m.Recipient, MailID: f.MailID,
		Raw: m.Raw, Auto: m.Auto, State: tickets.OutgoingQueued, At: f.Now, Importance: f.Tell.Importance(),
	}
}

// runJob lets the runbook go on with the ticket.
func runJob(ticketID int64, at time.Time) tickets.Job {
	return tickets.Job{Kind: tickets.JobRun, TicketID: ticketID, DueAt: at, Key: "run/" + tickets.Number(ticketID)}
}
