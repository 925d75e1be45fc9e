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
