package mailin

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/tickets"
)

func serverAt(tb testing.TB, addr string) Server {
	tb.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		tb.Fatal(err)
	}
	return Server{Host: host, Port: n, TLS: TLSNone, Username: "desk", Password: dovecottest.Password}
}

func TestPollDrainsAMailboxOnceAndInOrder(t *testing.T) {
	t.Parallel()
	const mails = 300
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for n := range mails {
		dovecot.DeliverAt("desk", "INBOX", testMail(n+1, 3000), at.Add(time.Duration(n)*time.Minute))
	}
	l := newLedger()
	p := newTestPoller(t, testConfig(serverAt(t, dovecot.Addr()), l))

	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: mails, Ticket: mails}, poll(t, p)); diff != "" {
		t.Errorf("first poll (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantSubjects(mails), l.subjects()); diff != "" {
		t.Errorf("stored mails (-want +got):\n%s", diff)
	}
	if most := mails / 100; l.batches > most { // a backlog is stored by the hundreds
		t.Errorf("%d transactions, want %d at most", l.batches, most)
	}
	third := l.mails[2].Message
	got := []any{third.Sender, third.SenderName, third.Channel, third.Kind, third.MessageID, third.At, l.mails[2].UID, l.mails[2].Bytes}
	raw := testMail(3, 3000)
	want := []any{"li3@example.com", "Li", tickets.Email, "message", "3@example.com", at.Add(2 * time.Minute), uint32(3), int64(len(raw))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("third mail (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(string(raw), string(l.raws[third.Raw])); diff != "" {
		t.Errorf("its original (-sent +kept):\n%s", diff)
	}

	if diff := cmp.Diff(Summary{Mailbox: "service"}, poll(t, p)); diff != "" {
		t.Errorf("second poll (-want +got):\n%s", diff)
	}
	if len(l.rows) != mails {
		t.Errorf("%d ledger rows after the second poll, want %d", len(l.rows), mails)
	}
}

func TestKilledImapProcessLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	const mails = 200
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	for n := range mails {
		dovecot.Deliver("desk", "INBOX", testMail(n+1, 20000))
	}
	l := newLedger()
	kills := 0
	l.before = func(tickets.Batch) error {
		if l.batches == 0 || l.batches == 8 { // far enough apart for the poller to be back
			kills++
			dovecot.KillImapProcesses()
		}
		return nil
	}
	config := testConfig(serverAt(t, dovecot.Addr()), l)
	config.BatchMails, config.StoreMails = 10, 10
	sum := poll(t, newTestPoller(t, config))
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: mails, Ticket: mails}, sum); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantSubjects(mails), l.subjects()); diff != "" {
		t.Errorf("stored mails (-want +got):\n%s", diff)
	}
	if kills != 2 {
		t.Errorf("%d kills, want 2", kills)
	}
}

func TestSeveralFoldersAreReadAndAMissingOneKeepsBackNone(t *testing.T) {
	t.Parallel()
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	dovecot.Deliver("desk", "INBOX", testMail(1, 10))
	dovecot.Deliver("desk", "垃圾邮件", testMail(2, 10))
	l := newLedger()
	config := testConfig(serverAt(t, dovecot.Addr()), l)
	config.Folders = []string{"INBOX", "Junk", "垃圾邮件"}
	sum, err := newTestPoller(t, config).PollOnce(t.Context())
	wantKind(t, err, tickets.Invalid, `The folder "Junk" can't be opened: check mailboxes.folders against the folders of the mailbox.`)
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 2, Ticket: 2}, sum); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
}

func TestProcessedMailsAreMovedOnlyAfterTheyAreStoredAndNeverThoseTooLarge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		capability string
		processed  Processed
		inbox      int // what stays, of one mail to store and one too large
		moved      int
		refused    string
	}{
		"none leaves all":                   {processed: Processed{Action: ActionNone}, inbox: 2},
		"seen leaves all":                   {processed: Processed{Action: ActionSeen}, inbox: 2},
		"move by MOVE":                      {processed: Processed{Action: ActionMove, Folder: "Done"}, inbox: 1, moved: 1},
		"move by UIDPLUS":                   {capability: "IMAP4rev1 UIDPLUS", processed: Processed{Action: ActionMove, Folder: "Done"}, inbox: 1, moved: 1},
		"delete by UIDPLUS":                 {processed: Processed{Action: ActionDelete}, inbox: 1},
		"move without either is refused":    {capability: "IMAP4rev1 IDLE", processed: Processed{Action: ActionMove, Folder: "Done"}, inbox: 2, refused: "move"},
		"delete without UIDPLUS is refused": {capability: "IMAP4rev1 MOVE", processed: Processed{Action: ActionDelete}, inbox: 2, refused: "delete"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dovecot := dovecottest.Start(t, dovecottest.Options{Capability: test.capability})
			dovecot.Deliver("desk", "INBOX", testMail(1, 10))
			dovecot.Deliver("desk", "INBOX", testMail(2, 5000))
			dovecot.Deliver("desk", "Done/x", testMail(3, 10)) // so that there is a folder beside
			dovecot.Deliver("desk", "Done", testMail(4, 10))
			l := newLedger()
			config := testConfig(serverAt(t, dovecot.Addr()), l)
			config.Processed, config.MailBytes = test.processed, 2000
			sum, err := newTestPoller(t, config).PollOnce(t.Context())
			want := Summary{Mailbox: "service", Fetched: 2, Ticket: 1, Oversize: 1}
			if test.refused != "" {
				wantKind(t, err, tickets.Invalid, "The mail server "+dovecot.Addr()+" can't "+test.refused+
					" single mails safely (move needs MOVE or UIDPLUS, delete UIDPLUS): set processed.action to none or seen.")
				want = Summary{Mailbox: "service"}
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, sum); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
			got := []int{dovecot.Count("desk", "INBOX"), dovecot.Count("desk", "Done") - 1}
			if diff := cmp.Diff([]int{test.inbox, test.moved}, got); diff != "" {
				t.Errorf("mails in INBOX and Done (-want +got):\n%s", diff)
			}
		})
	}
}
