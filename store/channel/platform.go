package channel

import (
	"context"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
)

// Platform is the platform's own payment gateway: it ends the agreements and sends the refunds that
// the desk asks it to over its billing address.
type Platform struct {
	biller *platform.HTTP
}

// NewPlatform makes the channel over the platform's billing system.
func NewPlatform(biller *platform.HTTP) *Platform { return &Platform{biller: biller} }

// Agreement says how the agreement stands by the platform's query.
func (p *Platform) Agreement(ctx context.Context, a account.Agreement) (account.AgreementStatus, error) {
	return p.biller.Agreement(ctx, a)
}

// Terminate ends the agreement. Only the query says that it has ended.
func (p *Platform) Terminate(ctx context.Context, key string, a account.Agreement) (account.Answer, error) {
	return p.biller.Terminate(ctx, key, a)
}

// Refund sends money of the charge back to its payer.
func (p *Platform) Refund(ctx context.Context, key string, c account.Charge, amountFen int64) (account.Answer, error) {
	return p.biller.Refund(ctx, key, c, amountFen)
}

// QueryRefund says what became of the refund with that key.
func (p *Platform) QueryRefund(ctx context.Context, key string, c account.Charge) (account.Answer, error) {
	return p.biller.Query(ctx, key, account.Subject{SubscriptionID: c.SubscriptionID, AgreementID: c.AgreementID})
}
