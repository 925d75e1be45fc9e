package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

// wantText fails the test unless the error says text and no secret.
func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %q, want it to say %q and no password", err, text)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url  string
		kind tickets.Kind
		text string
	}{
		"an unknown database is Invalid":                       {"mysql://u:s3cret@h/d", tickets.Invalid, "sqlite:PATH"},
		"no path is Invalid":                                   {"sqlite:", tickets.Invalid, "sqlite:PATH"},
		"a broken url is Invalid and does not tell":            {"postgres://u:s3cret@h:x/d", tickets.Invalid, "can't be read"},
		"a file in a missing folder is Unavailable":            {"sqlite:/none/such/desk.db", tickets.Unavailable, "/none/such/desk.db"},
		"a server that is off is Unavailable and names itself": {"postgres://u:s3cret@127.0.0.1:1/desk?connect_timeout=2", tickets.Unavailable, "desk at 127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Open(t.Context(), c.url)
			wantKind(t, err, c.kind)
			wantText(t, err, c.text)
		})
	}
}

func TestNewSQLiteFile(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) (*store.DB, string) {
		path := filepath.Join(t.TempDir(), "desk.db")
		db, err := store.Open(t.Context(), "sqlite:"+path)
		must(t, err)
		t.Cleanup(func() { must(t, db.Close()) })
		return db, path
	}
	t.Run("without a schema names migrate", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		err := db.CheckSchema(t.Context())
		wantKind(t, err, tickets.Unavailable)
		wantText(t, err, "canceldesk migrate")
	})
	t.Run("is readable by its owner only", func(t *testing.T) {
		t.Parallel()
		_, path := open(t)
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode is %v, want 0600", info.Mode().Perm())
		}
	})
	t.Run("is synced at every commit and read without writing", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		var synchronous, mode string
		must(t, db.Conn().Raw("PRAGMA synchronous").Scan(&synchronous).Error)
		must(t, db.Conn().Raw("PRAGMA journal_mode").Scan(&mode).Error)
		if synchronous != "2" || mode != "wal" {
			t.Errorf("synchronous is %s and the journal %s, want 2 (FULL) and wal", synchronous, mode)
		}
		if err := db.ReadConn().Exec("CREATE TABLE x (y)").Error; err == nil {
			t.Error("the reading pool wrote")
		}
	})
	t.Run("is closed twice without harm", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		must(t, db.Close())
	})
}
