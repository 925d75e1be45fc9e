package mailin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// listWindow is for how many mails size and date are asked at once.
const listWindow = 500

// maxAside is how many mails in a row may be set aside. A server that breaks off at every mail, because
// it throttles us, is no reason to set its whole mailbox aside.
const maxAside = 3

// maxBreaks is how often in a row a connection may break without getting anything done.
const maxBreaks = 3

// errNoContent is a mail that the server lists and does not give.
var errNoContent = errors.New("the server gives no content")

// haul is a run of mails as they came, in ascending UID.
type haul struct {
	uidValidity uint32
	mails       []fetched
}

// fetched is one mail as it came. raw is nil for a mail that was refused; of one too large header
// holds the beginning.
type fetched struct {
	uid     uint32
	at      time.Time
	bytes   int64
	raw     []byte
	header  []byte
	refused tickets.Outcome
	detail  string
	defect  string
}

// mailError is a failure that one mail stands for. part is what came of it.
type mailError struct {
	listed Listed
	err    error
	part   []byte
}

// Error says which mail it was.
func (e *mailError) Error() string { return fmt.Sprintf("mail %d: %s", e.listed.UID, e.err) }

// Unwrap is what happened.
func (e *mailError) Unwrap() error { return e.err }

// fetch sends everything behind the cursor to out, over as many connections as it takes. A mail that
// breaks the connection maxTries times is sent as quarantined, and the others go on.
func (d *drainage) fetch(ctx context.Context, at tickets.Cursor, out chan<- haul) error {
	breaks, aside := 0, 0
	for {
		before := at
		err := d.fetchOver(ctx, &at, out)
		if err == nil {
			return nil
		}
		d.line.drop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if at != before {
			breaks, aside = 0, 0
		}
		var wait int
		var bad *mailError
		switch {
		case errors.As(err, &bad):
			place := tickets.Place{Mailbox: d.c.Mailbox, Folder: d.folder, UIDValidity: at.UIDValidity, UID: bad.listed.UID}
			d.tries[place]++
			if wait = d.tries[place]; wait < maxTries {
				break
			}
			d.c.Log.WarnContext(ctx, "mail set aside", "mailbox", d.c.Mailbox, "folder", d.folder, "uid", bad.listed.UID, "error", bad.err)
			set := d.send(ctx, out, &at, haul{at.UIDValidity, []fetched{{
				uid: bad.listed.UID, at: bad.listed.At, bytes: max(bad.listed.Bytes, 0), refused: tickets.OutcomeQuarantined,
				raw: bad.part, detail: bad.detail(),
			}}})
			if set != nil {
				return set
			}
			if aside++; aside >= maxAside {
				return &tickets.Error{Kind: tickets.Unavailable, Err: bad.err, Msg: fmt.Sprintf(
					"The mail server %s breaks off at one mail after the other.", d.c.Server.address())}
			}
		case !errors.Is(err, tickets.Unavailable):
			return err
		default:
			if breaks++; breaks >= maxBreaks {
				return err
			}
			wait = breaks
		}
		d.c.Log.InfoContext(ctx, "mailbox connection broke", "mailbox", d.c.Mailbox, "folder", d.folder, "uid", at.LastUID, "error", err)
		if err := d.c.Backoff.wait(ctx, wait); err != nil {
			return err
		}
	}
}

