// Package postgrestest gives a test an empty database on a real PostgreSQL.
//
// The first call in a process makes a throw-away cluster in a temporary folder, on a free loopback port, with fsync
// on as in earnest; later calls share it, each with a database of its own. The cluster ends and its folder goes
// when the process ends, however it ends: a small shell holds the other end of a pipe and cleans up when that
// closes. CANCELDESK_POSTGRES_URL names a server to use instead; its user must be allowed to create databases.
//
// A test without PostgreSQL on the machine fails and says what to run; it is never left out.
package postgrestest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ServerEnv names the environment variable with the URL of a server to use instead of a cluster of our own.
const ServerEnv = "CANCELDESK_POSTGRES_URL"

// queryTimeout limits one administrative statement. Making a database copies some megabytes and syncs them.
const queryTimeout = 60 * time.Second

// Dropping a database waits for the server's own work in it, and looks again so often.
const (
	dropTimeout = 60 * time.Second
	dropAgain   = 50 * time.Millisecond

	insufficientPrivilege = "42501" // PostgreSQL's manual, appendix A
)

// shared is the process's one cluster: made on first use, never changed, gone with the process. It is a package
// variable because a cluster takes seconds to make and Go gives a package's tests no other place to share it.
var shared = sync.OnceValues(startCluster)

// Start returns the URL of a new, empty database (postgres://user:password@host:port/name?sslmode=disable). The user
// owns it and is no superuser. It is dropped, whoever is still connected, when the test is over.
func Start(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv(ServerEnv)
	if server == "" {
		c, err := shared()
		if err != nil {
			tb.Fatalf("postgrestest: %v", err)
		}
		server = c.url
	}
	name, err := randomName()
	if err != nil {
		tb.Fatalf("postgrestest: name a database: %v", err)
	}
	own, err := withDatabase(server, name)
	if err != nil {
		tb.Fatalf("postgrestest: read %s: not a URL of PostgreSQL", ServerEnv) // the error would tell the password
	}
	ident := pgx.Identifier{name}.Sanitize()
	// The test's context ends before its cleanup does, so both statements have one of their own.
	ctx := context.WithoutCancel(tb.Context())
	if err := execute(ctx, server, "CREATE DATABASE "+ident+" TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		tb.Fatalf("postgrestest: create a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := drop(ctx, server, ident); err != nil {
			tb.Errorf("postgrestest: drop the database: %v", err)
		}
	})
	return own
}

// drop ends a database. The server's own cleaning (autovacuum) may be at work in it, which nobody but a
// superuser may end, so that it is waited for.
func drop(ctx context.Context, server, ident string) error {
	ctx, cancel := context.WithTimeout(ctx, dropTimeout)
	defer cancel()
	for {
		err := execute(ctx, server, "DROP DATABASE "+ident+" WITH (FORCE)")
		if pg := (*pgconn.PgError)(nil); !errors.As(err, &pg) || pg.Code != insufficientPrivilege {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(dropAgain):
		}
	}
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, server, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}

// withDatabase is the server's URL with another database in it.
func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", fmt.Errorf("scheme is %q", u.Scheme)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// randomName cannot meet another process's database on a shared server.
func randomName() (string, error) {
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return "canceldesk_test_" + hex.EncodeToString(b), nil
}
