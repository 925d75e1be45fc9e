package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func (b bundle) intake(uid uint32, outcome tickets.Outcome, ticketID int64) tickets.Intake {
	return tickets.Intake{
		Place:       tickets.Place{Mailbox: "service", Folder: "INBOX", UIDValidity: 4294967295, UID: uid},
		Fingerprint: "f1", MessageID: "m1@example.com", Bytes: 14000, ReceivedAt: b.at, Outcome: outcome, TicketID: ticketID, Raw: "seg#0+14000", At: b.at,
	}
}

func (b bundle) lease(t *testing.T) int64 {
	t.Helper()
	fence, ok, err := b.AcquireLease(b.ctx(), "service", "node-1", time.Minute)
	must(t, err)
	if !ok {
		t.Fatal("a free mailbox was not leased")
	}
	return fence
}

func intakePromises() []promise {
	cursor := tickets.Cursor{Mailbox: "service", Folder: "INBOX", UIDValidity: 4294967295, LastUID: 7}
	move := func(b bundle, c tickets.Cursor, fence int64) error {
		return b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.MoveCursor(b.ctx(), c, fence) })
	}
	return []promise{
		{"the same place in a mailbox is taken in once, all of a batch or none", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			first := []tickets.Intake{b.intake(1, tickets.OutcomeTicket, id), b.intake(2, tickets.OutcomeDuplicate, id)}
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertIntake(b.ctx(), first) })
			b.tx(t, func(tx tickets.Tx) error {
				again := []tickets.Intake{b.intake(3, tickets.OutcomeAppended, id), b.intake(2, tickets.OutcomeAppended, id)}
				wantKind(t, tx.InsertIntake(b.ctx(), again), tickets.Conflict)
				got, err := tx.IntakeByFingerprint(b.ctx(), []string{"f1", "f2"})
				must(t, err)
				if d := cmp.Diff(first[:1], got); d != "" {
					t.Error(d)
				}
				none, err := tx.IntakeByFingerprint(b.ctx(), []string{""})
				must(t, err)
				if len(none) != 0 {
					t.Errorf("an empty fingerprint found %d rows", len(none))
				}
				return tx.InsertIntake(b.ctx(), nil)
			})
		}},
		{"of many who take the same place in at once one does", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			ok, conflicts := count(t, together(8, func(int) error {
				return b.InTx(b.ctx(), func(tx tickets.Tx) error {
					return tx.InsertIntake(b.ctx(), []tickets.Intake{b.intake(1, tickets.OutcomeTicket, id)})
				})
			}), tickets.Conflict)
			if ok != 1 || conflicts != 7 {
				t.Errorf("%d did and %d did not, want 1 and 7", ok, conflicts)
			}
		}},
		{"one mail in two mailboxes read at once is one new mail", func(t *testing.T, b bundle) {
			fresh := make([]bool, 6)
			for _, err := range together(len(fresh), func(i int) error {
				return b.InTx(b.ctx(), func(tx tickets.Tx) error {
					known, err := tx.IntakeByFingerprint(b.ctx(), []string{"f1"})
					if err != nil {
						return err
					}
					row := b.intake(1, tickets.OutcomeDuplicate, 0)
					row.Place.Mailbox = key(i)
					if fresh[i] = len(known) == 0; fresh[i] {
						row.Outcome, row.TicketID = tickets.OutcomeTicket, 1
					}
					return tx.InsertIntake(b.ctx(), []tickets.Intake{row})
				})
			}) {
				must(t, err)
			}
			n := 0
			for _, f := range fresh {
				if f {
					n++
				}
			}
			if n != 1 {
				t.Errorf("taken for new %d times, want once", n)
			}
		}},
		{"batches of several mailboxes at once are all stored", func(t *testing.T, b bundle) {
			for _, err := range together(4, func(i int) error {
				fence, _, err := b.AcquireLease(b.ctx(), key(i), "node-1", time.Minute)
				for uid := uint32(0); uid < 60 && err == nil; {
					err = b.receive(key(i), &uid, 20, fence)
				}
				return err
			}) {
				must(t, err)
			}
			var stored int64
			must(t, b.ReadConn().Raw("SELECT count(*) FROM tickets JOIN intake ON intake.ticket_id = tickets.id").Scan(&stored).Error)
			if stored != 240 {
				t.Errorf("%d mails and tickets, want 240", stored)
			}
		}},
		{"the ledger is listed, newest first, by pages and outcome", func(t *testing.T, b bundle) {
			rows := []tickets.Intake{
				b.intake(1, tickets.OutcomeQuarantined, 0), b.intake(2, tickets.OutcomeOwn, 0),
				b.intake(3, tickets.OutcomeOversize, 0), b.intake(4, tickets.OutcomeQuarantined, 0),
			}
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertIntake(b.ctx(), rows) })
			page, err := b.Ledger(b.ctx(), "", 0, 2)
			must(t, err)
			rest, err := b.Ledger(b.ctx(), "", page[1].ID, 2)
			must(t, err)
			quarantined, err := b.Ledger(b.ctx(), tickets.OutcomeQuarantined, 0, 10)
			must(t, err)
			want := []tickets.Intake{rows[3], rows[2], rows[1], rows[0], rows[3], rows[0]}
			if d := cmp.Diff(want, append(append(page, rest...), quarantined...)); d != "" {
				t.Error(d)
			}
		}},
		{"the cursor moves with the batch or not at all", func(t *testing.T, b bundle) {
			fence := b.lease(t)
			_, err := b.Cursor(b.ctx(), "service", "INBOX")
			wantKind(t, err, tickets.NotFound)
			err = b.InTx(b.ctx(), func(tx tickets.Tx) error {
				must(t, tx.MoveCursor(b.ctx(), cursor, fence))
				return tx.InsertIntake(b.ctx(), []tickets.Intake{b.intake(7, "lost", 0)})
			})
			wantKind(t, err, tickets.Conflict)
			_, err = b.Cursor(b.ctx(), "service", "INBOX")
			wantKind(t, err, tickets.NotFound)
			must(t, move(b, cursor, fence))
			got, err := b.Cursor(b.ctx(), "service", "INBOX")
			must(t, err)
			if d := cmp.Diff(cursor, got); d != "" {
				t.Error(d)
			}
		}},
		{"a cursor goes back only with a new UIDVALIDITY", func(t *testing.T, b bundle) {
			fence := b.lease(t)
			must(t, move(b, cursor, fence))
			back := cursor
			back.LastUID = 6
			wantKind(t, move(b, back, fence), tickets.Conflict)
			back.UIDValidity = 5
			must(t, move(b, back, fence))
		}},
		{"who lost the lease moves no cursor", func(t *testing.T, b bundle) {
			wantKind(t, move(b, cursor, 1), tickets.Conflict)
			old := b.lease(t)
			must(t, b.ReleaseLease(b.ctx(), "service", old))
			newer := b.lease(t)
			if newer <= old {
				t.Errorf("fence went from %d to %d, want it to grow", old, newer)
			}
			wantKind(t, move(b, cursor, old), tickets.Conflict)
			must(t, move(b, cursor, newer))
		}},
	}
}

