package tickets

import (
	"context"
	"slices"
	"time"
)

// Terms are what a change is asked under, beside what it changes.
type Terms struct {
	// Versions are the versions of the ticket that the change was decided on: any other is Stale. None
	// takes the ticket as it is.
	Versions []int64
	// Note is why, in the words of whoever asks. It is kept in the case as a note for colleagues; ""
	// keeps none.
	Note string
	// Speaker is who said yes to a quote, as whoever recorded it tells.
	Speaker string
	// To is whom an answer is for; "" leaves it to AnswerTo.
	To Party
}

// Under is the same desk, whose changes are made under these terms.
func (d *Desk) Under(t Terms) *Desk {
	same := *d
	same.terms = t
	return &same
}

// agreed is Stale where the ticket is not as it was when the change was decided.
func (d *Desk) agreed(t Ticket) error {
	if len(d.terms.Versions) > 0 && !slices.Contains(d.terms.Versions, t.Version) {
		return &Error{Kind: Stale, Msg: "The ticket was changed since you read it. Read it again, then decide."}
	}
	return nil
}

// note keeps why something was done as a note of the case.
func (d *Desk) note(ctx context.Context, tx Tx, t Ticket, by Actor, at time.Time) error {
	if d.terms.Note == "" {
		return nil
	}
	m := Message{TicketID: t.ID, Direction: Note, Channel: t.Channel, At: at, Sender: string(by), Text: d.terms.Note}
	if err := tx.InsertMessage(ctx, &m); err != nil {
		return err
	}
	return tx.Append(ctx, at, said(t, m, by, EventNote))
}
