package store

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Handler carries one job out. It calls done in the transaction that stores the job's effect, and
// nothing else completes the job: a handler that returns nil without done having been committed has
// failed. It may be called again for the same job after any interruption, so its effects outside carry
// a key. ctx ends with the job's time, with the worker, and when the job was lost to another worker.
//
// An error that is tickets.Unavailable or tickets.Stale is tried again for a day; any other parks the
// job after five tries, as a panic does.
type Handler func(ctx context.Context, j tickets.Job, done func(ctx context.Context, tx tickets.Tx) error) error

// WorkerConfig is what a Worker needs. Handlers and Now have no default.
type WorkerConfig struct {
	Handlers map[tickets.JobKind]Handler
	// Now decides which jobs are due. Leases do not follow it: they go by the database's clock.
	Now   func() time.Time
	Slots int           // jobs at a time; 0 is 20
	Poll  time.Duration // between looks for jobs that nobody announced; 0 is 100 ms
	// Name tells in the database who has a job; a part that makes it unique is added.
	Name string
	// Lease is after how long without a sign of life a worker counts as dead; 0 is 30 s.
	Lease      time.Duration
	JobTimeout time.Duration // of one try; 0 is 60 s
	// Dead, where set, is told of each job that was given up, so that somebody sees what it was for.
	Dead func(ctx context.Context, j tickets.Job) error
	Log  *slog.Logger // nil is none
}

// Worker carries out the jobs that transactions stored: those of one lane (Enqueue) one at a time in
// the order they fall due, others side by side. Any number of workers, in any number of processes, may
// work on one database.
type Worker struct {
	db *DB
	WorkerConfig
}

// Tally counts how tries of jobs ended.
type Tally struct {
	Done    int `json:"done"`
	Retried int `json:"retried"` // went wrong and will be tried again
	Dead    int `json:"dead"`    // given up until a person retries them
}

// Counts is a Tally of all jobs and one for each kind that was tried.
type Counts struct {
	Tally
	Kinds map[tickets.JobKind]Tally `json:"kinds"`
}

// NewWorker makes a worker on the database; nothing happens before Run or Drain.
func (d *DB) NewWorker(c WorkerConfig) *Worker {
	if c.Slots <= 0 {
		c.Slots = 20
	}
	if c.Poll <= 0 {
		c.Poll = 100 * time.Millisecond
	}
	if c.Lease <= 0 {
		c.Lease = 30 * time.Second
	}
	if c.JobTimeout <= 0 {
		c.JobTimeout = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Name == "" {
		c.Name = "worker"
	}
	c.Name += "-" + rand.Text()[:8]
	return &Worker{db: d, WorkerConfig: c}
}

// Run works until ctx ends, waits for the jobs in hand, which are cancelled then, and returns nil. A
// database that is away is waited for; any other trouble with it ends Run with the error.
func (w *Worker) Run(ctx context.Context) error {
	_, err := w.work(ctx, false)
	select {
	case <-ctx.Done(): // it was told to stop, so that it stopped is no trouble
		return nil
	default:
		return err
	}
}

// Drain works until no job is due by Now, and none is running in another process either, and says how
// the tries of this worker ended. A job that waits for its retry is not due.
func (w *Worker) Drain(ctx context.Context) (Counts, error) {
	return w.work(ctx, true)
}

// work is one spell of work.
func (w *Worker) work(ctx context.Context, drain bool) (counts Counts, err error) {
	s := &spell{Worker: w, wake: make(chan struct{}, 1), free: make(chan struct{}, 1), inHand: map[claimID]context.CancelFunc{}}
	s.counts.Kinds = map[tickets.JobKind]Tally{}
	if err := w.db.queue.join(ctx, w.db, s.wake, w.Now()); err != nil {
		return s.counts, err
	}
	defer func() { err = errors.Join(err, w.db.queue.leave(s.wake)) }()
	// Leases are kept alive until the last job in hand has ended, which is after ctx has.
	side, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.side.Go(func() { s.keepLeases(side) })
	s.side.Go(func() { s.takeBackLost(side) })
	if w.db.dialect == postgresDialect {
		s.side.Go(func() { w.db.listen(side, s.wake) })
	}
	err = s.loop(ctx, drain)
	s.jobs.Wait()
	stop()
	s.side.Wait()
	return s.counts, err
}

// loop claims and starts jobs until ctx ends or, with drain, nothing is left.
func (s *spell) loop(ctx context.Context, drain bool) error {
	tick := time.NewTicker(s.Poll)
	defer tick.Stop()
	away := false
	for {
		left, err := s.round(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (drain || !errors.Is(err, tickets.Unavailable)):
			return err
		case err != nil:
			if !away { // once, not at every look
				s.Log.Error("job queue can't be reached", "worker", s.Name, "error", err)
			}
		case away:
			s.Log.Info("job queue is reached again", "worker", s.Name)
		case drain && !left:
			return nil
		}
		away = err != nil
		select {
		case <-ctx.Done():
		case <-s.free:
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// round starts what is due as far as there are slots, and tells whether anything is left to do or to
// wait for.
func (s *spell) round(ctx context.Context) (left bool, err error) {
	slots := s.Slots - s.busy()
	if slots == 0 {
		return true, nil
	}
	now := s.Now()
	due, err := s.db.anyDue(ctx, now)
	if err != nil {
		return false, err
	}
	if due {
		// Not cut off half-way: what the database has given out must be started, or put back.
		claiming, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		rows, err := s.db.claim(claiming, s.Name, s.Lease, now, slots)
		cancel()
		if err != nil {
			return false, err
		}
		for _, r := range rows {
			s.start(ctx, r)
		}
	}
	if s.busy() > 0 {
		return true, nil
	}
	return s.db.anyOpen(ctx, now)
}
