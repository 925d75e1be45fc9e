package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parse reads settings that must be right.
func parse(t *testing.T, text string, environ ...string) Config {
	t.Helper()
	c, err := read(strings.NewReader(text), environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// changed is the defaults with something changed.
func changed(change func(*Config)) Config {
	c := Default()
	change(&c)
	return c
}

func TestSettingsComeOverTheDefaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file    string
		environ []string
		want    Config
	}{
		"an empty file is the defaults":               {"", nil, Default()},
		"comments alone are the defaults":             {"# nothing yet\n", nil, Default()},
		"a document without a value is the defaults":  {"---\n", nil, Default()},
		"a group without settings keeps its defaults": {"http:\nmailboxes:\n", nil, Default()},
		"no mailboxes are none":                       {"mailboxes: []", nil, changed(func(c *Config) { c.Mailboxes = []Mailbox{} })},
		"one setting leaves its neighbours":           {"http: {address: '[::1]:80'}", nil, changed(func(c *Config) { c.HTTP.Address = "[::1]:80" })},
		"a duration, a number and a switch": {"desk: {first_response: 90m, close_after_days: 14}\nautomation: {hold: off}", nil, changed(func(c *Config) {
			c.Desk.FirstResponse, c.Desk.CloseAfterDays, c.Automation.Hold = 90*time.Minute, 14, false
		})},
		"off is a word where words are wanted": {"automation: {stop: off}", nil, changed(func(c *Config) { c.Automation.Stop = "off" })},
		"a password of digits keeps its zero":  {"mailboxes: [{imap: {password: 0123}}]", nil, changed(func(c *Config) { c.Mailboxes[0].IMAP.Password = "0123" })},
		"one folder needs no list":             {"mailboxes: [{folders: Junk}]", nil, changed(func(c *Config) { c.Mailboxes[0].Folders = []string{"Junk"} })},
		"an anchor stands for what it names":   {"mailboxes: [{imap: &s {username: u, password: p}, smtp: *s}]", nil, changed(func(c *Config) { login(&c.Mailboxes[0].IMAP, "u", "p"); login(&c.Mailboxes[0].SMTP, "u", "p") })},
		"merchants and templates are taken as they are": {"channels: {wechat: [{name: a, id: 7}]}\nsms: {templates: {code.stop: T1}}", nil, changed(func(c *Config) {
			c.Channels.WeChat = []map[string]any{{"name": "a", "id": 7}}
			c.SMS.Templates = map[string]string{"code.stop": "T1"}
		})},
		"every mailbox begins with the defaults":            {"mailboxes: [{name: a}, {name: b, imap: {port: 143}}]", nil, changed(func(c *Config) { c.Mailboxes = []Mailbox{named("a"), named("b")}; c.Mailboxes[1].IMAP.Port = 143 })},
		"the environment comes over the file":               {"http: {public_url: http://a, address: h:1}", []string{"CANCELDESK_HTTP__PUBLIC_URL=https://b"}, changed(func(c *Config) { c.HTTP = HTTP{"h:1", "https://b"} })},
		"the environment alone":                             {"", []string{"CANCELDESK_LIMITS__MAIL_BYTES=9", "CANCELDESK_AUTOMATION__HOLD=false"}, changed(func(c *Config) { c.Limits.MailBytes, c.Automation.Hold = 9, false })},
		"a mailbox's password from the environment":         {"mailboxes: [{name: a}]", []string{"CANCELDESK_MAILBOXES__0__IMAP__PASSWORD=geheim=="}, changed(func(c *Config) { c.Mailboxes = []Mailbox{named("a")}; c.Mailboxes[0].IMAP.Password = "geheim==" })},
		"a password for the mailbox that nobody wrote down": {"", []string{"CANCELDESK_MAILBOXES__0__IMAP__PASSWORD=p"}, changed(func(c *Config) { c.Mailboxes[0].IMAP.Password = "p" })},
		"folders from the environment":                      {"", []string{"CANCELDESK_MAILBOXES__0__FOLDERS=INBOX, 垃圾邮件"}, changed(func(c *Config) { c.Mailboxes[0].Folders = []string{"INBOX", "垃圾邮件"} })},
		"mailboxes from the environment, ten and more": {"", elevenMailboxes(), changed(func(c *Config) {
			c.Mailboxes = nil
			for _, n := range "abcdefghijk" {
				c.Mailboxes = append(c.Mailboxes, named(string(n)))
			}
		})},
		"variables of others are not looked at": {"", []string{"CANCELDESK_CONFIG=x", "HTTP__ADDRESS=y", "PATH=z"}, Default()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, parse(t, test.file, test.environ...)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func login(s *MailServer, username, password string) { s.Username, s.Password = username, password }

func named(name string) Mailbox {
	m := DefaultMailbox()
	m.Name = name
	return m
}

func elevenMailboxes() []string {
	var out []string
	for i, name := range "abcdefghijk" {
		out = append(out, fmt.Sprintf("CANCELDESK_MAILBOXES__%d__NAME=%c", i, name))
	}
	return out
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file    string
		environ []string
		want    string
	}{
		"unknown at the top":            {"http: {}\n\nmail: {}", nil, `line 3: there is no setting "mail". There are: accounts, automation, billing, blobs, channels, chat, database, desk, http, keys, limits, mailboxes, refunds, routing, sms`},
		"unknown in a group":            {"http:\n  adr: x\n", nil, `line 2: there is no setting "http.adr". There are: address, public_url`},
		"unknown in a mailbox":          {"mailboxes:\n- name: a\n- name: b\n  imap:\n    user: x\n", nil, `line 5: there is no setting "mailboxes.1.imap.user". There are: auth, ca_file, host, oauth2, password, password_file, port, tls, username`},
		"unknown below an anchor":       {"mailboxes:\n- imap: {host: a}\n  smtp: &a\n    hots: b\n", nil, `line 4: there is no setting "mailboxes.0.smtp.hots". There are: auth, ca_file, host, oauth2, password, password_file, port, tls, username`},
		"twice":                         {"http:\n  address: a:1\n  address: a:2\n", nil, "line 3: http.address is there twice"},
		"malformed":                     {"http: {address: [\n", nil, "not YAML: yaml: line 1: did not find expected node content"},
		"two documents":                 {"http: {}\n---\nhttp: {}\n", nil, "there is more after the first YAML document (a line ---); all settings belong into one"},
		"a list":                        {"- http\n", nil, "line 1: the file must be a mapping of settings. There are: accounts, automation, billing, blobs, channels, chat, database, desk, http, keys, limits, mailboxes, refunds, routing, sms"},
		"a value for a group":           {"\nkeys: folder", nil, "line 2: keys must be a mapping of settings. There are: dir"},
		"a group for a value":           {"keys: {dir: {a: b}}", nil, "line 1: keys.dir must be one value"},
		"a mapping for a list":          {"mailboxes: {name: a}", nil, "line 1: mailboxes must be a list"},
		"a list for a mapping":          {"sms: {templates: [a]}", nil, "line 1: sms.templates must be a mapping of names to values"},
		"a duration without a unit":     {"desk: {first_response: 4}", nil, `line 1: desk.first_response is "4"; it must be a duration such as 4h, 30m or 90s`},
		"no number":                     {"limits: {mail_bytes: 50MB}", nil, `line 1: limits.mail_bytes is "50MB"; it must be a whole number`},
		"no switch":                     {"automation: {hold: auto}", nil, `line 1: automation.hold is "auto"; it must be true or false`},
		"unknown in the environment":    {"", []string{"CANCELDESK_HTTP__URL=x"}, `environment variable CANCELDESK_HTTP__URL: there is no setting "http.url". There are: address, public_url`},
		"a group in the environment":    {"", []string{"CANCELDESK_MAILBOXES__0__IMAP=x"}, "environment variable CANCELDESK_MAILBOXES__0__IMAP: mailboxes.0.imap is a group of settings. There are: auth, ca_file, host, oauth2, password, password_file, port, tls, username"},
		"a value's part":                {"", []string{"CANCELDESK_KEYS__DIR__X=x"}, "environment variable CANCELDESK_KEYS__DIR__X: there is nothing below keys.dir"},
		"an entry that is left out":     {"mailboxes: [{}]", []string{"CANCELDESK_MAILBOXES__2__NAME=x"}, "environment variable CANCELDESK_MAILBOXES__2__NAME: mailboxes has no entry 2; the next to be made is 1"},
		"an entry without a name":       {"", []string{"CANCELDESK_MAILBOXES__0=x"}, "environment variable CANCELDESK_MAILBOXES__0: want an entry's number and a setting's name after mailboxes"},
		"one folder in the environment": {"", []string{"CANCELDESK_MAILBOXES__0__FOLDERS__0=x"}, "environment variable CANCELDESK_MAILBOXES__0__FOLDERS__0: mailboxes.0.folders is set as a whole: its entries with commas between them"},
		"merchants in the environment":  {"", []string{"CANCELDESK_CHANNELS__WECHAT__0__ID=x"}, "environment variable CANCELDESK_CHANNELS__WECHAT__0__ID: channels.wechat is set in the file only"},
		"templates in the environment":  {"", []string{"CANCELDESK_SMS__TEMPLATES__A=x"}, "environment variable CANCELDESK_SMS__TEMPLATES__A: the names in sms.templates are set in the file only"},
		"no number in the environment":  {"", []string{"CANCELDESK_MAILBOXES__0__IMAP__PORT=imaps"}, `environment variable CANCELDESK_MAILBOXES__0__IMAP__PORT: mailboxes.0.imap.port is "imaps"; it must be a whole number`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(strings.NewReader(test.file), test.environ)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// write puts files into a folder of their own and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRelativePathsAreRelativeToTheFile(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"desk.yaml": `
database: {url: "sqlite:data/desk.db"}
blobs: {url: "file:my blobs"}
keys: {dir: secret/keys}
mailboxes: [{imap: {ca_file: ca.pem}, smtp: {ca_file: /etc/ca.pem}}]
desk: {calendar_file: days.txt}
`})
	got, err := Load(filepath.Join(dir, "desk.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := changed(func(c *Config) {
		c.Database.URL = "sqlite:" + filepath.Join(dir, "data/desk.db")
		c.Blobs.URL = "file://" + filepath.Join(dir, "my%20blobs")
		c.Keys.Dir = filepath.Join(dir, "secret/keys")
		c.Mailboxes[0].IMAP.CAFile, c.Mailboxes[0].SMTP.CAFile = filepath.Join(dir, "ca.pem"), "/etc/ca.pem"
		c.Desk.CalendarFile = filepath.Join(dir, "days.txt")
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestAbsolutePathsAndOtherDatabasesStay(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"desk.yaml": "database: {url: postgres://u:p@h/d}\nblobs: {url: file:///b}\nkeys: {dir: /k}\n"})
	got, err := Load(filepath.Join(dir, "desk.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := changed(func(c *Config) { c.Database.URL, c.Blobs.URL, c.Keys.Dir = "postgres://u:p@h/d", "file:///b", "/k" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestMissingSettingsFileSaysWhatToDo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.yaml")
	_, err := Load(path, nil)
	want := "there is no settings file " + path + ": write one (config.example.yaml shows every setting) or name it with --config or $CANCELDESK_CONFIG"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"desk.yaml": "htp: {}\n"})
	path := filepath.Join(dir, "desk.yaml")
	_, err := Load(path, nil)
	if err == nil || !strings.HasPrefix(err.Error(), path+`: line 1: there is no setting "htp". There are: accounts,`) {
		t.Errorf("error is %v", err)
	}
}
