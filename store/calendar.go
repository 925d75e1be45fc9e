package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/store/account"
)

// CalendarDay is a day that the desk works or not, whatever its weekday.
type CalendarDay struct {
	Day   account.Date `gorm:"primaryKey"`
	Works bool
	Name  string // of the festival, for people
	At    time.Time
}

// CalendarDays lists the days that were taken in, in their order.
func (d *DB) CalendarDays(ctx context.Context) ([]CalendarDay, error) {
	var list []CalendarDay
	err := d.on(ctx).Order("day").Find(&list).Error
	return list, fail("calendar days", err)
}

// PutCalendarDays takes days in, all or none, and tells how many of them were new or another before.
func (d *DB) PutCalendarDays(ctx context.Context, days []CalendarDay, at time.Time) (int, error) {
	changed := 0
	err := d.inTx(ctx, func(t *tx) error {
		changed = 0
		for _, day := range days {
			day.At = at
			// Only what is different is written, so that the rows say when it became so.
			res := t.on(ctx).Clauses(clause.OnConflict{
				Columns:   []clause.Column{{Name: "day"}},
				DoUpdates: clause.AssignmentColumns([]string{"works", "name", "at"}),
				Where: clause.Where{Exprs: []clause.Expression{
					clause.Expr{SQL: "calendar_days.works <> excluded.works OR calendar_days.name <> excluded.name"},
				}},
			}).Create(&day)
			if res.Error != nil {
				return fail("put calendar day", res.Error)
			}
			changed += int(res.RowsAffected)
		}
		return nil
	})
	return changed, err
}
