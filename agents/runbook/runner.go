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

// Config is what a Runner needs.
type Config struct {
	Store    tickets.Store
	Settings tickets.Settings
	Biller   Biller
	// Channels are the payment channels by name. An agreement on a channel that is not here waits for
	// a person.
	Channels map[account.PaymentChannel]Channel
	Sealer   Sealer
	Now      func() time.Time
	// CallTimeout bounds each call outside; past it the outcome is unknown.
	CallTimeout time.Duration
}

// Sealer numbers events in the Merkle log and signs a checkpoint over them.
type Sealer interface {
	// Seal returns the log's size once every event committed before the call is in it.
	Seal(ctx context.Context) (int64, error)
}

// Complete completes a job in the transaction that records its effect.
type Complete func(ctx context.Context, tx tickets.Tx) error

// Runner carries cases through their steps.
type Runner struct {
	Config
}

// NewRunner makes a runner.
func NewRunner(c Config) *Runner { return &Runner{Config: c} }

// moveLimit bounds how many moves one job makes. A case needs about two dozen; more means that two
// rules undo each other, which is a bug that must not spin.
const moveLimit = 200

// Run carries a ticket as far as it goes now and completes the job in the last transaction. It is
// safe to run again after a kill anywhere in it.
func (r *Runner) Run(ctx context.Context, j tickets.Job, done Complete) error {
	var tried []string
	for moves := range moveLimit {
		c, err := load(ctx, r.Store, j.TicketID)
		if err != nil {
			return err
		}
		c.Tried, c.Progressed = tried, moves > 0
		next := Plan(c, r.Settings, r.Now())
		if next.Do == DoRest {
			return r.rest(ctx, c, next, done)
		}
		settled, err := r.carry(ctx, c, next)
		if err != nil {
			return fmt.Errorf("%s %s: %w", next.Do, c.Ticket.Number(), err)
		}
		if !settled {
			tried = append(tried, next.Key)
		}
	}
	return fmt.Errorf("%s: more than %d moves in one job", tickets.Number(j.TicketID), moveLimit)
}

// carry makes one move. It reports false for an outside effect that got no last word.
func (r *Runner) carry(ctx context.Context, c Case, n Next) (bool, error) {
	switch n.Do {
	case DoBegin:
		return true, r.begin(ctx, c)
	case DoIdentify:
		return true, r.identify(ctx, c, n)
	case DoSettle:
		return true, r.settle(ctx, c, n)
	case DoStop:
		return r.stop(ctx, c, n)
	case DoEnd:
		return r.end(ctx, c, n)
	case DoQuote:
		return true, r.quote(ctx, c, n)
	case DoPropose:
		return true, r.propose(ctx, c, n)
	case DoSend:
		return r.send(ctx, c, n)
	case DoSeal:
		return true, r.seal(ctx, c)
	}
	return false, fmt.Errorf("no such move: %s", n.Do)
}

