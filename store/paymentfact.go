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

// FactChecksSince lists the checks in a ticket or on an account ("" on none) since an instant.
func (t *tx) FactChecksSince(ctx context.Context, ticketID int64, accountNo string, since time.Time) ([]tickets.FactCheck, error) {
	q := t.on(ctx).Where("at >= ?", since)
	if accountNo == "" {
		q = q.Where("ticket_id = ?", ticketID)
	} else {
		q = q.Where("ticket_id = ? OR account_no = ?", ticketID, accountNo)
	}
	var list []tickets.FactCheck
	err := q.Order("id").Find(&list).Error
	return list, fail("fact checks", err)
}
