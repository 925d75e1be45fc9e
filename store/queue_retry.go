package store

import (
	"errors"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// How often a job is tried. Each bound is for one sort of trouble, because they mean different things:
// an error is most likely a bug or bad data and a person should see it soon; a service that is away
// comes back, and with backoffCap between tries unavailableLimit keeps a job for a day; a worker that
// died was most likely killed for another reason, but a job that kills its worker must end some time.
const (
	failureLimit     = 5
	unavailableLimit = 300
	lostLimit        = 20

	backoffBase = time.Second
	backoffCap  = 5 * time.Minute
)

// backoff is how long a job waits after its nth try that went wrong, n from 1: twice as long each
// time, up to a cap.
func backoff(n int) time.Duration {
	const doublings = 9 // 512 s is past the cap already
	return min(backoffBase<<min(max(n-1, 0), doublings), backoffCap)
}

// after is the row as a try leaves it that ended at an instant with cause and no effect: ready again
// at a later time, or dead. A job whose worker died is ready at once: it did nothing wrong as far as
// anybody knows.
func (r jobRow) after(cause error, at time.Time) jobRow {
	var limit bool
	switch {
	case errors.Is(cause, errWorkerLost):
		r.Lost++
		limit = r.Lost >= lostLimit
	case errors.Is(cause, tickets.Unavailable), errors.Is(cause, tickets.Stale):
		r.Unavailable++
		limit = r.Unavailable >= unavailableLimit
		r.RunAt = at.Add(backoff(r.Failures + r.Unavailable))
	default:
		r.Failures++
		limit = r.Failures >= failureLimit
		r.RunAt = at.Add(backoff(r.Failures + r.Unavailable))
	}
	r.State, r.Error = jobReady, errorText(cause)
	if limit {
		r.State, r.EndedAt = jobDead, &at
	}
	return r
}

// errorText is an error as both databases take it: bounded, valid UTF-8 without NUL.
func errorText(err error) string {
	const limit = 4000
	s := err.Error()
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�")
}
