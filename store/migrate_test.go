package store_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/postgrestest"
)

// columns lists every column of every table as table.column.
func columns(t *testing.T, b bundle, query string) []string {
	t.Helper()
	var list []string
	must(t, b.Conn().Raw(query).Scan(&list).Error)
	return list
}

func TestBothDatabasesHaveTheSameSchema(t *testing.T) {
	t.Parallel()
	numbers := func(dialect string) (names []string) {
		files, err := fs.ReadDir(os.DirFS("migrations"), dialect)
		must(t, err)
		for _, f := range files {
			names = append(names, f.Name())
		}
		return names
	}
	if d := cmp.Diff(numbers("sqlite"), numbers("postgres")); d != "" {
		t.Errorf("migrations differ (-sqlite +postgres):\n%s", d)
	}
	lite := columns(t, setup(t, "sqlite:"+filepath.Join(t.TempDir(), "desk.db")), `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version' ORDER BY 1`)
	pg := columns(t, setup(t, postgrestest.Start(t)), `SELECT (table_name || '.' || column_name) COLLATE "C" FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'goose_db_version' ORDER BY 1`)
	if d := cmp.Diff(lite, pg); d != "" || len(lite) < 100 {
		t.Errorf("%d columns differ (-sqlite +postgres):\n%s", len(lite), d)
	}
}

// The lists that a desk with years of closed cases asks for all day must not read those.
func TestQueueReadsOnlyWhatRuns(t *testing.T) {
	t.Parallel()
	b := setup(t, "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
	for query, index := range map[string]string{
		`SELECT * FROM tickets WHERE status NOT IN ('solved', 'closed')
			ORDER BY COALESCE(next_charge_at, '9999-12-31 00:00:00+00:00'), first_response_due_at, id LIMIT 51`: "SCAN tickets USING INDEX tickets_live",
		`SELECT * FROM tickets WHERE status <> 'closed' AND requester = 'x' ORDER BY id`: "SEARCH tickets USING INDEX tickets_requester (requester=?)",
		`SELECT * FROM intake WHERE fingerprint <> '' AND fingerprint IN ('a', 'b')`:     "SEARCH intake USING INDEX intake_fingerprint (fingerprint=?)",
	} {
		var plan struct{ Detail string }
		must(t, b.Conn().Raw("EXPLAIN QUERY PLAN "+query).Scan(&plan).Error)
		if plan.Detail != index {
			t.Errorf("%s\nreads by %q, want %q", query, plan.Detail, index)
		}
	}
}
