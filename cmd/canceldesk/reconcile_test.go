package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
)

// TestMailThatWasPassedOverRingsAndIsTakenIn: a cursor that stands behind mails which nobody ever read, as a
// server that gives UIDs out of order leaves it, is found by the hourly comparison. A person is told on the
// dashboard, a machine by the metrics, the operator in the log; and the mails are taken in.
func TestMailThatWasPassedOverRingsAndIsTakenIn(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	mail := func(n string) []byte {
		return customerMail(mailOptions{from: n + "@mail.example", subject: "退订 " + n, text: "请关闭自动续费。", id: n + "@mail.example"}, time.Now())
	}
	poll := func() mailin.Summary {
		var sum mailin.Summary
		decode(t, d.must("poll", "--once"), &sum)
		sum.Seconds = 0
		return sum
	}
	d.dovecot.Deliver(testUser, "INBOX", mail("one"))
	poll()
	d.alter("UPDATE cursors SET last_uid = 3")
	for _, n := range []string{"two", "three"} {
		d.dovecot.Deliver(testUser, "INBOX", mail(n))
	}
	r := d.command("poll", "--once")
	var sum mailin.Summary
	decode(t, r.out, &sum)
	sum.Seconds = 0
	if diff := cmp.Diff(mailin.Summary{Mailbox: "service", Fetched: 2, Ticket: 2}, sum); diff != "" {
		t.Errorf("poll after the cursor went too far (-want +got):\n%s", diff)
	}
	if !strings.Contains(r.err, "mails on the server are not in the ledger") || !strings.Contains(r.err, "missing=2") {
		t.Errorf("the log does not say it:\n%s", r.err)
	}
	db := d.open()
	if diff := cmp.Diff([]string{"one@mail.example", "two@mail.example", "three@mail.example"}, column(t, db, "SELECT message_id FROM intake ORDER BY uid")); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"mail_missing service/INBOX: 2 (UID 2, 3)"}, column(t, db, "SELECT kind || ' ' || detail FROM alarms WHERE cleared_at IS NULL")); diff != "" {
		t.Errorf("what rings (-want +got):\n%s", diff)
	}

	const password = "one long enough passphrase"
	if r := d.commandWith(password+"\n", "agents", "add", "--login", "mei", "--name", "梅", "--role", "agent", "--password-stdin"); r.code != 0 {
		t.Fatalf("agents add ended with %d:\n%s", r.code, r.err)
	}
	served := d.start("serve")
	a := api{t: t, base: "http://" + served.listening()}
	metrics := func() string {
		code, text := a.call(http.MethodGet, "/metrics", nil)
		if code != http.StatusOK {
			t.Fatalf("/metrics answers %d:\n%s", code, text)
		}
		return string(text)
	}
	has := func(text string) func() bool { return func() bool { return strings.Contains(metrics(), text) } }
	if got := metrics(); !strings.Contains(got, `canceldesk_intake_missing{folder="INBOX",mailbox="service"} 2`) || !strings.Contains(got, `canceldesk_alarms{kind="mail_missing"} 1`) {
		t.Errorf("the metrics do not say it:\n%s", got)
	}
	until(t, childLimit, "the mailbox was read to its end", has("canceldesk_mailbox_polled_timestamp_seconds{"))

	// An hour later nothing is missing any more; the alarm is a person's to clear.
	served.signal(15)
	served.mustEnd(0)
	d.alter("UPDATE reconciliations SET at = '2026-01-01 00:00:00+00:00'")
	if diff := cmp.Diff(mailin.Summary{Mailbox: "service"}, poll()); diff != "" {
		t.Errorf("poll an hour later (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3 0"}, column(t, db, "SELECT mails || ' ' || missing FROM reconciliations")); diff != "" {
		t.Errorf("comparison an hour later (-want +got):\n%s", diff)
	}
	if n := count(t, db, "SELECT COUNT(*) FROM alarms WHERE cleared_at IS NULL"); n != 1 {
		t.Errorf("%d alarms ring, want the one", n)
	}
}

// TestMailboxThatCannotBeReadRingsUntilItCan: a refused login is a person's to mend, so the desk says so at once
// and falls silent when the mailbox is read again.
func TestMailboxThatCannotBeReadRingsUntilItCan(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	d.password = "an old authorisation code"
	d.write("")
	db := d.open()
	ringing := func() []string {
		return column(t, db, "SELECT kind || ' ' || detail FROM alarms WHERE cleared_at IS NULL")
	}
	served := d.start("serve", "--roles", "poll")
	until(t, childLimit, "the alarm rings", func() bool { return len(ringing()) > 0 })
	if got := ringing()[0]; !strings.HasPrefix(got, "mailbox_unread service: The mail server ") || strings.Contains(got, d.password) {
		t.Errorf("what rings is %q", got)
	}
	served.signal(15)
	served.mustEnd(0)
	d.password = "correct horse battery staple"
	d.write("")
	served = d.start("serve", "--roles", "poll")
	until(t, childLimit, "the alarm has ended", func() bool { return len(ringing()) == 0 })
	served.signal(15)
	served.mustEnd(0)
}
