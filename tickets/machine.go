package tickets

import (
	"context"
	"slices"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// attach keeps a machine's mail with the ticket it answers, where there is one. It is never answered
// and changes nothing.
func (a *arrivals) attach(ctx context.Context, in Incoming) (int64, error) {
	candidates, err := a.candidates(ctx, in)
	if err != nil {
		return 0, err
	}
	switch t, ours, err := a.signed(ctx, in.Message.MessageID); {
	case err != nil:
		return 0, err
	case ours:
		candidates = append(candidates, Candidate{Ticket: t, Signed: true})
	}
	i := slices.IndexFunc(candidates, func(c Candidate) bool { return c.Signed })
	if i < 0 {
		return 0, nil
	}
	t := candidates[i].Ticket
	in.Understanding = intent.Understanding{} // what a machine writes or quotes asks for nothing
	m, err := a.store(ctx, in, t)
	if err != nil {
		return 0, err
	}
	return t.ID, a.tx.Append(ctx, a.at, received(t, m, in, "attached", in.Message.Kind))
}

// bounce brings a ticket whose answer did not arrive back to the queue.
func (a *arrivals) bounce(ctx context.Context, in Incoming) (int64, error) {
	if in.Bounce != nil && in.Bounce.MessageID != "" {
		in.InReplyTo = append(in.InReplyTo, in.Bounce.MessageID)
	}
	id, err := a.attach(ctx, in)
	if err != nil || id == 0 || in.Bounce == nil || !in.Bounce.Permanent {
		return id, err
	}
	t, err := a.ticket(ctx, id)
	if err != nil || t.Status == Closed {
		return id, err
	}
	if t.Objection != "" {
		return id, nil // a person reads the case already, and nothing may go on before
	}
	before := t.Status
	if err := t.SetStatus(Open, "bounced", a.at); err != nil {
		return id, err
	}
	a.change(t)
	return id, a.tx.Append(ctx, a.at, statusRecord(t, before, DeskActor))
}
