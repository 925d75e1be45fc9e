package mailin

import (
	"context"
	"time"
)

// Backoff is how long to wait before connecting again: First after the first failure, doubled by each
// further one up to Max. Jitter gives numbers in [0, 1) that shorten each wait by up to half, so that
// many pollers do not come back at the same moment.
type Backoff struct {
	First, Max time.Duration // 250 ms, 5 min
	Jitter     func() float64
}

func (b Backoff) withDefaults() Backoff {
	if b.First <= 0 {
		b.First = 250 * time.Millisecond
	}
	if b.Max <= 0 {
		b.Max = 5 * time.Minute
	}
	return b
}

// after is the wait after that many failures in a row, 1 the first.
func (b Backoff) after(failures int) time.Duration {
	d := b.First
	for range failures - 1 {
		if d >= b.Max {
			break
		}
		d *= 2
	}
	d = min(d, b.Max)
	if b.Jitter != nil {
		d -= time.Duration(b.Jitter() * float64(d) / 2)
	}
	return d
}

// wait waits out a failure; it returns ctx's cause when that ends first.
func (b Backoff) wait(ctx context.Context, failures int) error {
	timer := time.NewTimer(b.after(failures))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
