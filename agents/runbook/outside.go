package runbook

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// AnswerState is what a biller or a payment channel says of an effect.
type AnswerState string

// The answers. None is said only by a query: no call with that key ever arrived.
const (
	Done    AnswerState = "done"
	Waiting AnswerState = "pending"
	Refused AnswerState = "refused"
	None    AnswerState = "none"
)

// Answer is the reply of a biller or a payment channel. Any error instead of an Answer means that
// the outcome is unknown: it is queried, never taken for success or failure.
type Answer struct {
	State  AnswerState
	At     time.Time
	Detail string // ids and codes of the other side, no personal data
}

// Biller is whoever sends the debits. The same key gives the same answer and acts once.
type Biller interface {
	// Stop asks that no debit be sent for the subscription any more.
	Stop(ctx context.Context, key string, s Stop) (Answer, error)
	// Query asks what became of an earlier call.
	Query(ctx context.Context, key string) (Answer, error)
}

// Stop is what the biller is asked to stop. Mode Now also ends access.
type Stop struct {
	SubscriptionID string
	Mode           account.Mode
	LastDayOfUse   account.Date
}

// AgreementStatus is what a payment channel says of an agreement.
type AgreementStatus struct {
	Known   bool // the channel has such an agreement
	Ended   bool
	EndedAt time.Time
	Detail  string
}

// Channel is a payment channel: where agreements live and refunds go back through.
type Channel interface {
	Agreement(ctx context.Context, a account.Agreement) (AgreementStatus, error)
	Terminate(ctx context.Context, key string, a account.Agreement) (Answer, error)
	// Refund sends money of the charge back to whoever paid it. The same key refunds once.
	Refund(ctx context.Context, key string, c account.Charge, amountFen int64) (Answer, error)
	QueryRefund(ctx context.Context, key string, c account.Charge) (Answer, error)
}
