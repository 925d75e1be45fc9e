package store

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Code is the code with that id.
func (r reader) Code(ctx context.Context, id int64) (tickets.Code, error) {
	var c tickets.Code
	err := r.on(ctx).Take(&c, "id = ?", id).Error
	return c, fail("code", err)
}

// Codes lists the codes that were sent in a case, oldest first.
func (r reader) Codes(ctx context.Context, ticketID int64) ([]tickets.Code, error) {
	var list []tickets.Code
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("id").Find(&list).Error
	return list, fail("codes", err)
}

// InsertCode stores a new code.
func (t *tx) InsertCode(ctx context.Context, c *tickets.Code) error {
	return fail("insert code", t.on(ctx).Create(c).Error)
}

// SaveCode writes every field of a code; of one without an id nothing, by the same statement, so that
// asking for a code that never was takes as long.
func (t *tx) SaveCode(ctx context.Context, c tickets.Code) error {
	err := t.on(ctx).Model(&tickets.Code{}).Where("id = ?", c.ID).Select("*").Omit("id").Updates(&c).Error
	return fail("save code", err)
}

// CodeByPublicID is the code that is entered under that id.
func (t *tx) CodeByPublicID(ctx context.Context, publicID string) (tickets.Code, error) {
	var c tickets.Code
	err := t.on(ctx).Take(&c, "public_id = ?", publicID).Error
	return c, fail("code", err)
}

// CodesSince lists an account's codes since an instant, oldest first.
func (t *tx) CodesSince(ctx context.Context, accountNo string, since time.Time) ([]tickets.Code, error) {
	var list []tickets.Code
	err := t.on(ctx).Where("account_no = ? AND at >= ?", accountNo, since).Order("id").Find(&list).Error
	return list, fail("codes", err)
}
