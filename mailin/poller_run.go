package mailin

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/canceldesk/canceldesk/tickets"
)

// Run polls at once and then whenever the server tells of new mail or the interval is over, until ctx
// ends; then it returns nil. A connection that fails is made again after a wait that grows. The
// mailbox's lease is held, and renewed, while a poll runs, and free in between, so that every node
// and `poll --once` get their turn.
func (p *Poller) Run(ctx context.Context) error {
	l := &line{config: &p.c}
	defer l.drop()
	for failures := 0; ; {
		var sum Summary
		err := guarded(func() (err error) {
			sum, err = p.poll(ctx, l)
			return err
		})
		if ctx.Err() != nil {
			return nil
		}
		p.report(ctx, sum, err)
		if errors.Is(err, ErrHeld) {
			// Somebody reads it, which is all we want as long as he lives: the next poll waits for his lease
			// again, so that nothing lies unread for longer than that when he dies in the middle.
			failures = 0
			continue
		}
		var unfinished *unfinishedError
		if err == nil || errors.As(err, &unfinished) {
			failures = 0
			err = p.await(ctx, l)
		}
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		l.drop()
		failures++
		p.c.Log.InfoContext(ctx, "mailbox connection waits", "mailbox", p.c.Mailbox, "failures", failures, "error", err)
		if p.c.Backoff.wait(ctx, failures) != nil {
			return nil
		}
	}
}

// guarded runs a part of the work. A part that our own code breaks in has failed, and is tried again as
// after any failure: one mailbox must not end the program that reads the others.
func guarded(work func() error) (err error) {
	defer func() {
		if broke := recover(); broke != nil {
			err = fmt.Errorf("a bug, please report it: %T at %s", broke, debug.Stack())
		}
	}()
	return work()
}

// await waits for the first folder to change; the others are looked at when the interval is over.
func (p *Poller) await(ctx context.Context, l *line) error {
	s, err := l.open(ctx)
	if err != nil {
		return err
	}
	return s.Idle(ctx, p.c.Folders[0], l.next, p.c.Interval)
}

// report logs a poll and tells OnPoll of it.
func (p *Poller) report(ctx context.Context, sum Summary, err error) {
	if p.c.OnPoll != nil {
		p.c.OnPoll(sum, err)
	}
	switch {
	case errors.Is(err, ErrHeld):
		p.c.Log.DebugContext(ctx, "mailbox read elsewhere", "mailbox", p.c.Mailbox)
	case errors.Is(err, tickets.Unavailable):
		p.c.Log.WarnContext(ctx, "mailbox not read", "mailbox", p.c.Mailbox, "fetched", sum.Fetched, "error", err)
	case err != nil:
		p.c.Log.ErrorContext(ctx, "mailbox not read", "mailbox", p.c.Mailbox, "fetched", sum.Fetched, "error", err)
	case sum.Fetched > 0:
		p.c.Log.InfoContext(ctx, "mailbox read", "mailbox", p.c.Mailbox, "fetched", sum.Fetched, "ticket", sum.Ticket,
			"quarantined", sum.Quarantined, "seconds", sum.Seconds)
	}
}
