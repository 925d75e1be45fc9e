package store

import (
	"context"
	"time"
)

// PutWatermark records that a source has reported every charge up to an instant, and returns how far
// it is complete: a watermark never goes back.
func (d *DB) PutWatermark(ctx context.Context, source string, through, now time.Time) (time.Time, error) {
	through = through.UTC().Truncate(time.Microsecond)
	err := d.writer.WithContext(ctx).Exec(`INSERT INTO charge_watermarks (source, complete_through, at) VALUES (?, ?, ?)
		ON CONFLICT (source) DO UPDATE SET complete_through = excluded.complete_through, at = excluded.at
		WHERE excluded.complete_through > charge_watermarks.complete_through`, source, through, now).Error
	if err != nil {
		return time.Time{}, fail("save watermark", err)
	}
	var kept struct{ CompleteThrough time.Time }
	err = d.on(ctx).Table("charge_watermarks").Where("source = ?", source).Take(&kept).Error
	return kept.CompleteThrough, fail("watermark", err)
}
