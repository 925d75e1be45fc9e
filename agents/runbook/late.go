package runbook

import (
	"fmt"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// unknownChargeLimit is how long a stop may be without a last word where nobody knows when the next
// charge is.
const unknownChargeLimit = time.Hour

// unapplied are the alarms of the stops that the biller has given no last word on although the next
// charge is near. Its last word clears them.
func (c Case) unapplied(now time.Time) []tickets.Alarm {
	var out []tickets.Alarm
	for _, e := range c.Effects {
		if e.Kind != tickets.StopDebits || e.State.Settled() ||
			!c.beforeCharge(now) && (c.Ticket.NextChargeAt != nil || now.Sub(e.At) <= unknownChargeLimit) {
			continue
		}
		a := tickets.Alarm{
			Key: tickets.StopAlarm(e.Key), Kind: tickets.AlarmStopUnapplied, TicketID: c.Ticket.ID, At: now,
			Detail: "The biller has not confirmed that it sends no more debits.",
		}
		if next := c.Ticket.NextChargeAt; next != nil {
			a.Detail = fmt.Sprintf("The biller has not confirmed that it sends no more debits, and the next one is due at %s.", next.UTC().Format(time.RFC3339))
		}
		out = append(out, a)
	}
	return out
}
