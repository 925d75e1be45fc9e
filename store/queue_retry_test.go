package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestBackoffDoublesUpToACap(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for n := range 12 {
		got = append(got, backoff(n)/time.Second)
	}
	if diff := cmp.Diff([]time.Duration{1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}, got); diff != "" {
		t.Errorf("seconds by try (-want +got):\n%s", diff)
	}
	if got := backoff(1 << 40); got != backoffCap {
		t.Errorf("a huge count waits %v, want %v", got, backoffCap)
	}
}

func TestAfterATryThatWentWrong(t *testing.T) {
	t.Parallel()
	at, before := past(), past().Add(-time.Minute)
	bug := errors.New("bug")
	away := fmt.Errorf("ask the biller: %w", &tickets.Error{Kind: tickets.Unavailable, Msg: "No biller."})
	stale := &tickets.Error{Kind: tickets.Stale, Msg: "Changed."}
	for name, c := range map[string]struct {
		row   jobRow
		cause error
		want  jobRow
	}{
		"an error waits a second": {
			jobRow{RunAt: before}, bug, jobRow{State: jobReady, RunAt: at.Add(time.Second), Failures: 1, Error: "bug"},
		},
		"the fifth error parks": {
			jobRow{Failures: 4}, bug, jobRow{State: jobDead, RunAt: at.Add(16 * time.Second), Failures: 5, Error: "bug", EndedAt: &at},
		},
		"a service away does not count as an error": {
			row:   jobRow{Failures: 4, Unavailable: 20},
			cause: away,
			want:  jobRow{State: jobReady, RunAt: at.Add(backoffCap), Failures: 4, Unavailable: 21, Error: "ask the biller: No biller."},
		},
		"a service away for a day parks": {
			jobRow{Unavailable: unavailableLimit - 1},
			away,
			jobRow{State: jobDead, RunAt: at.Add(backoffCap), Unavailable: unavailableLimit, Error: "ask the biller: No biller.", EndedAt: &at},
		},
		"a newer version is tried again": {
			jobRow{Failures: 4}, stale, jobRow{State: jobReady, RunAt: at.Add(16 * time.Second), Failures: 4, Unavailable: 1, Error: "Changed."},
		},
		"a lost worker is no fault of the job, which keeps its turn": {
			jobRow{Failures: 4, RunAt: before},
			errWorkerLost,
			jobRow{State: jobReady, RunAt: before, Failures: 4, Lost: 1, Error: errWorkerLost.Error()},
		},
		"a job that always kills its worker parks": {
			jobRow{RunAt: before, Lost: lostLimit - 1},
			errWorkerLost,
			jobRow{State: jobDead, RunAt: before, Lost: lostLimit, Error: errWorkerLost.Error(), EndedAt: &at},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, c.row.after(c.cause, at)); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnavailableIsKeptForADay(t *testing.T) {
	t.Parallel()
	var kept time.Duration
	for n := 1; n < unavailableLimit; n++ {
		kept += backoff(n)
	}
	if kept < 24*time.Hour {
		t.Errorf("given up after %v, want a day", kept)
	}
}

func TestAnErrorsTextIsWhatADatabaseTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"as it is":               {"对方超时", "对方超时"},
		"NUL":                    {"a\x00b", "a�b"},
		"broken UTF-8":           {"a\xffb", "a�b"},
		"cut inside a character": {strings.Repeat("扣", 1400), strings.Repeat("扣", 1333) + "�"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, errorText(errors.New(c.in))); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}
