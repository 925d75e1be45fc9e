package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Check says everything about the settings that will not work, before it is needed, in the order of
// the settings. What this version does not do yet is said too, for nobody should rely on it. Nil means
// that nothing was found. It opens no file and no connection.
func (c Config) Check() []string {
	var p problems
	p.http(c.HTTP)
	p.storage(c)
	p.mailboxes(c.Mailboxes)
	p.outside(c)
	p.desk(c.Desk, c.Mailboxes)
	p.automation(c.Automation)
	p.oneOf("refunds.policy", c.Refunds.Policy, "A", "B")
	p.limits(c.Limits)
	p.routing(c.Routing, c.Mailboxes)
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

// later reports a setting whose work this version does not do.
func (p *problems) later(wanted bool, name, instead string) {
	if wanted {
		p.add("%s is not in this version yet; %s", name, instead)
	}
}

// secret checks a secret: empty switches its door off, and anything set has 32 bytes at least.
func (p *problems) secret(name, value string) {
	if value != "" && len(value) < 32 {
		p.add("%s is shorter than 32 bytes", name)
	}
}

func (p *problems) http(h HTTP) {
	_, port, err := net.SplitHostPort(h.Address)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		p.add("http.address must be host:port, such as 127.0.0.1:8080")
	}
	u, err := url.Parse(h.PublicURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.add("http.public_url must be the address people open, such as https://desk.example.com")
	}
}

// storage checks where things are kept. No message quotes a URL, which may hold a password.
func (p *problems) storage(c Config) {
	path, sqlite := strings.CutPrefix(c.Database.URL, "sqlite:")
	u, err := url.Parse(c.Database.URL)
	postgres := err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && u.Host != ""
	if !postgres && (!sqlite || path == "") {
		p.add("database.url must be sqlite:PATH or postgres://user:password@host:port/name")
	}
	switch u, err := url.Parse(c.Blobs.URL); {
	case err != nil || u.Scheme == "":
		p.add("blobs.url must be a URL such as file:///var/lib/canceldesk/blobs")
	case u.Scheme != "file":
		p.later(true, "blobs.url with "+u.Scheme, "use file:///PATH")
	case u.Host != "" || u.Path == "":
		p.add("blobs.url must have three slashes and a path, as in file:///var/lib/canceldesk/blobs, or be file:NAME for a folder beside the settings file")
	}
	if c.Keys.Dir == "" {
		p.add("keys.dir must name a folder")
	}
}

func (p *problems) mailboxes(all []Mailbox) {
	if len(all) == 0 {
		p.add("mailboxes is empty: name the mailbox that customers write to")
	}
	known := map[string]bool{}
	for i, m := range all {
		at := fmt.Sprintf("mailboxes.%d.", i)
		if m.Name == "" || known[m.Name] {
			p.add("%sname must be set and its own", at)
		}
		known[m.Name] = true
		if a, err := mail.ParseAddress(m.Address); err != nil || a.Address != m.Address {
			p.add("%saddress must be a mail address such as service@example.com", at)
		}
		p.server(at+"imap.", m.IMAP)
		if m.IMAP.Username == "" {
			p.add("%simap.username is empty", at)
		}
		if m.IMAP.Username != "" && m.IMAP.Password == "" && m.IMAP.Auth != xoauth2 {
			p.add("%simap.password is empty", at)
		}
		if len(m.Folders) == 0 || slices.Contains(m.Folders, "") {
			p.add("%sfolders must name INBOX at least, and no folder without a name", at)
		}
		p.oneOf(at+"processed.action", m.Processed.Action, "none", "seen", "move", "delete")
		if (m.Processed.Action == "move") != (m.Processed.Folder != "") {
			p.add("%sprocessed: move needs a folder, and only move has one", at)
		}
		p.server(at+"smtp.", m.SMTP)
		if m.SMTP.Auth == xoauth2 && m.SMTP.OAuth2 == (OAuth2{}) && m.IMAP.Auth == xoauth2 {
			m.SMTP.OAuth2 = m.IMAP.OAuth2 // one token for both
		}
		p.login(at+"imap.", m.IMAP)
		p.login(at+"smtp.", m.SMTP)
		if m.SMTP.Auth != xoauth2 && (m.SMTP.Username == "") != (m.SMTP.Password == "") {
			p.add("%ssmtp: username and password go together; leave both empty where the server wants no login", at)
		}
		p.sending(at+"sending", m.Sending)
	}
}

// maxSending bounds the limits: for every mail as many hand-overs are looked at.
const maxSending = 50000

// sending checks a provider's limits. A shorter span that allows more than a longer one is most likely a slip.
func (p *problems) sending(at string, s Sending) {
	before := 0
	for _, l := range []struct {
		name string
		most int
	}{{"per_minute", s.PerMinute}, {"per_hour", s.PerHour}, {"per_day", s.PerDay}} {
		switch {
		case l.most < 0 || l.most > maxSending:
			p.add("%s.%s must be from 0 (no limit) to %d", at, l.name, maxSending)
		case l.most > 0 && l.most < before:
			p.add("%s.%s is less than a shorter time allows", at, l.name)
		}
		before = max(before, l.most)
	}
}

