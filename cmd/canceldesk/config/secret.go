package config

import (
	"fmt"
	"os"
	"strings"
)

// secret is a setting that is never shown. It can stand in a file of its own, which is how Docker and
// systemd hand secrets over.
type secret struct {
	name        string // as in mailboxes.0.imap.password
	value, file *string
}

// secrets are all there are.
func (c *Config) secrets() []secret {
	all := []secret{
		{"accounts.secret", &c.Accounts.Secret, &c.Accounts.SecretFile},
		{"billing.secret", &c.Billing.Secret, &c.Billing.SecretFile},
		{"sms.secret", &c.SMS.Secret, &c.SMS.SecretFile},
		{"chat.session_secret", &c.Chat.SessionSecret, &c.Chat.SessionSecretFile},
	}
	for i := range c.Mailboxes {
		m := &c.Mailboxes[i]
		all = append(all,
			secret{fmt.Sprintf("mailboxes.%d.imap.password", i), &m.IMAP.Password, &m.IMAP.PasswordFile},
			secret{fmt.Sprintf("mailboxes.%d.smtp.password", i), &m.SMTP.Password, &m.SMTP.PasswordFile})
		for _, s := range []struct {
			name string
			o    *OAuth2
		}{{"imap", &m.IMAP.OAuth2}, {"smtp", &m.SMTP.OAuth2}} {
			all = append(all,
				secret{fmt.Sprintf("mailboxes.%d.%s.oauth2.client_secret", i, s.name), &s.o.ClientSecret, &s.o.ClientSecretFile},
				secret{fmt.Sprintf("mailboxes.%d.%s.oauth2.refresh_token", i, s.name), &s.o.RefreshToken, &s.o.RefreshTokenFile})
		}
	}
	return all
}

// readSecrets reads the secrets that stand in files; the line's end there does not belong to them. A
// file that holds nothing is an error, because an empty secret switches something off.
func (c *Config) readSecrets(dir string) error {
	for _, s := range c.secrets() {
		if *s.file == "" {
			continue
		}
		if *s.value != "" {
			return fmt.Errorf("%s and %s_file are both set: leave one", s.name, s.name)
		}
		raw, err := os.ReadFile(under(dir, *s.file))
		if err != nil {
			return fmt.Errorf("%s_file: %w", s.name, err)
		}
		if *s.value = strings.TrimRight(string(raw), "\r\n"); *s.value == "" {
			return fmt.Errorf("%s_file: %s is empty", s.name, *s.file)
		}
	}
	return nil
}
