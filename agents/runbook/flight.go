package runbook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// A debit in flight is looked for a while after it is due, then once a day, for as long as a channel may
// take to make it (WeChat Pay's announced debits come up to 9 days later, DOMAIN.md 2.1).
const (
	lookAfter = time.Hour
	lookAgain = 24 * time.Hour
	lookUntil = 10 * 24 * time.Hour
)

// watchJobs look whether the debits that a stop came too late for have arrived.
func watchJobs(t tickets.Ticket, flying []account.DebitInFlight, at time.Time) []tickets.Job {
	if len(flying) == 0 {
		return nil
	}
	due := slices.MinFunc(flying, func(a, b account.DebitInFlight) int { return a.DueAt.Compare(b.DueAt) }).DueAt
	if due.Before(at) {
		due = at
	}
	return []tickets.Job{{Kind: tickets.JobWatch, TicketID: t.ID, DueAt: due.Add(lookAfter), Key: "watch/" + t.Number()}}
}

// Watch looks the account of a case up once more, so that a debit that was in flight at its stop is
// seen when it has arrived; a case of its own then returns it (Desk.Guard, which whoever stores accounts
// calls). It goes on until each has arrived or failed, or can't arrive any more.
func (r *Runner) Watch(ctx context.Context, j tickets.Job, done Complete) error {
	t, err := r.Store.Ticket(ctx, j.TicketID)
	if err != nil {
		return fmt.Errorf("ticket to watch: %w", err)
	}
	if r.Directory != nil {
		if _, err := r.Directory.Find(ctx, tickets.ByAccount, t.AccountNo); err != nil {
			return fmt.Errorf("look for debits of %s: %w", t.Number(), err)
		}
	}
	at := r.Now()
	return r.Store.InTx(ctx, func(tx tickets.Tx) error {
		flying, err := tx.DebitsInFlight(ctx, t.ID)
		if err != nil {
			return err
		}
		snap, err := tx.Snapshot(ctx, t.AccountNo)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(flying, func(d account.DebitInFlight) bool { return outstanding(d, snap, at) }) {
			if err := tx.Enqueue(ctx, tickets.Job{Kind: j.Kind, TicketID: t.ID, DueAt: at.Add(lookAgain), Key: "watch/" + t.Number() + "/" + at.Format(time.DateOnly)}); err != nil {
				return err
			}
		}
		return done(ctx, tx)
	})
}

// outstanding reports whether the debit may still arrive.
func outstanding(d account.DebitInFlight, s account.Snapshot, at time.Time) bool {
	due := d.DueAt
	if due.IsZero() {
		due = d.NamedAt
	}
	arrived := slices.ContainsFunc(s.Charges, func(c account.Charge) bool { return c.ID == d.ChargeID && c.State != account.ChargePending })
	return !arrived && at.Before(due.Add(lookUntil))
}
