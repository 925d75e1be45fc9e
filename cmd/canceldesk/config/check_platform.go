package config

import (
	"net/url"
	"time"

	"github.com/canceldesk/canceldesk/store/platform"
)

// longestCache is how old an account may be that something is decided by.
const longestCache = 24 * time.Hour

// platform checks how the platform is reached. No message quotes an address, which may hold a password.
func (p *problems) platform(c Config) {
	p.oneOf("accounts.source", c.Accounts.Source, "embedded", "http")
	asks := c.Accounts.Source == "http"
	p.signed("accounts", asks, asks, c.Accounts.URL, c.Accounts.Secret)
	if c.Accounts.Cache < 0 || c.Accounts.Cache > longestCache {
		p.add("accounts.cache must be from 0 to 24h: nothing is to be decided by an older account")
	}
	p.timeout("accounts.timeout", c.Accounts.Timeout)
	p.timeout("billing.timeout", c.Billing.Timeout)
	p.oneOf("billing.mode", c.Billing.Mode, "embedded", "http", "pull")
	p.signed("billing", c.Billing.Mode == "http", c.Billing.Mode == "http" || c.Billing.Mode == "pull", c.Billing.URL, c.Billing.Secret)
}

// shortestTimeout and longestTimeout bound one call: a case is worked on for a minute at a time, and has to be able
// to write down that nobody answered.
const (
	shortestTimeout = 100 * time.Millisecond
	longestTimeout  = 45 * time.Second
)

func (p *problems) timeout(name string, d time.Duration) {
	if d < shortestTimeout || d > longestTimeout {
		p.add("%s must be from 100ms to 45s", name)
	}
}

// signed checks the address and the secret of one part of the platform's: whether the desk calls it,
// and whether either calls the other with signatures.
func (p *problems) signed(name string, calls, needsSecret bool, address, secret string) {
	u, err := url.Parse(address)
	good := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
	if !good && (calls || address != "") {
		p.add("%s.url must be an address such as https://%s.example.com, without a login, a question mark or a #", name, name)
	}
	switch _, err := platform.ParseSecret(secret); {
	case secret == "" && needsSecret:
		p.add("%s.secret is empty: both sides sign with it, so it needs 32 bytes at least", name)
	case err != nil:
		p.add("%s.secret begins with whsec_ and does not go on in base64", name)
	default:
		p.secret(name+".secret", secret)
	}
}
