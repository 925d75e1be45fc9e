package tickets

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// ReasonMailRefused is why a case is open whose mail to the customer was refused for good.
const ReasonMailRefused = "mail_refused"

// MailRefused brings a case whose mail or text message was refused for good back into the queue and rings,
// so that somebody finds another way to the customer. A case that is closed stays so and only rings; one
// that somebody has to decide about first (Ticket.Objection) keeps that reason.
func MailRefused(ctx context.Context, tx Tx, t Ticket, o Outgoing, at time.Time) error {
	err := tx.RaiseAlarm(ctx, Alarm{
		Key: refusedAlarm(o.ID), Kind: AlarmMailRefused, TicketID: t.ID, Detail: string(o.Tell), At: at,
	})
	if err != nil || t.Status == Closed || t.Objection != "" {
		return err
	}
	before := t.Status
	if err := t.SetStatus(Open, ReasonMailRefused, at); err != nil {
		return err
	}
	if err := tx.SaveTicket(ctx, &t); err != nil {
		return err
	}
	return tx.Append(ctx, at, statusRecord(t, before, DeskActor))
}

func refusedAlarm(id int64) string { return "mail_refused/" + strconv.FormatInt(id, 10) }

// SendAgain lets a mail or text message go out once more that was given up, the same bytes to the same
// address: the mailbox may have been full, or the server mistaken. Conflict where it was not given up, where it
// is a code, and where it tells of an account whose contact is another one now.
func (d *Desk) SendAgain(ctx context.Context, ticketID, outgoingID int64, by Actor) (Ticket, error) {
	return d.act(ctx, ticketID, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		o, err := tx.OutgoingByID(ctx, outgoingID)
		switch {
		case err != nil:
			return nil, nil, err
		case o.TicketID != t.ID:
			return nil, nil, &Error{Kind: NotFound, Msg: "There is no such mail in this case."}
		case o.State != OutgoingFailed || len(o.Raw) == 0:
			return nil, nil, &Error{Kind: Conflict, Msg: "This mail is not one that was given up."}
		case o.Tell == TellCode:
			return nil, nil, &Error{Kind: Conflict, Msg: "A code is not sent twice. Send a new one."}
		}
		if err := stillTheirs(ctx, tx, *t, o, at); err != nil {
			return nil, nil, err
		}
		o.State, o.TriedAt = OutgoingQueued, nil
		if err := tx.SaveOutgoing(ctx, o); err != nil {
			return nil, nil, err
		}
		if err := tx.ClearAlarm(ctx, refusedAlarm(o.ID), by, at); err != nil {
			return nil, nil, err
		}
		if t.Reason == ReasonMailRefused {
			t.Reason = "resumed"
		}
		id := strconv.FormatInt(o.ID, 10)
		return []Record{{
			Stream: t.Number(), Type: EventNotifyAboutTo, Actor: string(by),
			Data: map[string]any{"outgoing": o.ID, "key": o.Key, "tell": string(o.Tell), "attempts": o.Attempts},
		}}, []Job{{Kind: JobSend, TicketID: t.ID, Ref: id, DueAt: at, Key: "send/" + id}}, nil
	})
}

// stillTheirs is Conflict where the desk's own words in the case of an account would go to a contact that is
// not the account's any more. What an agent wrote goes to whom he wrote it.
func stillTheirs(ctx context.Context, tx Tx, t Ticket, o Outgoing, at time.Time) error {
	if o.Tell == TellAnswer || t.AccountNo == "" {
		return nil
	}
	snap, err := tx.Snapshot(ctx, t.AccountNo)
	if err != nil {
		return err
	}
	contact := snap.Account.Email
	if o.Channel == BySMS {
		contact = snap.Account.Phone
	}
	if !strings.EqualFold(contact, o.Recipient) || snap.Account.ContactFresh(at) {
		return &Error{Kind: Conflict, Msg: "The account's contact has changed since. Write a new answer."}
	}
	return nil
}