func (p *problems) server(at string, s MailServer) {
	if s.Host == "" {
		p.add("%shost is empty", at)
	}
	if s.Port < 1 || s.Port > 65535 {
		p.add("%sport must be from 1 to 65535", at)
	}
	p.oneOf(at+"tls", s.TLS, "implicit", "starttls", "none")
	p.oneOf(at+"auth", s.Auth, "password", xoauth2)
}

// xoauth2 is logging in by an OAuth 2.0 access token.
const xoauth2 = "xoauth2"

// login checks what logging in by a token takes.
func (p *problems) login(at string, s MailServer) {
	o := s.OAuth2
	if s.Auth != xoauth2 {
		if o != (OAuth2{}) {
			p.add("%soauth2 is set, and %sauth is not xoauth2", at, at)
		}
		return
	}
	if s.Password != "" {
		p.add("%spassword is not used with auth: xoauth2; leave it empty", at)
	}
	if s.Username == "" && strings.HasSuffix(at, "smtp.") {
		p.add("%susername is empty", at)
	}
	u, err := url.Parse(o.TokenURL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		p.add("%soauth2.token_url must be the https address of the provider's token endpoint", at)
	}
	if o.ClientID == "" {
		p.add("%soauth2.client_id is empty", at)
	}
	if o.RefreshToken == "" && o.ClientSecret == "" {
		p.add("%soauth2 needs a refresh_token, or a client_secret for a login of the program's own", at)
	}
	if s.TLS == "none" && !loopback(s.Host) {
		p.add("%stls: none would send the access token in the clear", at)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// outside checks what the desk calls or is called by.
func (p *problems) outside(c Config) {
	p.platform(c)
	p.later(len(c.Channels.WeChat) > 0, "channels.wechat", "leave it empty; agreements at WeChat Pay wait for a person")
	p.later(len(c.Channels.Alipay) > 0, "channels.alipay", "leave it empty; agreements at Alipay wait for a person")
	if len(c.Channels.Ledger) > 0 {
		p.add("channels.ledger has no settings; leave it {}")
	}
	p.sms(c.SMS)
	p.secret("chat.session_secret", c.Chat.SessionSecret)
	if c.Chat.IgnoredAfter <= 0 || c.Chat.UnreadAfter <= 0 {
		p.add("chat.ignored_after and chat.unread_after must be above 0")
	}
}

func (p *problems) desk(d Desk, mailboxes []Mailbox) {
	// Local is the machine's zone, which differs from machine to machine, so the days of refunds would.
	if _, err := time.LoadLocation(d.Timezone); err != nil || d.Timezone == "" || d.Timezone == "Local" {
		p.add("desk.timezone is %q; it must be a zone's name such as Asia/Shanghai", d.Timezone)
	}
	p.oneOf("desk.locale", d.Locale, "zh-CN", "en")
	if len(mailboxes) > 0 && !slices.ContainsFunc(mailboxes, func(m Mailbox) bool { return m.Name == d.FromMailbox }) {
		p.add("desk.from_mailbox is %q, and no mailbox has that name", d.FromMailbox)
	}
	p.positive("desk.close_after_days", int64(d.CloseAfterDays))
	p.positive("desk.first_response", int64(d.FirstResponse))
	p.positive("desk.resolution_days", int64(d.ResolutionDays))
	if _, err := tickets.ParseHours(d.Hours); err != nil {
		p.add("desk.hours: %s", err)
	}
	if d.WarnBefore < 0 || d.ClaimMinutes < 0 {
		p.add("desk.warn_before and desk.claim_minutes must not be below 0; 0 switches them off")
	}
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

// limits checks what bounds one mail, account or agent. The two sums of refunds are not counted yet, and
// whoever sets one would rely on it.
func (p *problems) limits(l Limits) {
	p.positive("limits.mail_bytes", l.MailBytes)
	p.positive("limits.recording_bytes", l.RecordingBytes)
	p.positive("limits.auto_answers_per_day", int64(l.AutoAnswersPerDay))
	d := Default().Limits
	p.later(l.RefundsPerAccount30dFen != d.RefundsPerAccount30dFen, "limits.refunds_per_account_30d_fen", fmt.Sprintf("leave it at %d, and use automation's limits", d.RefundsPerAccount30dFen))
	p.later(l.RefundsPerAgentDayFen != d.RefundsPerAgentDayFen, "limits.refunds_per_agent_day_fen", fmt.Sprintf("leave it at %d, and use automation's limits", d.RefundsPerAgentDayFen))
}

// routing checks what becomes of mail that asks for something else.
func (p *problems) routing(r Routing, boxes []Mailbox) {
	p.oneOf("routing.not_cancellation", r.NotCancellation, "keep", "forward")
	forwards := r.NotCancellation == "forward"
	switch own := slices.ContainsFunc(boxes, func(m Mailbox) bool { return strings.EqualFold(m.Address, r.ForwardTo) }); {
	case forwards && !tickets.Mailable(r.ForwardTo):
		p.add("routing.forward_to is no mail address, and routing.not_cancellation is forward")
	case forwards && own:
		p.add("routing.forward_to is one of the desk's own mailboxes, so forwarded mail would come back for ever")
	case !forwards && r.ForwardTo != "":
		p.add("routing.forward_to is set, and routing.not_cancellation keeps the mail: set forward, or leave it empty")
	}
	if r.SamplePercent < 0 || r.SamplePercent > 100 {
		p.add("routing.sample_percent is a share of 100")
	}
}
