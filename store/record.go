package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// Event is one stored event. Canonical is what its hash covers and what a bundle holds; the other
// fields repeat parts of it for lists.
type Event struct {
	ID        int64 `gorm:"primaryKey"`
	Stream    string
	N         int64
	At        time.Time
	Type      string
	Actor     string
	Canonical []byte
	Hash      string
	Prev      string
}

// EventPrivate is a personal value an event commits to by evidence.Commit(Salt, content): Content
// itself, or what the blob that BlobRef names holds. Once erased Salt and Content are nil and BlobRef
// is "".
type EventPrivate struct {
	Stream  string `gorm:"primaryKey"`
	N       int64  `gorm:"primaryKey"`
	Name    string `gorm:"primaryKey"`
	Salt    []byte
	Content []byte
	BlobRef string
}

// head is the end of a chain of events.
type head struct {
	N    int64
	Hash string
}

// Append writes an event as the next of its stream. The row is stored with all others of the
// transaction at its end (flush). Of two that take the same place at once the schema lets one through
// and InTx runs the other again.
func (t *tx) Append(ctx context.Context, at time.Time, r tickets.Record) error {
	if err := t.usable(); err != nil {
		return err
	}
	last, known := t.heads[r.Stream]
	if !known {
		// What waits to be inserted (pending) holds no events, so it need not be stored first.
		err := t.conn.WithContext(t.through(ctx)).Model(&Event{}).Select("n", "hash").Where("stream = ?", r.Stream).Order("n DESC").Limit(1).Take(&last).Error
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return fail("end of the event chain", err)
		}
	}
	at = at.UTC().Truncate(time.Microsecond)
	commitments, privates, err := commit(r, last.N+1)
	if err != nil {
		return err
	}
	e := evidence.Event{
		Stream: r.Stream, N: last.N + 1, At: at, Type: r.Type, Actor: r.Actor, Data: r.Data, Private: commitments, Prev: last.Hash,
	}
	canonical, err := e.Canonical()
	if err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	hash := evidence.Hash(canonical)
	t.events = append(t.events, Event{
		Stream: e.Stream, N: e.N, At: at, Type: e.Type, Actor: e.Actor, Canonical: canonical, Hash: hash, Prev: e.Prev,
	})
	t.privates = append(t.privates, privates...)
	t.heads[r.Stream] = head{N: e.N, Hash: hash}
	return nil
}

// flush stores what the transaction still has to insert, and its events and jobs, a few statements for
// all of them. Nothing asks for events and jobs before it ends, and a batch of mails writes hundreds.
func (t *tx) flush(ctx context.Context) error {
	if err := t.pending.store(t.through(ctx)); err != nil {
		return err
	}
	if err := createAll(t.on(ctx), t.events); err != nil {
		return fail("append events", err)
	}
	if err := createAll(t.on(ctx), t.privates); err != nil {
		return fail("append events' private values", err)
	}
	return fail("enqueue", insertJobs(t.on(ctx), t.jobs))
}

// createAll inserts rows by the multi-row statement.
func createAll[T any](g *gorm.DB, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return g.CreateInBatches(rows, rowsPerInsert).Error
}

// commit salts each personal value and each file's content and returns the commitments for the event
// and the rows for beside it.
func commit(r tickets.Record, n int64) (map[string]string, []EventPrivate, error) {
	commitments := make(map[string]string, len(r.Private)+len(r.Files))
	rows := make([]EventPrivate, 0, len(r.Private)+len(r.Files))
	add := func(row EventPrivate, c evidence.Commitment) error {
		if _, taken := commitments[row.Name]; taken {
			return fmt.Errorf("append event: %q is a private value and a file", row.Name)
		}
		commitments[row.Name] = c.Digest
		row.Stream, row.N, row.Salt = r.Stream, n, c.Salt[:]
		rows = append(rows, row)
		return nil
	}
	for name, content := range r.Private {
		if err := add(EventPrivate{Name: name, Content: content}, evidence.Seal(content)); err != nil {
			return nil, nil, err
		}
	}
	for name, f := range r.Files {
		sealed := f.Sealed
		if sealed.Digest == "" {
			sealed = evidence.Seal(f.Content)
		}
		if err := add(EventPrivate{Name: name, BlobRef: f.Ref}, sealed); err != nil {
			return nil, nil, err
		}
	}
	return commitments, rows, nil
}

// Events lists a stream's events in their order.
func (d *DB) Events(ctx context.Context, stream string) ([]Event, error) {
	var list []Event
	err := d.on(ctx).Where("stream = ?", stream).Order("n").Find(&list).Error
	return list, fail("events", err)
}

// EventPrivates lists the personal values that a stream's events commit to, erased ones too.
func (d *DB) EventPrivates(ctx context.Context, stream string) ([]EventPrivate, error) {
	var list []EventPrivate
	err := d.on(ctx).Where("stream = ?", stream).Order("n, name").Find(&list).Error
	return list, fail("private values of events", err)
}
