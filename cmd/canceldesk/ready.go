package main

import (
	"context"
	"maps"

	"github.com/canceldesk/canceldesk/tickets"
)

// ready asks each part whether it can work.
func (a *app) ready(ctx context.Context) map[string]error {
	parts := map[string]error{"database": a.db.CheckSchema(ctx)}
	_, _, parts["tickets"] = a.db.Tickets(ctx, tickets.Filter{Limit: 1})
	a.platform.ready(parts)
	maps.Copy(parts, a.mailboxes.parts())
	return parts
}
