package runbook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// Config is what a Runner needs.
type Config struct {
	Store    tickets.Store
	Settings tickets.Settings
	// Directory is asked for accounts as they are needed; nil where the store holds them all.
	Directory Directory
	Biller    Biller
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
	progressed := false
	for range moveLimit {
		c, stale, err := r.load(ctx, j.TicketID)
		if err != nil {
			return err
		}
		c.Channels, c.Tried, c.Progressed = r.reached(), tried, progressed
		c.Texts = r.Settings.Textable()
		c.QuoteChanged = c.changed(r.Settings, r.Now())
		next := Plan(c, r.Settings, r.Now())
		if stale != nil && c.Ticket.Live() && !slices.Contains([]Do{DoStop, DoEnd, DoHold}, next.Do) {
			// Debits are kept back by what is known; all else waits until the platform can be asked.
			return r.wait(ctx, c, stale)
		}
		settled := true
		if next.Do == DoRest {
			err = r.rest(ctx, c, next, done)
		} else {
			settled, err = r.carry(ctx, c, next)
		}
		switch {
		case errors.Is(err, tickets.Stale):
			continue // somebody changed the case meanwhile: look at it as it is now
		case err != nil:
			return fmt.Errorf("%s %s: %w", next.Do, c.Ticket.Number(), err)
		case next.Do == DoRest:
			return nil
		}
		progressed = progressed || settled
		if !settled || next.Do == DoStop || next.Do == DoEnd { // what is refused is tried once in a job, whoever asks for it
			tried = append(tried, next.Key)
		}
	}
	return fmt.Errorf("%s: more than %d moves in one job", tickets.Number(j.TicketID), moveLimit)
}

// wait leaves the job to be tried again, for the reason given, and rings for what can't wait.
func (r *Runner) wait(ctx context.Context, c Case, why error) error {
	err := r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		for _, a := range slices.Concat(c.unclear(at), c.unapplied(at)) {
			if err := tx.RaiseAlarm(ctx, a); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return errors.Join(fmt.Errorf("account of %s: %w", c.Ticket.Number(), why), err)
}

// reached are the payment channels that the desk has access to.
func (r *Runner) reached() []account.PaymentChannel {
	return slices.Sorted(maps.Keys(r.Channels))
}

// carry makes one move. It reports false for an outside effect that got no last word.
func (r *Runner) carry(ctx context.Context, c Case, n Next) (bool, error) {
	switch n.Do {
	case DoBegin:
		return true, r.begin(ctx, c)
	case DoIdentify:
		return r.identify(ctx, c, n)
	case DoSettle:
		return true, r.settle(ctx, c, n)
	case DoStop:
		return r.stop(ctx, c, n)
	case DoEnd:
		return r.end(ctx, c, n)
	case DoQuote:
		return true, r.quote(ctx, c, n)
	case DoAccept:
		return true, r.accept(ctx, c, n)
	case DoPropose:
		return true, r.propose(ctx, c, n)
	case DoSend:
		return r.send(ctx, c, n)
	case DoHold:
		return r.hold(ctx, c, n)
	case DoRelease:
		return r.release(ctx, c, n)
	case DoEndHold:
		return true, r.endHold(ctx, c, n)
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
		run, steps := tickets.BeginRun(c.Ticket, at)
		return nil, tx.InsertRun(ctx, &run, steps)
	})
}

// identify records whose case it is. Where the subscriptions already have a running run in another
// ticket of the account, which is as surely the owner's, the two become one.
func (r *Runner) identify(ctx context.Context, c Case, n Next) (bool, error) {
	err := r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		t := c.Ticket
		t.Candidates = n.Candidates
		if n.AccountNo != "" {
			t.AccountNo = n.AccountNo
		}
		data := map[string]any{"account": t.AccountNo, "candidates": len(n.Candidates)}
		if len(n.Subscriptions) > 0 {
			t.SubscriptionIDs = n.Subscriptions
			t.NextChargeAt = nextCharge(*c.Account, n.Subscriptions)
			if n.Claims {
				if err := claim(ctx, tx, c, n.Subscriptions, at); err != nil {
					return nil, err
				}
			}
			if err := linkOthers(ctx, tx, t, at); err != nil {
				return nil, err
			}
			data["subscriptions"], data["claims"] = anyOf(n.Subscriptions), n.Claims
		}
		return []tickets.Record{{
			Stream: t.Number(), Type: "identify.result", Actor: string(tickets.DeskActor), Data: data,
		}}, tx.SaveTicket(ctx, &t)
	})
	if errors.Is(err, tickets.Conflict) && n.Claims {
		return true, r.join(ctx, c, n)
	}
	return true, err
}

