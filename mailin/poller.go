package mailin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Cursors tells how far folders were read.
type Cursors interface {
	// Cursor is NotFound for a folder that was never read.
	Cursor(ctx context.Context, mailbox, folder string) (tickets.Cursor, error)
}

// Stored knows of stored mails whether what is to become of them on their server was done. It is asked again
// and again until that is so, whatever ends in between.
type Stored interface {
	// Unprocessed lists mails of a folder under its UIDVALIDITY, ascending and at most limit.
	Unprocessed(ctx context.Context, folder tickets.Place, limit int) ([]uint32, error)
	SetProcessed(ctx context.Context, folder tickets.Place, uids []uint32) error
}

// Raws keeps original mails.
type Raws interface {
	// KeepBatch returns a reference for each mail, in their order. When it returns they are on the disk. It holds
	// none of the bytes afterwards: those of long mails are there no more then.
	KeepBatch(ctx context.Context, raws [][]byte) ([]string, error)
}

// Receiver stores what was read; tickets.Desk is one.
type Receiver interface {
	// Receive stores a batch and the cursor behind it in one transaction and returns the ledger rows in
	// the batch's order. Conflict means that the mailbox is somebody else's now. As with KeepBatch, it holds
	// no original afterwards.
	Receive(ctx context.Context, b tickets.Batch) ([]tickets.Intake, error)
}

// Config is one mailbox and everything its poller works with. Zero numbers and durations take the
// defaults beside them.
type Config struct {
	Mailbox   string // its name in the settings
	Server    Server
	Folders   []string  // INBOX
	Processed Processed // nothing
	MailBytes int64     // 50 MiB; larger mails are not fetched
	Interval  time.Duration
	// Holder names this process to the others.
	Holder    string
	LeaseLife time.Duration // 20 s, so that another process goes on within 30 s of this one's death
	Backoff   Backoff

	BatchMails int   // fetched and kept at a time; 100
	BatchBytes int64 // 8 MiB
	StoreMails int   // stored in one transaction at most, where so many wait; 300
	Parsers    int   // mails parsed side by side: as many as processors, at least 4, since name look-ups wait

	Parse Options
	// Auth is what Authenticate is given; its ReceivedAt is each mail's own, and its LookupTXT is asked
	// for each name once in a poll, with a time-out of 5 s.
	Auth AuthOptions

	Leases   Leases
	Cursors  Cursors
	Raws     Raws
	Receiver Receiver
	// Reconciler, where set, is asked once an hour whether every mail is accounted for.
	Reconciler Reconciler
	// Stored knows the mails that wait for Processed; needed for that only.
	Stored Stored
	// Synced makes what Receive stored survive a loss of power. It is asked before a mail is moved or
	// deleted on its server, and needed only for that.
	Synced func(ctx context.Context) error

	Now func() time.Time
	// OnPoll, where set, is told of every poll of Run, so that a mailbox nobody reads is seen. ErrHeld
	// means that another process reads it.
	OnPoll func(Summary, error)
	Log    *slog.Logger
}

// The bounds of Config.Interval: IDLE can go silent, so that looking is needed as well.
const (
	minInterval = time.Minute
	maxInterval = 5 * time.Minute
)

// Poller brings the mails of one mailbox into the desk, each once.
type Poller struct {
	c  Config
	mu sync.Mutex // one poll at a time
	// tries counts failed attempts at one mail. It lives as long as the process: a mail that breaks the
	// connection does so again, and is counted again, after a restart.
	tries map[tickets.Place]int
}

// maxTries is how often a mail may break the connection before it is set aside.
const maxTries = 3

