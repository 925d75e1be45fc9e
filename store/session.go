package store

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"
	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// Session is the session kept under the hash of its token, expired or not.
func (d *DB) Session(ctx context.Context, tokenHash string) (agents.Session, error) {
	var s agents.Session
	err := d.on(ctx).Take(&s, "token_hash = ?", tokenHash).Error
	return s, fail("session", err)
}

// SaveSession writes a session, the first time too.
func (d *DB) SaveSession(ctx context.Context, s agents.Session) error {
	same := clause.OnConflict{Columns: []clause.Column{{Name: "token_hash"}}, UpdateAll: true}
	return fail("save session", d.writer.WithContext(ctx).Clauses(same).Create(&s).Error)
}

// DeleteSession ends a session; it may be gone already.
func (d *DB) DeleteSession(ctx context.Context, tokenHash string) error {
	err := d.writer.WithContext(ctx).Where("token_hash = ?", tokenHash).Delete(&agents.Session{}).Error
	return fail("delete session", err)
}

// Sessions keeps scs sessions in the table that bearer tokens are in too. Use it in a SessionManager
// with HashTokenInStore, so that what it is given as token is a hash already.
type Sessions struct {
	db  *DB
	now func() time.Time
}

var (
	_ scs.Store    = Sessions{}
	_ scs.CtxStore = Sessions{}
)

// Sessions is the store for scs. now tells which sessions have expired.
func (d *DB) Sessions(now func() time.Time) Sessions { return Sessions{db: d, now: now} }

// FindCtx returns the data of a session that has not expired.
func (s Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	kept, err := s.db.Session(ctx, token)
	switch {
	case errors.Is(err, tickets.NotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	return kept.Data, s.now().Before(kept.ExpiresAt), nil
}

// CommitCtx writes a session's data.
func (s Sessions) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	return s.db.SaveSession(ctx, agents.Session{TokenHash: token, Data: b, ExpiresAt: expiry})
}

// DeleteCtx ends a session.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.db.DeleteSession(ctx, token)
}

// Find is FindCtx without a context; scs calls it only where it has none.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s Sessions) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete is DeleteCtx without a context.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
