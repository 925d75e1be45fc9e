package store

import (
	"context"

	"github.com/canceldesk/canceldesk/tickets"
)

// Unprocessed lists the UIDs of the folder's mails, under its UIDVALIDITY, that wait for what is to become of them
// on their server, ascending and at most limit.
func (d *DB) Unprocessed(ctx context.Context, folder tickets.Place, limit int) ([]uint32, error) {
	var list []uint32
	err := d.on(ctx).Model(&tickets.Intake{}).Where("unprocessed AND mailbox = ? AND folder = ? AND uid_validity = ?",
		folder.Mailbox, folder.Folder, int64(folder.UIDValidity)).Order("uid").Limit(limit).Pluck("uid", &list).Error
	return list, fail("unprocessed mails", err)
}

// SetProcessed notes that it was done to these.
func (d *DB) SetProcessed(ctx context.Context, folder tickets.Place, uids []uint32) error {
	err := d.writer.WithContext(ctx).Model(&tickets.Intake{}).Where("mailbox = ? AND folder = ? AND uid_validity = ? AND uid IN ?",
		folder.Mailbox, folder.Folder, int64(folder.UIDValidity), uids).Update("unprocessed", false).Error
	return fail("set processed", err)
}
