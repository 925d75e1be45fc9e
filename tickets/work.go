package tickets

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Say writes a reply to the customer or a note for colleagues. A reply is mailed to the requester by
// a job and makes it the customer's turn where the case waited for an agent.
func (d *Desk) Say(ctx context.Context, id int64, by Actor, kind Direction, text string) (Ticket, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "The text is empty. Write something first."}
	}
	if kind == Note { // a word to colleagues is in nobody's way
		return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
			m := Message{TicketID: t.ID, Direction: Note, Channel: t.Channel, At: at, Sender: string(by), Text: text}
			err := tx.InsertMessage(ctx, &m)
			return []Record{said(*t, m, by, EventNote)}, nil, err
		})
	}
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if t.Status == Closed && t.Reason == ReasonJoined {
			into, err := joinedTo(ctx, tx, *t)
			if err != nil {
				return nil, nil, err
			}
			return nil, nil, &Error{Kind: Conflict, Msg: "This case became part of " + Number(into) + ". Answer there."}
		}
		m := Message{TicketID: t.ID, Direction: kind, Channel: t.Channel, At: at, Sender: string(by), Text: text}
		to, err := answerTo(ctx, tx, *t)
		if err != nil {
			return nil, nil, err
		}
		m.Recipient = to
		if err := tx.InsertMessage(ctx, &m); err != nil {
			return nil, nil, err
		}
		t.Respond(at)
		records := []Record{said(*t, m, by, EventReply)}
		if (t.Status == Open || t.Status == New) && t.Objection == "" { // what was said against it is for a person to decide
			before := t.Status
			if err := t.SetStatus(Pending, "answered", at); err != nil {
				return nil, nil, err
			}
			records = append(records, statusRecord(*t, before, by))
		}
		ref := strconv.FormatInt(m.ID, 10)
		return records, []Job{{
			Kind: JobTell, TicketID: t.ID, Ref: string(TellAnswer) + ":" + ref, DueAt: at, Key: "tell/" + t.Number() + "/answer/" + ref,
		}}, nil
	})
}

// answerTo is the address an agent's answer goes to: that of who wrote, and for a case that came by word
// of mouth the account's registered one.
func answerTo(ctx context.Context, tx Tx, t Ticket) (string, error) {
	none := &Error{Kind: Conflict, Msg: "There is no address to answer to. Write a note instead."}
	switch {
	case t.Channel == Chat:
		return t.Requester, chatReaches(ctx, tx, t)
	case t.Channel == Email && t.Requester != "" || Mailable(t.Requester):
		return t.Requester, nil
	case t.AccountNo == "":
		return "", none
	}
	snap, err := tx.Snapshot(ctx, t.AccountNo)
	switch {
	case errors.Is(err, NotFound), err == nil && !Mailable(snap.Account.Email):
		return "", none
	case err != nil:
		return "", err
	}
	return snap.Account.Email, nil
}

func said(t Ticket, m Message, by Actor, typ string) Record {
	return Record{
		Stream: t.Number(), Type: typ, Actor: string(by), Data: map[string]any{"message": m.ID},
		Private: map[string][]byte{"text": []byte(m.Text)},
	}
}

// CloseJob closes the ticket once it has been solved for long enough.
func (d *Desk) CloseJob(t Ticket, at time.Time) Job {
	return Job{Kind: JobClose, TicketID: t.ID, DueAt: at.Add(d.settings.CloseAfter), Key: "close/" + t.Number() + "/" + at.Format(time.RFC3339)}
}
