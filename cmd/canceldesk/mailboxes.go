package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

// poller reads one mailbox into the desk.
func (a *app) poller(m config.Mailbox) (*mailin.Poller, error) {
	pool, err := certificates(m.IMAP.CAFile)
	if err != nil {
		return nil, fmt.Errorf("mailbox %s: imap.ca_file: %w", m.Name, err)
	}
	server := mailin.Server{
		Host: m.IMAP.Host, Port: m.IMAP.Port, TLS: mailin.Security(m.IMAP.TLS), RootCAs: pool,
		Username: m.IMAP.Username, Password: m.IMAP.Password,
	}
	if tokens := a.tokensOf(m.IMAP); tokens != nil {
		server.Token, server.TokenRefused = tokens.Token, tokens.Refused
	}
	return mailin.NewPoller(mailin.Config{
		Mailbox: m.Name, Server: server,
		Folders:   m.Folders,
		Processed: mailin.Processed{Action: mailin.Action(m.Processed.Action), Folder: m.Processed.Folder},
		MailBytes: a.config.Limits.MailBytes,
		Holder:    fmt.Sprintf("%s/%d", hostName(), os.Getpid()),
		Parse: mailin.Options{
			OwnAddresses:   a.ownAddresses(),
			IsOurMessageID: func(id string) bool { _, ours := a.ids.Ticket(id); return ours },
		},
		Auth: mailin.AuthOptions{
			AuthservID: m.AuthservID, OwnHosts: m.OwnHosts, OurAddresses: []string{m.Address},
			LookupTXT: net.DefaultResolver.LookupTXT,
		},
		Leases: a.db, Cursors: a.db, Raws: a.blobs, Receiver: a.desk, Reconciler: a.desk, Stored: a.db,
		// SQLite commits with synchronous FULL and PostgreSQL with its own default, so what is committed
		// is on the disk.
		Synced:  func(context.Context) error { return nil },
		Backoff: mailin.Backoff{Jitter: rand.Float64},
		OnPoll: func(sum mailin.Summary, err error) {
			a.mailboxes.polled(m.Name, err, a.now())
			a.metrics.took(sum, err, a.now())
		},
		Now: a.now, Log: a.log,
	})
}

// pollers are those of every mailbox; none where this process reads none.
func (a *app) pollers(wanted bool) ([]*mailin.Poller, error) {
	if !wanted {
		return nil, nil
	}
	list := make([]*mailin.Poller, len(a.config.Mailboxes))
	for i, m := range a.config.Mailboxes {
		var err error
		if list[i], err = a.poller(m); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// certificates reads the authorities of a private network; the system's where no file is named.
func certificates(file string) (*x509.CertPool, error) {
	if file == "" {
		return x509.SystemCertPool()
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return pool, nil
}

// smtpOf is the mail server that answers go out by.
func (a *app) smtpOf(m config.Mailbox) (reply.SMTP, error) {
	pool, err := certificates(m.SMTP.CAFile)
	if err != nil {
		return reply.SMTP{}, fmt.Errorf("mailbox %s: smtp.ca_file: %w", m.Name, err)
	}
	s := reply.SMTP{
		Host: m.SMTP.Host, Port: m.SMTP.Port, TLS: reply.TLSMode(m.SMTP.TLS), Username: m.SMTP.Username, Password: m.SMTP.Password,
	}
	if m.SMTP.Auth == m.IMAP.Auth && m.SMTP.OAuth2 == (config.OAuth2{}) {
		m.SMTP.OAuth2 = m.IMAP.OAuth2
	}
	if tokens := a.tokensOf(m.SMTP); tokens != nil {
		s.Token, s.TokenRefused = tokens.Token, tokens.Refused
	}
	s.TLSConfig = &tls.Config{RootCAs: pool, ServerName: m.SMTP.Host, MinVersion: tls.VersionTLS12}
	return s, nil
}

// answerFiles reads the files that an agent sends with an answer.
func (a *app) answerFiles(ctx context.Context, m tickets.Message) ([]reply.File, error) {
	r, err := a.blobs.Open(ctx, m.Raw)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read files of message %d: %w", m.ID, err)
	}
	files := make([]reply.File, len(m.Attachments))
	for i, listed := range m.Attachments {
		_, _, content, err := openAttachment(raw, i)
		if err != nil {
			return nil, err
		}
		files[i] = reply.File{Name: listed.Name, Type: listed.Type, Content: content}
	}
	return files, nil
}

// pollCommand reads every mailbox once.
func (c *commands) pollCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use: "poll --once", Short: "Read every mailbox once, run no jobs, print a JSON line per mailbox", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !once {
				return usageError{errors.New("give --once; `canceldesk serve --roles poll` reads for ever")}
			}
			begin(cmd)
			return c.withApp(cmd, func(a *app) error { return a.pollOnce(cmd.Context(), cmd) })
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "read what is there and stop")
	return cmd
}

func (a *app) pollOnce(ctx context.Context, cmd *cobra.Command) error {
	var errs []error
	for _, m := range a.config.Mailboxes {
		p, err := a.poller(m)
		if err != nil {
			return err
		}
		sum, err := p.PollOnce(ctx)
		line, jsonErr := json.Marshal(sum)
		if jsonErr != nil {
			return fmt.Errorf("print summary: %w", jsonErr)
		}
		fmt.Fprintln(cmd.OutOrStdout(), string(line))
		if err != nil {
			errs = append(errs, fmt.Errorf("mailbox %s: %w", m.Name, err))
		}
	}
	return errors.Join(errs...)
}

// worker carries out jobs.
func (a *app) worker() *store.Worker {
	return a.db.NewWorker(store.WorkerConfig{Handlers: a.handlers(), Dead: a.desk.Stuck, Now: a.now, Name: hostName(), Log: a.log})
}

// workCommand runs what is due.
func (c *commands) workCommand() *cobra.Command {
	var drain bool
	cmd := &cobra.Command{
		Use: "work --drain", Short: "Run jobs until none is due or running, print a JSON line of counts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !drain {
				return usageError{errors.New("give --drain; `canceldesk serve --roles work` works for ever")}
			}
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				if err := a.sender.Wake(cmd.Context()); err != nil {
					return err
				}
				counts, err := a.worker().Drain(cmd.Context())
				if err != nil {
					return err
				}
				if err := a.watch(cmd.Context()); err != nil {
					return err
				}
				if _, err := a.sequence.Seal(cmd.Context()); err != nil {
					return err
				}
				line, err := json.Marshal(counts)
				if err != nil {
					return fmt.Errorf("print counts: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), string(line))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&drain, "drain", false, "run what is due and stop")
	return cmd
}
