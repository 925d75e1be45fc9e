package mailin

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestSessionLogsInOverEveryKindOfConnection(t *testing.T) {
	t.Parallel()
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	dovecot.Deliver("desk", "INBOX", testMail(1, 10))
	for name, test := range map[string]struct {
		addr string
		tls  Security
	}{
		"implicit TLS": {dovecot.TLSAddr(), TLSImplicit},
		"STARTTLS":     {dovecot.Addr(), TLSStart},
		"none":         {dovecot.Addr(), TLSNone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serverAt(t, test.addr)
			server.TLS, server.RootCAs = test.tls, dovecot.Pool()
			s, err := OpenSession(t.Context(), server)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			folder, err := s.Select(t.Context(), "INBOX", false)
			if err != nil {
				t.Fatal(err)
			}
			if folder.Mails != 1 || folder.UIDNext != 2 {
				t.Errorf("folder is %+v, want one mail", folder)
			}
		})
	}
}

func TestSessionSaysWhatToDoWhenItCannotConnect(t *testing.T) {
	t.Parallel()
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	memory := startMemServer(t, oddities{})
	other := startRelay(t, "127.0.0.2:0", dovecot.TLSAddr(), func(int) (int64, string) { return 0, "" })
	frozen := startRelay(t, "127.0.0.1:0", dovecot.Addr(), func(int) (int64, string) { return 0, "freeze" })
	closed := listen(t, "127.0.0.1:0")
	closed.Close()

	for name, test := range map[string]struct {
		addr     string
		with     func(*Server)
		kind     tickets.Kind
		sentence string
	}{
		"wrong password": {
			memory.addr, func(s *Server) { s.Password = "guess" }, tickets.Unauthenticated,
			"The mail server " + memory.addr + " refuses the login: check imap.username and imap.password (163.com, 126.com and QQ want an authorisation code in place of the password).",
		},
		"nobody listens": {
			closed.Addr().String(), nil, tickets.Unavailable,
			"The mail server " + closed.Addr().String() + " refuses the connection: check imap.host and imap.port, and that the server runs.",
		},
		"certificate for another name": {
			other.addr, func(s *Server) { s.TLS, s.RootCAs = TLSImplicit, dovecot.Pool() }, tickets.Unavailable,
			"The certificate of the mail server " + other.addr + " is for another name: set imap.host to a name that the certificate carries.",
		},
		"certificate of an unknown issuer": {
			dovecot.Addr(), func(s *Server) { s.TLS = TLSStart }, tickets.Unavailable,
			"The certificate of the mail server " + dovecot.Addr() + " was issued by nobody this machine trusts: install its CA certificate.",
		},
		"TLS where there is none": {
			dovecot.Addr(), func(s *Server) { s.TLS = TLSImplicit }, tickets.Unavailable,
			"The mail server " + dovecot.Addr() + " does not speak TLS on this port: set imap.tls to starttls, or imap.port to the port for TLS (993).",
		},
		"no STARTTLS": {
			memory.addr, func(s *Server) { s.TLS = TLSStart }, tickets.Unavailable,
			"The mail server " + memory.addr + " does not begin TLS when asked (STARTTLS): set imap.tls to implicit and imap.port to 993.",
		},
		"frozen server": {
			frozen.addr, func(s *Server) { s.ReadTimeout = 50 * time.Millisecond }, tickets.Unavailable,
			"The mail server " + frozen.addr + " stopped answering.",
		},
		"frozen server before TLS": {
			frozen.addr, func(s *Server) { s.TLS, s.ReadTimeout = TLSStart, 50*time.Millisecond }, tickets.Unavailable,
			"The mail server " + frozen.addr + " does not answer: check imap.host and imap.port, and that no firewall is in between.",
		},
		"unknown setting": {
			memory.addr, func(s *Server) { s.TLS = "ssl" }, tickets.Invalid, `imap.tls is "ssl"; it must be implicit, starttls or none.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serverAt(t, test.addr)
			server.Password = "secret"
			if test.with != nil {
				test.with(&server)
			}
			s, err := OpenSession(t.Context(), server)
			if err == nil {
				s.Close()
				t.Fatal("a session came about")
			}
			wantKind(t, err, test.kind, test.sentence)
		})
	}
}

func TestXOAUTH2LogsInByToken(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{token: "good"})
	for name, test := range map[string]struct {
		token    func(context.Context) (string, error)
		kind     tickets.Kind
		sentence string
	}{
		"good token": {token: func(context.Context) (string, error) { return "good", nil }},
		"bad token": {
			func(context.Context) (string, error) { return "stale", nil }, tickets.Unauthenticated,
			"The mail server " + memory.addr + " refuses the OAuth 2.0 token: check imap.username, and that the token is for this mailbox and allows IMAP.",
		},
		"no token": {
			func(context.Context) (string, error) { return "", errors.New("token endpoint is down") }, tickets.Unavailable,
			"No OAuth 2.0 token for the mailbox could be had.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := memory.server()
			server.Token = test.token
			s, err := OpenSession(t.Context(), server)
			if test.kind != "" {
				wantKind(t, err, test.kind, test.sentence)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			s.Close() // twice is fine
		})
	}
}

func TestSessionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	s, err := OpenSession(t.Context(), memory.server())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	shutdown := errors.New("shutdown")
	cancel(shutdown)
	if err := s.Idle(ctx, "INBOX", 0, time.Hour); !errors.Is(err, shutdown) {
		t.Errorf("idle ends with %v, want the context's cause", err)
	}
}

func TestIdleWaitsNoLongerThanItShould(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		next        uint32
		wait        time.Duration
		idleTimeout time.Duration
		kind        tickets.Kind
	}{
		"the time is over":             {wait: time.Millisecond},
		"there is more than was seen":  {next: 1, wait: time.Hour},
		"the server is silent for too": {wait: time.Hour, idleTimeout: 20 * time.Millisecond, kind: tickets.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := startMemServer(t, oddities{})
			memory.deliver(testMail(1, 10))
			server := memory.server()
			server.IdleTimeout = test.idleTimeout
			s, err := OpenSession(t.Context(), server)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			err = s.Idle(t.Context(), "INBOX", test.next, test.wait)
			if test.kind == "" && err != nil || test.kind != "" && !errors.Is(err, test.kind) {
				t.Errorf("idle ends with %v, want %q", err, test.kind)
			}
		})
	}
}

func TestBackoffGrowsUpToItsLimit(t *testing.T) {
	t.Parallel()
	half := func() float64 { return 0.5 }
	for name, test := range map[string]struct {
		backoff Backoff
		want    []time.Duration // after 1, 2, 3 and 60 failures
	}{
		"defaults":    {Backoff{}, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Minute}},
		"with jitter": {Backoff{First: time.Second, Jitter: half}, []time.Duration{750 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second, 225 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := test.backoff.withDefaults()
			got := []time.Duration{b.after(1), b.after(2), b.after(3), b.after(60)}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
		})
	}
}
