package runbook

import (
	"context"

	"github.com/canceldesk/canceldesk/store/account"
)

// Biller is whoever sends the debits. The same key gives the same answer and acts once.
type Biller interface {
	// Stop asks that no debit be sent for the subscription any more.
	Stop(ctx context.Context, key string, s account.Stop) (account.Answer, error)
	// Hold asks that no debit be sent until an instant; Release takes a hold back.
	Hold(ctx context.Context, key string, h account.Hold) (account.Answer, error)
	Release(ctx context.Context, key, subscriptionID string) (account.Answer, error)
	// Query asks what became of an earlier call, and what is still on its way of what the call was about.
	Query(ctx context.Context, key string, of account.Subject) (account.Answer, error)
}

// Channel is a payment channel: where agreements live and refunds go back through.
type Channel interface {
	Agreement(ctx context.Context, a account.Agreement) (account.AgreementStatus, error)
	Terminate(ctx context.Context, key string, a account.Agreement) (account.Answer, error)
	// Refund sends money of the charge back to whoever paid it. The same key refunds once.
	Refund(ctx context.Context, key string, c account.Charge, amountFen int64) (account.Answer, error)
	QueryRefund(ctx context.Context, key string, c account.Charge) (account.Answer, error)
}
