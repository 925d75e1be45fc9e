package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/postgrestest"
	"github.com/canceldesk/canceldesk/tickets"
)

// waitTime bounds every wait for a condition in these tests.
const waitTime = 20 * time.Second

// past is a business time far from the machine's.
func past() time.Time { return time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC) }

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// queueBundle is an empty queue on one database, and what was done from it, in order.
type queueBundle struct {
	db    *DB
	url   string
	clock *clock

	mu    sync.Mutex
	calls []string
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, f func(t *testing.T, b *queueBundle)) {
	on(t, f, sqliteDialect, postgresDialect)
}

// on runs a test on these databases.
func on(t *testing.T, f func(t *testing.T, b *queueBundle), engines ...dialect) {
	t.Helper()
	urls := map[dialect]func(t *testing.T) string{
		sqliteDialect:   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "queue.db") },
		postgresDialect: func(t *testing.T) string { return postgrestest.Start(t) },
	}
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			b := &queueBundle{url: urls[engine](t), clock: &clock{at: past()}}
			b.db = openQueue(t, b.url)
			if err := b.db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			// No uniqueness here: an effect that happens twice must show.
			if err := b.db.Conn().Exec("CREATE TABLE done_effects (key TEXT NOT NULL)").Error; err != nil {
				t.Fatal(err)
			}
			f(t, b)
		})
	}
}

func openQueue(t *testing.T, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func (b *queueBundle) enqueue(t *testing.T, jobs ...tickets.Job) {
	t.Helper()
	err := b.db.InTx(t.Context(), func(tx tickets.Tx) error { return tx.Enqueue(t.Context(), jobs...) })
	if err != nil {
		t.Fatal(err)
	}
}

// call notes that a job's handler ran.
func (b *queueBundle) call(j tickets.Job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, j.Ref)
}

func (b *queueBundle) called() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.calls...)
}

// effect stores what a job does and completes it.
func effect(ctx context.Context, db *DB, key string, done func(context.Context, tickets.Tx) error) error {
	return db.InTx(ctx, func(t tickets.Tx) error {
		if err := storeEffect(ctx, t, key); err != nil {
			return err
		}
		return done(ctx, t)
	})
}

func storeEffect(ctx context.Context, t tickets.Tx, key string) error {
	own, ok := t.(*tx)
	if !ok {
		return fmt.Errorf("effect in a %T", t)
	}
	return fail("effect", own.on(ctx).Exec("INSERT INTO done_effects (key) VALUES (?)", key).Error)
}

// effects counts them by key.
func (b *queueBundle) effects(t *testing.T) map[string]int {
	t.Helper()
	var rows []struct {
		Key string
		N   int
	}
	if err := b.db.ReadConn().Raw("SELECT key, count(*) AS n FROM done_effects GROUP BY key").Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, r := range rows {
		got[r.Key] = r.N
	}
	return got
}

// do is the ordinary handler: it notes the call and stores one effect.
func (b *queueBundle) do(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
	b.call(j)
	return effect(ctx, b.db, j.Ref, done)
}

// worker handles both classes of jobs by h.
func (b *queueBundle) worker(h Handler, change ...func(*WorkerConfig)) *Worker {
	c := WorkerConfig{Handlers: map[tickets.JobKind]Handler{tickets.JobRun: h, tickets.JobClose: h, tickets.JobSend: h}, Now: b.clock.now}
	for _, f := range change {
		f(&c)
	}
	return b.db.NewWorker(c)
}

func (b *queueBundle) drain(t *testing.T, h Handler) Tally {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTime)
	defer cancel()
	counts, err := b.worker(h).Drain(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return counts.Tally
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(waitTime)
	defer end.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func wants[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestDrainDoesWhatIsDueByTheInjectedClock(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t,
			tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: "now", DueAt: past()},
			tickets.Job{Kind: tickets.JobClose, TicketID: 2, Ref: "in a week", DueAt: past().AddDate(0, 0, 7)},
			tickets.Job{Kind: tickets.JobSend, Ref: "of no ticket", DueAt: past().Add(-time.Hour)},
		)
		wants(t, "first drain", b.drain(t, b.do), Tally{Done: 2})
		b.clock.advance(7 * 24 * time.Hour)
		wants(t, "a week later", b.drain(t, b.do), Tally{Done: 1})
		wants(t, "again", b.drain(t, b.do), Tally{})
		wants(t, "effects", b.effects(t), map[string]int{"now": 1, "in a week": 1, "of no ticket": 1})
	})
}

func TestDrainCountsByKind(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t,
			tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: "a", DueAt: past()},
			tickets.Job{Kind: tickets.JobRun, TicketID: 2, Ref: "b", DueAt: past()},
			tickets.Job{Kind: tickets.JobTell, TicketID: 1, Ref: "nobody handles it", DueAt: past()},
		)
		got, err := b.worker(b.do).Drain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "counts", got, Counts{Tally: Tally{Done: 2, Retried: 1}, Kinds: map[tickets.JobKind]Tally{
			tickets.JobRun: {Done: 2}, tickets.JobTell: {Retried: 1},
		}})
	})
}

