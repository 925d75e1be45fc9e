package tickets

import (
	"context"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Accept records the customer's yes to the quote with that hash, in the customer's own words. It is the
// case's newest quote, or one that Quote gave for it and that still holds: the case is then carried out
// in that quote's mode.
func (d *Desk) Accept(ctx context.Context, id int64, by Actor, quoteHash, words string) (Ticket, error) {
	if strings.TrimSpace(words) == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "Write down the words the customer said yes with."}
	}
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if !t.Live() {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": its quote can't be accepted any more."}
		}
		quotes, err := tx.Quotes(ctx, t.ID)
		if err != nil {
			return nil, nil, err
		}
		var records []Record
		switch {
		case len(quotes) == 0 || quotes[len(quotes)-1].Hash != quoteHash:
			if records, err = d.takeUp(ctx, tx, t, by, quoteHash, at); err != nil {
				return nil, nil, err
			}
		case at.After(quotes[len(quotes)-1].Body.ExpiresAt):
			return nil, nil, &Error{Kind: Stale, Msg: "The quote has expired. Run the steps again for a new one."}
		}
		a := Acceptance{TicketID: t.ID, QuoteHash: quoteHash, By: string(by), Words: words, At: at}
		if err := tx.InsertAcceptance(ctx, &a); err != nil {
			return nil, nil, err
		}
		private := map[string][]byte{"words": []byte(words)}
		if d.terms.Speaker != "" {
			private["speaker"] = []byte(d.terms.Speaker)
		}
		return append([]Record{{
			Stream: t.Number(), Type: EventAccepted, Actor: string(by), Data: map[string]any{"quote": quoteHash}, Private: private,
		}}, records...), []Job{runJob(*t, at)}, nil
	})
}

// takeUp makes a quote that holds and was not made in the run yet the one to be carried out. Stale where
// no quote of that hash holds.
func (d *Desk) takeUp(ctx context.Context, tx Tx, t *Ticket, by Actor, hash string, at time.Time) ([]Record, error) {
	stale := &Error{Kind: Stale, Msg: "The quote has changed. Read the new one to the customer and record the answer to it."}
	if t.AccountNo == "" || len(t.SubscriptionIDs) == 0 {
		return nil, stale
	}
	for _, mode := range []account.Mode{account.Now, account.PeriodEnd} {
		q, err := d.estimate(ctx, tx, *t, mode, nil)
		if err != nil {
			return nil, err
		}
		if q.Hash != hash || q.Mode != mode {
			continue
		}
		records, err := chooseMode(ctx, tx, t, by, mode, at)
		if err != nil || len(records) > 0 {
			return records, err
		}
		return workOutAgain(ctx, tx, *t, by, at)
	}
	return nil, stale
}
