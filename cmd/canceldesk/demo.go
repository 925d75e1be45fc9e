package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

// demoCommand is the whole desk on a fresh machine: mail servers in this process, sample members and
// mails, SQLite in a temporary folder, and a month of history made through the product's own calls.
func (c *commands) demoCommand() *cobra.Command {
	var address, insecure, dir string
	var withPlatform bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Try the whole desk with sample members and mails; needs nothing else", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listenOn := address
			if insecure != "" {
				listenOn = insecure
			} else if !loopback(address) {
				return usageError{fmt.Errorf("--addr is %q: the demo listens on this machine only, such as 127.0.0.1:8080; --insecure-addr opens it to others, with passwords that everybody knows", address)}
			}
			begin(cmd)
			return c.demo(cmd.Context(), listenOn, dir, withPlatform)
		},
	}
	cmd.Flags().StringVar(&address, "addr", "127.0.0.1:8080", "where the dashboard answers; port 0 takes a free one")
	cmd.Flags().StringVar(&insecure, "insecure-addr", "", "like --addr, but not only for this machine")
	cmd.Flags().BoolVar(&withPlatform, "platform", false, "ask a simulated platform with 1,000 members for accounts and billing, over HTTP and in a process of its own")
	cmd.Flags().StringVar(&dir, "dir", "", "keep the demo's files in this `folder` instead of a temporary one")
	return cmd
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || (ip != nil && ip.IsLoopback()))
}

// clock is the demo's time: set by hand while the history is made, the real one afterwards.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	real func() time.Time // nil while the history is made
}

func (k *clock) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.real != nil {
		return k.real()
	}
	return k.at
}

// set moves the clock on; it never goes back.
func (k *clock) set(t time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t.After(k.at) {
		k.at = t.UTC().Truncate(time.Microsecond)
	}
}

func (k *clock) run(now func() time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.real = now
}

// The people of the demo. Their passwords are printed and are nobody's secret.
func demoPeople() []agents.Agent {
	return []agents.Agent{
		{Login: "amy", Name: "Amy 陈", Role: agents.RoleAgent},
		{Login: "sue", Name: "Sue 王", Role: agents.RoleSupervisor},
		{Login: "otto", Name: "Otto 审计", Role: agents.RoleAuditor},
	}
}

const (
	demoPassword = "galaxy-demo-2026"
	demoAddress  = "service@galaxy.example"
	// demoChatSecret is what the demo's app signs its sessions with. It is printed, too.
	demoChatSecret = "galaxy-demo-chat-session-secret-2026"
)

func (c *commands) demo(ctx context.Context, address, dir string, withPlatform bool) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "canceldesk-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("the demo's folder: %w", err)
	}
	var listener net.ListenConfig
	listen, err := listener.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	post, err := startPost(ctx)
	if err != nil {
		return errors.Join(err, listen.Close())
	}
	defer func() { err = errors.Join(err, post.Close()) }()
	began := c.now()
	k := &clock{at: began.Add(-historyLength)}
	post.now = k.now
	cfg := demoConfig(dir, listen.Addr().String(), post)
	var beside *demoPlatform
	if withPlatform {
		if beside, err = c.startPlatform(ctx, dir, cfg.HTTP.PublicURL, began); err != nil {
			return errors.Join(err, listen.Close())
		}
		defer func() { err = errors.Join(err, beside.Close()) }()
		beside.settings(&cfg)
		k.run(c.now) // signatures are of their time
	}
	fresh, err := c.demoStore(ctx, cfg, k)
	if err != nil {
		return errors.Join(err, listen.Close())
	}
	a, err := open(ctx, cfg, k.now, c.log())
	if err != nil {
		return errors.Join(err, listen.Close())
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	key, err := (&commands{environment: environment{now: k.now}}).addKey(ctx, a.db, "demo", agents.Scopes())
	if err != nil {
		return errors.Join(err, listen.Close())
	}
	h := history{app: a, clock: k, post: post, began: began}
	switch {
	case beside != nil && fresh:
		err = errors.Join(os.WriteFile(beside.keyFile, []byte(key), 0o600), h.catchUp(ctx))
	case beside != nil:
		err = os.WriteFile(beside.keyFile, []byte(key), 0o600)
	case fresh:
		err = h.play(ctx)
	}
	if err != nil {
		return errors.Join(err, listen.Close())
	}
	k.run(c.now)
	c.announce(cfg, key, a.keys.verifier, beside)
	return a.serve(ctx, listen, []string{roleAPI, rolePoll, roleWork}, func(next http.Handler) http.Handler {
		return post.pages(next, a.texts, a.desk.Settings().Zone)
	})
}

// announce prints what a person, or a program, needs to use the demo, and the platform beside it where
// there is one.
func (c *commands) announce(cfg config.Config, key, verifier string, beside *demoPlatform) {
	fmt.Fprintf(c.out, "url=%s\n", cfg.HTTP.PublicURL)
	for _, p := range demoPeople() {
		fmt.Fprintf(c.out, "%s=%s:%s\n", p.Role, p.Login, demoPassword)
	}
	fmt.Fprintf(c.out, "apikey=%s\nevidence_key=%s\nchat_secret=%s\n", key, verifier, demoChatSecret)
	if beside != nil {
		fmt.Fprintf(c.out, "platform=%s\nplatform_secret=%s\n", beside.url, beside.secret)
	}
	fmt.Fprintln(c.out, "ready")
}

func demoConfig(dir, address string, post *post) config.Config {
	cfg := config.Default()
	cfg.HTTP = config.HTTP{Address: address, PublicURL: "http://" + address}
	cfg.Database.URL = "sqlite:" + filepath.Join(dir, "canceldesk.db")
	cfg.Blobs.URL = "file://" + filepath.ToSlash(filepath.Join(dir, "blobs"))
	cfg.Keys.Dir = filepath.Join(dir, "keys")
	cfg.Chat.SessionSecret = demoChatSecret
	cfg.Desk.Brand = "星河会员 Galaxy Club"
	m := config.DefaultMailbox()
	m.Address, m.AuthservID = demoAddress, "mx.galaxy.example"
	m.IMAP = config.MailServer{Host: "127.0.0.1", Port: post.imapPort, TLS: "none", Auth: "password", Username: postUser, Password: post.password}
	m.SMTP = config.MailServer{Host: "127.0.0.1", Port: post.smtpPort, TLS: "none", Auth: "password"}
	cfg.Mailboxes = []config.Mailbox{m}
	cfg.SMS = config.SMS{Provider: "log", Quiet: cfg.SMS.Quiet, Templates: map[string]string{string(tickets.TellCode): "code"}}
	return cfg
}

// demoStore makes the demo's database, keys and people. It reports false for a folder that holds a
// demo already.
func (c *commands) demoStore(ctx context.Context, cfg config.Config, k *clock) (fresh bool, err error) {
	db, err := store.Open(ctx, cfg.Database.URL)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Migrate(ctx); err != nil {
		return false, err
	}
	if err := makeKeys(cfg.Keys.Dir, logName(cfg.HTTP.PublicURL)); err != nil {
		return false, err
	}
	known, err := db.Agents(ctx)
	if err != nil || len(known) > 0 {
		return false, err
	}
	people := &commands{environment: environment{now: k.now}}
	for _, p := range demoPeople() {
		if err := people.addAgent(ctx, db, strings.NewReader(demoPassword), p); err != nil {
			return false, err
		}
	}
	return true, nil
}
