package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/postgrestest"
	"github.com/canceldesk/canceldesk/tickets"
)

// BenchmarkViews asks what an agent's page costs in a desk with 10³ to 10⁶ cases of which one in fifty
// still runs, with a run of eight steps each: list is the first page of the queue, counts the size of
// each of its views, watch a look for what has to be warned of, where nothing has.
func BenchmarkViews(b *testing.B) {
	for _, engine := range []struct {
		name string
		url  func(*testing.B) string
		rows []int
	}{
		{"sqlite", func(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "desk.db") }, []int{1e3, 1e4, 1e5, 1e6}},
		{"postgres", func(b *testing.B) string { return postgrestest.Start(b) }, []int{1e3, 1e4, 1e5, 1e6}},
	} {
		for _, rows := range engine.rows {
			b.Run(fmt.Sprintf("%s/%d", engine.name, rows), func(b *testing.B) {
				db, err := store.Open(b.Context(), engine.url(b))
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { _ = db.Close() })
				if err := db.Migrate(b.Context()); err != nil {
					b.Fatal(err)
				}
				fillQueue(b, db, rows)
				desk := queueDesk(bundle{DB: db, at: time.Date(2026, 7, 1, 9, 30, 0, 0, time.UTC)}, 0)
				b.Run("list", func(b *testing.B) {
					for b.Loop() {
						if list, _, err := db.Tickets(b.Context(), tickets.Filter{}); err != nil || len(list) != min(50, rows/50) {
							b.Fatalf("%d tickets: %v", len(list), err)
						}
					}
				})
				for _, v := range []tickets.View{tickets.ViewNextCharge, tickets.ViewApproval, tickets.ViewChats, tickets.ViewClosed, tickets.ViewNotCancellation} {
					b.Run("list_"+string(v), func(b *testing.B) {
						for b.Loop() {
							if _, _, err := db.Tickets(b.Context(), tickets.Filter{View: v}); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
				b.Run("counts", func(b *testing.B) {
					for b.Loop() {
						if _, err := db.Counts(b.Context(), "amy"); err != nil {
							b.Fatal(err)
						}
					}
				})
				b.Run("watch", func(b *testing.B) {
					for b.Loop() {
						if n, err := desk.Watch(b.Context()); err != nil || n != 0 {
							b.Fatalf("looked at %d: %v", n, err)
						}
					}
				})
			})
		}
	}
}

// fillQueue stores that many cases at once, in the database itself.
func fillQueue(b *testing.B, db *store.DB, rows int) {
	b.Helper()
	numbers := fmt.Sprintf("(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT n FROM s) AS numbers", rows)
	// PostgreSQL looks at its tables by itself from time to time, SQLite never does.
	stamp, analyze := "'%s 00:00:00+00:00'", "SELECT 1"
	if db.Conn().Name() == "postgres" {
		stamp, analyze = "TIMESTAMPTZ "+stamp, "ANALYZE"
	}
	day := func(d string) string { return fmt.Sprintf(stamp, d) }
	for _, sql := range []string{
		`INSERT INTO tickets (id, status, reason, channel, subject, requester, intent, assignee, received_at, first_response_due_at,
			resolution_due_at, next_charge_at, first_responded_at, closed_at, alert_at, version)
		SELECT n, CASE WHEN n % 50 > 0 THEN 'closed' WHEN n % 200 = 0 THEN 'pending' ELSE 'open' END,
			CASE WHEN n % 50 > 0 AND n % 4 = 0 THEN 'not_cancellation' WHEN n % 5000 = 0 THEN 'needs_approval' ELSE 'done' END,
			CASE WHEN n % 500 = 0 THEN 'chat' ELSE 'email' END, 'subject', n || '@example.com', 'stop_auto_renew',
			CASE WHEN n % 3 = 0 THEN '' ELSE 'a' || (n % 40) END, ` + day("2026-06-01") + ", " + day("2026-06-02") + ", " + day("2026-06-05") + `,
			CASE WHEN n % 2 = 0 THEN ` + day("2026-08-01") + " END, " + day("2026-06-01") + `,
			CASE WHEN n % 50 > 0 THEN ` + day("2026-06-10") + ` END, CASE WHEN n % 50 = 0 THEN ` + day("2026-09-01") + " END, 1 FROM " + numbers,
		"INSERT INTO runs (id, ticket_id, mode, started_at, version, ended_at) SELECT n, n, 'period_end', " + day("2026-06-01") +
			", 1, CASE WHEN n % 50 > 0 THEN " + day("2026-06-10") + " END FROM " + numbers,
		`INSERT INTO steps (run_id, name, state)
		SELECT n, name, CASE WHEN n % 50 = 0 AND name = 'cancel' THEN 'needs_agent' ELSE 'succeeded' END FROM ` + numbers +
			" CROSS JOIN (SELECT 'identify' AS name UNION SELECT 'verify' UNION SELECT 'cancel' UNION SELECT 'quote' UNION SELECT 'refund' UNION SELECT 'assets' UNION SELECT 'evidence' UNION SELECT 'notify') AS names",
		analyze,
	} {
		if err := db.Conn().WithContext(b.Context()).Exec(sql).Error; err != nil {
			b.Fatalf("%v\n%s", err, sql)
		}
	}
}
