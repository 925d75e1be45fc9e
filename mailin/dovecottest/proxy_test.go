package dovecottest_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
)

// told is what the server of a test says to everybody who connects.
const told = "* OK hello\r\n* 1 FETCH (BODY[] {10}\r\n0123456789)\r\n* 2 FETCH (BODY[] {10}\r\nabcdefghij)\r\n"

// teller is a server that says the same to everybody and waits for them to go.
func teller(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-served })
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, told)
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// hear connects and returns what comes until the connection ends or the whole was heard.
func hear(t *testing.T, p *dovecottest.Proxy) string {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var b strings.Builder
	_, _ = io.CopyN(&b, bufio.NewReader(c), int64(len(told))) // ends early where the line is cut
	return b.String()
}

func TestProxyCutsInsideALiteralOnce(t *testing.T) {
	t.Parallel()
	p := dovecottest.StartProxy(t, teller(t))
	p.CutLiteral(4)
	p.CutLiteral(1000)
	upTo := func(s string) string { return told[:strings.Index(told, s)+len(s)] }
	want := []string{upTo("0123"), upTo("012345678"), told}
	if diff := cmp.Diff(want, []string{hear(t, p), hear(t, p), hear(t, p)}); diff != "" {
		t.Errorf("what three clients hear (-want +got):\n%s", diff)
	}
	if n := p.Broken(); n != 2 {
		t.Errorf("%d literals were cut, want 2", n)
	}
}

func TestProxyCutsEveryConnection(t *testing.T) {
	t.Parallel()
	p := dovecottest.StartProxy(t, teller(t))
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := bufio.NewReader(c)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if n := p.Cut(); n != 1 {
		t.Errorf("%d connections were cut, want 1", n)
	}
	if _, err := io.Copy(io.Discard, r); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the cut connection ends with %v", err)
	}
}
