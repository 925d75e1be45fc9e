package store

import (
	"context"

	"github.com/canceldesk/canceldesk/tickets"
)

// LinkQuoted reports whether a link to a customer's page was quoted in what reached the desk.
func (r reader) LinkQuoted(ctx context.Context, digest string) (bool, error) {
	var n int64
	err := r.on(ctx).Model(&tickets.QuotedLink{}).Where("digest = ?", digest).Count(&n).Error
	return n > 0, fail("quoted link", err)
}

// PutQuotedLinks keeps that links were quoted; what is known of them stays.
func (t *tx) PutQuotedLinks(ctx context.Context, list []tickets.QuotedLink) error {
	if len(list) == 0 {
		return nil
	}
	return fail("put quoted links", t.on(ctx).Clauses(skipExisting()).Create(&list).Error)
}
