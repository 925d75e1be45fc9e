package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMailSetAsideIsReadOnceMore: from its server, and where that has it no longer from what was kept.
func TestMailSetAsideIsReadOnceMore(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	for _, n := range []string{"one", "two", "three"} {
		d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: n + "@mail.example", subject: "退订 " + n, text: "请关闭自动续费。", id: n + "@mail.example"}, time.Now()))
	}
	d.must("poll", "--once")
	// As mails lie that an older version could not read: the second one is gone from its server, and of the third
	// nothing was kept.
	d.alter("UPDATE intake SET outcome = 'quarantined', ticket_id = 0")
	d.alter("UPDATE intake SET uid_validity = 1 WHERE uid > 1")
	d.alter("UPDATE intake SET raw = '' WHERE uid = 3")
	d.alter("INSERT INTO alarms (key, kind, ticket_id, detail, at) VALUES ('mail_quarantined service', 'mail_quarantined', 0, '', '2026-01-01 00:00:00+00:00')")
	if n := strings.Count(d.must("quarantine", "list"), "quarantined"); n != 3 {
		t.Errorf("%d mails are listed, want 3", n)
	}
	if shown := d.must("quarantine", "show", "2"); !strings.Contains(shown, "Subject: 退订 two") {
		t.Errorf("the original is not shown:\n%s", shown)
	}
	r := d.command("quarantine", "retry", "--all")
	if r.code != 1 || !strings.Contains(r.err, "mail 3: The mail is no longer in service/INBOX on its server.") {
		t.Errorf("retry ended with %d:\n%s", r.code, r.err)
	}
	want := []string{"1 appended one@mail.example", "2 appended two@mail.example", "3 quarantined three@mail.example"}
	if diff := cmp.Diff(want, column(t, d.open(), "SELECT uid || ' ' || outcome || ' ' || message_id FROM intake ORDER BY id")); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	ringing := "SELECT COUNT(*) FROM alarms WHERE cleared_at IS NULL"
	if n := count(t, d.open(), ringing); n != 1 {
		t.Errorf("%d alarms ring while a mail waits, want 1", n)
	}
	d.alter("UPDATE intake SET uid_validity = (SELECT uid_validity FROM cursors) WHERE uid = 3") // it is back on its server
	d.must("quarantine", "retry", "3")
	if n := count(t, d.open(), ringing); n != 0 {
		t.Errorf("%d alarms ring when no mail waits any more", n)
	}
	for _, args := range [][]string{{"quarantine", "retry"}, {"quarantine", "retry", "1", "--all"}, {"quarantine", "retry", "x"}} {
		if r := d.command(args...); r.code != 2 {
			t.Errorf("%v ended with %d, want 2:\n%s", args, r.code, r.err)
		}
	}
	if r := d.command("quarantine", "retry", "1"); r.code != 1 || !strings.Contains(r.err, "was not set aside") {
		t.Errorf("a mail that was read is read again: %d\n%s", r.code, r.err)
	}
}
