package simulator

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // the database's driver

	"github.com/canceldesk/canceldesk/store/platform"
)

// Config is what a Simulator needs.
type Config struct {
	Path   string // of its SQLite file
	Secret string // that both sides sign with
	Now    func() time.Time
	// Minute is how long a simulated minute lasts: the time from one debit of a member to the next.
	Minute time.Duration
}

// Simulator is the platform.
type Simulator struct {
	db     *sql.DB
	secret platform.Secret
	admin  string
	now    func() time.Time
	minute time.Duration
	closed chan struct{}

	mu     sync.Mutex
	faults []Fault
	over   bool
}

//go:embed schema.sql
var schema string

// Open opens the platform's database and makes it where there is none yet.
func Open(ctx context.Context, c Config) (*Simulator, error) {
	secret, err := platform.ParseSecret(c.Secret)
	if err != nil || len(secret) == 0 {
		return nil, errors.Join(errors.New("the simulator needs a secret"), err)
	}
	if c.Minute <= 0 {
		return nil, errors.New("a simulated minute must last some time")
	}
	db, err := sql.Open("sqlite3", "file:"+c.Path+"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate&_loc=UTC")
	if err != nil {
		return nil, fmt.Errorf("open simulator's database: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("make simulator's tables: %w", err), db.Close())
	}
	return &Simulator{
		db: db, secret: secret, admin: c.Secret, now: c.Now, minute: c.Minute, closed: make(chan struct{}),
	}, nil
}

// Close ends the platform. It may be called twice.
func (s *Simulator) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil
	}
	s.over = true
	close(s.closed)
	return s.db.Close()
}

// inTx runs f in one transaction.
func (s *Simulator) inTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
