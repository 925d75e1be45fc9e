package mailin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Leases keeps a mailbox to one reader at a time.
type Leases interface {
	// AcquireLease gives the mailbox to holder for a while. ok is false where somebody else has it. The
	// fence grows with every lease: a write under an older one is refused.
	AcquireLease(ctx context.Context, mailbox, holder string, life time.Duration) (fence int64, ok bool, err error)
	// RenewLease prolongs a lease from now on; Conflict where it was lost.
	RenewLease(ctx context.Context, mailbox string, fence int64, life time.Duration) error
	// ReleaseLease gives the mailbox to the next; a lease that was lost is left alone.
	ReleaseLease(ctx context.Context, mailbox string, fence int64) error
}

// ErrHeld is why a mailbox is not read here: another process reads it.
var ErrHeld = errors.New("the lease is held")

// releaseTimeout bounds giving a lease back when the work itself was cut off.
const releaseTimeout = 10 * time.Second

// lease is a mailbox that is ours. A goroutine of its own renews it until release.
type lease struct {
	leases  Leases
	mailbox string
	fence   int64
	end     context.CancelCauseFunc
	renewed chan struct{} // closed when the renewing has ended
}

// takeLease waits for the mailbox, at most as long as a lease lives: longer means that its holder is
// alive. The context it returns ends with the lease.
func takeLease(ctx context.Context, leases Leases, mailbox, holder string, life time.Duration, log *slog.Logger) (context.Context, *lease, error) {
	deadline := time.NewTimer(life)
	defer deadline.Stop()
	again := time.NewTicker(min(max(life/20, time.Millisecond), time.Second))
	defer again.Stop()
	for last := false; ; {
		fence, ok, err := leases.AcquireLease(ctx, mailbox, holder, life)
		if err != nil {
			return nil, nil, fmt.Errorf("acquire lease of mailbox %s: %w", mailbox, err)
		}
		if ok {
			held, end := context.WithCancelCause(ctx)
			l := &lease{leases: leases, mailbox: mailbox, fence: fence, end: end, renewed: make(chan struct{})}
			go l.renew(held, life, log)
			return held, l, nil
		}
		if last {
			return nil, nil, &tickets.Error{Kind: tickets.Unavailable, Msg: fmt.Sprintf("The mailbox %s is being read by another process.", mailbox), Err: ErrHeld}
		}
		select {
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-deadline.C:
			last = true // whoever died holding it has lost it by now
		case <-again.C:
		}
	}
}

// renew prolongs the lease three times in its life. Losing it ends the context of the work.
func (l *lease) renew(ctx context.Context, life time.Duration, log *slog.Logger) {
	defer close(l.renewed)
	tick := time.NewTicker(max(life/3, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := l.leases.RenewLease(ctx, l.mailbox, l.fence, life)
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, tickets.Conflict):
			l.end(err)
			return
		default:
			// Tried again at the next tick. Should the lease run out meanwhile, the fence protects the next holder.
			log.WarnContext(ctx, "lease not renewed", "mailbox", l.mailbox, "fence", l.fence, "error", err)
		}
	}
}

// release gives the mailbox back, also where ctx has ended.
func (l *lease) release(ctx context.Context) error {
	l.end(nil)
	<-l.renewed
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := l.leases.ReleaseLease(ctx, l.mailbox, l.fence); err != nil {
		return fmt.Errorf("release lease of mailbox %s: %w", l.mailbox, err)
	}
	return nil
}
