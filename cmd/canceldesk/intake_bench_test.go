package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/store/postgrestest"
)

// ownMailCount is how many mails are made where the environment names none.
const ownMailCount = 2000

// BenchmarkIntake takes in the mails of a real Dovecot by `poll --once` in a process of its own (fetch,
// keep, parse, judge, understand, thread, store with evidence) and compares it with fetching the same
// mails with go-imap and throwing them away, just before and just after. It tells mails/s of both, the
// ratio, how many mails landed in another ticket than their manifest says, and that process's own
// processor time and largest resident memory.
func BenchmarkIntake(b *testing.B) {
	for _, engine := range []struct {
		name string
		url  func(*testing.B) string
	}{
		{"sqlite", func(*testing.B) string { return "" }},
		{"postgres", func(b *testing.B) string { return postgrestest.Start(b) }},
	} {
		b.Run(engine.name, func(b *testing.B) {
			mails := benchMails(b, ownMailCount)
			dovecot := dovecottest.Start(b, dovecottest.Options{})
			for i := range mails {
				dovecot.Deliver(testUser, "INBOX", mails[i].raw)
				mails[i].raw = nil
			}
			fetchAll(b, dovecot, len(mails)) // Dovecot reads a new maildir more slowly
			var raw, poll, cpu time.Duration
			var peak float64
			astray := 0
			for b.Loop() {
				b.StopTimer()
				d := newSettings(b)
				d.dovecot, d.imap = dovecot, dovecot.Addr()
				if url := engine.url(b); url != "" {
					d.database = url
				}
				d.write("")
				d.must("migrate")
				before := fetchAll(b, dovecot, len(mails))
				b.StartTimer()
				began := time.Now()
				c := d.start("poll", "--once")
				memory := c.largestMemory()
				poll += time.Since(began)
				b.StopTimer()
				c.mustEnd(0)
				raw += (before + fetchAll(b, dovecot, len(mails))) / 2
				peak = max(peak, memory)
				cpu += c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
				var sum mailin.Summary
				if decode(b, c.out.String(), &sum); sum.Fetched != len(mails) || sum.Ticket == 0 {
					b.Fatalf("of %d mails %d were fetched: %s", len(mails), sum.Fetched, c.out.String())
				}
				astray += d.astray(mails)
				b.StartTimer()
			}
			n := float64(b.N * len(mails))
			b.ReportMetric(n/poll.Seconds(), "mails/s")
			b.ReportMetric(n/raw.Seconds(), "fetched/s")
			b.ReportMetric(poll.Seconds()/raw.Seconds(), "x-fetch")
			b.ReportMetric(cpu.Seconds()*1000/n, "cpu-s/1000")
			b.ReportMetric(float64(astray)/float64(b.N), "astray")
			b.ReportMetric(peak, "peak-MB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// largestMemory waits for the process to end and returns the largest resident memory it was seen with,
// in MB. What wait4 tells of it would include this process's own, which it began as a copy of.
func (c *child) largestMemory() (largest float64) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
		if _, rest, told := strings.Cut(string(status), "VmHWM:"); err == nil && told {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			largest = max(largest, kib/1024)
		}
		select {
		case <-c.ended:
			return largest
		case <-tick.C:
		}
	}
}

// fetchAll reads every mail of the inbox and throws it away, and tells how long that took.
func fetchAll(b *testing.B, dovecot *dovecottest.Server, n int) time.Duration {
	b.Helper()
	began := time.Now()
	c, err := imapclient.DialInsecure(dovecot.Addr(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(testUser, dovecottest.Password).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		b.Fatal(err)
	}
	all := imap.UIDSet{}
	all.AddRange(1, 0)
	cmd := c.Fetch(all, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	got := 0
	for cmd.Next() != nil {
		got++
	}
	if err := cmd.Close(); err != nil || got != n {
		b.Fatalf("%d of %d mails were fetched: %v", got, n, err)
	}
	return time.Since(began)
}

// astray counts the mails that lie neither in the ticket their root opened nor, where that one was
// closed, in one that follows it.
func (d *testDesk) astray(mails []benchMail) int {
	d.t.Helper()
	db := d.open()
	defer db.Close()
	rows, err := db.QueryContext(d.t.Context(), `SELECT i.message_id, COALESCE(l.to_id, i.ticket_id) FROM intake i
		LEFT JOIN links l ON l.from_id = i.ticket_id AND l.kind = 'follows' WHERE i.outcome IN ('ticket', 'appended')`)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	tickets := map[string]int64{}
	for rows.Next() {
		var id string
		var ticket int64
		if err := rows.Scan(&id, &ticket); err != nil {
			d.t.Fatal(err)
		}
		tickets[id] = ticket
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
	n := 0
	for _, m := range mails {
		if m.root >= 0 && (tickets[m.id] == 0 || tickets[m.id] != tickets[mails[m.root].id]) {
			n++
		}
	}
	return n
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
