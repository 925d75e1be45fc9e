package mailin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/emersion/go-imap/v2"

	"github.com/canceldesk/canceldesk/tickets"
)

// errTokenRefused is an access token that the server does not accept.
var errTokenRefused = errors.New("token refused")

// tokenError says why there is no access token.
func tokenError(err error) error {
	var own *tickets.Error
	if errors.As(err, &own) {
		return err
	}
	return &tickets.Error{Kind: tickets.Unavailable, Msg: "No OAuth 2.0 token for the mailbox could be had.", Err: err}
}

// connectError says why no connection came about.
func connectError(s Server, err error) error {
	var own *tickets.Error
	if errors.As(err, &own) {
		return err
	}
	where := s.address()
	var name x509.HostnameError
	var issuer x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var msg string
	switch {
	case errors.As(err, &name):
		msg = fmt.Sprintf("The certificate of the mail server %s is for another name: set imap.host to a name that the certificate carries.", where)
	case errors.As(err, &issuer):
		msg = fmt.Sprintf("The certificate of the mail server %s was issued by nobody this machine trusts: install its CA certificate.", where)
	case errors.As(err, &invalid):
		msg = fmt.Sprintf("The certificate of the mail server %s is not valid now or not for this use: have the server's operator renew it.", where)
	case errors.As(err, &record):
		msg = fmt.Sprintf("The mail server %s does not speak TLS on this port: set imap.tls to starttls, or imap.port to the port for TLS (993).", where)
	case errors.Is(err, errNoStartTLS), errors.Is(err, errPreAuth):
		msg = fmt.Sprintf("The mail server %s does not begin TLS when asked (STARTTLS): set imap.tls to implicit and imap.port to 993.", where)
	case errors.As(err, &dns):
		msg = fmt.Sprintf("The mail server's name %s was not found: check imap.host, and that this machine can resolve names.", s.Host)
	case errors.Is(err, syscall.ECONNREFUSED):
		msg = fmt.Sprintf("The mail server %s refuses the connection: check imap.host and imap.port, and that the server runs.", where)
	case isTimeout(err):
		msg = fmt.Sprintf("The mail server %s does not answer: check imap.host and imap.port, and that no firewall is in between.", where)
	default:
		msg = fmt.Sprintf("The connection to the mail server %s failed: check imap.host, imap.port and imap.tls.", where)
	}
	return &tickets.Error{Kind: tickets.Unavailable, Msg: msg, Err: err}
}

// loginError says why the server did not let us in.
func loginError(s Server, err error) error {
	var answer *imap.Error
	refused := func(err error) error {
		return &tickets.Error{Kind: tickets.Unauthenticated, Err: err, Msg: fmt.Sprintf(
			"The mail server %s refuses the OAuth 2.0 token: check imap.username, and that the token is for this mailbox and allows IMAP.", s.address())}
	}
	switch {
	case errors.Is(err, errTokenRefused):
		return refused(err)
	case !errors.As(err, &answer) || answer.Type != imap.StatusResponseTypeNo && answer.Type != imap.StatusResponseTypeBad:
		return err
	case answer.Code == imap.ResponseCodeUnavailable, answer.Code == imap.ResponseCodeInUse, answer.Code == imap.ResponseCodeLimit:
		return &tickets.Error{Kind: tickets.Unavailable, Err: err, Msg: fmt.Sprintf(
			"The mail server %s can't check the login now; it is tried again.", s.address())}
	case answer.Code == imap.ResponseCodePrivacyRequired:
		return &tickets.Error{Kind: tickets.Unauthenticated, Err: err, Msg: fmt.Sprintf(
			"The mail server %s takes no password without TLS: set imap.tls to starttls or implicit.", s.address())}
	}
	if s.Token != nil {
		return refused(fmt.Errorf("%w: %w", errTokenRefused, err)) // without giving a reason first, as Exchange does
	}
	return &tickets.Error{Kind: tickets.Unauthenticated, Err: err, Msg: fmt.Sprintf(
		"The mail server %s refuses the login: check imap.username and imap.password (163.com, 126.com and QQ want an authorisation code in place of the password).", s.address())}
}

// sessionError gives an error met on an open connection its Kind.
func sessionError(s Server, err error) error {
	var own *tickets.Error
	var answer *imap.Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.As(err, &answer):
		return &tickets.Error{Kind: tickets.Unavailable, Err: err, Msg: fmt.Sprintf("The mail server %s refuses a command.", s.address())}
	case isTimeout(err):
		return &tickets.Error{Kind: tickets.Unavailable, Err: err, Msg: fmt.Sprintf("The mail server %s stopped answering.", s.address())}
	}
	return &tickets.Error{Kind: tickets.Unavailable, Err: err, Msg: fmt.Sprintf("The connection to the mail server %s broke.", s.address())}
}

// folderError says why a folder can't be opened.
func folderError(folder string, err error) error {
	var answer *imap.Error
	if !errors.As(err, &answer) || answer.Code == imap.ResponseCodeUnavailable || answer.Code == imap.ResponseCodeInUse {
		return err
	}
	if strings.Contains(strings.ToLower(answer.Text), "unsafe login") {
		return &tickets.Error{Kind: tickets.Unauthenticated, Err: err, Msg: fmt.Sprintf(
			"The provider calls the login unsafe and opens no folder (%q): allow IMAP for other programs in the mailbox's settings on the web, and use an authorisation code.", folder)}
	}
	return &tickets.Error{Kind: tickets.Invalid, Err: err, Msg: fmt.Sprintf(
		"The folder %q can't be opened: check mailboxes.folders against the folders of the mailbox.", folder)}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
