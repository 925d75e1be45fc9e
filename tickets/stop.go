package tickets

import (
	"context"
	"errors"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// EventStopApplied is the event of a biller that pulls saying that it has applied what was asked.
const EventStopApplied = "stop.applied"

// clockSkew is how far a biller's clock may be off.
const clockSkew = 5 * time.Minute

// StopAlarm is the key of the alarm for a stop that the biller has not confirmed, by the stop's key.
func StopAlarm(key string) string { return "unapplied/" + key }

// StopOrders lists what a biller that pulls has to apply, from the one after an id on, oldest first;
// at most limit, and what was applied too.
func (d *Desk) StopOrders(ctx context.Context, after int64, limit int) ([]account.StopOrder, error) {
	return d.store.StopOrders(ctx, after, limit)
}

// StopApplied records that the biller has applied an order, at an instant of its own or now, and
// carries the case on that waits for it. A second word changes nothing. NotFound where there is no such
// order, Invalid for an instant that can't be.
func (d *Desk) StopApplied(ctx context.Context, id int64, by Actor, applied *time.Time) (account.StopOrder, error) {
	var o account.StopOrder
	now := d.now()
	err := d.store.InTx(ctx, func(tx Tx) (err error) {
		if o, err = tx.StopOrder(ctx, id); err != nil || o.AppliedAt != nil {
			return err
		}
		at, err := appliedAt(o, applied, now)
		if err != nil {
			return err
		}
		o.AppliedAt = &at
		if err := tx.SaveStopOrder(ctx, o); err != nil {
			return err
		}
		if err := tx.ClearAlarm(ctx, StopAlarm(o.Key), by, now); err != nil {
			return err
		}
		e, err := tx.Effect(ctx, o.Key)
		if errors.Is(err, NotFound) {
			return nil // nothing waits for it
		}
		if err != nil {
			return err
		}
		t, err := tx.Ticket(ctx, e.TicketID)
		if err != nil {
			return err
		}
		if err := tx.Append(ctx, now, Record{
			Stream: t.Number(), Type: EventStopApplied, Actor: string(by),
			Data: map[string]any{
				"key": o.Key, "kind": string(o.Kind), "subscription": o.SubscriptionID, "applied_at": at.In(d.settings.Zone).Format(time.RFC3339),
			},
		}); err != nil {
			return err
		}
		return tx.Enqueue(ctx, runJob(t, now))
	})
	return o, err
}

// appliedAt is when an order was applied: what the biller says, as far as it can be so.
func appliedAt(o account.StopOrder, said *time.Time, now time.Time) (time.Time, error) {
	switch {
	case said == nil:
		return now, nil
	case said.After(now.Add(clockSkew)), said.Before(o.At.Add(-clockSkew)):
		return time.Time{}, &Error{Kind: Invalid, Msg: "at must be between the order and now."}
	case said.After(now):
		return now, nil
	case said.Before(o.At):
		return o.At, nil
	}
	return said.UTC().Truncate(time.Microsecond), nil
}
