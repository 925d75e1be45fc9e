package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// work runs a worker until stop is called, which waits for it.
func work(t *testing.T, w *Worker) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (b *queueBundle) row(t *testing.T) jobRow {
	t.Helper()
	var r jobRow
	if err := b.db.ReadConn().Order("id").Take(&r).Error; err != nil {
		t.Fatal(err)
	}
	return r
}

func oneJob() tickets.Job {
	return tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: "stop", DueAt: past(), Key: "run/CD-000001"}
}

func TestALateCompletionIsRefusedAndItsEffectTakenBack(t *testing.T) {
	t.Parallel()
	handlers := map[string]func(err error) error{
		"the handler returns the error": func(err error) error { return err },
		"the handler overlooks it":      func(error) error { return nil },
	}
	for name, late := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, b *queueBundle) {
				b.enqueue(t, oneJob())
				began, freed := make(chan struct{}), make(chan struct{})
				var refused error
				h := func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
					close(began)
					<-freed
					return b.db.InTx(context.WithoutCancel(ctx), func(x tickets.Tx) error {
						if err := storeEffect(context.WithoutCancel(ctx), x, "late"); err != nil {
							return err
						}
						refused = done(context.WithoutCancel(ctx), x)
						return late(refused)
					})
				}
				stop := work(t, b.worker(h, func(c *WorkerConfig) { c.Slots = 1 }))
				<-began
				// As if the worker had been stopped, machine and all, for longer than its lease.
				if err := b.db.Conn().Exec("UPDATE jobs SET lease_until = "+b.db.inFuture(), -1).Error; err != nil {
					t.Fatal(err)
				}
				other := &queueBundle{db: openQueue(t, b.url), clock: b.clock}
				wants(t, "the other worker's counts", other.drain(t, other.do), Tally{Done: 1})
				close(freed)
				stop()
				if !errors.Is(refused, errNotInHand) {
					t.Errorf("late completion gave %v, want %v", refused, errNotInHand)
				}
				wants(t, "effects", b.effects(t), map[string]int{"stop": 1})
				r := b.row(t)
				wants(t, "end of the job", []any{r.State, r.Attempt, r.Lost}, []any{jobDone, int64(2), 1})
			})
		})
	}
}

func TestOnlyTheLastClaimCompletesAJob(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, oneJob())
		claim := func(worker string) jobRow {
			rows, err := b.db.claim(t.Context(), worker, time.Minute, past(), 5)
			if err != nil || len(rows) != 1 {
				t.Fatalf("claimed %+v, %v", rows, err)
			}
			return rows[0]
		}
		complete := func(r jobRow) error {
			return effect(t.Context(), b.db, r.Worker, func(ctx context.Context, x tickets.Tx) error { return r.complete(ctx, x, past()) })
		}
		var claims []jobRow
		for _, worker := range []string{"one", "one", "two"} {
			claims = append(claims, claim(worker))
			if err := b.db.Conn().Exec("UPDATE jobs SET lease_until = "+b.db.inFuture(), -1).Error; err != nil {
				t.Fatal(err)
			}
			if err := b.db.takeBackLost(t.Context(), past(), nil); err != nil {
				t.Fatal(err)
			}
		}
		last := claim("one")
		for _, r := range claims {
			if err := complete(r); !errors.Is(err, errNotInHand) {
				t.Errorf("claim %d of %s completed the job with %v, want %v", r.Attempt, r.Worker, err, errNotInHand)
			}
		}
		wants(t, "effects", b.effects(t), map[string]int{})
		if err := complete(last); err != nil {
			t.Errorf("the last claim gave %v", err)
		}
		wants(t, "effects", b.effects(t), map[string]int{"one": 1})
	})
}

func TestAWorkerThatWasPausedKeepsWhatNobodyTook(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, oneJob())
		rows, err := b.db.claim(t.Context(), "one", -time.Minute, past(), 5) // a lease that has run out
		if err != nil || len(rows) != 1 {
			t.Fatalf("claimed %+v, %v", rows, err)
		}
		own := []int64{rows[0].ID}
		if err := b.db.takeBackLost(t.Context(), past(), own); err != nil {
			t.Fatal(err)
		}
		kept, err := b.db.renew(t.Context(), "one", time.Minute, own)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "claims kept", kept, []claimID{{ID: own[0], Attempt: 1}})
		if err := b.db.takeBackLost(t.Context(), past(), nil); err != nil {
			t.Fatal(err)
		}
		wants(t, "state once prolonged", b.row(t).State, jobRunning)
	})
}

