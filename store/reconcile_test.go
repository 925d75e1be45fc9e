package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func reconcilePromises() []promise {
	return []promise{
		{"the ledger tells which mails of a folder it knows, up to a UID", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			other := b.intake(4, tickets.OutcomeTicket, id)
			other.Place.Folder = "Junk"
			b.tx(t, func(tx tickets.Tx) error {
				return tx.InsertIntake(b.ctx(), []tickets.Intake{
					b.intake(5, tickets.OutcomeTicket, id), b.intake(2, tickets.OutcomeQuarantined, 0), b.intake(9, tickets.OutcomeList, 0), other,
				})
			})
			got, err := b.IntakeUIDs(b.ctx(), b.intake(5, "", 0).Place)
			must(t, err)
			if d := cmp.Diff([]uint32{2, 5}, got); d != "" {
				t.Error(d)
			}
			for mailbox, want := range map[string]int{"": 1, "service": 1, "other": 0} {
				n, err := b.CountQuarantined(b.ctx(), mailbox)
				must(t, err)
				if n != want {
					t.Errorf("%d mails of %q are set aside, want %d", n, mailbox, want)
				}
			}
		}},
		{"the last comparison of each folder is kept", func(t *testing.T, b bundle) {
			one := tickets.Reconciliation{Mailbox: "service", Folder: "INBOX", UIDValidity: 4294967295, ThroughUID: 4294967295, Mails: 7, Missing: 2, At: b.at}
			two := one
			two.Folder, two.Mails, two.Missing = "Junk", 3, 0
			later := one
			later.Mails, later.Missing = 9, 0
			for _, r := range []tickets.Reconciliation{one, two, later} {
				b.tx(t, func(tx tickets.Tx) error { return tx.SaveReconciliation(b.ctx(), r) })
			}
			got, err := b.Reconciliations(b.ctx())
			must(t, err)
			if d := cmp.Diff([]tickets.Reconciliation{later, two}, got); d != "" {
				t.Error(d)
			}
		}},
		{"alarms are found by their kind while they ring", func(t *testing.T, b bundle) {
			for _, k := range []tickets.AlarmKind{tickets.AlarmMailMissing, tickets.AlarmOverdue, tickets.AlarmMailboxUnread} {
				b.tx(t, func(tx tickets.Tx) error {
					return tx.RaiseAlarm(b.ctx(), tickets.Alarm{Key: string(k), Kind: k, At: b.at})
				})
			}
			b.tx(t, func(tx tickets.Tx) error {
				return tx.ClearAlarm(b.ctx(), string(tickets.AlarmMailMissing), tickets.DeskActor, b.at)
			})
			got, err := b.AlarmsOfKind(b.ctx(), 10, tickets.IntakeAlarms()...)
			must(t, err)
			if len(got) != 1 || got[0].Kind != tickets.AlarmMailboxUnread {
				t.Errorf("ringing: %+v", got)
			}
		}},
		{"what is to become of a mail on its server is remembered until it is done", func(t *testing.T, b bundle) {
			var rows []tickets.Intake
			for uid := range uint32(5) {
				row := b.intake(uid+1, tickets.OutcomeList, 0)
				row.Unprocessed = uid != 2
				rows = append(rows, row)
			}
			rows[4].Place.UIDValidity = 1 // the folder as it was before
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertIntake(b.ctx(), rows) })
			folder := rows[0].Place
			due := func(limit int, want ...uint32) {
				t.Helper()
				got, err := b.Unprocessed(b.ctx(), folder, limit)
				must(t, err)
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("mails that wait (-want +got):\n%s", d)
				}
			}
			due(10, 1, 2, 4)
			due(2, 1, 2)
			must(t, b.SetProcessed(b.ctx(), folder, []uint32{1, 4}))
			due(10, 2)
		}},
	}
}
