package postgrestest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/canceldesk/canceldesk/store/postgrestest"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func ask(t *testing.T, conn *pgx.Conn, query string) string {
	t.Helper()
	var got string
	if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return got
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	one, two := connect(t, postgrestest.Start(t)), connect(t, postgrestest.Start(t))
	if _, err := one.Exec(t.Context(), "CREATE TABLE ticket (subject text); INSERT INTO ticket VALUES ('请关闭自动续费')"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, one, "SELECT subject FROM ticket WHERE subject LIKE '%续费'"); got != "请关闭自动续费" {
		t.Errorf("read back %q", got)
	}
	if got := ask(t, two, "SELECT count(*)::text FROM information_schema.tables WHERE table_schema = 'public'"); got != "0" {
		t.Errorf("another test's database has %s tables of ours, want 0", got)
	}
}

func TestDatabaseIsSetUpAsInEarnest(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Start(t))
	got := map[string]string{
		"fsync":       ask(t, conn, "SELECT current_setting('fsync')"),
		"synchronous": ask(t, conn, "SELECT current_setting('synchronous_commit')"),
		"encoding":    ask(t, conn, "SELECT current_setting('server_encoding')"),
		"superuser":   ask(t, conn, "SELECT current_setting('is_superuser')"),
	}
	want := map[string]string{"fsync": "on", "synchronous": "on", "encoding": "UTF8", "superuser": "off"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestDatabaseGoesWithItsTestThoughSomebodyIsConnected(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("a test that leaves its connection open", func(t *testing.T) {
		url = postgrestest.Start(t)
		connect(t, url)
	})
	_, err := pgx.Connect(t.Context(), url)
	if err == nil || !strings.Contains(err.Error(), "3D000") { // invalid_catalog_name
		t.Errorf("connecting to the dropped database: %v, want: does not exist", err)
	}
}

func TestServerNamedInTheEnvironmentIsUsed(t *testing.T) {
	named := connect(t, postgrestest.Start(t))
	t.Setenv(postgrestest.ServerEnv, named.Config().ConnString())
	other := connect(t, postgrestest.Start(t))
	const id = "SELECT pg_postmaster_start_time()::text || inet_server_port()::text"
	if diff := cmp.Diff(ask(t, named, id), ask(t, other, id)); diff != "" {
		t.Errorf("another server (-named, used):\n%s", diff)
	}
	const name = "SELECT current_database()"
	if ask(t, named, name) == ask(t, other, name) {
		t.Error("the named database itself is used, want a new one beside it")
	}
}
