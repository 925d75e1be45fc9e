package store

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Alarms lists what rings, oldest first.
func (r reader) Alarms(ctx context.Context) ([]tickets.Alarm, error) {
	var list []tickets.Alarm
	err := r.on(ctx).Where("cleared_at IS NULL").Order("at, id").Find(&list).Error
	return list, fail("alarms", err)
}

// AlarmsOfKind lists what rings of these kinds, oldest first.
func (r reader) AlarmsOfKind(ctx context.Context, limit int, kinds ...tickets.AlarmKind) ([]tickets.Alarm, error) {
	var list []tickets.Alarm
	err := r.on(ctx).Where("cleared_at IS NULL AND kind IN ?", kinds).Order("at, id").Limit(limit).Find(&list).Error
	return list, fail("alarms of a kind", err)
}

// CountAlarms counts what rings.
func (r reader) CountAlarms(ctx context.Context) (int, error) {
	var n int64
	err := r.on(ctx).Model(&tickets.Alarm{}).Where("cleared_at IS NULL").Count(&n).Error
	return int(n), fail("count alarms", err)
}

// Alarm is the alarm with that id.
func (r reader) Alarm(ctx context.Context, id int64) (tickets.Alarm, error) {
	var a tickets.Alarm
	err := r.on(ctx).Take(&a, "id = ?", id).Error
	return a, fail("alarm", err)
}

// AlarmsOf lists every alarm of a ticket, the cleared ones too, oldest first.
func (r reader) AlarmsOf(ctx context.Context, ticketID int64) ([]tickets.Alarm, error) {
	var list []tickets.Alarm
	err := r.on(ctx).Where("ticket_id <> 0 AND ticket_id = ?", ticketID).Order("at, id").Find(&list).Error
	return list, fail("alarms of a ticket", err)
}

// RaiseAlarm rings. A unique index over the keys of ringing alarms leaves a second one out.
func (t *tx) RaiseAlarm(ctx context.Context, a tickets.Alarm) error {
	return fail("raise alarm", t.on(ctx).Clauses(skipExisting()).Create(&a).Error)
}

// ClearAlarm ends the alarm of that key, if it rings.
func (t *tx) ClearAlarm(ctx context.Context, key string, by tickets.Actor, at time.Time) error {
	err := t.on(ctx).Model(&tickets.Alarm{}).Where("key = ? AND cleared_at IS NULL", key).
		Updates(map[string]any{"cleared_at": at, "cleared_by": string(by)}).Error
	return fail("clear alarm", err)
}
