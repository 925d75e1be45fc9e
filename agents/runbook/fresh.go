package runbook

import (
	"context"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// Directory asks the platform for accounts, where the desk does not keep them all itself. What it
// finds is in the account store afterwards.
type Directory interface {
	// Find returns the numbers of the accounts that the platform has for a value, in order.
	// Unavailable where it can't be asked: then nobody knows.
	Find(ctx context.Context, by tickets.AccountKey, value string) ([]string, error)
	// Renew asks for an account once more, however short ago it was asked for.
	Renew(ctx context.Context, accountNo string) error
}

// fresh is a reader that asks the platform before it answers what is known of accounts.
type fresh struct {
	tickets.Reader
	directory Directory
	// stale is why the account that was read last may not be as the platform has it now.
	stale error
}

// FindAccounts asks the platform. That it can't be asked is an error and never "no such account".
func (f *fresh) FindAccounts(ctx context.Context, by tickets.AccountKey, value string) ([]string, error) {
	return f.directory.Find(ctx, by, value)
}

// Snapshot is the account as the platform has it now, or where it can't be asked as it is known.
func (f *fresh) Snapshot(ctx context.Context, accountNo string) (account.Snapshot, error) {
	_, f.stale = f.directory.Find(ctx, tickets.ByAccount, accountNo)
	return f.Reader.Snapshot(ctx, accountNo)
}

// load reads a case, and why its account may not be as the platform has it now.
func (r *Runner) load(ctx context.Context, id int64) (c Case, stale, err error) {
	if r.Directory == nil {
		c, err = load(ctx, r.Store, id)
		return c, nil, err
	}
	f := &fresh{Reader: r.Store, directory: r.Directory}
	c, err = load(ctx, f, id)
	return c, f.stale, err
}
