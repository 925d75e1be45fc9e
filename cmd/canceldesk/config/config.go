// Package config is the desk's settings: their names, defaults and checks (DESIGN.md 6.2).
package config

import "time"

// Config is every setting. The yaml names are the contract; config.example.yaml says what each is for.
type Config struct {
	HTTP       HTTP       `koanf:"http"`
	Database   Database   `koanf:"database"`
	Blobs      Blobs      `koanf:"blobs"`
	Keys       Keys       `koanf:"keys"`
	Mailboxes  []Mailbox  `koanf:"mailboxes"`
	Accounts   Accounts   `koanf:"accounts"`
	Billing    Billing    `koanf:"billing"`
	Channels   Channels   `koanf:"channels"`
	SMS        SMS        `koanf:"sms"`
	Chat       Chat       `koanf:"chat"`
	Desk       Desk       `koanf:"desk"`
	Automation Automation `koanf:"automation"`
	Refunds    Refunds    `koanf:"refunds"`
	Limits     Limits     `koanf:"limits"`
	Routing    Routing    `koanf:"routing"`
}

// HTTP is where the dashboard and the API answer.
type HTTP struct {
	Address   string `koanf:"address"`
	PublicURL string `koanf:"public_url"`
}

// Database is where tickets are kept.
type Database struct {
	URL string `koanf:"url"`
}

// Blobs is where originals are kept.
type Blobs struct {
	URL string `koanf:"url"`
}

// Keys is where the signing keys are kept.
type Keys struct {
	Dir string `koanf:"dir"`
}

// Mailbox is one mailbox that customers write to.
type Mailbox struct {
	Name       string     `koanf:"name"`
	Address    string     `koanf:"address"`
	IMAP       MailServer `koanf:"imap"`
	Folders    []string   `koanf:"folders"`
	Processed  Processed  `koanf:"processed"`
	AuthservID string     `koanf:"authserv_id"`
	OwnHosts   []string   `koanf:"own_hosts"`
	// PlusAddresses says that mail to name+anything@domain comes to this mailbox.
	PlusAddresses bool       `koanf:"plus_addresses"`
	SMTP          MailServer `koanf:"smtp"`
	Sending       Sending    `koanf:"sending"`
}

// Sending is how many mails the provider of the SMTP account takes; 0 is no limit.
type Sending struct {
	PerMinute int `koanf:"per_minute"`
	PerHour   int `koanf:"per_hour"`
	PerDay    int `koanf:"per_day"`
}

// MailServer is one IMAP or SMTP server.
type MailServer struct {
	Host         string `koanf:"host"`
	Port         int    `koanf:"port"`
	TLS          string `koanf:"tls"` // implicit, starttls, none
	Auth         string `koanf:"auth"`
	Username     string `koanf:"username"`
	Password     string `koanf:"password"`
	PasswordFile string `koanf:"password_file"`
	OAuth2       OAuth2 `koanf:"oauth2"`
	CAFile       string `koanf:"ca_file"`
}

// OAuth2 is where access tokens for a mail server come from.
type OAuth2 struct {
	TokenURL         string `koanf:"token_url"`
	ClientID         string `koanf:"client_id"`
	ClientSecret     string `koanf:"client_secret"`
	ClientSecretFile string `koanf:"client_secret_file"`
	RefreshToken     string `koanf:"refresh_token"`
	RefreshTokenFile string `koanf:"refresh_token_file"`
	Scope            string `koanf:"scope"`
}

// Processed is what happens to a mail on its server once it is stored.
type Processed struct {
	Action string `koanf:"action"` // none, seen, move, delete
	Folder string `koanf:"folder"`
}

// Accounts is where accounts are looked up.
type Accounts struct {
	Source     string        `koanf:"source"` // embedded, http
	URL        string        `koanf:"url"`
	Secret     string        `koanf:"secret"`
	SecretFile string        `koanf:"secret_file"`
	Cache      time.Duration `koanf:"cache"`
	Timeout    time.Duration `koanf:"timeout"`
}

// Billing is who sends the debits.
type Billing struct {
	Mode       string        `koanf:"mode"` // embedded, http, pull
	URL        string        `koanf:"url"`
	Secret     string        `koanf:"secret"`
	SecretFile string        `koanf:"secret_file"`
	Timeout    time.Duration `koanf:"timeout"`
}

// Channels are the payment channels' merchants.
type Channels struct {
	WeChat []map[string]any `koanf:"wechat"`
	Alipay []map[string]any `koanf:"alipay"`
	Ledger map[string]any   `koanf:"ledger"`
}

// SMS is how text messages are sent.
type SMS struct {
	Provider   string            `koanf:"provider"` // none, log, webhook
	URL        string            `koanf:"url"`
	Secret     string            `koanf:"secret"`
	SecretFile string            `koanf:"secret_file"`
	Quiet      string            `koanf:"quiet"`
	Templates  map[string]string `koanf:"templates"`
}

