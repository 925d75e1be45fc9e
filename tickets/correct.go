package tickets

import (
	"context"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// SetBy begins the reason for an intent that a person set, and is followed by who it was.
const SetBy = "set by "

// Correction is what a case is about, where the desk understood it wrongly.
type Correction struct {
	Intent  intent.Intent         // what it is about first of all; "" leaves the intents as they are
	Intents []intent.Intent       // all that it is about; none keeps the others that were found
	Restate func(f *intent.Facts) // changes what was stated; nil leaves it
}

// Correct sets what the case is about first of all.
func (d *Desk) Correct(ctx context.Context, id int64, by Actor, primary intent.Intent) (Ticket, error) {
	return d.Restate(ctx, id, by, Correction{Intent: primary})
}

// Restate sets what the case is about and what was stated in it. The newest message of the customer
// then counts as having asked for it, with the assurance that message has.
func (d *Desk) Restate(ctx context.Context, id int64, by Actor, c Correction) (Ticket, error) {
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if t.Status == Closed && t.Reason != string(intent.NotCancellation) {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is closed. A new message opens a linked one."}
		}
		data := map[string]any{}
		if c.Restate != nil {
			c.Restate(&t.Facts)
			t.Facts.NationalID = account.MaskID(t.Facts.NationalID)
			data["facts"] = true // which ones would say something of the customer
		}
		if c.Intent == "" {
			return []Record{corrected(*t, by, data)}, liveJob(*t, at), nil
		}
		if err := c.dropsStop(ctx, tx, *t); err != nil {
			return nil, nil, err
		}
		data["from"], data["to"] = string(t.Intent), string(c.Intent)
		if err := c.reinterpret(ctx, tx, t, by); err != nil {
			return nil, nil, err
		}
		records := []Record{corrected(*t, by, data)}
		if c.Intent == intent.NotCancellation {
			from := t.Status
			if err := t.SetStatus(Closed, string(c.Intent), at); err != nil {
				return nil, nil, err
			}
			if err := endRun(ctx, tx, t.ID, at); err != nil {
				return nil, nil, err
			}
			more, jobs, err := d.forwardFirst(ctx, tx, *t, at)
			records = append(append(records, statusRecord(*t, from, by)), more...)
			return records, append(jobs, runJob(*t, at)), err // what it held is given free
		}
		if !t.Live() {
			// It was closed as no cancellation by mistake: nothing was begun or told, so the case
			// starts anew rather than as a linked one.
			records = append(records, Record{
				Stream: t.Number(), Type: EventStatus, Actor: string(by),
				Data: map[string]any{"from": string(t.Status), "to": string(Open), "reason": "corrected"},
			})
			t.turn(t.Status, Open, at)
			t.Status, t.Reason, t.ClosedAt, t.SolvedAt = Open, "corrected", nil, nil
		}
		return records, []Job{runJob(*t, at)}, nil
	})
}

// dropsStop is Conflict where the correction would take from the case that debits stop, although its customer
// certainly asked for it, or its next debit is kept back and the account's contact was asked: that is for him
// to take back, not for us to reread.
func (c Correction) dropsStop(ctx context.Context, tx Tx, t Ticket) error {
	after := append(slices.Clone(c.Intents), c.Intent)
	if !t.Live() || !t.Stops() || len(c.Intents) == 0 && c.Intent != intent.NotCancellation || slices.ContainsFunc(after, intent.Intent.Stops) {
		return nil
	}
	holds, err := tx.Holds(ctx, t.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(holds, func(h Hold) bool { return h.State == HoldActive }) {
		return &Error{Kind: Conflict, Msg: "The next debit is kept back, and the account's own contact was asked. He says whether it was him; or verify the caller, and take the request back."}
	}
	proofs, err := tx.Verifications(ctx, t.ID)
	if err != nil {
		return err
	}
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, m := range messages {
		certain := t.AccountNo != "" && LevelOf(proofs, m, ActStop, t.AccountNo) > 0
		if m.ByPerson() && certain && slices.ContainsFunc(m.Asks, intent.Intent.Stops) {
			return &Error{Kind: Conflict, Msg: "Somebody who is verified asked that the charges stop. Where he did not mean it, let him take it back."}
		}
	}
	return nil
}

// reinterpret sets the ticket's intents and what its newest request is read as.
func (c Correction) reinterpret(ctx context.Context, tx Tx, t *Ticket, by Actor) error {
	others := c.Intents
	if len(others) == 0 {
		others = slices.DeleteFunc(slices.Clone(t.Intents), func(i intent.Intent) bool {
			return i == intent.Clarify || i == intent.NotCancellation
		})
	}
	t.Intent, t.Confidence, t.Intents = c.Intent, 1, []intent.Intent{c.Intent}
	for _, i := range others {
		if !slices.Contains(t.Intents, i) {
			t.Intents = append(t.Intents, i)
		}
	}
	t.Why = append([]string{SetBy + string(by)}, t.Why...)
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return err
	}
	if m, ok := newestSaid(messages); ok {
		return tx.SaveAsks(ctx, m.ID, t.Intents)
	}
	return nil
}

// newestSaid is the newest message by a person outside the desk.
func newestSaid(messages []Message) (Message, bool) {
	for _, m := range slices.Backward(messages) {
		if m.ByPerson() {
			return m, true
		}
	}
	return Message{}, false
}

func corrected(t Ticket, by Actor, data map[string]any) Record {
	return Record{Stream: t.Number(), Type: EventCorrected, Actor: string(by), Data: data}
}

// liveJob carries a ticket on that still runs.
func liveJob(t Ticket, at time.Time) []Job {
	if !t.Live() {
		return nil
	}
	return []Job{runJob(t, at)}
}

// ReasonByHand is why a ticket has the status that a person gave it, and why a step was skipped that a
// person has seen to.
const ReasonByHand = "by_hand"

// Move gives the ticket a status by hand. Nobody declares done what is not: solved is what Solve allows,
// and a case that asks for a stop is closed only once it is solved.
func (d *Desk) Move(ctx context.Context, id int64, by Actor, to Status) (Ticket, error) {
	if to == Solved {
		return d.Solve(ctx, id, by)
	}
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		before, reason := t.Status, ReasonByHand
		switch {
		case to == t.Status:
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(to) + " already."}
		case to == Closed && before == Solved:
			reason = "done"
		case to == Closed && t.Stops():
			return nil, nil, &Error{Kind: Conflict, Msg: "This case asks that charges stop, so it is closed once it is solved. Correct what it asks for, or take the request back."}
		case to == Closed:
			if err := endRun(ctx, tx, t.ID, at); err != nil {
				return nil, nil, err
			}
		}
		if err := t.SetStatus(to, reason, at); err != nil {
			return nil, nil, err
		}
		var jobs []Job
		if !t.Live() {
			jobs = []Job{runJob(*t, at)} // what it held is given free
		}
		return []Record{statusRecord(*t, before, by)}, jobs, nil
	})
}
