package store

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// DebitsInFlight lists the debits that a stop of the ticket came too late for, the earliest first.
func (r reader) DebitsInFlight(ctx context.Context, ticketID int64) ([]account.DebitInFlight, error) {
	var list []account.DebitInFlight
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("due_at, charge_id").Find(&list).Error
	return list, fail("debits in flight", err)
}

// DebitInFlight is the charge as the biller named it before it arrived.
func (r reader) DebitInFlight(ctx context.Context, chargeID string) (account.DebitInFlight, error) {
	var d account.DebitInFlight
	err := r.on(ctx).Take(&d, "charge_id = ?", chargeID).Error
	return d, fail("debit in flight", err)
}

// SaveDebitsInFlight keeps the debits that the biller named. One that was named before stays with the
// case that learnt of it first.
func (t *tx) SaveDebitsInFlight(ctx context.Context, list []account.DebitInFlight) error {
	return fail("save debits in flight", createAllOr(ctx, t.on(ctx), list, "ON CONFLICT DO NOTHING"))
}

// DebitFacts reads what speaks for and against debiting a subscription, as it stood at one moment.
func (d *DB) DebitFacts(ctx context.Context, subscriptionID string) (f tickets.DebitFacts, err error) {
	err = d.view(ctx, func(r reader) (err error) {
		f, err = r.DebitFacts(ctx, subscriptionID)
		return err
	})
	return f, err
}

// DebitFacts reads what speaks for and against debiting a subscription.
func (r reader) DebitFacts(ctx context.Context, subscriptionID string) (tickets.DebitFacts, error) {
	var f tickets.DebitFacts
	if err := r.on(ctx).Take(&f.Subscription, "id = ?", subscriptionID).Error; err != nil {
		return f, fail("subscription", err)
	}
	err := errors.Join(
		r.on(ctx).Order("id").Find(&f.Agreements, "account_no = ?", f.Subscription.AccountNo).Error,
		r.on(ctx).Order("at, key").Find(&f.Stops, "target = ? AND kind = ?", subscriptionID, tickets.StopDebits).Error,
		r.on(ctx).Order("id").Find(&f.Holds, "subscription_id = ? AND state = ?", subscriptionID, tickets.HoldActive).Error,
		r.on(ctx).Order("id").Find(&f.Orders, "subscription_id = ?", subscriptionID).Error,
	)
	if err != nil {
		return f, fail("facts of a debit", err)
	}
	f.Agreements = slices.DeleteFunc(f.Agreements, func(a account.Agreement) bool { return !a.Bills(subscriptionID) })
	f.Requested, err = r.stopRequested(ctx, subscriptionID)
	return f, err
}

// stopRequested reports whether the case that works on the subscription, of which there is one at most,
// asks to stop it.
func (r reader) stopRequested(ctx context.Context, subscriptionID string) (bool, error) {
	var run tickets.Run
	err := r.on(ctx).Joins("JOIN run_subscriptions ON run_subscriptions.run_id = runs.id").
		Take(&run, "run_subscriptions.subscription_id = ? AND run_subscriptions.running", subscriptionID).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fail("run of a subscription", err)
	}
	t, err := r.Ticket(ctx, run.TicketID)
	if err != nil {
		return false, err
	}
	_, steps, err := r.LatestRun(ctx, t.ID)
	return tickets.StopRequested(t, steps), err
}
