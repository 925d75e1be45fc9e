package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAuditNamesWhatWasRewritten: somebody with the database file can switch off its triggers and change
// the record; the audit says where.
func TestAuditNamesWhatWasRewritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statements []string
		want       []string // "" alone: nothing is found
	}{
		"untouched":          {nil, nil},
		"an event's actor":   {[]string{"UPDATE events SET actor = 'agent:amy' WHERE stream = 'CD-000001' AND n = 3"}, []string{"event CD-000001/3: its columns"}},
		"an event's bytes":   {[]string{`UPDATE events SET canonical = CAST(replace(CAST(canonical AS TEXT), '"desk"', '"disk"') AS BLOB) WHERE stream = 'CD-000001' AND n = 3`}, []string{"event CD-000001/4: does not follow", "is not what was logged"}},
		"a dropped event":    {[]string{"DELETE FROM log_leaves WHERE event_id = (SELECT max(id) FROM events)", "DELETE FROM events WHERE id = (SELECT max(id) FROM events)"}, []string{"entries were removed"}},
		"a left-out event":   {[]string{"DELETE FROM log_leaves WHERE event_id = (SELECT max(id) FROM events)"}, []string{"was left out of the log", "entries were removed"}},
		"a tree hash":        {[]string{"UPDATE log_hashes SET hash = randomblob(32) WHERE hash_index = 3"}, []string{"leaf 2: is not what was logged"}},
		"a newest signature": {[]string{"DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)"}, []string{"no checkpoint covers"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTestDesk(t, "")
			list, lines := members(1, time.Now())
			d.importMembers(lines)
			d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: list[0].email, subject: "退订", text: "请关闭自动续费。"}, time.Now()))
			d.must("poll", "--once")
			d.must("work", "--drain")
			d.rewrite(c.statements)
			r := d.command("evidence", "audit")
			if (r.code == 0) != (len(c.want) == 0) {
				t.Errorf("evidence audit ended with %d:\n%s", r.code, r.out)
			}
			for _, want := range c.want {
				if !strings.Contains(r.out, want) {
					t.Errorf("the audit does not say %q:\n%s", want, r.out)
				}
			}
		})
	}
}

// rewrite changes the database as its owner can, triggers and all.
func (d *testDesk) rewrite(statements []string) {
	d.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(d.dir, "desk.db")+"?_busy_timeout=10000")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	for _, trigger := range column(d.t, db, "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
		if _, err := db.ExecContext(d.t.Context(), "DROP TRIGGER "+trigger); err != nil {
			d.t.Fatal(err)
		}
	}
	for _, s := range statements {
		if _, err := db.ExecContext(d.t.Context(), s); err != nil {
			d.t.Fatalf("%s: %v", s, err)
		}
	}
}
