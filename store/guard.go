package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// Guarded reports whether the charge has opened a guard ticket.
func (t *tx) Guarded(ctx context.Context, chargeID string) (bool, error) {
	var n int64
	err := t.on(ctx).Model(&tickets.Message{}).Where("external_id = ?", tickets.GuardID(chargeID)).Count(&n).Error
	return n > 0, fail("guard ticket of a charge", err)
}

// StoppedBy is the newest ticket in which the biller confirmed the subscription's stop.
func (t *tx) StoppedBy(ctx context.Context, subscriptionID string) (int64, error) {
	var ids []int64
	err := t.on(ctx).Model(&tickets.Effect{}).
		Where("kind = ? AND target = ? AND state = ?", tickets.StopDebits, subscriptionID, tickets.EffectDone).
		Order("settled_at DESC, ticket_id DESC").Limit(1).Pluck("ticket_id", &ids).Error
	if err == nil && len(ids) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return 0, fail("ticket of a stop", err)
	}
	return ids[0], nil
}
