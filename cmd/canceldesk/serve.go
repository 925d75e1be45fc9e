package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/agents/web"
	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// The parts of the program that --roles picks from.
const (
	roleAPI  = "api"
	rolePoll = "poll"
	roleWork = "work"
)

// serveCommand runs API, dashboard, pollers and workers.
func (c *commands) serveCommand() *cobra.Command {
	var roles []string
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the desk: API, dashboard, mailboxes and jobs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, r := range roles {
				if r != roleAPI && r != rolePoll && r != roleWork {
					return usageError{fmt.Errorf("--roles has %q; there are api, poll and work", r)}
				}
			}
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				if problems := a.config.CheckServe(); len(problems) > 0 {
					return errors.New("the settings will not work:\n  " + strings.Join(problems, "\n  "))
				}
				var listener net.ListenConfig
				listen, err := listener.Listen(cmd.Context(), "tcp", a.config.HTTP.Address)
				if err != nil {
					return fmt.Errorf("http.address: %w", err)
				}
				return a.serve(cmd.Context(), listen, roles, nil)
			})
		},
	}
	cmd.Flags().StringSliceVar(&roles, "roles", []string{roleAPI, rolePoll, roleWork}, "which parts run here")
	return cmd
}

// How long the server waits.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 15 * time.Second
	sealEvery         = time.Second      // how long an event may be without its number in the log
	watchEvery        = 10 * time.Second // how late an alarm may ring and a claim may end
	platformEvery     = time.Second      // how soon after the platform is back what waits for it goes on
	sweepEvery        = time.Hour        // how often what has expired is deleted
)

// serve runs the named parts until ctx ends. extra, where given, answers what it wants before the
// dashboard is asked.
func (a *app) serve(ctx context.Context, listen net.Listener, roles []string, extra func(http.Handler) http.Handler) error {
	pollers, err := a.pollers(slices.Contains(roles, rolePoll)) // before anything runs: what can't work is said at once
	if err != nil {
		return errors.Join(err, listen.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	if slices.Contains(roles, roleAPI) {
		handler, err := a.handler(ctx.Done())
		if err != nil {
			return errors.Join(err, listen.Close())
		}
		if extra != nil {
			handler = extra(handler)
		}
		a.log.Info("listening", "address", listen.Addr().String(), "roles", strings.Join(roles, ","))
		a.serveHTTP(ctx, group, listen, handler)
	} else if err := listen.Close(); err != nil {
		return fmt.Errorf("close listener: %w", err)
	}
	for _, p := range pollers {
		group.Go(func() error { return p.Run(ctx) })
	}
	if len(pollers) > 0 {
		group.Go(func() error { return a.every(ctx, watchEvery, "watch mailboxes", a.watchMailboxes) })
	}
	if slices.Contains(roles, roleWork) {
		group.Go(func() error { return a.worker().Run(ctx) })
		group.Go(func() error { return a.every(ctx, sealEvery, "seal", a.seal) })
		group.Go(func() error { return a.every(ctx, watchEvery, "watch", a.watch) })
		if a.platform.accounts != nil || a.platform.billing != nil {
			group.Go(func() error { return a.every(ctx, platformEvery, "platform", a.awaitPlatform) })
		}
		group.Go(func() error { return a.every(ctx, sweepEvery, "sweep", a.sweep) })
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func (a *app) serveHTTP(ctx context.Context, group *errgroup.Group, listen net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout}
	group.Go(func() error {
		if err := server.Serve(listen); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		return server.Shutdown(end)
	})
}

// every does something again and again until ctx ends. What fails is logged and tried the next time.
func (a *app) every(ctx context.Context, wait time.Duration, work string, do func(context.Context) error) error {
	tick := time.NewTicker(wait)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := do(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("periodic work failed", "work", work, "error", err)
			}
		}
	}
}

// watch warns of deadlines, ends the claims that ran out, and looks whether mails that were held back may go.
func (a *app) watch(ctx context.Context) error {
	_, err := a.desk.Watch(ctx)
	return errors.Join(err, a.sender.Wake(ctx))
}

// seal numbers and signs events soon after they are written.
func (a *app) seal(ctx context.Context) error {
	_, err := a.sequence.Seal(ctx)
	return err
}

func (a *app) sweep(ctx context.Context) error { return a.db.Sweep(ctx, a.now(), agents.TryWindow) }

// handler is the dashboard and the API. Streams that are open end when stop is closed.
func (a *app) handler(stop <-chan struct{}) (http.Handler, error) {
	return web.New(web.Config{
		Desk: a.desk, People: a.db, Sessions: a.db.Sessions(a.now), PublicURL: a.config.HTTP.PublicURL,
		Zone: a.desk.Settings().Zone, Locale: a.config.Desk.Locale, Now: a.now, Rand: rand.Reader, Log: a.log,
		Evidence: a.exporter(), VerifierKey: a.keys.verifier, Intake: ledger{a}, Events: ledger{a},
		Ready: a.ready, OpenAttachment: openAttachment, Requests: a.db, Accounts: told{a},
		Directory: a.platform.lookups(), Recordings: a.blobs, RecordingBytes: a.config.Limits.RecordingBytes,
		Chat: agents.NewChatSessions(a.config.Chat.SessionSecret), Keep: a.blobs.KeepBatch, Stop: stop,
		Brand: a.config.Desk.Brand, KeepOriginal: a.keepOriginal, Metrics: a.metrics.handler(a.log),
	})
}

// told is what the platform's programs report.
type told struct{ *app }

// PutAccount takes in an account.
func (p told) PutAccount(ctx context.Context, s account.Sync) (bool, error) {
	return p.putAccount(ctx, s)
}

// PutCharges takes in charges.
func (p told) PutCharges(ctx context.Context, charges []account.Charge) ([]tickets.TakenCharge, error) {
	return p.putCharges(ctx, charges)
}

// PutWatermark records how far a source's charges are complete.
func (p told) PutWatermark(ctx context.Context, source string, through time.Time) (time.Time, error) {
	return p.db.PutWatermark(ctx, source, through, p.now())
}

// ledger is the intake ledger and the events as the dashboard asks for them.
type ledger struct{ *app }

// Ledger lists what became of mails.
func (l ledger) Ledger(ctx context.Context, outcome string, before int64, limit int) ([]tickets.Intake, error) {
	return l.db.Ledger(ctx, tickets.Outcome(outcome), before, limit)
}

// Original opens the bytes of a mail as it came.
func (l ledger) Original(ctx context.Context, ref string) (io.ReadCloser, error) {
	return l.blobs.Open(ctx, ref)
}

// Events lists a stream's events.
func (l ledger) Events(ctx context.Context, stream string) ([]web.Event, error) {
	list, err := l.db.Events(ctx, stream)
	out := make([]web.Event, len(list))
	for i, e := range list {
		out[i] = web.Event{N: e.N, At: e.At, Type: e.Type, Actor: e.Actor}
	}
	return out, err
}

// openAttachment gives one attachment of a mail.
func openAttachment(raw []byte, index int) (name, contentType string, content []byte, err error) {
	a, content, err := mailin.AttachmentContent(raw, index)
	return a.Name, a.Type, content, err
}

// keepOriginal keeps what a customer sent from a page.
func (a *app) keepOriginal(ctx context.Context, original []byte) (string, error) {
	refs, err := a.blobs.KeepBatch(ctx, [][]byte{original})
	if err != nil {
		return "", err
	}
	return refs[0], nil
}
