package mailin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
	"github.com/canceldesk/canceldesk/tickets"
)

var _ Receiver = (*tickets.Desk)(nil)

func TestNewUIDValidityReadsAllAgainAndTheLedgerTellsWhatIsKnown(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	l := newLedger()
	p := newTestPoller(t, testConfig(memory.server(), l))
	for n := range 5 {
		memory.deliver(testMail(n+1, 10))
	}
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 5, Ticket: 5}, poll(t, p)); diff != "" {
		t.Errorf("first poll (-want +got):\n%s", diff)
	}
	memory.renew()
	for n := range 6 {
		memory.deliver(testMail(n+1, 10))
	}
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 6, Ticket: 1, Duplicate: 5}, poll(t, p)); diff != "" {
		t.Errorf("poll of the new folder (-want +got):\n%s", diff)
	}
	want := tickets.Cursor{Mailbox: "service", Folder: "INBOX", UIDValidity: 2, LastUID: 6}
	if diff := cmp.Diff(want, l.cursors[[2]string{"service", "INBOX"}]); diff != "" {
		t.Errorf("cursor (-want +got):\n%s", diff)
	}
}

func TestMailThatBreaksTheConnectionIsSetAsideAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	for name, odd := range map[string]oddities{
		"first of all":             {breaksOn: 1},
		"in the middle":            {breaksOn: 3},
		"the last":                 {breaksOn: 5},
		"found and never given":    {hides: 3},
		"the first is never given": {hides: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := startMemServer(t, odd)
			for n := range 5 {
				memory.deliver(testMail(n+1, 10))
			}
			l := newLedger()
			p := newTestPoller(t, testConfig(memory.server(), l))
			if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 5, Ticket: 4, Quarantined: 1}, poll(t, p)); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
			bad := uint32(odd.breaksOn + odd.hides)
			for i, row := range l.rows {
				if row.Place.UID != uint32(i+1) {
					t.Errorf("row %d is of UID %d: the order is lost", i+1, row.Place.UID)
				}
				if quarantined := row.Outcome == tickets.OutcomeQuarantined; quarantined != (row.Place.UID == bad) {
					t.Errorf("UID %d is %s", row.Place.UID, row.Outcome)
				}
			}
			if detail := l.rows[bad-1].Detail; !strings.HasPrefix(detail, "could not be fetched in 3 tries: ") {
				t.Errorf("reason is %q", detail)
			}
			if diff := cmp.Diff(Summary{Mailbox: "service"}, poll(t, p)); diff != "" {
				t.Errorf("second poll (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpoiledConnectionsLoseNothing(t *testing.T) {
	t.Parallel()
	const mails = 30
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	for n := range mails {
		dovecot.Deliver("desk", "INBOX", testMail(n+1, 9000))
	}
	for _, then := range []string{"cut", "freeze"} {
		t.Run(then, func(t *testing.T) {
			t.Parallel()
			// The first two connections end in the middle of a mail, far enough from one another.
			spoiled := startRelay(t, "127.0.0.1:0", dovecot.Addr(), func(n int) (int64, string) {
				if n < 2 {
					return 60_000, then
				}
				return 0, ""
			})
			l := newLedger()
			server := serverAt(t, spoiled.addr)
			server.ReadTimeout = 300 * time.Millisecond
			sum := poll(t, newTestPoller(t, testConfig(server, l)))
			if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: mails, Ticket: mails}, sum); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantSubjects(mails), l.subjects()); diff != "" {
				t.Errorf("stored mails (-want +got):\n%s", diff)
			}
			for i, m := range l.mails {
				if diff := cmp.Diff(string(testMail(i+1, 9000)), string(l.raws[m.Message.Raw])); diff != "" {
					t.Fatalf("original of mail %d (-sent +kept):\n%s", i+1, diff)
				}
			}
		})
	}
}

func TestServerThatAlwaysFreezesIsAnErrorAndNotAWait(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	memory.deliver(testMail(1, 10))
	frozen := startRelay(t, "127.0.0.1:0", memory.addr, func(int) (int64, string) { return 200, "freeze" })
	server := memory.server()
	server.Port = serverAt(t, frozen.addr).Port
	server.ReadTimeout = 50 * time.Millisecond
	sum, err := newTestPoller(t, testConfig(server, newLedger())).PollOnce(t.Context())
	wantKind(t, err, tickets.Unavailable, "The mail server "+frozen.addr+" stopped answering.")
	if diff := cmp.Diff(Summary{Mailbox: "service"}, sum); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
}

