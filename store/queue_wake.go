package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/canceldesk/canceldesk/tickets"
)

// jobsChannel is the PostgreSQL notification channel that tells of new jobs.
const jobsChannel = "canceldesk_jobs"

// queue is what the workers of one DB share.
type queue struct {
	mu    sync.Mutex
	wakes map[chan struct{}]bool // one for each worker at work
	lock  *os.File               // SQLite only: held while any worker of this process is at work
}

// wake lets every worker of this process look for jobs now.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for c := range q.wakes {
		select {
		case c <- struct{}{}:
		default: // it has been told already
		}
	}
}

// join adds a worker. On SQLite the first of a process first looks whether any other process works on
// the file; if none does, whatever still counts as running was left by one that died, and is taken
// back at once instead of when its lease runs out.
//
// The look is a lock on a file beside the database, which ends with its process: exclusive while taking
// back, shared as long as there are workers. So whoever gets it exclusively is alone, also where
// several processes come and go.
func (q *queue) join(ctx context.Context, d *DB, wake chan struct{}, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wakes == nil {
		q.wakes = map[chan struct{}]bool{}
	}
	if d.dialect == sqliteDialect && len(q.wakes) == 0 {
		f, err := os.OpenFile(d.path+"-jobs", os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return lockUnusable(err)
		}
		if err := takeOver(ctx, d, f, now); err != nil {
			_ = f.Close() // which gives the lock up, if there is one
			return err
		}
		q.lock = f
	}
	q.wakes[wake] = true
	return nil
}

// leave removes a worker that has nothing in hand any more.
func (q *queue) leave(wake chan struct{}) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.wakes, wake)
	if len(q.wakes) > 0 || q.lock == nil {
		return nil
	}
	err := q.lock.Close()
	q.lock = nil
	if err != nil {
		return fmt.Errorf("unlock the queue: %w", err)
	}
	return nil
}

// takeOver takes lost jobs back where no other process works, and shares the lock from then on. The
// change from exclusive to shared is not atomic, but whoever slips in between finds nothing of ours
// running yet.
func takeOver(ctx context.Context, d *DB, f *os.File, now time.Time) error {
	const recheck = 10 * time.Millisecond // the exclusive lock is held for moments only
	fd := int(f.Fd())
	err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		if err := d.takeBack(ctx, now, "state = 'running'"); err != nil {
			return err
		}
	} else if !errors.Is(err, syscall.EWOULDBLOCK) {
		return lockUnusable(err)
	}
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	for {
		err := syscall.Flock(fd, syscall.LOCK_SH|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return lockUnusable(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fail("lock the queue", ctx.Err())
		}
	}
}

func lockUnusable(err error) error {
	return &tickets.Error{Kind: tickets.Unavailable, Msg: "The lock file of the job queue can't be used.", Err: err}
}

// listen signals wake for jobs that other processes stored, until ctx ends. It is a convenience on a
// connection of its own: without it a worker still finds them by looking.
func (d *DB) listen(ctx context.Context, wake chan struct{}) {
	const reconnect = 5 * time.Second
	tick := time.NewTicker(reconnect)
	defer tick.Stop()
	for {
		// An error here is the database being away, which the worker's own statements meet and log.
		_ = d.listenOnce(ctx, wake)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *DB) listenOnce(ctx context.Context, wake chan struct{}) error {
	c, err := pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to listen for jobs: %w", err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "LISTEN "+jobsChannel); err != nil {
		return fmt.Errorf("listen for jobs: %w", err)
	}
	for {
		if _, err := c.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("wait for jobs: %w", err)
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}