func leasePromises() []promise {
	return []promise{
		{"one of many gets the mailbox", func(t *testing.T, b bundle) {
			got := make([]bool, 8)
			for _, err := range together(8, func(i int) (err error) {
				_, got[i], err = b.AcquireLease(b.ctx(), "service", key(i), time.Minute)
				return err
			}) {
				must(t, err)
			}
			n := 0
			for _, ok := range got {
				if ok {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d got the mailbox, want 1", n)
			}
		}},
		{"another program gets the mailbox when the first gives it up", func(t *testing.T, b bundle) {
			other := setup(t, b.url)
			fence := b.lease(t)
			_, ok, err := other.AcquireLease(b.ctx(), "service", "node-2", time.Minute)
			must(t, err)
			if ok {
				t.Fatal("a leased mailbox was leased again")
			}
			must(t, b.RenewLease(b.ctx(), "service", fence, time.Minute))
			must(t, b.ReleaseLease(b.ctx(), "service", fence))
			newer := other.lease(t)
			wantKind(t, b.RenewLease(b.ctx(), "service", fence, time.Minute), tickets.Conflict)
			must(t, b.ReleaseLease(b.ctx(), "service", fence)) // an old lease gives nothing of the new one up
			must(t, other.RenewLease(b.ctx(), "service", newer, time.Minute))
		}},
	}
}
