package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
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
// head of the export becomes a leaf of the log itself.
func (x Exporter) Export(ctx context.Context, ticketID int64, w io.Writer) error {
	t, err := x.DB.Ticket(ctx, ticketID)
	if err != nil {
		return err
	}
	if _, err := x.Log.Seal(ctx); err != nil {
		return err
	}
	contents, err := x.contents(ctx, t)
	if err != nil {
		return fmt.Errorf("export evidence: %w", err)
	}
	draft, err := evidence.PrepareHead(contents, rand.Reader, x.Now().In(x.Zone))
	if err != nil {
		return fmt.Errorf("export evidence: %w", err)
	}
	head, err := draft.Head.Canonical()
	if err != nil {
		return fmt.Errorf("export evidence: %w", err)
	}
	index, signed, err := x.Log.AppendHead(ctx, head)
	if err != nil {
		return err
	}
	return evidence.WriteBundle(w, evidence.Bundle{
		Draft: draft, HeadIndex: index, Checkpoint: signed, VerifierKey: x.VerifierKey, Hashes: x.Log.Hashes(ctx),
	})
}

// contents gathers the case's events, what they commit to, and its files.
func (x Exporter) contents(ctx context.Context, t tickets.Ticket) (evidence.Contents, error) {
	var c evidence.Contents
	var err error
	if c.Events, err = x.Log.Logged(ctx, t.Number()); err != nil {
		return c, err
	}
	if err := x.privates(ctx, t, &c); err != nil {
		return c, err
	}
	effects, err := x.DB.Effects(ctx, t.ID)
	if err != nil {
		return c, err
	}
	quotes, err := x.DB.Quotes(ctx, t.ID)
	if err != nil {
		return c, err
	}
	refunds, err := x.DB.Refunds(ctx, t.ID)
	if err != nil {
		return c, err
	}
	if err := addJSON(&c, "channel/effects.json", len(effects) > 0, effects); err != nil {
		return c, err
	}
	if err := addJSON(&c, "channel/refunds.json", len(refunds) > 0, refunds); err != nil {
		return c, err
	}
	if err := addJSON(&c, "quote.json", len(quotes) > 0, quotes); err != nil {
		return c, err
	}
	outgoing, err := x.DB.Outgoing(ctx, t.ID)
	if err != nil {
		return c, err
	}
	for i, o := range outgoing {
		name := fmt.Sprintf("messages/sent-%d.eml", i+1)
		if o.Tell == tickets.TellCancelOutcome {
			name = "confirmation.eml"
		}
		c.Files = append(c.Files, evidence.Bytes(name, o.Raw))
	}
	summary, err := x.summary(t, c.Events, effects, quotes, refunds)
	if err != nil {
		return c, err
	}
	c.Files = append(c.Files,
		evidence.Bytes("summary.zh.html", evidence.Summary("zh-CN", summary)),
		evidence.Bytes("summary.en.html", evidence.Summary("en", summary)))
	return c, nil
}

// privates adds the values and originals that the events commit to and that were not erased.
func (x Exporter) privates(ctx context.Context, t tickets.Ticket, c *evidence.Contents) error {
	rows, err := x.DB.EventPrivates(ctx, t.Number())
	if err != nil {
		return err
	}
	for _, r := range rows {
		if len(r.Salt) != 32 {
			continue // erased: the commitment stays, what it was of is gone
		}
		p := evidence.Private{Stream: t.Number(), N: r.N, Name: r.Name, Salt: [32]byte(r.Salt)}
		if r.BlobRef == "" {
			p.Value = string(r.Content)
			c.Private = append(c.Private, p)
			continue
		}
		p.File = fmt.Sprintf("messages/%03d.eml", p.N)
		c.Private = append(c.Private, p)
		c.Files = append(c.Files, evidence.File{Name: p.File, Open: func() (io.ReadCloser, error) {
			return x.Blobs.Open(ctx, r.BlobRef)
		}})
	}
	return nil
}

func addJSON(c *evidence.Contents, name string, any bool, v any) error {
	if !any {
		return nil
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.Files = append(c.Files, evidence.Bytes(name, append(b, '\n')))
	return nil
}

// summary is the case as people read it.
func (x Exporter) summary(t tickets.Ticket, logged []evidence.Logged, effects []tickets.Effect, quotes []tickets.SavedQuote, refunds []account.Refund) (evidence.Case, error) {
	c := evidence.Case{
		Number: t.Number(), Account: masked(t.AccountNo), Subject: t.Subject, Channel: string(t.Channel),
		ReceivedAt: t.ReceivedAt.In(x.Zone), DecidedBy: string(tickets.DeskActor),
	}
	for _, i := range t.Intents {
		c.Intents = append(c.Intents, string(i))
	}
	for _, l := range logged {
		e, err := evidence.ParseEvent(l.Line)
		if err != nil {
			return c, err
		}
		c.Timeline = append(c.Timeline, e)
	}
	for _, e := range effects {
		if e.State != tickets.EffectDone || e.SettledAt == nil {
			continue
		}
		switch e.Kind {
		case tickets.StopDebits:
			c.Stopped = append(c.Stopped, evidence.Stop{Kind: "biller", What: e.Target, ConfirmedBy: "biller", ConfirmedAt: e.SettledAt.In(x.Zone)})
		case tickets.EndAgreement:
			by, _, _ := strings.Cut(e.Detail, ":")
			c.Stopped = append(c.Stopped, evidence.Stop{Kind: "agreement", What: e.Target, ConfirmedBy: by, ConfirmedAt: e.SettledAt.In(x.Zone)})
		}
	}
	if len(quotes) > 0 {
		c.LastDayOfUse = string(quotes[len(quotes)-1].Body.LastDayOfUse)
	}
	for _, r := range refunds {
		if c.Refund == nil {
			c.Refund = &evidence.SummaryRefund{}
		}
		if r.State.Reserves() {
			c.Refund.AmountFen += r.AmountFen
		}
		c.Refund.State = string(r.State)
	}
	return c, nil
}

// masked shows the ends of an account number only.
func masked(accountNo string) string {
	if r := []rune(accountNo); len(r) > 4 {
		return string(r[:2]) + strings.Repeat("*", len(r)-4) + string(r[len(r)-2:])
	}
	return strings.Repeat("*", len([]rune(accountNo)))
}