// fetchOver sends what is behind the cursor as far as one connection carries, and moves the cursor
// along. An error that one mail stands for is a mailError.
func (d *drainage) fetchOver(ctx context.Context, at *tickets.Cursor, out chan<- haul) error {
	s, err := d.line.open(ctx)
	if err != nil {
		return err
	}
	f, err := s.Select(ctx, d.folder, d.c.Processed.writes())
	if err != nil {
		return err
	}
	d.seen = f.UIDValidity
	if d.first {
		d.line.next = f.UIDNext
	}
	if f.UIDValidity != at.UIDValidity {
		// The folder was made anew: read all of it. What is known already, the ledger will tell.
		at.UIDValidity, at.LastUID = f.UIDValidity, 0
	}
	if f.Mails == 0 || f.UIDNext != 0 && at.LastUID+1 >= f.UIDNext {
		return nil
	}
	uids, err := s.Search(ctx, at.LastUID)
	if err != nil {
		return err
	}
	for len(uids) > 0 {
		window := uids[:d.window(at.UIDValidity, uids)]
		uids = uids[len(window):]
		listed, err := s.List(ctx, window)
		if err != nil {
			return d.blame(firstMissing(window, listed), err)
		}
		uid, err := d.unlisted(ctx, s, window, listed)
		if err == nil && uid != 0 {
			err = d.blame(Listed{UID: uid}, errNoContent)
		}
		if err != nil {
			return err
		}
		for len(listed) > 0 {
			n := d.batch(listed)
			mails, err := d.fetchBatch(ctx, s, listed[:n])
			if err := errors.Join(err, d.send(ctx, out, at, haul{at.UIDValidity, mails})); err != nil {
				return err
			}
			listed = listed[n:]
		}
	}
	return nil
}

// window is how many of the mails to list next. One that failed before is listed by itself: it is set
// aside only after everything before it was sent.
func (d *drainage) window(uidValidity uint32, uids []uint32) int {
	for i, uid := range uids {
		switch suspect := d.suspect(uidValidity, uid); {
		case i > 0 && (suspect || i >= listWindow):
			return i
		case suspect:
			return 1
		}
	}
	return len(uids)
}

func (d *drainage) suspect(uidValidity, uid uint32) bool {
	return d.tries[tickets.Place{Mailbox: d.c.Mailbox, Folder: d.folder, UIDValidity: uidValidity, UID: uid}] > 0
}

// batch is how many of the listed mails to fetch next.
func (d *drainage) batch(listed []Listed) int {
	var bytes int64
	for i, l := range listed {
		bytes += min(l.Bytes, d.c.MailBytes)
		if i > 0 && (i >= d.c.BatchMails || bytes > d.c.BatchBytes) {
			return i
		}
	}
	return len(listed)
}

// fetchBatch reads some mails. Together with an error it returns those before the one that failed.
func (d *drainage) fetchBatch(ctx context.Context, s *Session, listed []Listed) ([]fetched, error) {
	var uids []uint32
	for i, l := range listed {
		if l.At.IsZero() { // the server does not tell
			listed[i].At = d.c.Now()
		}
		if l.Bytes <= d.c.MailBytes {
			uids = append(uids, l.UID)
		}
	}
	got := map[uint32]Content{}
	var broken error
	if len(uids) > 0 {
		got, broken = s.Fetch(ctx, uids, d.c.MailBytes)
	}
	mails := make([]fetched, 0, len(listed))
	for _, content := range got {
		d.hold(content.spool)
	}
	for _, l := range listed {
		content, came := got[l.UID]
		m := fetched{uid: l.UID, at: l.At, bytes: l.Bytes, raw: content.Bytes}
		var err error
		switch {
		case l.Bytes > d.c.MailBytes || content.Told > d.c.MailBytes:
			if broken != nil {
				return mails, d.blame(l, broken)
			}
			m, err = d.oversize(ctx, s, l, content.Told)
		case came && content.Whole() && content.Told == l.Bytes:
		case broken != nil:
			return mails, d.blamePart(l, broken, content.Bytes)
		case !came:
			var there uint32
			if there, err = d.unlisted(ctx, s, []uint32{l.UID}, nil); err == nil && there == 0 {
				continue // deleted by somebody in between
			}
			if err == nil {
				err = errNoContent
			}
		default:
			m, err = d.again(ctx, s, l, content)
		}
		if err != nil {
			return mails, d.blamePart(l, err, content.Bytes)
		}
		mails = append(mails, m)
	}
	return mails, nil // a connection that broke after the last of them will show it
}

