package mailin

import (
	"context"
	"sync"
	"time"
)

// lookupTimeout bounds one question to the DNS.
const lookupTimeout = 5 * time.Second

// lookups asks the DNS for the keys and policies of senders, each name once in a poll: the mails of a
// mailbox come from few providers, and a name server that is down costs one wait for each name and
// not one for each mail.
type lookups struct {
	ask     func(ctx context.Context, name string) ([]string, error)
	timeout time.Duration

	mu    sync.Mutex
	known map[string]*lookup
}

// lookup is one question, answered when done is closed.
type lookup struct {
	done chan struct{}
	txt  []string
	err  error
}

// newLookups is nil where nobody can be asked, as Authenticate wants it.
func newLookups(ask func(context.Context, string) ([]string, error), timeout time.Duration) func(context.Context, string) ([]string, error) {
	if ask == nil {
		return nil
	}
	l := &lookups{ask: ask, timeout: timeout, known: map[string]*lookup{}}
	return l.txt
}

func (l *lookups) txt(ctx context.Context, name string) ([]string, error) {
	l.mu.Lock()
	q, asked := l.known[name]
	if !asked {
		q = &lookup{done: make(chan struct{})}
		l.known[name] = q
	}
	l.mu.Unlock()
	if asked {
		select {
		case <-q.done:
			return q.txt, q.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	defer close(q.done)
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	q.txt, q.err = l.ask(ctx, name)
	return q.txt, q.err
}
