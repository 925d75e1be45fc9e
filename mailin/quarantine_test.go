package mailin

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestWhatCameOfAMailThatNeverComesWholeIsKept: a long mail in whose middle the line breaks each time is set aside
// with what came, which a person can have read, and the next mail is a ticket.
func TestWhatCameOfAMailThatNeverComesWholeIsKept(t *testing.T) {
	t.Parallel()
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	long := testMail(1, 3<<20)
	dovecot.Deliver("desk", "INBOX", long)
	dovecot.Deliver("desk", "INBOX", testMail(2, 10))
	broken := startRelay(t, "127.0.0.1:0", dovecot.Addr(), func(n int) (int64, string) {
		if n < maxTries {
			return 2 << 20, "cut"
		}
		return 0, ""
	})
	l := newLedger()
	p := newTestPoller(t, testConfig(serverAt(t, broken.addr), l))
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 2, Ticket: 1, Quarantined: 1}, poll(t, p)); diff != "" {
		t.Fatalf("poll (-want +got):\n%s", diff)
	}
	kept := l.raws[l.mails[0].Message.Raw]
	if len(kept) < 1<<20 || !bytes.HasPrefix(long, kept) {
		t.Errorf("%d bytes are kept, want the beginning of the mail", len(kept))
	}
	if detail := l.rows[0].Detail; !strings.HasSuffix(detail, " bytes of it are kept") {
		t.Errorf("reason is %q", detail)
	}
	row := tickets.Intake{Place: l.rows[0].Place, Bytes: int64(len(long)), Raw: l.mails[0].Message.Raw}
	in, err := p.Reread(t.Context(), row, kept)
	if err != nil {
		t.Fatal(err)
	}
	if in.Refused != "" || in.Message.Subject != "mail 1" || in.Message.Raw != row.Raw || !strings.Contains(in.Message.Text, "stop it.") {
		t.Errorf("the kept part is read as %q, %q", in.Refused, in.Message.Subject)
	}
	if n := len(in.Message.Defects); n == 0 || !strings.HasPrefix(in.Message.Defects[n-1], "incomplete: ") {
		t.Errorf("defects are %q, want that it is incomplete", in.Message.Defects)
	}
}