func TestMailTooLargeIsKnownByItsHeader(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	memory.deliver(testMail(1, 10))
	memory.deliver(testMail(2, 40_000))
	memory.deliver(testMail(3, 10))
	l := newLedger()
	config := testConfig(memory.server(), l)
	config.MailBytes = 20_000
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 3, Ticket: 2, Oversize: 1}, poll(t, newTestPoller(t, config))); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
	got := l.mails[1]
	if got.Message.At.IsZero() {
		t.Error("the mail has no date")
	}
	got.Message.At = time.Time{} // the server's own clock
	got.Understanding = l.mails[1].Understanding
	want := tickets.Incoming{
		UID: 2, Bytes: int64(len(testMail(2, 40_000))), Refused: tickets.OutcomeOversize,
		Detail: fmt.Sprintf("%d bytes, more than limits.mail_bytes (20000)", len(testMail(2, 40_000))),
		Message: tickets.Message{
			Direction: tickets.Inbound, Channel: tickets.Email, Sender: "li2@example.com", SenderName: "Li",
			Subject: "mail 2", MessageID: "2@example.com", Kind: "message",
		},
		Understanding: got.Understanding,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
	if len(l.raws) != 2 {
		t.Errorf("%d originals kept, want 2", len(l.raws))
	}
}

func TestRefetchGivesAMailAnotherTry(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	memory.deliver(testMail(1, 40_000))
	place := tickets.Place{Mailbox: "service", Folder: "INBOX", UIDValidity: 1, UID: 1}
	for name, test := range map[string]struct {
		limit  int64
		change func(*tickets.Place)
		want   string // outcome or kind of error
	}{
		"under a higher limit":    {limit: 50_000},
		"still too large":         {limit: 20_000, want: "oversize"},
		"another mailbox":         {change: func(p *tickets.Place) { p.Mailbox = "other" }, want: "not_found"},
		"the folder is made anew": {change: func(p *tickets.Place) { p.UIDValidity = 9 }, want: "not_found"},
		"deleted":                 {change: func(p *tickets.Place) { p.UID = 2 }, want: "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLedger()
			config := testConfig(memory.server(), l)
			config.MailBytes = test.limit
			at := place
			if test.change != nil {
				test.change(&at)
			}
			in, err := newTestPoller(t, config).Refetch(t.Context(), at)
			got := string(in.Refused)
			if errors.Is(err, tickets.NotFound) {
				got = "not_found"
			} else if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("mail is %q, want %q", got, test.want)
			}
			if got == "" && string(l.raws[in.Message.Raw]) != string(testMail(1, 40_000)) {
				t.Error("its original is not kept")
			}
		})
	}
}

func TestServerThatGuessesSizesIsBelievedWhenItSendsTheSameTwice(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{sizes: 77})
	memory.deliver(testMail(1, 10))
	l := newLedger()
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 1, Ticket: 1}, poll(t, newTestPoller(t, testConfig(memory.server(), l)))); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
	got := l.mails[0].Message
	if diff := cmp.Diff([]string{"size_differs: the server listed 77 bytes"}, got.Defects); diff != "" {
		t.Errorf("defects (-want +got):\n%s", diff)
	}
	if want := testConfig(Server{}, l).Now(); !got.At.Equal(want) {
		t.Errorf("a mail whose date the server does not tell is of %s, want the time of the poll, %s", got.At, want)
	}
}

func TestHolderWhoLostTheMailboxStops(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	for n := range 10 {
		memory.deliver(testMail(n+1, 10))
	}
	l := newLedger()
	asked := 0
	l.before = func(tickets.Batch) error {
		if asked++; asked == 2 {
			l.mu.Lock()
			l.fence++ // somebody else has taken it
			l.mu.Unlock()
		}
		return nil
	}
	config := testConfig(memory.server(), l)
	config.BatchMails, config.StoreMails = 2, 2
	sum, err := newTestPoller(t, config).PollOnce(t.Context())
	if !errors.Is(err, tickets.Conflict) {
		t.Errorf("error is %v, want a conflict", err)
	}
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 2, Ticket: 2}, sum); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
	if asked != 2 {
		t.Errorf("%d batches handed over, want 2", asked)
	}
}

