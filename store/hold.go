package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// Holds lists the holds that any of the tickets asked for, oldest first.
func (r reader) Holds(ctx context.Context, ticketIDs ...int64) ([]tickets.Hold, error) {
	var list []tickets.Hold
	err := r.on(ctx).Where("ticket_id IN ?", ticketIDs).Order("id").Find(&list).Error
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

// HoldsOn lists the holds of any ticket on these subscriptions, oldest first.
func (r reader) HoldsOn(ctx context.Context, subscriptionIDs []string) ([]tickets.Hold, error) {
	if len(subscriptionIDs) == 0 {
		return nil, nil
	}
	var list []tickets.Hold
	err := r.on(ctx).Where("subscription_id IN ?", subscriptionIDs).Order("id").Find(&list).Error
	return list, fail("holds of subscriptions", err)
}

// HoldsSince lists the holds that began since an instant and were not confirmed by a stop, oldest first.
func (t *tx) HoldsSince(ctx context.Context, since time.Time) ([]tickets.Hold, error) {
	var list []tickets.Hold
	err := t.on(ctx).Where("at >= ? AND state <> ?", since, tickets.HoldStopped).Order("id").Find(&list).Error
	return list, fail("holds", err)
}
