package mailin

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
)

// oddities is how a test's server departs from a good one.
type oddities struct {
	// breaksOn closes the connection when the content of this UID is asked for.
	breaksOn imap.UID
	// breaksAlways closes the connection whenever content is asked for.
	breaksAlways bool
	// hides leaves this UID out of every FETCH, though a SEARCH finds it.
	hides imap.UID
	// sizes answers RFC822.SIZE with this number instead of the size.
	sizes int64
	token string
}

// memServer is go-imap's server in memory, with one user "desk" and an INBOX.
type memServer struct {
	t    *testing.T
	user *imapmemserver.User
	addr string
}

func startMemServer(t *testing.T, odd oddities) *memServer {
	t.Helper()
	memory := imapmemserver.New()
	user := imapmemserver.NewUser("desk", "secret")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	memory.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			s := &oddSession{Session: memory.NewSession(), conn: c, user: user, odd: odd}
			if odd.token != "" {
				return &tokenSession{s}, nil, nil
			}
			return s, nil, nil
		},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	listener := listen(t, "127.0.0.1:0")
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // it ends when the test closes it
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return &memServer{t: t, user: user, addr: listener.Addr().String()}
}

func (m *memServer) server() Server {
	s := serverAt(m.t, m.addr)
	s.Password = "secret"
	return s
}

func (m *memServer) deliver(raw []byte) {
	m.t.Helper()
	if _, err := m.user.Append("INBOX", literal{bytes.NewReader(raw), int64(len(raw))}, &imap.AppendOptions{}); err != nil {
		m.t.Fatal(err)
	}
}

// renew makes the INBOX anew, empty and under another UIDVALIDITY.
func (m *memServer) renew() {
	m.t.Helper()
	if err := m.user.Delete("INBOX"); err != nil {
		m.t.Fatal(err)
	}
	if err := m.user.Create("INBOX", nil); err != nil {
		m.t.Fatal(err)
	}
}

type literal struct {
	io.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

// oddSession passes everything on to the server in memory but what the test wants to go wrong.
type oddSession struct {
	imapserver.Session
	conn *imapserver.Conn
	user *imapmemserver.User
	odd  oddities
}

func (s *oddSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	uids, ok := set.(imap.UIDSet)
	if !ok {
		return s.Session.Fetch(w, set, options)
	}
	if s.odd.sizes != 0 && options.RFC822Size {
		numbers, _ := uids.Nums()
		for _, uid := range numbers {
			r := w.CreateMessage(uint32(uid))
			r.WriteUID(uid)
			r.WriteRFC822Size(s.odd.sizes)
			if err := r.Close(); err != nil {
				return err
			}
		}
		return nil
	}
	if s.odd.breaksAlways && len(options.BodySection) > 0 {
		return s.conn.NetConn().Close()
	}
	if s.odd.breaksOn != 0 && len(options.BodySection) > 0 && uids.Contains(s.odd.breaksOn) {
		var before imap.UIDSet
		if numbers, _ := uids.Nums(); numbers[0] < s.odd.breaksOn {
			before.AddRange(numbers[0], s.odd.breaksOn-1)
			if err := s.Session.Fetch(w, before, options); err != nil {
				return err
			}
		}
		return s.conn.NetConn().Close()
	}
	if s.odd.hides != 0 {
		var shown imap.UIDSet
		numbers, _ := uids.Nums()
		for _, uid := range numbers {
			if uid != s.odd.hides {
				shown.AddNum(uid)
			}
		}
		if len(shown) == 0 {
			return nil
		}
		return s.Session.Fetch(w, shown, options)
	}
	return s.Session.Fetch(w, set, options)
}

// tokenSession logs in by XOAUTH2.
type tokenSession struct{ *oddSession }

func (s *tokenSession) AuthenticateMechanisms() []string { return []string{"XOAUTH2"} }

func (s *tokenSession) Authenticate(string) (sasl.Server, error) { return &tokenCheck{session: s}, nil }

type tokenCheck struct {
	session *tokenSession
	refused bool
}

func (c *tokenCheck) Next(response []byte) ([]byte, bool, error) {
	switch want := "user=desk\x01auth=Bearer " + c.session.odd.token + "\x01\x01"; {
	case c.refused:
		return nil, false, imapserver.ErrAuthFailed
	case string(response) != want:
		c.refused = true
		return []byte(`{"status":"400","scope":"mail"}`), false, nil
	}
	return nil, true, c.session.Login("desk", "secret")
}

// relay passes connections on to a server until it meets what spoils them.
type relay struct {
	addr string
	// spoil is told which connection it is, 0 the first, and how many bytes the server has sent on it;
	// it returns how many more may pass, and what comes after: "cut" or "freeze".
	spoil func(connection int) (bytes int64, then string)
}

func startRelay(t *testing.T, on, to string, spoil func(connection int) (int64, string)) *relay {
	t.Helper()
	listener := listen(t, on)
	r := &relay{addr: listener.Addr().String(), spoil: spoil}
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; ; n++ {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			server, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", to)
			if err != nil {
				t.Errorf("relay: %v", err)
				client.Close()
				return
			}
			all.Go(func() { r.pass(n, client, server) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return r
}

func (r *relay) pass(n int, client, server net.Conn) {
	limit, then := r.spoil(n)
	up := make(chan struct{})
	go func() {
		defer close(up)
		_, _ = io.Copy(server, client) // ends with the client
		server.Close()
	}()
	if then == "" {
		_, _ = io.Copy(client, server)
	} else {
		_, _ = io.CopyN(client, server, limit)
	}
	if then != "freeze" {
		client.Close()
	}
	<-up
	client.Close()
}

func listen(t *testing.T, on string) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", on)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}
