package dovecottest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Password is every user's password where Options names no other.
const Password = "correct horse battery staple"

// Options says what the server should have. The zero value has one user, "desk", with Password.
type Options struct {
	// Users are the login names. Empty means "desk".
	Users []string
	// Password is the password of them all. Empty means Password.
	Password string
	// Capability replaces the capabilities the server tells after login, so that a client can be seen to do
	// without one. Empty leaves Dovecot's own, with IDLE, MOVE and UIDPLUS among them.
	Capability string
	// Extra is appended to dovecot.conf as it is. 2.3 and 2.4 have different names for many settings.
	Extra string
}

// Server is a running Dovecot. Its methods fail the test they were started for; call them from its goroutine.
type Server struct {
	tb            testing.TB
	dir           string // holds everything; short, since socket paths are limited
	run           account
	cert          certificate
	addr, tlsAddr string
	master        *process
	delivered     atomic.Int64
}

const (
	startTimeout = 20 * time.Second
	pollEvery    = 10 * time.Millisecond
	// portTries is how often another pair of ports is taken when somebody else got hold of the first.
	portTries = 5
)

var errPortTaken = errors.New("a port was taken by somebody else")

// Start starts a server, waits until it greets a client, and stops it when the test is over.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if len(o.Users) == 0 {
		o.Users = []string{"desk"}
	}
	if o.Password == "" {
		o.Password = Password
	}
	bin, release, err := binary(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	run, err := runAs()
	if err != nil {
		tb.Fatalf("dovecottest: choose a user: %v", err)
	}
	cert, err := newCertificate()
	if err != nil {
		tb.Fatalf("dovecottest: make a certificate: %v", err)
	}
	//nolint:usetesting // tb.TempDir carries the test's name, and a socket's path has at most 107 bytes
	dir, err := os.MkdirTemp("", "dovecot")
	if err != nil {
		tb.Fatalf("dovecottest: make a folder: %v", err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("dovecottest: remove the folder: %v", err)
		}
	})

	s := &Server{tb: tb, dir: dir, run: run, cert: cert}
	if err := s.lay(o); err != nil {
		tb.Fatalf("dovecottest: lay out the folder: %v", err)
	}
	for try := 1; ; try++ {
		err := s.start(tb.Context(), bin, release, o)
		if err == nil {
			break
		}
		if !errors.Is(err, errPortTaken) || try == portTries {
			tb.Fatalf("dovecottest: start dovecot: %v\n%s", err, s.log())
		}
	}
	tb.Cleanup(s.stop)
	return s
}

// Addr is host:port for plain IMAP; STARTTLS is offered there too.
func (s *Server) Addr() string { return s.addr }

// TLSAddr is host:port for IMAP inside TLS.
func (s *Server) TLSAddr() string { return s.tlsAddr }

// CertPEM is the server's self-signed certificate, for 127.0.0.1 and localhost.
func (s *Server) CertPEM() []byte { return bytes.Clone(s.cert.certPEM) }

// Pool trusts the server's certificate and nothing else.
func (s *Server) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.cert.leaf)
	return pool
}

// KillImapProcesses ends every session as a crash would: SIGKILL to each imap process, in the middle of whatever it
// is sending. The server goes on and takes new logins. It returns how many there were; none is a failure of the test.
func (s *Server) KillImapProcesses() int {
	s.tb.Helper()
	n := s.KillAnyImapProcesses()
	if n == 0 {
		s.tb.Fatal("dovecottest: no imap process to kill: nobody is logged in")
	}
	return n
}

// KillAnyImapProcesses is KillImapProcesses for a test that can't know whether anybody is logged in just now.
func (s *Server) KillAnyImapProcesses() int {
	s.tb.Helper()
	n, err := s.master.killChildren("imap")
	if err != nil {
		s.tb.Fatalf("dovecottest: kill imap processes: %v", err)
	}
	return n
}