func TestJobsOfALaneRunOneAtATimeInOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		const cases, each = 5, 6
		var jobs []tickets.Job
		for n := range each { // stored latest first, so that the order stored is not the order due
			for c := range cases {
				jobs = append(jobs, tickets.Job{
					Kind: tickets.JobRun, TicketID: int64(c + 1), Ref: strconv.Itoa(each - n), DueAt: past().Add(time.Duration(-n) * time.Minute),
				})
			}
		}
		b.enqueue(t, jobs...)
		var mu sync.Mutex
		busy, most, overlaps := map[int64]bool{}, 0, 0
		order := map[int64][]string{}
		h := func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			mu.Lock()
			if busy[j.TicketID] {
				overlaps++
			}
			busy[j.TicketID] = true
			most = max(most, len(busy))
			order[j.TicketID] = append(order[j.TicketID], j.Ref)
			mu.Unlock()
			return effect(ctx, b.db, "", func(ctx context.Context, t tickets.Tx) error {
				mu.Lock() // before the commit: after it the next of the lane may begin
				delete(busy, j.TicketID)
				mu.Unlock()
				return done(ctx, t)
			})
		}
		wants(t, "counts", b.drain(t, h), Tally{Done: cases * each})
		want := map[int64][]string{}
		for c := range cases {
			want[int64(c+1)] = []string{"1", "2", "3", "4", "5", "6"}
		}
		wants(t, "order", order, want)
		wants(t, "two of one lane at once", overlaps, 0)
		if most < 2 {
			t.Errorf("lanes ran one after another, want side by side")
		}
	})
}

func TestAMailThatIsRetriedOrHangsNeverBlocksAStop(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		hanging := make(chan struct{})
		h := func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			if j.Ref == "mail" {
				select {
				case <-hanging:
				case <-ctx.Done(): // the stop never came
				}
				return &tickets.Error{Kind: tickets.Unavailable, Msg: "No mail server."}
			}
			if err := b.do(ctx, j, done); err != nil {
				return err
			}
			close(hanging) // so the mail has hung until the stop was stored
			return nil
		}
		b.enqueue(t,
			tickets.Job{Kind: tickets.JobSend, TicketID: 1, Ref: "mail", DueAt: past().Add(-time.Hour)},
			tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: "stop", DueAt: past()},
		)
		wants(t, "counts", b.drain(t, h), Tally{Done: 1, Retried: 1})
		wants(t, "effects", b.effects(t), map[string]int{"stop": 1})
	})
}

func TestAKeyKeepsASecondJobOutOnlyWhileTheFirstWaits(t *testing.T) {
	t.Parallel()
	later, sooner := past().Add(time.Hour), past()
	run := func(ref string, due time.Time) tickets.Job {
		return tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: ref, DueAt: due, Key: "run/CD-000001"}
	}
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, run("first", later), run("second", later.Add(time.Hour)))
		wants(t, "nothing due", b.drain(t, b.do), Tally{})
		b.enqueue(t, run("third, due now", sooner))
		wants(t, "moved forward", b.drain(t, b.do), Tally{Done: 1})
		wants(t, "stored once", b.called(), []string{"first"})

		once := sync.OnceFunc(func() { b.enqueue(t, run("while it runs", sooner)) })
		b.enqueue(t, run("running", sooner))
		wants(t, "both run", b.drain(t, func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			once()
			return b.do(ctx, j, done)
		}), Tally{Done: 2})
		wants(t, "both kept", b.called(), []string{"first", "running", "while it runs"})
	})
}

func TestAFailedJobGivesWayToAWaitingOneOfItsKey(t *testing.T) {
	t.Parallel()
	run := func(ref string, due time.Time) tickets.Job {
		return tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: ref, DueAt: due, Key: "wait/CD-000001"}
	}
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, run("old", past()))
		wants(t, "fails", b.drain(t, func(ctx context.Context, j tickets.Job, _ func(context.Context, tickets.Tx) error) error {
			b.call(j)
			b.enqueue(t, run("new", past().AddDate(0, 0, 3)))
			return &tickets.Error{Kind: tickets.Unavailable, Msg: "No biller."}
		}), Tally{Retried: 1})
		b.clock.advance(backoff(1)) // not three days: the failed one's turn comes no later for the new one
		wants(t, "one is left", b.drain(t, b.do), Tally{Done: 1})
		b.clock.advance(30 * 24 * time.Hour)
		wants(t, "and no other", b.drain(t, b.do), Tally{})
		wants(t, "calls", b.called(), []string{"old", "new"})
	})
}

func TestAJobOfATransactionThatFailsNeverExists(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		broken := errors.New("broken")
		err := b.db.InTx(t.Context(), func(tx tickets.Tx) error {
			if err := tx.Enqueue(t.Context(), tickets.Job{Kind: tickets.JobRun, TicketID: 1, DueAt: past()}); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatalf("InTx gave %v", err)
		}
		wants(t, "counts", b.drain(t, b.do), Tally{})
	})
}
