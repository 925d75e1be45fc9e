package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestALogLineSaysWhyAJobWentWrongAndQuotesNobody(t *testing.T) {
	t.Parallel()
	const address = "li@example.com"
	for name, c := range map[string]struct {
		handler Handler
		want    string
	}{
		"constant text is quoted, its cause is not": {
			func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
				return fmt.Errorf("tell %s: %w", address, &tickets.Error{Kind: tickets.Unavailable, Msg: "The text gateway does not answer.", Err: errors.New(address), Fixed: true})
			},
			`reason="unavailable: The text gateway does not answer."`,
		},
		"of a message that may hold data only the kind is said": {
			func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
				return &tickets.Error{Kind: tickets.Conflict, Msg: "Nothing can be sent to " + address + "."}
			},
			"reason=conflict",
		},
		"an error without a kind is known by its type": {
			func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error {
				return fmt.Errorf("write to %s: %w", address, context.DeadlineExceeded)
			},
			"reason=context.deadlineExceededError",
		},
		"a panic": {
			func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error { panic(address) },
			"reason=panic",
		},
		"no effect": {
			func(context.Context, tickets.Job, func(context.Context, tickets.Tx) error) error { return nil },
			`reason="the handler returned without completing its job"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, b *queueBundle) {
				b.enqueue(t, tickets.Job{Kind: tickets.JobRun, Ref: "1"})
				var log bytes.Buffer
				work := b.worker(c.handler, func(w *WorkerConfig) { w.Log = slog.New(slog.NewTextHandler(&log, nil)) })
				for range failureLimit { // the last of them gives up where the service is not merely away
					if _, err := work.Drain(t.Context()); err != nil {
						t.Fatal(err)
					}
					b.clock.advance(backoffCap)
				}
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				if len(lines) < failureLimit {
					t.Errorf("%d log lines for %d tries", len(lines), failureLimit)
				}
				for _, l := range lines {
					if !strings.HasSuffix(l, c.want) || strings.Contains(l, address) {
						t.Errorf("log line %s\nwant its end %s, and no address", l, c.want)
					}
				}
			}, sqliteDialect)
		})
	}
}
