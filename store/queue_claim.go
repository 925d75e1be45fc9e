package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// errNotInHand is a write to a job that somebody else has, or has ended, by now.
var errNotInHand = errors.New("the job is not in this worker's hands any more")

// claimLock is the PostgreSQL advisory lock under which workers claim one after another.
const claimLock = 0x63646a6f6273 // "cdjobs"

// claimTries bounds how often a claim is repeated that met another one.
const claimTries = 5

// dueJobs selects what may be claimed: due, its lane free, and the first of its lane. A job whose time
// has not come holds nobody up.
//
// Under two workers: claims come one after another (SQLite has one writer; on PostgreSQL the advisory
// lock, taken by an earlier statement of the transaction, so that this statement's snapshot sees the
// claim before). Rows that a transaction just changes are skipped, not waited for. MATERIALIZED keeps
// PostgreSQL from evaluating the limit again for each row. Should two ever meet all the same, the
// unique index over the lanes of running jobs lets only one through.
const dueJobs = `WITH due AS MATERIALIZED (
	SELECT j.id FROM jobs j
	WHERE j.state = 'ready' AND j.run_at <= ?
		AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.lane = j.lane AND r.state = 'running')
		AND NOT EXISTS (SELECT 1 FROM jobs e WHERE e.lane = j.lane AND e.state = 'ready' AND (e.run_at, e.id) < (j.run_at, j.id))
	ORDER BY j.run_at, j.id LIMIT ? %s)
UPDATE jobs SET state = 'running', attempt = attempt + 1, worker = ?, lease_until = %s
WHERE state = 'ready' AND id IN (SELECT id FROM due) RETURNING id`

// claim takes up to n due jobs into the worker's hands.
func (d *DB) claim(ctx context.Context, worker string, lease time.Duration, now time.Time, n int) ([]jobRow, error) {
	var opts *sql.TxOptions
	skip := ""
	if d.dialect == postgresDialect {
		opts = &sql.TxOptions{Isolation: sql.LevelReadCommitted} // the snapshot must be younger than the lock
		skip = "FOR UPDATE OF j SKIP LOCKED"
	}
	var rows []jobRow
	take := func(g *gorm.DB) error {
		if d.dialect == postgresDialect {
			if err := g.Exec("SELECT pg_advisory_xact_lock(?)", claimLock).Error; err != nil {
				return err
			}
		}
		var ids []int64
		if err := g.Raw(fmt.Sprintf(dueJobs, skip, d.inFuture()), now, n, worker, lease.Seconds()).Scan(&ids).Error; err != nil {
			return err
		}
		if len(ids) == 0 {
			return nil
		}
		return g.Order("run_at, id").Find(&rows, "id IN ?", ids).Error
	}
	for try := 1; ; try++ {
		rows = nil
		err := d.writer.WithContext(ctx).Transaction(take, opts)
		if (errors.Is(err, gorm.ErrDuplicatedKey) || again(err)) && try < claimTries {
			continue
		}
		return rows, fail("claim jobs", err)
	}
}

// anyDue tells whether a claim is worth its transaction.
func (d *DB) anyDue(ctx context.Context, now time.Time) (due bool, err error) {
	err = d.on(ctx).Raw("SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND run_at <= ?)", now).Scan(&due).Error
	return due, fail("look for due jobs", err)
}

