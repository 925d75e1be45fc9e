package store

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/tickets"
)

// Reconciliations lists the last comparison of every folder with the ledger, by mailbox and folder.
func (r reader) Reconciliations(ctx context.Context) ([]tickets.Reconciliation, error) {
	var list []tickets.Reconciliation
	err := r.on(ctx).Order("mailbox, folder").Find(&list).Error
	return list, fail("reconciliations", err)
}

// IntakeUIDs lists the UIDs of the folder's rows up to the place's own, ascending. The unique index over
// places answers it alone.
func (r reader) IntakeUIDs(ctx context.Context, through tickets.Place) ([]uint32, error) {
	var list []uint32
	err := r.on(ctx).Model(&tickets.Intake{}).Where("mailbox = ? AND folder = ? AND uid_validity = ? AND uid <= ?",
		through.Mailbox, through.Folder, int64(through.UIDValidity), int64(through.UID)).Order("uid").Pluck("uid", &list).Error
	return list, fail("uids of the ledger", err)
}

// CountQuarantined counts the mails of a mailbox, or of all (""), that were set aside.
func (r reader) CountQuarantined(ctx context.Context, mailbox string) (int, error) {
	q := r.on(ctx).Model(&tickets.Intake{}).Where("outcome = ?", tickets.OutcomeQuarantined)
	if mailbox != "" {
		q = q.Where("mailbox = ?", mailbox)
	}
	var n int64
	err := q.Count(&n).Error
	return int(n), fail("count quarantined mails", err)
}

// SaveReconciliation keeps the last comparison of a folder.
func (t *tx) SaveReconciliation(ctx context.Context, r tickets.Reconciliation) error {
	return fail("save reconciliation", t.on(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error)
}
