package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// These tests kill a worker as a power cut or the OOM killer would: this test binary starts itself
// again as a worker, and kills it while jobs are in its hands.

// The environment of a worker started by a test. Its presence makes the binary a worker.
const (
	workerURL   = "CANCELDESK_TEST_WORKER_URL"
	workerCalls = "CANCELDESK_TEST_WORKER_CALLS" // file to note the calls outside in
	workerLease = "CANCELDESK_TEST_WORKER_LEASE"
	workerHangs = "CANCELDESK_TEST_WORKER_HANGS" // set: calls outside never answer, but for the first hangAfter jobs
)

const (
	killJobs  = 60
	killCases = 45 // so that some cases have two jobs, one after the other
	killSlots = 25
	hangAfter = 10
	minKilled = 20
	drainTime = 2 * time.Minute
)

// WorkIfAsked makes this process a worker, to the end, where its environment says so. TestMain calls it.
func WorkIfAsked() {
	if os.Getenv(workerURL) == "" {
		return
	}
	if err := runWorker(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runWorker is the worker's process: it drains the queue and ends.
func runWorker(ctx context.Context) error {
	lease, err := time.ParseDuration(os.Getenv(workerLease))
	if err != nil {
		return err
	}
	db, err := Open(ctx, os.Getenv(workerURL))
	if err != nil {
		return err
	}
	calls, err := os.OpenFile(os.Getenv(workerCalls), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	w := db.NewWorker(WorkerConfig{
		Now: past, Slots: killSlots, Lease: lease,
		Handlers: map[tickets.JobKind]Handler{tickets.JobRun: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			// The call outside, with its key; one write, so that lines of two processes do not mix.
			if _, err := calls.WriteString(j.Ref + "\n"); err != nil {
				return err
			}
			var n int
			if _, err := fmt.Sscanf(j.Ref, "%d", &n); err != nil {
				return err
			}
			if os.Getenv(workerHangs) != "" && n >= hangAfter {
				<-ctx.Done()
				return ctx.Err()
			}
			return effect(ctx, db, j.Ref, done)
		}},
	})
	_, err = w.Drain(ctx)
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	return err
}

// leaseOf is 30 s as in earnest, and short ones with -short.
func leaseOf() time.Duration {
	if testing.Short() {
		return 5 * time.Second
	}
	return 30 * time.Second
}

// killBundle is a queue with jobs for processes.
type killBundle struct {
	*queueBundle
	calls string
}

func newKillBundle(t *testing.T, b *queueBundle) killBundle {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "calls")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	jobs := make([]tickets.Job, killJobs)
	for n := range jobs {
		jobs[n] = tickets.Job{
			Kind: tickets.JobRun, TicketID: int64(n%killCases + 1), Ref: strconv.Itoa(n), DueAt: past().AddDate(0, 0, -30), Key: fmt.Sprintf("run/%d", n),
		}
	}
	b.enqueue(t, jobs...)
	return killBundle{b, f.Name()}
}

// start starts a worker's process.
func (b killBundle) start(t *testing.T, hangs string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self)
	c.Env = append(os.Environ(), workerURL+"="+b.url, workerCalls+"="+b.calls, workerLease+"="+leaseOf().String(), workerHangs+"="+hangs)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// killBusy kills the process once so many jobs are done and enough are in hand.
func (b killBundle) killBusy(t *testing.T, c *exec.Cmd, done int) {
	t.Helper()
	eventually(t, "enough jobs run", func() bool {
		return b.count(t, "state = 'done'") >= done && b.count(t, "state = 'running'") >= minKilled
	})
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // says that it was killed, which is checked next
	if s, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
		t.Fatalf("the worker ended with %v, want killed", c.ProcessState)
	}
}

func (b killBundle) count(t *testing.T, cond string) int {
	t.Helper()
	var n int64
	if err := b.db.ReadConn().Model(&jobRow{}).Where(cond).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// called counts the calls outside by key.
func (b killBundle) called(t *testing.T) map[string]int {
	t.Helper()
	f, err := os.Open(b.calls)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := map[string]int{}
	for s := bufio.NewScanner(f); s.Scan(); {
		got[strings.TrimSpace(s.Text())]++
	}
	return got
}

// wantOnce checks that each job had its one effect, and that only interrupted ones were called twice.
// How many jobs the killed worker had in hand is sure only now: on PostgreSQL its last statement may
// have been carried out after its death.
func (b killBundle) wantOnce(t *testing.T) {
	t.Helper()
	want := map[string]int{}
	for n := range killJobs {
		want[strconv.Itoa(n)] = 1
	}
	wants(t, "effects", b.effects(t), want)
	wants(t, "jobs done", b.count(t, "state = 'done'"), killJobs)
	wants(t, "jobs that lost more than one worker", b.count(t, "lost > 1"), 0)
	killed := b.count(t, "lost = 1")
	if killed < minKilled || killed > killSlots {
		t.Errorf("%d jobs were in hand when the worker was killed, want %d to %d", killed, minKilled, killSlots)
	}
	twice := 0
	for key, n := range b.called(t) {
		if n > 2 {
			t.Errorf("job %s was called %d times", key, n)
		}
		if n == 2 {
			twice++
		}
	}
	if twice > killed {
		t.Errorf("%d jobs were called twice, want only some of the %d interrupted", twice, killed)
	}
	t.Logf("%d of %d jobs in hand when killed, %d of them called a second time", killed, killJobs, twice)
}

func TestAKilledWorkersJobsAreDoneOnceByTheNext(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, q *queueBundle) {
		b := newKillBundle(t, q)
		b.killBusy(t, b.start(t, "yes"), hangAfter)
		elapsed := b.stopwatch(t)
		wait(t, b.start(t, ""))
		took := elapsed()
		t.Logf("restarted and drained in %v", took)
		if b.db.dialect == sqliteDialect && took >= leaseOf() {
			t.Errorf("a process alone on its file waited for a lease: %v", took)
		}
		b.wantOnce(t)
	})
}

func TestOfTwoProcessesOneIsKilledAndTheOtherFinishes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, q *queueBundle) {
		b := newKillBundle(t, q)
		victim := b.start(t, "yes")
		eventually(t, "the first has all it can take", func() bool {
			return b.count(t, "state = 'done'") >= hangAfter && b.count(t, "state = 'running'") == killSlots
		})
		other := b.start(t, "")
		b.killBusy(t, victim, hangAfter+5) // so the other is at work
		elapsed := b.stopwatch(t)
		wait(t, other) // it drains, so it waits for the jobs of the one killed
		t.Logf("the other had drained the queue %v after the kill", elapsed())
		b.wantOnce(t)
	})
}

// wait waits for a worker's process that must end well within drainTime.
func wait(t *testing.T, c *exec.Cmd) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	end := time.NewTimer(drainTime)
	defer end.Stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("the worker ended with %v", err)
		}
	case <-end.C:
		t.Fatalf("the queue was not drained in %v", drainTime)
	}
}

// stopwatch starts to measure by the database's clock.
func (b killBundle) stopwatch(t *testing.T) (elapsed func() time.Duration) {
	t.Helper()
	clock := "SELECT unixepoch('now', 'subsec')"
	if b.db.dialect == postgresDialect {
		clock = "SELECT extract(epoch FROM clock_timestamp())::float8"
	}
	read := func() (seconds float64) {
		if err := b.db.ReadConn().Raw(clock).Scan(&seconds).Error; err != nil {
			t.Fatal(err)
		}
		return seconds
	}
	start := read()
	return func() time.Duration { return time.Duration((read()-start)*1000) * time.Millisecond }
}
