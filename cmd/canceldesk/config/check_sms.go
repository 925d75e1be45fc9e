package config

import (
	"maps"
	"net/url"
	"slices"

	"github.com/canceldesk/canceldesk/tickets"
)

// sms checks how text messages are sent.
func (p *problems) sms(s SMS) {
	p.oneOf("sms.provider", s.Provider, "none", "log", "webhook")
	if u, err := url.Parse(s.URL); s.Provider == "webhook" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		p.add("sms.url must be your gateway's address, such as https://sms.example.com/send")
	}
	if s.Provider == "webhook" && s.Secret == "" {
		p.add("sms.secret is empty: the gateway could not tell the desk's messages from anybody's")
	}
	p.secret("sms.secret", s.Secret)
	if _, err := tickets.ParseQuiet(s.Quiet); err != nil {
		p.add("sms.quiet must be a part of the day such as 22:00-08:00, or empty")
	}
	if (s.Provider == "webhook" || s.Provider == "log") && s.Templates[string(tickets.TellCode)] == "" {
		p.add("sms.templates has no template for code")
	}
	for _, say := range slices.Sorted(maps.Keys(s.Templates)) {
		if say == "" || s.Templates[say] == "" {
			p.add("sms.templates has an empty name or template id")
		}
	}
}

// CheckServe is Check for a desk with real customers, who would wait for ever for messages that are only
// kept for the demo.
func (c Config) CheckServe() []string {
	p := problems(c.Check())
	if c.SMS.Provider == "log" {
		p.add("sms.provider: log is for the demo, where text messages are read on /demo/mails; set webhook or none")
	}
	return p
}