// commit writes one move: what f changes, and its events.
func (r *Runner) commit(ctx context.Context, f func(tx tickets.Tx, at time.Time) ([]tickets.Record, error)) error {
	at := r.Now()
	return r.Store.InTx(ctx, func(tx tickets.Tx) error {
		records, err := f(tx, at)
		if err != nil {
			return err
		}
		for _, rec := range records {
			if err := tx.Append(ctx, at, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Runner) begin(ctx context.Context, c Case) error {
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		run := tickets.Run{TicketID: c.Ticket.ID, Mode: account.PeriodEnd, StartedAt: at}
		steps := make(tickets.Steps, 0, len(tickets.StepNames()))
		for _, name := range tickets.StepNames() {
			steps = append(steps, tickets.Step{Name: name, State: tickets.Todo, By: string(tickets.DeskActor)})
		}
		return nil, tx.InsertRun(ctx, &run, steps)
	})
}

// identify records whose case it is. Where the subscriptions already have a running run in another
// ticket of the account, the two become one or are linked.
func (r *Runner) identify(ctx context.Context, c Case, n Next) error {
	err := r.commit(ctx, func(tx tickets.Tx, _ time.Time) ([]tickets.Record, error) {
		t := c.Ticket
		t.Candidates = n.Candidates
		if n.AccountNo != "" {
			t.AccountNo = n.AccountNo
		}
		data := map[string]any{"account": t.AccountNo, "candidates": len(n.Candidates)}
		if len(n.Subscriptions) > 0 {
			t.SubscriptionIDs = n.Subscriptions
			t.NextChargeAt = nextCharge(*c.Account, n.Subscriptions)
			run := *c.Run
			run.SubscriptionIDs, run.Snapshot = n.Subscriptions, c.Account
			if err := tx.SaveRun(ctx, &run); err != nil {
				return nil, err
			}
			data["subscriptions"] = anyOf(n.Subscriptions)
		}
		return []tickets.Record{{
			Stream: t.Number(), Type: "identify.result", Actor: string(tickets.DeskActor), Data: data,
		}}, tx.SaveTicket(ctx, &t)
	})
	if errors.Is(err, tickets.Conflict) && len(n.Subscriptions) > 0 {
		return r.join(ctx, c, n)
	}
	return err
}

// nextCharge is the earliest debit that the subscriptions are due for.
func nextCharge(s account.Snapshot, ids []string) *time.Time {
	var next *time.Time
	for _, id := range ids {
		if sub, ok := s.Subscription(id); ok && sub.NextChargeAt != nil && (next == nil || sub.NextChargeAt.Before(*next)) {
			next = sub.NextChargeAt
		}
	}
	return next
}

func anyOf(in []string) []any {
	out := make([]any, len(in))
	for i, s := range in {
		out[i] = s
	}
	return out
}

// join handles a second request for subscriptions that another ticket is already working on. From
// the account's registered address it becomes part of that ticket; from anywhere else it is only
// linked and sees nothing of it.
func (r *Runner) join(ctx context.Context, c Case, n Next) error {
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		t := c.Ticket
		others, err := tx.LiveTicketsForAccount(ctx, t.AccountNo)
		if err != nil {
			return nil, err
		}
		var main *tickets.Ticket
		for i := range others {
			if others[i].ID != t.ID && others[i].Live() && overlaps(others[i].SubscriptionIDs, n.Subscriptions) {
				main = &others[i]
				break
			}
		}
		if main == nil {
			return nil, &tickets.Error{Kind: tickets.Unavailable, Msg: "Another run of the same subscription is just ending."}
		}
		_, verified := c.verified(c.Messages)
		kind := "account"
		if verified {
			kind = "joined"
		}
		records := []tickets.Record{{
			Stream: t.Number(), Type: tickets.EventLinked, Actor: string(tickets.DeskActor),
			Data: map[string]any{"to": main.Number(), "kind": kind},
		}}
		if err := tx.InsertLink(ctx, tickets.Link{FromID: t.ID, ToID: main.ID, Kind: kind, At: at}); err != nil {
			return nil, err
		}
		before := t.Status
		if !verified {
			step := c.step(tickets.Identify)
			step.RunID, step.State, step.Reason = c.Run.ID, tickets.NeedsAgent, "running_elsewhere"
			step.Detail = "Another ticket is already working on this subscription: " + main.Number()
			return records, tx.SaveStep(ctx, step)
		}
		if err := tx.MoveMessages(ctx, t.ID, main.ID); err != nil {
			return nil, err
		}
		if err := t.SetStatus(tickets.Closed, "joined", at); err != nil {
			return nil, err
		}
		if err := tx.SaveTicket(ctx, &t); err != nil {
			return nil, err
		}
		records = append(records, tickets.Record{
			Stream: t.Number(), Type: tickets.EventStatus, Actor: string(tickets.DeskActor),
			Data: map[string]any{"from": string(before), "to": string(t.Status), "reason": t.Reason},
		}, tickets.Record{
			Stream: main.Number(), Type: tickets.EventLinked, Actor: string(tickets.DeskActor),
			Data: map[string]any{"to": t.Number(), "kind": "absorbed"},
		})
		for _, i := range t.Intents {
			if i.Stops() && !slices.Contains(main.Intents, i) {
				main.Intents = append(main.Intents, i)
			}
		}
		if err := tx.SaveTicket(ctx, main); err != nil {
			return nil, err
		}
		return records, tx.Enqueue(ctx, tickets.Job{Kind: tickets.JobRun, TicketID: main.ID, DueAt: at, Key: "run/" + main.Number()})
	})
}

