package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/canceldesk/canceldesk/tickets"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// Migrate brings the schema up to this program's. Of several at once one works and the others wait:
// on PostgreSQL for an advisory lock, on SQLite for a lock on a file beside the database.
func (d *DB) Migrate(ctx context.Context) (err error) {
	if d.dialect == sqliteDialect {
		f, err := waitForFile(d.path + "-migrate")
		if err != nil {
			return fail("migrate", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
	}
	pool, err := d.writer.DB()
	if err != nil {
		return fail("migrate", err)
	}
	files, err := fs.Sub(migrations, "migrations/"+string(d.dialect))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	kind := goose.DialectSQLite3
	if d.dialect == postgresDialect {
		kind = goose.DialectPostgres
		l, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(l))
	}
	p, err := goose.NewProvider(kind, pool, files, opts...)
	if err != nil {
		return fail("migrate", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fail("migrate", err)
	}
	return nil
}

// SchemaVersion is the number of the newest migration the database has; 0 where it has none. It
// changes nothing.
func (d *DB) SchemaVersion(ctx context.Context) (int64, error) {
	exists := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'"
	if d.dialect == postgresDialect {
		exists = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('goose_db_version')"
	}
	var tables, version int64
	if err := d.on(ctx).Raw(exists).Scan(&tables).Error; err != nil {
		return 0, fail("schema version", err)
	}
	if tables == 0 {
		return 0, nil
	}
	err := d.on(ctx).Raw("SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version).Error
	return version, fail("schema version", err)
}

// CheckSchema refuses a database whose schema is not this program's, and says what to do about it.
func (d *DB) CheckSchema(ctx context.Context) error {
	have, err := d.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	want, err := newestMigration(d.dialect)
	switch {
	case err != nil:
		return err
	case have < want:
		return &tickets.Error{Kind: tickets.Unavailable, Msg: fmt.Sprintf("The database's schema (%d) is older than this program (%d): run `canceldesk migrate`.", have, want)}
	case have > want:
		return &tickets.Error{Kind: tickets.Unavailable, Msg: fmt.Sprintf("The database's schema (%d) is newer than this program (%d): use a newer program.", have, want)}
	}
	return nil
}

// newestMigration is the highest number among the embedded files.
func newestMigration(d dialect) (int64, error) {
	files, err := fs.ReadDir(migrations, "migrations/"+string(d))
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	var newest int64
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", f.Name(), err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}
