package runbook

import (
	"context"
	"fmt"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// unknownChargeLimit is how long a stop may be without a last word where nobody knows when the next
// charge is.
const unknownChargeLimit = time.Hour

// lateStops are the stops that the biller has given no last word on although the next charge is near.
func lateStops(c Case, now time.Time) []tickets.Effect {
	var out []tickets.Effect
	for _, e := range c.Effects {
		if e.Kind != tickets.StopDebits || e.State.Settled() {
			continue
		}
		if c.beforeCharge(now) || c.Ticket.NextChargeAt == nil && now.Sub(e.At) > unknownChargeLimit {
			out = append(out, e)
		}
	}
	return out
}

// ring raises the alarm for every late stop; result clears it with the biller's last word.
func ring(ctx context.Context, tx tickets.Tx, c Case, at time.Time) error {
	for _, e := range lateStops(c, at) {
		detail := "The biller has not confirmed that it sends no more debits."
		if next := c.Ticket.NextChargeAt; next != nil {
			detail = fmt.Sprintf("The biller has not confirmed that it sends no more debits, and the next one is due at %s.", next.UTC().Format(time.RFC3339))
		}
		if err := tx.RaiseAlarm(ctx, tickets.Alarm{
			Key: tickets.StopAlarm(e.Key), Kind: tickets.AlarmStopUnapplied, TicketID: c.Ticket.ID, Detail: detail, At: at,
		}); err != nil {
			return err
		}
	}
	return nil
}
