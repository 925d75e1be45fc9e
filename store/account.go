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

// Snapshot is the account with everything that belongs to it, each part in a stable order; NotFound
// where there is no such account. It is six reads, whatever the account holds.
func (r reader) Snapshot(ctx context.Context, accountNo string) (account.Snapshot, error) {
	var s account.Snapshot
	err := errors.Join(
		r.on(ctx).Take(&s.Account, "account_no = ?", accountNo).Error,
		r.on(ctx).Order("id").Find(&s.Subscriptions, "account_no = ?", accountNo).Error,
		r.on(ctx).Order("id").Find(&s.Agreements, "account_no = ?", accountNo).Error,
		r.on(ctx).Order("charged_at, id").Find(&s.Charges, "account_no = ?", accountNo).Error,
		r.on(ctx).Order("at, id").Find(&s.Refunds, "account_no = ?", accountNo).Error,
		r.on(ctx).Order("id").Find(&s.Assets, "account_no = ?", accountNo).Error,
		r.on(ctx).Order("due_at, charge_id").Find(&s.InFlight, "subscription_id IN (?)",
			r.on(ctx).Model(&account.Subscription{}).Select("id").Where("account_no = ?", accountNo)).Error,
	)
	if err != nil {
		return account.Snapshot{}, fail("account", err)
	}
	return s, nil
}

// Snapshot reads the account as it stood at one moment.
func (d *DB) Snapshot(ctx context.Context, accountNo string) (s account.Snapshot, err error) {
	err = d.view(ctx, func(r reader) (err error) {
		s, err = r.Snapshot(ctx, accountNo)
		return err
	})
	return s, err
}

// FindAccounts returns the numbers of the accounts that match, in order. An empty value matches none.
func (r reader) FindAccounts(ctx context.Context, by tickets.AccountKey, value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	var q *gorm.DB
	switch by {
	case tickets.ByAccount, tickets.ByPhone, tickets.ByEmail:
		column := map[tickets.AccountKey]string{tickets.ByAccount: "account_no", tickets.ByPhone: "phone", tickets.ByEmail: "email"}[by]
		q = r.on(ctx).Model(&account.Account{}).Where(column+" <> '' AND "+column+" = ?", value)
	case tickets.ByOrderNo, tickets.ByTxnID:
		column := map[tickets.AccountKey]string{tickets.ByOrderNo: "order_no", tickets.ByTxnID: "channel_txn_id"}[by]
		q = r.on(ctx).Model(&account.Charge{}).Where(column+" <> '' AND "+column+" = ?", value)
	default:
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Accounts can't be looked up by this."}
	}
	var list []string
	err := q.Distinct().Order("account_no").Pluck("account_no", &list).Error
	return list, fail("find accounts", err)
}

// Refunds lists the refunds of a ticket, oldest first.
func (r reader) Refunds(ctx context.Context, ticketID int64) ([]account.Refund, error) {
	var list []account.Refund
	err := r.on(ctx).Where("ticket_id <> 0 AND ticket_id = ?", ticketID).Order("at, id").Find(&list).Error
	return list, fail("refunds", err)
}

// LinkedRefunds lists the refunds of the tickets that the ticket is linked to other than by a mere
// suggestion, oldest first.
func (r reader) LinkedRefunds(ctx context.Context, ticketID int64) ([]account.Refund, error) {
	var list []account.Refund
	err := r.on(ctx).Where(`ticket_id <> 0 AND ticket_id <> ? AND ticket_id IN (
		SELECT CASE WHEN from_id = ? THEN to_id ELSE from_id END FROM links WHERE (from_id = ? OR to_id = ?) AND kind <> 'suggested')`,
		ticketID, ticketID, ticketID, ticketID).Order("at, id").Find(&list).Error
	return list, fail("linked refunds", err)
}

// AllRefunds lists the refunds this desk proposed, newest first, of one state or of every one ("").
func (d *DB) AllRefunds(ctx context.Context, state account.RefundState) ([]account.Refund, error) {
	q := d.on(ctx).Where("NOT elsewhere")
	if state != "" {
		q = q.Where("state = ?", state)
	}
	var list []account.Refund
	err := q.Order("at DESC, id").Find(&list).Error
	return list, fail("refunds", err)
}

