package simulator

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// The numbers that seeded members go by, from 1.
func memberNo(n int) string       { return fmt.Sprintf("SIM%05d", n) }
func subscriptionID(n int) string { return fmt.Sprintf("SIM-S-%05d", n) }

// MemberMail is the address of a seeded member, from 1.
func MemberMail(n int) string { return fmt.Sprintf("member%05d@sim.example", n) }

// zone is where the invented platform counts its days.
func zone() *time.Location { return time.FixedZone("CST", 8*60*60) }

// Seed adds members until there are n of them beside those that were loaded. Each pays for a month at a
// time, through the platform's own gateway, and is debited every simulated minute.
func (s *Simulator) Seed(ctx context.Context, n int) error {
	now := s.now()
	return s.inTx(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM subscriptions WHERE every_minute").Scan(&have); err != nil {
			return fmt.Errorf("count members: %w", err)
		}
		for i := have + 1; i <= n; i++ {
			if err := load(ctx, tx, member(i, now, s.minute), true); err != nil {
				return fmt.Errorf("member %d: %w", i, err)
			}
		}
		return nil
	})
}

// member is one seeded member in the form of a sync.
func member(n int, now time.Time, minute time.Duration) map[string]any {
	from := account.DateOf(now, zone()).AddDays(-(n % 20))
	to := from.AddMonths(1, 0)
	agreement, price, since := fmt.Sprintf("SIM-A-%05d", n), 1500+int64(n%7)*500, now.AddDate(0, -2, 0).UTC().Format(time.RFC3339)
	charge := chargeDoc(fmt.Sprintf("SIM-C-%05d-0", n), subscriptionID(n), agreement, price, from.In(zone()), from, to)
	return map[string]any{
		"account_no": memberNo(n), "name": fmt.Sprintf("模拟会员%d", n), "phone": fmt.Sprintf("139%08d", n), "email": MemberMail(n),
		"locale": []string{"zh-CN", "en"}[n%2], "updated_at": since, "contact_changed_at": since,
		"subscriptions": []any{map[string]any{
			"id": subscriptionID(n), "plan": "模拟月卡", "period": "month", "price_fen": price, "opened_at": since,
			"current_period_start": string(from), "current_period_end": string(to), "auto_renew": true,
			"next_charge_at": now.Add(minute).UTC().Format(time.RFC3339Nano),
		}},
		"agreements": []any{map[string]any{
			"id": agreement, "channel": "platform", "merchant": "simulator", "channel_ref": agreement, "payer": "payer-" + memberNo(n),
			"signed_at": since, "state": "active", "subscription_ids": []any{subscriptionID(n)},
		}},
		"charges": []any{charge},
	}
}

func chargeDoc(id, subscription, agreement string, fen int64, at time.Time, from, to account.Date) map[string]any {
	return map[string]any{
		"id": id, "subscription_id": subscription, "agreement_id": agreement, "amount_fen": fen, "currency": "CNY",
		"charged_at": at.UTC().Format(time.RFC3339Nano), "period_start": string(from), "period_end": string(to), "channel": "platform",
		"merchant": "simulator", "channel_txn_id": "T" + id, "order_no": "O" + id, "payer": "payer", "state": "paid",
	}
}

// Load takes in members as JSON Lines in the form of a sync; those that are known already stay as they
// are. What they hold at the desk's own ledger is at the platform's gateway here.
func (s *Simulator) Load(ctx context.Context, lines []byte) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for i, line := range bytes.Split(bytes.TrimSpace(lines), []byte("\n")) {
			if _, err := account.DecodeSync(line); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			var doc map[string]any
			if err := json.Unmarshal(line, &doc); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			for _, part := range []string{"agreements", "charges"} {
				for _, x := range list(doc[part]) {
					if x["channel"] == "ledger" {
						x["channel"] = "platform"
					}
				}
			}
			if err := load(ctx, tx, doc, false); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		}
		return nil
	})
}

// load stores one member.
func load(ctx context.Context, tx *sql.Tx, doc map[string]any, everyMinute bool) error {
	no, charges := text(doc["account_no"]), list(doc["charges"])
	delete(doc, "charges")
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO accounts (account_no, phone, email, doc) VALUES (?, ?, ?, ?)",
		no, account.NormalPhone(text(doc["phone"])), text(doc["email"]), raw)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	for _, a := range list(doc["agreements"]) {
		if _, err := tx.ExecContext(ctx, "INSERT INTO agreements (id, account_no, state) VALUES (?, ?, ?)", text(a["id"]), no, orText(a["state"], "active")); err != nil {
			return err
		}
	}
	for _, x := range list(doc["subscriptions"]) {
		renews, _ := x["auto_renew"].(bool)
		if _, err := tx.ExecContext(ctx, `INSERT INTO subscriptions
			(id, account_no, agreement_id, price_fen, months, every_minute, auto_renew, period_start, period_end, next_charge_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			text(x["id"]), no, billedBy(doc, text(x["id"])), whole(x["price_fen"]), account.Cycle(text(x["period"])).Months(), everyMinute,
			renews, text(x["current_period_start"]), text(x["current_period_end"]), instant(x["next_charge_at"])); err != nil {
			return err
		}
	}
	for _, c := range charges {
		if err := insertCharge(ctx, tx, no, c, 0, false); err != nil {
			return err
		}
	}
	return nil
}

// billedBy is the agreement that a subscription is debited under.
func billedBy(doc map[string]any, subscription string) string {
	for _, a := range list(doc["agreements"]) {
		ids, _ := a["subscription_ids"].([]any)
		for _, id := range ids {
			if text(id) == subscription {
				return text(a["id"])
			}
		}
		if len(ids) == 0 {
			return text(a["id"])
		}
	}
	return ""
}

func insertCharge(ctx context.Context, tx *sql.Tx, accountNo string, c map[string]any, debitedAt int64, inFlight bool) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO charges
		(id, account_no, subscription_id, amount_fen, order_no, channel_txn_id, doc, debited_at, in_flight) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		text(c["id"]), accountNo, text(c["subscription_id"]), whole(c["amount_fen"]), text(c["order_no"]), text(c["channel_txn_id"]), raw, debitedAt, inFlight)
	return err
}

// The values of a decoded JSON document.
func list(v any) []map[string]any {
	items, _ := v.([]any)
	out := make([]map[string]any, 0, len(items))
	for _, x := range items {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func orText(v any, otherwise string) string {
	if s := text(v); s != "" {
		return s
	}
	return otherwise
}

func whole(v any) int64 {
	switch n := v.(type) {
	case float64:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

// instant is an RFC 3339 instant as the database keeps it, 0 for none.
func instant(v any) int64 {
	t, err := time.Parse(time.RFC3339, text(v))
	if err != nil {
		return 0
	}
	return t.UnixMilli()
}
