package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// HoldKey and ReleaseKey are the keys a hold and its release go out under.
func HoldKey(number, subscription string) string {
	return fmt.Sprintf("hold/%s/%s", number, subscription)
}

// ReleaseKey is the key of a hold's release.
func ReleaseKey(number, subscription string) string {
	return fmt.Sprintf("release/%s/%s", number, subscription)
}

// keptAfter is how long after the debit that it keeps back was due a hold ends by itself, and
// unscheduled how long after its begin where it is not known when a debit is due.
const (
	keptAfter   = 7 * 24 * time.Hour
	unscheduled = 35 * 24 * time.Hour
)

// planHold keeps debits back while it is not certain who asks, and ends what it began: by the stop, by
// the owner's no, or when its time is over (DESIGN.md section 3). A case that is over keeps no hold.
func planHold(c Case, r tickets.Settings, now time.Time) (Next, bool) {
	for _, h := range c.Holds {
		if next, ok := planHeld(c, h, now); ok {
			return next, true
		}
	}
	verify := c.step(tickets.Verify).State
	if !r.Automation.Hold || !c.Ticket.Live() || denied(c) || !stopAsked(c) || verify != tickets.NeedsCustomer && verify != tickets.NeedsAgent {
		return Next{}, false
	}
	for _, id := range c.Ticket.SubscriptionIDs {
		sub, ok := c.Account.Subscription(id)
		if !ok || !sub.AutoRenew && sub.NextChargeAt == nil || c.heldInCycle(sub, r.Zone) || c.tried(HoldKey(c.Ticket.Number(), id)) {
			continue
		}
		if e, asked := c.effect(HoldKey(c.Ticket.Number(), id)); asked && e.State.Settled() {
			continue // the biller has said what it says to this case: once asked, it is not asked again
		}
		return Next{
			Do: DoHold, Key: HoldKey(c.Ticket.Number(), id),
			Hold: tickets.Hold{TicketID: c.Ticket.ID, SubscriptionID: id, State: tickets.HoldActive, Reason: tickets.ReasonNotVerified, At: now, Until: holdUntil(sub, now)},
		}, true
	}
	return Next{}, false
}

// planHeld goes on with a hold that the case began.
func planHeld(c Case, h tickets.Hold, now time.Time) (Next, bool) {
	if h.State != tickets.HoldActive {
		return Next{}, false
	}
	key, release := HoldKey(tickets.Number(h.TicketID), h.SubscriptionID), ReleaseKey(tickets.Number(h.TicketID), h.SubscriptionID)
	asked, begun := c.effect(key)
	sub, known := c.subscription(h.SubscriptionID)
	end := func(state tickets.HoldState, why string) (Next, bool) {
		h.State, h.Reason, h.EndedAt = state, why, &now
		return Next{Do: DoEndHold, Hold: h}, true
	}
	_, released := c.effect(release)
	switch {
	case known && sub.StoppedAt != nil:
		return end(tickets.HoldStopped, "stopped")
	case begun && asked.State == tickets.EffectRefused:
		return end(tickets.HoldReleased, "biller_refused")
	case !now.Before(h.Until) && !released:
		return end(tickets.HoldExpired, "no_answer") // the biller was told until when, and keeps nothing back any more
	case released || denied(c) || !c.Ticket.Live() || !slices.Contains(c.Ticket.SubscriptionIDs, h.SubscriptionID):
		if c.tried(release) {
			return Next{}, false
		}
		return Next{Do: DoRelease, Key: release, Hold: h}, true
	case begun && !asked.State.Settled() && !c.tried(key):
		return Next{Do: DoHold, Key: key, Hold: h}, true
	}
	return Next{}, false
}

// denied reports whether the registered contact said that the request was not his.
func denied(c Case) bool { return c.Ticket.Denied() }

// subscription is a subscription of the case's account.
func (c Case) subscription(id string) (account.Subscription, bool) {
	if c.Account == nil {
		return account.Subscription{}, false
	}
	return c.Account.Subscription(id)
}

// holdUntil is how long a hold lasts: until 7 days after the debit that it keeps back was due.
func holdUntil(s account.Subscription, now time.Time) time.Time {
	if s.NextChargeAt == nil || s.NextChargeAt.Before(now) {
		return now.Add(unscheduled)
	}
	return s.NextChargeAt.Add(keptAfter)
}

