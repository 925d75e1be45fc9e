package mailin

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// prepareAll turns hauls into batches until there are no more. A few are worked on at a time, so that
// the processors have something to do while the disk syncs; they leave in the order they came.
// stop ends ctx, for the stages before as well, when one can't be prepared.
func (d *drainage) prepareAll(ctx context.Context, stop context.CancelCauseFunc, in <-chan haul, out chan<- tickets.Batch) error {
	const atOnce = 2
	type result struct {
		batch tickets.Batch
		err   error
	}
	waiting := make(chan chan result, atOnce-1)
	var dropped error // read only once waiting is closed
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		defer close(waiting)
		for h := range in {
			if ctx.Err() != nil {
				dropped = context.Cause(ctx)
				continue // let the fetching see that it is over
			}
			r := make(chan result, 1)
			waiting <- r
			work.Go(func() {
				var done result
				done.err = guarded(func() (err error) {
					done.batch, err = d.prepare(ctx, h)
					return err
				})
				r <- done
			})
		}
	})
	var wrong error
	for r := range waiting {
		done := <-r
		switch {
		case wrong != nil: // what comes after one that is missing must not be stored
		case done.err != nil:
			wrong = done.err
			stop(wrong)
		default:
			out <- done.batch // everything is taken, also after an error
		}
	}
	if wrong == nil {
		wrong = dropped
	}
	return wrong
}

// prepare keeps the originals of a haul and reads them, long mails by themselves. When it returns the originals
// are on the disk, and nobody needs their bytes any more: what the evidence commits to is sealed.
func (d *drainage) prepare(ctx context.Context, h haul) (b tickets.Batch, err error) {
	raws := make([][]byte, len(h.mails))
	for i, m := range h.mails {
		raws[i] = m.raw
	}
	spools := d.spooled(raws)
	d.reading(spools, func() { b, err = d.keepAndRead(ctx, h) })
	d.free(spools)
	return b, err
}

// keepAndRead does both at once.
func (d *drainage) keepAndRead(ctx context.Context, h haul) (tickets.Batch, error) {
	var raws [][]byte
	for _, m := range h.mails {
		if m.raw != nil {
			raws = append(raws, m.raw)
		}
	}
	var refs []string
	var keepErr error
	var work sync.WaitGroup
	defer work.Wait() // whatever happens, nobody reads them any more
	if len(raws) > 0 {
		work.Go(func() {
			keepErr = guarded(func() (err error) {
				if refs, err = d.c.Raws.KeepBatch(ctx, raws); err == nil && len(refs) != len(raws) {
					err = fmt.Errorf("%d mails kept under %d references", len(raws), len(refs))
				}
				return err
			})
		})
	}
	mails := make([]tickets.Incoming, len(h.mails))
	turns := make(chan struct{}, d.c.Parsers)
	for i := range h.mails {
		turns <- struct{}{}
		work.Go(func() {
			defer func() { <-turns }()
			mails[i] = d.understand(ctx, h.mails[i])
		})
	}
	work.Wait()
	if keepErr != nil {
		return tickets.Batch{}, fmt.Errorf("keep original mails: %w", keepErr)
	}
	if err := ctx.Err(); err != nil {
		// A look-up cut short would count as a proof that is missing.
		return tickets.Batch{}, context.Cause(ctx)
	}
	next := 0
	for i, m := range h.mails {
		if m.raw != nil {
			mails[i].Message.Raw = refs[next]
			next++
		}
	}
	return tickets.Batch{
		Mailbox: d.c.Mailbox, Folder: d.folder, UIDValidity: h.uidValidity,
		LastUID: h.mails[len(h.mails)-1].uid, Fence: d.fence, Process: d.c.Processed.writes(), Mails: mails,
	}, nil
}

