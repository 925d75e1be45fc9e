package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// waiting reports how many wait in both lines.
func (t *turns) waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.first) + len(t.others)
}

// TestTurns: who is waited for goes before jobs, and a job goes before the ninth of them.
func TestTurns(t *testing.T) {
	t.Parallel()
	var line turns
	end, err := line.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []string
	var all sync.WaitGroup
	stand := func(ctx context.Context, name string) {
		n := line.waiting()
		all.Go(func() {
			end, err := line.take(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, name)
			mu.Unlock()
			end()
		})
		for line.waiting() == n {
			<-time.After(time.Millisecond)
		}
	}
	stand(atWork(t.Context()), "job")
	stand(atWork(t.Context()), "job")
	for range 10 {
		stand(t.Context(), "request")
	}
	gone, cancel := context.WithCancel(t.Context())
	var left sync.WaitGroup
	left.Go(func() {
		if _, err := line.take(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away got %v", err)
		}
	})
	for line.waiting() < 13 {
		<-time.After(time.Millisecond)
	}
	cancel()
	left.Wait()
	end()
	all.Wait()
	r := "request"
	if d := cmp.Diff([]string{r, r, r, r, r, r, r, r, "job", r, r, "job"}, order); d != "" {
		t.Errorf("the order (-want +got):\n%s", d)
	}
	if _, err := line.take(t.Context()); err != nil || line.waiting() != 0 {
		t.Error("the line does not end", err)
	}
}