// oversize notes a mail that is too large, with its header.
func (d *drainage) oversize(ctx context.Context, s *Session, l Listed, told int64) (fetched, error) {
	header, err := s.Header(ctx, l.UID)
	size := max(l.Bytes, told)
	return fetched{
		uid: l.UID, at: l.At, bytes: size, header: header, refused: tickets.OutcomeOversize,
		detail: fmt.Sprintf("%d bytes, more than limits.mail_bytes (%d)", size, d.c.MailBytes),
	}, err
}

// again reads a mail once more whose length was not the one that was listed. Some servers only guess
// RFC822.SIZE: what twice comes whole and alike is the mail, and the wrong size a defect.
func (d *drainage) again(ctx context.Context, s *Session, l Listed, first Content) (fetched, error) {
	got, err := s.Fetch(ctx, []uint32{l.UID}, d.c.MailBytes)
	second := got[l.UID]
	d.hold(second.spool)
	switch {
	case err != nil:
		return fetched{}, err
	case !second.Whole():
		return fetched{}, errNoContent
	case second.Told != l.Bytes && second.Told != first.Told:
		return fetched{}, fmt.Errorf("the server lists %d bytes and sends %d, then %d", l.Bytes, first.Told, second.Told)
	}
	m := fetched{uid: l.UID, at: l.At, bytes: second.Told, raw: second.Bytes}
	if second.Told != l.Bytes {
		m.defect = fmt.Sprintf("%s: the server listed %d bytes", DefectSizeDiffers, l.Bytes)
	}
	return m, nil
}

// unlisted is the first mail that the server left out of its list though a search still finds it, 0
// where those missing are gone. Passing over one that is there would lose it.
func (d *drainage) unlisted(ctx context.Context, s *Session, asked []uint32, listed []Listed) (uint32, error) {
	missing := slices.DeleteFunc(slices.Clone(asked), func(uid uint32) bool {
		return slices.ContainsFunc(listed, func(l Listed) bool { return l.UID == uid })
	})
	if len(missing) == 0 {
		return 0, nil
	}
	still, err := s.Still(ctx, missing)
	if err != nil || len(still) == 0 {
		return 0, err
	}
	return still[0], nil
}

// blame makes an error the given mail's, unless it is one already.
func (d *drainage) blame(l Listed, err error) error {
	var already *mailError
	if errors.As(err, &already) || errors.Is(err, errSpool) {
		return err
	}
	if l.At.IsZero() {
		l.At = d.c.Now()
	}
	return &mailError{listed: l, err: err}
}

// blamePart is blame with what came of the mail, which is kept should it be set aside.
func (d *drainage) blamePart(l Listed, err error, part []byte) error {
	err = d.blame(l, err)
	var own *mailError
	if errors.As(err, &own) && own.listed.UID == l.UID && len(part) > 0 {
		own.part = part
	}
	return err
}

// detail says why the mail is set aside, and how much of it is kept.
func (e *mailError) detail() string {
	why := fmt.Sprintf("could not be fetched in %d tries: %s", maxTries, e.err)
	if len(e.part) > 0 {
		why += fmt.Sprintf("; %d bytes of it are kept", len(e.part))
	}
	return why
}

// firstMissing is the first mail that was asked for and not listed; the last one where none is missing.
func firstMissing(asked []uint32, listed []Listed) Listed {
	for i, uid := range asked {
		if i >= len(listed) || listed[i].UID != uid {
			return Listed{UID: uid}
		}
	}
	return listed[len(listed)-1]
}

// send passes mails on and moves the cursor behind them.
func (d *drainage) send(ctx context.Context, out chan<- haul, at *tickets.Cursor, h haul) error {
	if len(h.mails) == 0 {
		return nil
	}
	select {
	case out <- h:
		at.LastUID = h.mails[len(h.mails)-1].uid
		maps.DeleteFunc(d.tries, func(p tickets.Place, _ int) bool { // passed, however it went
			return p.Folder == d.folder && (p.UIDValidity != at.UIDValidity || p.UID <= at.LastUID)
		})
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
