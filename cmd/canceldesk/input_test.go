package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/store/postgrestest"
)

// TestBadInputSaysWhatToDo runs commands that can't work. Each ends with its exit code and a message
// with the thing that is wrong and the way out.
func TestBadInputSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const secret = "geheim-4711"
	tests := map[string]struct {
		given func(d *testDesk) // what is wrong; nil is a desk in order
		args  string            // {dir} is the desk's folder
		code  int
		says  []string
	}{
		"no_settings_file": {
			func(d *testDesk) { d.config = filepath.Join(d.dir, "none.yaml") }, "tickets list", 1,
			[]string{"there is no settings file {dir}/none.yaml", "config.example.yaml", "--config", "$CANCELDESK_CONFIG"},
		},
		"unknown_setting": {
			func(d *testDesk) { d.write("desk: { timezon: Asia/Shanghai }\n") }, "serve", 1,
			[]string{"canceldesk.yaml: line 12: there is no setting \"desk.timezon\"", "timezone"},
		},
		"settings_that_are_no_yaml": {
			func(d *testDesk) { d.write("desk: [\n") }, "serve", 1, []string{"canceldesk.yaml: not YAML", "line 1"},
		},
		"setting_out_of_range": {
			func(d *testDesk) { d.write("refunds: { policy: Z }\n") }, "serve", 1, []string{`refunds.policy is "Z"; it must be one of A, B`},
		},
		"unreachable_database": {
			func(d *testDesk) { d.database = "postgres://desk:" + secret + "@" + nobody(d.t) + "/desk"; d.write("") }, "poll --once", 1,
			[]string{"The database desk at 127.0.0.1:", "can't be reached"},
		},
		"unreachable_database_for_people": {
			func(d *testDesk) { d.database = "postgres://desk:" + secret + "@" + nobody(d.t) + "/desk"; d.write("") }, "agents list", 1,
			[]string{"can't be reached"},
		},
		"database_that_is_none": {
			func(d *testDesk) { d.database = "mysql://desk:" + secret + "@localhost/desk"; d.write("") }, "migrate", 1,
			[]string{"database.url must be sqlite:PATH or postgres://user:password@host:port/name"},
		},
		"database_in_no_folder": {
			func(d *testDesk) { d.database = "sqlite:" + filepath.Join(d.dir, "none", "desk.db"); d.write("") }, "migrate", 1,
			[]string{"The database file {dir}/none/desk.db can't be opened", "no such file or directory"},
		},
		"database_without_schema": {
			func(d *testDesk) { d.database = "sqlite:" + filepath.Join(d.dir, "new.db"); d.write("") }, "poll --once", 1,
			[]string{"schema (0) is older than this program", "run `canceldesk migrate`"},
		},
		"database_with_older_schema": {
			func(d *testDesk) { d.alter("DELETE FROM goose_db_version WHERE version_id > 10") }, "work --drain", 1,
			[]string{"schema (10) is older than this program", "run `canceldesk migrate`"},
		},
		"database_with_newer_schema": {
			func(d *testDesk) {
				d.alter("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)")
			}, "serve", 1, []string{"schema (99999) is newer than this program", "use a newer program"},
		},
		"migrate_over_a_newer_schema": {
			func(d *testDesk) {
				d.alter("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)")
			}, "migrate", 1, []string{"schema (99999) is newer than this program", "use a newer program"},
		},
		"missing_keys": {
			func(d *testDesk) { d.remove("keys") }, "tickets list", 1,
			[]string{"there is no key {dir}/keys/evidence.key", "run `canceldesk migrate`", "restore them from your backup"},
		},
		"broken_key": {
			func(d *testDesk) { d.put("keys/codes.key", "abc") }, "tickets list", 1, []string{"codes.key", "restore it from your backup"},
		},
		"blobs_folder_not_writable": {
			func(d *testDesk) { d.put("file", ""); d.blobs = filepath.Join(d.dir, "file", "blobs"); d.write("") }, "poll --once", 1,
			[]string{"The place of blobs.url can't be opened", "{dir}/file"},
		},
		"taken_port": {
			func(d *testDesk) { d.listenAt(taken(d.t)) }, "serve", 1, []string{"http.address", "address already in use"},
		},
		"unknown_ticket":        {nil, "tickets show CD-000099", 1, []string{"there is no ticket CD-000099", "`canceldesk tickets list` shows them"}},
		"no_ticket_number":      {nil, "tickets show 99x", 2, []string{"Ticket numbers look like CD-000123"}},
		"evidence_of_no_ticket": {nil, "evidence export CD-000099 -o {dir}/x.zip", 1, []string{"there is no ticket CD-000099", "`canceldesk tickets list` shows them"}},
		"evidence_into_nowhere": {nil, "evidence export CD-000001", 2, []string{"-o FILE.zip is missing"}},
		"verify_without_key":    {nil, "evidence verify x.zip", 2, []string{"--key is required", "canceldesk evidence key"}},
		"verify_without_bundle": {nil, "evidence verify {dir}/x.zip --key @{dir}/keys/evidence.pub", 1, []string{"open bundle", "{dir}/x.zip"}},
		"unreadable_mail":       {nil, "mail parse {dir}/none.eml --json", 1, []string{"1 of 1 files could not be read"}},
		"unreadable_import":     {nil, "accounts import {dir}/none.jsonl", 1, []string{"none.jsonl: no such file or directory"}},
		"unknown_command":       {nil, "pole --once", 2, []string{`unknown command "pole"`, "poll"}},
		"unknown_subcommand":    {nil, "tickets shaw", 2, []string{`unknown command "shaw" for "canceldesk tickets"`}},
		"unknown_flag":          {nil, "poll --twice", 2, []string{"unknown flag: --twice"}},
		"poll_without_once":     {nil, "poll", 2, []string{"give --once", "canceldesk serve --roles poll"}},
		"work_without_drain":    {nil, "work", 2, []string{"give --drain", "canceldesk serve --roles work"}},
		"unknown_role":          {nil, "serve --roles pole", 2, []string{`--roles has "pole"`, "api, poll and work"}},
		"unknown_agent_role":    {nil, "agents add --login a --name A --role king --password-stdin", 2, []string{`--role is "king"`, "supervisor"}},
		"password_as_argument":  {nil, "agents add --login a --name A", 2, []string{"give --password-stdin"}},
		"unknown_scope":         {nil, "apikeys add --name a --scopes tickets:eat", 2, []string{`no scope "tickets:eat"`, "tickets:read"}},
		"unknown_login":         {nil, "agents disable nobody", 1, []string{"there is no login nobody", "canceldesk agents list"}},
		"unknown_key":           {nil, "apikeys revoke 9", 1, []string{"there is no key 9", "canceldesk apikeys list"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newSettings(t)
			d.must("migrate")
			if tt.given != nil {
				tt.given(d)
			}
			here := strings.NewReplacer("{dir}", d.dir)
			r := d.command(strings.Fields(here.Replace(tt.args))...)
			if r.code != tt.code {
				t.Errorf("it ended with %d, want %d", r.code, tt.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(r.err, here.Replace(want)) {
					t.Errorf("it does not say %q", here.Replace(want))
				}
			}
			if strings.Contains(r.err+r.out, secret) {
				t.Error("it tells the database's password")
			}
			if strings.Contains(r.err, "goroutine") || strings.Contains(r.err, "panic") {
				t.Error("it speaks of its own inside")
			}
			if t.Failed() {
				t.Logf("canceldesk %s wrote:\n%s%s", tt.args, r.out, r.err)
			}
		})
	}
}

