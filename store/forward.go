package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// Forward is the mail of the ticket that goes on to somebody else.
func (r reader) Forward(ctx context.Context, ticketID int64) (tickets.Forward, error) {
	var f tickets.Forward
	err := r.on(ctx).Take(&f, "ticket_id = ?", ticketID).Error
	return f, fail("forwarded mail", err)
}

// ForwardByMailID is the forwarded mail of that Message-ID.
func (t *tx) ForwardByMailID(ctx context.Context, mailID string) (tickets.Forward, error) {
	var f tickets.Forward
	err := t.on(ctx).Take(&f, "mail_id = ?", mailID).Error
	return f, fail("forwarded mail by id", err)
}

// InsertForward stores a mail that is to go on; Conflict where the ticket has one.
func (t *tx) InsertForward(ctx context.Context, f tickets.Forward) error {
	err := t.whole(ctx, func(g *gorm.DB) error { return g.Create(&f).Error })
	return fail("insert forwarded mail", err)
}

// SaveForward writes every field of one.
func (t *tx) SaveForward(ctx context.Context, f tickets.Forward) error {
	return saveExisting(t.on(ctx), "save forwarded mail", &f)
}