// heldInCycle reports whether the subscription is held already, or was in the cycle that runs: whoever
// was told no, or never answered, holds it no second time.
func (c Case) heldInCycle(s account.Subscription, zone *time.Location) bool {
	return slices.ContainsFunc(c.HeldBefore, func(h tickets.Hold) bool {
		return h.SubscriptionID == s.ID && h.State != tickets.HoldStopped &&
			(h.State == tickets.HoldActive || s.PeriodStart == "" || account.DateOf(h.At, zone) >= s.PeriodStart)
	})
}

// activeHold is a hold of the case that keeps debits back as far as the biller has not refused it.
func (c Case) activeHold() (tickets.Hold, bool) {
	i := slices.IndexFunc(c.Holds, func(h tickets.Hold) bool { return h.State == tickets.HoldActive })
	if i < 0 {
		return tickets.Hold{}, false
	}
	return c.Holds[i], true
}

// holdAlarm is the key of the alarm for a hold that the biller has not confirmed, by the hold's key.
func holdAlarm(key string) string { return string(tickets.AlarmHoldUnclear) + "/" + key }

// unclear are the alarms of the holds that keep nothing back as far as is known, while it is not certain
// who asks and the next charge is near: the biller has not confirmed them, or has refused.
func (c Case) unclear(now time.Time) []tickets.Alarm {
	var out []tickets.Alarm
	for _, e := range c.unheld() {
		if c.heldLate(e).After(now) {
			continue
		}
		a := tickets.Alarm{
			Key: holdAlarm(e.Key), Kind: tickets.AlarmHoldUnclear, TicketID: c.Ticket.ID, At: now,
			Detail: "The biller has not confirmed that it keeps the debit back.",
		}
		if e.State == tickets.EffectRefused {
			a.Detail = "The biller refused to keep the debit back."
		}
		out = append(out, a)
	}
	return out
}

// unheld are the case's holds that the biller has not confirmed.
func (c Case) unheld() []tickets.Effect {
	var out []tickets.Effect
	for _, h := range c.Holds {
		e, begun := c.effect(HoldKey(tickets.Number(h.TicketID), h.SubscriptionID))
		if begun && (h.State == tickets.HoldActive && !e.State.Settled() || e.State == tickets.EffectRefused && c.open(h)) {
			out = append(out, e)
		}
	}
	return out
}

// open reports whether the subscription of a hold would be held, because it renews and it is not certain
// who asks to stop it.
func (c Case) open(h tickets.Hold) bool {
	sub, known := c.subscription(h.SubscriptionID)
	verify := c.step(tickets.Verify).State
	return known && c.Ticket.Live() && !denied(c) && slices.Contains(c.Ticket.SubscriptionIDs, h.SubscriptionID) && !silent(sub) &&
		(verify == tickets.NeedsCustomer || verify == tickets.NeedsAgent)
}

// refusedHolds are the holds of the case that the biller refused, while it is not certain who asks.
func (c Case) refusedHolds() bool {
	return slices.ContainsFunc(c.unheld(), func(e tickets.Effect) bool { return e.State == tickets.EffectRefused })
}

// heldLate is when somebody has to see that a hold was not confirmed: a day before the debit that it is to
// keep back, and where nobody knows when that is, at once if it was refused.
func (c Case) heldLate(e tickets.Effect) time.Time {
	sub, known := c.subscription(e.Target)
	switch {
	case known && sub.NextChargeAt != nil:
	case e.State == tickets.EffectRefused:
		return e.At
	default:
		return e.At.Add(unknownChargeLimit)
	}
	return sub.NextChargeAt.Add(-askAgainBefore)
}

// asksOwner reports whether the registered contact is still to be asked whether the request was his.
func (c Case) asksOwner(now time.Time) bool {
	_, held := c.activeHold()
	_, asked := c.told(tickets.TellHoldAsked)
	return (held || c.refusedHolds()) && !asked && c.step(tickets.Verify).State == tickets.NeedsCustomer && c.Account != nil &&
		!c.Account.Account.ContactFresh(now) && (tickets.Mailable(c.Account.Account.Email) || c.texts(now, tickets.TellHoldAsked))
}

// A burst of holds that nobody confirmed may be an attack on the debits of many, and rings.
const (
	burstOf   = 20
	burstTime = time.Hour
)

