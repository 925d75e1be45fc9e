package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

var errUnknownKey = errors.New("by is account, phone, email, order_no or channel_txn_id")

// lookup finds the accounts of a value, each with everything that belongs to it.
func (s *Simulator) lookup(ctx context.Context, by, value string) ([]map[string]any, error) {
	var query string
	switch by {
	case "account":
		query = "SELECT account_no FROM accounts WHERE account_no = ?"
	case "phone":
		query, value = "SELECT account_no FROM accounts WHERE phone <> '' AND phone = ? ORDER BY account_no", account.NormalPhone(value)
	case "email":
		query, value = "SELECT account_no FROM accounts WHERE email <> '' AND email = ? ORDER BY account_no", strings.ToLower(value)
	case "order_no":
		query = "SELECT DISTINCT account_no FROM charges WHERE order_no <> '' AND order_no = ? ORDER BY account_no"
	case "channel_txn_id":
		query = "SELECT DISTINCT account_no FROM charges WHERE channel_txn_id <> '' AND channel_txn_id = ? ORDER BY account_no"
	default:
		return nil, errUnknownKey
	}
	numbers, err := s.column(ctx, query, value)
	if err != nil {
		return nil, fmt.Errorf("look up by %s: %w", by, err)
	}
	out := make([]map[string]any, 0, len(numbers))
	for _, no := range numbers {
		doc, err := s.account(ctx, no)
		if err != nil {
			return nil, fmt.Errorf("account: %w", err)
		}
		out = append(out, doc)
	}
	return out, nil
}

// account is one account as it stands, in the form of a sync.
func (s *Simulator) account(ctx context.Context, no string) (map[string]any, error) {
	var raw []byte
	if err := s.db.QueryRowContext(ctx, "SELECT doc FROM accounts WHERE account_no = ?", no).Scan(&raw); err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	doc["updated_at"] = s.now().UTC().Format(time.RFC3339Nano)
	for _, x := range list(doc["subscriptions"]) {
		var renews bool
		var next int64
		var from, to string
		err := s.db.QueryRowContext(ctx, "SELECT auto_renew, next_charge_at, period_start, period_end FROM subscriptions WHERE id = ?", text(x["id"])).
			Scan(&renews, &next, &from, &to)
		if err != nil {
			return nil, err
		}
		x["auto_renew"], x["current_period_start"], x["current_period_end"], x["next_charge_at"] = renews, from, to, nil
		if next > 0 {
			x["next_charge_at"] = time.UnixMilli(next).UTC().Format(time.RFC3339Nano)
		}
	}
	for _, a := range list(doc["agreements"]) {
		var state string
		if err := s.db.QueryRowContext(ctx, "SELECT state FROM agreements WHERE id = ?", text(a["id"])).Scan(&state); err != nil {
			return nil, err
		}
		a["state"] = state
	}
	charges, err := s.column(ctx, "SELECT doc FROM charges WHERE account_no = ? ORDER BY seq", no)
	if err != nil {
		return nil, err
	}
	all := make([]json.RawMessage, len(charges))
	for i, c := range charges {
		all[i] = json.RawMessage(c)
	}
	doc["charges"] = all
	return doc, nil
}

// column reads a column of texts.
func (s *Simulator) column(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
