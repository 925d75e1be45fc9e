package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func awaitedPromises() []promise {
	return []promise{
		{"what was put off because nobody answered goes on at once", func(t *testing.T, b bundle) {
			later := b.at.Add(5 * time.Minute)
			b.tx(t, func(tx tickets.Tx) error {
				return tx.Enqueue(b.ctx(),
					tickets.Job{Kind: tickets.JobRun, Key: "in vain", DueAt: later}, tickets.Job{Kind: tickets.JobRun, Key: "in time", DueAt: later},
					tickets.Job{Kind: tickets.JobSend, Key: "a mail", DueAt: later})
			})
			if err := b.Conn().Exec("UPDATE jobs SET unavailable = 3 WHERE key <> 'in time'").Error; err != nil {
				t.Fatal(err)
			}
			if waits, err := b.AnyAwaiting(b.ctx(), b.at); err != nil || !waits {
				t.Errorf("nothing waits, %v", err)
			}
			if n, err := b.Awaited(b.ctx(), b.at); err != nil || n != 1 {
				t.Errorf("%d go on, %v", n, err)
			}
			if waits, err := b.AnyAwaiting(b.ctx(), b.at); err != nil || waits {
				t.Errorf("something waits still, %v", err)
			}
			var due []string
			if err := b.Conn().Raw("SELECT key FROM jobs WHERE run_at <= ?", b.at).Scan(&due).Error; err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"in vain"}, due); diff != "" {
				t.Errorf("due now (-want +got):\n%s", diff)
			}
		}},
	}
}
