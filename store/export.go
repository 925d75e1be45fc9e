package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// Exporter writes evidence bundles: everything a case consists of, with proof that nothing was
// changed or left out.
type Exporter struct {
	DB    *DB
	Log   *Log
	Blobs *Blobs
	// VerifierKey is the public key that goes along for comparison.
	VerifierKey string
	Zone        *time.Location
	Now         func() time.Time
}

// Export writes the bundle of one ticket. It first numbers and signs what is not in the log yet; the
// head of the export becomes a leaf of the log itself. Conflict where the stored evidence was changed:
// nothing is vouched for then, and what was written to w is no bundle.
func (x Exporter) Export(ctx context.Context, ticketID int64, w io.Writer) error {
	t, err := x.DB.Ticket(ctx, ticketID)
	if err != nil {
		return err
	}
	if err := x.Log.Intact(ctx); err != nil {
		return err
	}
	if _, err := x.Log.Seal(ctx); err != nil {
		return err
	}
	contents, err := x.contents(ctx, t)
	if err != nil {
		return unprovable(err)
	}
	draft, err := evidence.PrepareHead(contents, rand.Reader, x.Now().In(x.Zone))
	if err != nil {
		return unprovable(err)
	}
	index, signed, err := x.Log.AppendHead(ctx, draft.Head)
	if err != nil {
		return err
	}
	return unprovable(evidence.WriteBundle(w, evidence.Bundle{
		Draft: draft, HeadIndex: index, Checkpoint: signed, VerifierKey: x.VerifierKey, Hashes: x.Log.Hashes(ctx),
	}))
}

// unprovable tells an export that failed for reasons outside of the evidence from one whose parts
// contradict each other.
func unprovable(err error) error {
	if err == nil {
		return nil
	}
	var ours *tickets.Error
	var file *fs.PathError
	kind, _ := kindOf(err)
	switch {
	case errors.Is(err, evidence.ErrTooLarge):
		return &tickets.Error{Kind: tickets.TooLarge, Msg: "The case is too large for one bundle.", Err: err}
	case kind != "", errors.As(err, &ours), errors.As(err, &file):
		return fail("export evidence", err)
	}
	return changed(fmt.Errorf("export evidence: %w", err))
}

// contents gathers the case's events, what they commit to, and what they tell. Nothing in it is taken
// from a table that is written over: what an event does not say or commit to, the bundle does not say.
func (x Exporter) contents(ctx context.Context, t tickets.Ticket) (evidence.Contents, error) {
	var c evidence.Contents
	var err error
	if c.Events, err = x.Log.Logged(ctx, t.Number()); err != nil {
		return c, err
	}
	told := make(map[int64]evidence.Event, len(c.Events))
	var timeline []evidence.Event
	for _, l := range c.Events {
		e, err := evidence.ParseEvent(l.Line)
		if err != nil {
			return c, err
		}
		told[e.N], timeline = e, append(timeline, e)
	}
	if err := x.privates(ctx, t, told, &c); err != nil {
		return c, err
	}
	r := recount(timeline, c.Private)
	if err := addJSON(&c, "channel/effects.json", len(r.effects) > 0, r.effects); err != nil {
		return c, err
	}
	if err := addJSON(&c, "channel/refunds.json", len(r.refunds) > 0, r.refunds); err != nil {
		return c, err
	}
	if err := addJSON(&c, "channel/calls.json", len(r.calls) > 0, r.calls); err != nil {
		return c, err
	}
	summary := r.summary(t, x.Zone)
	c.Files = append(c.Files,
		evidence.Bytes("summary.zh.html", evidence.Summary("zh-CN", summary)),
		evidence.Bytes("summary.en.html", evidence.Summary("en", summary)))
	return c, nil
}

// privates adds the values and originals that the events commit to and that were not erased. The
// verifier holds each of them against its commitment.
func (x Exporter) privates(ctx context.Context, t tickets.Ticket, told map[int64]evidence.Event, c *evidence.Contents) error {
	rows, err := x.DB.EventPrivates(ctx, t.Number())
	if err != nil {
		return err
	}
	outbox, err := x.DB.Outgoing(ctx, t.ID)
	if err != nil {
		return err
	}
	sent := map[int64][]byte{}
	for _, o := range outbox {
		sent[o.ID] = o.Raw
	}
	var quote int64 // the newest that is kept
	for _, r := range rows {
		if told[r.N].Type == tickets.EventQuote && r.Name == "quote" && len(r.Salt) == 32 {
			quote = r.N
		}
	}
	mails, confirmed := 0, false
	for _, r := range rows {
		e := told[r.N]
		mail := e.Type == tickets.EventNotifyAboutTo && r.Name == "mail"
		if mail {
			mails++
		}
		if len(r.Salt) != 32 {
			continue // erased: the commitment stays, what it was of is gone
		}
		p := evidence.Private{Stream: t.Number(), N: r.N, Name: r.Name, Salt: [32]byte(r.Salt)}
		switch {
		case r.BlobRef != "":
			p.File = fmt.Sprintf("messages/%03d.eml", p.N)
			c.Files = append(c.Files, evidence.File{Name: p.File, Open: func() (io.ReadCloser, error) { return x.Blobs.Open(ctx, r.BlobRef) }})
		case mail:
			id, _ := e.Data["outgoing"].(int64)
			if raw, kept := sent[id]; kept && !bytes.Equal(raw, r.Content) {
				return changed(fmt.Errorf("mail %d of the outbox is not the one that event %s/%d commits to", id, e.Stream, e.N))
			}
			p.File = fmt.Sprintf("messages/sent-%d.eml", mails)
			if e.Data["tell"] == string(tickets.TellCancelOutcome) && !confirmed {
				p.File, confirmed = "confirmation.eml", true
			}
			c.Files = append(c.Files, evidence.Bytes(p.File, r.Content))
		case r.N == quote && r.Name == "quote":
			p.File = "quote.json"
			c.Files = append(c.Files, evidence.Bytes(p.File, r.Content))
		default:
			p.Value = string(r.Content)
		}
		c.Private = append(c.Private, p)
	}
	return nil
}