// NewPoller checks the configuration; what can't work is Invalid.
func NewPoller(c Config) (*Poller, error) {
	if c.Mailbox == "" || c.Holder == "" || c.Leases == nil || c.Cursors == nil || c.Raws == nil || c.Receiver == nil || c.Now == nil {
		return nil, errors.New("poller needs Mailbox, Holder, Leases, Cursors, Raws, Receiver and Now")
	}
	if err := c.Processed.valid(); err != nil {
		return nil, err
	}
	if c.Processed.writes() && c.Stored == nil {
		return nil, errors.New("poller needs Stored for Processed")
	}
	if c.Processed.changes() && c.Synced == nil {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf(
			"processed.action %s needs a database that can tell when it is on the disk.", c.Processed.Action)}
	}
	if c.Interval == 0 {
		c.Interval = minInterval
	}
	if c.Interval < minInterval || c.Interval > maxInterval {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("The poll interval is %s; it must be between %s and %s.", c.Interval, minInterval, maxInterval)}
	}
	if len(c.Folders) == 0 {
		c.Folders = []string{"INBOX"}
	}
	if c.LeaseLife <= 0 {
		c.LeaseLife = 20 * time.Second
	}
	if c.MailBytes <= 0 {
		c.MailBytes = 50 << 20
	}
	if c.BatchMails <= 0 {
		c.BatchMails = 100
	}
	if c.BatchBytes <= 0 {
		c.BatchBytes = 8 << 20
	}
	if c.StoreMails <= 0 {
		c.StoreMails = 300
	}
	if c.Parsers <= 0 {
		c.Parsers = max(4, runtime.NumCPU())
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Backoff = c.Backoff.withDefaults()
	return &Poller{c: c, tries: map[tickets.Place]int{}}, nil
}

// PollOnce reads everything that is new in the mailbox's folders and returns when it is stored. It
// waits for the mailbox's lease at most as long as a lease lives. Together with an error, the summary
// counts what was stored all the same.
func (p *Poller) PollOnce(ctx context.Context) (Summary, error) {
	l := &line{config: &p.c}
	defer l.drop()
	return p.poll(ctx, l)
}

func (p *Poller) poll(ctx context.Context, l *line) (sum Summary, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	began := p.c.Now()
	sum.Mailbox = p.c.Mailbox
	held, lease, err := takeLease(ctx, p.c.Leases, p.c.Mailbox, p.c.Holder, p.c.LeaseLife, p.c.Log)
	if err != nil {
		return sum, err
	}
	defer func() {
		err = errors.Join(err, lease.release(ctx))
		sum.Seconds = p.c.Now().Sub(began).Seconds()
	}()
	auth := p.auth()
	var wrong error
	var left []error // what would not be done to stored mails
	for _, folder := range p.c.Folders {
		err := p.drain(held, l, folder, lease.fence, auth, &sum)
		if err == nil {
			continue
		}
		if unfinished, only := err.(*unfinishedError); only { //nolint:errorlint // with anything else beside it, it is not this alone
			left = append(left, fmt.Errorf("poll %s/%s: %w", p.c.Mailbox, folder, unfinished.err))
			continue
		}
		wrong = errors.Join(wrong, fmt.Errorf("poll %s/%s: %w", p.c.Mailbox, folder, err))
		if !errors.Is(err, tickets.Invalid) { // a folder that is not there keeps back none of the others
			break
		}
	}
	switch {
	case len(left) == 0:
		return sum, wrong
	case wrong == nil:
		return sum, &unfinishedError{errors.Join(left...)}
	}
	return sum, errors.Join(append(left, wrong)...)
}

// auth is what the mails of one poll are judged by.
func (p *Poller) auth() AuthOptions {
	o := p.c.Auth
	o.LookupTXT = newLookups(o.LookupTXT, lookupTimeout)
	return o
}

// line is the connection to the server, opened again after it broke.
type line struct {
	config  *Config
	session *Session
	// next is the UIDNEXT of the first folder when it was last looked through, 0 where not known.
	next uint32
}

// open gives the session there is, or a new one.
func (l *line) open(ctx context.Context) (*Session, error) {
	if l.session != nil {
		return l.session, nil
	}
	s, err := OpenSession(ctx, l.config.Server)
	if err != nil {
		return nil, err
	}
	if err := s.Allows(l.config.Processed); err != nil {
		s.Close()
		return nil, err
	}
	l.session = s
	return s, nil
}

// drop ends the connection, if there is one.
func (l *line) drop() {
	if l.session != nil {
		l.session.Close()
		l.session = nil
	}
}