func TestALostJobIsCancelled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, oneJob())
		began, cancelled := make(chan struct{}), make(chan struct{})
		work(t, b.worker(func(ctx context.Context, _ tickets.Job, _ func(context.Context, tickets.Tx) error) error {
			close(began)
			<-ctx.Done()
			close(cancelled)
			return ctx.Err()
		}, func(c *WorkerConfig) { c.Lease = 300 * time.Millisecond }))
		<-began
		if err := b.db.Conn().Exec("UPDATE jobs SET state = 'dead', lease_until = NULL, ended_at = due_at").Error; err != nil {
			t.Fatal(err)
		}
		eventually(t, "the handler is cancelled", func() bool {
			select {
			case <-cancelled:
				return true
			default:
				return false
			}
		})
	})
}

func TestALeaseIsKeptWhileTheJobIsInHand(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		const lease = 1500 * time.Millisecond // renewed every third of it, also where both cores are busy
		b.enqueue(t, oneJob())
		short := func(c *WorkerConfig) { c.Lease = lease }
		begun := make(chan struct{}, 10)
		h := func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			begun <- struct{}{}
			slow := time.NewTimer(3 * lease) // a slow biller
			defer slow.Stop()
			select {
			case <-slow.C:
			case <-ctx.Done():
				return ctx.Err()
			}
			return b.do(ctx, j, done)
		}
		work(t, b.worker(h, short))
		<-begun
		b.clock.advance(30 * 24 * time.Hour) // leases go by the database's clock, so this ends none
		other := &queueBundle{db: openQueue(t, b.url), clock: b.clock}
		counts, err := other.worker(other.do, short).Drain(t.Context()) // which also waits for the first worker
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "the other's counts", counts.Tally, Tally{})
		wants(t, "effects", b.effects(t), map[string]int{"stop": 1})
		wants(t, "attempts", b.row(t).Attempt, 1)
	})
}

func TestAPoisonJobIsParkedWhereAPersonSeesAndRetriesIt(t *testing.T) {
	t.Parallel()
	for name, poison := range map[string]struct {
		h    Handler
		says string
	}{
		"error": {func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
			return errors.New("no such plan")
		}, "no such plan"},
		"panic": {func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
			panic("index out of range")
		}, "panic: index out of range"},
		"nothing done": {func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
			return nil
		}, errNotCompleted.Error()},
		"completed in a foreign transaction": {func(ctx context.Context, _ tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return done(ctx, nil)
		}, "a transaction of another store"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, b *queueBundle) {
				b.enqueue(t, oneJob())
				for range failureLimit - 1 {
					wants(t, "counts", b.drain(t, poison.h), Tally{Retried: 1})
					b.clock.advance(time.Minute)
				}
				wants(t, "counts of the last try", b.drain(t, poison.h), Tally{Dead: 1})
				b.clock.advance(30 * 24 * time.Hour)
				wants(t, "counts ever after", b.drain(t, b.do), Tally{})

				dead, err := b.db.DeadJobs(t.Context())
				if err != nil || len(dead) != 1 {
					t.Fatalf("dead jobs %+v, %v", dead, err)
				}
				if !strings.Contains(dead[0].Error, poison.says) {
					t.Errorf("it says %q, want %q", dead[0].Error, poison.says)
				}
				dead[0].Error = ""
				wants(t, "dead job", dead[0], DeadJob{Job: oneJob(), ID: dead[0].ID, Attempts: failureLimit, DiedAt: past().Add((failureLimit - 1) * time.Minute)})

				if err := b.db.RetryJob(t.Context(), dead[0].ID); err != nil {
					t.Fatal(err)
				}
				if err := b.db.RetryJob(t.Context(), dead[0].ID); !errors.Is(err, tickets.NotFound) {
					t.Errorf("a second retry gave %v, want NotFound", err)
				}
				wants(t, "counts once repaired", b.drain(t, b.do), Tally{Done: 1})
				wants(t, "effects", b.effects(t), map[string]int{"stop": 1})
			})
		})
	}
}

