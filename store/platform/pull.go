package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/store/account"
)

// Pull is a biller that can't be called: what it is asked lies ready for it to fetch, and counts as
// done once it says that it has applied it.
type Pull struct {
	db  *gorm.DB
	now func() time.Time
}

// NewPull makes the biller over the database's writing connection.
func NewPull(db *gorm.DB, now func() time.Time) *Pull { return &Pull{db: db, now: now} }

// Stop lays a stop ready.
func (b *Pull) Stop(ctx context.Context, key string, s account.Stop) (account.Answer, error) {
	return b.lay(ctx, account.StopOrder{Key: key, Kind: account.OrderStop, SubscriptionID: s.SubscriptionID, Mode: s.Mode})
}

// Hold lays a hold ready.
func (b *Pull) Hold(ctx context.Context, key string, h account.Hold) (account.Answer, error) {
	return b.lay(ctx, account.StopOrder{Key: key, Kind: account.OrderHold, SubscriptionID: h.SubscriptionID, Until: &h.Until})
}

// Release lays the end of a hold ready.
func (b *Pull) Release(ctx context.Context, key, subscriptionID string) (account.Answer, error) {
	return b.lay(ctx, account.StopOrder{Key: key, Kind: account.OrderRelease, SubscriptionID: subscriptionID})
}

// Query says whether the call with that key was applied, whatever it was about.
func (b *Pull) Query(ctx context.Context, key string, _ account.Subject) (account.Answer, error) {
	var o account.StopOrder
	err := b.db.WithContext(ctx).Take(&o, "key = ?", key).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return account.Answer{State: account.AnswerNone, At: b.now()}, nil
	case err != nil:
		return account.Answer{}, fmt.Errorf("pulling biller: query: %w", err)
	}
	return pulled(o), nil
}

// lay stores an order unless one of its key is there. On PostgreSQL orders are stored one at a time:
// two at once could become visible in another order than that of their ids, and a biller that asks for
// what comes after the last id would never see the first.
func (b *Pull) lay(ctx context.Context, o account.StopOrder) (account.Answer, error) {
	o.At = b.now()
	err := b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if tx.Name() == "postgres" {
			if err := tx.Exec("LOCK TABLE stops IN SHARE ROW EXCLUSIVE MODE").Error; err != nil {
				return err
			}
		}
		var before account.StopOrder
		err := tx.Take(&before, "key = ?", o.Key).Error
		if err == nil {
			o = before
			return nil
		}
		if !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		return tx.Create(&o).Error
	})
	if err != nil {
		return account.Answer{}, fmt.Errorf("pulling biller: %s: %w", o.Kind, err)
	}
	return pulled(o), nil
}

func pulled(o account.StopOrder) account.Answer {
	if o.AppliedAt == nil {
		return account.Answer{State: account.AnswerPending, At: o.At, Detail: fmt.Sprintf("stop %d waits for the biller", o.ID)}
	}
	return account.Answer{State: account.AnswerDone, At: *o.AppliedAt, Detail: fmt.Sprintf("stop %d was applied", o.ID)}
}
