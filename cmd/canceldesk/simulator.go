package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/canceldesk/canceldesk/store/platform/simulator"
)

// simulatorOptions are the flags of the simulator command.
type simulatorOptions struct {
	address, dir, secretFile, accounts string
	deskURL, deskKeyFile               string
	members                            int
	tick                               time.Duration
	withParent                         bool
}

// simulatorCommand is a platform to try the desk against, in a process and with a database of its own.
func (c *commands) simulatorCommand() *cobra.Command {
	var o simulatorOptions
	cmd := &cobra.Command{
		Use: "simulator", Short: "A platform to try the desk against: members, debits, look-up and billing over HTTP", Args: cobra.NoArgs,
		Long: "A platform to try the desk against, with a database of its own: members who are debited every simulated\n" +
			"minute, account look-up and billing over signed HTTP, and trouble on command. Point the desk at it with\n" +
			"accounts: {source: http, url, secret_file} and billing: {mode: http, url, secret_file}.\n\n" +
			"PUT /admin/faults takes trouble, GET /admin/debits shows every debit, both with Authorization: Bearer SECRET.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.tick <= 0:
				return usageError{errors.New("--tick must be above 0")}
			case o.members < 0:
				return usageError{errors.New("--members must not be below 0")}
			case (o.deskURL == "") != (o.deskKeyFile == ""):
				return usageError{errors.New("--desk-url and --desk-key-file go together")}
			}
			begin(cmd)
			return c.simulate(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.address, "addr", "127.0.0.1:8090", "where it answers; port 0 takes a free one")
	f.StringVar(&o.dir, "dir", "", "keep its database in this `folder` instead of a temporary one")
	f.IntVar(&o.members, "members", 1000, "how many members there are")
	f.StringVar(&o.secretFile, "secret-file", "", "the `file` with the secret that both sides sign with; one is made in --dir where none is named")
	f.DurationVar(&o.tick, "tick", time.Second, "how long a simulated minute lasts")
	f.StringVar(&o.accounts, "accounts", "", "more members: a `file` as for accounts import")
	f.StringVar(&o.deskURL, "desk-url", "", "tell the desk at this `address` of every debit (POST /v1/charges)")
	f.StringVar(&o.deskKeyFile, "desk-key-file", "", "the `file` with the API key for that")
	f.BoolVar(&o.withParent, "with-parent", false, "end when standard input does")
	if err := f.MarkHidden("with-parent"); err != nil {
		panic(err) // the flag was defined above
	}
	return cmd
}

func (c *commands) simulate(ctx context.Context, o simulatorOptions) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "canceldesk-simulator-"); err != nil {
			return fmt.Errorf("make a folder for the simulator: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	} else if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return fmt.Errorf("make the simulator's folder: %w", err)
	}
	if o.secretFile == "" {
		o.secretFile = filepath.Join(o.dir, "secret")
		if err := makeSecret(o.secretFile); err != nil {
			return err
		}
	}
	secret, err := readLine(o.secretFile)
	if err != nil {
		return fmt.Errorf("--secret-file: %w", err)
	}
	if len(secret) < 32 {
		return errors.New("--secret-file: the secret is shorter than 32 bytes")
	}
	s, err := simulator.Open(ctx, simulator.Config{Path: filepath.Join(o.dir, "platform.db"), Secret: secret, Now: c.now, Minute: o.tick})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if o.accounts != "" {
		lines, err := os.ReadFile(o.accounts)
		if err != nil {
			return fmt.Errorf("--accounts: %w", err)
		}
		if err := s.Load(ctx, lines); err != nil {
			return fmt.Errorf("--accounts: %w", err)
		}
	}
	if err := s.Seed(ctx, o.members); err != nil {
		return err
	}
	return c.serveSimulator(ctx, s, o)
}

// serveSimulator answers and debits until ctx ends, or standard input where it is the parent's.
func (c *commands) serveSimulator(ctx context.Context, s *simulator.Simulator, o simulatorOptions) error {
	if o.withParent {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			defer cancel()
			_, _ = io.Copy(io.Discard, c.in) // however it ends, the parent has gone
		}()
	}
	var listener net.ListenConfig
	listen, err := listener.Listen(ctx, "tcp", o.address)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	(&app{}).serveHTTP(ctx, group, listen, s.Handler())
	group.Go(func() error {
		log := c.log()
		s.Run(ctx, o.desk(), func(err error) { log.Warn("debit clock", "error", err) })
		return nil
	})
	fmt.Fprintf(c.out, "url=http://%s\nsecret_file=%s\nready\n", listen.Addr(), o.secretFile)
	return group.Wait()
}

// desk is where debits are told of, nil for nowhere.
func (o simulatorOptions) desk() *simulator.Desk {
	if o.deskURL == "" {
		return nil
	}
	return &simulator.Desk{URL: o.deskURL, Key: func() (string, error) { return readLine(o.deskKeyFile) }}
}

// makeSecret writes a secret to a file of its owner's, unless there is one.
func makeSecret(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	_, err = f.WriteString(rand.Text() + rand.Text() + "\n")
	return errors.Join(err, f.Close())
}

// readLine is what stands in a file, without the line's end.
func readLine(path string) (string, error) {
	raw, err := os.ReadFile(path)
	return strings.TrimRight(string(raw), "\r\n"), err
}
