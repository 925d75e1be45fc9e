package store

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/canceldesk/canceldesk/store/postgrestest"
	"github.com/canceldesk/canceldesk/tickets"
)

// BenchmarkQueue stores and drains 500 jobs of 100 cases, each with one effect in its own transaction.
func BenchmarkQueue(b *testing.B) {
	for engine, newURL := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(b.TempDir(), "queue.db") },
		"postgres": func() string { return postgrestest.Start(b) },
	} {
		b.Run(engine, func(b *testing.B) {
			db, err := Open(b.Context(), newURL())
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			if err := db.Migrate(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := db.Conn().Exec("CREATE TABLE done_effects (key TEXT NOT NULL)").Error; err != nil {
				b.Fatal(err)
			}
			const n, cases = 500, 100
			jobs := make([]tickets.Job, n)
			for i := range jobs {
				jobs[i] = tickets.Job{Kind: tickets.JobRun, TicketID: int64(i%cases + 1), DueAt: past(), Key: strconv.Itoa(i)}
			}
			w := db.NewWorker(WorkerConfig{Now: past, Handlers: map[tickets.JobKind]Handler{
				tickets.JobRun: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
					return effect(ctx, db, j.Key, done)
				},
			}})
			for b.Loop() {
				if err := db.InTx(b.Context(), func(tx tickets.Tx) error { return tx.Enqueue(b.Context(), jobs...) }); err != nil {
					b.Fatal(err)
				}
				counts, err := w.Drain(b.Context())
				if err != nil || counts.Done != n {
					b.Fatalf("counts %+v, %v", counts, err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}
