package dovecottest_test

import (
	"bufio"
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
)

func TestKilledSessionEndsAndTheNextOneWorks(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	s.Deliver("desk", "INBOX", []byte(mail))
	c := dial(t, s, nil)
	selectFolder(t, c, "INBOX")
	if got := s.KillImapProcesses(); got != 1 {
		t.Errorf("%d processes killed, want 1", got)
	}
	if err := c.Noop().Wait(); err == nil {
		t.Error("the killed session still answers")
	}
	if got := selectFolder(t, dial(t, s, nil), "INBOX").NumMessages; got != 1 {
		t.Errorf("%d messages after the crash, want 1", got)
	}
}

func TestFrozenServerTakesConnectionsAndSaysNothingUntilThawed(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	s.Freeze()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		t.Fatalf("a frozen server takes no connection: %v", err)
	}
	defer conn.Close()
	greeting := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(conn).ReadString('\n')
		greeting <- line
	}()
	quiet, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	select {
	case line := <-greeting:
		t.Fatalf("a frozen server says %q", line)
	case <-quiet.Done():
	}
	s.Thaw()
	ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	select {
	case line := <-greeting:
		if diff := cmp.Diff("* OK", line[:min(4, len(line))]); diff != "" {
			t.Errorf("greeting after the thaw (-want +got):\n%s", diff)
		}
	case <-ctx.Done():
		t.Error("a thawed server says nothing")
	}
}

func TestForgottenUIDsAreTheSameMailsUnderANewValidity(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	for range 3 {
		s.Deliver("desk", "INBOX", []byte(mail))
	}
	c := dial(t, s, nil)
	before := selectFolder(t, c, "INBOX")
	if err := c.Logout().Wait(); err != nil {
		t.Fatal(err)
	}
	s.ForgetUIDs("desk", "INBOX")
	after := selectFolder(t, dial(t, s, nil), "INBOX")
	if before.UIDValidity == after.UIDValidity {
		t.Errorf("UIDVALIDITY is still %d", after.UIDValidity)
	}
	if before.NumMessages != 3 || after.NumMessages != 3 {
		t.Errorf("%d mails before and %d after, want 3 and 3", before.NumMessages, after.NumMessages)
	}
}
