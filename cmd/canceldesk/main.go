// Command canceldesk is a desk that ends subscriptions properly: it takes every request to stop, makes
// it one ticket, and carries it through the same standard steps every time, with proof.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, environment{
		args: os.Args[1:], environ: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr, now: wallClock,
	})
	stop()
	os.Exit(code)
}

// wallClock is the one place where the program asks what time it is. PostgreSQL keeps microseconds,
// so nothing finer is ever used.
func wallClock() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// run executes one command and returns its exit code: 0 done, 1 failed, 2 usage.
func run(ctx context.Context, e environment) int {
	root := rootCommand(e)
	root.SetArgs(e.args)
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(e.err, "canceldesk:", err)
	// A command that has begun its work silences its usage; an error before that is in the words of
	// the command line.
	var usage usageError
	if !cmd.SilenceUsage || errors.As(err, &usage) {
		return 2
	}
	return 1
}
