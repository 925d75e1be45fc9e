package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Field is a value of a sync that may be left out. Left out (Set false) leaves what is known; null
// clears it (Set true with the zero value).
type Field[T any] struct {
	Set   bool
	Value T
}

// UnmarshalJSON is called only for a key that is there.
func (f *Field[T]) UnmarshalJSON(b []byte) error {
	f.Set = true
	if string(b) == "null" {
		return nil
	}
	return json.Unmarshal(b, &f.Value)
}

// or is the sync's value where it has one, else what is known.
func (f Field[T]) or(known T) T {
	if f.Set {
		return f.Value
	}
	return known
}

// Sync is what the platform says of one account: the body of PUT /v1/accounts/{account_no}, and with
// account_no a line of `accounts import`. Everything below the account is merged by its id; nothing
// is deleted by being left out.
type Sync struct {
	AccountNo        string             `json:"account_no"`
	Name             Field[string]      `json:"name"`
	Phone            Field[string]      `json:"phone"`
	Email            Field[string]      `json:"email"`
	NationalID       Field[string]      `json:"national_id"`
	Locale           Field[string]      `json:"locale"`
	UpdatedAt        Field[*time.Time]  `json:"updated_at"`
	ContactChangedAt Field[*time.Time]  `json:"contact_changed_at"`
	Subscriptions    []SyncSubscription `json:"subscriptions"`
	Agreements       []SyncAgreement    `json:"agreements"`
	Charges          []SyncCharge       `json:"charges"`
	Refunds          []SyncRefund       `json:"refunds"`
	Assets           []SyncAsset        `json:"assets"`
}

// SyncSubscription is one subscription of a sync.
type SyncSubscription struct {
	ID           string             `json:"id"`
	Plan         Field[string]      `json:"plan"`
	Period       Field[Cycle]       `json:"period"`
	PriceFen     Field[int64]       `json:"price_fen"`
	OpenedAt     Field[*time.Time]  `json:"opened_at"`
	PeriodStart  Field[Date]        `json:"current_period_start"`
	PeriodEnd    Field[Date]        `json:"current_period_end"`
	NextChargeAt Field[*time.Time]  `json:"next_charge_at"`
	AutoRenew    Field[bool]        `json:"auto_renew"`
	Consent      Field[SyncConsent] `json:"consent"`
	Notices      Field[[]Notice]    `json:"notices"`
}

// SyncConsent is the version of the terms that was agreed to, and when.
type SyncConsent struct {
	Version string     `json:"version"`
	At      *time.Time `json:"at"`
}

// SyncAgreement is one agreement of a sync.
type SyncAgreement struct {
	ID              string                `json:"id"`
	Channel         Field[PaymentChannel] `json:"channel"`
	Merchant        Field[string]         `json:"merchant"`
	ChannelRef      Field[string]         `json:"channel_ref"`
	Payer           Field[string]         `json:"payer"`
	SignedAt        Field[*time.Time]     `json:"signed_at"`
	State           Field[AgreementState] `json:"state"`
	SubscriptionIDs Field[[]string]       `json:"subscription_ids"`
}

// SyncCharge is one charge: of a sync, of POST /v1/charges, or a line of `charges import`.
type SyncCharge struct {
	ID             string         `json:"id"`
	AccountNo      string         `json:"account_no"`
	SubscriptionID string         `json:"subscription_id"`
	AgreementID    string         `json:"agreement_id"`
	AmountFen      int64          `json:"amount_fen"`
	Currency       string         `json:"currency"`
	ChargedAt      time.Time      `json:"charged_at"`
	PeriodStart    Date           `json:"period_start"`
	PeriodEnd      Date           `json:"period_end"`
	Channel        PaymentChannel `json:"channel"`
	Merchant       string         `json:"merchant"`
	ChannelTxnID   string         `json:"channel_txn_id"`
	OrderNo        string         `json:"order_no"`
	Payer          string         `json:"payer"`
	RefundedFen    int64          `json:"refunded_fen"`
	ConsumedFen    int64          `json:"consumed_fen"`
	State          ChargeState    `json:"state"`
}

// SyncRefund is a refund that the platform made itself.
type SyncRefund struct {
	ID        string    `json:"id"`
	ChargeID  string    `json:"charge_id"`
	AmountFen int64     `json:"amount_fen"`
	At        time.Time `json:"at"`
}

// SyncAsset is one asset lot of a sync.
type SyncAsset struct {
	ID       string      `json:"id"`
	Kind     string      `json:"kind"`
	Source   AssetSource `json:"source"`
	Quantity int64       `json:"quantity"`
	ValueFen int64       `json:"value_fen"`
	UsedFen  int64       `json:"used_fen"`
	Revealed bool        `json:"revealed"`
}

// DecodeSync reads one account's JSON. A key that does not exist is an error, because a misspelt one
// would be a setting silently not taken.
func DecodeSync(raw []byte) (Sync, error) {
	var s Sync
	if err := decodeStrict(raw, &s); err != nil {
		return s, err
	}
	return s, s.check()
}

