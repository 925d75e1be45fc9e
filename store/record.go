package store

import (
	"context"
	"fmt"
	"slices"
	"time"

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
	last, err := t.head(ctx, r.Stream)
	if err != nil {
		return fail("end of the event chain", err)
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

// head is the end of a stream's chain. Where the transaction got many tickets at once, whoever appends to
// one will append to others: the ends of all their chains are asked for together.
func (t *tx) head(ctx context.Context, stream string) (head, error) {
	if last, known := t.heads[stream]; known {
		return last, nil
	}
	streams := []string{stream}
	if slices.Contains(t.streams, stream) {
		streams, t.streams = t.streams, nil
	}
	var ends []struct {
		Stream string
		N      int64
		Hash   string
	}
	// What waits to be inserted (pending) holds no events, so it need not be stored first.
	g := t.conn.WithContext(t.through(ctx))
	err := g.Raw(`SELECT e.stream, e.n, e.hash FROM (SELECT stream, MAX(n) AS n FROM events WHERE ? GROUP BY stream) last
		JOIN events e ON e.stream = last.stream AND e.n = last.n`, among(g, "stream", streams)).Scan(&ends).Error
	if err != nil {
		return head{}, err
	}
	for _, s := range streams {
		if _, known := t.heads[s]; !known { // whose end has moved on since is known
			t.heads[s] = head{}
		}
	}
	for _, end := range ends {
		if t.heads[end.Stream] == (head{}) {
			t.heads[end.Stream] = head{N: end.N, Hash: end.Hash}
		}
	}
	return t.heads[stream], nil
}

// handedOut remembers tickets that the transaction was given, for head.
func (t *tx) handedOut(list []tickets.Ticket) {
	for _, ticket := range list {
		t.streams = append(t.streams, ticket.Number())
	}
}

// flush stores what the transaction still has to insert, and its events and jobs, a few statements for
// all of them. Nothing asks for events and jobs before it ends, and a batch of mails writes hundreds.
func (t *tx) flush(ctx context.Context) error {
	if err := t.pending.store(t.through(ctx)); err != nil {
		return err
	}
	if err := createAll(t.through(ctx), t.on(ctx), t.events); err != nil {
		return fail("append events", err)
	}
	if err := createAll(t.through(ctx), t.on(ctx), t.privates); err != nil {
		return fail("append events' private values", err)
	}
	return fail("enqueue", insertJobs(t.through(ctx), t.on(ctx), t.jobs))
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