// understand reads one mail. A mail that our own code breaks on is set aside for a person, with its
// original, rather than breaking the desk.
func (d *drainage) understand(ctx context.Context, f fetched) (in tickets.Incoming) {
	defer func() {
		if broke := recover(); broke != nil {
			d.c.Log.ErrorContext(ctx, "mail not understood", "mailbox", d.c.Mailbox, "folder", d.folder, "uid", f.uid, "panic", fmt.Sprintf("%T", broke))
			in = refused(f, tickets.OutcomeQuarantined, "reading it failed; its original is kept")
			in.PageTokens = tokensIn(f.raw)
		}
	}()
	switch f.refused {
	case tickets.OutcomeQuarantined:
		return refused(f, f.refused, f.detail)
	case tickets.OutcomeOversize:
		return d.beginning(f)
	}
	mail, root := parse(f.raw, d.c.Parse)
	options := d.auth
	options.ReceivedAt = f.at
	auth := Authenticate(ctx, f.raw, mail, options)
	fingerprint := Fingerprint(f.raw)
	in = tickets.Incoming{
		UID: f.uid, Bytes: f.bytes, Sealed: evidence.Seal(f.raw), Fingerprint: hex.EncodeToString(fingerprint[:]),
		InReplyTo: mail.InReplyTo, Tokens: mail.tags, PageTokens: pageTokens(f.raw, root, 0),
		Message: message(f, mail),
	}
	in.Message.Assurance, in.Message.AssuranceWhy, in.Proof = auth.Level, auth.Reasons, auth.Method
	if b := mail.Bounce; b != nil {
		in.Bounce = &tickets.BouncedMail{MessageID: b.OriginalMessageID, Recipient: b.Recipient, Status: b.Status, Permanent: b.Permanent}
	}
	in.Understanding = intent.Understand(intent.Message{Channel: string(tickets.Email), Subject: d.ownSubject(mail), Text: mail.Text})
	return in
}

// ownSubject is the subject as far as it is the writer's own words. The subject of an answer to one of
// our mails repeats what the case is called, and asks for nothing anew.
func (d *drainage) ownSubject(mail Mail) string {
	ours := d.c.Parse.IsOurMessageID
	if ours != nil && (slices.ContainsFunc(mail.InReplyTo, ours) || slices.ContainsFunc(mail.References, ours)) {
		return ""
	}
	return mail.Subject
}

// beginning is what the header of a mail too large tells. Nobody's word is proved by it.
func (d *drainage) beginning(f fetched) tickets.Incoming {
	mail := Parse(f.header, d.c.Parse)
	in := refused(f, tickets.OutcomeOversize, f.detail)
	in.InReplyTo, in.Tokens = mail.InReplyTo, mail.tags
	in.Message = message(f, mail)
	in.Message.Text, in.Message.Quoted, in.Message.HTML = "", "", ""
	in.Message.Attachments, in.Message.Defects = nil, nil
	in.Understanding = intent.Understand(intent.Message{Channel: string(tickets.Email), Subject: mail.Subject})
	return in
}

// message is a mail as the case keeps it.
func message(f fetched, mail Mail) tickets.Message {
	m := tickets.Message{
		Channel: tickets.Email, Direction: tickets.Inbound, At: f.at.UTC(), Subject: mail.Subject,
		Text: mail.Text, Quoted: mail.Quoted, HTML: mail.HTML, MessageID: mail.MessageID, References: mail.References,
		Kind: string(mail.Kind), Defects: mail.Defects,
	}
	// Who wrote is known only where exactly one address says so.
	if len(mail.From) == 1 {
		m.SenderName = mail.From[0].Name
		if strings.Contains(mail.From[0].Address, "@") {
			m.Sender = strings.ToLower(mail.From[0].Address)
		}
	}
	for _, a := range mail.Attachments {
		m.Attachments = append(m.Attachments, tickets.Attachment{Name: a.Name, Type: a.Type, Bytes: a.Bytes})
	}
	if f.defect != "" {
		m.Defects = append(m.Defects, f.defect)
	}
	return m
}

// refused is a mail that was not read, and why.
func refused(f fetched, outcome tickets.Outcome, detail string) tickets.Incoming {
	return tickets.Incoming{
		UID: f.uid, Bytes: f.bytes, Refused: outcome, Detail: detail,
		Message: tickets.Message{Channel: tickets.Email, Direction: tickets.Inbound, At: f.at.UTC(), Kind: string(KindMessage)},
	}
}

// unstorable is a mail that the database would not take: set aside, with its original.
func unstorable(in tickets.Incoming) tickets.Incoming {
	return tickets.Incoming{
		UID: in.UID, Bytes: in.Bytes, Fingerprint: in.Fingerprint, Sealed: in.Sealed, Refused: tickets.OutcomeQuarantined,
		PageTokens: in.PageTokens,
		Detail:     "it could not be stored; its original is kept",
		Message: tickets.Message{
			Channel: in.Message.Channel, Direction: in.Message.Direction, At: in.Message.At, Kind: in.Message.Kind, Raw: in.Message.Raw,
		},
	}
}
