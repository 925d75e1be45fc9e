package store

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Verifications lists every verification of a ticket, ended ones too, oldest first.
func (r reader) Verifications(ctx context.Context, ticketID int64) ([]tickets.Verification, error) {
	var list []tickets.Verification
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("id").Find(&list).Error
	return list, fail("verifications", err)
}

// InsertVerification stores a new verification.
func (t *tx) InsertVerification(ctx context.Context, v *tickets.Verification) error {
	return fail("insert verification", t.on(ctx).Create(v).Error)
}

// VoidVerifications ends every verification of the ticket that was not ended before.
func (t *tx) VoidVerifications(ctx context.Context, ticketID int64, at time.Time) error {
	err := t.on(ctx).Model(&tickets.Verification{}).Where("ticket_id = ? AND voided_at IS NULL", ticketID).Update("voided_at", at).Error
	return fail("void verifications", err)
}
