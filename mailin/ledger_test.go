package mailin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// ledger stands in for the desk, its database and its folder of originals. It keeps the promises that
// the poller builds on: one row for a place, duplicates by fingerprint, the fence.
type ledger struct {
	mu      sync.Mutex
	cursors map[[2]string]tickets.Cursor
	mails   []tickets.Incoming
	rows    []tickets.Intake
	raws    map[string][]byte
	holder  string
	fence   int64
	denials int           // how many more times somebody else has the mailbox
	renewed chan struct{} // told of renewals, where set
	lost    bool          // the next renewal is refused
	batches int
	due     []tickets.Place // mails that wait for Processed
	// before is asked for each batch before it is stored.
	before func(tickets.Batch) error
}

func newLedger() *ledger {
	return &ledger{cursors: map[[2]string]tickets.Cursor{}, raws: map[string][]byte{}}
}

func (l *ledger) Cursor(_ context.Context, mailbox, folder string) (tickets.Cursor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.cursors[[2]string{mailbox, folder}]
	if !ok {
		return c, tickets.NotFound
	}
	return c, nil
}

func (l *ledger) KeepBatch(_ context.Context, raws [][]byte) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	refs := make([]string, 0, len(raws))
	for _, raw := range raws {
		ref := fmt.Sprintf("raw-%d", len(l.raws)+1)
		l.raws[ref] = bytes.Clone(raw)
		refs = append(refs, ref)
	}
	return refs, nil
}

func (l *ledger) Receive(ctx context.Context, b tickets.Batch) ([]tickets.Intake, error) {
	if l.before != nil {
		if err := l.before(b); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.Fence != l.fence {
		return nil, &tickets.Error{Kind: tickets.Conflict, Msg: "The fence is old."}
	}
	rows := make([]tickets.Intake, 0, len(b.Mails))
	for _, m := range b.Mails {
		row := tickets.Intake{
			Place:       tickets.Place{Mailbox: b.Mailbox, Folder: b.Folder, UIDValidity: b.UIDValidity, UID: m.UID},
			Fingerprint: m.Fingerprint, Outcome: tickets.OutcomeTicket, Detail: m.Detail,
		}
		known := func(r tickets.Intake) bool { return r.Fingerprint == m.Fingerprint }
		switch all := slices.Concat(l.rows, rows); {
		case slices.ContainsFunc(all, func(r tickets.Intake) bool { return r.Place == row.Place }):
			return nil, &tickets.Error{Kind: tickets.Conflict, Msg: "The place is in the ledger."}
		case m.Refused != "":
			row.Outcome = m.Refused
		case slices.ContainsFunc(all, known):
			row.Outcome = tickets.OutcomeDuplicate
		case m.Message.Kind != string(KindMessage):
			row.Outcome = tickets.Outcome(m.Message.Kind)
		}
		if raw, kept := l.raws[m.Message.Raw]; m.Refused == "" && (!kept || evidence.Commit(m.Sealed.Salt, raw) != m.Sealed.Digest) {
			return nil, fmt.Errorf("mail %d: its original is not kept", m.UID)
		}
		rows = append(rows, row)
		if b.Process && m.Refused == "" {
			l.due = append(l.due, row.Place)
		}
	}
	l.batches++
	l.rows = append(l.rows, rows...)
	l.mails = append(l.mails, b.Mails...)
	l.cursors[[2]string{b.Mailbox, b.Folder}] = tickets.Cursor{Mailbox: b.Mailbox, Folder: b.Folder, UIDValidity: b.UIDValidity, LastUID: b.LastUID}
	return rows, nil
}

func (l *ledger) AcquireLease(_ context.Context, _, holder string, _ time.Duration) (int64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.denials > 0 {
		l.denials--
		return 0, false, nil
	}
	if l.holder != "" {
		return 0, false, nil
	}
	l.holder = holder
	l.fence++
	return l.fence, true, nil
}

func (l *ledger) RenewLease(_ context.Context, _ string, fence int64, _ time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if fence != l.fence || l.lost {
		return &tickets.Error{Kind: tickets.Conflict, Msg: "The lease is lost."}
	}
	select {
	case l.renewed <- struct{}{}:
	default: // nobody waits for it
	}
	return nil
}

func (l *ledger) ReleaseLease(_ context.Context, _ string, fence int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if fence == l.fence {
		l.holder = ""
	}
	return nil
}

func (l *ledger) Unprocessed(_ context.Context, folder tickets.Place, limit int) ([]uint32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var uids []uint32
	for _, p := range l.due {
		if folder.UID = p.UID; p == folder && len(uids) < limit {
			uids = append(uids, p.UID)
		}
	}
	return uids, nil
}

func (l *ledger) SetProcessed(_ context.Context, folder tickets.Place, uids []uint32) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = slices.DeleteFunc(l.due, func(p tickets.Place) bool {
		folder.UID = p.UID
		return p == folder && slices.Contains(uids, p.UID)
	})
	return nil
}

// subjects lists the stored mails' subjects, in the order they were stored.
func (l *ledger) subjects() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, 0, len(l.mails))
	for _, m := range l.mails {
		out = append(out, m.Message.Subject)
	}
	return out
}

// testConfig is a poller's configuration over the ledger that waits for nothing long.
func testConfig(server Server, l *ledger) Config {
	return Config{
		Mailbox: "service", Server: server, Holder: "test",
		Backoff: Backoff{First: time.Millisecond, Max: 5 * time.Millisecond},
		Leases:  l, Cursors: l, Raws: l, Receiver: l, Stored: l,
		Synced: func(context.Context) error { return nil },
		Now:    func() time.Time { return time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC) },
	}
}

func newTestPoller(t *testing.T, c Config) *Poller {
	t.Helper()
	p, err := NewPoller(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func poll(t *testing.T, p *Poller) Summary {
	t.Helper()
	sum, err := p.PollOnce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// testMail is a mail with the number in its subject and about size bytes of text.
func testMail(n, size int) []byte {
	return fmt.Appendf(nil, "From: \"Li\" <Li%d@Example.com>\r\nTo: service@example.com\r\nSubject: mail %d\r\nDate: Wed, 6 May 2026 07:08:09 +0000\r\nMessage-ID: <%d@example.com>\r\n\r\n%s\r\n",
		n, n, n, bytes.Repeat([]byte("stop it. \r\n"), size/11+1))
}

func wantSubjects(n int) []string {
	out := make([]string, 0, n)
	for i := range n {
		out = append(out, fmt.Sprintf("mail %d", i+1))
	}
	return out
}

// wantKind fails unless err is of a kind and has a sentence for people.
func wantKind(t *testing.T, err error, kind tickets.Kind, sentence string) {
	t.Helper()
	var said *tickets.Error
	if !errors.Is(err, kind) || !errors.As(err, &said) {
		t.Fatalf("error is %v, want kind %s", err, kind)
	}
	if said.Msg != sentence {
		t.Errorf("message is %q, want %q", said.Msg, sentence)
	}
}
