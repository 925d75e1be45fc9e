package tickets

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Take assigns the ticket to a login, or to nobody with "".
func (d *Desk) Take(ctx context.Context, id int64, by Actor, login string) (Ticket, error) {
	return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		t.Assignee = login
		if err := tellChatTaken(ctx, tx, *t, at); err != nil {
			return nil, nil, err
		}
		records := []Record{{
			Stream: t.Number(), Type: EventAssigned, Actor: string(by), Data: map[string]any{"to": login},
		}}
		if login != "" && t.Status == New {
			before := t.Status
			if err := t.SetStatus(Open, t.Reason, at); err != nil {
				return nil, nil, err
			}
			records = append(records, statusRecord(*t, before, by))
		}
		return records, nil, nil
	})
}

// Say writes a reply to the customer or a note for colleagues. A reply is mailed to the requester by
// a job and makes it the customer's turn where the case waited for an agent.
func (d *Desk) Say(ctx context.Context, id int64, by Actor, kind Direction, text string) (Ticket, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "The text is empty. Write something first."}
	}
	return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		m := Message{TicketID: t.ID, Direction: kind, Channel: t.Channel, At: at, Sender: string(by), Text: text}
		if kind == Note {
			err := tx.InsertMessage(ctx, &m)
			return []Record{said(*t, m, by, EventNote)}, nil, err
		}
		if t.Requester == "" {
			return nil, nil, &Error{Kind: Conflict, Msg: "There is no address to answer to. Write a note instead."}
		}
		if err := chatReaches(ctx, tx, *t); err != nil {
			return nil, nil, err
		}
		m.Recipient = t.Requester
		if err := tx.InsertMessage(ctx, &m); err != nil {
			return nil, nil, err
		}
		if t.FirstRespondedAt == nil {
			t.FirstRespondedAt = &at
		}
		records := []Record{said(*t, m, by, EventReply)}
		if t.Status == Open || t.Status == New {
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

func said(t Ticket, m Message, by Actor, typ string) Record {
	return Record{
		Stream: t.Number(), Type: typ, Actor: string(by), Data: map[string]any{"message": m.ID},
		Private: map[string][]byte{"text": []byte(m.Text)},
	}
}

// SetBy begins the reason for an intent that a person set, and is followed by who it was.
const SetBy = "set by "

// Correct sets what the case is about where the desk understood it wrongly. The newest message of
// the customer then counts as having asked for it, with the assurance that message has.
func (d *Desk) Correct(ctx context.Context, id int64, by Actor, primary intent.Intent) (Ticket, error) {
	return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if t.Status == Closed && t.Reason != string(intent.NotCancellation) {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is closed. A new message opens a linked one."}
		}
		messages, err := tx.Messages(ctx, t.ID)
		if err != nil {
			return nil, nil, err
		}
		before := t.Intent
		t.Intent, t.Confidence = primary, 1
		t.Intents = append([]intent.Intent{primary}, slices.DeleteFunc(slices.Clone(t.Intents), func(i intent.Intent) bool {
			return i == primary || i == intent.Clarify || i == intent.NotCancellation
		})...)
		t.Why = append([]string{SetBy + string(by)}, t.Why...)
		for _, m := range slices.Backward(messages) {
			if m.Direction == Inbound && (m.Kind == "" || m.Kind == "message") {
				if err := tx.SaveAsks(ctx, m.ID, t.Intents); err != nil {
					return nil, nil, err
				}
				break
			}
		}
		records := []Record{{
			Stream: t.Number(), Type: EventCorrected, Actor: string(by),
			Data: map[string]any{"from": string(before), "to": string(primary)},
		}}
		if primary == intent.NotCancellation {
			from := t.Status
			if err := t.SetStatus(Closed, string(primary), at); err != nil {
				return nil, nil, err
			}
			if err := endRun(ctx, tx, t.ID, at); err != nil {
				return nil, nil, err
			}
			return append(records, statusRecord(*t, from, by)), []Job{runJob(*t, at)}, nil // what it held is given free
		}
		if !t.Live() {
			// It was closed as no cancellation by mistake: nothing was begun or told, so the case
			// starts anew rather than as a linked one.
			records = append(records, Record{
				Stream: t.Number(), Type: EventStatus, Actor: string(by),
				Data: map[string]any{"from": string(t.Status), "to": string(Open), "reason": "corrected"},
			})
			t.Status, t.Reason, t.ClosedAt, t.SolvedAt = Open, "corrected", nil, nil
		}
		return records, []Job{runJob(*t, at)}, nil
	})
}

// CloseJob closes the ticket once it has been solved for long enough.
func (d *Desk) CloseJob(t Ticket, at time.Time) Job {
	return Job{Kind: JobClose, TicketID: t.ID, DueAt: at.Add(d.settings.CloseAfter), Key: "close/" + t.Number() + "/" + at.Format(time.RFC3339)}
}

// Accept records the customer's yes to the quote with that hash, in the customer's own words.
func (d *Desk) Accept(ctx context.Context, id int64, by Actor, quoteHash, words string) (Ticket, error) {
	if strings.TrimSpace(words) == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "Write down the words the customer said yes with."}
	}
	return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if !t.Live() {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": its quote can't be accepted any more."}
		}
		quotes, err := tx.Quotes(ctx, t.ID)
		if err != nil {
			return nil, nil, err
		}
		if len(quotes) == 0 || quotes[len(quotes)-1].Hash != quoteHash {
			return nil, nil, &Error{Kind: Stale, Msg: "The quote has changed. Read the new one to the customer and record the answer to it."}
		}
		if at.After(quotes[len(quotes)-1].Body.ExpiresAt) {
			return nil, nil, &Error{Kind: Stale, Msg: "The quote has expired. Run the steps again for a new one."}
		}
		a := Acceptance{TicketID: t.ID, QuoteHash: quoteHash, By: string(by), Words: words, At: at}
		if err := tx.InsertAcceptance(ctx, &a); err != nil {
			return nil, nil, err
		}
		return []Record{{
			Stream: t.Number(), Type: EventAccepted, Actor: string(by), Data: map[string]any{"quote": quoteHash},
			Private: map[string][]byte{"words": []byte(words)},
		}}, []Job{runJob(*t, at)}, nil
	})
}
