package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// Calls lists the telephone calls of a ticket, in the order they began.
func (r reader) Calls(ctx context.Context, ticketID int64) ([]tickets.Call, error) {
	var list []tickets.Call
	err := r.on(ctx).Where("ticket_id <> 0 AND ticket_id = ?", ticketID).Order("started_at, call_id").Find(&list).Error
	return list, fail("calls", err)
}

// Call is the call that the call centre knows by that id.
func (r reader) Call(ctx context.Context, id string) (tickets.Call, error) {
	var c tickets.Call
	err := r.on(ctx).Take(&c, "call_id = ?", id).Error
	return c, fail("call", err)
}

// InsertCall stores a call that was not heard of before. The primary key lets one of two through that
// tell of it at once, whichever node they came to.
func (t *tx) InsertCall(ctx context.Context, c *tickets.Call) error {
	return fail("insert call", t.whole(ctx, func(g *gorm.DB) error { return g.Create(c).Error }))
}

// SaveCall writes every field of a call; NotFound where there is none.
func (t *tx) SaveCall(ctx context.Context, c tickets.Call) error {
	return saveExisting(t.on(ctx), "save call", &c)
}