// anyOpen tells whether a job is due or in anybody's hands, another process included.
func (d *DB) anyOpen(ctx context.Context, now time.Time) (open bool, err error) {
	err = d.on(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'running')
		OR EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND run_at <= ?)`, now).Scan(&open).Error
	return open, fail("look for open jobs", err)
}

// claimID names one claim of one job.
type claimID struct{ ID, Attempt int64 }

// renew prolongs the leases of jobs in the worker's hands and returns the claims it still has. A lease
// that has run out is prolonged too as long as nobody took the job back.
func (d *DB) renew(ctx context.Context, worker string, lease time.Duration, ids []int64) (kept []claimID, err error) {
	err = d.writer.WithContext(ctx).Raw(`UPDATE jobs SET lease_until = `+d.inFuture()+`
		WHERE state = 'running' AND worker = ? AND id IN ? RETURNING id, attempt`, lease.Seconds(), worker, ids).Scan(&kept).Error
	return kept, fail("renew leases of jobs", err)
}

// inHand is the condition that a claim is still good: nobody has taken the job back since. Attempt
// only ever grows, so that an old claim of the same worker does not count as its new one.
func inHand(g *gorm.DB, r jobRow) *gorm.DB {
	return g.Model(&jobRow{}).Where("id = ? AND state = 'running' AND worker = ? AND attempt = ?", r.ID, r.Worker, r.Attempt)
}

// complete ends a job in the transaction of its effect. Where the job is not in hand any more the
// transaction is ended here and now, so that the effect can't be stored even by a handler that
// overlooks the error.
func (r jobRow) complete(ctx context.Context, t tickets.Tx, now time.Time) error {
	own, ok := t.(*tx)
	if !ok {
		return fmt.Errorf("complete job %d: a transaction of another store (%T)", r.ID, t)
	}
	res := inHand(own.on(ctx), r).Updates(map[string]any{
		"state": jobDone, "ended_at": now, "lease_until": nil, "error": "",
	})
	if res.Error != nil {
		return fail("complete job", res.Error)
	}
	if res.RowsAffected == 0 {
		if err := own.on(ctx).Rollback().Error; err != nil {
			return fail("take back the effect of a lost job", err)
		}
		return fmt.Errorf("complete job %d: %w", r.ID, errNotInHand)
	}
	return nil
}

// putBack replaces a job, while it is as cond says, by next, which is ready, or dead. Where a job of
// the same key came to wait meanwhile, that one stands for both: it runs no later than next would
// have, and this one is done with. errNotInHand where the job is not as cond says.
func (d *DB) putBack(ctx context.Context, r, next jobRow, at time.Time, cond string, args ...any) error {
	set := map[string]any{
		"state": next.State, "run_at": next.RunAt, "ended_at": next.EndedAt, "lease_until": nil, "error": next.Error,
		"failures": next.Failures, "unavailable": next.Unavailable, "lost": next.Lost,
	}
	write := func(g *gorm.DB) error {
		res := g.Model(&jobRow{}).Where("id = ? AND attempt = ?", r.ID, r.Attempt).Where(cond, args...).Updates(set)
		if res.Error == nil && res.RowsAffected == 0 {
			return errNotInHand
		}
		return res.Error
	}
	err := write(d.writer.WithContext(ctx))
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		set["state"], set["ended_at"] = jobDone, at
		err = d.writer.WithContext(ctx).Transaction(func(g *gorm.DB) error {
			if err := write(g); err != nil {
				return err
			}
			return g.Model(&jobRow{}).Where("key = ? AND state = 'ready' AND run_at > ?", r.Key, next.RunAt).Update("run_at", next.RunAt).Error
		})
	}
	return fail("put back job", err)
}

// takeBackLost frees the jobs whose lease has run out by the database's clock, but for those in the
// caller's own hands: it knows better, and will prolong them.
func (d *DB) takeBackLost(ctx context.Context, now time.Time, own []int64) error {
	lost, args := "state = 'running' AND lease_until < "+d.inFuture(), []any{0}
	if len(own) > 0 {
		lost, args = lost+" AND id NOT IN ?", append(args, own)
	}
	return d.takeBack(ctx, now, lost, args...)
}

// takeBack frees the running jobs that cond says are lost. Each is written by itself and only while
// cond still holds, so that a lease prolonged meanwhile counts.
func (d *DB) takeBack(ctx context.Context, now time.Time, cond string, args ...any) error {
	var rows []jobRow
	if err := d.on(ctx).Where(cond, args...).Order("id").Find(&rows).Error; err != nil {
		return fail("look for lost jobs", err)
	}
	for _, r := range rows {
		err := d.putBack(ctx, r, r.after(errWorkerLost, now), now, cond, args...)
		if err != nil && !errors.Is(err, errNotInHand) {
			return err
		}
	}
	return nil
}
