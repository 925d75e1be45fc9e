package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// working is settings with which everything works.
func working() Config {
	return changed(func(c *Config) {
		c.Mailboxes[0].IMAP.Username, c.Mailboxes[0].IMAP.Password = "service", "p"
	})
}

func TestCheckFindsNothingInWorkingSettings(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"the defaults with a login": func(*Config) {},
		"PostgreSQL":                func(c *Config) { c.Database.URL = "postgresql://u:p@h:5432/d" },
		"everything by itself": func(c *Config) {
			c.Automation = Automation{Stop: "auto", Refund: "auto", RefundAutoLimitFen: 1, RefundOwnFault: "auto", OwnFaultAutoLimitFen: 1}
		},
		"everything by hand": func(c *Config) { c.Automation = Automation{Stop: "off", Refund: "off", RefundOwnFault: "off"} },
		"mail forwarded": func(c *Config) {
			c.Routing = Routing{NotCancellation: "forward", ForwardTo: "sales@example.com"}
		},
		"two mailboxes":    func(c *Config) { c.Mailboxes = append(c.Mailboxes, c.Mailboxes[0]); c.Mailboxes[1].Name = "vip" },
		"moved mail":       func(c *Config) { c.Mailboxes[0].Processed = Processed{"move", "Done"} },
		"a login for SMTP": func(c *Config) { c.Mailboxes[0].SMTP.Username, c.Mailboxes[0].SMTP.Password = "u", "p" },
		"a long secret":    func(c *Config) { c.Accounts.Secret = strings.Repeat("s", 32) },
		"the platform over HTTP": func(c *Config) {
			secret := "whsec_" + strings.Repeat("c2Vj", 12)
			c.Accounts = Accounts{Source: "http", URL: "https://accounts.example.com/desk", Secret: secret, Cache: time.Minute, Timeout: callTimeout}
			c.Billing = Billing{Mode: "http", URL: "http://billing:9000", Secret: secret, Timeout: callTimeout}
		},
		"a biller that pulls": func(c *Config) {
			c.Billing = Billing{Mode: "pull", Secret: strings.Repeat("s", 32), Timeout: callTimeout}
		},
		"one that pulls and has an address": func(c *Config) {
			c.Billing = Billing{Mode: "pull", URL: "https://billing.example.com", Secret: strings.Repeat("s", 32), Timeout: callTimeout}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := working()
			change(&c)
			if diff := cmp.Diff([]string(nil), c.Check()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckSaysWhatWillNotWork(t *testing.T) {
	t.Parallel()
	short, secret := strings.Repeat("s", 31), strings.Repeat("s", 32)
	for want, change := range map[string]func(*Config){
		"http.address must be host:port, such as 127.0.0.1:8080":                            func(c *Config) { c.HTTP.Address = "127.0.0.1:http" },
		"http.public_url must be the address people open, such as https://desk.example.com": func(c *Config) { c.HTTP.PublicURL = "desk.example.com" },
		"database.url must be sqlite:PATH or postgres://user:password@host:port/name":       func(c *Config) { c.Database.URL = "mysql://h/d" },
		"blobs.url must be a URL such as file:///var/lib/canceldesk/blobs":                  func(c *Config) { c.Blobs.URL = "/var/lib" },
		"blobs.url with s3 is not in this version yet; use file:///PATH":                    func(c *Config) { c.Blobs.URL = "s3://bucket" },
		"keys.dir must name a folder":                                                       func(c *Config) { c.Keys.Dir = "" },
		"mailboxes is empty: name the mailbox that customers write to":                      func(c *Config) { c.Mailboxes = nil },
		"mailboxes.1.name must be set and its own":                                          func(c *Config) { c.Mailboxes = append(c.Mailboxes, c.Mailboxes[0]) },
		"mailboxes.0.address must be a mail address such as service@example.com":            func(c *Config) { c.Mailboxes[0].Address = "Service <service@example.com>" },
		"mailboxes.0.imap.host is empty":                                                    func(c *Config) { c.Mailboxes[0].IMAP.Host = "" },
		"mailboxes.0.imap.port must be from 1 to 65535":                                     func(c *Config) { c.Mailboxes[0].IMAP.Port = 0 },
		`mailboxes.0.imap.tls is "ssl"; it must be one of implicit, starttls, none`:         func(c *Config) { c.Mailboxes[0].IMAP.TLS = "ssl" },
		`mailboxes.0.imap.auth is "plain"; it must be one of password, xoauth2`:             func(c *Config) { c.Mailboxes[0].IMAP.Auth = "plain" },
		"mailboxes.0.imap.oauth2.token_url must be the https address of the provider's token endpoint": func(c *Config) {
			c.Mailboxes[0].IMAP = tokenLogin(c.Mailboxes[0].IMAP)
			c.Mailboxes[0].IMAP.OAuth2.TokenURL = "http://login.example.com/token"
		},
		"mailboxes.0.imap.oauth2.client_id is empty": func(c *Config) {
			c.Mailboxes[0].IMAP = tokenLogin(c.Mailboxes[0].IMAP)
			c.Mailboxes[0].IMAP.OAuth2.ClientID = ""
		},
		"mailboxes.0.imap.oauth2 needs a refresh_token, or a client_secret for a login of the program's own": func(c *Config) {
			c.Mailboxes[0].IMAP = tokenLogin(c.Mailboxes[0].IMAP)
			c.Mailboxes[0].IMAP.OAuth2.RefreshToken = ""
		},
		"mailboxes.0.imap.password is not used with auth: xoauth2; leave it empty": func(c *Config) {
			c.Mailboxes[0].IMAP = tokenLogin(c.Mailboxes[0].IMAP)
			c.Mailboxes[0].IMAP.Password = "p"
		},
		"mailboxes.0.imap.tls: none would send the access token in the clear": func(c *Config) {
			c.Mailboxes[0].IMAP = tokenLogin(c.Mailboxes[0].IMAP)
			c.Mailboxes[0].IMAP.TLS, c.Mailboxes[0].IMAP.Host = "none", "imap.example.com"
		},
		"mailboxes.0.imap.oauth2 is set, and mailboxes.0.imap.auth is not xoauth2": func(c *Config) {
			c.Mailboxes[0].IMAP.OAuth2.Scope = "mail"
		},
		"mailboxes.0.smtp.username is empty": func(c *Config) {
			c.Mailboxes[0].SMTP = tokenLogin(c.Mailboxes[0].SMTP)
			c.Mailboxes[0].SMTP.Username = ""
		},
		"mailboxes.0.imap.username is empty":                                                                               func(c *Config) { c.Mailboxes[0].IMAP.Username = "" },
		"mailboxes.0.imap.password is empty":                                                                               func(c *Config) { c.Mailboxes[0].IMAP.Password = "" },
		"mailboxes.0.folders must name INBOX at least, and no folder without a name":                                       func(c *Config) { c.Mailboxes[0].Folders = nil },
		`mailboxes.0.processed.action is "archive"; it must be one of none, seen, move, delete`:                            func(c *Config) { c.Mailboxes[0].Processed.Action = "archive" },
		"mailboxes.0.processed: move needs a folder, and only move has one":                                                func(c *Config) { c.Mailboxes[0].Processed.Action = "move" },
		"mailboxes.0.smtp.host is empty":                                                                                   func(c *Config) { c.Mailboxes[0].SMTP.Host = "" },
		"mailboxes.0.smtp.port must be from 1 to 65535":                                                                    func(c *Config) { c.Mailboxes[0].SMTP.Port = 65536 },
		`accounts.source is "ldap"; it must be one of embedded, http`:                                                      func(c *Config) { c.Accounts.Source = "ldap" },
		"accounts.secret is shorter than 32 bytes":                                                                         func(c *Config) { c.Accounts.Secret = short },
		`billing.mode is "stripe"; it must be one of embedded, http, pull`:                                                 func(c *Config) { c.Billing.Mode = "stripe" },
		"billing.secret is empty: both sides sign with it, so it needs 32 bytes at least":                                  func(c *Config) { c.Billing.Mode = "pull" },
		"billing.url must be an address such as https://billing.example.com, without a login, a question mark or a #":      func(c *Config) { c.Billing.Mode, c.Billing.Secret = "http", secret },
		"accounts.secret is empty: both sides sign with it, so it needs 32 bytes at least":                                 func(c *Config) { c.Accounts.Source, c.Accounts.URL = "http", "http://10.0.0.1:9000/api" },
		"accounts.url must be an address such as https://accounts.example.com, without a login, a question mark or a #":    func(c *Config) { c.Accounts.Source, c.Accounts.URL, c.Accounts.Secret = "http", "ftp://x", secret },
		"accounts.secret begins with whsec_ and does not go on in base64":                                                  func(c *Config) { c.Accounts.Secret = "whsec_!" + secret },
		"accounts.cache must be from 0 to 24h: nothing is to be decided by an older account":                               func(c *Config) { c.Accounts.Cache = -1 },
		"accounts.timeout must be from 100ms to 45s":                                                                       func(c *Config) { c.Accounts.Timeout = time.Millisecond },
		"billing.timeout must be from 100ms to 45s":                                                                        func(c *Config) { c.Billing.Timeout = time.Minute },
		"billing.secret is shorter than 32 bytes":                                                                          func(c *Config) { c.Billing.Secret = short },
		"channels.ledger has no settings; leave it {}":                                                                     func(c *Config) { c.Channels.Ledger = map[string]any{"a": 1} },
		`sms.provider is "twilio"; it must be one of none, log, webhook`:                                                   func(c *Config) { c.SMS.Provider = "twilio" },
		"sms.templates has no template for code":                                                                           func(c *Config) { c.SMS.Provider = "log" },
		"sms.url must be your gateway's address, such as https://sms.example.com/send":                                     func(c *Config) { c.SMS = gateway(); c.SMS.URL = "sms.example.com" },
		"sms.secret is empty: the gateway could not tell the desk's messages from anybody's":                               func(c *Config) { c.SMS = gateway(); c.SMS.Secret = "" },
		"sms.quiet must be a part of the day such as 22:00-08:00, or empty":                                                func(c *Config) { c.SMS.Quiet = "at night" },
		"sms.templates has an empty name or template id":                                                                   func(c *Config) { c.SMS.Templates = map[string]string{"unread": ""} },
		"sms.secret is shorter than 32 bytes":                                                                              func(c *Config) { c.SMS.Secret = short },
		"chat.session_secret is shorter than 32 bytes":                                                                     func(c *Config) { c.Chat.SessionSecret = short },
		"chat.ignored_after and chat.unread_after must be above 0":                                                         func(c *Config) { c.Chat.UnreadAfter = 0 },
		`desk.timezone is "Shanghai"; it must be a zone's name such as Asia/Shanghai`:                                      func(c *Config) { c.Desk.Timezone = "Shanghai" },
		`desk.timezone is "Local"; it must be a zone's name such as Asia/Shanghai`:                                         func(c *Config) { c.Desk.Timezone = "Local" },
		`desk.locale is "de"; it must be one of zh-CN, en`:                                                                 func(c *Config) { c.Desk.Locale = "de" },
		`desk.from_mailbox is "vip", and no mailbox has that name`:                                                         func(c *Config) { c.Desk.FromMailbox = "vip" },
		"desk.close_after_days must be above 0":                                                                            func(c *Config) { c.Desk.CloseAfterDays = 0 },
		`desk.hours: Business hours: "9-18" is no part of a day; write 09:00-18:00, and hours over midnight as two parts.`: func(c *Config) { c.Desk.Hours = "9-18" },
		"desk.warn_before and desk.claim_minutes must not be below 0; 0 switches them off":                                 func(c *Config) { c.Desk.ClaimMinutes = -1 },
		"desk.first_response must be above 0":                                                                              func(c *Config) { c.Desk.FirstResponse = -1 },
		"desk.resolution_days must be above 0":                                                                             func(c *Config) { c.Desk.ResolutionDays = 0 },
		`automation.stop is "yes"; it must be one of auto, propose, off`:                                                   func(c *Config) { c.Automation.Stop = "yes" },
		`automation.refund is ""; it must be one of auto, propose, off`:                                                    func(c *Config) { c.Automation.Refund = "" },
		`automation.refund_own_fault is "1"; it must be one of auto, propose, off`:                                         func(c *Config) { c.Automation.RefundOwnFault = "1" },
		"automation.refund_auto_limit_fen is below 0":                                                                      func(c *Config) { c.Automation.RefundAutoLimitFen = -1 },
		"automation.own_fault_auto_limit_fen is below 0":                                                                   func(c *Config) { c.Automation.OwnFaultAutoLimitFen = -1 },
		"automation.approval_above_fen is below 0":                                                                         func(c *Config) { c.Automation.ApprovalAboveFen = -1 },
		`refunds.policy is "C"; it must be one of A, B`:                                                                    func(c *Config) { c.Refunds.Policy = "C" },
		"limits.mail_bytes must be above 0":                                                                                func(c *Config) { c.Limits.MailBytes = 0 },
		`routing.not_cancellation is "drop"; it must be one of keep, forward`:                                              func(c *Config) { c.Routing.NotCancellation = "drop" },
		"routing.forward_to is no mail address, and routing.not_cancellation is forward":                                   func(c *Config) { c.Routing.NotCancellation = "forward" },
		"routing.forward_to is one of the desk's own mailboxes, so forwarded mail would come back for ever": func(c *Config) {
			c.Routing = Routing{NotCancellation: "forward", ForwardTo: "Service@example.com"}
		},
		"routing.forward_to is set, and routing.not_cancellation keeps the mail: set forward, or leave it empty":                                      func(c *Config) { c.Routing.ForwardTo = "a@b.example" },
		"routing.sample_percent is a share of 100":                                                                                                    func(c *Config) { c.Routing.SamplePercent = 101 },
		"mailboxes.0.sending.per_hour must be from 0 (no limit) to 50000":                                                                             func(c *Config) { c.Mailboxes[0].Sending.PerHour = -1 },
		"mailboxes.0.sending.per_day is less than a shorter time allows":                                                                              func(c *Config) { c.Mailboxes[0].Sending = Sending{PerMinute: 30, PerDay: 20} },
		"channels.wechat is not in this version yet; leave it empty; agreements at WeChat Pay wait for a person":                                      func(c *Config) { c.Channels.WeChat = []map[string]any{{"name": "a"}} },
		"channels.alipay is not in this version yet; leave it empty; agreements at Alipay wait for a person":                                          func(c *Config) { c.Channels.Alipay = []map[string]any{{"name": "a"}} },
		"automation.refund is auto with refund_auto_limit_fen 0, which lets nothing through: set a limit, or propose":                                 func(c *Config) { c.Automation.Refund = "auto" },
		"automation.refund_own_fault is auto with own_fault_auto_limit_fen 0, which lets nothing through: set a limit, or propose":                    func(c *Config) { c.Automation.OwnFaultAutoLimitFen = 0 },
		"limits.refunds_per_account_30d_fen is not in this version yet; leave it at 100000, and use automation's limits":                              func(c *Config) { c.Limits.RefundsPerAccount30dFen = 1 },
		"limits.refunds_per_agent_day_fen is not in this version yet; leave it at 500000, and use automation's limits":                                func(c *Config) { c.Limits.RefundsPerAgentDayFen = 1 },
		"mailboxes.0.smtp: username and password go together; leave both empty where the server wants no login":                                       func(c *Config) { c.Mailboxes[0].SMTP.Username = "u" },
		"blobs.url must have three slashes and a path, as in file:///var/lib/canceldesk/blobs, or be file:NAME for a folder beside the settings file": func(c *Config) { c.Blobs.URL = "file://blobs/x" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c := working()
			change(&c)
			if diff := cmp.Diff([]string{want}, c.Check()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckSaysAllAtOnceInTheOrderOfTheSettings(t *testing.T) {
	t.Parallel()
	c := Default()
	c.HTTP.PublicURL, c.Billing.Mode, c.SMS.Provider, c.Refunds.Policy = "", "pull", "log", "C"
	want := []string{
		"http.public_url must be the address people open, such as https://desk.example.com",
		"mailboxes.0.imap.username is empty",
		"billing.secret is empty: both sides sign with it, so it needs 32 bytes at least",
		"sms.templates has no template for code",
		`refunds.policy is "C"; it must be one of A, B`,
	}
	if diff := cmp.Diff(want, c.Check()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestCheckNeverQuotesAPassword(t *testing.T) {
	t.Parallel()
	c := working()
	c.Database.URL, c.Blobs.URL, c.Accounts.Secret, c.HTTP.PublicURL = "mysql://u:geheim@h", "file://geheim@h/x", "geheim", "https://u:geheim@h"
	all := strings.Join(c.Check(), "\n")
	if strings.Contains(all, "geheim") || strings.Count(all, "\n") != 3 {
		t.Errorf("want four problems without the password:\n%s", all)
	}
}

// gateway is a way to send text messages that works.
func gateway() SMS {
	return SMS{
		Provider: "webhook", URL: "https://sms.example.com/send", Secret: strings.Repeat("s", 32), Quiet: "22:00-08:00",
		Templates: map[string]string{"code": "SMS_1"},
	}
}

func TestOnlyTheDemoKeepsTextMessages(t *testing.T) {
	t.Parallel()
	c := working()
	c.SMS = gateway()
	if got := c.CheckServe(); got != nil {
		t.Errorf("a gateway: %v", got)
	}
	c.SMS.Provider = "log"
	want := []string{"sms.provider: log is for the demo, where text messages are read on /demo/mails; set webhook or none"}
	if diff := cmp.Diff(want, c.CheckServe()); diff != "" || c.Check() != nil {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, c.Check())
	}
}

// tokenLogin is a server whose login is by a token.
func tokenLogin(s MailServer) MailServer {
	s.Auth, s.Username, s.Password = "xoauth2", "service@example.com", ""
	s.OAuth2 = OAuth2{TokenURL: "https://login.example.com/token", ClientID: "desk", RefreshToken: "r"}
	return s
}

func TestLoginByTokenForBothServersIsFine(t *testing.T) {
	t.Parallel()
	c := Default()
	m := &c.Mailboxes[0]
	m.IMAP = tokenLogin(m.IMAP)
	m.SMTP.Auth, m.SMTP.Username = "xoauth2", "service@example.com" // with the tokens of imap
	if got := c.Check(); len(got) != 0 {
		t.Errorf("problems: %q", got)
	}
}