// hold has the biller keep debits back. The hold's row comes with the "about to": an index keeps a
// subscription to one, whichever ticket asks.
func (r *Runner) hold(ctx context.Context, c Case, n Next) (bool, error) {
	e, before := c.effect(n.Key)
	if !before {
		e = tickets.Effect{
			Key: n.Key, TicketID: c.Ticket.ID, RunID: c.Run.ID, Kind: tickets.HoldDebits, Target: n.Hold.SubscriptionID, State: tickets.EffectAboutTo,
		}
		err := r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
			e.At = at
			if err := tx.InsertHold(ctx, &n.Hold); err != nil {
				return nil, err
			}
			if err := burst(ctx, tx, at); err != nil {
				return nil, err
			}
			return []tickets.Record{{
				Stream: c.Ticket.Number(), Type: tickets.EventAboutTo, Actor: string(tickets.DeskActor),
				Data: map[string]any{"key": n.Key, "kind": string(e.Kind), "target": e.Target},
			}, holdRecord(c.Ticket, n.Hold, r.Settings.Zone)}, tx.SaveEffect(ctx, e)
		})
		if errors.Is(err, tickets.Conflict) {
			return false, nil // another case holds it since this one was read
		}
		if err != nil {
			return false, err
		}
	}
	a, callErr := r.once(ctx, before,
		func(ctx context.Context) (account.Answer, error) {
			return r.Biller.Query(ctx, n.Key, account.Subject{SubscriptionID: e.Target})
		},
		func(ctx context.Context) (account.Answer, error) {
			return r.Biller.Hold(ctx, n.Key, account.Hold{SubscriptionID: n.Hold.SubscriptionID, Until: n.Hold.Until})
		})
	return r.result(ctx, c, e, a, callErr, func(tx tickets.Tx, state tickets.EffectState) ([]tickets.Record, error) {
		if state != tickets.EffectDone {
			return nil, nil
		}
		return nil, tx.ClearAlarm(ctx, holdAlarm(e.Key), tickets.DeskActor, r.Now())
	})
}

// burst rings where unusually many subscriptions are held by requests that nobody confirmed.
func burst(ctx context.Context, tx tickets.Tx, at time.Time) error {
	recent, err := tx.HoldsSince(ctx, at.Add(-burstTime))
	if err != nil || len(recent) < burstOf {
		return err
	}
	return tx.RaiseAlarm(ctx, tickets.Alarm{
		Key: string(tickets.AlarmHoldBurst), Kind: tickets.AlarmHoldBurst, At: at,
		Detail: fmt.Sprintf("%d holds within an hour. If they are one person's doing, turn automation.hold off.", len(recent)),
	})
}

// release has the biller debit again, and ends the hold once it has said so.
func (r *Runner) release(ctx context.Context, c Case, n Next) (bool, error) {
	e, before, err := r.aboutTo(ctx, c, tickets.ReleaseDebits, n.Key, n.Hold.SubscriptionID)
	if err != nil {
		return false, err
	}
	a, callErr := r.once(ctx, before,
		func(ctx context.Context) (account.Answer, error) {
			return r.Biller.Query(ctx, n.Key, account.Subject{SubscriptionID: e.Target})
		},
		func(ctx context.Context) (account.Answer, error) {
			return r.Biller.Release(ctx, n.Key, n.Hold.SubscriptionID)
		})
	return r.result(ctx, c, e, a, callErr, func(tx tickets.Tx, state tickets.EffectState) ([]tickets.Record, error) {
		if !state.Settled() {
			return nil, nil
		}
		// A biller that refuses to release keeps the hold no longer than it was told.
		at := r.Now()
		h := n.Hold
		h.State, h.EndedAt, h.Reason = tickets.HoldReleased, &at, c.Ticket.Reason
		return []tickets.Record{holdRecord(c.Ticket, h, r.Settings.Zone)}, tx.SaveHold(ctx, h)
	})
}

// endHold ends a hold that the biller need not be told of.
func (r *Runner) endHold(ctx context.Context, c Case, n Next) error {
	return r.commit(ctx, func(tx tickets.Tx, _ time.Time) ([]tickets.Record, error) {
		return []tickets.Record{holdRecord(c.Ticket, n.Hold, r.Settings.Zone)}, tx.SaveHold(ctx, n.Hold)
	})
}

func holdRecord(t tickets.Ticket, h tickets.Hold, zone *time.Location) tickets.Record {
	return tickets.Record{
		Stream: t.Number(), Type: tickets.EventHold, Actor: string(tickets.DeskActor),
		Data: map[string]any{
			"subscription": h.SubscriptionID, "state": string(h.State), "reason": h.Reason, "until": h.Until.In(zone).Format(time.RFC3339),
		},
	}
}
