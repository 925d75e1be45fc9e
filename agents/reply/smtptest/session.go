package smtptest

import (
	"crypto/subtle"
	"errors"
	"io"
	"net"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection.
type session struct {
	server *Server
	conn   *smtp.Conn
	user   string
	from   string
	to     []string
}

// listener makes connections watched ones.
type listener struct{ net.Listener }

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watched{Conn: c}, nil
}

// watched is a connection that tells of the next thing that was written to it. Only the goroutine of its session uses
// it.
type watched struct {
	net.Conn
	after func()
}

// Write implements io.Writer.
func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if f := w.after; f != nil {
		w.after = nil
		f()
	}
	return n, err
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.opts.Username == "" {
		return nil
	}
	if s.server.opts.Token != "" {
		return []string{"XOAUTH2"}
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	o := s.server.opts
	if o.Username == "" {
		return nil, smtp.ErrAuthUnsupported
	}
	if o.Token != "" {
		return &tokenCheck{session: s, want: "user=" + o.Username + "\x01auth=Bearer " + o.Token + "\x01\x01"}, nil
	}
	return sasl.NewPlainServer(func(_, username, password string) error {
		if subtle.ConstantTimeCompare([]byte(username+"\x00"+password), []byte(o.Username+"\x00"+o.Password)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.user = username
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.opts.Username != "" && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.server.recipient(to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, encrypted := s.conn.TLSConnectionState()
	end, err := s.server.take(Message{From: s.from, To: s.to, Raw: raw, TLS: encrypted, User: s.user})
	switch {
	case err != nil:
		return err
	case end.cut:
		// Under go-smtp's feet: the answer it is about to write goes nowhere.
		return s.conn.Conn().Close()
	case end.hang:
		<-s.server.over
	case end.after != nil:
		w, ok := s.conn.Conn().(*watched)
		if !ok {
			return errors.New("smtptest: AfterYes works in the clear only")
		}
		w.after = end.after
	}
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout implements smtp.Session.
func (*session) Logout() error { return nil }

// tokenCheck is XOAUTH2, with a reason before a refusal as Google gives it.
type tokenCheck struct {
	session *session
	want    string
	refused bool
}

// Next implements sasl.Server.
func (c *tokenCheck) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case c.refused:
		return nil, true, smtp.ErrAuthFailed
	case subtle.ConstantTimeCompare(response, []byte(c.want)) != 1:
		c.refused = true
		return []byte(`{"status":"400"}`), false, nil
	}
	c.session.user = c.session.server.opts.Username
	return nil, true, nil
}