// TestMailSurvivesTrouble: whatever keeps a mailbox from being read, the mail is there afterwards, and
// is read once.
func TestMailSurvivesTrouble(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trouble func(d *testDesk)
		says    []string
	}{
		"wrong_password": {
			func(d *testDesk) { d.password = "another one" },
			[]string{"mailbox service", "refuses the login", "imap.password"},
		},
		"server_away": {
			func(d *testDesk) { d.imap = nobody(d.t) },
			[]string{"mailbox service", "imap.host", "connection refused"},
		},
		"not_a_mail_server": {
			func(d *testDesk) { d.imap = fmt.Sprintf("%s:%d", d.smtp.Host(), d.smtp.Port()) },
			[]string{"mailbox service", "imap.port"},
		},
		"blobs_away": {
			func(d *testDesk) { d.put("file", ""); d.blobs = filepath.Join(d.dir, "file", "blobs") },
			[]string{"blobs.url"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTestDesk(t, "")
			d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: "li@mail.example", subject: "退订", text: "请关闭自动续费。"}, time.Now()))
			well := *d
			tt.trouble(d)
			d.write("")
			r := d.command("poll", "--once")
			if r.code != 1 {
				t.Errorf("poll ended with %d, want 1", r.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(r.err, want) {
					t.Errorf("it does not say %q:\n%s", want, r.err)
				}
			}
			if strings.Contains(r.err+r.out, d.password) {
				t.Errorf("it tells the password:\n%s", r.err)
			}
			well.write("")
			var sums [2]mailin.Summary
			for i := range sums {
				decode(t, well.must("poll", "--once"), &sums[i])
				sums[i].Seconds = 0
			}
			want := [2]mailin.Summary{{Mailbox: "service", Fetched: 1, Ticket: 1}, {Mailbox: "service"}}
			if diff := cmp.Diff(want, sums); diff != "" {
				t.Errorf("polls afterwards (-want +got):\n%s", diff)
			}
		})
	}
}

