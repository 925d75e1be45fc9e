package mailin

import (
	"context"
	"fmt"

	"github.com/canceldesk/canceldesk/tickets"
)

// Refetch reads one mail again, as a poll would: to give a mail that was set aside another try, or one
// that was too large under a higher limit. It stores nothing but the original. The mail is still
// Refused where it can't be read this time either; NotFound where the server has it no longer.
func (p *Poller) Refetch(ctx context.Context, at tickets.Place) (tickets.Incoming, error) {
	gone := &tickets.Error{Kind: tickets.NotFound, Msg: fmt.Sprintf("The mail is no longer in %s/%s on its server.", at.Mailbox, at.Folder)}
	if at.Mailbox != p.c.Mailbox {
		return tickets.Incoming{}, gone
	}
	l := &line{config: &p.c}
	defer l.drop()
	s, err := l.open(ctx)
	if err != nil {
		return tickets.Incoming{}, err
	}
	f, err := s.Select(ctx, at.Folder, false)
	if err != nil {
		return tickets.Incoming{}, err
	}
	if f.UIDValidity != at.UIDValidity {
		return tickets.Incoming{}, gone
	}
	listed, err := s.List(ctx, []uint32{at.UID})
	if err != nil {
		return tickets.Incoming{}, err
	}
	d := &drainage{Poller: p, line: l, folder: at.Folder, auth: p.auth()}
	defer d.freeAll()
	mails, err := d.fetchBatch(ctx, s, listed)
	if err != nil {
		return tickets.Incoming{}, err
	}
	if len(mails) == 0 {
		return tickets.Incoming{}, gone
	}
	b, err := d.prepare(ctx, haul{at.UIDValidity, mails})
	if err != nil {
		return tickets.Incoming{}, err
	}
	return b.Mails[0], nil
}

// Reread reads a mail again from the original that was kept, for one whose server has it no longer. What was kept of
// a mail that never came whole is read as far as it goes, and its ticket says so.
func (p *Poller) Reread(ctx context.Context, row tickets.Intake, raw []byte) (tickets.Incoming, error) {
	d := &drainage{Poller: p, folder: row.Place.Folder, auth: p.auth()}
	f := fetched{uid: row.Place.UID, at: row.ReceivedAt, bytes: int64(len(raw)), raw: raw}
	if f.bytes < row.Bytes {
		f.defect = fmt.Sprintf("incomplete: %d of %d bytes came", f.bytes, row.Bytes)
	}
	in := d.understand(ctx, f)
	if err := ctx.Err(); err != nil {
		return tickets.Incoming{}, context.Cause(ctx) // a look-up cut short would count as a proof that is missing
	}
	in.Message.Raw = row.Raw
	return in, nil
}