// claim gives the run its subscriptions, or is Conflict where another run works on one of them. A run
// holds those it began with, so the run that only looked for them ends and its steps go on in one
// that has them.
func claim(ctx context.Context, tx tickets.Tx, c Case, subscriptions []string, at time.Time) error {
	before := *c.Run
	before.EndedAt = &at
	if err := tx.SaveRun(ctx, &before); err != nil {
		return err
	}
	steps := slices.Clone(c.Steps)
	for i, s := range steps {
		// What was worked out before anybody vouched for the request is worked out anew.
		if slices.Contains([]tickets.StepName{tickets.QuoteIt, tickets.RefundIt, tickets.Assets}, s.Name) && s.State != tickets.Todo {
			steps[i].State, steps[i].Reason, steps[i].Detail, steps[i].EndedAt = tickets.Todo, "", "", nil
		}
	}
	run := tickets.Run{
		TicketID: c.Ticket.ID, Mode: c.Run.Mode, SubscriptionIDs: subscriptions, Snapshot: c.Account, StartedAt: c.Run.StartedAt,
	}
	return tx.InsertRun(ctx, &run, steps)
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

// sameInstant reports whether both are none or the same moment.
func sameInstant(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

func anyOf(in []string) []any {
	out := make([]any, len(in))
	for i, s := range in {
		out[i] = s
	}
	return out
}

// settle records a step's new state.
func (r *Runner) settle(ctx context.Context, c Case, n Next) error {
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		records := []tickets.Record{stepRecord(c, n)}
		if n.Step == tickets.Verify && n.State == tickets.Succeeded {
			more, err := verify(ctx, tx, c)
			if err != nil {
				return nil, err
			}
			records = append(records, more...)
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
		next := t.NextChargeAt
		if c.Account != nil && c.step(tickets.Cancel).State.Done() {
			next = nextCharge(*c.Account, t.SubscriptionIDs)
		}
		if t.Live() && (t.Status != n.Status || t.Reason != n.Reason || !sameInstant(t.NextChargeAt, next)) {
			before := t.Status
			t.NextChargeAt = next
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
			if (t.Status == tickets.Solved || t.Status == tickets.Closed) && c.Run.EndedAt == nil {
				run := *c.Run
				run.EndedAt = &at
				if err := tx.SaveRun(ctx, &run); err != nil {
					return nil, err
				}
			}
			if t.Status == tickets.Solved {
				if err := tx.Enqueue(ctx, tickets.Job{
					Kind: tickets.JobClose, TicketID: t.ID, DueAt: at.Add(r.Settings.CloseAfter),
					Key: "close/" + t.Number() + "/" + at.Format(time.RFC3339),
				}); err != nil {
					return nil, err
				}
			}
		}
		if !t.Live() {
			if err := c.hush(ctx, tx, at); err != nil {
				return nil, err
			}
		}
		for _, a := range n.Alarms {
			if err := tx.RaiseAlarm(ctx, a); err != nil {
				return nil, err
			}
		}
		if t.Status == tickets.New || t.Status == tickets.Open {
			for _, chat := range c.Chats {
				if chat.EndedAt == nil && chat.WaitingSince != nil {
					if err := tx.Enqueue(ctx, r.Settings.ChatIgnoredJob(chat, at)); err != nil {
						return nil, err
					}
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
			// The length is in the key, so that a long wait that is stored already does not swallow a
			// short one, and waits of one length do not add up.
			if err := tx.Enqueue(ctx, tickets.Job{
				Kind: tickets.JobRun, TicketID: t.ID, DueAt: at.Add(n.Wait), Key: "wait/" + t.Number() + "/" + n.Wait.String(),
			}); err != nil {
				return nil, err
			}
		}
		return records, done(ctx, tx)
	})
}
