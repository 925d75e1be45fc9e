package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"github.com/canceldesk/canceldesk/tickets"
)

// dialect is which database it is; its value is also the folder of its migrations.
type dialect string

const (
	sqliteDialect   dialect = "sqlite"
	postgresDialect dialect = "postgres"
)

// reachTime is how long Open tries to reach a database.
const reachTime = 10 * time.Second

// postgresConns is how many connections one program opens unless the url's pool_max_conns says
// otherwise. pgx's own default, one for each processor, lets a few slow reads stop all writing.
const postgresConns = 12

// DB is the open database. It is safe for concurrent use.
type DB struct {
	reader // answers outside transactions

	dialect dialect
	writer  *gorm.DB
	path    string // of the SQLite file
	pool    *pgxpool.Pool
	closing sync.Once

	locks lockFiles
	queue queue
	turns turns
}

// Open opens the database that url names, `sqlite:PATH` or `postgres://user:password@host/name`, and
// makes sure that it answers. It does not look at the schema: call CheckSchema, or Migrate.
// Unavailable where the database can't be reached, Invalid for a url that names none; no error
// contains the password.
func Open(ctx context.Context, databaseURL string) (*DB, error) {
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok && path != "" {
		return openSQLite(ctx, path)
	}
	if strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://") {
		return openPostgres(ctx, databaseURL)
	}
	return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "database.url must be sqlite:PATH or postgres://user:password@host:port/name."}
}

// openSQLite opens one writing connection and a pool of readers on the same file. One writer is what
// makes SQLite fast and free of "database is locked"; synchronous FULL because the file holds money
// and evidence, which a power cut must not take back.
func openSQLite(ctx context.Context, path string) (*DB, error) {
	unavailable := func(err error) error {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: fmt.Sprintf("The database file %s can't be opened.", path), Err: err}
	}
	// Made here so that a new file, and with it its WAL, is readable by nobody else.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unavailable(err)
	}
	if err := f.Close(); err != nil {
		return nil, unavailable(err)
	}
	file := "file:" + (&url.URL{Path: path}).EscapedPath()
	const both = "&_loc=UTC&_busy_timeout=5000&_stmt_cache_size=256"
	w := sql.OpenDB(sqliteConnector(file + "?_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_recursive_triggers=1&_txlock=immediate&_cache_size=-16384" + both))
	w.SetMaxOpenConns(1)
	r := sql.OpenDB(sqliteConnector(file + "?mode=ro&_query_only=1" + both))
	r.SetMaxOpenConns(4)
	r.SetMaxIdleConns(4)
	db := &DB{dialect: sqliteDialect, path: path}
	for _, p := range []struct {
		to   **gorm.DB
		pool *sql.DB
	}{{&db.writer, w}, {&db.conn, r}} {
		if err = p.pool.PingContext(ctx); err == nil {
			*p.to, err = openGorm(newSQLiteDialector(p.pool))
		}
		if err != nil {
			_ = w.Close()
			_ = r.Close()
			return nil, unavailable(err)
		}
	}
	return db, nil
}

// abandoned lets the server take back what a process holds that froze, or whose machine is gone, in the
// middle of a transaction: its locks would keep the others from taking over its mailboxes, for hours by the
// server's own defaults.
const abandoned = "SET idle_in_transaction_session_timeout = '15s'; SET tcp_keepalives_idle = 10; " +
	"SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = '25s'"

// openPostgres opens one pool for reading and writing.
func openPostgres(ctx context.Context, databaseURL string) (*DB, error) {
	conf, err := pgxpool.ParseConfig(databaseURL)
	if err != nil { // the cause may quote the url, so it goes no further
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "database.url can't be read: it must look like postgres://user:password@host:port/name."}
	}
	if !strings.Contains(databaseURL, "pool_max_conns=") {
		conf.MaxConns = postgresConns
	}
	conf.ConnConfig.RuntimeParams["timezone"] = "UTC"
	conf.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.Exec(ctx, abandoned); err != nil {
			return err
		}
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	host := fmt.Sprintf("%s:%d", conf.ConnConfig.Host, conf.ConnConfig.Port)
	unavailable := func(err error) error {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: fmt.Sprintf("The database %s at %s can't be reached.", conf.ConnConfig.Database, host), Err: err}
	}
	pool, err := pgxpool.NewWithConfig(ctx, conf)
	if err != nil {
		return nil, unavailable(err)
	}
	reach, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	if err := pool.Ping(reach); err != nil {
		pool.Close()
		return nil, unavailable(err)
	}
	conns := sql.OpenDB(postgresConnector{stdlib.GetPoolConnector(pool)})
	conns.SetMaxIdleConns(0) // idle ones wait in pgx's pool
	g, err := openGorm(newPostgresDialector(conns))
	if err != nil {
		pool.Close()
		return nil, unavailable(err)
	}
	return &DB{dialect: postgresDialect, reader: reader{conn: g}, writer: g, pool: pool}, nil
}

// openGorm puts gorm over a pool. Prepared statements are the drivers' matter: both keep them per
// connection, whereas gorm's own cache prepares twice inside a transaction. Its logger is off because
// it prints values, and errors are returned anyway.
func openGorm(d gorm.Dialector) (*gorm.DB, error) {
	return gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction: true, TranslateError: true, NamingStrategy: names{}, Logger: logger.Discard,
	})
}

// names are gorm's names but for the tables that are called otherwise.
type names struct{ schema.NamingStrategy }

// TableName is the table of a struct.
func (n names) TableName(noun string) string {
	switch noun {
	case "Intake", "Outgoing", "Idempotency":
		return strings.ToLower(noun)
	case "SavedQuote":
		return "quotes"
	}
	return n.NamingStrategy.TableName(noun)
}

// Conn is the writing connection, for store/channel and store/platform only. On SQLite there is one:
// never use it inside InTx.
func (d *DB) Conn() *gorm.DB { return d.writer }

// ReadConn is the reading pool, for store/channel and store/platform only. On PostgreSQL it is Conn.
func (d *DB) ReadConn() *gorm.DB { return d.conn }

// Close closes every connection and gives up all leases taken through it. It may be called twice.
func (d *DB) Close() error {
	var first error
	d.closing.Do(func() {
		first = d.locks.closeAll()
		for _, g := range []*gorm.DB{d.conn, d.writer} {
			if p, err := g.DB(); err == nil {
				if err := p.Close(); err != nil && first == nil {
					first = fmt.Errorf("close database: %w", err)
				}
			}
		}
		if d.pool != nil {
			d.pool.Close()
		}
	})
	return first
}
