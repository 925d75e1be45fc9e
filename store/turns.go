package store

import (
	"context"
	"sync"
)

// turns decides who writes next to SQLite, which has one writer. Whoever somebody waits for, such as a
// request or a batch of mail, goes before the workers' jobs: twenty workers would otherwise stand before
// every request in the line that database/sql keeps. Its zero value is ready.
type turns struct {
	mu     sync.Mutex
	taken  bool
	first  []chan struct{} // waits of those who go first
	others []chan struct{}
	passed int // how many went first since one of the others had its turn
}

// fairAfter is how many may go first while a job waits, so that jobs go on whatever comes in.
const fairAfter = 8

type atWorkKey struct{}

// atWork marks what a worker does.
func atWork(ctx context.Context) context.Context { return context.WithValue(ctx, atWorkKey{}, true) }

// take waits for a turn, which ends with the returned function.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return t.end, nil
	}
	turn := make(chan struct{}, 1)
	line := &t.first
	if ctx.Value(atWorkKey{}) != nil {
		line = &t.others
	}
	*line = append(*line, turn)
	t.mu.Unlock()
	select {
	case <-turn:
		return t.end, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, waits := range *line {
		if waits == turn {
			*line = append((*line)[:i:i], (*line)[i+1:]...)
			return nil, ctx.Err()
		}
	}
	t.next() // it was given at the same moment
	return nil, ctx.Err()
}

func (t *turns) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// next gives the turn to whoever is due for it.
func (t *turns) next() {
	line := &t.first
	if len(t.first) == 0 || len(t.others) > 0 && t.passed >= fairAfter {
		line = &t.others
		t.passed = 0
	} else {
		t.passed++
	}
	if len(*line) == 0 {
		t.taken = false
		return
	}
	turn := (*line)[0]
	*line = (*line)[1:]
	turn <- struct{}{}
}
