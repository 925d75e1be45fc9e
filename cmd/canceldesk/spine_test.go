package main

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestSpineStopsWhatWasAskedFor: 300 mails of 200 members in a real Dovecot stop exactly the
// subscriptions of a list computed beforehand, and a second poll changes nothing.
func TestSpineStopsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	d.spine(nil, 200, 300)
}

// TestSpineAmongForeignMail is the same in a mailbox that also holds every foreign mail of the corpus:
// each has one ledger row, and only true duplicates are called so.
func TestSpineAmongForeignMail(t *testing.T) {
	t.Parallel()
	foreign := corpus(t)
	d := newTestDesk(t, "")
	sum := d.spine(foreign, 200, 300)
	if sum.Duplicate != 13 { // 24 files in 11 groups
		t.Errorf("%d mails are duplicates, want 13", sum.Duplicate)
	}
	if sum.Quarantined != 0 || sum.Oversize != 0 {
		t.Errorf("%d mails were quarantined and %d too large, want none", sum.Quarantined, sum.Oversize)
	}
}

// spine runs the whole way once and checks what every such run must show.
func (d *testDesk) spine(foreign [][]byte, accounts, mails int) mailin.Summary {
	t := d.t
	t.Helper()
	now := time.Now()
	list, lines := members(accounts, now)
	d.importMembers(lines)
	asked := requests(list, mails, rand.New(rand.NewPCG(1, 2)))
	for _, raw := range foreign {
		d.dovecot.DeliverAt(testUser, "INBOX", raw, now.Add(-time.Hour))
	}
	for _, r := range asked {
		d.dovecot.DeliverAt(testUser, "INBOX", customerMail(r.mail, now), now.Add(-time.Minute))
	}
	var first, second mailin.Summary
	decode(t, d.must("poll", "--once"), &first)
	if want := len(foreign) + len(asked); first.Fetched != want {
		t.Fatalf("%d mails were fetched, want %d", first.Fetched, want)
	}
	d.must("work", "--drain")
	db := d.open()
	if n := count(t, db, "SELECT COUNT(*) FROM intake"); n != len(foreign)+len(asked) {
		t.Errorf("the ledger has %d rows, want %d", n, len(foreign)+len(asked))
	}
	want := expectedStops(asked)
	if diff := cmp.Diff(want, column(t, db, "SELECT subscription_id FROM biller_calls WHERE kind = 'stop' ORDER BY 1")); diff != "" {
		t.Errorf("stopped at the biller:\n%s", diff)
	}
	var agreements []string
	for _, s := range want {
		agreements = append(agreements, "L"+s)
	}
	if diff := cmp.Diff(agreements, column(t, db, "SELECT ref FROM ledger_agreements WHERE state = 'terminated' ORDER BY 1")); diff != "" {
		t.Errorf("ended at the channel:\n%s", diff)
	}
	if dead := column(t, db, "SELECT kind || ' ' || error FROM jobs WHERE state = 'dead' OR failures > 0"); len(dead) > 0 {
		t.Errorf("jobs went wrong:\n%s", strings.Join(dead, "\n"))
	}
	if n := count(t, db, "SELECT COUNT(*) FROM effects WHERE state NOT IN ('done', 'refused')"); n != 0 {
		t.Errorf("%d effects have no result", n)
	}
	d.checkAnswers(asked)
	before := d.fingerprint(db)
	decode(t, d.must("poll", "--once"), &second)
	if second.Fetched != 0 {
		t.Errorf("the second poll fetched %d mails", second.Fetched)
	}
	d.must("work", "--drain")
	if diff := cmp.Diff(before, d.fingerprint(db)); diff != "" {
		t.Errorf("a second poll changed something:\n%s", diff)
	}
	return first
}

