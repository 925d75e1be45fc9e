package tickets

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Say writes a reply to the customer or a note for colleagues. A reply is mailed to the requester by
// a job and makes it the customer's turn where the case waited for an agent.
func (d *Desk) Say(ctx context.Context, id int64, by Actor, kind Direction, text string) (Ticket, error) {
	return d.SayWith(ctx, id, by, kind, Words{Text: text})
}

// Words are what a person writes, and the files that go with it.
type Words struct {
	Text        string
	Attachments []Attachment
	// Content is text and files as one mail, and Raw the blob it is kept in; none where there is no file.
	Content []byte
	Raw     string
}

// SayWith is Say with files. Into a chat they can't be sent: Conflict.
func (d *Desk) SayWith(ctx context.Context, id int64, by Actor, kind Direction, words Words) (Ticket, error) {
	text := strings.TrimSpace(words.Text)
	if text == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "The text is empty. Write something first."}
	}
	if kind == Note { // a word to colleagues is in nobody's way
		return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
			m := Message{TicketID: t.ID, Direction: Note, Channel: t.Channel, At: at, Sender: string(by), Text: text, Raw: words.Raw, Attachments: words.Attachments}
			err := tx.InsertMessage(ctx, &m)
			return []Record{said(*t, m, by, EventNote).with(words)}, nil, err
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
		if t.Channel == Chat && len(words.Attachments) > 0 {
			return nil, nil, &Error{Kind: Conflict, Msg: "Files can't be sent into a chat."}
		}
		m := Message{TicketID: t.ID, Direction: kind, Channel: t.Channel, At: at, Sender: string(by), Text: text, Raw: words.Raw, Attachments: words.Attachments}
		to, err := d.answerTo(ctx, tx, *t, at)
		if err != nil {
			return nil, nil, err
		}
		m.Recipient = to
		if err := tx.InsertMessage(ctx, &m); err != nil {
			return nil, nil, err
		}
		t.Respond(at)
		if t.Objection == ReasonWithdrawal { // nothing is left that it could be said against, once all was done
			run, _, err := tx.LatestRun(ctx, t.ID)
			if err != nil && !errors.Is(err, NotFound) {
				return nil, nil, err
			}
			if err == nil && run.EndedAt != nil {
				t.Objection = ""
			}
		}
		records := []Record{said(*t, m, by, EventReply).with(words)}
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

// answerTo is the address an agent's answer goes to.
func (d *Desk) answerTo(ctx context.Context, tx Tx, t Ticket, at time.Time) (string, error) {
	if t.Channel == Chat {
		return t.Requester, chatReaches(ctx, tx, t)
	}
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return "", err
	}
	var a *account.Account
	if t.AccountNo != "" {
		snap, err := tx.Snapshot(ctx, t.AccountNo)
		if err != nil && !errors.Is(err, NotFound) {
			return "", err
		}
		a = &snap.Account
	}
	to := AnswerTo(t, messages, a, d.terms.To, at)
	switch {
	case to == "" && d.terms.To == ToOwner:
		return "", &Error{Kind: Conflict, Msg: "The account has no mail address on file, or it changed less than 72 hours ago."}
	case to == "":
		return "", &Error{Kind: Conflict, Msg: "There is no address to answer to. Write a note instead."}
	}
	return to, nil
}

// Party is who an answer goes to where two have to do with a case.
type Party string

// The parties: the account's registered contact, and who wrote, where that is somebody else.
const (
	ToOwner     Party = "customer"
	ToRequester Party = "requester"
)

// AnswerTo is the address that an agent's answer goes to, "" where there is none: that of the party that is
// named; else the account's registered one where its contact spoke last of those who are certain, denied the
// request, or nobody left another; else that of who wrote.
func AnswerTo(t Ticket, messages []Message, a *account.Account, to Party, at time.Time) string {
	owner, wrote := "", ""
	if a != nil && Mailable(a.Email) {
		owner = a.Email
	}
	if t.Channel == Email && t.Requester != "" || Mailable(t.Requester) {
		wrote = t.Requester
	}
	switch {
	case to == ToRequester, owner == "":
		return wrote
	case wrote == "" && to == "", strings.EqualFold(wrote, owner):
		return owner
	case a.ContactFresh(at):
		return map[bool]string{true: wrote}[to == ""]
	case to == ToOwner || t.Denied():
		return owner
	}
	for _, m := range slices.Backward(messages) {
		if m.ByPerson() && m.Assurance >= 1 && m.Sender != "" {
			if strings.EqualFold(m.Sender, a.Email) || m.Sender == a.Phone {
				return owner
			}
			break
		}
	}
	return wrote
}

func said(t Ticket, m Message, by Actor, typ string) Record {
	return Record{
		Stream: t.Number(), Type: typ, Actor: string(by), Data: map[string]any{"message": m.ID},
		Private: map[string][]byte{"text": []byte(m.Text)},
	}
}

// with commits the event to the files that go with what was said.
func (r Record) with(w Words) Record {
	if w.Raw != "" {
		r.Files = map[string]File{"attachments": {Ref: w.Raw, Content: w.Content}}
	}
	return r
}

// CloseJob closes the ticket once it has been solved for long enough.
func (d *Desk) CloseJob(t Ticket, at time.Time) Job {
	return Job{Kind: JobClose, TicketID: t.ID, DueAt: at.Add(d.settings.CloseAfter), Key: "close/" + t.Number() + "/" + at.Format(time.RFC3339)}
}
