package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// jobState is where a job stands.
type jobState string

const (
	jobReady   jobState = "ready"   // waits for its time, its lane and a worker
	jobRunning jobState = "running" // in the hands of one worker, until its lease runs out
	jobDone    jobState = "done"    // its effect is stored
	jobDead    jobState = "dead"    // given up until a person retries it
)

// jobRow is a job with what its workers keep about it. The lease is the database's own affair: it is
// written and compared in SQL only, by the database's clock.
type jobRow struct {
	ID       int64 `gorm:"primaryKey"`
	Kind     tickets.JobKind
	TicketID int64
	Ref      string
	Key      string
	Lane     *string
	DueAt    time.Time // as asked for
	RunAt    time.Time // when it is tried next; a retry moves it
	State    jobState
	Attempt  int64 // counts up with every claim and never down, so that with Worker it names one claim
	// What went wrong since the job was stored or a person retried it.
	Failures    int // errors and panics
	Unavailable int // errors that say that trying again may help
	Lost        int // workers that died with the job in hand
	Worker      string
	Error       string
	EndedAt     *time.Time
}

// TableName is where jobs are kept.
func (jobRow) TableName() string { return "jobs" }

// job is the row as its handler sees it.
func (r jobRow) job() tickets.Job {
	return tickets.Job{Kind: r.Kind, TicketID: r.TicketID, Ref: r.Ref, DueAt: r.DueAt, Key: r.Key}
}

// lane names the jobs that run one at a time: those of one ticket and one class, which is the part of
// the kind before the dot. Mail (reply.) has lanes of its own, so that a slow mail server never keeps
// a case (ticket.) from being stopped. nil is no lane.
func lane(j tickets.Job) *string {
	if j.TicketID == 0 {
		return nil
	}
	class, _, _ := strings.Cut(string(j.Kind), ".")
	name := fmt.Sprintf("%s/%d", class, j.TicketID)
	return &name
}

// Enqueue stores jobs that begin to exist when the transaction commits; workers are told then.
func (t *tx) Enqueue(_ context.Context, jobs ...tickets.Job) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.jobs = append(t.jobs, jobs...)
	return nil
}

// insertJobs stores jobs, or where one of its key waits already, lets that one run as early as the new
// one would have. The unique index over the keys of waiting jobs decides which it is, so that two
// transactions can't both store the same; a job that runs is no longer waiting, so the new one is kept
// and runs after it.
func insertJobs(ctx context.Context, g *gorm.DB, jobs []tickets.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	const oneWaits = `ON CONFLICT (key) WHERE state = 'ready' AND key <> '' DO UPDATE SET
		due_at = CASE WHEN excluded.due_at < jobs.due_at THEN excluded.due_at ELSE jobs.due_at END,
		run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END`
	if err := createAllOr(ctx, g, newJobRows(jobs), oneWaits); err != nil {
		return err
	}
	return announceJobs(g)
}

// newJobRows are the rows of new jobs, those of one key made into one: a statement can't change a row
// that it has just inserted.
func newJobRows(jobs []tickets.Job) []jobRow {
	rows := make([]jobRow, 0, len(jobs))
	byKey := make(map[string]int, len(jobs))
	for _, j := range jobs {
		if at, known := byKey[j.Key]; known {
			if j.DueAt.Before(rows[at].DueAt) {
				rows[at].DueAt, rows[at].RunAt = j.DueAt, j.DueAt
			}
			continue
		}
		if j.Key != "" {
			byKey[j.Key] = len(rows)
		}
		rows = append(rows, jobRow{
			Kind: j.Kind, TicketID: j.TicketID, Ref: j.Ref, Key: j.Key, Lane: lane(j), DueAt: j.DueAt, RunAt: j.DueAt, State: jobReady,
		})
	}
	return rows
}

// announceJobs tells workers in other processes, on PostgreSQL, once the transaction has committed.
func announceJobs(g *gorm.DB) error {
	if g.Name() != string(postgresDialect) {
		return nil
	}
	return g.Exec("SELECT pg_notify(?, '')", jobsChannel).Error
}
