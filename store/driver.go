package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/mattn/go-sqlite3"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// sqliteConnector opens SQLite connections by this DSN without registering a driver by name.
type sqliteConnector string

// Connect opens one connection.
func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(string(c))
	if err != nil {
		return nil, err
	}
	raw, ok := conn.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, fmt.Errorf("sqlite driver gave a %T", conn)
	}
	return utcConn{raw}, nil
}

// Driver is the driver underneath. The write-ahead log grows to 32 MB before its pages are copied into
// the database: with the default of 4 MB every third batch of mails would wait for that. What a statement
// changes is remembered, should it fail half-way, in memory: a batch would write more of that to
// temporary files than to the log.
func (c sqliteConnector) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		_, err := conn.Exec("PRAGMA wal_autocheckpoint = 8000; PRAGMA temp_store = MEMORY", nil)
		return err
	}}
}

// utcConn writes every instant in UTC and cut to the microsecond. SQLite keeps instants as text in
// whatever zone they come, and compares text: one in another zone would sort wrongly for ever.
// PostgreSQL does the same by its type.
type utcConn struct{ *sqlite3.SQLiteConn }

// CheckNamedValue converts one argument.
func (utcConn) CheckNamedValue(v *driver.NamedValue) error {
	value, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if err != nil {
		return err
	}
	switch x := value.(type) {
	case time.Time:
		value = x.UTC().Truncate(time.Microsecond)
	case string:
		value = plainText(x)
	}
	v.Value = value
	return nil
}

// postgresConnector hands out connections of a pgx pool that take any text.
type postgresConnector struct{ driver.Connector }

// Connect opens one connection.
func (c postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	raw, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, fmt.Errorf("pgx gave a %T", conn)
	}
	return textConn{raw}, nil
}

// textConn lets no text fail.
type textConn struct{ *stdlib.Conn }

// CheckNamedValue converts one argument.
func (textConn) CheckNamedValue(v *driver.NamedValue) error {
	if s, ok := v.Value.(string); ok {
		v.Value = plainText(s)
	}
	return nil
}

// plainText puts U+FFFD for what PostgreSQL does not store as text: NUL and broken UTF-8. A mail with
// one in its subject must not stop its mailbox, and is the same in both databases. The original has
// its bytes.
func plainText(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// sqliteDialector is gorm's with errors that keep their cause.
type sqliteDialector struct{ *sqlite.Dialector }

func newSQLiteDialector(pool *sql.DB) gorm.Dialector {
	return sqliteDialector{&sqlite.Dialector{Conn: pool}}
}

// Translate gives an error gorm's meaning beside its own.
func (d sqliteDialector) Translate(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.ExtendedCode {
	case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey:
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	case sqlite3.ErrConstraintForeignKey:
		return fmt.Errorf("%w: %w", gorm.ErrForeignKeyViolated, err)
	case sqlite3.ErrConstraintCheck:
		return fmt.Errorf("%w: %w", gorm.ErrCheckConstraintViolated, err)
	}
	return err
}

// newPostgresDialector is gorm's own: its errors keep their cause already.
func newPostgresDialector(pool *sql.DB) gorm.Dialector {
	return postgres.New(postgres.Config{Conn: pool})
}