// Refund is the refund with that id.
func (t *tx) Refund(ctx context.Context, id string) (account.Refund, error) {
	var r account.Refund
	err := t.on(ctx).Take(&r, "id = ?", id).Error
	return r, fail("refund", err)
}

// InsertRefund reserves the amount against its charge. The charge's row is locked first, so that of
// many at once on PostgreSQL each sees what those before it reserved.
func (t *tx) InsertRefund(ctx context.Context, r *account.Refund) error {
	r.Version = 1
	if err := t.reserve(ctx, *r); err != nil {
		return err
	}
	err := t.whole(ctx, func(g *gorm.DB) error { return g.Create(r).Error })
	return fail("insert refund", err)
}

// SaveRefund writes the refund where its version is still the stored one, Stale otherwise. A larger
// amount, or one that was free and counts again, is held to the charge once more.
func (t *tx) SaveRefund(ctx context.Context, r *account.Refund) error {
	stored, err := t.Refund(ctx, r.ID)
	if err != nil {
		return err
	}
	// What is reserved stays so whatever the platform reports of the charge meanwhile, this very refund
	// perhaps: that money has come back is never refused.
	if !stored.State.Reserves() || r.AmountFen > stored.AmountFen || r.ChargeID != stored.ChargeID {
		if err := t.reserve(ctx, *r); err != nil {
			return err
		}
	}
	next := *r
	next.Version++
	var rows int64
	err = t.whole(ctx, func(g *gorm.DB) error {
		res := g.Model(&next).Where("version = ?", r.Version).Select("*").Updates(&next)
		rows = res.RowsAffected
		return res.Error
	})
	switch {
	case err != nil:
		return fail("save refund", err)
	case rows == 0:
		return stale()
	}
	r.Version = next.Version
	return nil
}

// reserve is Conflict where the refund together with all others of its charge, made here and made
// elsewhere, would give back more than was paid. What the platform made elsewhere is not refused: it
// has happened.
func (t *tx) reserve(ctx context.Context, r account.Refund) error {
	if r.Elsewhere || !r.State.Reserves() {
		return nil
	}
	q := t.on(ctx)
	if t.dialect == postgresDialect {
		q = q.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var c account.Charge
	if err := q.Take(&c, "id = ?", r.ChargeID).Error; err != nil {
		return fail("charge of a refund", err)
	}
	var others []account.Refund
	if err := t.on(ctx).Find(&others, "charge_id = ? AND id <> ?", r.ChargeID, r.ID).Error; err != nil {
		return fail("refunds of a charge", err)
	}
	var here, elsewhere int64
	for _, o := range others {
		switch {
		case o.Elsewhere:
			elsewhere += o.AmountFen
		case o.State.Reserves():
			here += o.AmountFen
		}
	}
	if c.State != account.ChargePaid || r.AmountFen > c.AmountFen-c.RefundedFen-elsewhere-here {
		return conflict("More would come back than was paid.")
	}
	return nil
}

// SaveAgreementEnd records that the channel confirmed the agreement's end; the first instant stays.
func (t *tx) SaveAgreementEnd(ctx context.Context, agreementID string, endedAt time.Time) error {
	res := t.on(ctx).Model(&account.Agreement{}).Where("id = ?", agreementID).Updates(map[string]any{
		"state": account.AgreementTerminated, "ended_at": gorm.Expr("COALESCE(ended_at, ?)", endedAt),
	})
	return saved("save agreement's end", res)
}

// SaveStop records that the biller confirmed the stop; the first instant stays. The subscription no
// longer renews and is not charged again.
func (t *tx) SaveStop(ctx context.Context, subscriptionID string, stoppedAt time.Time, accessUntil account.Date) error {
	res := t.on(ctx).Model(&account.Subscription{}).Where("id = ?", subscriptionID).Updates(map[string]any{
		"stopped_at": gorm.Expr("COALESCE(stopped_at, ?)", stoppedAt), "access_until": accessUntil,
		"auto_renew": false, "next_charge_at": nil,
	})
	return saved("save stop", res)
}

// saved is NotFound for an update that found no row.
func saved(attempted string, res *gorm.DB) error {
	if res.Error == nil && res.RowsAffected == 0 {
		return fail(attempted, gorm.ErrRecordNotFound)
	}
	return fail(attempted, res.Error)
}