func TestMailThatCannotBeStoredKeepsBackNoOther(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	for n := range 5 {
		memory.deliver(testMail(n+1, 10))
	}
	l := newLedger()
	l.before = func(b tickets.Batch) error {
		for _, m := range b.Mails {
			if m.UID == 3 && m.Refused == "" {
				return errors.New("the database can't take it")
			}
		}
		return nil
	}
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 5, Ticket: 4, Quarantined: 1}, poll(t, newTestPoller(t, testConfig(memory.server(), l)))); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
	bad := l.mails[2]
	if bad.Refused != tickets.OutcomeQuarantined || string(l.raws[bad.Message.Raw]) != string(testMail(3, 10)) {
		t.Errorf("mail 3 is %q with original %q, want it set aside with its original", bad.Refused, bad.Message.Raw)
	}
}

func TestMailThatOurOwnCodeBreaksOnIsSetAsideWithItsOriginal(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	for n := range 3 {
		memory.deliver(testMail(n+1, 10))
	}
	l := newLedger()
	config := testConfig(memory.server(), l)
	config.Parse.IsOurMessageID = func(id string) bool {
		if id == "2@example.com" {
			panic("a bug")
		}
		return false
	}
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 3, Ticket: 2, Quarantined: 1}, poll(t, newTestPoller(t, config))); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
	if raw := l.raws[l.mails[1].Message.Raw]; string(raw) != string(testMail(2, 10)) {
		t.Errorf("original kept is %q", raw)
	}
}

func TestServerThatBreaksOffAtEveryMailSetsFewAside(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{breaksAlways: true})
	for n := range 20 {
		memory.deliver(testMail(n+1, 10))
	}
	l := newLedger()
	sum, err := newTestPoller(t, testConfig(memory.server(), l)).PollOnce(t.Context())
	wantKind(t, err, tickets.Unavailable, "The mail server "+memory.addr+" breaks off at one mail after the other.")
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 3, Quarantined: 3}, sum); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
}

func TestStorageThatIsDownQuarantinesNothing(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	memory.deliver(testMail(1, 10))
	l := newLedger()
	l.before = func(tickets.Batch) error { return errors.New("disk full") }
	p := newTestPoller(t, testConfig(memory.server(), l))
	if sum, err := p.PollOnce(t.Context()); err == nil || sum.Fetched != 0 {
		t.Errorf("poll is %+v, %v, want an error and nothing stored", sum, err)
	}
	l.before = nil
	if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 1, Ticket: 1}, poll(t, p)); diff != "" {
		t.Errorf("poll afterwards (-want +got):\n%s", diff)
	}
}

func TestPollEndsWithItsContext(t *testing.T) {
	t.Parallel()
	memory := startMemServer(t, oddities{})
	for n := range 10 {
		memory.deliver(testMail(n+1, 10))
	}
	l := newLedger()
	ctx, cancel := context.WithCancel(t.Context())
	l.before = func(tickets.Batch) error { cancel(); return nil }
	config := testConfig(memory.server(), l)
	config.BatchMails, config.StoreMails = 2, 2
	if _, err := newTestPoller(t, config).PollOnce(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
	if len(l.rows) != 0 || l.holder != "" {
		t.Errorf("%d rows stored, mailbox held by %q; want none and nobody", len(l.rows), l.holder)
	}
}

func TestConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		with     func(*Config)
		sentence string
	}{
		"unknown action":           {func(c *Config) { c.Processed.Action = "burn" }, `processed.action is "burn"; it must be none, seen, move or delete.`},
		"move to nowhere":          {func(c *Config) { c.Processed.Action = ActionMove }, "processed.action is move, but processed.folder names no folder."},
		"delete without a sync":    {func(c *Config) { c.Processed.Action, c.Synced = ActionDelete, nil }, "processed.action delete needs a database that can tell when it is on the disk."},
		"interval of ten seconds":  {func(c *Config) { c.Interval = 10 * time.Second }, "The poll interval is 10s; it must be between 1m0s and 5m0s."},
		"interval of half an hour": {func(c *Config) { c.Interval = 30 * time.Minute }, "The poll interval is 30m0s; it must be between 1m0s and 5m0s."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := testConfig(Server{}, newLedger())
			test.with(&config)
			_, err := NewPoller(config)
			wantKind(t, err, tickets.Invalid, test.sentence)
		})
	}
}
