package simulator

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Debit is one debit that the platform made.
type Debit struct {
	Seq            int64     `json:"seq"` // counts up
	ChargeID       string    `json:"charge_id"`
	AccountNo      string    `json:"account_no"`
	SubscriptionID string    `json:"subscription_id"`
	AmountFen      int64     `json:"amount_fen"`
	At             time.Time `json:"at"`
	InFlight       bool      `json:"in_flight"` // on its way already when the stop came
}

// Debits lists what the platform debited after a number, oldest first; at most 1,000.
func (s *Simulator) Debits(ctx context.Context, after int64) ([]Debit, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT seq, id, account_no, subscription_id, amount_fen, debited_at, in_flight FROM charges
		WHERE debited_at > 0 AND seq > ? ORDER BY seq LIMIT 1000`, after)
	if err != nil {
		return nil, fmt.Errorf("debits: %w", err)
	}
	defer rows.Close()
	out := []Debit{}
	for rows.Next() {
		var d Debit
		var at int64
		if err := rows.Scan(&d.Seq, &d.ChargeID, &d.AccountNo, &d.SubscriptionID, &d.AmountFen, &at, &d.InFlight); err != nil {
			return nil, fmt.Errorf("debits: %w", err)
		}
		d.At = time.UnixMilli(at).UTC()
		out = append(out, d)
	}
	return out, rows.Err()
}

// due is a subscription whose debit is due.
type due struct {
	id, accountNo, agreement, start, end string
	price, next                          int64
	months                               int
	everyMinute                          bool
}

// Tick is one look of the platform's debit clock: whoever is due, renews, is not held and whose
// agreement stands is debited, and what was in flight arrives. It returns how many debits it made.
func (s *Simulator) Tick(ctx context.Context) (int, error) {
	now := s.now()
	made := 0
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		list, err := dueNow(ctx, tx, now)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := s.debit(ctx, tx, d, now); err != nil {
				return fmt.Errorf("debit %s: %w", d.id, err)
			}
		}
		landed, err := land(ctx, tx, now)
		made = len(list) + landed
		return err
	})
	return made, err
}

func dueNow(ctx context.Context, tx *sql.Tx, now time.Time) ([]due, error) {
	rows, err := tx.QueryContext(ctx, `SELECT s.id, s.account_no, s.agreement_id, s.price_fen, s.months, s.every_minute, s.period_start, s.period_end, s.next_charge_at
		FROM subscriptions s JOIN agreements a ON a.id = s.agreement_id
		WHERE s.auto_renew AND s.next_charge_at > 0 AND s.next_charge_at <= ? AND s.held_until <= ? AND a.state = 'active' ORDER BY s.id`,
		now.UnixMilli(), now.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("who is due: %w", err)
	}
	defer rows.Close()
	var out []due
	for rows.Next() {
		var d due
		if err := rows.Scan(&d.id, &d.accountNo, &d.agreement, &d.price, &d.months, &d.everyMinute, &d.start, &d.end, &d.next); err != nil {
			return nil, fmt.Errorf("who is due: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// debit takes one period's price and moves the subscription on.
func (s *Simulator) debit(ctx context.Context, tx *sql.Tx, d due, now time.Time) error {
	from := account.Date(d.end)
	if from == "" {
		from = account.DateOf(now, zone())
	}
	to := from.AddMonths(max(d.months, 1), 0)
	id := fmt.Sprintf("%s-%d", d.id, now.UnixMilli())
	if err := insertCharge(ctx, tx, d.accountNo, chargeDoc(id, d.id, d.agreement, d.price, now, from, to), now.UnixMilli(), false); err != nil {
		return err
	}
	next := now.Add(s.minute)
	if !d.everyMinute {
		next = time.UnixMilli(d.next).AddDate(0, max(d.months, 1), 0)
	}
	_, err := tx.ExecContext(ctx, "UPDATE subscriptions SET period_start = ?, period_end = ?, next_charge_at = ? WHERE id = ?", from, to, next.UnixMilli(), d.id)
	return err
}

// arrival is a debit that was in flight.
type arrival struct {
	charge, subscription, accountNo, agreement, end string
	fen                                             int64
	months                                          int
}

// land lets the debits arrive that were in flight.
func land(ctx context.Context, tx *sql.Tx, now time.Time) (int, error) {
	all, err := arriving(ctx, tx, now)
	if err != nil {
		return 0, fmt.Errorf("what is in flight: %w", err)
	}
	for _, f := range all {
		from := account.Date(f.end)
		if from == "" {
			from = account.DateOf(now, zone())
		}
		c := chargeDoc(f.charge, f.subscription, f.agreement, f.fen, now, from, from.AddMonths(max(f.months, 1), 0))
		if err := insertCharge(ctx, tx, f.accountNo, c, now.UnixMilli(), true); err != nil {
			return 0, fmt.Errorf("land %s: %w", f.charge, err)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE flights SET arrived = TRUE WHERE charge_id = ?", f.charge); err != nil {
			return 0, fmt.Errorf("land %s: %w", f.charge, err)
		}
	}
	return len(all), nil
}

func arriving(ctx context.Context, tx *sql.Tx, now time.Time) ([]arrival, error) {
	rows, err := tx.QueryContext(ctx, `SELECT f.charge_id, f.subscription_id, f.amount_fen, s.account_no, s.agreement_id, s.period_end, s.months
		FROM flights f JOIN subscriptions s ON s.id = f.subscription_id WHERE NOT f.arrived AND f.due_at <= ?`, now.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []arrival
	for rows.Next() {
		var f arrival
		if err := rows.Scan(&f.charge, &f.subscription, &f.fen, &f.accountNo, &f.agreement, &f.end, &f.months); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, rows.Err()
}
