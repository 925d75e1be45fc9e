package store

import (
	"errors"
	"fmt"

	"github.com/canceldesk/canceldesk/tickets"
)

// trouble is what the queue itself finds wrong with a try. It is constant text.
type trouble string

func (t trouble) Error() string { return string(t) }

// What a try can end with that is no error of its handler's.
const (
	errNotCompleted = trouble("the handler returned without completing its job")
	errWorkerLost   = trouble("the worker died or lost its lease")
	errNoHandler    = trouble("no handler for jobs of this kind")
	errPanicked     = trouble("panic")
)

// reason is what a log line may say of why a try went wrong: the kind of error, with its message where
// that is constant text, and of an error without a kind no more than its Go type. The rest may hold an
// address or a number; it stays with the job.
func reason(err error) string {
	var own trouble
	var ours *tickets.Error
	var kind tickets.Kind
	switch {
	case errors.As(err, &own):
		return string(own)
	case errors.As(err, &ours) && ours.Fixed:
		return string(ours.Kind) + ": " + ours.Msg
	case errors.As(err, &kind):
		return string(kind)
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return fmt.Sprintf("%T", err)
		}
		err = inner
	}
}
