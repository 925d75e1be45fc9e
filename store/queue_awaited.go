package store

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// awaiting are the runs of cases that are put off because the other side gave no answer: the job could
// not go on, or nobody knows what became of a call.
const awaiting = `kind = ? AND state = 'ready' AND run_at > ? AND (unavailable > 0
	OR ticket_id IN (SELECT ticket_id FROM effects WHERE state IN ('about_to', 'unknown')))`

// AnyAwaiting reports whether a case waits to be tried again because the other side gave no answer.
func (d *DB) AnyAwaiting(ctx context.Context, now time.Time) (any bool, err error) {
	err = d.on(ctx).Raw("SELECT EXISTS (SELECT 1 FROM jobs WHERE "+awaiting+")", tickets.JobRun, now).Scan(&any).Error
	return any, fail("look for cases that wait for an answer", err)
}

// Awaited lets every case that waits for an answer try again now, and returns how many there were. A job
// that a worker takes meanwhile is not ready any more and stays as it is.
func (d *DB) Awaited(ctx context.Context, now time.Time) (int64, error) {
	res := d.writer.WithContext(ctx).Exec("UPDATE jobs SET run_at = ? WHERE "+awaiting, now, tickets.JobRun, now)
	if res.Error != nil {
		return 0, fail("let cases try again", res.Error)
	}
	if res.RowsAffected > 0 {
		d.queue.wake()
	}
	return res.RowsAffected, nil
}
