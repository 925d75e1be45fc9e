package channel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/store/account"
)

// Ledger is a payment channel that keeps its own books: agreements by their reference, payments by
// their transaction number, refunds by their key.
type Ledger struct {
	db  *gorm.DB
	now func() time.Time
}

// NewLedger makes the channel over the database's writing connection.
func NewLedger(db *gorm.DB, now func() time.Time) *Ledger { return &Ledger{db: db, now: now} }

type ledgerAgreement struct {
	Ref     string `gorm:"primaryKey"`
	Payer   string
	State   string
	EndedAt *time.Time
	EndKey  string
}

// TableName is where it is kept.
func (ledgerAgreement) TableName() string { return "ledger_agreements" }

type ledgerPayment struct {
	TxnID     string `gorm:"primaryKey"`
	Payer     string
	AmountFen int64
}

// TableName is where it is kept.
func (ledgerPayment) TableName() string { return "ledger_payments" }

type ledgerRefund struct {
	Key       string `gorm:"primaryKey"`
	TxnID     string
	AmountFen int64
	At        time.Time
}

// TableName is where it is kept.
func (ledgerRefund) TableName() string { return "ledger_refunds" }

const (
	ledgerActive     = "active"
	ledgerTerminated = "terminated"
)

// Agreement says how the agreement stands in the ledger's books.
func (l *Ledger) Agreement(ctx context.Context, a account.Agreement) (account.AgreementStatus, error) {
	var row ledgerAgreement
	err := l.db.WithContext(ctx).Take(&row, "ref = ?", a.ChannelRef).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return account.AgreementStatus{Detail: "ledger: no such agreement"}, nil
	case err != nil:
		return account.AgreementStatus{}, fmt.Errorf("query ledger agreement: %w", err)
	}
	s := account.AgreementStatus{Known: true, Ended: row.State == ledgerTerminated, Detail: "ledger: " + row.State}
	if row.EndedAt != nil {
		s.EndedAt = *row.EndedAt
	}
	return s, nil
}

// Terminate ends the agreement. One that ended before answers as done, with the time it ended.
func (l *Ledger) Terminate(ctx context.Context, key string, a account.Agreement) (account.Answer, error) {
	at := l.now()
	res := l.db.WithContext(ctx).Model(&ledgerAgreement{}).Where("ref = ? AND state = ?", a.ChannelRef, ledgerActive).
		Updates(map[string]any{"state": ledgerTerminated, "ended_at": at, "end_key": key})
	if res.Error != nil {
		return account.Answer{}, fmt.Errorf("end ledger agreement: %w", res.Error)
	}
	s, err := l.Agreement(ctx, a)
	switch {
	case err != nil:
		return account.Answer{}, err
	case !s.Known:
		return account.Answer{State: account.AnswerRefused, At: at, Detail: s.Detail}, nil
	}
	return account.Answer{State: account.AnswerDone, At: s.EndedAt, Detail: s.Detail}, nil
}

// Refund sends money of the charge's payment back to its payer. The same key with the same amount
// answers as before; with another amount, or above what was paid, it is refused.
func (l *Ledger) Refund(ctx context.Context, key string, c account.Charge, amountFen int64) (account.Answer, error) {
	at := l.now()
	answer := account.Answer{State: account.AnswerDone, At: at, Detail: "ledger: refunded"}
	err := l.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var p ledgerPayment
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&p, "txn_id = ?", c.ChannelTxnID).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			answer = account.Answer{State: account.AnswerRefused, At: at, Detail: "ledger: no such payment"}
			return nil
		}
		if err != nil {
			return err
		}
		var before ledgerRefund
		err = tx.Take(&before, "key = ?", key).Error
		switch {
		case err == nil && (before.AmountFen != amountFen || before.TxnID != p.TxnID):
			answer = account.Answer{State: account.AnswerRefused, At: at, Detail: "ledger: the refund number was used for another refund"}
			return nil
		case err == nil:
			answer.At = before.At
			return nil
		case !errors.Is(err, gorm.ErrRecordNotFound):
			return err
		}
		var sum int64
		if err := tx.Model(&ledgerRefund{}).Where("txn_id = ?", p.TxnID).Select("COALESCE(SUM(amount_fen), 0)").Scan(&sum).Error; err != nil {
			return err
		}
		if amountFen <= 0 || sum+amountFen > p.AmountFen {
			answer = account.Answer{State: account.AnswerRefused, At: at, Detail: "ledger: more than was paid"}
			return nil
		}
		return tx.Create(&ledgerRefund{Key: key, TxnID: p.TxnID, AmountFen: amountFen, At: at}).Error
	})
	if err != nil {
		return account.Answer{}, fmt.Errorf("ledger refund: %w", err)
	}
	return answer, nil
}

// QueryRefund says what became of the refund with that key.
func (l *Ledger) QueryRefund(ctx context.Context, key string, _ account.Charge) (account.Answer, error) {
	var row ledgerRefund
	err := l.db.WithContext(ctx).Take(&row, "key = ?", key).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return account.Answer{State: account.AnswerNone, At: l.now()}, nil
	case err != nil:
		return account.Answer{}, fmt.Errorf("query ledger refund: %w", err)
	}
	return account.Answer{State: account.AnswerDone, At: row.At, Detail: "ledger: refunded"}, nil
}

// Register writes an agreement that the payer signed and the payments made under it into the
// ledger's books. What is there already stays as it is: an ended agreement never comes alive again.
func (l *Ledger) Register(ctx context.Context, agreements []account.Agreement, charges []account.Charge) error {
	err := l.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		keep := tx.Clauses(clause.OnConflict{DoNothing: true}).Session(&gorm.Session{})
		for _, a := range agreements {
			if a.Channel != account.Ledger || a.ChannelRef == "" {
				continue
			}
			if err := keep.Create(&ledgerAgreement{Ref: a.ChannelRef, Payer: a.Payer, State: ledgerActive}).Error; err != nil {
				return err
			}
		}
		for _, c := range charges {
			if c.Channel != account.Ledger || c.ChannelTxnID == "" || c.State != account.ChargePaid || c.AmountFen <= 0 {
				continue
			}
			if err := keep.Create(&ledgerPayment{TxnID: c.ChannelTxnID, Payer: c.Payer, AmountFen: c.AmountFen}).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("register with the ledger: %w", err)
	}
	return nil
}
