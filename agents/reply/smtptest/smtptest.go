// Package smtptest is a mail server for tests of outgoing mail: it speaks real SMTP on a free loopback port, keeps
// what it was given, and can be told to refuse recipients, to refuse mails, or to break off at the worst moment.
package smtptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// waitTimeout is how long Wait waits.
const waitTimeout = 15 * time.Second

// Options says what the server demands. The zero value takes everything from everybody, without TLS.
type Options struct {
	// STARTTLS offers it, with a certificate for 127.0.0.1 that Pool trusts.
	STARTTLS bool
	// Username and Password, if Username is set, are demanded by AUTH PLAIN before any mail; with STARTTLS only
	// inside TLS.
	Username, Password string
	// Token, if set, is demanded by AUTH XOAUTH2 in place of the password.
	Token string
}

// Message is one mail the server took: it answered 250, or would have if Cut had not cut it off.
type Message struct {
	From string   // of MAIL FROM, without brackets; "" is the null sender
	To   []string // the recipients it said yes to, in order
	Raw  []byte   // what came between DATA and the dot, with CRLF, dots unstuffed
	TLS  bool     // it came inside TLS
	User string   // who logged in, "" for nobody
}

// Server is a running mail server. Its methods may be called from any goroutine.
type Server struct {
	tb   testing.TB
	opts Options
	addr *net.TCPAddr
	pool *x509.CertPool

	mu       sync.Mutex
	messages []Message
	changed  chan struct{}       // closed and made anew with every message
	rcpt     map[string][]answer // by recipient
	data     []answer
	cuts     int
	hangs    int
	after    []func()      // called once each, after the yes to a mail
	over     chan struct{} // closed when the test is
}

// answer is a code that is given a number of times; fewer than 0 is for ever.
type answer struct {
	code, times int
}

// Start starts a server and stops it when the test is over.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("smtptest: listen: %v", err)
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		tb.Fatalf("smtptest: listener's address is a %T", l.Addr())
	}
	s := &Server{tb: tb, opts: o, addr: addr, pool: x509.NewCertPool(), changed: make(chan struct{}), rcpt: map[string][]answer{}, over: make(chan struct{})}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	srv.Domain = "mx.example.net"
	srv.AllowInsecureAuth = !o.STARTTLS
	srv.ErrorLog = log.New(io.Discard, "", 0) // a client that goes away is no news here
	if o.STARTTLS {
		cert, leaf := certificate()
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		s.pool.AddCert(leaf)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener{l}) }()
	tb.Cleanup(func() {
		close(s.over)
		_ = l.Close()   // before Serve has taken it, srv does not know it
		_ = srv.Close() // reports the listener that Serve is about to report as well
		<-served
	})
	return s
}

// Addr is host:port.
func (s *Server) Addr() string { return s.addr.String() }

// Host is the address without the port, as mail settings want it.
func (s *Server) Host() string { return s.addr.IP.String() }

// Port is the port alone.
func (s *Server) Port() int { return s.addr.Port }

// Pool trusts the certificate of STARTTLS and nothing else.
func (s *Server) Pool() *x509.CertPool { return s.pool.Clone() }

// Refuse answers RCPT TO for that recipient with an SMTP code (4xx: try again, 5xx: never) the next so many times;
// times below 0 is for ever. Several refusals of one recipient follow one another.
func (s *Server) Refuse(recipient string, code, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpt[recipient] = append(s.rcpt[recipient], answer{code, times})
}

// RefuseData answers the end of DATA with an SMTP code the next so many times; the mail is not kept.
func (s *Server) RefuseData(code, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append(s.data, answer{code, times})
}

// Cut takes the next so many mails and closes the connection instead of saying so: the mail is with us, and the
// sender cannot know.
func (s *Server) Cut(times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cuts += times
}

// Hang takes the next so many mails and says nothing to them, however long the sender waits.
func (s *Server) Hang(times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangs += times
}

// AfterYes calls f as soon as the next mail was taken and the yes to it was written, and before anything else happens on
// that connection. Several calls are for several mails.
func (s *Server) AfterYes(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, f)
}

// Heal forgets every refusal, cut and silence that did not happen yet.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpt, s.data, s.cuts, s.hangs, s.after = map[string][]answer{}, nil, 0, 0, nil
}

// Messages are the mails taken so far, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Wait waits until at least n mails were taken and returns all there are. The test fails if that takes 15 seconds.
// Call it from the test's goroutine.
func (s *Server) Wait(n int) []Message {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), waitTimeout)
	defer cancel()
	for {
		s.mu.Lock()
		got, changed := slices.Clone(s.messages), s.changed
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.tb.Fatalf("smtptest: %d mails within %s, want %d", len(got), waitTimeout, n)
		}
	}
}

// ending is how a mail that was taken is answered.
type ending struct {
	cut, hang bool   // not at all: the line is closed, or stays open
	after     func() // called after the yes; nil for nothing
}

// take keeps a mail, unless it is to be refused, and says how to answer.
func (s *Server) take(m Message) (e ending, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := next(&s.data); err != nil {
		return e, err
	}
	s.messages = append(s.messages, m)
	close(s.changed)
	s.changed = make(chan struct{})
	switch {
	case s.cuts > 0:
		s.cuts--
		e.cut = true
	case s.hangs > 0:
		s.hangs--
		e.hang = true
	case len(s.after) > 0:
		e.after, s.after = s.after[0], s.after[1:]
	}
	return e, nil
}

func (s *Server) recipient(to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.rcpt[to]
	err := next(&queue)
	s.rcpt[to] = queue
	return err
}

// next takes one answer off the queue; an empty queue is a yes.
func next(queue *[]answer) error {
	for len(*queue) > 0 {
		first := &(*queue)[0]
		if first.times == 0 {
			*queue = (*queue)[1:]
			continue
		}
		if first.times > 0 {
			first.times--
		}
		return &smtp.SMTPError{
			Code: first.code, EnhancedCode: smtp.EnhancedCode{first.code / 100, 0, 0}, Message: "refused as told, " + strconv.Itoa(first.code),
		}
	}
	return nil
}

// certificate borrows the one for loopback addresses that Go's test server has.
func certificate() (tls.Certificate, *x509.Certificate) {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	return srv.TLS.Certificates[0], srv.Certificate()
}
