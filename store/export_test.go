package store_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// exporting is a store with one told case in it, a second case, and the file they lie in.
type exporting struct {
	bundle
	store.Exporter
	file   string
	ticket tickets.Ticket
}

func newExporting(t *testing.T) exporting {
	t.Helper()
	e := exporting{file: filepath.Join(t.TempDir(), "desk.db")}
	e.bundle = setup(t, "sqlite://"+e.file)
	signerKey, verifierKey, err := evidence.GenerateKey(rand.Reader, "desk.example.com")
	must(t, err)
	signer, err := evidence.NewSigner(signerKey)
	must(t, err)
	blobs, err := store.OpenBlobs(t.Context(), "mem://")
	must(t, err)
	t.Cleanup(func() { must(t, blobs.Close()) })
	now := func() time.Time { return e.at }
	e.Exporter = store.Exporter{
		DB: e.bundle.DB, Log: store.NewLog(e.bundle.DB, signer, now), Blobs: blobs, VerifierKey: verifierKey, Zone: time.FixedZone("", 8*3600), Now: now,
	}
	e.ticket = e.newTicket(t, nil)
	for _, number := range []string{e.ticket.Number(), e.newTicket(t, nil).Number()} {
		e.record(t, tickets.Record{
			Stream: number, Type: tickets.EventReceived, Actor: "customer",
			Data:    map[string]any{"channel": "email", "received_at": "2026-07-01T09:00:00Z", "intents": []string{"stop_auto_renew"}},
			Private: map[string][]byte{"subject": []byte("退订"), "sender": []byte("li@example.com")},
		})
	}
	for _, quote := range []string{`{"hash":"q1"}`, `{"hash":"q2"}`} {
		e.record(t, tickets.Record{
			Stream: e.ticket.Number(), Type: tickets.EventQuote, Actor: "desk",
			Data: map[string]any{"hash": "q", "refund_fen": 1500, "last_day_of_use": "2026-07-14"}, Private: map[string][]byte{"quote": []byte(quote)},
		})
	}
	e.record(t, tickets.Record{Stream: e.ticket.Number(), Type: tickets.EventResult, Actor: "desk", Data: map[string]any{
		"key": "k1", "kind": string(tickets.StopDebits), "target": "s1", "state": "done", "detail": "", "confirmed_at": "2026-07-01T17:40:00+08:00",
	}})
	for _, state := range []string{"proposed", "succeeded"} {
		e.record(t, tickets.Record{Stream: e.ticket.Number(), Type: tickets.EventRefund, Actor: "desk", Data: map[string]any{
			"refund": "r1", "charge": "c1", "amount_fen": int64(1500), "state": state, "key": "r1", "quote": "q", "own_fault": false,
		}})
	}
	for _, tell := range []tickets.Tell{tickets.TellReceipt, tickets.TellCancelOutcome} {
		e.mail(t, tell)
	}
	return e
}

func (e exporting) record(t *testing.T, r tickets.Record) {
	t.Helper()
	e.tx(t, func(tx tickets.Tx) error { return tx.Append(e.ctx(), e.at, r) })
}

// mail puts a mail into the outbox with the event that commits to it.
func (e exporting) mail(t *testing.T, tell tickets.Tell) {
	t.Helper()
	e.tx(t, func(tx tickets.Tx) error {
		said := tickets.Message{TicketID: e.ticket.ID, Direction: tickets.Reply, Channel: tickets.Email, At: e.at, MessageID: string(tell) + "@desk"}
		if err := tx.InsertMessage(e.ctx(), &said); err != nil {
			return err
		}
		o := tickets.Outgoing{
			TicketID: e.ticket.ID, MessageID: said.ID, Key: string(tell), Channel: tickets.ByMail, Tell: tell, Recipient: "li@example.com", MailID: string(tell) + "@desk",
			Raw: []byte("Subject: " + string(tell) + "\r\n\r\n\xff"), State: tickets.OutgoingQueued, At: e.at,
		}
		if err := tx.InsertOutgoing(e.ctx(), &o); err != nil {
			return err
		}
		return tx.Append(e.ctx(), e.at, tickets.Record{
			Stream: e.ticket.Number(), Type: tickets.EventNotifyAboutTo, Actor: "desk",
			Data: map[string]any{"outgoing": o.ID, "tell": string(tell)}, Private: map[string][]byte{"mail": o.Raw},
		})
	})
}

