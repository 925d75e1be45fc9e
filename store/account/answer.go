package account

import "time"

// AnswerState is what a biller or a payment channel says of something it was asked to do.
type AnswerState string

// The answers. AnswerNone is said only by a query: no call with that key ever arrived.
const (
	AnswerDone    AnswerState = "done"
	AnswerPending AnswerState = "pending"
	AnswerRefused AnswerState = "refused"
	AnswerNone    AnswerState = "none"
)

// Answer is the reply of a biller or a payment channel. Any error instead of an Answer means that
// the outcome is unknown: it is queried, never taken for success or failure.
type Answer struct {
	State  AnswerState
	At     time.Time
	Detail string // ids and codes of the other side, no personal data
	// InFlight are debits that were on their way before a stop and may still arrive.
	InFlight []DebitInFlight
}

// DebitInFlight is a debit that the biller had sent before it was asked to stop, and that nobody can
// call back. The biller named it beforehand, so it is no broken promise when it arrives, and it is
// returned then.
type DebitInFlight struct {
	ChargeID       string `gorm:"primaryKey"`
	TicketID       int64
	EffectKey      string // of the stop that was answered
	SubscriptionID string
	AmountFen      int64
	DueAt          time.Time // when it was to arrive; zero where the biller did not say
	NamedAt        time.Time
}

// TableName is where it is kept.
func (DebitInFlight) TableName() string { return "debits_in_flight" }

// Subject is what a call to a biller is or was about; a part that it was not about is "". It goes with each
// question after the call too: a biller may know debits on their way by their subscription and not by the
// key of the stop that came too late for them.
type Subject struct {
	SubscriptionID string
	AgreementID    string
}

// Stop is what a biller is asked to stop. Mode Now also ends access.
type Stop struct {
	SubscriptionID string
	Mode           Mode
	LastDayOfUse   Date
}

// Hold is what a biller is asked to keep back: every debit for the subscription until then.
type Hold struct {
	SubscriptionID string
	Until          time.Time
}

// AgreementStatus is what a payment channel says of an agreement.
type AgreementStatus struct {
	Known   bool // the channel has such an agreement
	Ended   bool
	EndedAt time.Time
	Detail  string
}
