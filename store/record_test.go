package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

func evidencePromises() []promise {
	record := func(i int) tickets.Record {
		return tickets.Record{Stream: "CD-000001", Type: "note", Actor: "desk", Data: map[string]any{"i": i}}
	}
	return []promise{
		{"events of one stream written at once are one unbroken chain", func(t *testing.T, b bundle) {
			for _, err := range together(12, func(i int) error {
				return b.InTx(b.ctx(), func(tx tickets.Tx) error {
					return errors.Join(tx.Append(b.ctx(), b.at, record(i)), tx.Append(b.ctx(), b.at, record(i)))
				})
			}) {
				must(t, err)
			}
			events, err := b.Events(b.ctx(), "CD-000001")
			must(t, err)
			if len(events) != 24 {
				t.Fatalf("%d events, want 24", len(events))
			}
			prev := ""
			for i, e := range events {
				parsed, err := evidence.ParseEvent(e.Canonical)
				must(t, err)
				if e.N != int64(i+1) || parsed.N != e.N || e.Prev != prev || parsed.Prev != prev || e.Hash != evidence.Hash(e.Canonical) {
					t.Fatalf("event %d is n %d, prev %q, want n %d, prev %q", i, e.N, e.Prev, i+1, prev)
				}
				prev = e.Hash
			}
		}},
		{"a transaction that fails leaves no event behind", func(t *testing.T, b bundle) {
			boom := errors.New("boom")
			err := b.InTx(b.ctx(), func(tx tickets.Tx) error { return errors.Join(tx.Append(b.ctx(), b.at, record(1)), boom) })
			if !errors.Is(err, boom) {
				t.Fatalf("got %v, want the error of f", err)
			}
			b.tx(t, func(tx tickets.Tx) error { return tx.Append(b.ctx(), b.at, record(2)) })
			events, err := b.Events(b.ctx(), "CD-000001")
			must(t, err)
			if len(events) != 1 || events[0].N != 1 {
				t.Errorf("events are %+v, want one", events)
			}
		}},
		{"personal data stands beside the event, which holds commitments to it", func(t *testing.T, b bundle) {
			r := record(1)
			r.Private = map[string][]byte{"from": []byte("li@example.com")}
			r.Files = map[string]tickets.File{"raw": {Ref: "seg#0+4", Content: []byte("mail")}}
			b.tx(t, func(tx tickets.Tx) error { return tx.Append(b.ctx(), b.at, r) })
			events, err := b.Events(b.ctx(), r.Stream)
			must(t, err)
			privates, err := b.EventPrivates(b.ctx(), r.Stream)
			must(t, err)
			if len(privates) != 2 || len(events) != 1 {
				t.Fatalf("%d events and %d private values, want 1 and 2", len(events), len(privates))
			}
			e, err := evidence.ParseEvent(events[0].Canonical)
			must(t, err)
			from, raw := privates[0], privates[1]
			want := map[string]string{
				"from": evidence.Commit([32]byte(from.Salt), []byte("li@example.com")),
				"raw":  evidence.Commit([32]byte(raw.Salt), []byte("mail")),
			}
			if d := cmp.Diff(want, e.Private); d != "" {
				t.Error(d)
			}
			if string(from.Content) != "li@example.com" || raw.Content != nil || raw.BlobRef != "seg#0+4" || string(from.Salt) == string(raw.Salt) {
				t.Errorf("private values are %+v and %+v", from, raw)
			}
			r.Files["from"] = r.Files["raw"]
			if err := b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.Append(b.ctx(), b.at, r) }); err == nil {
				t.Error("one name for a private value and a file was taken")
			}
		}},
		{"the database refuses to change or remove an event", func(t *testing.T, b bundle) {
			b.tx(t, func(tx tickets.Tx) error { return tx.Append(b.ctx(), b.at, record(1)) })
			before, err := b.Events(b.ctx(), "CD-000001")
			must(t, err)
			statements := []string{"UPDATE events SET actor = 'agent:amy'", "DELETE FROM events"}
			if b.Conn().Name() == "sqlite" {
				statements = append(statements, "INSERT OR REPLACE INTO events SELECT id, stream, n, at, type, 'x', canonical, hash, prev FROM events")
			} else {
				statements = append(statements, "TRUNCATE events CASCADE")
			}
			for _, s := range statements {
				if err := b.Conn().Exec(s).Error; err == nil {
					t.Errorf("%s was let through", s)
				}
			}
			after, err := b.Events(b.ctx(), "CD-000001")
			must(t, err)
			if d := cmp.Diff(before, after); d != "" {
				t.Error(d)
			}
		}},
	}
}