// Chat is the app's chat.
type Chat struct {
	SessionSecret     string `koanf:"session_secret"`
	SessionSecretFile string `koanf:"session_secret_file"`
	// IgnoredAfter is how long a customer may wait in a chat for a person, UnreadAfter how long an answer may
	// stay unread.
	IgnoredAfter time.Duration `koanf:"ignored_after"`
	UnreadAfter  time.Duration `koanf:"unread_after"`
}

// Desk is how the desk works.
type Desk struct {
	Timezone       string        `koanf:"timezone"`
	Locale         string        `koanf:"locale"`
	FromMailbox    string        `koanf:"from_mailbox"`
	CloseAfterDays int           `koanf:"close_after_days"`
	Hours          string        `koanf:"hours"`
	FirstResponse  time.Duration `koanf:"first_response"`
	ResolutionDays int           `koanf:"resolution_days"`
	WarnBefore     time.Duration `koanf:"warn_before"`
	ClaimMinutes   int           `koanf:"claim_minutes"`
	Brand          string        `koanf:"brand"`
	CalendarFile   string        `koanf:"calendar_file"`
}

// Automation is what the desk does by itself.
type Automation struct {
	Stop                 string `koanf:"stop"`
	Hold                 bool   `koanf:"hold"`
	Refund               string `koanf:"refund"`
	RefundOwnFault       string `koanf:"refund_own_fault"`
	RefundAutoLimitFen   int64  `koanf:"refund_auto_limit_fen"`
	OwnFaultAutoLimitFen int64  `koanf:"own_fault_auto_limit_fen"`
	ApprovalAboveFen     int64  `koanf:"approval_above_fen"`
}

// Refunds is how refunds are worked out.
type Refunds struct {
	Policy string `koanf:"policy"` // A, B
}

// Limits bound what one mail, account or agent can do.
type Limits struct {
	MailBytes               int64 `koanf:"mail_bytes"`
	RecordingBytes          int64 `koanf:"recording_bytes"`
	RefundsPerAccount30dFen int64 `koanf:"refunds_per_account_30d_fen"`
	RefundsPerAgentDayFen   int64 `koanf:"refunds_per_agent_day_fen"`
	AutoAnswersPerDay       int   `koanf:"auto_answers_per_day"`
}

// Routing is what happens to mail that asks for something else.
type Routing struct {
	NotCancellation string `koanf:"not_cancellation"` // keep, forward
	ForwardTo       string `koanf:"forward_to"`
	SamplePercent   int    `koanf:"sample_percent"`
}

// callTimeout is how long one call to the platform may take.
const callTimeout = 30 * time.Second

// Default is the settings where nothing is set. The one mailbox shows the defaults a mailbox has.
func Default() Config {
	return Config{
		HTTP:      HTTP{Address: "127.0.0.1:8080", PublicURL: "http://127.0.0.1:8080"},
		Database:  Database{URL: "sqlite:canceldesk.db"},
		Blobs:     Blobs{URL: "file:///var/lib/canceldesk/blobs"},
		Keys:      Keys{Dir: "keys"},
		Mailboxes: []Mailbox{DefaultMailbox()},
		Accounts:  Accounts{Source: "embedded", Cache: 5 * time.Minute, Timeout: callTimeout},
		Billing:   Billing{Mode: "embedded", Timeout: callTimeout},
		Chat:      Chat{IgnoredAfter: 2 * time.Minute, UnreadAfter: 10 * time.Minute},
		Channels:  Channels{WeChat: []map[string]any{}, Alipay: []map[string]any{}, Ledger: map[string]any{}},
		SMS:       SMS{Provider: "none", Quiet: "22:00-08:00", Templates: map[string]string{}},
		Desk: Desk{
			Timezone: "Asia/Shanghai", Locale: "zh-CN", FromMailbox: "service", CloseAfterDays: 7,
			FirstResponse: 4 * time.Hour, ResolutionDays: 3, Brand: "会员服务",
			Hours: "09:00-18:00", WarnBefore: time.Hour, ClaimMinutes: 30,
		},
		Automation: Automation{
			Stop: "auto", Hold: true, Refund: "propose", RefundOwnFault: "auto",
			OwnFaultAutoLimitFen: 20000, ApprovalAboveFen: 20000,
		},
		Refunds: Refunds{Policy: "A"},
		Limits:  Limits{MailBytes: 52428800, RecordingBytes: 209715200, RefundsPerAccount30dFen: 100000, RefundsPerAgentDayFen: 500000, AutoAnswersPerDay: 5},
		Routing: Routing{NotCancellation: "keep", SamplePercent: 2},
	}
}

// DefaultMailbox is a mailbox with every setting at its default.
func DefaultMailbox() Mailbox {
	return Mailbox{
		Name: "service", Address: "service@example.com",
		IMAP:      MailServer{Host: "127.0.0.1", Port: 993, TLS: "implicit", Auth: "password"},
		Folders:   []string{"INBOX"},
		Processed: Processed{Action: "none"},
		OwnHosts:  []string{},
		SMTP:      MailServer{Host: "127.0.0.1", Port: 587, TLS: "starttls", Auth: "password"},
	}
}
