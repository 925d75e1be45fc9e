package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

var (
	_ tickets.Store = (*DB)(nil)
	_ tickets.Tx    = (*tx)(nil)
)

// tries is how often a transaction is run until another one no longer comes between.
const tries = 50

// reader answers tickets.Reader on the connection or transaction it is given.
type reader struct {
	conn *gorm.DB
	// unbroken leaves a statement that has begun uninterrupted. The SQLite driver starts a goroutine for
	// every statement that could be, a third of the price of an insert; in a transaction database/sql
	// watches the context between the statements anyway, and they are short.
	unbroken bool
	// pending is what the transaction is to insert first; nil outside one.
	pending *pending
}

// on is the connection for one statement.
func (r reader) on(ctx context.Context) *gorm.DB {
	ctx = r.through(ctx)
	g := r.conn.WithContext(ctx)
	if r.pending != nil {
		if err := r.pending.store(ctx); err != nil {
			_ = g.AddError(err) // which the statement then returns
		}
	}
	return g
}

// through is the context of one statement.
func (r reader) through(ctx context.Context) context.Context {
	if r.unbroken {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// tx is one transaction. Once it has ended, each of its methods fails.
type tx struct {
	reader
	dialect dialect
	over    bool            // f has returned
	heads   map[string]head // ends of the event chains this transaction wrote or may write to
	streams []string        // of tickets whose chains it may write to, and whose ends it has not asked for

	events   []Event // to be stored by flush
	privates []EventPrivate
	jobs     []tickets.Job
}

// usable is an error once the transaction has ended, for what would otherwise be kept in memory only.
func (t *tx) usable() error {
	if t.over {
		return sql.ErrTxDone
	}
	return nil
}

// InTx runs f in one transaction that sees and leaves the database as if no other ran beside it: on
// SQLite because there is one writer, on PostgreSQL by SERIALIZABLE, where f is run again, and then
// alone, after a conflict with another transaction.
func (d *DB) InTx(ctx context.Context, f func(tx tickets.Tx) error) error {
	return d.inTx(ctx, func(t *tx) error { return f(t) })
}

// inTx is InTx for the store's own methods.
func (d *DB) inTx(ctx context.Context, f func(t *tx) error) error {
	var opts *sql.TxOptions
	if d.dialect == postgresDialect {
		opts = &sql.TxOptions{Isolation: sql.LevelSerializable}
	}
	for n := 1; ; n++ {
		var fromF error
		enqueued := false
		err := d.write(ctx, opts, func(g *gorm.DB) error {
			if err := turnstile(g, d.dialect, n); err != nil {
				return err
			}
			t := &tx{
				reader:  reader{conn: g, unbroken: d.dialect == sqliteDialect, pending: newPending(g)},
				dialect: d.dialect, heads: map[string]head{},
			}
			defer func() { t.over = true }()
			if fromF = f(t); fromF != nil {
				return fromF
			}
			enqueued = len(t.jobs) > 0
			return t.flush(ctx)
		})
		switch {
		case err == nil:
			if enqueued {
				d.queue.wake()
			}
			return nil
		case again(err) && n < tries:
			if err := pause(ctx, n); err != nil {
				return fail("wait to run the transaction again", err)
			}
		case again(err):
			return &tickets.Error{Kind: tickets.Unavailable, Msg: "Too many changes at once. Try again later.", Err: err, Fixed: true}
		case ctx.Err() != nil && errors.Is(err, sql.ErrTxDone): // rolled back because the caller gave up
			return fail("transaction", ctx.Err())
		case fromF != nil:
			return err
		default:
			return fail("transaction", err)
		}
	}
}

// write runs f in a transaction of the database, on SQLite when it is its turn.
func (d *DB) write(ctx context.Context, opts *sql.TxOptions, f func(g *gorm.DB) error) error {
	if d.dialect == sqliteDialect {
		done, err := d.turns.take(ctx)
		if err != nil {
			return err
		}
		defer done()
	}
	return d.writer.WithContext(ctx).Transaction(f, opts)
}

// turnstile lets first tries through together and each later one alone. Without it batches of mail
// from several mailboxes, which meet on the pages of every index, spoil one another's tries again and
// again. LOCK TABLE comes before the transaction's snapshot is taken, as an advisory lock would not.
func turnstile(g *gorm.DB, d dialect, try int) error {
	switch {
	case d != postgresDialect:
		return nil
	case try == 1:
		return g.Exec("LOCK TABLE turnstile IN SHARE MODE").Error
	}
	return g.Exec("LOCK TABLE turnstile IN EXCLUSIVE MODE").Error
}

// view runs f on one moment of the database, for answers that take several reads.
func (d *DB) view(ctx context.Context, f func(r reader) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.dialect == postgresDialect {
		opts.Isolation = sql.LevelRepeatableRead
	}
	err := d.conn.WithContext(ctx).Transaction(func(g *gorm.DB) error { return f(reader{conn: g}) }, opts)
	return fail("read", err)
}

// whole does a few writes of which an error takes back all, so that f may go on after a Conflict: on
// PostgreSQL an error otherwise ends the whole transaction.
func (t *tx) whole(ctx context.Context, f func(g *gorm.DB) error) error {
	return t.on(ctx).Transaction(f)
}

// pause waits a little longer each time, by chance, so that two transactions do not meet again.
func pause(ctx context.Context, n int) error {
	t := time.NewTimer(time.Duration(rand.Int64N(int64(min(n, 20)) * int64(2*time.Millisecond))))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