// TestImportTakesInWhatIsGood: bad lines are named by their numbers, and the rest goes in.
func TestImportTakesInWhatIsGood(t *testing.T) {
	t.Parallel()
	d := newSettings(t)
	d.must("migrate")
	file := d.put("accounts.jsonl", strings.Join([]string{
		`{"account_no":"M1","name":"甲"}`,
		`{"account_no":"M2","name":`,
		``,
		`{"name":"nobody"}`,
		`{"account_no":"M3","nom":"丙"}`,
		`{"account_no":"M4","subscriptions":[{"id":"S4","period":"week"}]}`,
		`not JSON`,
		`{"account_no":"M5","email":"m5@mail.example"}`,
	}, "\n"))
	r := d.command("accounts", "import", file)
	if r.code != 1 || !strings.Contains(r.out, `{"created":2,"updated":0,"bad":5}`) || !strings.Contains(r.err, "5 of 8 lines were not taken in") {
		t.Errorf("it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	var named []string
	for line := range strings.Lines(r.err) {
		if number, why, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(number, "line ") && len(strings.TrimSpace(why)) > 10 {
			named = append(named, number)
		}
	}
	if diff := cmp.Diff([]string{"line 2", "line 4", "line 5", "line 6", "line 7"}, named); diff != "" {
		t.Errorf("bad lines that are named (-want +got):\n%s\n%s", diff, r.err)
	}
	if diff := cmp.Diff([]string{"M1", "M5"}, column(t, d.open(), "SELECT account_no FROM accounts ORDER BY 1")); diff != "" {
		t.Errorf("accounts that went in (-want +got):\n%s", diff)
	}
}

// TestMailParseGoesOnAfterAFile: a file that can't be read costs its own line only.
func TestMailParseGoesOnAfterAFile(t *testing.T) {
	t.Parallel()
	d := newSettings(t)
	good := d.put("good.eml", string(customerMail(mailOptions{from: "li@mail.example", subject: "退订", text: "请关闭自动续费。"}, time.Now())))
	bad := filepath.Join(d.dir, "none.eml")
	r := d.command("mail", "parse", bad, good, "--json")
	type line struct{ File, Error, From string }
	var got []line
	for s := range strings.Lines(r.out) {
		var l line
		decode(t, s, &l)
		got = append(got, l)
	}
	want := []line{{File: bad, Error: "open " + bad + ": no such file or directory"}, {File: good, From: "li@mail.example"}}
	if diff := cmp.Diff(want, got); diff != "" || r.code != 1 {
		t.Errorf("it ended with %d and (-want +got):\n%s", r.code, diff)
	}
}

// TestAnotherKeyDoesNotVerify: evidence of one desk does not pass for another's.
func TestAnotherKeyDoesNotVerify(t *testing.T) {
	t.Parallel()
	d, other := newSettings(t), newSettings(t)
	other.must("migrate")
	bundle, _ := exportedBundle(t, d.dir)
	r := d.command("evidence", "verify", bundle, "--key", "@"+filepath.Join(other.dir, "keys", "evidence.pub"))
	if r.code != 1 || !strings.Contains(r.out, "FAIL  checkpoint: signed by") || !strings.Contains(r.err, "checks failed") {
		t.Errorf("it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
}

// TestPostgresPasswordIsNotTold: a database that refuses the password does not print it either.
func TestPostgresPasswordIsNotTold(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(postgrestest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	const secret = "geheim-4711"
	u.User = url.UserPassword("nobody-of-this-name", secret)
	d := newSettings(t)
	d.database = u.String()
	d.write("")
	r := d.command("migrate")
	if r.code != 1 || !strings.Contains(r.err, "can't be reached") || !strings.Contains(r.err, "password authentication failed") || strings.Contains(r.err, secret) {
		t.Errorf("it ended with %d:\n%s", r.code, r.err)
	}
}

// put writes a file into the desk's folder and returns its path.
func (d *testDesk) put(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, filepath.FromSlash(name))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// remove removes a file or folder of the desk.
func (d *testDesk) remove(name string) {
	d.t.Helper()
	if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
		d.t.Fatal(err)
	}
}

// alter changes the desk's SQLite file.
func (d *testDesk) alter(statement string) {
	d.t.Helper()
	if _, err := d.operate().ExecContext(d.t.Context(), statement); err != nil {
		d.t.Fatal(err)
	}
}

// listenAt makes the desk listen at another address.
func (d *testDesk) listenAt(address string) {
	d.t.Helper()
	yaml, err := os.ReadFile(d.config)
	if err != nil {
		d.t.Fatal(err)
	}
	d.put(filepath.Base(d.config), strings.Replace(string(yaml), "127.0.0.1:0", address, 1))
}

// taken is an address that somebody listens at for as long as the test runs.
func taken(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// nobody is an address that nobody listens at.
func nobody(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(t.Context()), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}
