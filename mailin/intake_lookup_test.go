package mailin

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEachNameIsLookedUpOnceInAPoll(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := map[string]int{}
	txt := newLookups(func(_ context.Context, name string) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		asked[name]++
		if name == "none.example.com" {
			return nil, errors.New("no such name")
		}
		return []string{"v=DKIM1; of " + name}, nil
	}, time.Minute)
	var mails sync.WaitGroup
	for range 20 {
		mails.Go(func() {
			got, err := txt(t.Context(), "a.example.com")
			if diff := cmp.Diff([]string{"v=DKIM1; of a.example.com"}, got); diff != "" || err != nil {
				t.Errorf("answer (-want +got):\n%s%v", diff, err)
			}
			if _, err := txt(t.Context(), "none.example.com"); err == nil {
				t.Error("a name that is not there is found")
			}
		})
	}
	mails.Wait()
	if diff := cmp.Diff(map[string]int{"a.example.com": 1, "none.example.com": 1}, asked); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

func TestNameServerThatIsSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	txt := newLookups(func(ctx context.Context, _ string) ([]string, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, time.Millisecond)
	if _, err := txt(t.Context(), "a.example.com"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want the time-out", err)
	}
}
