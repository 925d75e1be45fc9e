package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// firstMail names a ticket by the mail that opened it, which is the same in every desk that was given
// the mail, whatever number the ticket has.
const firstMail = "COALESCE((SELECT i.fingerprint || '/' || i.uid FROM intake i WHERE i.ticket_id = t.id AND i.outcome = 'ticket'), '')"

// outcome is what a desk has made of its mailbox, by kind, without what may differ between two runs:
// numbers, instants, how often was asked, and receipts, which are left out where the result is fast.
func (d *testDesk) outcome(db *sql.DB) map[string][]string {
	d.t.Helper()
	out := map[string][]string{}
	for kind, query := range map[string]string{
		"mail":           "SELECT uid || ' ' || fingerprint || ' ' || outcome FROM intake",
		"mail in case":   "SELECT i.uid || ' is in ' || " + firstMail + " FROM intake i JOIN tickets t ON t.id = i.ticket_id",
		"case":           "SELECT " + firstMail + " || ' ' || status || ' ' || reason || ' ' || intent || ' ' || account_no || ' ' || COALESCE(subscription_ids, '') || ' ' || assurance FROM tickets t",
		"step":           "SELECT " + firstMail + " || ' ' || s.name || ' ' || s.state || ' ' || s.reason FROM tickets t JOIN steps s ON s.run_id = (SELECT MAX(id) FROM runs WHERE ticket_id = t.id)",
		"message":        "SELECT " + firstMail + " || ' ' || direction || ' ' || m.message_id FROM messages m JOIN tickets t ON t.id = m.ticket_id WHERE direction = 'inbound'",
		"subscription":   "SELECT id || ' ' || CAST(auto_renew AS TEXT) || ' ' || CAST(stopped_at IS NOT NULL AS TEXT) || ' ' || access_until FROM subscriptions",
		"agreement":      "SELECT id || ' ' || state FROM agreements",
		"at biller":      "SELECT kind || ' ' || subscription_id || ' ' || mode || ' ' || state FROM biller_calls",
		"at channel":     "SELECT ref || ' ' || state FROM ledger_agreements",
		"paid back":      "SELECT txn_id || ' ' || amount_fen FROM ledger_refunds",
		"effect":         "SELECT " + firstMail + " || ' ' || kind || ' ' || target || ' ' || state FROM effects JOIN tickets t ON t.id = ticket_id",
		"effect result":  "SELECT " + firstMail + " || ' ' || e.type FROM events e JOIN tickets t ON e.stream = 'CD-' || substr('000000' || t.id, -6) WHERE e.type = 'effect.result'",
		"refund":         "SELECT charge_id || ' ' || amount_fen || ' ' || state FROM refunds",
		"hold":           "SELECT subscription_id || ' ' || state FROM holds",
		"told":           "SELECT " + firstMail + " || ' ' || tell || ' ' || o.recipient || ' ' || o.state FROM outgoing o JOIN tickets t ON t.id = o.ticket_id WHERE tell NOT IN ('receipt', 'neutral')",
		"told neutrally": "SELECT DISTINCT recipient FROM outgoing WHERE tell = 'neutral'", // once a day, in whichever case comes first
	} {
		out[kind] = column(d.t, db, query)
		slices.Sort(out[kind])
	}
	return out
}

// onceEach checks that nothing was done twice, nothing given up, and nothing left without a result.
// A mail whose acknowledgement died with the process is sent again, the same bytes under the same
// Message-ID: that is the most a mail server allows, and at most the mails in hand at a kill.
func (d *testDesk) onceEach(kills int) {
	t, db := d.t, d.open()
	t.Helper()
	if dead := column(t, db, "SELECT kind || ' ' || error FROM jobs WHERE state IN ('dead', 'running') OR failures > 0"); len(dead) > 0 {
		t.Errorf("jobs went wrong, were given up or hang:\n%s", strings.Join(dead, "\n"))
	}
	if n := count(t, db, "SELECT COUNT(*) FROM effects WHERE state NOT IN ('done', 'refused')"); n != 0 {
		t.Errorf("%d effects have no result", n)
	}
	if twice := column(t, db, "SELECT uid || '' FROM intake GROUP BY mailbox, folder, uid_validity, uid HAVING COUNT(*) > 1"); len(twice) > 0 {
		t.Errorf("mails are in the ledger twice: %v", twice)
	}
	d.resultsOnce(db)
	const slots = 20 // jobs that a worker has in hand
	sent, again := map[string][]byte{}, 0
	for _, m := range d.smtp.Messages() {
		id := mailin.Parse(m.Raw, mailin.Options{}).MessageID
		if before, ok := sent[id]; ok {
			again++
			if diff := cmp.Diff(string(before), string(m.Raw)); diff != "" {
				t.Errorf("mail %s was sent again with other bytes:\n%s", id, diff)
			}
		}
		sent[id] = m.Raw
	}
	if again > kills*slots {
		t.Errorf("%d mails were sent again after %d kills", again, kills)
	}
	var left []string
	for id := range sent {
		left = append(left, id)
	}
	slices.Sort(left)
	known := column(t, db, "SELECT mail_id FROM outgoing WHERE state = 'sent'")
	slices.Sort(known)
	if diff := cmp.Diff(known, left); diff != "" {
		t.Errorf("the mails that left are not those in the outbox (-outbox +left):\n%s", diff)
	}
	if twice := column(t, db, "SELECT ticket_id || ' ' || tell FROM outgoing WHERE tell IN ('cancel_outcome', 'refund_outcome') GROUP BY ticket_id, tell HAVING COUNT(*) > 1"); len(twice) > 0 {
		t.Errorf("outcomes were told twice: %v", twice)
	}
	t.Logf("%d mails left, %d of them again after a kill", len(left), again)
}

// resultsOnce checks that every effect has one event of its beginning and one of its result.
func (d *testDesk) resultsOnce(db *sql.DB) {
	d.t.Helper()
	seen := map[string]int{}
	for _, line := range column(d.t, db, "SELECT canonical FROM events WHERE type IN ('effect.about_to', 'effect.result')") {
		var e struct {
			Type string
			Data struct{ Key string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			d.t.Fatalf("event %q: %v", line, err)
		}
		seen[e.Type+" "+e.Data.Key]++
	}
	want := map[string]int{}
	for _, key := range column(d.t, db, "SELECT key FROM effects") {
		want[tickets.EventAboutTo+" "+key], want[tickets.EventResult+" "+key] = 1, 1
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		d.t.Errorf("events of effects (-want +got):\n%s", diff)
	}
}

// verifyAll exports the evidence of every ticket and verifies it.
func (d *testDesk) verifyAll() {
	d.t.Helper()
	key := strings.TrimSpace(d.must("evidence", "key"))
	listed := 0
	for line := range strings.Lines(d.must("tickets", "export")) {
		var ticket struct{ Number string }
		decode(d.t, line, &ticket)
		listed++
		bundle := filepath.Join(d.dir, ticket.Number+".zip")
		d.must("evidence", "export", ticket.Number, "-o", bundle)
		if r := d.command("evidence", "verify", bundle, "--key", key); r.code != 0 || !strings.Contains(r.out, fmt.Sprintf("PASS  events %s:", ticket.Number)) {
			d.t.Errorf("evidence of %s ends with %d:\n%s%s", ticket.Number, r.code, r.out, r.err)
		}
	}
	if n := count(d.t, d.open(), "SELECT COUNT(*) FROM tickets"); listed != n {
		d.t.Errorf("%d tickets are exported, and there are %d", listed, n)
	}
}
