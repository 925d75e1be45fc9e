package store_test

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/postgrestest"
	"github.com/canceldesk/canceldesk/tickets"
)

// BenchmarkIntake stores batches of 50 mails as Desk.Receive does: per mail two look-ups, a ticket, a
// message, a verification, two events with five personal values and two jobs; per batch the ledger
// and the cursor.
func BenchmarkIntake(b *testing.B) {
	for engine, newURL := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(b.TempDir(), "desk.db") },
		"postgres": func() string { return postgrestest.Start(b) },
	} {
		b.Run(engine, func(b *testing.B) {
			db, err := store.Open(b.Context(), newURL())
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			if err := db.Migrate(b.Context()); err != nil {
				b.Fatal(err)
			}
			d := bundle{DB: db, tb: b, at: time.Date(2026, 7, 1, 9, 30, 0, 0, time.UTC)}
			fence, _, err := db.AcquireLease(d.ctx(), "service", "bench", time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			uid := uint32(0)
			for b.Loop() {
				if err := d.receive("service", &uid, 50, fence); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*50)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}

// receive stores the next n mails of a mailbox, each from somebody else. Fingerprints and addresses
// are spread over the indexes as in earnest.
func (b bundle) receive(mailbox string, uid *uint32, n int, fence int64) error {
	prints := make([]string, n)
	for i := range prints {
		prints[i] = fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, mailbox, int(*uid)+1+i)))
	}
	last := *uid + uint32(n)
	err := b.InTx(b.ctx(), func(tx tickets.Tx) error { // may run again, so it changes nothing outside
		if _, err := tx.IntakeByFingerprint(b.ctx(), prints); err != nil {
			return err
		}
		rows := make([]tickets.Intake, n)
		for i := range rows {
			here := *uid + 1 + uint32(i)
			from := prints[i] + "@example.com"
			if _, err := tx.TicketsOfMailIDs(b.ctx(), []string{from}); err != nil {
				return err
			}
			if _, err := tx.LiveTicketsOf(b.ctx(), from); err != nil {
				return err
			}
			t := b.ticket()
			t.Requester = from
			if err := tx.InsertTicket(b.ctx(), &t); err != nil {
				return err
			}
			m := b.message(t.ID)
			m.MessageID = from
			if err := tx.InsertMessage(b.ctx(), &m); err != nil {
				return err
			}
			v := tickets.Verification{TicketID: t.ID, MessageID: m.ID, Level: 1, Method: "dmarc", At: b.at, ExpiresAt: b.at}
			if err := tx.InsertVerification(b.ctx(), &v); err != nil {
				return err
			}
			received := tickets.Record{
				Stream: t.Number(), Type: tickets.EventReceived, Actor: "customer", Data: map[string]any{"uid": int64(here)},
				Private: map[string][]byte{"from": []byte(from), "subject": []byte(m.Subject), "text": []byte(m.Text), "message_id": []byte(from)},
				Files:   map[string]tickets.File{"raw": {Ref: m.Raw}},
			}
			opened := tickets.Record{Stream: t.Number(), Type: tickets.EventReceived, Actor: "desk", Data: map[string]any{"intent": string(t.Intent)}}
			for _, r := range []tickets.Record{received, opened} {
				if err := tx.Append(b.ctx(), b.at, r); err != nil {
					return err
				}
			}
			jobs := []tickets.Job{
				{Kind: tickets.JobRun, TicketID: t.ID, DueAt: b.at, Key: "run " + from},
				{Kind: tickets.JobTell, TicketID: t.ID, DueAt: b.at, Key: "tell " + from},
			}
			if err := tx.Enqueue(b.ctx(), jobs...); err != nil {
				return err
			}
			rows[i] = b.intake(here, tickets.OutcomeTicket, t.ID)
			rows[i].Place.Mailbox, rows[i].Fingerprint = mailbox, prints[i]
		}
		if err := tx.InsertIntake(b.ctx(), rows); err != nil {
			return err
		}
		return tx.MoveCursor(b.ctx(), tickets.Cursor{Mailbox: mailbox, Folder: "INBOX", UIDValidity: 1, LastUID: last}, fence)
	})
	if err == nil {
		*uid = last
	}
	return err
}
