package main

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/postgrestest"
)

// benchCasesEnv is how many requests BenchmarkWorkDrain carries out; 500 where it is not set.
const benchCasesEnv = "CANCELDESK_BENCH_CASES"

// BenchmarkWorkDrain carries out clear requests, each of another member with one subscription under an
// agreement of the ledger channel, by `work --drain`: identify, stop at the biller, end the agreement,
// write and send the answers, seal the evidence. It tells cases a second and this process's own
// processor time, the mail server of the test included.
func BenchmarkWorkDrain(b *testing.B) {
	cases := 500
	if s := os.Getenv(benchCasesEnv); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatalf("%s: %v", benchCasesEnv, err)
		}
		cases = n
	}
	for _, engine := range []struct {
		name string
		url  func(*testing.B) string
	}{
		{"sqlite", func(*testing.B) string { return "" }},
		{"postgres", func(b *testing.B) string { return postgrestest.Start(b) }},
	} {
		b.Run(engine.name, func(b *testing.B) {
			var cpu time.Duration
			jobs := 0
			for range b.N {
				b.StopTimer()
				d := newTestDesk(b, engine.url(b))
				now := time.Now()
				list, lines := members(cases*2, now)
				d.importMembers(lines)
				stops := d.deliverClear(list, cases, now)
				d.must("poll", "--once")
				used := processorTime(b)
				b.StartTimer()
				out := d.must("work", "--drain")
				b.StopTimer()
				cpu += processorTime(b) - used
				var counts store.Counts
				decode(b, out, &counts)
				jobs += counts.Done
				if n := count(b, d.open(), "SELECT COUNT(*) FROM ledger_agreements WHERE state = 'terminated'"); n != stops {
					b.Fatalf("%d agreements were ended, want %d", n, stops)
				}
				b.StartTimer()
			}
			n := float64(b.N * cases)
			b.ReportMetric(n/b.Elapsed().Seconds(), "cases/s")
			b.ReportMetric(float64(jobs)/n, "jobs/case")
			b.ReportMetric(cpu.Seconds()*1000/n, "cpu-s/1000")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// deliverClear delivers n clear requests of members with one subscription and returns how many
// subscriptions they end.
func (d *testDesk) deliverClear(list []member, n int, now time.Time) int {
	d.t.Helper()
	sent := 0
	for _, r := range requests(list, len(list), rand.New(rand.NewPCG(1, 2))) {
		if r.stop == "" {
			continue
		}
		d.dovecot.DeliverAt(testUser, "INBOX", customerMail(r.mail, now), now.Add(-time.Minute))
		if sent++; sent == n {
			return n
		}
	}
	d.t.Fatalf("of %d members only %d ask clearly, want %d", len(list), sent, n)
	return 0
}
