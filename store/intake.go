package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// InsertIntake stores ledger rows and gives them their ids, all or none; Conflict where one's place is
// in the ledger already.
func (t *tx) InsertIntake(ctx context.Context, rows []tickets.Intake) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.pending.got["intake"] = 2 * len(rows) // so many are asked for at once: it is known how many come
	for i := range rows {
		if err := t.pending.number(t.through(ctx), "intake", len(rows)-i, &rows[i].ID); err != nil {
			return fail("number intake", err)
		}
	}
	err := t.whole(ctx, func(g *gorm.DB) error { return createAll(t.through(ctx), g, rows) })
	return fail("insert intake", err)
}

// IntakeByFingerprint returns the rows that stored a mail of one of these fingerprints, oldest first:
// those of duplicates and of what was refused are left out.
func (t *tx) IntakeByFingerprint(ctx context.Context, fingerprints []string) ([]tickets.Intake, error) {
	if len(fingerprints) == 0 {
		return nil, nil
	}
	var list []tickets.Intake
	g := t.on(ctx)
	err := g.Where("fingerprint <> '' AND ? AND outcome NOT IN ('duplicate', 'oversize', 'quarantined')", among(g, "fingerprint", fingerprints)).
		Order("id").Find(&list).Error
	return list, fail("intake by fingerprint", err)
}

// IntakeByUID returns the rows of these UIDs of one folder under one UIDVALIDITY, ascending.
func (t *tx) IntakeByUID(ctx context.Context, folder tickets.Place, uids []uint32) ([]tickets.Intake, error) {
	if len(uids) == 0 {
		return nil, nil
	}
	var list []tickets.Intake
	wide := make([]int64, len(uids))
	for i, uid := range uids {
		wide[i] = int64(uid)
	}
	g := t.on(ctx)
	err := g.Where("mailbox = ? AND folder = ? AND uid_validity = ? AND ?",
		folder.Mailbox, folder.Folder, int64(folder.UIDValidity), among(g, "uid", wide)).Order("uid").Find(&list).Error
	return list, fail("intake by uid", err)
}

// MoveCursor moves the folder's cursor. The lease's token is compared in the same statement, so that
// a holder who lost the mailbox can't write; FOR SHARE keeps a new holder on PostgreSQL from taking
// the lease between the comparison and the commit. Within one UIDVALIDITY a cursor never goes back.
func (t *tx) MoveCursor(ctx context.Context, c tickets.Cursor, fence int64) error {
	held := "SELECT 1 FROM leases WHERE mailbox = ? AND token = ?"
	if t.dialect == postgresDialect {
		held += " FOR SHARE"
	}
	res := t.on(ctx).Exec(`INSERT INTO cursors (mailbox, folder, uid_validity, last_uid)
		SELECT CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT) WHERE EXISTS (`+held+`)
		ON CONFLICT (mailbox, folder) DO UPDATE SET uid_validity = excluded.uid_validity, last_uid = excluded.last_uid
		WHERE cursors.uid_validity <> excluded.uid_validity OR cursors.last_uid <= excluded.last_uid`,
		c.Mailbox, c.Folder, int64(c.UIDValidity), int64(c.LastUID), c.Mailbox, fence)
	if res.Error != nil {
		return fail("move cursor", res.Error)
	}
	if res.RowsAffected == 0 {
		return conflict("The mailbox is read by somebody else now, or its cursor is further on.")
	}
	return nil
}

// Cursor is how far a folder was read; NotFound where it never was.
func (d *DB) Cursor(ctx context.Context, mailbox, folder string) (tickets.Cursor, error) {
	var c tickets.Cursor
	err := d.on(ctx).Take(&c, "mailbox = ? AND folder = ?", mailbox, folder).Error
	return c, fail("cursor", err)
}

// IntakeRow is the ledger's row with that id.
func (r reader) IntakeRow(ctx context.Context, id int64) (tickets.Intake, error) {
	var row tickets.Intake
	err := r.on(ctx).Take(&row, "id = ?", id).Error
	return row, fail("intake", err)
}

// SaveIntake writes what became of a mail after all.
func (t *tx) SaveIntake(ctx context.Context, row tickets.Intake) error {
	return saved("save intake", t.on(ctx).Model(&row).Select("*").Updates(&row))
}

// Ledger lists what became of mails, newest first: at most limit rows that are older than the row with
// the id before (0 for the newest), of one outcome or of every one ("").
func (d *DB) Ledger(ctx context.Context, outcome tickets.Outcome, before int64, limit int) ([]tickets.Intake, error) {
	q := d.on(ctx)
	if outcome != "" {
		q = q.Where("outcome = ?", outcome)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var list []tickets.Intake
	err := q.Order("id DESC").Limit(limit).Find(&list).Error
	return list, fail("intake ledger", err)
}
