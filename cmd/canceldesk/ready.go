package main

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// lastPolls remembers how the last poll of each mailbox ended. Its zero value knows of none.
type lastPolls struct {
	mu   sync.Mutex
	ends map[string]error
}

// polled notes the end of a poll. A mailbox that another process reads is well.
func (l *lastPolls) polled(mailbox string, err error) {
	if errors.Is(err, mailin.ErrHeld) {
		err = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ends == nil {
		l.ends = map[string]error{}
	}
	l.ends["mailbox "+mailbox] = err
}

// ready asks each part whether it can work.
func (a *app) ready(ctx context.Context) map[string]error {
	parts := map[string]error{"database": a.db.CheckSchema(ctx)}
	_, _, parts["tickets"] = a.db.Tickets(ctx, tickets.Filter{Limit: 1})
	a.platform.ready(parts)
	a.mailboxes.mu.Lock()
	defer a.mailboxes.mu.Unlock()
	maps.Copy(parts, a.mailboxes.ends)
	return parts
}
