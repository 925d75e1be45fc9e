package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Check says everything about the settings that will not work, before it is needed. Nil means that
// nothing was found; it opens no connection.
func (c Config) Check() []string {
	var p problems
	p.http(c.HTTP)
	if !strings.HasPrefix(c.Database.URL, "sqlite:") && !strings.HasPrefix(c.Database.URL, "postgres://") && !strings.HasPrefix(c.Database.URL, "postgresql://") {
		p.add("database.url must be sqlite:PATH or postgres://user:password@host:port/name")
	}
	if u, err := url.Parse(c.Blobs.URL); err != nil || u.Scheme == "" {
		p.add("blobs.url must be a URL such as file:///var/lib/canceldesk/blobs")
	} else if u.Scheme != "file" && u.Scheme != "mem" {
		p.add("blobs.url: this version keeps originals in file:// (or mem:// for tests) only")
	}
	if c.Keys.Dir == "" {
		p.add("keys.dir must name a folder")
	}
	p.mailboxes(c)
	p.outside(c)
	p.desk(c.Desk)
	p.automation(c.Automation)
	p.oneOf("refunds.policy", c.Refunds.Policy, "A", "B")
	p.positive("limits.mail_bytes", c.Limits.MailBytes)
	p.positive("limits.refunds_per_account_30d_fen", c.Limits.RefundsPerAccount30dFen)
	p.positive("limits.refunds_per_agent_day_fen", c.Limits.RefundsPerAgentDayFen)
	p.oneOf("routing.not_cancellation", c.Routing.NotCancellation, "keep", "forward")
	if c.Routing.NotCancellation == "forward" {
		p.add("routing.not_cancellation: forward is not in this version yet; set keep")
	}
	return p
}

// problems are what Check found.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

func (p *problems) oneOf(name, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add("%s is %q; it must be one of %s", name, value, strings.Join(allowed, ", "))
	}
}

func (p *problems) positive(name string, n int64) {
	if n <= 0 {
		p.add("%s must be above 0", name)
	}
}

// secret checks a secret: empty switches its door off, and anything set has 32 bytes at least.
func (p *problems) secret(name, value string) {
	if value != "" && len(value) < 32 {
		p.add("%s is shorter than 32 bytes", name)
	}
}

func (p *problems) http(h HTTP) {
	if _, _, err := net.SplitHostPort(h.Address); err != nil {
		p.add("http.address must be host:port, such as 127.0.0.1:8080")
	}
	u, err := url.Parse(h.PublicURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		p.add("http.public_url must be the address people open, such as https://desk.example.com")
	}
}

func (p *problems) mailboxes(c Config) {
	names := map[string]bool{}
	for i, m := range c.Mailboxes {
		at := fmt.Sprintf("mailboxes.%d.", i)
		if m.Name == "" || names[m.Name] {
			p.add("%sname must be set and its own", at)
		}
		names[m.Name] = true
		if a, err := mail.ParseAddress(m.Address); err != nil || a.Address != m.Address {
			p.add("%saddress must be a mail address such as service@example.com", at)
		}
		p.server(at+"imap.", m.IMAP, "password")
		p.server(at+"smtp.", m.SMTP, "password")
		if m.IMAP.Username == "" {
			p.add("%simap.username is empty", at)
		}
		if len(m.Folders) == 0 {
			p.add("%sfolders is empty: name INBOX at least", at)
		}
		p.oneOf(at+"processed.action", m.Processed.Action, "none", "seen", "move", "delete")
		if (m.Processed.Action == "move") != (m.Processed.Folder != "") {
			p.add("%sprocessed: move needs a folder, and only move has one", at)
		}
	}
	if len(c.Mailboxes) > 0 && !names[c.Desk.FromMailbox] {
		p.add("desk.from_mailbox is %q, and no mailbox has that name", c.Desk.FromMailbox)
	}
}

func (p *problems) server(at string, s MailServer, auths ...string) {
	if s.Host == "" {
		p.add("%shost is empty", at)
	}
	if s.Port < 1 || s.Port > 65535 {
		p.add("%sport must be from 1 to 65535", at)
	}
	p.oneOf(at+"tls", s.TLS, "implicit", "starttls", "none")
	if s.Auth == "xoauth2" {
		p.add("%sauth: xoauth2 is not in this version yet; set password", at)
		return
	}
	p.oneOf(at+"auth", s.Auth, auths...)
}

// outside checks what the desk calls or is called by.
func (p *problems) outside(c Config) {
	p.oneOf("accounts.source", c.Accounts.Source, "embedded", "http")
	p.oneOf("billing.mode", c.Billing.Mode, "embedded", "http", "pull")
	p.oneOf("sms.provider", c.SMS.Provider, "none", "log", "webhook")
	for name, later := range map[string]bool{
		"accounts.source: http":           c.Accounts.Source == "http",
		"billing.mode: " + c.Billing.Mode: c.Billing.Mode == "http" || c.Billing.Mode == "pull",
		"sms.provider: " + c.SMS.Provider: c.SMS.Provider == "log" || c.SMS.Provider == "webhook",
		"channels.wechat":                 len(c.Channels.WeChat) > 0,
		"channels.alipay":                 len(c.Channels.Alipay) > 0,
	} {
		if later {
			p.add("%s is not in this version yet", name)
		}
	}
	slices.Sort(*p)
	p.secret("accounts.secret", c.Accounts.Secret)
	p.secret("billing.secret", c.Billing.Secret)
	p.secret("sms.secret", c.SMS.Secret)
	p.secret("chat.session_secret", c.Chat.SessionSecret)
}

func (p *problems) desk(d Desk) {
	if _, err := time.LoadLocation(d.Timezone); err != nil || d.Timezone == "" {
		p.add("desk.timezone is %q; it must be a zone's name such as Asia/Shanghai", d.Timezone)
	}
	p.oneOf("desk.locale", d.Locale, "zh-CN", "en")
	p.positive("desk.close_after_days", int64(d.CloseAfterDays))
	p.positive("desk.first_response", int64(d.FirstResponse))
	p.positive("desk.resolution_days", int64(d.ResolutionDays))
}

func (p *problems) automation(a Automation) {
	for _, s := range []struct{ name, value string }{
		{"automation.stop", a.Stop}, {"automation.refund", a.Refund}, {"automation.refund_own_fault", a.RefundOwnFault},
	} {
		p.oneOf(s.name, s.value, "auto", "propose", "off")
	}
	for _, s := range []struct {
		name string
		fen  int64
	}{
		{"refund_auto_limit_fen", a.RefundAutoLimitFen}, {"own_fault_auto_limit_fen", a.OwnFaultAutoLimitFen}, {"approval_above_fen", a.ApprovalAboveFen},
	} {
		if s.fen < 0 {
			p.add("automation.%s is below 0", s.name)
		}
	}
	if a.Refund == "auto" && a.RefundAutoLimitFen == 0 {
		p.add("automation.refund is auto with refund_auto_limit_fen 0, which lets nothing through: set a limit, or propose")
	}
	if a.RefundOwnFault == "auto" && a.OwnFaultAutoLimitFen == 0 {
		p.add("automation.refund_own_fault is auto with own_fault_auto_limit_fen 0, which lets nothing through: set a limit, or propose")
	}
}