// rewrite changes the file as its owner can, triggers and foreign keys off.
func (e exporting) rewrite(t *testing.T, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+e.file+"?_busy_timeout=10000&_foreign_keys=off")
	must(t, err)
	defer func() { must(t, db.Close()) }()
	for _, trigger := range triggers(t, db) {
		_, err := db.ExecContext(t.Context(), "DROP TRIGGER "+trigger)
		must(t, err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// triggers names all that hold the record but the one that lets events wait for the log.
func triggers(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name <> 'events_to_log'")
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	var names []string
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		names = append(names, name)
	}
	must(t, rows.Err())
	return names
}

func (e exporting) export(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, e.Export(t.Context(), e.ticket.ID, &out))
	return out.Bytes()
}

func files(t *testing.T, bundle []byte) map[string]string {
	t.Helper()
	zr, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	must(t, err)
	out := map[string]string{}
	for _, f := range zr.File {
		r, err := f.Open()
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, errors.Join(err, r.Close()))
		out[f.Name] = string(content)
	}
	return out
}

const wantEffects = `[
  {
    "event": 4,
    "key": "k1",
    "kind": "biller.stop",
    "target": "s1",
    "state": "done",
    "detail": "",
    "confirmed_at": "2026-07-01T17:40:00+08:00"
  }
]
`

const wantRefunds = `[
  {
    "event": 6,
    "refund": "r1",
    "key": "r1",
    "charge": "c1",
    "amount_fen": 1500,
    "state": "succeeded",
    "quote": "q",
    "own_fault": false
  }
]
`

func TestExportTellsWhatEventsTellAndCommitTo(t *testing.T) {
	t.Parallel()
	e := newExporting(t)
	e.rewrite(t, "UPDATE tickets SET subject = 'forged', channel = 'phone'") // what is written over is not believed
	bundle := e.export(t)
	report, err := evidence.Verify(bytes.NewReader(bundle), int64(len(bundle)), e.VerifierKey)
	must(t, err)
	for _, item := range report.Items {
		if !item.OK {
			t.Errorf("%s: %s", item.Name, item.Detail)
		}
		if item.Name == "private values" && item.Detail != "6 of 6 enclosed and as committed" {
			t.Errorf("private values: %s", item.Detail)
		}
	}
	got := files(t, bundle)
	want := map[string]string{
		"confirmation.eml": "Subject: cancel_outcome\r\n\r\n\xff", "messages/sent-1.eml": "Subject: receipt\r\n\r\n\xff",
		"quote.json": `{"hash":"q2"}`, "channel/effects.json": wantEffects, "channel/refunds.json": wantRefunds,
	}
	told := map[string]string{}
	for name := range want {
		told[name] = got[name]
		if strings.HasSuffix(name, ".eml") && !strings.Contains(got["private.jsonl"], `"file":"`+name+`"`) {
			t.Errorf("no commitment is named for %s", name)
		}
	}
	if d := cmp.Diff(want, told); d != "" {
		t.Error(d)
	}
	for _, words := range []string{"退订", "Debits stopped at the biller", "1 July 2026, 17:40:00", "2026-07-14", "¥15.00 (succeeded)", "email"} {
		if !strings.Contains(got["summary.en.html"], words) {
			t.Errorf("the summary does not tell %q", words)
		}
	}
	if strings.Contains(got["summary.en.html"], "forged") {
		t.Error("the summary tells what nothing proves")
	}
}

