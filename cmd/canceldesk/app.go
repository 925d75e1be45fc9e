package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/agents/runbook"
	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/channel"
	"github.com/canceldesk/canceldesk/tickets"
)

// app is the program with everything concrete in its place. This file is where one meets the other.
type app struct {
	config   config.Config
	now      func() time.Time
	log      *slog.Logger
	keys     keyRing
	db       *store.DB
	blobs    *store.Blobs
	ledger   *channel.Ledger
	sequence *store.Log
	ids      tickets.MailIDs
	desk     *tickets.Desk
	runner   *runbook.Runner
	// platform is what the desk calls of the platform's; each part is nil where it keeps that itself.
	platform  platformSide
	writer    *reply.Writer
	sender    *reply.Sender
	forwarder *reply.Forwarder
	texter    reply.Texter   // nil where no text messages are sent
	texts     *reply.TextLog // what provider log kept; nil for every other
	// mailboxes is how the last poll of each ended, for /readyz.
	mailboxes lastPolls
	metrics   *metrics
	tokens    map[config.OAuth2]*mailin.Tokens // made while the program is built, by where they come from
}

// open builds the app over settings that were checked. It refuses a schema that is not this program's.
func open(ctx context.Context, c config.Config, now func() time.Time, log *slog.Logger) (_ *app, err error) {
	if problems := c.Check(); len(problems) > 0 {
		return nil, errors.New("the settings will not work:\n  " + strings.Join(problems, "\n  "))
	}
	a := &app{config: c, now: now, log: log}
	a.metrics = newMetrics(a)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.db, err = store.Open(ctx, c.Database.URL); err != nil {
		return nil, err
	}
	if err = a.db.CheckSchema(ctx); err != nil {
		return nil, err
	}
	imported, err := a.db.CalendarDays(ctx)
	if err != nil {
		return nil, err
	}
	settings, err := deskSettings(c, imported)
	if err != nil {
		return nil, err
	}
	if a.keys, err = readKeys(c.Keys.Dir); err != nil {
		return nil, err
	}
	if a.blobs, err = store.OpenBlobs(ctx, c.Blobs.URL); err != nil {
		return nil, err
	}
	from, err := sendingMailbox(c)
	if err != nil {
		return nil, err
	}
	if err = a.verification(&settings); err != nil {
		return nil, err
	}
	a.ledger = channel.NewLedger(a.db.Conn(), now)
	a.sequence = store.NewLog(a.db, a.keys.signer, now)
	_, domain, _ := strings.Cut(from.Address, "@")
	a.ids = tickets.MailIDs{Key: a.keys.mailID, Domain: domain}
	a.desk = tickets.NewDesk(a.db, settings, a.ids, now)
	biller, channels, err := a.reachPlatform()
	if err != nil {
		return nil, err
	}
	a.runner = runbook.NewRunner(runbook.Config{
		Store: a.db, Settings: settings, Directory: a.platform.lookups(), Biller: biller, Channels: channels,
		Sealer: a.sequence, Now: now, CallTimeout: c.Billing.Timeout,
	})
	replies := reply.Config{
		Store: a.db, IDs: a.ids, Now: now, Zone: settings.Zone, From: reply.Address{Name: c.Desk.Brand, Address: from.Address},
		Product: c.Desk.Brand, Settings: settings, PublicURL: c.HTTP.PublicURL, Pages: true, Files: a.answerFiles,
		PlusAddresses: from.PlusAddresses,
	}
	a.writer = reply.NewWriter(replies)
	for _, m := range c.Mailboxes {
		a.tokensOf(m.IMAP)
	}
	mailer, err := a.smtpOf(from)
	if err != nil {
		return nil, err
	}
	a.sender = reply.NewSender(a.db, reply.Ways{
		Mail: mailer, Account: from.Name, Limits: tickets.SendLimits(from.Sending), Text: a.texter, Codes: settings.Codes, Pages: settings.Pages,
	}, now)
	a.forwarder = reply.NewForwarder(replies, mailer, a.blobs)
	return a, nil
}

// Close closes what open opened. It may be called on a half-built app and twice.
func (a *app) Close() error {
	var errs []error
	if a.blobs != nil {
		errs = append(errs, a.blobs.Close())
		a.blobs = nil
	}
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	return errors.Join(errs...)
}

