package mailin

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/tickets"
)

// polled is what Run tells of a poll.
type polled struct {
	sum Summary
	err error
}

// next waits for a poll that stored something or failed.
func next(t *testing.T, polls <-chan polled) polled {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		select {
		case p := <-polls:
			if p.sum.Fetched > 0 || p.err != nil {
				return p
			}
		case <-ctx.Done():
			t.Fatal("no poll did anything")
		}
	}
}

func TestRunHearsOfMailAtOnceAndComesBackAfterACrash(t *testing.T) {
	t.Parallel()
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	dovecot.Deliver("desk", "INBOX", testMail(1, 10))
	polls := make(chan polled, 100)
	l := newLedger()
	config := testConfig(serverAt(t, dovecot.Addr()), l)
	config.Interval = maxInterval // only IDLE can tell in time
	config.OnPoll = func(sum Summary, err error) { polls <- polled{sum, err} }
	p := newTestPoller(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()

	want := Summary{Mailbox: "service", Fetched: 1, Ticket: 1}
	if diff := cmp.Diff(want, next(t, polls).sum); diff != "" {
		t.Errorf("first poll (-want +got):\n%s", diff)
	}
	dovecot.Deliver("desk", "INBOX", testMail(2, 10))
	if diff := cmp.Diff(want, next(t, polls).sum); diff != "" {
		t.Errorf("poll after a delivery (-want +got):\n%s", diff)
	}
	dovecot.KillImapProcesses()
	dovecot.Deliver("desk", "INBOX", testMail(3, 10))
	if diff := cmp.Diff(want, next(t, polls).sum); diff != "" {
		t.Errorf("poll after a crash (-want +got):\n%s", diff)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run ends with %v", err)
	}
	if l.holder != "" {
		t.Errorf("the mailbox is still held by %q", l.holder)
	}
}

func TestRunTellsOfAMailboxItCannotReadAndTriesAgain(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	polls := make(chan polled, 100)
	config := testConfig(memory.server(), newLedger())
	config.Server.Password = "guess"
	config.OnPoll = func(sum Summary, err error) {
		select {
		case polls <- polled{sum, err}:
		default: // enough of them
		}
	}
	p := newTestPoller(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for range 2 {
		if got := next(t, polls); !errors.Is(got.err, tickets.Unauthenticated) {
			t.Errorf("error is %v, want the login refused", got.err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run ends with %v", err)
	}
}

func TestLeaseIsWaitedForAtMostItsLife(t *testing.T) {
	t.Parallel()
	l := newLedger()
	l.holder = "another"
	_, _, err := takeLease(t.Context(), l, "service", "test", 20*time.Millisecond, slog.New(slog.DiscardHandler))
	wantKind(t, err, tickets.Unavailable, "The mailbox service is being read by another process.")
}

func TestLeaseIsTakenWhenItGetsFreeAndRenewedUntilReleased(t *testing.T) {
	t.Parallel()
	l := newLedger()
	l.denials, l.renewed = 3, make(chan struct{}, 2)
	ctx, held, err := takeLease(t.Context(), l, "service", "test", 100*time.Millisecond, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		select {
		case <-l.renewed:
		case <-ctx.Done():
			t.Fatalf("the lease ended: %v", context.Cause(ctx))
		}
	}
	if err := held.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.holder != "" {
		t.Errorf("held by %q after release", l.holder)
	}
}

func TestLostLeaseEndsTheWork(t *testing.T) {
	t.Parallel()
	l := newLedger()
	l.lost = true
	ctx, held, err := takeLease(t.Context(), l, "service", "test", 30*time.Millisecond, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, tickets.Conflict) {
		t.Errorf("the work ended by %v, want a conflict", cause)
	}
	if err := held.release(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestBugEndsNeitherTheProgramNorTheMailbox: what breaks in our own code is told as a failed poll, and the next one
// takes the mails in.
func TestBugEndsNeitherTheProgramNorTheMailbox(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	for n := range 20 {
		memory.deliver(testMail(n+1, 10))
	}
	l := newLedger()
	broke := false
	l.before = func(tickets.Batch) error {
		if !broke {
			broke = true
			panic("a bug")
		}
		return nil
	}
	polls := make(chan polled, 100)
	config := testConfig(memory.server(), l)
	config.BatchMails = 2
	config.OnPoll = func(sum Summary, err error) { polls <- polled{sum, err} }
	p := newTestPoller(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if got := next(t, polls); got.err == nil {
		t.Errorf("the poll that broke is told as %+v", got.sum)
	}
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 20, Ticket: 20}, next(t, polls).sum); diff != "" {
		t.Errorf("the next poll (-want +got):\n%s", diff)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run ends with %v", err)
	}
}