// DecodeSyncOf reads the JSON of the account with that number, which it need not name again.
func DecodeSyncOf(accountNo string, raw []byte) (Sync, error) {
	var s Sync
	if err := decodeStrict(raw, &s); err != nil {
		return s, err
	}
	if s.AccountNo != "" && s.AccountNo != accountNo {
		return s, errors.New("account_no is another one's than the path's")
	}
	s.AccountNo = accountNo
	return s, s.check()
}

// DecodeCharge reads one charge's JSON.
func DecodeCharge(raw []byte) (Charge, error) {
	var c SyncCharge
	if err := decodeStrict(raw, &c); err != nil {
		return Charge{}, err
	}
	if c.AccountNo == "" {
		return Charge{}, errors.New("account_no is missing")
	}
	return c.charge(c.AccountNo)
}

func decodeStrict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not the JSON it should be: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// check says everything that is wrong with the values.
func (s Sync) check() error {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if s.AccountNo == "" {
		bad("account_no is missing")
	}
	for i, x := range s.Subscriptions {
		at := fmt.Sprintf("subscriptions[%d]", i)
		if x.ID == "" {
			bad("%s.id is missing", at)
		}
		if x.Period.Set && x.Period.Value.Months() == 0 {
			bad("%s.period is %q: month, quarter or year", at, x.Period.Value)
		}
		for name, d := range map[string]Date{"current_period_start": x.PeriodStart.Value, "current_period_end": x.PeriodEnd.Value} {
			if _, err := ParseDate(string(d)); d != "" && err != nil {
				bad("%s.%s: %v", at, name, err)
			}
		}
		if x.PriceFen.Value < 0 {
			bad("%s.price_fen is below 0", at)
		}
	}
	for i, x := range s.Agreements {
		at := fmt.Sprintf("agreements[%d]", i)
		if x.ID == "" {
			bad("%s.id is missing", at)
		}
		if x.Channel.Set && !x.Channel.Value.known() {
			bad("%s.channel is %q: wechat, alipay, ledger, platform or external", at, x.Channel.Value)
		}
		if v := x.State.Value; x.State.Set && v != AgreementActive && v != AgreementTerminated {
			bad("%s.state is %q: active or terminated", at, v)
		}
	}
	for i, x := range s.Charges {
		if _, err := x.charge(s.AccountNo); err != nil {
			bad("charges[%d]: %v", i, err)
		}
	}
	for i, x := range s.Refunds {
		if x.ID == "" || x.ChargeID == "" || x.AmountFen <= 0 || x.At.IsZero() {
			bad("refunds[%d]: id, charge_id, an amount_fen above 0 and at are needed", i)
		}
	}
	for i, x := range s.Assets {
		if x.ID == "" || (x.Source != Paid && x.Source != Gift) || x.Quantity < 0 || x.ValueFen < 0 || x.UsedFen < 0 {
			bad("assets[%d]: id, a source (paid or gift) and no value below 0 are needed", i)
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

func (c PaymentChannel) known() bool {
	switch c {
	case WeChat, Alipay, Ledger, Platform, External:
		return true
	}
	return false
}

// charge is the noun, or everything that is wrong with it.
func (c SyncCharge) charge(accountNo string) (Charge, error) {
	var wrong []string
	need := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, what)
		}
	}
	if c.Currency == "" {
		c.Currency = defaultCurrency
	}
	if c.State == "" {
		c.State = ChargePaid
	}
	need(c.ID != "", "id is missing")
	need(c.AccountNo == "" || c.AccountNo == accountNo, "account_no is another account's")
	need(c.AmountFen >= 0, "amount_fen is below 0")
	need(len(c.Currency) == 3, "currency must have three letters")
	need(!c.ChargedAt.IsZero(), "charged_at is missing")
	need(c.Channel.known(), "channel must be wechat, alipay, ledger, platform or external")
	need(c.State == ChargePaid || c.State == ChargePending || c.State == ChargeFailed, "state must be paid, pending or failed")
	need(c.RefundedFen >= 0 && c.RefundedFen <= c.AmountFen, "refunded_fen must be from 0 to amount_fen")
	need(c.ConsumedFen >= 0, "consumed_fen is below 0")
	need((c.PeriodStart == "") == (c.PeriodEnd == "") && c.PeriodStart <= c.PeriodEnd, "period_start and period_end must both be there, in order")
	for _, d := range []Date{c.PeriodStart, c.PeriodEnd} {
		if _, err := ParseDate(string(d)); d != "" && err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	if len(wrong) > 0 {
		return Charge{}, errors.New(strings.Join(wrong, ", "))
	}
	return Charge{
		ID: c.ID, AccountNo: accountNo, SubscriptionID: c.SubscriptionID, AgreementID: c.AgreementID,
		AmountFen: c.AmountFen, Currency: c.Currency, ChargedAt: c.ChargedAt.UTC().Truncate(time.Microsecond),
		PeriodStart: c.PeriodStart, PeriodEnd: c.PeriodEnd, Channel: c.Channel, Merchant: c.Merchant,
		ChannelTxnID: c.ChannelTxnID, OrderNo: c.OrderNo, Payer: c.Payer, RefundedFen: c.RefundedFen,
		ConsumedFen: c.ConsumedFen, State: c.State,
	}, nil
}
