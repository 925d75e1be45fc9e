package mailin

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestWhatWasNotDoneToStoredMailsIsDoneByTheNextPoll: the program ended between storing the mails and moving them,
// or the server would not, and no mail has come since.
func TestWhatWasNotDoneToStoredMailsIsDoneByTheNextPoll(t *testing.T) {
	t.Parallel()
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	const mails = processAtOnce + 50 // more than one command is given for
	for n := range mails {
		dovecot.Deliver("desk", "INBOX", testMail(n+1, 10))
	}
	dovecot.Deliver("desk", "Junk", testMail(mails+1, 10))
	dovecot.Deliver("desk", "Done", testMail(mails+2, 10))
	l := newLedger()
	config := testConfig(serverAt(t, dovecot.Addr()), l)
	config.Folders = []string{"INBOX", "Junk"}
	config.Processed = Processed{Action: ActionMove, Folder: "Done"}
	config.Synced = func(context.Context) error { return errors.New("power is lost here") }
	sum, err := newTestPoller(t, config).PollOnce(t.Context())
	if err == nil {
		t.Error("nobody is told that nothing was moved")
	}
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: mails + 1, Ticket: mails + 1}, sum); diff != "" {
		t.Errorf("poll whose mails stay where they are, in every folder (-want +got):\n%s", diff)
	}
	lie := func() []int {
		return []int{dovecot.Count("desk", "INBOX"), dovecot.Count("desk", "Junk"), dovecot.Count("desk", "Done")}
	}
	if diff := cmp.Diff([]int{mails, 1, 1}, lie()); diff != "" {
		t.Errorf("mails in INBOX, Junk and Done before they may be moved (-want +got):\n%s", diff)
	}

	config.Synced = func(context.Context) error { return nil }
	config.Processed.Folder = "Nowhere/else" // a folder that is not there
	_, err = newTestPoller(t, config).PollOnce(t.Context())
	wantKind(t, err, tickets.Unavailable, "The mails of INBOX are stored, but processed.action move failed on them: check processed.folder and the rights to the folder.")

	config.Processed.Folder = "Done"
	if diff := cmp.Diff(Summary{Mailbox: "service"}, poll(t, newTestPoller(t, config))); diff != "" {
		t.Errorf("poll that only moves (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{0, 0, mails + 2}, lie()); diff != "" {
		t.Errorf("mails in INBOX, Junk and Done in the end (-want +got):\n%s", diff)
	}
	if len(l.due) != 0 {
		t.Errorf("%d mails still wait", len(l.due))
	}
}

// TestServerThatWillNotMoveMailsKeepsNoneFromBeingRead: the poller goes on to listen, without the growing waits that
// a broken connection has.
func TestServerThatWillNotMoveMailsKeepsNoneFromBeingRead(t *testing.T) {
	t.Parallel()
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	dovecot.Deliver("desk", "INBOX", testMail(1, 10))
	polls := make(chan polled, 100)
	config := testConfig(serverAt(t, dovecot.Addr()), newLedger())
	config.Processed = Processed{Action: ActionMove, Folder: "Nowhere"}
	config.Backoff = Backoff{First: maxInterval, Max: maxInterval}
	config.OnPoll = func(sum Summary, err error) { polls <- polled{sum, err} }
	p := newTestPoller(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for n := range 3 {
		if got := next(t, polls); got.sum.Fetched != 1 || got.err == nil {
			t.Errorf("poll %d: %+v, %v; want the mail and an error", n+1, got.sum, got.err)
		}
		dovecot.Deliver("desk", "INBOX", testMail(n+2, 10))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run ends with %v", err)
	}
}
