package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/store/account"
)

// Embedded is a biller over the account store of this desk. It keeps a record of every call under
// its key in the transaction that carries the call out, so that the same key acts once and can be
// asked after.
type Embedded struct {
	db  *gorm.DB
	now func() time.Time
}

// NewEmbedded makes the biller over the database's writing connection.
func NewEmbedded(db *gorm.DB, now func() time.Time) *Embedded { return &Embedded{db: db, now: now} }

type billerCall struct {
	Key            string `gorm:"primaryKey"`
	Kind           string
	SubscriptionID string
	Mode           string
	State          string
	Detail         string
	At             time.Time
}

// TableName is where it is kept.
func (billerCall) TableName() string { return "biller_calls" }

func (c billerCall) answer() account.Answer {
	return account.Answer{State: account.AnswerState(c.State), At: c.At, Detail: c.Detail}
}

// Stop turns renewal off and forgets the next debit, in one transaction with its own record. From
// then on no debit is sent: in both Chinese channels the merchant starts each one.
func (b *Embedded) Stop(ctx context.Context, key string, s account.Stop) (account.Answer, error) {
	return b.once(ctx, billerCall{Key: key, Kind: "stop", SubscriptionID: s.SubscriptionID, Mode: string(s.Mode)},
		map[string]any{"auto_renew": false, "next_charge_at": nil, "held_until": nil})
}

// Hold sends no debit for the subscription until then.
func (b *Embedded) Hold(ctx context.Context, key string, h account.Hold) (account.Answer, error) {
	return b.once(ctx, billerCall{Key: key, Kind: "hold", SubscriptionID: h.SubscriptionID}, map[string]any{"held_until": h.Until})
}

// Release takes a hold back.
func (b *Embedded) Release(ctx context.Context, key, subscriptionID string) (account.Answer, error) {
	return b.once(ctx, billerCall{Key: key, Kind: "release", SubscriptionID: subscriptionID}, map[string]any{"held_until": nil})
}

// once changes the subscription and writes the call down, unless a call of its key did so before.
func (b *Embedded) once(ctx context.Context, call billerCall, changes map[string]any) (account.Answer, error) {
	call.State, call.At = string(account.AnswerDone), b.now()
	err := b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var before billerCall
		err := tx.Take(&before, "key = ?", call.Key).Error
		if err == nil {
			call = before
			return nil
		}
		if !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		res := tx.Model(&account.Subscription{}).Where("id = ?", call.SubscriptionID).Updates(changes)
		switch {
		case res.Error != nil:
			return res.Error
		case res.RowsAffected == 0:
			call.State, call.Detail = string(account.AnswerRefused), "no such subscription"
		}
		return tx.Create(&call).Error
	})
	if err != nil {
		return account.Answer{}, fmt.Errorf("embedded biller: %s: %w", call.Kind, err)
	}
	return call.answer(), nil
}

// Query says what became of the call with that key, whatever it was about.
func (b *Embedded) Query(ctx context.Context, key string, _ account.Subject) (account.Answer, error) {
	var call billerCall
	err := b.db.WithContext(ctx).Take(&call, "key = ?", key).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return account.Answer{State: account.AnswerNone, At: b.now()}, nil
	case err != nil:
		return account.Answer{}, fmt.Errorf("embedded biller: query: %w", err)
	}
	return call.answer(), nil
}
