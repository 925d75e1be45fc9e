package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrintShowsNoSecret(t *testing.T) {
	t.Parallel()
	const hush = "geheim"
	for name, change := range map[string]func(*Config){
		"accounts.secret":                    func(c *Config) { c.Accounts.Secret = hush },
		"billing.secret":                     func(c *Config) { c.Billing.Secret = hush },
		"sms.secret":                         func(c *Config) { c.SMS.Secret = hush },
		"chat.session_secret":                func(c *Config) { c.Chat.SessionSecret = hush },
		"imap.password":                      func(c *Config) { c.Mailboxes[0].IMAP.Password = hush },
		"smtp.password":                      func(c *Config) { c.Mailboxes[0].SMTP.Password = hush },
		"a client's of OAuth 2.0":            func(c *Config) { c.Mailboxes[0].IMAP.OAuth2.ClientSecret = hush },
		"a refresh token":                    func(c *Config) { c.Mailboxes[0].SMTP.OAuth2.RefreshToken = hush },
		"in a token endpoint's URL":          func(c *Config) { c.Mailboxes[0].IMAP.OAuth2.TokenURL = "https://x/token?key=" + hush },
		"a merchant's key":                   func(c *Config) { c.Channels.WeChat = []map[string]any{{"name": "a", "api_key": hush}} },
		"a merchant's key further down":      func(c *Config) { c.Channels.Alipay = []map[string]any{{"keys": map[string]any{"private": hush}}} },
		"the ledger's":                       func(c *Config) { c.Channels.Ledger = map[string]any{"k": hush} },
		"in the database's URL":              func(c *Config) { c.Database.URL = "postgres://u:" + hush + "@h:5432/d" },
		"with an at sign in it":              func(c *Config) { c.Database.URL = "postgres://u:p@" + hush + "@h/d" },
		"in the database's query":            func(c *Config) { c.Database.URL = "postgres://h/d?user=u&password=" + hush },
		"in a URL that is none":              func(c *Config) { c.Database.URL = "postgres://u:%zz" + hush + "@h/d" },
		"in a URL without slashes":           func(c *Config) { c.Database.URL = "postgres:u:" + hush + "@h/d" },
		"a token in a gateway's URL":         func(c *Config) { c.SMS.URL = "https://" + hush + "@sms.example/send" },
		"a token in a gateway's query":       func(c *Config) { c.SMS.URL = "https://sms.example/send?token=" + hush },
		"in the address for people":          func(c *Config) { c.HTTP.PublicURL = "https://u:" + hush + "@desk.example" },
		"in the platform's and the biller's": func(c *Config) { c.Accounts.URL, c.Billing.URL = "https://a:"+hush+"@x", "https://b:"+hush+"@x" },
		"a bucket's":                         func(c *Config) { c.Blobs.URL = "s3://bucket?secret=" + hush },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := changed(change).Print()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(out), hush) || !strings.Contains(string(out), hidden) {
				t.Errorf("want *** and not the secret:\n%s", out)
			}
		})
	}
}

func TestPrintLeavesWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                            "",
		"sqlite:/var/lib/my desk?.db": "sqlite:/var/lib/my desk?.db",
		"file:///var/lib/blobs":       "file:///var/lib/blobs",
		"https://desk.example.com/x":  "https://desk.example.com/x",
		"postgres://u:p@h:5432/d":     "postgres://***@h:5432/d",
		"postgres://u:p@h/d?a=b":      "postgres://***@h/d?***",
	} {
		if got := maskedURL(in); got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
	}
}

func TestPrintedSettingsAreTheSettings(t *testing.T) {
	t.Parallel()
	out, err := Default().Print()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), parse(t, string(out))); diff != "" {
		t.Errorf("read again (-printed +read):\n%s", diff)
	}
}

func TestPrintOfASecretFileNamesTheFile(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"desk.yaml": "mailboxes: [{imap: {password_file: p.txt}}]", "p.txt": "geheim"})
	c, err := Load(filepath.Join(dir, "desk.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	if s := string(out); !strings.Contains(s, "password_file: p.txt") || strings.Contains(s, "geheim") {
		t.Errorf("want the file's name and not what it holds:\n%s", s)
	}
}
