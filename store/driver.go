package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

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
// the database: with the default of 4 MB every third batch of mails would wait for that.
func (c sqliteConnector) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		_, err := conn.Exec("PRAGMA wal_autocheckpoint = 8000", nil)
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
	if t, ok := value.(time.Time); ok {
		value = t.UTC().Truncate(time.Microsecond)
	}
	v.Value = value
	return nil
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