// checkAnswers reads the mails that left: "cancelled" is told to whoever was stopped, and to nobody else.
func (d *testDesk) checkAnswers(asked []request) {
	d.t.Helper()
	stopped := map[string]bool{}
	for _, r := range asked {
		if r.stop != "" {
			stopped[r.mail.from] = true
		}
	}
	told := map[string]int{}
	for _, m := range d.smtp.Messages() {
		if p := mailin.Parse(m.Raw, mailin.Options{}); strings.Contains(p.Text, "下次扣费已取消") || strings.Contains(p.Text, "next charge is cancelled") || strings.Contains(p.Text, "next charge has been cancelled") {
			told[m.To[0]]++
		}
	}
	for to, n := range told {
		if !stopped[to] {
			d.t.Errorf("%s was told that the next charge is cancelled, and it is not", to)
		}
		if n > 1 {
			d.t.Errorf("%s was told %d times", to, n)
		}
	}
	for to := range stopped {
		if told[to] == 0 {
			d.t.Errorf("%s was stopped and not told", to)
		}
	}
}

// fingerprint is what a repeated poll must not change.
func (d *testDesk) fingerprint(db *sql.DB) []string {
	d.t.Helper()
	var out []string
	for _, q := range []string{
		"SELECT 'intake ' || uid || ' ' || outcome || ' ' || ticket_id FROM intake ORDER BY id",
		"SELECT 'ticket ' || id || ' ' || status || ' ' || reason || ' ' || version FROM tickets ORDER BY id",
		"SELECT 'event ' || stream || ' ' || n || ' ' || hash FROM events WHERE stream <> 'desk' ORDER BY stream, n",
		"SELECT 'mail ' || key || ' ' || state FROM outgoing ORDER BY key",
	} {
		out = append(out, column(d.t, db, q)...)
	}
	return out
}

// TestSolvedCaseVerifiesElsewhere: the evidence of a case verifies with the key alone, in a folder that
// has nothing else of the desk.
func TestSolvedCaseVerifiesElsewhere(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	list, lines := members(1, time.Now())
	d.importMembers(lines)
	d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: list[0].email, subject: "退订", text: "请关闭自动续费。"}, time.Now()))
	d.must("poll", "--once")
	d.must("work", "--drain")
	elsewhere := t.TempDir()
	bundle := filepath.Join(elsewhere, "case.zip")
	d.must("evidence", "export", tickets.Number(1), "-o", bundle)
	key := strings.TrimSpace(d.must("evidence", "key"))
	lost := d.config
	d.config = filepath.Join(elsewhere, "none.yaml")
	out := d.must("evidence", "verify", bundle, "--key", key)
	d.config = lost
	if strings.Contains(out, "FAIL") || !slices.ContainsFunc(strings.Split(out, "\n"), func(l string) bool { return strings.HasPrefix(l, "PASS") }) {
		t.Errorf("verify printed\n%s", out)
	}
}

// TestMailWithoutASenderIsAPersons: nobody can be asked, so the case waits for a person and not for an
// answer, and nothing goes wrong over it.
func TestMailWithoutASenderIsAPersons(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	for _, from := range []string{"", "From: %FROM_ADDRESS%\r\n", "From: li at mail.example\r\n"} {
		for _, text := range []string{"请关闭自动续费。", "取消"} {
			d.dovecot.Deliver(testUser, "INBOX", []byte(from+"To: "+testAddress+"\r\nSubject: =?utf-8?B?6YCA6K6i?=\r\n"+
				"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"+text+"\r\n"))
		}
	}
	d.must("poll", "--once")
	d.must("work", "--drain")
	db := d.open()
	want := slices.Repeat([]string{"no_address, a person's turn"}, 6)
	got := column(t, db, "SELECT reason || ', ' || CASE WHEN status IN ('new', 'open') THEN 'a person''s' ELSE status || '''s' END || ' turn' FROM tickets")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	if wrong := column(t, db, "SELECT kind || ' ' || error FROM jobs WHERE state <> 'done' OR failures > 0"); len(wrong) > 0 {
		t.Errorf("jobs went wrong:\n%s", strings.Join(wrong, "\n"))
	}
	if n := len(d.smtp.Messages()); n != 0 {
		t.Errorf("%d mails left", n)
	}
}
