package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"sync"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// settleTime is how long the end of a try may take to be written, also when the worker is to stop.
const settleTime = 10 * time.Second

// spell is a worker at work: one Run or Drain.
type spell struct {
	*Worker
	wake, free chan struct{} // something may be due; a slot is free
	jobs, side sync.WaitGroup

	mu     sync.Mutex
	inHand map[claimID]context.CancelFunc
	counts Counts
}

func (s *spell) busy() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inHand)
}

// start carries a claimed job out beside the others.
func (s *spell) start(ctx context.Context, r jobRow) {
	try, cancel := context.WithTimeout(atWork(ctx), s.JobTimeout)
	claim := claimID{r.ID, r.Attempt}
	s.mu.Lock()
	s.inHand[claim] = cancel
	s.mu.Unlock()
	s.jobs.Go(func() {
		defer cancel()
		err := s.call(try, r)
		s.settle(ctx, r, err)
		s.mu.Lock()
		delete(s.inHand, claim)
		s.mu.Unlock()
		select {
		case s.free <- struct{}{}:
		default:
		}
	})
}

// call runs the job's handler; a panic is an error with the place it came from.
func (s *spell) call(ctx context.Context, r jobRow) (err error) {
	h, ok := s.Handlers[r.Kind]
	if !ok {
		return fmt.Errorf("%w: %s", errNoHandler, r.Kind)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanicked, p, debug.Stack())
		}
	}()
	return h(ctx, r.job(), func(ctx context.Context, t tickets.Tx) error { return r.complete(ctx, t, s.Now()) })
}

// settle writes how a try ended. What was committed counts, not what the handler returned. Log lines
// name the job and the reason, never the whole error, which may hold an address; it is kept with the job.
func (s *spell) settle(ctx context.Context, r jobRow, cause error) {
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	log := s.Log.With("worker", s.Name, "job", r.ID, "kind", r.Kind, "ticket", r.TicketID, "attempt", r.Attempt)
	var now jobRow
	if err := s.db.on(ctx).Take(&now, "id = ?", r.ID).Error; err != nil {
		log.Error("end of job can't be read; its lease will run out", "error", fail("read job", err))
		return
	}
	switch {
	case now.Attempt != r.Attempt || now.Worker != r.Worker || (now.State != jobRunning && now.State != jobDone):
		log.Warn("job was lost to another worker; its late end counts for nothing")
		return
	case now.State == jobDone:
		if cause != nil {
			log.Error("job is done, but its handler reported trouble afterwards", "reason", reason(cause))
		}
		s.count(r.Kind, Tally{Done: 1})
		return
	case cause == nil:
		cause = errNotCompleted
	}
	at := s.Now()
	next := r.after(cause, at)
	if stopped { // interrupted by us, so it is nobody's failure
		next = r
		next.State, next.Error = jobReady, errorText(cause)
	}
	if next.State == jobDead && s.Dead != nil {
		// Before it is given up: whoever is killed in between leaves a job that is tried, and told of, once
		// more, and not one that nobody heard of.
		if err := s.Dead(ctx, r.job()); err != nil {
			log.Error("nobody could be told of the job", "error", err)
		}
	}
	err := s.db.putBack(ctx, r, next, at, "state = 'running' AND worker = ?", r.Worker)
	switch {
	case errors.Is(err, errNotInHand):
		log.Warn("job was lost to another worker; its late end counts for nothing")
	case err != nil:
		log.Error("end of job can't be written; its lease will run out", "error", err)
	case stopped:
		log.Info("job was interrupted and waits for the next worker")
	case next.State == jobDead:
		log.Error("job was given up and waits for a person", "reason", reason(cause))
		s.count(r.Kind, Tally{Dead: 1})
	default:
		log.Warn("job will be tried again", "at", next.RunAt, "reason", reason(cause))
		s.count(r.Kind, Tally{Retried: 1})
	}
}

// count adds to the tallies.
func (s *spell) count(kind tickets.JobKind, t Tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.counts.Kinds[kind]
	for _, to := range []*Tally{&s.counts.Tally, &k} {
		to.Done += t.Done
		to.Retried += t.Retried
		to.Dead += t.Dead
	}
	s.counts.Kinds[kind] = k
}

// held lists the jobs in hand, with what cancels each.
func (s *spell) held() (ids []int64, cancels map[claimID]context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.inHand {
		ids = append(ids, c.ID)
	}
	return ids, maps.Clone(s.inHand)
}

// keepLeases prolongs the leases of the jobs in hand until ctx ends. A job that turns out to be
// somebody else's by now is cancelled, so that two do not go on with it for long; the end it still
// tries to write is refused anyway.
func (s *spell) keepLeases(ctx context.Context) {
	s.every(ctx, s.Lease/3, func() error {
		ids, lost := s.held()
		if len(ids) == 0 {
			return nil
		}
		kept, err := s.db.renew(ctx, s.Name, s.Lease, ids)
		if err != nil {
			return err
		}
		for _, c := range kept {
			delete(lost, c)
		}
		for _, cancel := range lost {
			cancel()
		}
		return nil
	})
}

// takeBackLost frees the jobs of workers whose lease has run out, until ctx ends.
func (s *spell) takeBackLost(ctx context.Context) {
	s.every(ctx, min(time.Second, s.Lease/3), func() error {
		ids, _ := s.held()
		return s.db.takeBackLost(ctx, s.Now(), ids)
	})
}

// every calls f from time to time until ctx ends. Its errors are logged: the next call makes up for
// one that went wrong.
func (s *spell) every(ctx context.Context, d time.Duration, f func() error) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := f(); err != nil && ctx.Err() == nil {
			s.Log.Warn("leases of jobs can't be looked after", "worker", s.Name, "error", err)
		}
	}
}