func txPromises() []promise {
	jobs := func(t *testing.T, b bundle) (list []string) {
		must(t, b.ReadConn().Raw("SELECT kind || ' ' || ticket_id || ' ' || ref || ' ' || key FROM jobs ORDER BY id").Scan(&list).Error)
		return list
	}
	return []promise{
		{"jobs exist when their transaction commits, once while the key waits", func(t *testing.T, b bundle) {
			job := tickets.Job{Kind: tickets.JobRun, TicketID: 1, Ref: "x", DueAt: b.at, Key: "k"}
			plain := tickets.Job{Kind: tickets.JobSend, TicketID: 2, DueAt: b.at}
			boom := errors.New("boom")
			if err := b.InTx(b.ctx(), func(tx tickets.Tx) error { return errors.Join(tx.Enqueue(b.ctx(), job), boom) }); !errors.Is(err, boom) {
				t.Fatal(err)
			}
			if got := jobs(t, b); len(got) != 0 {
				t.Errorf("a failed transaction left jobs %v", got)
			}
			for range 2 {
				b.tx(t, func(tx tickets.Tx) error { return tx.Enqueue(b.ctx(), job, plain) })
			}
			b.tx(t, func(tx tickets.Tx) error { return tx.Enqueue(b.ctx()) })
			if d := cmp.Diff([]string{"ticket.run 1 x k", "reply.send 2  ", "reply.send 2  "}, jobs(t, b)); d != "" {
				t.Error(d)
			}
			must(t, b.Conn().Exec("UPDATE jobs SET state = 'done', ended_at = due_at").Error)
			b.tx(t, func(tx tickets.Tx) error { return tx.Enqueue(b.ctx(), job) })
			if got := jobs(t, b); len(got) != 4 {
				t.Errorf("%d jobs, want 4: the key waits no more", len(got))
			}
		}},
		{"a transaction sees its own writes and is of no use once it ended", func(t *testing.T, b bundle) {
			var kept tickets.Tx
			var ticket tickets.Ticket
			b.tx(t, func(tx tickets.Tx) error {
				kept, ticket = tx, b.ticket()
				must(t, tx.InsertTicket(b.ctx(), &ticket))
				if _, err := b.Ticket(b.ctx(), ticket.ID); !errors.Is(err, tickets.NotFound) {
					t.Errorf("others see what is not committed: %v", err)
				}
				_, err := tx.Ticket(b.ctx(), ticket.ID)
				return err
			})
			_, readErr := kept.Ticket(b.ctx(), ticket.ID)
			for _, err := range []error{readErr, kept.SaveTicket(b.ctx(), &ticket), kept.Append(b.ctx(), b.at, tickets.Record{Stream: "desk"}), kept.Enqueue(b.ctx(), tickets.Job{Kind: tickets.JobRun})} {
				if err == nil || errors.Is(err, tickets.NotFound) {
					t.Errorf("the transaction had ended and answered %v", err)
				}
			}
		}},
		{"a panic rolls back and gives the connection free", func(t *testing.T, b bundle) {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				_ = b.InTx(b.ctx(), func(tx tickets.Tx) error {
					x := b.ticket()
					must(t, tx.InsertTicket(b.ctx(), &x))
					panic("boom")
				})
			}()
			list, _, err := b.Tickets(b.ctx(), tickets.Filter{})
			must(t, err)
			if len(list) != 0 {
				t.Errorf("%d tickets, want none", len(list))
			}
			b.newTicket(t, nil)
		}},
		{"transactions that read and then write lose no update", func(t *testing.T, b bundle) {
			id := b.newTicket(t, func(x *tickets.Ticket) { x.Assurance = 0; x.Subject = "" }).ID
			for _, err := range together(8, func(int) error {
				return b.InTx(b.ctx(), func(tx tickets.Tx) error {
					x, err := tx.Ticket(b.ctx(), id)
					if err != nil {
						return err
					}
					x.Subject += "x"
					return tx.SaveTicket(b.ctx(), &x)
				})
			}) {
				must(t, err)
			}
			x, err := b.Ticket(b.ctx(), id)
			must(t, err)
			if x.Subject != "xxxxxxxx" {
				t.Errorf("subject is %q, want 8 times x", x.Subject)
			}
		}},
		{"a schema is brought up by several programs at once", func(t *testing.T, b bundle) {
			if b.Conn().Name() == "postgres" {
				must(t, b.Conn().Exec("DROP SCHEMA public CASCADE").Error)
				must(t, b.Conn().Exec("CREATE SCHEMA public").Error)
			} else {
				b.url += ".new"
			}
			for _, err := range together(4, func(int) error {
				db, err := store.Open(b.ctx(), b.url)
				if err != nil {
					return err
				}
				return errors.Join(db.Migrate(b.ctx()), db.CheckSchema(b.ctx()), db.Close())
			}) {
				must(t, err)
			}
		}},
		{"a schema that is older or newer is refused with what to do", func(t *testing.T, b bundle) {
			must(t, b.CheckSchema(b.ctx()))
			must(t, b.Migrate(b.ctx())) // again changes nothing
			version, err := b.SchemaVersion(b.ctx())
			must(t, err)
			must(t, b.Conn().Exec(fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, TRUE)", version+1)).Error)
			err = b.CheckSchema(b.ctx())
			wantKind(t, err, tickets.Unavailable)
			wantText(t, err, "newer program")
			must(t, b.Conn().Exec("DELETE FROM goose_db_version WHERE version_id >= ?", version).Error)
			err = b.CheckSchema(b.ctx())
			wantKind(t, err, tickets.Unavailable)
			wantText(t, err, "canceldesk migrate")
		}},
	}
}
