package reply_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/tickets"
)

const wire = "Subject: hello\r\n\r\nfirst\r\n.dot\r\n"

func TestSMTPDelivers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server smtptest.Options
		client reply.SMTP
		want   smtptest.Message
	}{
		"in the clear":               {smtptest.Options{}, reply.SMTP{TLS: reply.NoTLS}, smtptest.Message{}},
		"in the clear, with a login": {smtptest.Options{Username: "desk", Password: "pw"}, reply.SMTP{TLS: reply.NoTLS, Username: "desk", Password: "pw"}, smtptest.Message{User: "desk"}},
		"with STARTTLS":              {smtptest.Options{STARTTLS: true}, reply.SMTP{TLS: reply.STARTTLS}, smtptest.Message{TLS: true}},
		"with STARTTLS and a login":  {smtptest.Options{STARTTLS: true, Username: "desk", Password: "pw"}, reply.SMTP{TLS: reply.STARTTLS, Username: "desk", Password: "pw"}, smtptest.Message{TLS: true, User: "desk"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := smtptest.Start(t, c.server)
			c.client.Host, c.client.Port, c.client.TLSConfig = s.Host(), s.Port(), &tls.Config{RootCAs: s.Pool(), MinVersion: tls.VersionTLS12}
			if err := c.client.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire)); err != nil {
				t.Fatal(err)
			}
			c.want.From, c.want.To, c.want.Raw = "service@example.com", []string{"li@example.com"}, []byte(wire)
			same(t, "messages", []smtptest.Message{c.want}, s.Messages())
		})
	}
}

// TestSMTPLogsInByToken: a token that the server refuses is given up, and the next try has another.
func TestSMTPLogsInByToken(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{STARTTLS: true, Username: "desk", Token: "fresh"})
	tokens := []string{"stale", "fresh"}
	var refused []string
	client := reply.SMTP{
		Host: s.Host(), Port: s.Port(), TLS: reply.STARTTLS, Username: "desk", TLSConfig: &tls.Config{RootCAs: s.Pool(), MinVersion: tls.VersionTLS12},
		Token: func(context.Context) (string, error) { return tokens[0], nil },
		TokenRefused: func(token string) {
			refused = append(refused, token)
			tokens = tokens[1:]
		},
	}
	if err := client.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire)); !errors.Is(err, tickets.Unavailable) || strings.Contains(err.Error(), "stale") {
		t.Errorf("a refused token gives %v, want one that is tried again and tells no token", err)
	}
	if err := client.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire)); err != nil {
		t.Fatal(err)
	}
	same(t, "refused tokens", []string{"stale"}, refused)
	want := smtptest.Message{From: "service@example.com", To: []string{"li@example.com"}, Raw: []byte(wire), TLS: true, User: "desk"}
	same(t, "messages", []smtptest.Message{want}, s.Messages())
	client.Token = func(context.Context) (string, error) {
		return "", &tickets.Error{Kind: tickets.Unauthenticated, Msg: "The endpoint refuses."}
	}
	if err := client.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire)); !errors.Is(err, tickets.Unavailable) {
		t.Errorf("no token gives %v, want one that is tried again", err)
	}
}

// relay passes every connection of a TLS port on to a server that speaks without.
func relay(t *testing.T, to *smtptest.Server, conf *tls.Config) *net.TCPAddr {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-served })
	go func() {
		defer close(served)
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", to.Addr())
			if err != nil {
				in.Close()
				return
			}
			pipe(in, out)
		}
	}()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("not a TCP address")
	}
	return addr
}

// pipe copies both ways until one side is done.
func pipe(a, b net.Conn) {
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			buf := make([]byte, 4096)
			for {
				n, err := way[0].Read(buf)
				if _, werr := way[1].Write(buf[:n]); err != nil || werr != nil {
					break
				}
			}
			done <- struct{}{}
		}()
	}
	<-done
	a.Close()
	b.Close()
	<-done
}

func TestSMTPSortsRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuse    func(*smtptest.Server)
		client    reply.SMTP
		server    smtptest.Options
		code      int
		temporary bool
	}{
		"recipient later":  {refuse: func(s *smtptest.Server) { s.Refuse("li@example.com", 450, 1) }, code: 450, temporary: true},
		"recipient never":  {refuse: func(s *smtptest.Server) { s.Refuse("li@example.com", 550, 1) }, code: 550},
		"mail later":       {refuse: func(s *smtptest.Server) { s.RefuseData(452, 1) }, code: 452, temporary: true},
		"mail never":       {refuse: func(s *smtptest.Server) { s.RefuseData(554, 1) }, code: 554},
		"line breaks":      {refuse: func(s *smtptest.Server) { s.Cut(1) }, temporary: true},
		"wrong password":   {server: smtptest.Options{Username: "desk", Password: "pw"}, client: reply.SMTP{Username: "desk", Password: "no"}, code: 535, temporary: true},
		"no STARTTLS":      {client: reply.SMTP{TLS: reply.STARTTLS}, temporary: true},
		"certificate":      {server: smtptest.Options{STARTTLS: true}, client: reply.SMTP{TLS: reply.STARTTLS}, temporary: true},
		"unknown TLS mode": {client: reply.SMTP{TLS: "perhaps", Port: 1}, temporary: true},
		"nobody listens":   {client: reply.SMTP{Port: 1}, temporary: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.client.TLS == "" {
				c.client.TLS = reply.NoTLS
			}
			c.client.Host = "127.0.0.1"
			if c.client.Port == 0 {
				s := smtptest.Start(t, c.server)
				c.client.Port = s.Port()
				if c.refuse != nil {
					c.refuse(s)
				}
			}
			err := c.client.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire))
			if err == nil {
				t.Fatal("the mail was taken")
			}
			same(t, "temporary", c.temporary, errors.Is(err, tickets.Unavailable))
			var r *reply.RefusalError
			code := 0
			if errors.As(err, &r) {
				code = r.Code
			}
			same(t, "code", c.code, code)
			if strings.Contains(err.Error(), "refused as told") {
				t.Errorf("the server's words are in the error: %v", err)
			}
		})
	}
}

func TestSMTPSpeaksTLSFromTheFirstByte(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{})
	conf, pool := certificate(t)
	addr := relay(t, s, conf)
	m := reply.SMTP{Host: "127.0.0.1", Port: addr.Port, TLS: reply.ImplicitTLS, TLSConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	if err := m.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire)); err != nil {
		t.Fatal(err)
	}
	same(t, "mails", 1, len(s.Messages()))
	m.TLSConfig = nil // the system does not trust that certificate
	err := m.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire))
	wantKind(t, err, tickets.Unavailable)
}

func TestSMTPDoesNotWaitForAServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("not a TCP address")
	}
	m := reply.SMTP{Host: "127.0.0.1", Port: addr.Port, TLS: reply.NoTLS, Timeout: 50 * time.Millisecond}
	wantKind(t, m.Send(t.Context(), "service@example.com", "li@example.com", []byte(wire)), tickets.Unavailable)

	m.Timeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantKind(t, m.Send(ctx, "service@example.com", "li@example.com", []byte(wire)), tickets.Unavailable)
}

func TestSMTPAddressesCannotCarryCommands(t *testing.T) {
	t.Parallel()
	m := reply.SMTP{Host: "127.0.0.1", Port: 1, TLS: reply.NoTLS}
	for _, to := range []string{"li@example.com>\r\nRCPT TO:<eve@example.net", "li@example.com> NOTIFY=NEVER", ""} {
		wantKind(t, m.Send(t.Context(), "service@example.com", to, []byte(wire)), tickets.Invalid)
	}
}

// certificate is one for loopback, and a pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	return &tls.Config{Certificates: srv.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool
}
