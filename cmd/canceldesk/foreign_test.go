package main

import (
	"bytes"
	"slices"
	"testing"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestEveryForeignMailHasAnOutcome takes in the whole collection of foreign mails as a mailbox would
// give it: each has a row in the ledger with an outcome, none is set aside, and what opened a ticket
// can be read there.
func TestEveryForeignMailHasAnOutcome(t *testing.T) {
	t.Parallel()
	mails := corpus(t)
	d := newTestDesk(t, "")
	for _, raw := range mails {
		d.dovecot.Deliver(testUser, "INBOX", raw)
	}
	var sum mailin.Summary
	decode(t, d.must("poll", "--once"), &sum)
	sum.Seconds = 0
	t.Logf("%+v", sum)
	if sum.Fetched != len(mails) {
		t.Errorf("of %d mails %d have an outcome", len(mails), sum.Fetched)
	}

	db := d.open()
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT i.uid, i.outcome, i.ticket_id, i.detail,
			COALESCE(MAX(m.text <> '' OR m.html <> '' OR m.subject <> '' OR m.attachments NOT IN ('', 'null', '[]')), 0)
		FROM intake i LEFT JOIN messages m ON m.ticket_id = i.ticket_id AND m.raw = i.raw GROUP BY i.id ORDER BY i.uid`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var uid int
		var ticket int64
		var outcome tickets.Outcome
		var detail string
		var said bool
		if err := rows.Scan(&uid, &outcome, &ticket, &detail, &said); err != nil {
			t.Fatal(err)
		}
		n++
		switch {
		case !slices.Contains(tickets.Outcomes(), outcome), outcome == tickets.OutcomeQuarantined, outcome == tickets.OutcomeOversize:
			t.Errorf("mail %d is %q (%s)", uid, outcome, detail)
		case outcome == tickets.OutcomeTicket && ticket == 0:
			t.Errorf("mail %d opened no ticket", uid)
		case outcome == tickets.OutcomeTicket && !said && hasBody(mails[uid-1]):
			t.Errorf("the ticket of mail %d shows nothing of it: %.200q", uid, mails[uid-1])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if n != len(mails) {
		t.Errorf("%d rows in the ledger for %d mails", n, len(mails))
	}
}

// hasBody tells a mail that is more than a header.
func hasBody(raw []byte) bool {
	_, body, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	return len(bytes.TrimSpace(body)) > 0
}
