package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// Holds lists the holds that a ticket asked for, oldest first.
func (r reader) Holds(ctx context.Context, ticketID int64) ([]tickets.Hold, error) {
	var list []tickets.Hold
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("id").Find(&list).Error
	return list, fail("holds", err)
}

// InsertHold stores a hold. A unique index keeps a subscription to one active hold.
func (t *tx) InsertHold(ctx context.Context, h *tickets.Hold) error {
	return fail("insert hold", t.whole(ctx, func(g *gorm.DB) error { return g.Create(h).Error }))
}

// SaveHold writes every field of a hold; NotFound where there is none.
func (t *tx) SaveHold(ctx context.Context, h tickets.Hold) error {
	return saveExisting(t.on(ctx), "save hold", &h)
}

// HoldOf is the subscription's active hold.
func (t *tx) HoldOf(ctx context.Context, subscriptionID string) (tickets.Hold, error) {
	var h tickets.Hold
	err := t.on(ctx).Take(&h, "subscription_id = ? AND state = ?", subscriptionID, tickets.HoldActive).Error
	return h, fail("hold", err)
}

// HoldsSince lists the holds on a subscription ("" on all) that began since an instant, oldest first.
func (t *tx) HoldsSince(ctx context.Context, subscriptionID string, since time.Time) ([]tickets.Hold, error) {
	q := t.on(ctx).Where("at >= ?", since)
	if subscriptionID != "" {
		q = q.Where("subscription_id = ?", subscriptionID)
	}
	var list []tickets.Hold
	err := q.Order("id").Find(&list).Error
	return list, fail("holds", err)
}
