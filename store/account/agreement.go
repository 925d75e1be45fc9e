package account

import (
	"slices"
	"time"
)

// PaymentChannel is where an agreement lives and a charge was debited.
type PaymentChannel string

// The payment channels. External (Apple, Google, a carrier) can't be ended by anybody but the payer.
const (
	WeChat   PaymentChannel = "wechat"
	Alipay   PaymentChannel = "alipay"
	Ledger   PaymentChannel = "ledger"
	Platform PaymentChannel = "platform"
	External PaymentChannel = "external"
)

// AgreementState is where an agreement stands. A word from the platform that it is terminated counts
// only after the channel itself was asked (DESIGN.md 6.3).
type AgreementState string

// The states of an agreement: alive until its channel confirmed its end.
const (
	AgreementActive     AgreementState = "active"
	AgreementStopping   AgreementState = "stopping"
	AgreementTerminated AgreementState = "terminated"
)

// Agreement is the payer's standing permission to debit (代扣协议). It is what really has to end.
type Agreement struct {
	ID         string `gorm:"primaryKey"`
	AccountNo  string
	Channel    PaymentChannel
	Merchant   string
	ChannelRef string // the channel's own id of the agreement
	Payer      string // the channel's id of who pays; may be somebody else than the account's holder
	SignedAt   *time.Time
	State      AgreementState
	// ClaimedEnded is set when the platform's sync said "terminated" and the channel was not asked yet.
	ClaimedEnded bool
	// EndedAt is when the channel says it ended; set only by a query of the channel.
	EndedAt *time.Time
	// SubscriptionIDs are the subscriptions it names; none means it can bill all of the account's.
	SubscriptionIDs []string `gorm:"serializer:json"`
}

// Alive reports whether the agreement can still debit as far as its channel has told.
func (a Agreement) Alive() bool { return a.State != AgreementTerminated }

// Bills reports whether the agreement covers the subscription.
func (a Agreement) Bills(subscriptionID string) bool {
	return len(a.SubscriptionIDs) == 0 || slices.Contains(a.SubscriptionIDs, subscriptionID)
}
