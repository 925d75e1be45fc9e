package account

import "time"

// ChargeState is what became of a debit.
type ChargeState string

// The states of a charge. Only a paid charge is money the payer is out of.
const (
	ChargePaid    ChargeState = "paid"
	ChargePending ChargeState = "pending"
	ChargeFailed  ChargeState = "failed"
)

// Charge is one debit for one period of one subscription.
type Charge struct {
	ID             string `gorm:"primaryKey"`
	AccountNo      string
	SubscriptionID string
	AgreementID    string
	AmountFen      int64 // cash actually paid, after coupons
	Currency       string
	ChargedAt      time.Time
	PeriodStart    Date // the cycle it pays for, [start, end); "" for a purchase without one
	PeriodEnd      Date
	Channel        PaymentChannel
	Merchant       string
	ChannelTxnID   string
	OrderNo        string
	Payer          string
	RefundedFen    int64 // refunded before and elsewhere, as the platform says
	ConsumedFen    int64 // value of benefits used up, where the plan's terms allow its deduction
	State          ChargeState
}
