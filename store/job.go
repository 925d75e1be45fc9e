package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// jobRow is a job as it is first stored; the worker's own columns start from their defaults.
type jobRow struct {
	ID       int64 `gorm:"primaryKey"`
	Kind     tickets.JobKind
	TicketID int64
	Ref      string
	DueAt    time.Time
	Key      string
}

// TableName is where jobs are kept.
func (jobRow) TableName() string { return "jobs" }

// Enqueue stores jobs that begin to exist when the transaction commits.
func (t *tx) Enqueue(_ context.Context, jobs ...tickets.Job) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.jobs = append(t.jobs, jobs...)
	return nil
}

// insertJobs inserts the jobs whose key does not wait already. The unique index over the keys of
// waiting jobs decides, so that two transactions can't both store the same.
func insertJobs(g *gorm.DB, jobs []tickets.Job) error {
	rows := make([]jobRow, len(jobs))
	for i, j := range jobs {
		rows[i] = jobRow{Kind: j.Kind, TicketID: j.TicketID, Ref: j.Ref, DueAt: j.DueAt, Key: j.Key}
	}
	return createAll(g.Clauses(skipExisting()), rows)
}
