package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// syncConflict is a stored account.SyncConflict.
type syncConflict struct {
	ID        int64 `gorm:"primaryKey"`
	AccountNo string
	account.SyncConflict
	At time.Time
}

// PutAccount takes in what the platform says of an account and returns it as it stands, and whether it
// is new. hashID is the keyed hash for ID numbers.
func (d *DB) PutAccount(ctx context.Context, s account.Sync, hashID func(string) string, now time.Time) (account.Snapshot, bool, error) {
	var out account.Snapshot
	var created bool
	err := d.inTx(ctx, func(t *tx) error {
		g := t.on(ctx)
		known, err := t.Snapshot(ctx, s.AccountNo)
		switch {
		case errors.Is(err, tickets.NotFound):
			known, created = account.Snapshot{}, true
		case err != nil:
			return err
		}
		var conflicts []account.SyncConflict
		out, conflicts = account.Merge(known, s, hashID, now)
		if err := foreign(g, s); err != nil {
			return err
		}
		return saveSnapshot(g, out, conflicts, now)
	})
	return out, created, err
}

// foreign refuses a sync that names something of another account: ids are the platform's and unique.
func foreign(g *gorm.DB, s account.Sync) error {
	for _, x := range []struct {
		model any
		ids   []string
	}{
		{&account.Subscription{}, ids(s.Subscriptions, func(x account.SyncSubscription) string { return x.ID })},
		{&account.Agreement{}, ids(s.Agreements, func(x account.SyncAgreement) string { return x.ID })},
		{&account.Charge{}, ids(s.Charges, func(x account.SyncCharge) string { return x.ID })},
		{&account.Refund{}, ids(s.Refunds, func(x account.SyncRefund) string { return x.ID })},
		{&account.AssetLot{}, ids(s.Assets, func(x account.SyncAsset) string { return x.ID })},
	} {
		if len(x.ids) == 0 {
			continue
		}
		var taken []string
		if err := g.Model(x.model).Where("id IN ? AND account_no <> ?", x.ids, s.AccountNo).Pluck("id", &taken).Error; err != nil {
			return fail("ids of a sync", err)
		}
		if len(taken) > 0 {
			return conflict("The id " + taken[0] + " belongs to another account.")
		}
	}
	return nil
}

func ids[T any](list []T, id func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = id(x)
	}
	return out
}

func saveSnapshot(g *gorm.DB, s account.Snapshot, conflicts []account.SyncConflict, now time.Time) error {
	upsert := g.Clauses(clause.OnConflict{UpdateAll: true}).Session(&gorm.Session{})
	if err := upsert.Create(&s.Account).Error; err != nil {
		return fail("save account", err)
	}
	if err := errors.Join(
		save(upsert, s.Subscriptions), save(upsert, s.Agreements), save(upsert, s.Charges), save(upsert, s.Assets),
		// Refunds made here are the desk's own and never written by a sync.
		save(g.Clauses(clause.OnConflict{DoNothing: true}), s.Refunds),
	); err != nil {
		return fail("save account", err)
	}
	for _, c := range conflicts {
		if err := g.Create(&syncConflict{AccountNo: s.Account.No, SyncConflict: c, At: now}).Error; err != nil {
			return fail("save sync conflict", err)
		}
	}
	return nil
}

// rowsPerInsert bounds a multi-row INSERT, well below SQLite's 32,766 and PostgreSQL's 65,535 values.
const rowsPerInsert = 500

func save[T any](g *gorm.DB, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return g.CreateInBatches(rows, rowsPerInsert).Error
}

// PutCharge takes in one charge. The same id with the same data changes nothing but what may change;
// with other data it is Conflict. It reports whether the charge is new.
func (t *tx) PutCharge(ctx context.Context, c account.Charge) (bool, error) {
	var old account.Charge
	err := t.on(ctx).Take(&old, "id = ?", c.ID).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		var known int64
		if err := t.on(ctx).Model(&account.Account{}).Where("account_no = ?", c.AccountNo).Count(&known).Error; err != nil {
			return false, fail("account of a charge", err)
		}
		if known == 0 {
			return false, &tickets.Error{Kind: tickets.NotFound, Msg: "There is no account " + c.AccountNo + ": import it before its charges."}
		}
		return true, fail("save charge", t.on(ctx).Create(&c).Error)
	case err != nil:
		return false, fail("charge", err)
	case !account.SameCharge(old, c):
		return false, conflict("Charge " + c.ID + " is known with other data. What is known stays.")
	}
	old.State, old.ConsumedFen, old.RefundedFen = c.State, c.ConsumedFen, max(old.RefundedFen, c.RefundedFen)
	return false, fail("save charge", t.on(ctx).Model(&old).Select("state", "consumed_fen", "refunded_fen").Updates(&old).Error)
}