// deskSettings turns the file's settings into the desk's rules.
func deskSettings(c config.Config, imported []store.CalendarDay) (tickets.Settings, error) {
	zone, err := time.LoadLocation(c.Desk.Timezone)
	if err != nil {
		return tickets.Settings{}, fmt.Errorf("desk.timezone: %w", err)
	}
	calendar, err := deskCalendar(c.Desk, zone, imported)
	if err != nil {
		return tickets.Settings{}, err
	}
	au := c.Automation
	return tickets.Settings{
		Zone: zone, Locale: c.Desk.Locale, CloseAfter: time.Duration(c.Desk.CloseAfterDays) * 24 * time.Hour,
		FirstResponse: c.Desk.FirstResponse, ResolutionDays: c.Desk.ResolutionDays,
		QuoteValidity: quoteValidity, Calendar: calendar, WarnBefore: c.Desk.WarnBefore,
		ClaimFor: time.Duration(c.Desk.ClaimMinutes) * time.Minute,
		Automation: tickets.Automation{
			Stop: tickets.Automatic(au.Stop), Hold: au.Hold, Refund: tickets.Automatic(au.Refund),
			RefundOwnFault: tickets.Automatic(au.RefundOwnFault), RefundAutoLimitFen: au.RefundAutoLimitFen,
			OwnFaultAutoLimitFen: au.OwnFaultAutoLimitFen, ApprovalAboveFen: au.ApprovalAboveFen,
		},
		RefundPolicy: account.Policy(c.Refunds.Policy), ChatIgnored: c.Chat.IgnoredAfter, ChatUnread: c.Chat.UnreadAfter,
		AccountsElsewhere: c.Accounts.Source == "http",
		Routing:           routing(c.Routing), AutoAnswersPerDay: c.Limits.AutoAnswersPerDay,
	}, nil
}

// routing is what becomes of mail that is no cancellation.
func routing(r config.Routing) tickets.Routing {
	out := tickets.Routing{SamplePercent: r.SamplePercent}
	if r.NotCancellation == "forward" {
		out.ForwardTo = strings.ToLower(r.ForwardTo)
	}
	return out
}

// quoteValidity is how long a quote can be accepted: a quote accepted within 7 days keeps the day the
// request was received.
const quoteValidity = 7 * 24 * time.Hour

// sendingMailbox is the mailbox that answers go out from.
func sendingMailbox(c config.Config) (config.Mailbox, error) {
	for _, m := range c.Mailboxes {
		if m.Name == c.Desk.FromMailbox {
			return m, nil
		}
	}
	return config.Mailbox{}, fmt.Errorf("desk.from_mailbox is %q, and no mailbox has that name", c.Desk.FromMailbox)
}

// logName is the name of the evidence log, which its keys carry.
func logName(publicURL string) string {
	host := "localhost"
	if u, err := url.Parse(publicURL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return "canceldesk/" + host
}

// ownAddresses are the addresses of all mailboxes.
func (a *app) ownAddresses() []string {
	out := make([]string, len(a.config.Mailboxes))
	for i, m := range a.config.Mailboxes {
		out[i] = strings.ToLower(m.Address)
	}
	return out
}

// handlers says who carries out which job.
func (a *app) handlers() map[tickets.JobKind]store.Handler {
	return map[tickets.JobKind]store.Handler{
		tickets.JobRun: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.runner.Run(ctx, j, done)
		},
		tickets.JobWatch: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.runner.Watch(ctx, j, done)
		},
		tickets.JobTell: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.writer.Tell(ctx, j, func(tx tickets.Tx) error { return done(ctx, tx) })
		},
		tickets.JobSend: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.sender.Send(ctx, j, func(tx tickets.Tx) error { return done(ctx, tx) })
		},
		tickets.JobRelease: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.sender.Release(ctx, j, func(tx tickets.Tx) error { return done(ctx, tx) })
		},
		tickets.JobForward: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.forwarder.Forward(ctx, j, func(tx tickets.Tx) error { return done(ctx, tx) })
		},
		tickets.JobUnread: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.writer.Unread(ctx, j, func(tx tickets.Tx) error { return done(ctx, tx) })
		},
		tickets.JobChatIgnored: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.desk.ChatIgnored(ctx, j, func(tx tickets.Tx) error { return done(ctx, tx) })
		},
		tickets.JobClose: func(ctx context.Context, j tickets.Job, done func(context.Context, tickets.Tx) error) error {
			return a.desk.CloseSolved(ctx, j.TicketID, func(tx tickets.Tx) error { return done(ctx, tx) })
		},
	}
}
