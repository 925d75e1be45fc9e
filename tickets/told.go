package tickets

import (
	"context"
	"time"
)

// Told records that the customer was told something by word of mouth, and in which words: the last word
// of a case whose customer has no address that the desk could write to.
func (d *Desk) Told(ctx context.Context, id int64, by Actor, words string) (Ticket, error) {
	words = clean(words)
	if words == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "Write down what the customer was told."}
	}
	return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if t.Status == Closed {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is closed. A new message opens a linked one."}
		}
		m := Message{TicketID: t.ID, Direction: Reply, Channel: Phone, At: at, Sender: string(by), Text: words}
		if err := tx.InsertMessage(ctx, &m); err != nil {
			return nil, nil, err
		}
		if t.FirstRespondedAt == nil {
			t.FirstRespondedAt = &at
		}
		records := []Record{said(*t, m, by, EventTold)}
		if !t.Live() {
			return records, nil, nil
		}
		return records, []Job{runJob(*t, at)}, nil
	})
}
