package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// unreadAfter is how long a mailbox may be unreadable before the desk rings: servers restart, and networks
// have their moments. What only a person can mend, such as a refused login, rings at once.
const unreadAfter = 10 * time.Minute

// lastPolls remembers how the last poll of each mailbox ended. Its zero value knows of none.
type lastPolls struct {
	mu   sync.Mutex
	ends map[string]lastPoll
}

// lastPoll is the end of a mailbox's last poll.
type lastPoll struct {
	err   error
	since time.Time // when the first of the failures in a row was
	told  bool      // the desk was told of this state
}

// polled notes the end of a poll. A mailbox that another process reads is well.
func (l *lastPolls) polled(mailbox string, err error, at time.Time) {
	if errors.Is(err, mailin.ErrHeld) {
		err = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ends == nil {
		l.ends = map[string]lastPoll{}
	}
	last, known := l.ends[mailbox]
	switch {
	case !known || (last.err == nil) != (err == nil):
		last = lastPoll{err: err, since: at}
	default:
		last.err = err
	}
	l.ends[mailbox] = last
}

// parts is each mailbox as a part of the desk that is ready or not.
func (l *lastPolls) parts() map[string]error {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]error, len(l.ends))
	for mailbox, last := range l.ends {
		out["mailbox "+mailbox] = last.err
	}
	return out
}

// news are the mailboxes whose state the desk is to be told of at that instant.
func (l *lastPolls) news(at time.Time) map[string]error {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]error{}
	for mailbox, last := range l.ends {
		person := errors.Is(last.err, tickets.Unauthenticated) || errors.Is(last.err, tickets.Invalid)
		if !last.told && (last.err == nil || person || !at.Before(last.since.Add(unreadAfter))) {
			out[mailbox] = last.err
		}
	}
	return out
}

// tell notes that the desk knows the mailbox to be well, or not to be.
func (l *lastPolls) tell(mailbox string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := l.ends[mailbox]; (last.err == nil) == (err == nil) {
		last.told = true
		l.ends[mailbox] = last
	}
}

// watchMailboxes rings for a mailbox that can't be read, until it can.
func (a *app) watchMailboxes(ctx context.Context) error {
	var errs []error
	for mailbox, unread := range a.mailboxes.news(a.now()) {
		var err error
		if unread == nil {
			err = a.desk.MailboxRead(ctx, mailbox)
		} else {
			err = a.desk.MailboxUnread(ctx, mailbox, forPeople(unread))
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		a.mailboxes.tell(mailbox, unread)
	}
	return errors.Join(errs...)
}

// forPeople is the part of an error that is written for people.
func forPeople(err error) string {
	var said *tickets.Error
	if errors.As(err, &said) && said.Msg != "" {
		return said.Msg
	}
	return "see the log"
}
