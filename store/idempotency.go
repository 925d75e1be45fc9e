package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/agents"
)

type idempotency struct{ agents.Request }

// TableName is where requests are kept with their answers.
func (idempotency) TableName() string { return "idempotency" }

// BeginRequest keeps a request and reports true, or gives the one that was kept before. One whose time
// has passed, or which began before abandoned and has no answer, is as if it had never been.
func (d *DB) BeginRequest(ctx context.Context, r agents.Request, abandoned time.Time) (agents.Request, bool, error) {
	var kept idempotency
	begun := false
	err := d.inTx(ctx, func(t *tx) error {
		kept, begun = idempotency{}, false
		err := t.on(ctx).Take(&kept, "caller = ? AND method = ? AND path = ? AND key = ?", r.Caller, r.Method, r.Path, r.Key).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound):
		case err != nil:
			return fail("request", err)
		case kept.Status == 0 && kept.At.Before(abandoned), kept.At.Before(r.At.Add(-agents.AnswerLife)):
			if err := t.on(ctx).Delete(&kept).Error; err != nil {
				return fail("forget request", err)
			}
		default:
			return nil
		}
		kept, begun = idempotency{r}, true
		return fail("keep request", t.on(ctx).Create(&kept).Error)
	})
	return kept.Request, begun, err
}

// EndRequest keeps the answer to a request.
func (d *DB) EndRequest(ctx context.Context, r agents.Request) error {
	return fail("keep answer", d.writer.WithContext(ctx).Model(&idempotency{r}).Select("status", "answer").Updates(&idempotency{r}).Error)
}

// ForgetRequest lets a request be made again.
func (d *DB) ForgetRequest(ctx context.Context, r agents.Request) error {
	return fail("forget request", d.writer.WithContext(ctx).Delete(&idempotency{r}).Error)
}
