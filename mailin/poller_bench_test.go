package mailin

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/tickets"
)

// benchMails delivers every *.eml of the folder $CANCELDESK_BENCH_MAILS to a fresh Dovecot, or where it
// is not set 500 mails of one plain sort.
func benchMails(b *testing.B) (*dovecottest.Server, int) {
	b.Helper()
	dovecot := dovecottest.Start(b, dovecottest.Options{})
	dir := os.Getenv("CANCELDESK_BENCH_MAILS")
	if dir == "" {
		const plain = 500
		for n := range plain {
			dovecot.Deliver("desk", "INBOX", testMail(n+1, 6000))
		}
		return dovecot, plain
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(names) == 0 {
		b.Fatalf("no mails in %s: %v", dir, err)
	}
	slices.Sort(names)
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		dovecot.Deliver("desk", "INBOX", raw)
	}
	return dovecot, len(names)
}

// discard is a desk that stores nothing, so that mailin alone is measured; originals are kept in one
// synced file for each batch.
type discard struct {
	*ledger
	dir string
}

func (d *discard) Receive(_ context.Context, batch tickets.Batch) ([]tickets.Intake, error) {
	rows := make([]tickets.Intake, len(batch.Mails))
	for i := range rows {
		rows[i].Outcome = tickets.OutcomeTicket
	}
	return rows, nil
}

func (d *discard) KeepBatch(_ context.Context, raws [][]byte) ([]string, error) {
	name := make([]byte, 8)
	if _, err := rand.Read(name); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(d.dir, hex.EncodeToString(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, raw := range raws {
		if _, err := f.Write(raw); err != nil {
			return nil, err
		}
	}
	return make([]string, len(raws)), f.Sync()
}

// BenchmarkDrain compares a poll (fetch, keep, parse, judge, understand) with fetching the same mails
// by the same client and throwing them away. Both begin on a Dovecot that has never been asked, and
// on one that has.
func BenchmarkDrain(b *testing.B) {
	for name, run := range map[string]func(*testing.B, *dovecottest.Server, int){"poll": benchPoll, "fetch only": benchFetch} {
		b.Run(name+"/first time", func(b *testing.B) {
			var spent time.Duration
			mails := 0
			for range b.N {
				b.StopTimer()
				dovecot, n := benchMails(b)
				mails += n
				before := processorTime(b)
				b.StartTimer()
				run(b, dovecot, n)
				spent += processorTime(b) - before
			}
			report(b, mails, spent)
		})
		b.Run(name+"/again", func(b *testing.B) {
			dovecot, n := benchMails(b)
			run(b, dovecot, n)
			before := processorTime(b)
			for b.Loop() {
				run(b, dovecot, n)
			}
			report(b, n*b.N, processorTime(b)-before)
		})
	}
}

// report tells mails in a second, which depends on what else the machine does, and our own processor
// time for a mail, which hardly does.
func report(b *testing.B, mails int, spent time.Duration) {
	b.Helper()
	b.ReportMetric(float64(mails)/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(float64(spent.Microseconds())/float64(mails), "cpu-us/mail")
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

func benchPoll(b *testing.B, dovecot *dovecottest.Server, n int) {
	b.Helper()
	l := newLedger()
	config := testConfig(serverAt(b, dovecot.Addr()), l)
	d := &discard{ledger: l, dir: b.TempDir()}
	config.Raws, config.Receiver = d, d
	p, err := NewPoller(config)
	if err != nil {
		b.Fatal(err)
	}
	sum, err := p.PollOnce(b.Context())
	if err != nil || sum.Fetched != n {
		b.Fatalf("%d of %d mails fetched: %v", sum.Fetched, n, err)
	}
}

func benchFetch(b *testing.B, dovecot *dovecottest.Server, n int) {
	b.Helper()
	c, err := imapclient.DialInsecure(dovecot.Addr(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Login("desk", dovecottest.Password).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		b.Fatal(err)
	}
	all := imap.UIDSet{}
	all.AddRange(1, 0)
	got := 0
	cmd := c.Fetch(all, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for cmd.Next() != nil {
		got++
	}
	if err := cmd.Close(); err != nil || got != n {
		b.Fatalf("%d of %d mails fetched: %v", got, n, err)
	}
}
