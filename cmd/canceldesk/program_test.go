package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// child is the program in a process of its own, so that it can be killed as the machine would.
type child struct {
	t        testing.TB
	name     string
	cmd      *exec.Cmd
	out, err output
	ended    chan struct{} // closed once it was waited for
}

// childLimit is how long a test waits for anything a process should do soon.
const childLimit = 2 * time.Minute

// start runs a command of the desk in a process of its own. What is left of it ends with the test.
func (d *testDesk) start(args ...string) *child {
	d.t.Helper()
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	c := &child{t: d.t, name: strings.Join(args, " "), ended: make(chan struct{})}
	// Not tied to the test's context, which ends before the cleanup that waits for the process.
	c.cmd = exec.CommandContext(context.WithoutCancel(d.t.Context()), self, append(args, "--config", d.config)...)
	c.cmd.Env = append(os.Environ(), asProgram+"=1")
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.err
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a killed test leaves nothing behind
	if err := c.cmd.Start(); err != nil {
		d.t.Fatalf("start %s: %v", c.name, err)
	}
	go func() {
		defer close(c.ended)
		_ = c.cmd.Wait() // how it ended is in its state
	}()
	d.t.Cleanup(func() {
		c.signal(syscall.SIGKILL)
		<-c.ended
		if d.t.Failed() {
			d.t.Logf("canceldesk %s wrote:\n%s", c.name, c.err.String())
		}
	})
	return c
}

// signal sends a signal; a process that has ended meanwhile takes none.
func (c *child) signal(s syscall.Signal) {
	select {
	case <-c.ended:
	default:
		_ = c.cmd.Process.Signal(s) // it may end at this very moment
	}
}

// killWhen kills the process as soon as met says so. It reports false where the process had ended by
// itself before, which it must have done with success.
func (c *child) killWhen(met func() bool) bool {
	c.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(childLimit)
	defer limit.Stop()
	for !met() {
		select {
		case <-c.ended:
			c.mustEnd(0)
			return false
		case <-limit.C:
			c.t.Fatalf("canceldesk %s does nothing for %s:\n%s", c.name, childLimit, c.err.String())
		case <-tick.C:
		}
	}
	c.signal(syscall.SIGKILL)
	<-c.ended
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return true
	}
	c.mustEnd(0)
	return false
}

// mustEnd waits for the process to end by itself with that exit code.
func (c *child) mustEnd(code int) {
	c.t.Helper()
	limit := time.NewTimer(childLimit)
	defer limit.Stop()
	select {
	case <-c.ended:
	case <-limit.C:
		c.t.Fatalf("canceldesk %s does not end:\n%s", c.name, c.err.String())
	}
	if got := c.cmd.ProcessState.ExitCode(); got != code {
		c.t.Fatalf("canceldesk %s ended with %d, want %d:\n%s", c.name, got, code, c.err.String())
	}
}

// until looks again and again until met says yes; the test fails when that takes longer than limit.
func until(t testing.TB, limit time.Duration, what string, met func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	over := time.NewTimer(limit)
	defer over.Stop()
	for !met() {
		select {
		case <-over.C:
			t.Fatalf("%s: not within %s", what, limit)
		case <-tick.C:
		}
	}
}

// output collects what a process writes while a test reads it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
