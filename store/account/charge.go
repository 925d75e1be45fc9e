package account

import (
	"math"
	"time"
)

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

// hasPeriod reports whether it is known which days the charge pays for.
func (c Charge) hasPeriod() bool { return c.PeriodStart != "" && c.PeriodStart < c.PeriodEnd }

// returned is what has gone back of a charge or is on its way, in fen, by who sent it.
type returned struct {
	elsewhere int64 // by the platform itself
	desk      int64 // by this desk, by rule or by a person's decision
}

func (r returned) total() int64 { return addFen(r.elsewhere, r.desk) }

// returned adds up the charge's own refunded amount and every refund of it that reserves money.
func (s Snapshot) returned(c Charge) returned {
	r := returned{elsewhere: max(c.RefundedFen, 0)}
	for _, f := range s.Refunds {
		if f.ChargeID != c.ID || !f.State.Reserves() {
			continue
		}
		if f.Elsewhere {
			r.elsewhere = addFen(r.elsewhere, f.AmountFen)
		} else {
			r.desk = addFen(r.desk, f.AmountFen)
		}
	}
	return r
}

// addFen adds a refunded amount to a sum of such. It ignores a negative one and stops at the largest
// number: either would otherwise raise what may still be refunded.
func addFen(sum, fen int64) int64 {
	fen = max(fen, 0)
	if sum > math.MaxInt64-fen {
		return math.MaxInt64
	}
	return sum + fen
}
