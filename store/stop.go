package store

import (
	"context"

	"github.com/canceldesk/canceldesk/store/account"
)

// StopOrders lists what a biller that pulls has to apply, after an id, oldest first.
func (r reader) StopOrders(ctx context.Context, after int64, limit int) ([]account.StopOrder, error) {
	var list []account.StopOrder
	err := r.on(ctx).Where("id > ?", after).Order("id").Limit(limit).Find(&list).Error
	return list, fail("stops", err)
}

// StopOrder is the order with that id.
func (t *tx) StopOrder(ctx context.Context, id int64) (account.StopOrder, error) {
	var o account.StopOrder
	err := t.on(ctx).Take(&o, "id = ?", id).Error
	return o, fail("stop", err)
}

// SaveStopOrder writes every field of an order; NotFound where there is none.
func (t *tx) SaveStopOrder(ctx context.Context, o account.StopOrder) error {
	return saveExisting(t.on(ctx), "save stop", &o)
}
