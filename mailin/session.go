package mailin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/canceldesk/canceldesk/tickets"
)

// Security is how the connection to the mail server is protected.
type Security string

// The ways to protect a connection (setting mailboxes.imap.tls).
const (
	TLSImplicit Security = "implicit"
	TLSStart    Security = "starttls"
	TLSNone     Security = "none"
)

// Server says how to reach and log in to one mailbox. Zero durations take the defaults beside them.
type Server struct {
	Host     string
	Port     int
	TLS      Security // "" is implicit
	RootCAs  *x509.CertPool
	Username string
	Password string
	// Token gives an OAuth 2.0 access token; where it is set, login is by XOAUTH2 and Password unused.
	Token func(ctx context.Context) (string, error)
	// TokenRefused, where set, is told of a token that the server does not accept. Then Token is asked once more:
	// a token that was kept for a while may have been taken back meanwhile.
	TokenRefused func(token string)

	DialTimeout time.Duration // 30 s
	ReadTimeout time.Duration // 60 s: how long the server may be silent while it owes an answer
	IdleTimeout time.Duration // 29 min: how long it may be silent while it owes none (RFC 2177)
}

func (s Server) withDefaults() Server {
	if s.TLS == "" {
		s.TLS = TLSImplicit
	}
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{{&s.DialTimeout, 30 * time.Second}, {&s.ReadTimeout, time.Minute}, {&s.IdleTimeout, 29 * time.Minute}} {
		if *d.v <= 0 {
			*d.v = d.d
		}
	}
	return s
}

func (s Server) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Session is one logged-in connection to a mail server. Its methods are called one after another, by
// one goroutine. After an error the session is used up: close it and open another.
type Session struct {
	server Server
	conn   *deadlineConn
	client *imapclient.Client
	caps   imap.CapSet
	// changed holds a value once the server has told, unasked, that the folder's mails changed.
	changed  chan struct{}
	selected string
}

// OpenSession connects, logs in and says who we are (ID, RFC 2971, which 163.com and 126.com demand).
// Its errors are tickets.Unauthenticated where the server refuses the login and tickets.Unavailable
// where it can't be reached; each says in a sentence what to do.
func OpenSession(ctx context.Context, server Server) (*Session, error) {
	server = server.withDefaults()
	if server.Token == nil {
		return openSession(ctx, server, "")
	}
	for again := false; ; again = true {
		token, err := server.Token(ctx) // before there is a connection that would have to wait for it
		if err != nil {
			return nil, tokenError(err)
		}
		s, err := openSession(ctx, server, token)
		if !errors.Is(err, errTokenRefused) || server.TokenRefused == nil {
			return s, err
		}
		server.TokenRefused(token)
		if again {
			return nil, err
		}
	}
}

func openSession(ctx context.Context, server Server, token string) (*Session, error) {
	dialing, cancel := context.WithTimeout(ctx, server.DialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dialing, "tcp", server.address())
	if err != nil {
		return nil, connectError(server, err)
	}
	s := &Session{server: server, conn: newDeadlineConn(raw, server.ReadTimeout), changed: make(chan struct{}, 1)}
	secured, err := s.secure(ctx)
	if err != nil {
		raw.Close()
		return nil, connectError(server, err)
	}
	s.client = imapclient.New(secured, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages == nil {
				return
			}
			select {
			case s.changed <- struct{}{}:
			default: // told already
			}
		},
	}})
	if err := s.logIn(ctx, token); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// secure brings the connection to where IMAP begins.
func (s *Session) secure(ctx context.Context) (net.Conn, error) {
	config := &tls.Config{ServerName: s.server.Host, RootCAs: s.server.RootCAs, MinVersion: tls.VersionTLS12}
	switch s.server.TLS {
	case TLSNone:
		return s.conn, nil
	case TLSStart:
		stop := context.AfterFunc(ctx, func() { s.conn.Close() })
		defer stop()
		if err := startTLS(s.conn); err != nil {
			return nil, err
		}
		secured := tls.Client(s.conn, config)
		return &greetedConn{Conn: secured, rest: []byte("* OK secured\r\n")}, secured.HandshakeContext(ctx)
	case TLSImplicit:
		config.NextProtos = []string{"imap"}
		secured := tls.Client(s.conn, config)
		return secured, secured.HandshakeContext(ctx)
	}
	return nil, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("imap.tls is %q; it must be implicit, starttls or none.", s.server.TLS)}
}

