package simulator

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// order is what the desk asks for, as it comes over the wire.
type order struct {
	Key            string     `json:"key"`
	SubscriptionID string     `json:"subscription_id"`
	AgreementID    string     `json:"agreement_id"`
	Mode           string     `json:"mode"`
	LastDayOfUse   string     `json:"last_day_of_use"`
	Until          *time.Time `json:"until"`
	ChargeID       string     `json:"charge_id"`
	AmountFen      int64      `json:"amount_fen"`
	Currency       string     `json:"currency"`
	OfKey          string     `json:"of_key"`
}

// answer is what the platform says of it.
type answer struct {
	State          string   `json:"state"`
	AgreementState string   `json:"agreement_state,omitempty"`
	InFlight       []flight `json:"debits_in_flight,omitempty"`
	At             string   `json:"at"`
	Detail         string   `json:"detail"`
}

type flight struct {
	ChargeID  string `json:"charge_id"`
	AmountFen int64  `json:"amount_fen"`
	DueAt     string `json:"due_at"`
}

// The states of an order.
const (
	done    = "done"
	refused = "refused"
	none    = "none"
)

var errKeyReused = errors.New("this key was used for something else")

// carryOut does what was asked, once for each key: the same key answers the same again.
func (s *Simulator) carryOut(ctx context.Context, op string, o order, f Fault) (answer, error) {
	now := s.now()
	var out answer
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var before order
		var was, state, detail string
		var at int64
		err := tx.QueryRowContext(ctx, "SELECT op, subscription_id, agreement_id, charge_id, amount_fen, state, detail, at FROM orders WHERE key = ?", o.Key).
			Scan(&was, &before.SubscriptionID, &before.AgreementID, &before.ChargeID, &before.AmountFen, &state, &detail, &at)
		switch {
		case err == nil && (was != op || before.SubscriptionID != o.SubscriptionID || before.AgreementID != o.AgreementID ||
			before.ChargeID != o.ChargeID || before.AmountFen != o.AmountFen):
			return errKeyReused
		case err == nil:
			out = answer{State: state, Detail: detail, At: stamp(at)}
			return nil
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		out = answer{State: done, Detail: op + " carried out", At: stamp(now.UnixMilli())}
		why := "refused on command"
		if f.Kind != Refuse {
			if why, err = s.do(ctx, tx, op, o, f, now); err != nil {
				return err
			}
		}
		if why != "" {
			out.State, out.Detail = refused, why
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO orders (key, op, subscription_id, agreement_id, charge_id, amount_fen, state, detail, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, o.Key, op, o.SubscriptionID, o.AgreementID, o.ChargeID, o.AmountFen, out.State, out.Detail, now.UnixMilli())
		return err
	})
	return out, err
}

// do changes what the order is about and returns why it is refused, "" where it is not.
func (s *Simulator) do(ctx context.Context, tx *sql.Tx, op string, o order, f Fault, now time.Time) (refusal string, err error) {
	var res sql.Result
	switch op {
	case "hold":
		if o.Until == nil {
			return "until is missing", nil
		}
		res, err = tx.ExecContext(ctx, "UPDATE subscriptions SET held_until = ? WHERE id = ?", o.Until.UnixMilli(), o.SubscriptionID)
	case "release":
		res, err = tx.ExecContext(ctx, "UPDATE subscriptions SET held_until = 0 WHERE id = ?", o.SubscriptionID)
	case "stop":
		if f.Kind == InFlight {
			if err := s.launch(ctx, tx, o, now); err != nil {
				return "", err
			}
		}
		res, err = tx.ExecContext(ctx, "UPDATE subscriptions SET auto_renew = FALSE, next_charge_at = 0 WHERE id = ?", o.SubscriptionID)
	case "terminate":
		res, err = tx.ExecContext(ctx, `UPDATE agreements SET state = 'terminated', ended_at = CASE WHEN ended_at = 0 THEN ? ELSE ended_at END WHERE id = ?`,
			now.UnixMilli(), o.AgreementID)
	case "refund":
		return refund(ctx, tx, o)
	default:
		return "", fmt.Errorf("no such order: %s", op)
	}
	if err != nil {
		return "", err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return "there is no such " + map[bool]string{true: "agreement", false: "subscription"}[op == "terminate"], nil
	}
	return "", err
}

// refund refuses whatever is more than was paid.
func refund(ctx context.Context, tx *sql.Tx, o order) (refusal string, err error) {
	var paid, back int64
	err = tx.QueryRowContext(ctx, "SELECT amount_fen FROM charges WHERE id = ?", o.ChargeID).Scan(&paid)
	if errors.Is(err, sql.ErrNoRows) {
		return "there is no such charge", nil
	}
	if err != nil {
		return "", err
	}
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(SUM(amount_fen), 0) FROM orders WHERE charge_id = ? AND op = 'refund' AND state = 'done'", o.ChargeID).
		Scan(&back); err != nil {
		return "", err
	}
	if o.AmountFen <= 0 || back+o.AmountFen > paid {
		return "more than was paid", nil
	}
	return "", nil
}

// launch puts a debit on its way that the stop comes too late for.
func (s *Simulator) launch(ctx context.Context, tx *sql.Tx, o order, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO flights (charge_id, key, subscription_id, amount_fen, due_at)
		SELECT 'F-' || id || '-' || ?, ?, id, price_fen, ? FROM subscriptions WHERE id = ?`,
		now.UnixMilli(), o.Key, now.Add(s.minute).UnixMilli(), o.SubscriptionID)
	return err
}

// query says what became of an order, how an agreement stands, and what is still on its way.
func (s *Simulator) query(ctx context.Context, o order) (answer, error) {
	out := answer{State: none, At: stamp(s.now().UnixMilli()), Detail: "nothing of that key arrived"}
	if o.OfKey != "" {
		var at int64
		err := s.db.QueryRowContext(ctx, "SELECT state, detail, at FROM orders WHERE key = ?", o.OfKey).Scan(&out.State, &out.Detail, &at)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return answer{}, err
		default:
			out.At = stamp(at)
		}
		if out.InFlight, err = s.flights(ctx, o.OfKey); err != nil {
			return answer{}, err
		}
	}
	if o.AgreementID != "" {
		var at int64
		err := s.db.QueryRowContext(ctx, "SELECT state, ended_at FROM agreements WHERE id = ?", o.AgreementID).Scan(&out.AgreementState, &at)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			out.AgreementState = none
		case err != nil:
			return answer{}, err
		case at > 0 && o.OfKey == "":
			out.At = stamp(at)
		}
	}
	return out, nil
}

func (s *Simulator) flights(ctx context.Context, key string) ([]flight, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT charge_id, amount_fen, due_at FROM flights WHERE key = ? AND NOT arrived ORDER BY charge_id", key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []flight
	for rows.Next() {
		var f flight
		var due int64
		if err := rows.Scan(&f.ChargeID, &f.AmountFen, &due); err != nil {
			return nil, err
		}
		f.DueAt = stamp(due)
		out = append(out, f)
	}
	return out, rows.Err()
}

func stamp(milli int64) string { return time.UnixMilli(milli).In(zone()).Format(time.RFC3339Nano) }
