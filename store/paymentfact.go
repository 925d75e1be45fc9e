package store

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// InsertFactCheck stores that somebody gave payment facts.
func (t *tx) InsertFactCheck(ctx context.Context, c tickets.FactCheck) error {
	return fail("insert fact check", t.on(ctx).Create(&c).Error)
}

// FactChecksSince lists the checks in a ticket or on an account ("" on none) since an instant; ticket 0
// asks for those on the account only.
func (t *tx) FactChecksSince(ctx context.Context, ticketID int64, accountNo string, since time.Time) ([]tickets.FactCheck, error) {
	q := t.on(ctx).Where("at >= ?", since)
	switch {
	case accountNo == "":
		q = q.Where("ticket_id = ?", ticketID)
	case ticketID == 0:
		q = q.Where("account_no = ?", accountNo)
	default:
		q = q.Where("ticket_id = ? OR account_no = ?", ticketID, accountNo)
	}
	var list []tickets.FactCheck
	err := q.Order("id").Find(&list).Error
	return list, fail("fact checks", err)
}