func (s *Session) logIn(ctx context.Context, token string) error {
	err := s.do(ctx, func() error {
		if err := s.client.WaitGreeting(); err != nil {
			if s.conn.why() == nil {
				return connectError(s.server, err) // the connection is well, so this is no mail server
			}
			return err
		}
		if s.client.State() != imap.ConnStateNotAuthenticated {
			return nil // PREAUTH: the server knows who we are
		}
		if s.server.Token == nil {
			return s.client.Login(s.server.Username, s.server.Password).Wait()
		}
		return s.client.Authenticate(xoauth2{s.server.Username, token})
	})
	if err != nil {
		return loginError(s.server, err)
	}
	return s.do(ctx, func() error {
		if s.caps = s.client.Caps(); s.caps == nil {
			return fmt.Errorf("no capabilities: %w", net.ErrClosed)
		}
		if !s.caps.Has(imap.CapID) {
			return nil
		}
		_, err := s.client.ID(&imap.IDData{Name: "canceldesk", Vendor: "canceldesk"}).Wait()
		return err
	})
}

// do runs one exchange with the server: under the short deadline, given up when ctx ends.
func (s *Session) do(ctx context.Context, exchange func() error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := s.conn.setAllowance(s.server.ReadTimeout); err != nil {
		return sessionError(s.server, err)
	}
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	err := exchange()
	if !stop() {
		return context.Cause(ctx)
	}
	if err == nil {
		err = s.conn.setAllowance(s.server.IdleTimeout)
	}
	if err == nil {
		return nil
	}
	if cause := s.conn.why(); cause != nil {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	return sessionError(s.server, err)
}

// Close ends the connection at once. It may be called twice.
func (s *Session) Close() {
	s.conn.Close()       // first, so that nothing is said to a server that does not listen
	_ = s.client.Close() // it tells again what ended the session
}

// Can tells whether the server offers a capability.
func (s *Session) Can(c imap.Cap) bool { return s.caps.Has(c) }

// Folder is what a server tells of a folder when it is opened.
type Folder struct {
	UIDValidity uint32
	UIDNext     uint32 // 0 where the server does not say
	Mails       uint32
}

// Select opens a folder, so that nothing in it is changed unless writable.
func (s *Session) Select(ctx context.Context, folder string, writable bool) (Folder, error) {
	var f Folder
	err := s.do(ctx, func() error {
		data, err := s.client.Select(folder, &imap.SelectOptions{ReadOnly: !writable}).Wait()
		if err != nil {
			return err
		}
		f = Folder{UIDValidity: data.UIDValidity, UIDNext: uint32(data.UIDNext), Mails: data.NumMessages}
		return nil
	})
	if err != nil {
		return Folder{}, folderError(folder, err)
	}
	s.selected = folder
	return f, nil
}

// Idle waits until the server tells of a change in the folder, wait is over or ctx ends. next is the
// folder's UIDNEXT when it was last looked through (0 where not known): it does not wait where there
// is more by now. Where the server knows no IDLE it waits all the same. It returns nil when it is
// time to look, ctx's cause when ctx ended.
func (s *Session) Idle(ctx context.Context, folder string, next uint32, wait time.Duration) error {
	if s.selected != folder {
		f, err := s.Select(ctx, folder, false)
		if err != nil {
			return err
		}
		if next != 0 && f.UIDNext > next {
			return nil
		}
	}
	var idle *imapclient.IdleCommand
	if s.Can(imap.CapIdle) {
		err := s.do(ctx, func() (err error) {
			idle, err = s.client.Idle()
			return err
		})
		if err != nil {
			return err
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.changed:
	case <-s.client.Closed():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if idle == nil {
		return nil
	}
	return s.do(ctx, func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
}
