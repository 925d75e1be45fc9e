package reply

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/canceldesk/canceldesk/tickets"
)

// TLSMode is how the connection to the mail server is protected.
type TLSMode string

// The modes. STARTTLS is demanded, not merely tried: a server that does not offer it is an error.
const (
	ImplicitTLS TLSMode = "implicit"
	STARTTLS    TLSMode = "starttls"
	NoTLS       TLSMode = "none"
)

// SMTP hands mails to one mail server. Each mail has a connection of its own.
type SMTP struct {
	Host     string
	Port     int
	TLS      TLSMode
	Username string // "" for no login
	Password string
	// Token gives an OAuth 2.0 access token; where it is set, login is by XOAUTH2 and Password unused. TokenRefused,
	// where set, is told of one that the server does not accept.
	Token        func(ctx context.Context) (string, error)
	TokenRefused func(token string)
	// TLSConfig has the certificates to trust; nil for the system's.
	TLSConfig *tls.Config
	// Timeout bounds connecting and logging in, and once more the mail itself, which has a second more for
	// every 256 KiB; 0 is 25 seconds, so that both fit into a job's minute.
	Timeout time.Duration
}

const (
	defaultTimeout = 25 * time.Second
	slowest        = 256 << 10 // bytes a second that a line carries at least
)

// Send speaks SMTP (RFC 5321). A refusal for good (5xx) of this sender, recipient or content is a
// *RefusalError; everything else wraps Unavailable: a 4xx, a server that can't be reached, a wrong
// password, a line that broke at any moment. After a break at the end of the mail nobody knows
// whether the server took it, and trying again is right, because the Message-ID stays the same.
func (s SMTP) Send(ctx context.Context, from, to string, raw []byte) error {
	if !tickets.Mailable(from) || !tickets.Mailable(to) {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "Sender or recipient is no mail address.", Fixed: true}
	}
	timeout := s.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	line := new(wire)
	defer line.close()
	// Closing the connection is what ends a wait in the library when ctx is cancelled: it looks at
	// ctx only while it connects.
	stop := context.AfterFunc(ctx, line.close)
	defer stop()
	if s.Token != nil {
		token, err := s.Token(ctx)
		if err != nil {
			return unavailable("get an access token", err)
		}
		s.Password = token
	}
	client, err := s.client(line, from, timeout)
	if err != nil {
		return unavailable("set up mail server", err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		s.refusedToken(err)
		return unavailable("connect to mail server", err)
	}
	if err := session.UpdateDeadline(timeout + time.Duration(len(raw)/slowest)*time.Second); err != nil {
		return unavailable("connect to mail server", err)
	}
	if err := transfer(session, from, to, raw); err != nil {
		return err
	}
	// The mail is the server's now; how the parting goes changes nothing.
	_ = session.Quit()
	return nil
}

// refusedToken tells of a token that the server did not accept (RFC 4954, section 6), so that the next try has
// another.
func (s SMTP) refusedToken(err error) {
	const credentialsInvalid = 535
	var answer *textproto.Error
	if s.TokenRefused != nil && errors.As(err, &answer) && answer.Code == credentialsInvalid {
		s.TokenRefused(s.Password)
	}
}

// transfer is one mail on an open session.
func transfer(session *smtp.Client, from, to string, raw []byte) error {
	if err := session.Mail("<" + from + ">"); err != nil {
		return refused("sender", err)
	}
	if err := session.Rcpt("<" + to + ">"); err != nil {
		return refused("recipient", err)
	}
	w, err := session.Data()
	if err != nil {
		return refused("mail", err)
	}
	if _, err := w.Write(raw); err != nil {
		return unavailable("write mail", err)
	}
	if err := w.Close(); err != nil {
		return refused("mail", err)
	}
	return nil
}

func (s SMTP) client(line *wire, from string, timeout time.Duration) (*mail.Client, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.TLSConfig != nil {
		conf = s.TLSConfig.Clone()
	}
	conf.ServerName = s.Host
	_, domain, _ := strings.Cut(from, "@")
	opts := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(timeout), mail.WithTLSConfig(conf), mail.WithHELO(domain),
		mail.WithoutSMTPUTF8(),
	}
	var implicit *tls.Config
	logins := []mail.SMTPAuthType{
		mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin,
	}
	switch s.TLS {
	case ImplicitTLS:
		implicit = conf
		opts = append(opts, mail.WithSSL())
	case STARTTLS:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	case NoTLS:
		// The operator chose a line without protection; the password then has none either.
		logins = []mail.SMTPAuthType{
			mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc,
		}
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("tls %q: want implicit, starttls or none", s.TLS)
	}
	opts = append(opts, mail.WithDialContextFunc(line.dial(implicit)))
	switch {
	case s.Token != nil:
		opts = append(opts, mail.WithUsername(s.Username), mail.WithPassword(s.Password), mail.WithSMTPAuth(mail.SMTPAuthXOAUTH2))
	case s.Username != "":
		opts = append(opts, mail.WithUsername(s.Username), mail.WithPassword(s.Password), mail.WithOpportunisticSMTPAuth(logins...))
	}
	return mail.NewClient(s.Host, opts...)
}

// refused sorts the server's answer to one command about this mail: 5xx is for good.
func refused(what string, err error) error {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return unavailable("hand over "+what, err)
	}
	r := &RefusalError{Code: answer.Code, Words: answer.Msg}
	if answer.Code/100 == 5 {
		return fmt.Errorf("hand over %s: %w", what, r)
	}
	return &tickets.Error{Kind: tickets.Unavailable, Msg: "hand over " + what, Err: r, Fixed: true}
}

// unavailable makes an error worth trying again, without the server's words in its text.
func unavailable(what string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		err = &RefusalError{Code: answer.Code, Words: answer.Msg}
	}
	return &tickets.Error{Kind: tickets.Unavailable, Msg: what, Err: err, Fixed: true}
}
