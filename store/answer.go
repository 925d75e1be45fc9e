package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Answer is what was answered to a call with an Idempotency-Key. Status 0 is a call that has begun
// and not answered yet.
type Answer struct {
	Caller, Method, Path, Key string
	BodyHash                  string
	Status                    int
	Answer                    []byte
	At                        time.Time
}

// TableName is where answers are kept.
func (Answer) TableName() string { return "idempotency" }

// BeginAnswer claims the call (Caller, Method, Path, Key) of a and returns true, or returns false and
// what is stored of the earlier call under that key: its BodyHash tells whether it was the same.
func (d *DB) BeginAnswer(ctx context.Context, a Answer) (Answer, bool, error) {
	g := d.writer.WithContext(ctx)
	res := g.Clauses(skipExisting()).Create(&a)
	if res.Error != nil || res.RowsAffected == 1 {
		return a, res.Error == nil, fail("begin answer", res.Error)
	}
	var earlier Answer
	err := ofCall(g, a).Take(&earlier).Error
	return earlier, false, fail("earlier answer", err)
}

// SaveAnswer stores what was answered to a call that BeginAnswer claimed.
func (d *DB) SaveAnswer(ctx context.Context, a Answer) error {
	res := ofCall(d.writer.WithContext(ctx).Model(&Answer{}), a).Updates(map[string]any{"status": a.Status, "answer": a.Answer})
	return saved("save answer", res)
}

// DropAnswer gives a claimed call free again, where it came to no answer that may be repeated.
func (d *DB) DropAnswer(ctx context.Context, a Answer) error {
	err := ofCall(d.writer.WithContext(ctx), a).Where("status = 0").Delete(&Answer{}).Error
	return fail("drop answer", err)
}

// ofCall narrows to the row of one call.
func ofCall(g *gorm.DB, a Answer) *gorm.DB {
	return g.Where("caller = ? AND method = ? AND path = ? AND key = ?", a.Caller, a.Method, a.Path, a.Key)
}