func TestExportRefusesTamperedEvidence(t *testing.T) {
	t.Parallel()
	const last = "(SELECT max(id) FROM events)"
	for name, statements := range map[string][]string{
		"an event is gone":              {"DELETE FROM events WHERE id = " + last},
		"an event of another case":      {"DELETE FROM events WHERE stream = 'CD-000002'"},
		"an event and its leaf":         {"DELETE FROM log_leaves WHERE event_id = " + last, "DELETE FROM event_privates WHERE stream = 'CD-000001' AND n = (SELECT max(n) FROM events WHERE stream = 'CD-000001')", "DELETE FROM events WHERE id = " + last},
		"the end of the log":            {"DELETE FROM log_leaves WHERE leaf_index >= 2", "DELETE FROM checkpoints WHERE size > 2"},
		"the whole log after an export": {"DELETE FROM event_privates WHERE stream = 'CD-000001' AND n = (SELECT max(n) FROM events WHERE stream = 'CD-000001')", "DELETE FROM events WHERE id = " + last, "DELETE FROM log_leaves", "DELETE FROM log_hashes", "DELETE FROM checkpoints", "INSERT OR IGNORE INTO log_pending SELECT id FROM events"},
		"a head is gone":                {"DELETE FROM log_heads"},
		"what a head tells is gone":     {"DELETE FROM log_head_streams"},
		"what a head tells":             {"UPDATE log_head_streams SET count = 1"},
		"an event's bytes":              {`UPDATE events SET canonical = CAST(replace(CAST(canonical AS TEXT), '"desk"', '"disk"') AS BLOB) WHERE id = ` + last},
		"a private value":               {"UPDATE event_privates SET content = 'x' WHERE name = 'subject'"},
		"a private value's salt":        {"UPDATE event_privates SET salt = randomblob(32) WHERE name = 'sender'"},
		"a committed mail":              {"UPDATE event_privates SET content = 'x' WHERE name = 'mail'", "UPDATE outgoing SET raw = 'x'"},
		"a mail of the outbox":          {"UPDATE outgoing SET raw = 'x'"},
		"a committed quote":             {"UPDATE event_privates SET content = '{}' WHERE name = 'quote'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExporting(t)
			e.export(t)
			e.rewrite(t, statements...)
			var heads int64
			err := e.Export(t.Context(), e.ticket.ID, io.Discard)
			wantKind(t, err, tickets.Conflict)
			wantText(t, err, "canceldesk evidence audit")
			db, err := sql.Open("sqlite3", "file:"+e.file)
			must(t, err)
			defer func() { must(t, db.Close()) }()
			must(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM log_heads").Scan(&heads))
			if heads > 1 {
				t.Error("a head was logged for a refused export")
			}
		})
	}
}

// TestExportThatCannotBeProvenIsConflict: the tree is asked for proofs only once the head is in it.
func TestExportThatCannotBeProvenIsConflict(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"changed": "UPDATE log_hashes SET hash = randomblob(32) WHERE hash_index = 1",
		"gone":    "DELETE FROM log_hashes WHERE hash_index = 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExporting(t)
			e.export(t)
			e.rewrite(t, statement)
			err := e.Export(t.Context(), e.ticket.ID, io.Discard)
			wantKind(t, err, tickets.Conflict)
			wantText(t, err, "canceldesk evidence audit")
		})
	}
}

func TestExportTellsWhatWasErased(t *testing.T) {
	t.Parallel()
	e := newExporting(t)
	e.rewrite(t, "UPDATE event_privates SET salt = NULL, content = NULL WHERE name IN ('sender', 'mail')")
	bundle := e.export(t)
	report, err := evidence.Verify(bytes.NewReader(bundle), int64(len(bundle)), e.VerifierKey)
	must(t, err)
	if !report.OK() {
		t.Errorf("%+v", report.Items)
	}
	for _, item := range report.Items {
		if item.Name == "private values" && item.Detail != "3 of 6 enclosed and as committed, 3 not enclosed (erased or withheld)" {
			t.Errorf("private values: %s", item.Detail)
		}
	}
	if _, there := files(t, bundle)["confirmation.eml"]; there {
		t.Error("a mail is enclosed that nothing commits to any more")
	}
}

func TestExportAgainAfterMoreHappened(t *testing.T) {
	t.Parallel()
	e := newExporting(t)
	e.export(t)
	e.export(t)
	e.record(t, tickets.Record{Stream: e.ticket.Number(), Type: tickets.EventNote, Actor: "agent:amy"})
	e.export(t)
}
