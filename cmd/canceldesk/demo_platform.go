package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/cmd/canceldesk/demo"
)

// demoPlatform is the simulated platform beside a demo, in a process of its own.
type demoPlatform struct {
	url, secret string
	keyFile     string // where it finds the key to tell the desk of debits
	in          io.Closer
	ended       chan error
}

// What the demo's platform has beside the sample members, and how long a minute lasts there.
const (
	demoMembers = "1000"
	demoMinute  = "1m"
)

// startPlatform starts this same program as a platform with the demo's members and waits until it is
// ready.
func (c *commands) startPlatform(ctx context.Context, dir, deskURL string, began time.Time) (_ *demoPlatform, err error) {
	dir = filepath.Join(dir, "platform")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the platform's folder: %w", err)
	}
	accounts, err := demo.Accounts(began)
	if err != nil {
		return nil, err
	}
	accountsFile, secretFile := filepath.Join(dir, "accounts.jsonl"), filepath.Join(dir, "secret")
	if err := errors.Join(os.WriteFile(accountsFile, accounts, 0o600), makeSecret(secretFile)); err != nil {
		return nil, fmt.Errorf("the platform's files: %w", err)
	}
	p := &demoPlatform{keyFile: filepath.Join(dir, "desk-key"), ended: make(chan error, 1)}
	if p.secret, err = readLine(secretFile); err != nil {
		return nil, fmt.Errorf("the platform's secret: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the platform: %w", err)
	}
	// It ends with its standard input, which even a killed parent leaves closed.
	child := exec.CommandContext(context.WithoutCancel(ctx), self, "simulator", "--addr", "127.0.0.1:0", "--dir", dir, "--secret-file", secretFile,
		"--accounts", accountsFile, "--members", demoMembers, "--tick", demoMinute, "--desk-url", deskURL, "--desk-key-file", p.keyFile, "--with-parent")
	child.Stderr = c.err
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the platform: %w", err)
	}
	in, err := child.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the platform: %w", err)
	}
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("start the platform: %w", err)
	}
	p.in = in
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		if url, ok := strings.CutPrefix(lines.Text(), "url="); ok {
			p.url = url
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.ended <- child.Wait()
	}()
	if p.url == "" {
		return nil, errors.Join(errors.New("the platform did not start"), p.Close())
	}
	return p, nil
}

// Close ends the platform and waits for it.
func (p *demoPlatform) Close() error {
	return errors.Join(p.in.Close(), <-p.ended)
}

// settings point the desk at the platform.
func (p *demoPlatform) settings(c *config.Config) {
	c.Accounts.Source, c.Accounts.URL, c.Accounts.Secret = "http", p.url, p.secret
	c.Billing.Mode, c.Billing.URL, c.Billing.Secret = "http", p.url, p.secret
}

// shortHistory is how far back the mails go that a demo with a platform begins with. The platform's
// clock is the real one, so its history is only what came in meanwhile.
const shortHistory = 4 * 24 * time.Hour

// catchUp lets the sample mails of the last days arrive and the desk work on them.
func (h *history) catchUp(ctx context.Context) error {
	h.arrived = map[string]int64{}
	mails, err := demo.Mails(h.began)
	if err != nil {
		return err
	}
	for _, m := range mails {
		if m.Ago > shortHistory {
			continue
		}
		if err := h.mail(ctx, m.Name, m.Raw, h.began.Add(-m.Ago)); err != nil {
			return err
		}
	}
	return h.work(ctx)
}
