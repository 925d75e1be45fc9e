package runbook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// unknownChargeLimit is how long a stop may be without a last word where nobody knows when the next
// charge is.
const unknownChargeLimit = time.Hour

// unapplied are the alarms of the stops and ends of agreements that the other side has not carried out,
// although the next charge is near: it has given no last word, or has refused. That it has done it
// clears them, and so does the end of the case.
func (c Case) unapplied(now time.Time) []tickets.Alarm {
	var out []tickets.Alarm
	for _, e := range c.missing() {
		if c.late(e).After(now) {
			continue
		}
		out = append(out, tickets.Alarm{
			Key: tickets.StopAlarm(firstTry(e)), Kind: tickets.AlarmStopUnapplied, TicketID: c.Ticket.ID, At: now,
			Detail: c.unappliedDetail(e),
		})
	}
	return out
}

func (c Case) unappliedDetail(e tickets.Effect) string {
	who := "The biller has not confirmed that it sends no more debits"
	switch refused := e.State == tickets.EffectRefused; {
	case e.Kind == tickets.EndAgreement && refused:
		who = "The payment channel refused to end an agreement"
	case e.Kind == tickets.EndAgreement:
		who = "The payment channel has not confirmed the end of an agreement"
	case refused:
		who = "The biller refused to send no more debits"
	}
	if next := c.Ticket.NextChargeAt; next != nil {
		return fmt.Sprintf("%s, and the next charge is due at %s.", who, next.UTC().Format(time.RFC3339))
	}
	return who + "."
}

// missing are the newest attempts at what ends the case's debits that were begun and are not done.
func (c Case) missing() []tickets.Effect {
	if c.Account == nil {
		return nil
	}
	number := c.Ticket.Number()
	var out []tickets.Effect
	for _, id := range c.Ticket.SubscriptionIDs {
		if t := c.lastTry(StopKey(number, id, account.Now), id); t.begun && !t.State.Settled() {
			out = append(out, t.Effect)
		}
	}
	if c.step(tickets.Cancel).State.Done() {
		return out
	}
	add := func(t try) {
		if t.begun && t.State != tickets.EffectDone {
			out = append(out, t.Effect)
		}
	}
	for _, id := range c.Ticket.SubscriptionIDs {
		add(c.lastTry(StopKey(number, id, account.PeriodEnd), id))
	}
	if len(out) > 0 {
		return out // that the biller still debits is the one cause; the agreements ring once it does not
	}
	for _, a := range billing(c) {
		add(c.lastTry(EndKey(number, a.ID), a.ID))
	}
	return out
}

// late is when an effect that is not done has to be seen by somebody.
func (c Case) late(e tickets.Effect) time.Time {
	if next := c.Ticket.NextChargeAt; next != nil {
		return next.Add(-askAgainBefore)
	}
	return e.At.Add(unknownChargeLimit)
}

// hush clears what rings for the case's effects, because it is over.
func (c Case) hush(ctx context.Context, tx tickets.Tx, at time.Time) error {
	keys := make([]string, 0, len(c.Effects))
	for _, e := range c.Effects {
		switch {
		case e.Kind.Stops():
			keys = append(keys, tickets.StopAlarm(firstTry(e)))
		case e.Kind == tickets.HoldDebits:
			keys = append(keys, holdAlarm(e.Key))
		}
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if err := tx.ClearAlarm(ctx, key, tickets.DeskActor, at); err != nil {
			return err
		}
	}
	return nil
}
