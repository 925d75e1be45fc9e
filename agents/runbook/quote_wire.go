package runbook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// The quote as evidence tells it: the whole of it, in the words of the interface.
type (
	quoteWire struct {
		Hash            string           `json:"hash"`
		Mode            account.Mode     `json:"mode"`
		AsOf            account.Date     `json:"as_of"`
		RuleVersion     string           `json:"rule_version"`
		ExpiresAt       time.Time        `json:"expires_at"`
		Currency        string           `json:"currency"`
		RefundFen       int64            `json:"refund_fen"`
		LastDayOfUse    account.Date     `json:"last_day_of_use"`
		NextChargeAt    *time.Time       `json:"next_charge_at"`
		SubscriptionIDs []string         `json:"subscription_ids"`
		Ends            []quoteEndWire   `json:"ends"`
		Lines           []quoteLineWire  `json:"lines"`
		Assets          []quoteAssetWire `json:"assets"`
		NotKnown        []string         `json:"not_known"`
	}
	quoteEndWire struct {
		SubscriptionID string       `json:"subscription_id"`
		Mode           account.Mode `json:"mode"`
		LastDayOfUse   account.Date `json:"last_day_of_use"`
		NextChargeAt   *time.Time   `json:"next_charge_at"`
	}
	quoteLineWire struct {
		ChargeID       string         `json:"charge_id"`
		SubscriptionID string         `json:"subscription_id"`
		ChargedAt      time.Time      `json:"charged_at"`
		PeriodStart    account.Date   `json:"period_start"`
		PeriodEnd      account.Date   `json:"period_end"`
		Currency       string         `json:"currency"`
		Ground         account.Ground `json:"ground"`
		PaidFen        int64          `json:"paid_fen"`
		RefundedFen    int64          `json:"refunded_fen"`
		ConsumedFen    int64          `json:"consumed_fen"`
		Days           int            `json:"days"`
		UnusedDays     int            `json:"unused_days"`
		RefundFen      int64          `json:"refund_fen"`
		ArithmeticZH   string         `json:"arithmetic_zh"`
		ArithmeticEN   string         `json:"arithmetic_en"`
	}
	quoteAssetWire struct {
		ID       string               `json:"id"`
		Kind     string               `json:"kind"`
		Source   account.AssetSource  `json:"source"`
		Quantity int64                `json:"quantity"`
		ValueFen int64                `json:"value_fen"`
		UsedFen  int64                `json:"used_fen"`
		Outcome  account.AssetOutcome `json:"outcome"`
	}
)

// quoteJSON is the quote as its event commits to it.
func quoteJSON(q account.Quote) ([]byte, error) {
	w := quoteWire{
		Hash: q.Hash, Mode: q.Mode, AsOf: q.AsOf, RuleVersion: q.RuleVersion, ExpiresAt: q.ExpiresAt,
		Currency: q.Currency, RefundFen: q.RefundFen, LastDayOfUse: q.LastDayOfUse, NextChargeAt: q.NextChargeAt,
		SubscriptionIDs: q.SubscriptionIDs, NotKnown: q.NotKnown,
	}
	for _, e := range q.Ends {
		w.Ends = append(w.Ends, quoteEndWire(e))
	}
	for _, l := range q.Lines {
		w.Lines = append(w.Lines, quoteLineWire(l))
	}
	for _, a := range q.Assets {
		w.Assets = append(w.Assets, quoteAssetWire(a))
	}
	b, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("quote as evidence: %w", err)
	}
	return append(b, '\n'), nil
}
