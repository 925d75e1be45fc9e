package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// fail turns an error of the database into one of ours, saying what was attempted. An error that
// already has a kind keeps it.
func fail(attempted string, err error) error {
	if err == nil {
		return nil
	}
	var ours *tickets.Error
	if errors.As(err, &ours) {
		return fmt.Errorf("%s: %w", attempted, err)
	}
	kind, msg := kindOf(err)
	err = fmt.Errorf("%s: %w", attempted, err)
	if kind == "" {
		return err
	}
	return &tickets.Error{Kind: kind, Msg: msg, Err: err, Fixed: true}
}

// conflict is a refusal by a rule of the store.
func conflict(msg string) error { return &tickets.Error{Kind: tickets.Conflict, Msg: msg} }

// stale is a write over somebody else's newer one.
func stale() error {
	return &tickets.Error{Kind: tickets.Stale, Msg: "Somebody else changed it first. Load it again.", Fixed: true}
}

// kindOf says what sort of database error it is, and what people may be told; "" for a bug.
func kindOf(err error) (tickets.Kind, string) {
	const (
		missing     = "There is no such thing."
		contradicts = "This contradicts what is already stored."
		unreachable = "The database can't do this just now. Try again later."
	)
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return tickets.NotFound, missing
	case errors.Is(err, gorm.ErrDuplicatedKey), errors.Is(err, gorm.ErrForeignKeyViolated), errors.Is(err, gorm.ErrCheckConstraintViolated):
		return tickets.Conflict, contradicts
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, driver.ErrBadConn):
		return tickets.Unavailable, unreachable
	}
	var lite sqlite3.Error
	if errors.As(err, &lite) {
		switch lite.Code {
		case sqlite3.ErrConstraint:
			return tickets.Conflict, contradicts
		case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrCantOpen, sqlite3.ErrInterrupt:
			return tickets.Unavailable, unreachable
		}
		return "", ""
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:min(2, len(pg.Code))] {
		case "23": // integrity constraints
			return tickets.Conflict, contradicts
		case "40", "53", "55", "57", "08": // rolled back, no resources, locked, shut down, connection
			return tickets.Unavailable, unreachable
		}
		return "", ""
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	cut := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
	if cut || errors.As(err, &connecting) || errors.As(err, &network) {
		return tickets.Unavailable, unreachable
	}
	return "", ""
}

// again reports whether PostgreSQL gave the transaction up only because of another one, so that it
// should be run once more: a serialization failure, a deadlock, or the same place in a chain of
// events taken by two at once.
func again(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	return pg.Code == "40001" || pg.Code == "40P01" || (pg.Code == "23505" && pg.ConstraintName == "events_chain")
}
