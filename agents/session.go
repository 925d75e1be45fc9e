package agents

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// SessionCookie is the name of the dashboard's cookie.
const SessionCookie = "canceldesk"

// NewSessions makes the cookie sessions of the dashboard over a store, which is given hashes of tokens
// only. now is the clock that ends them; the cookie is Secure where publicURL is https. The caller
// checks SessionLife itself, because scs reads the machine's own clock for it.
func NewSessions(store scs.CtxStore, publicURL string, now func() time.Time) *scs.SessionManager {
	m := scs.New()
	m.Store = idleStore{store: store, now: now}
	m.HashTokenInStore = true
	m.IdleTimeout = SessionIdle
	m.Lifetime = SessionLife
	m.Cookie.Name = SessionCookie
	m.Cookie.Persist = false
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = strings.HasPrefix(publicURL, "https://")
	m.Cookie.Path = "/"
	return m
}

// idleStore ends a session SessionIdle after it was last written by the desk's clock instead of the
// machine's, which tests can't move.
type idleStore struct {
	store scs.CtxStore
	now   func() time.Time
}

// FindCtx returns a session that has not ended.
func (s idleStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	return s.store.FindCtx(ctx, token)
}

// CommitCtx keeps a session for SessionIdle from now.
func (s idleStore) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	return s.store.CommitCtx(ctx, token, b, s.now().Add(SessionIdle))
}

// DeleteCtx ends a session.
func (s idleStore) DeleteCtx(ctx context.Context, token string) error {
	return s.store.DeleteCtx(ctx, token)
}

// Find is FindCtx without a context, which scs asks a Store to have.
func (s idleStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s idleStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete is DeleteCtx without a context.
func (s idleStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
