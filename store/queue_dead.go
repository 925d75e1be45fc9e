package store

import (
	"context"
	"errors"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// DeadJob is a job that was given up and waits for a person.
type DeadJob struct {
	tickets.Job
	ID       int64
	Attempts int64     // how often it was begun
	Error    string    // what the last attempt ended with; for operators, may quote personal data
	DiedAt   time.Time // by the program's clock
}

// DeadJobs lists the jobs that were given up, the oldest job first.
func (d *DB) DeadJobs(ctx context.Context) ([]DeadJob, error) {
	var rows []jobRow
	if err := d.on(ctx).Where("state = 'dead'").Order("id").Find(&rows).Error; err != nil {
		return nil, fail("dead jobs", err)
	}
	list := make([]DeadJob, len(rows))
	for i, r := range rows {
		list[i] = DeadJob{Job: r.job(), ID: r.ID, Attempts: r.Attempt, Error: r.Error, DiedAt: *r.EndedAt}
	}
	return list, nil
}

// RetryJob lets a dead job run again at once, with as many tries before it as a new one. NotFound
// where no dead job has that id.
func (d *DB) RetryJob(ctx context.Context, id int64) error {
	var row jobRow
	if err := d.writer.WithContext(ctx).Take(&row, "id = ? AND state = 'dead'", id).Error; err != nil {
		return fail("retry job", err)
	}
	died := row.EndedAt
	next := row
	next.State, next.EndedAt, next.Failures, next.Unavailable, next.Lost = jobReady, nil, 0, 0, 0
	next.RunAt = row.DueAt // a retry's waiting time is over, and it was due before it was first tried
	err := d.putBack(ctx, row, next, *died, "state = 'dead'")
	if errors.Is(err, errNotInHand) {
		return &tickets.Error{Kind: tickets.NotFound, Msg: "This job does not wait for a retry any more.", Err: err}
	}
	if err != nil {
		return err
	}
	d.queue.wake()
	return fail("announce jobs", announceJobs(d.writer.WithContext(ctx)))
}
