package runbook

import (
	"context"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// join handles a second request for subscriptions that another ticket is already working on. From
// the account's registered address it becomes part of that ticket, and its own run ends; from
// anywhere else it is only linked and sees nothing of it. It reports whether the two became one.
func (r *Runner) join(ctx context.Context, c Case, n Next) (bool, error) {
	_, verified := c.verified(c.asked(stopIntents()...))
	err := r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		main, err := workingOn(ctx, tx, c.Ticket, n.Subscriptions)
		if err != nil {
			return nil, err
		}
		if !verified {
			return r.linkOnly(ctx, tx, c, main, at)
		}
		return joinInto(ctx, tx, c, main, at)
	})
	return verified, err
}

// workingOn is the other live ticket of the account that the subscriptions belong to now.
func workingOn(ctx context.Context, tx tickets.Tx, t tickets.Ticket, subscriptions []string) (tickets.Ticket, error) {
	others, err := tx.LiveTicketsForAccount(ctx, t.AccountNo)
	if err != nil {
		return tickets.Ticket{}, err
	}
	for _, o := range others {
		if o.ID != t.ID && o.Live() && overlaps(o.SubscriptionIDs, subscriptions) {
			return o, nil
		}
	}
	return tickets.Ticket{}, &tickets.Error{Kind: tickets.Unavailable, Msg: "Another run of the same subscription is just ending."}
}

func overlaps(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// linkOnly leaves the request in a ticket of its own, for a person.
func (r *Runner) linkOnly(ctx context.Context, tx tickets.Tx, c Case, main tickets.Ticket, at time.Time) ([]tickets.Record, error) {
	if err := tx.InsertLink(ctx, tickets.Link{FromID: c.Ticket.ID, ToID: main.ID, Kind: "account", At: at}); err != nil {
		return nil, err
	}
	n, changed := settle(c, tickets.Identify, tickets.NeedsAgent, "running_elsewhere",
		"Another ticket is already working on this subscription: "+main.Number())
	if !changed {
		return nil, nil
	}
	return []tickets.Record{linked(c.Ticket, main, "account"), stepRecord(c, n)}, tx.SaveStep(ctx, r.step(c, n, at))
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
	main.Assurance = max(main.Assurance, t.Assurance)
	if err := tx.SaveTicket(ctx, &main); err != nil {
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
