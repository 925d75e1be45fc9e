package store

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

var _ agents.Store = (*DB)(nil)

// Agent is the person with that login, in any case.
func (d *DB) Agent(ctx context.Context, login string) (agents.Agent, error) {
	var a agents.Agent
	err := d.on(ctx).Take(&a, "lower(login) = lower(?)", login).Error
	return a, fail("agent", err)
}

// Agents lists every person, disabled ones too, by login.
func (d *DB) Agents(ctx context.Context) ([]agents.Agent, error) {
	var list []agents.Agent
	err := d.on(ctx).Order("lower(login)").Find(&list).Error
	return list, fail("agents", err)
}

// InsertAgent adds a person; Conflict where the login is taken, in any case.
func (d *DB) InsertAgent(ctx context.Context, a *agents.Agent) error {
	return fail("insert agent", d.writer.WithContext(ctx).Create(a).Error)
}

// SaveAgent writes every field of a person; NotFound where there is none with that id.
func (d *DB) SaveAgent(ctx context.Context, a agents.Agent) error {
	return saveExisting(d.writer.WithContext(ctx), "save agent", &a)
}

// KeyByHash is the API key with that hash, revoked or not.
func (d *DB) KeyByHash(ctx context.Context, hash string) (agents.Key, error) {
	var k agents.Key
	err := d.on(ctx).Take(&k, "hash = ?", hash).Error
	return k, fail("api key", err)
}

// Keys lists every API key, revoked ones too, oldest first.
func (d *DB) Keys(ctx context.Context) ([]agents.Key, error) {
	var list []agents.Key
	err := d.on(ctx).Order("id").Find(&list).Error
	return list, fail("api keys", err)
}

// InsertKey adds an API key.
func (d *DB) InsertKey(ctx context.Context, k *agents.Key) error {
	return fail("insert api key", d.writer.WithContext(ctx).Create(k).Error)
}

// SaveKey writes every field of an API key; NotFound where there is none with that id.
func (d *DB) SaveKey(ctx context.Context, k agents.Key) error {
	return saveExisting(d.writer.WithContext(ctx), "save api key", &k)
}

// Hit counts one attempt under key. It is one statement, so that attempts made at once on several
// nodes are all counted.
func (d *DB) Hit(ctx context.Context, key string, now time.Time, window time.Duration) (int, error) {
	var count int
	err := d.writer.WithContext(ctx).Raw(`INSERT INTO hits (key, started_at, count) VALUES (?, ?, 1)
		ON CONFLICT (key) DO UPDATE SET
			count = CASE WHEN hits.started_at >= ? THEN hits.count + 1 ELSE 1 END,
			started_at = CASE WHEN hits.started_at >= ? THEN hits.started_at ELSE excluded.started_at END
		RETURNING count`, key, now, now.Add(-window), now.Add(-window)).Scan(&count).Error
	return count, fail("count an attempt", err)
}

// ClearHits forgets the attempts under key.
func (d *DB) ClearHits(ctx context.Context, key string) error {
	return fail("forget attempts", d.writer.WithContext(ctx).Exec("DELETE FROM hits WHERE key = ?", key).Error)
}

// Sweep deletes what only lay there until its time had passed: sessions that expired before now,
// throttles older than keep, answers that can't be asked for again, and what no limit of a provider counts any more.
func (d *DB) Sweep(ctx context.Context, now time.Time, keep time.Duration) error {
	for _, s := range []struct {
		sql    string
		before time.Time
	}{
		{"DELETE FROM sessions WHERE expires_at < ?", now},
		{"DELETE FROM hits WHERE started_at < ?", now.Add(-keep)},
		{"DELETE FROM idempotency WHERE at < ?", now.Add(-agents.AnswerLife)},
		{"DELETE FROM sendings WHERE COALESCE(until, at) < ?", now.Add(-tickets.SendingLife)},
	} {
		if err := d.writer.WithContext(ctx).Exec(s.sql, s.before).Error; err != nil {
			return fail("sweep", err)
		}
	}
	return nil
}
