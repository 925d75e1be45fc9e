package reply

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// outcome is what happens after a try.
type outcome int

const (
	sent     outcome = iota
	tryAgain         // the worker tries again, soon at first and then less often
	tryLater         // it has tried long enough; a new job does, now and then
	pause            // the provider takes nothing from us for a while
	giveUp           // refused for good, or for too long
)

// verdict is an outcome, and how long to wait where that is not the worker's to decide.
type verdict struct {
	then outcome
	wait time.Duration
}

const (
	// refusedFor is how long a mail is tried that the server refuses for now. It is a day and not the four or
	// five of RFC 5321 section 4.5.4.1, because a provider that has taken a mail goes on trying itself: what
	// is refused here for a day is most likely wrong, and the customer waits for an answer.
	refusedFor = 24 * time.Hour
	// awayFor is how long a mail is tried while the server can't be reached, which is not the mail's fault. A
	// text message that is days late helps nobody, so it has the day too.
	awayFor = 5 * 24 * time.Hour
	// workerFor is how long the worker's own tries go on; it gives a job up after little more than a day.
	workerFor = 20 * time.Hour
	laterWait = 15 * time.Minute
)

// afterTry decides what becomes of a mail, by the answer to its last try and when it was first tried.
func afterTry(o tickets.Outgoing, answer error, at time.Time) verdict {
	if answer == nil {
		return verdict{then: sent}
	}
	r := (*RefusalError)(nil)
	refused := errors.As(answer, &r)
	tried := at.Sub(*o.TriedAt)
	if refused && o.Channel == tickets.ByMail {
		if wait, ok := tooManySent(r); ok && tried < awayFor {
			return verdict{then: pause, wait: wait}
		}
	}
	switch {
	case !errors.Is(answer, tickets.Unavailable):
		return verdict{then: giveUp}
	case tried >= awayFor, tried >= refusedFor && (o.Channel != tickets.ByMail || refused && !loginRefused(r)):
		return verdict{then: giveUp}
	case tried >= workerFor:
		return verdict{then: tryLater, wait: laterWait}
	}
	return verdict{then: tryAgain}
}

// loginRefused reports whether the server turned away the desk itself and not the mail (RFC 4954).
func loginRefused(r *RefusalError) bool {
	switch r.Code {
	case 454, 530, 534, 535, 538:
		return true
	}
	return false
}

// awayAfter is how long no mail may go out before somebody is told that the server is away.
const awayAfter = 5 * time.Minute

// awayAlarm is the key of the alarm for a mail server that takes nothing.
func (s *Sender) awayAlarm() string { return "mail_away/" + s.ways.Account }

// trouble stores a mail that is tried again, and rings where that is because no mail goes out at all: at once
// where the login is refused, which does not end by itself, else after a while.
func (s *Sender) trouble(ctx context.Context, tx tickets.Tx, o tickets.Outgoing, answer error, at time.Time) error {
	if err := tx.SaveOutgoing(ctx, o); err != nil || o.Channel != tickets.ByMail {
		return err
	}
	r := (*RefusalError)(nil)
	switch refused := errors.As(answer, &r); {
	case refused && loginRefused(r):
		return tx.RaiseAlarm(ctx, tickets.Alarm{Key: s.awayAlarm(), Kind: tickets.AlarmMailAway, Detail: strconv.Itoa(r.Code), At: at})
	case !refused && at.Sub(*o.TriedAt) >= awayAfter:
		return tx.RaiseAlarm(ctx, tickets.Alarm{Key: s.awayAlarm(), Kind: tickets.AlarmMailAway, At: at})
	}
	return nil
}
