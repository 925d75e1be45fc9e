package runbook

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// join makes a second request from the account's registered address part of the ticket that is already
// working on its subscriptions, and ends its own run. That ticket's run claimed them, so it was vouched
// for in the same way.
func (r *Runner) join(ctx context.Context, c Case, n Next) error {
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		main, err := workingOn(ctx, tx, c.Ticket, n.Subscriptions)
		if err != nil {
			return nil, err
		}
		return joinInto(ctx, tx, c, main, at)
	})
}

// linkOthers links the ticket to the others of its account that still run, for the people at the desk:
// none sees anything of another by it.
func linkOthers(ctx context.Context, tx tickets.Tx, t tickets.Ticket, at time.Time) error {
	others, err := tx.LiveTicketsForAccount(ctx, t.AccountNo)
	if err != nil {
		return err
	}
	known, err := tx.Links(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.ID == t.ID || slices.ContainsFunc(known, func(l tickets.Link) bool { return l.FromID == o.ID || l.ToID == o.ID }) {
			continue
		}
		if err := tx.InsertLink(ctx, tickets.Link{FromID: t.ID, ToID: o.ID, Kind: "account", At: at}); err != nil {
			return err
		}
	}
	return nil
}

// workingOn is the other live ticket of the account whose run has claimed one of the subscriptions.
func workingOn(ctx context.Context, tx tickets.Tx, t tickets.Ticket, subscriptions []string) (tickets.Ticket, error) {
	others, err := tx.LiveTicketsForAccount(ctx, t.AccountNo)
	if err != nil {
		return tickets.Ticket{}, err
	}
	for _, o := range others {
		if o.ID == t.ID || !o.Live() {
			continue
		}
		run, _, err := tx.LatestRun(ctx, o.ID)
		switch {
		case errors.Is(err, tickets.NotFound), err == nil && run.EndedAt != nil:
		case err != nil:
			return tickets.Ticket{}, err
		case overlaps(run.SubscriptionIDs, subscriptions):
			return o, nil
		}
	}
	return tickets.Ticket{}, &tickets.Error{Kind: tickets.Unavailable, Msg: "Another run of the same subscription is just ending.", Fixed: true}
}

func overlaps(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// joinInto makes the request part of the main ticket and closes its own.
func joinInto(ctx context.Context, tx tickets.Tx, c Case, main tickets.Ticket, at time.Time) ([]tickets.Record, error) {
	t, run := c.Ticket, *c.Run
	if err := tx.InsertLink(ctx, tickets.Link{FromID: t.ID, ToID: main.ID, Kind: tickets.ReasonJoined, At: at}); err != nil {
		return nil, err
	}
	if err := tx.MoveMessages(ctx, t.ID, main.ID); err != nil {
		return nil, err
	}
	for _, h := range c.Holds {
		if h.State != tickets.HoldActive {
			continue
		}
		h.TicketID = main.ID // it ends by the stop of the case that goes on
		if err := tx.SaveHold(ctx, h); err != nil {
			return nil, err
		}
	}
	before := t.Status
	if err := t.SetStatus(tickets.Closed, tickets.ReasonJoined, at); err != nil {
		return nil, err
	}
	if err := tx.SaveTicket(ctx, &t); err != nil {
		return nil, err
	}
	run.EndedAt = &at
	if err := tx.SaveRun(ctx, &run); err != nil {
		return nil, err
	}
	main.Absorb(intent.Understanding{
		Intent: t.Intent, Intents: t.Intents, Flags: t.Flags, Facts: t.Facts, Confidence: t.Confidence, Why: t.Why,
	})
	main.SenderProven = main.SenderProven || t.SenderProven
	if err := tx.SaveTicket(ctx, &main); err != nil {
		return nil, err
	}
	if err := tellJoined(ctx, tx, c, main, at); err != nil {
		return nil, err
	}
	return []tickets.Record{
		linked(t, main, "joined"),
		{
			Stream: t.Number(), Type: tickets.EventStatus, Actor: string(tickets.DeskActor),
			Data: map[string]any{"from": string(before), "to": string(t.Status), "reason": t.Reason},
		},
		linked(main, t, "absorbed"),
	}, tx.Enqueue(ctx, tickets.Job{Kind: tickets.JobRun, TicketID: main.ID, DueAt: at, Key: "run/" + main.Number()})
}

func linked(from, to tickets.Ticket, kind string) tickets.Record {
	return tickets.Record{
		Stream: from.Number(), Type: tickets.EventLinked, Actor: string(tickets.DeskActor),
		Data: map[string]any{"to": to.Number(), "kind": kind},
	}
}
