package main

import (
	"context"
	"errors"

	"github.com/canceldesk/canceldesk/agents/runbook"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/channel"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/tickets"
)

// platformSide is what the desk calls of the platform's. Each part is nil where the desk keeps that
// itself.
type platformSide struct {
	accounts, billing *platform.Client
	directory         *platform.Directory
	away              bool // by the last look of awaitPlatform
}

// lookups is the directory, or nothing at all, where a nil of its type would be something.
func (p platformSide) lookups() runbook.Directory {
	if p.directory == nil {
		return nil
	}
	return p.directory
}

// ready says how the last call of each part ended.
func (p platformSide) ready(parts map[string]error) {
	if p.accounts != nil {
		parts["accounts"] = p.accounts.Last()
	}
	if p.billing != nil {
		parts["billing"] = p.billing.Last()
	}
}

// awaitPlatform looks, as long as a call to the platform failed last and cases wait for it, whether it is back,
// and lets them go on at once when it is: they have waited longer and longer between tries, and it debits.
// That single calls fail while it answers otherwise changes nothing.
func (a *app) awaitPlatform(ctx context.Context) error {
	gone := func(c *platform.Client) bool { return c != nil && errors.Is(c.Last(), tickets.Unavailable) }
	if gone(a.platform.accounts) || gone(a.platform.billing) {
		if waits, err := a.db.AnyAwaiting(ctx, a.now()); err != nil || !waits {
			return err
		}
		var errs []error
		if gone(a.platform.accounts) {
			errs = append(errs, a.platform.directory.Present(ctx))
		}
		if gone(a.platform.billing) {
			_, err := platform.NewHTTP(a.platform.billing).Query(ctx, "presence", account.Subject{})
			errs = append(errs, err)
		}
		if errors.Is(errors.Join(errs...), tickets.Unavailable) {
			a.platform.away = true
			return nil // /readyz tells of it
		}
	}
	if !a.platform.away {
		return nil
	}
	a.platform.away = false
	n, err := a.db.Awaited(ctx, a.now())
	if err == nil {
		a.log.Info("the platform is back", "cases", n)
	}
	return err
}

// reachPlatform makes the biller and the payment channels that the settings name, and the directory
// where accounts are looked up at the platform.
func (a *app) reachPlatform() (runbook.Biller, map[account.PaymentChannel]runbook.Channel, error) {
	channels := map[account.PaymentChannel]runbook.Channel{account.Ledger: a.ledger}
	var err error
	if c := a.config.Accounts; c.Source == "http" {
		if a.platform.accounts, err = platform.NewClient(c.URL, c.Secret, c.Timeout, a.now); err != nil {
			return nil, nil, err
		}
		a.platform.directory = platform.NewDirectory(platform.DirectoryConfig{
			DB: a.db.Conn(), Client: a.platform.accounts, Cache: c.Cache, Hash: a.hashID, Now: a.now,
			Put: func(ctx context.Context, s account.Sync) error {
				_, err := a.putAccount(ctx, s)
				return err
			},
		})
	}
	switch c := a.config.Billing; c.Mode {
	case "http":
		if a.platform.billing, err = platform.NewClient(c.URL, c.Secret, c.Timeout, a.now); err != nil {
			return nil, nil, err
		}
		biller := platform.NewHTTP(a.platform.billing)
		channels[account.Platform] = channel.NewPlatform(biller)
		return biller, channels, nil
	case "pull":
		return platform.NewPull(a.db.Conn(), a.now), channels, nil
	}
	return platform.NewEmbedded(a.db.Conn(), a.now), channels, nil
}
