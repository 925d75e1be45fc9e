package main

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the tests look into the database as an operator would
	_ "github.com/mattn/go-sqlite3"
)

// open looks into the desk's database, whichever it is, without changing it.
func (d *testDesk) open() *sql.DB {
	d.t.Helper()
	driver, source := "pgx", d.database
	if path, ok := strings.CutPrefix(d.database, "sqlite:"); ok {
		driver, source = "sqlite3", "file:"+path+"?mode=ro&_busy_timeout=10000"
	}
	return d.connect(driver, source)
}

// operate opens the desk's SQLite file to change it, as somebody with a shell might.
func (d *testDesk) operate() *sql.DB {
	d.t.Helper()
	return d.connect("sqlite3", "file:"+strings.TrimPrefix(d.database, "sqlite:")+"?_busy_timeout=10000")
}

func (d *testDesk) connect(driver, source string) *sql.DB {
	d.t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = db.Close() })
	return db
}

// column is the one column of a query, in its order.
func column(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// count is the one number of a query.
func count(t testing.TB, db *sql.DB, query string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func decode(t testing.TB, line string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(strings.TrimSpace(line)), into); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
}
