package store

import (
	"context"

	"github.com/canceldesk/canceldesk/tickets"
)

// Quotes lists the quotes that were shown or frozen in a case, oldest first.
func (r reader) Quotes(ctx context.Context, ticketID int64) ([]tickets.SavedQuote, error) {
	var list []tickets.SavedQuote
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("id").Find(&list).Error
	return list, fail("quotes", err)
}

// Acceptances lists the customer's recorded words of yes, oldest first.
func (r reader) Acceptances(ctx context.Context, ticketID int64) ([]tickets.Acceptance, error) {
	var list []tickets.Acceptance
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("id").Find(&list).Error
	return list, fail("acceptances", err)
}

// InsertQuote stores a new quote.
func (t *tx) InsertQuote(ctx context.Context, q *tickets.SavedQuote) error {
	return fail("insert quote", t.on(ctx).Create(q).Error)
}

// InsertAcceptance stores a new acceptance.
func (t *tx) InsertAcceptance(ctx context.Context, a *tickets.Acceptance) error {
	return fail("insert acceptance", t.on(ctx).Create(a).Error)
}
