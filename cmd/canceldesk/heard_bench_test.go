package main

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/postgrestest"
)

// BenchmarkNewMailIsATicket delivers 200 mails to a Dovecot, one after another, and tells how long each
// takes from its delivery until its ticket is in the database: median, 99th percentile and the slowest.
// More than a second at the 99th percentile is a failure.
func BenchmarkNewMailIsATicket(b *testing.B) {
	const mails = 200
	for _, engine := range []struct {
		name string
		url  func(*testing.B) string
	}{
		{"sqlite", func(*testing.B) string { return "" }},
		{"postgres", func(b *testing.B) string { return postgrestest.Start(b) }},
	} {
		b.Run(engine.name, func(b *testing.B) {
			d := newTestDesk(b, engine.url(b))
			server := d.start("serve", "--roles", "poll")
			db := d.open()
			ask, err := db.PrepareContext(b.Context(), "SELECT COUNT(*) FROM intake WHERE ticket_id > 0")
			if err != nil {
				b.Fatal(err)
			}
			defer ask.Close()
			stored := func() (n int) {
				if err := ask.QueryRowContext(b.Context()).Scan(&n); err != nil {
					b.Fatal(err)
				}
				return n
			}
			var took []time.Duration
			for range b.N {
				for range mails + 1 { // the first waits for the server to start
					before := stored()
					from := fmt.Sprintf("customer%d@mail.example", before)
					raw := ownMail(from, "关闭自动续费", fmt.Sprintf("%d@mail.example", before), "", "请关闭自动续费。", nil, time.Now())
					began := time.Now()
					d.dovecot.Deliver(testUser, "INBOX", raw)
					until(b, childLimit, "the mail is a ticket", func() bool { return stored() > before })
					took = append(took, time.Since(began))
				}
				took = took[1:]
			}
			server.signal(syscall.SIGTERM)
			server.mustEnd(0)
			slices.Sort(took)
			p99 := took[len(took)*99/100]
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "median-ms")
			b.ReportMetric(p99.Seconds()*1000, "p99-ms")
			b.ReportMetric(took[len(took)-1].Seconds()*1000, "slowest-ms")
			b.ReportMetric(0, "ns/op")
			if p99 > time.Second {
				b.Errorf("the 99th percentile is %s", p99)
			}
		})
	}
}