// Freeze stops the server as a machine that hangs: connections stay open and new ones are taken, but nothing is
// answered until Thaw.
func (s *Server) Freeze() {
	s.tb.Helper()
	if err := s.master.signal(syscall.SIGSTOP); err != nil {
		s.tb.Fatalf("dovecottest: freeze: %v", err)
	}
}

// Thaw lets a frozen server go on where it was.
func (s *Server) Thaw() {
	s.tb.Helper()
	if err := s.master.signal(syscall.SIGCONT); err != nil {
		s.tb.Fatalf("dovecottest: thaw: %v", err)
	}
}

// start writes the configuration for two free ports, runs Dovecot and waits for its greeting.
func (s *Server) start(ctx context.Context, bin, release string, o Options) error {
	plain, err := freePort(ctx)
	if err != nil {
		return fmt.Errorf("find a port: %w", err)
	}
	secure, err := freePort(ctx)
	if err != nil {
		return fmt.Errorf("find a port: %w", err)
	}
	s.addr = fmt.Sprintf("127.0.0.1:%d", plain)
	s.tlsAddr = fmt.Sprintf("127.0.0.1:%d", secure)
	if err := s.write("dovecot.conf", []byte(config(release, s.dir, s.run, o, plain, secure))); err != nil {
		return err
	}
	s.master, err = spawn(ctx, s.run, filepath.Join(s.dir, "stderr.log"), bin, "-F", "-c", filepath.Join(s.dir, "dovecot.conf"))
	if err != nil {
		return err
	}
	if err := s.awaitGreeting(ctx); err != nil {
		err = errors.Join(err, s.master.stop())
		if strings.Contains(s.log(), "Address already in use") {
			return errPortTaken
		}
		return err
	}
	return nil
}

// awaitGreeting waits until both ports answer, the master has ended, or the time is up.
func (s *Server) awaitGreeting(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := greets(ctx, s.addr)
		if err == nil {
			// The TLS port speaks only after a handshake; that it takes a connection is enough.
			err = dials(ctx, s.tlsAddr)
		}
		if err == nil {
			return nil
		}
		select {
		case <-s.master.done:
			return errors.New("dovecot ended at once")
		case <-ctx.Done():
			return fmt.Errorf("no greeting within %s: %w", startTimeout, err)
		case <-tick.C:
		}
	}
}

func (s *Server) stop() {
	if err := s.master.stop(); err != nil {
		s.tb.Errorf("dovecottest: stop dovecot: %v", err)
	}
	if s.tb.Failed() {
		s.tb.Logf("dovecot's log:\n%s", s.log())
	}
}

// log returns what Dovecot wrote about itself.
func (s *Server) log() string {
	var all []string
	for _, name := range []string{"stderr.log", "dovecot.log"} {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err == nil {
			all = append(all, string(text))
		}
	}
	return strings.Join(all, "")
}

func greets(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "* OK") {
		return fmt.Errorf("greeting is %q", line)
	}
	return nil
}

func dials(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("listener's address is a %T", l.Addr())
	}
	return addr.Port, nil
}

// The releases whose settings we know.
const (
	release23 = "2.3"
	release24 = "2.4"
)

// binary finds Dovecot, in the administrator's folders too, and says which release it is.
func binary(ctx context.Context) (bin, release string, err error) {
	bin, err = exec.LookPath("dovecot")
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if err != nil {
			bin, err = exec.LookPath(filepath.Join(dir, "dovecot"))
		}
	}
	if err != nil {
		return "", "", errors.New("dovecot is not on this machine: run `make deps`, which installs it or says what to install")
	}
	version, err := exec.CommandContext(ctx, bin, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("ask dovecot for its version: %w", err)
	}
	for _, release := range []string{release23, release24} {
		if bytes.HasPrefix(version, []byte(release+".")) {
			return bin, release, nil
		}
	}
	return "", "", fmt.Errorf("dovecot is %s: these tests know 2.3 and 2.4", bytes.TrimSpace(version))
}
