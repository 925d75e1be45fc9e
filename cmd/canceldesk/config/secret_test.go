package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecretsStandInFiles(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"desk.yaml": `
mailboxes: [{imap: {password_file: imap.txt, oauth2: {client_secret_file: s.txt, refresh_token_file: s.txt}}, smtp: {password_file: smtp.txt, oauth2: {client_secret_file: s.txt, refresh_token_file: s.txt}}}]
accounts: {secret_file: s.txt}
billing: {secret_file: s.txt}
sms: {secret_file: s.txt}
chat: {session_secret_file: s.txt}
`,
		"imap.txt": "p w \n", "smtp.txt": " no end", "s.txt": "0123456789abcdef0123456789abcdef\r\n",
	})
	c, err := Load(filepath.Join(dir, "desk.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range c.secrets() {
		got[s.name] = *s.value
	}
	const long = "0123456789abcdef0123456789abcdef"
	want := map[string]string{
		"accounts.secret": long, "billing.secret": long, "sms.secret": long, "chat.session_secret": long,
		"mailboxes.0.imap.password": "p w ", "mailboxes.0.smtp.password": " no end",
		"mailboxes.0.imap.oauth2.client_secret": long, "mailboxes.0.imap.oauth2.refresh_token": long,
		"mailboxes.0.smtp.oauth2.client_secret": long, "mailboxes.0.smtp.oauth2.refresh_token": long,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

func TestSecretFileThatCannotBeUsedIsAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file    string
		environ []string
		want    string
	}{
		"both":                          {"accounts: {secret: a, secret_file: s.txt}", nil, "accounts.secret and accounts.secret_file are both set: leave one"},
		"both, one of them by variable": {"mailboxes: [{imap: {password_file: s.txt}}]", []string{"CANCELDESK_MAILBOXES__0__IMAP__PASSWORD=a"}, "mailboxes.0.imap.password and mailboxes.0.imap.password_file are both set: leave one"},
		"missing":                       {"mailboxes: [{}, {smtp: {password_file: none.txt}}]", nil, "mailboxes.1.smtp.password_file: open DIR/none.txt: no such file or directory"},
		"empty":                         {"chat: {session_secret_file: empty.txt}", nil, "chat.session_secret_file: empty.txt is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, map[string]string{"desk.yaml": test.file, "s.txt": "secret", "empty.txt": "\n"})
			_, err := Load(filepath.Join(dir, "desk.yaml"), test.environ)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff("DIR/desk.yaml: "+test.want, strings.ReplaceAll(err.Error(), dir, "DIR")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
