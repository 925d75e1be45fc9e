package account

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// quoteBasis is what a quote's hash covers: the inputs that decide its amounts, and the amounts. Its
// JSON is canonical because it has no map, no float and no instant, and every list is sorted; the
// order of its fields is part of the rule version. Left out is what changes without an amount
// changing: when the quote was made and lapses, words, a charge still under way, and that the stop was
// carried out meanwhile, which must not undo the acceptance it was carried out on.
type quoteBasis struct {
	RuleVersion   string      `json:"rule_version"`
	AsOf          Date        `json:"as_of"`
	AccountNo     string      `json:"account_no"`
	Currency      string      `json:"currency"`
	RefundFen     int64       `json:"refund_fen"`
	Subscriptions []basisEnd  `json:"subscriptions"`
	Lines         []basisLine `json:"lines"`
	Assets        []basisLot  `json:"assets"`
}

type basisEnd struct {
	ID           string `json:"id"`
	Mode         Mode   `json:"mode"`
	PeriodStart  Date   `json:"period_start"`
	PeriodEnd    Date   `json:"period_end"`
	LastDayOfUse Date   `json:"last_day_of_use"`
}

type basisLine struct {
	ChargeID       string `json:"charge_id"`
	SubscriptionID string `json:"subscription_id"`
	Currency       string `json:"currency"`
	PeriodStart    Date   `json:"period_start"`
	PeriodEnd      Date   `json:"period_end"`
	PaidFen        int64  `json:"paid_fen"`
	RefundedFen    int64  `json:"refunded_fen"`
	ConsumedFen    int64  `json:"consumed_fen"`
	Ground         Ground `json:"ground"`
	UnusedDays     int    `json:"unused_days"`
	RefundFen      int64  `json:"refund_fen"`
}

type basisLot struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"`
	Source   AssetSource  `json:"source"`
	Quantity int64        `json:"quantity"`
	ValueFen int64        `json:"value_fen"`
	UsedFen  int64        `json:"used_fen"`
	Outcome  AssetOutcome `json:"outcome"`
}

// asked is the ground as it was before the stop was carried out: time of a cycle paid ahead is unused
// time until then.
func (g Ground) asked() Ground {
	if g == PaidAhead {
		return UnusedTime
	}
	return g
}

func (q Quote) hash(s Snapshot) (string, error) {
	b := quoteBasis{
		RuleVersion: q.RuleVersion, AsOf: q.AsOf, AccountNo: s.Account.No,
		Currency: q.Currency, RefundFen: q.RefundFen,
	}
	for _, e := range q.Ends {
		sub, _ := s.Subscription(e.SubscriptionID)
		b.Subscriptions = append(b.Subscriptions, basisEnd{
			ID: sub.ID, Mode: e.Mode, PeriodStart: sub.PeriodStart, PeriodEnd: sub.PeriodEnd,
			LastDayOfUse: e.LastDayOfUse,
		})
	}
	for _, l := range q.Lines {
		b.Lines = append(b.Lines, basisLine{
			ChargeID: l.ChargeID, SubscriptionID: l.SubscriptionID, Currency: l.Currency,
			PeriodStart: l.PeriodStart, PeriodEnd: l.PeriodEnd,
			PaidFen: l.PaidFen, RefundedFen: l.RefundedFen, ConsumedFen: l.ConsumedFen,
			Ground: l.Ground.asked(), UnusedDays: l.UnusedDays, RefundFen: l.RefundFen,
		})
	}
	for _, a := range q.Assets {
		b.Assets = append(b.Assets, basisLot(a))
	}
	canonical, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("hash quote: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}