func TestAJobIsToldOfBeforeItIsGivenUp(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, oneJob())
		bad := func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
			return errors.New("no such plan")
		}
		var states []string // as whoever is told would leave them, killed at that moment
		told := func(c *WorkerConfig) {
			c.Dead = func(ctx context.Context, _ tickets.Job) error {
				var state string
				err := b.db.ReadConn().WithContext(ctx).Raw("SELECT state FROM jobs").Scan(&state).Error
				states = append(states, state)
				return err
			}
		}
		for range failureLimit {
			if _, err := b.worker(bad, told).Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.clock.advance(time.Minute)
		}
		wants(t, "states when it was told", states, []string{"running"})
	})
}

func TestARetriedJobGivesWayToAWaitingOneOfItsKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, oneJob())
		if err := b.db.Conn().Exec("UPDATE jobs SET state = 'dead', ended_at = due_at").Error; err != nil {
			t.Fatal(err)
		}
		second := oneJob()
		second.Ref, second.DueAt = "second", past().AddDate(0, 0, 3)
		b.enqueue(t, second)
		if err := b.db.RetryJob(t.Context(), b.row(t).ID); err != nil {
			t.Fatal(err)
		}
		wants(t, "counts", b.drain(t, b.do), Tally{Done: 1})
		wants(t, "calls", b.called(), []string{"second"})
	})
}

func TestAServiceThatIsAwayIsAskedAgainUntilItIsBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, oneJob())
		for range 3 * failureLimit {
			wants(t, "counts", b.drain(t, func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
				return &tickets.Error{Kind: tickets.Unavailable, Msg: "No biller."}
			}), Tally{Retried: 1})
			b.clock.advance(backoffCap)
		}
		wants(t, "counts when it is back", b.drain(t, b.do), Tally{Done: 1})
	})
}

func TestAStoppedWorkerHandsItsJobsBackUncounted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		b.enqueue(t, oneJob())
		began := make(chan struct{})
		stop := work(t, b.worker(func(ctx context.Context, _ tickets.Job, _ func(context.Context, tickets.Tx) error) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		}))
		<-began
		stop()
		r := b.row(t)
		wants(t, "row", []any{r.State, r.RunAt, r.Failures, r.Unavailable, r.Lost}, []any{jobReady, past(), 0, 0, 0})
	})
}

func TestAWorkerIsWokenByACommit(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *queueBundle) {
		never := func(c *WorkerConfig) { c.Poll = time.Hour }
		first := oneJob()
		first.TicketID, first.Key, first.Ref = 2, "", "before"
		b.enqueue(t, first)
		work(t, b.worker(b.do, never))
		eventually(t, "it has started", func() bool { return len(b.called()) == 1 })
		b.enqueue(t, oneJob())
		eventually(t, "the job is done without a look", func() bool { return b.effects(t)["stop"] == 1 })
	})
}

func TestAWorkerOnPostgreSQLIsWokenByAnotherProcess(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, b *queueBundle) {
		work(t, b.worker(b.do, func(c *WorkerConfig) { c.Poll = time.Hour }))
		eventually(t, "it listens", func() bool {
			var n int
			err := b.db.Conn().Raw("SELECT count(*) FROM pg_stat_activity WHERE query = ? AND state = 'idle' AND datname = current_database()", "LISTEN "+jobsChannel).Scan(&n).Error
			return err == nil && n == 1
		})
		other := &queueBundle{db: openQueue(t, b.url), clock: b.clock}
		other.enqueue(t, oneJob())
		eventually(t, "the job is done without a look", func() bool { return b.effects(t)["stop"] == 1 })
	}, postgresDialect)
}

func TestAWorkerOutlivesItsConnections(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, b *queueBundle) {
		other := &queueBundle{db: openQueue(t, b.url), clock: b.clock}
		work(t, b.worker(b.do))
		for _, ref := range []string{"first", "second", "third"} {
			err := other.db.Conn().Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Error
			if err != nil {
				t.Fatal(err)
			}
			other.enqueue(t, tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: ref, DueAt: past()})
			eventually(t, ref+" job is done", func() bool { return other.effects(t)[ref] == 1 })
		}
	}, postgresDialect)
}
