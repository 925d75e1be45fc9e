package dovecottest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// Proxy stands between a client and a server in the clear and breaks the line as networks do. Its methods may be called
// from any goroutine.
type Proxy struct {
	tb     testing.TB
	listen net.Listener
	to     string
	all    sync.WaitGroup

	mu     sync.Mutex
	lines  map[net.Conn]bool // open connections, both ends of each
	cuts   []int             // after how many bytes of coming literals the line is cut
	broken int               // how often that was done
	closed bool
}

// StartProxy passes connections on to a server until the test is over.
func StartProxy(tb testing.TB, to string) *Proxy {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("dovecottest: listen: %v", err)
	}
	p := &Proxy{tb: tb, listen: l, to: to, lines: map[net.Conn]bool{}}
	p.all.Go(p.accept)
	tb.Cleanup(func() {
		_ = l.Close() // which ends accept
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.Cut()
		p.all.Wait()
	})
	return p
}

// Addr is host:port of the client's side.
func (p *Proxy) Addr() string { return p.listen.Addr().String() }

// Cut closes every connection at once, wherever it is, and says how many there were.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.lines {
		_ = c.Close() // what else could be done with it
	}
	return len(p.lines) / 2
}

// CutLiteral closes the next connection on which the server sends a literal (RFC 9051 section 4.3) of more than one
// byte, with at least one byte of it passed on and at least one not: bytes of it, as far as it has so many. Several
// calls cut several literals, one after another.
func (p *Proxy) CutLiteral(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts = append(p.cuts, bytes)
}

// Broken is how many literals were cut so far.
func (p *Proxy) Broken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broken
}

func (p *Proxy) accept() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.WithoutCancel(p.tb.Context()), "tcp", p.to)
		if err != nil || !p.open(client, server) {
			_ = client.Close() // as a server that is away would
			continue
		}
		p.all.Go(func() {
			defer p.drop(client, server)
			_, _ = io.Copy(server, client) // its end is the connection's
		})
		p.all.Go(func() {
			defer p.drop(client, server)
			_ = p.answers(client, server) // the same
		})
	}
}

// open notes a connection, unless the proxy is closed.
func (p *Proxy) open(ends ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range ends {
		if p.closed {
			_ = c.Close() // nobody waits for it
			continue
		}
		p.lines[c] = true
	}
	return !p.closed
}

// drop closes both ends.
func (p *Proxy) drop(ends ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range ends {
		_ = c.Close() // it may be closed already
		delete(p.lines, c)
	}
}

// literal is the end of a line that announces one.
var literal = regexp.MustCompile(`\{(\d+)\}\r\n$`)

var errCut = errors.New("cut inside a literal")

// answers passes on what the server says, up to a literal that is to be cut.
func (p *Proxy) answers(client io.Writer, server io.Reader) error {
	r := bufio.NewReader(server)
	for {
		line, err := r.ReadBytes('\n')
		if _, werr := client.Write(line); err != nil || werr != nil {
			return errors.Join(err, werr)
		}
		announced := literal.FindSubmatch(line)
		if announced == nil {
			continue
		}
		n, err := strconv.ParseInt(string(announced[1]), 10, 64)
		if err != nil {
			return err
		}
		if at, ok := p.cut(n); ok {
			_, err := io.CopyN(client, r, at)
			return errors.Join(err, errCut)
		}
		if _, err := io.CopyN(client, r, n); err != nil {
			return err
		}
	}
}

// cut takes the next cut for a literal of so many bytes.
func (p *Proxy) cut(size int64) (at int64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cuts) == 0 || size < 2 {
		return 0, false
	}
	at = min(max(int64(p.cuts[0]), 1), size-1)
	p.cuts = p.cuts[1:]
	p.broken++
	return at, true
}