// settle records a step's new state.
func (r *Runner) settle(ctx context.Context, c Case, n Next) error {
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		records := []tickets.Record{stepRecord(c, n)}
		if n.Step == tickets.Verify && n.State == tickets.Succeeded {
			if m, ok := c.verified(c.asked(stopIntents()...)); ok {
				v := tickets.Verification{
					TicketID: c.Ticket.ID, MessageID: m.ID, Level: 1, Method: "registered_address",
					At: m.At, ExpiresAt: m.At.Add(tickets.VerificationLife),
				}
				if err := tx.InsertVerification(ctx, &v); err != nil {
					return nil, err
				}
				records = append(records, tickets.Record{
					Stream: c.Ticket.Number(), Type: tickets.EventVerified, Actor: string(tickets.DeskActor),
					Data: map[string]any{"level": 1, "method": v.Method, "message": m.ID},
				})
			}
		}
		return records, tx.SaveStep(ctx, r.step(c, n, at))
	})
}

// step is the step as the move leaves it.
func (r *Runner) step(c Case, n Next, at time.Time) tickets.Step {
	s := c.step(n.Step)
	s.RunID, s.Name, s.State, s.Reason, s.Detail = c.Run.ID, n.Step, n.State, n.Reason, n.Detail
	if s.StartedAt == nil {
		s.StartedAt = &at
	}
	s.EndedAt = nil
	if n.State.Done() {
		s.EndedAt = &at
	}
	return s
}

func stepRecord(c Case, n Next) tickets.Record {
	return tickets.Record{
		Stream: c.Ticket.Number(), Type: tickets.EventStep, Actor: string(tickets.DeskActor),
		Data: map[string]any{"step": string(n.Step), "state": string(n.State), "reason": n.Reason},
	}
}

// seal numbers the case's events and signs the log over them.
func (r *Runner) seal(ctx context.Context, c Case) error {
	size, err := r.Sealer.Seal(ctx)
	if err != nil {
		return fmt.Errorf("seal the log: %w", err)
	}
	return r.settle(ctx, c, Next{
		Step: tickets.Evidence, State: tickets.Succeeded, Detail: fmt.Sprintf("Proven by a signed log of %d entries.", size),
	})
}

// rest leaves the case until something happens and completes the job.
func (r *Runner) rest(ctx context.Context, c Case, n Next, done Complete) error {
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		var records []tickets.Record
		t := c.Ticket
		if t.Live() && (t.Status != n.Status || t.Reason != n.Reason) {
			before := t.Status
			if err := t.SetStatus(n.Status, n.Reason, at); err != nil {
				return nil, err
			}
			if err := tx.SaveTicket(ctx, &t); err != nil {
				return nil, err
			}
			records = append(records, tickets.Record{
				Stream: t.Number(), Type: tickets.EventStatus, Actor: string(tickets.DeskActor),
				Data: map[string]any{"from": string(before), "to": string(t.Status), "reason": t.Reason},
			})
			if t.Status == tickets.Solved {
				run := *c.Run
				run.EndedAt = &at
				if err := tx.SaveRun(ctx, &run); err != nil {
					return nil, err
				}
				if err := tx.Enqueue(ctx, tickets.Job{
					Kind: tickets.JobClose, TicketID: t.ID, DueAt: at.Add(r.Settings.CloseAfter),
					Key: "close/" + t.Number() + "/" + at.Format(time.RFC3339),
				}); err != nil {
					return nil, err
				}
			}
		}
		for _, tell := range n.Tells {
			if err := tx.Enqueue(ctx, tickets.Job{
				Kind: tickets.JobTell, TicketID: t.ID, Ref: string(tell), DueAt: at,
				Key: "tell/" + t.Number() + "/" + string(tell),
			}); err != nil {
				return nil, err
			}
		}
		if n.Wait > 0 {
			if err := tx.Enqueue(ctx, tickets.Job{
				Kind: tickets.JobRun, TicketID: t.ID, DueAt: at.Add(n.Wait), Key: "wait/" + t.Number(),
			}); err != nil {
				return nil, err
			}
		}
		return records, done(ctx, tx)
	})
}
