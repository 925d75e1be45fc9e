package tickets

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Accept records the customer's yes to the quote with that hash, in the customer's own words. It is the
// case's newest quote, or one that Quote gave for it and that still holds: the case is then carried out
// in that quote's mode. The yes is worth as much as is known of who said it: by a call or a chat whose
// speaker is verified now, or by what came in after the quote was made. Forbidden where that is less
// than the release of the quote's money takes.
func (d *Desk) Accept(ctx context.Context, id int64, by Actor, quoteHash, words string) (Ticket, error) {
	if strings.TrimSpace(words) == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "Write down the words the customer said yes with."}
	}
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if !t.Live() {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": its quote can't be accepted any more."}
		}
		if err := objected(*t); err != nil {
			return nil, nil, err
		}
		q, records, err := d.offeredAs(ctx, tx, t, by, quoteHash, at)
		if err != nil {
			return nil, nil, err
		}
		a := Acceptance{TicketID: t.ID, QuoteHash: quoteHash, By: string(by), Words: words, At: at}
		if a.MessageID, a.Level, err = speaker(ctx, tx, *t, q, at); err != nil {
			return nil, nil, err
		}
		switch need := ActRefund.Need(Released(q.Body), d.settings.Automation.ApprovalAboveFen, false, false); {
		case a.Level < 1:
			return nil, nil, &Error{Kind: Forbidden, Msg: "Nobody who said yes was verified. Ask for a transaction number first, or for a code."}
		case a.Level < need:
			return nil, nil, &Error{Kind: Forbidden, Msg: "A yes to this sum needs a surer proof: two transaction numbers, or a code to the account's own phone."}
		}
		if err := taken(ctx, tx, a); err != nil {
			return nil, nil, err
		}
		if err := tx.InsertAcceptance(ctx, &a); err != nil {
			return nil, nil, err
		}
		private := map[string][]byte{"words": []byte(words)}
		if d.terms.Speaker != "" {
			private["speaker"] = []byte(d.terms.Speaker)
		}
		return append([]Record{{
			Stream: t.Number(), Type: EventAccepted, Actor: string(by), Private: private,
			Data: map[string]any{"quote": quoteHash, "level": a.Level, "message": a.MessageID},
		}}, records...), []Job{runJob(*t, at)}, nil
	})
}

// taken is Conflict where the yes to that quote is written down already, as surely: it is one yes.
func taken(ctx context.Context, r Reader, a Acceptance) error {
	all, err := r.Acceptances(ctx, a.TicketID)
	if err == nil && slices.ContainsFunc(all, func(o Acceptance) bool { return o.QuoteHash == a.QuoteHash && o.Level >= a.Level }) {
		return &Error{Kind: Conflict, Msg: "The yes to this quote is written down already."}
	}
	return err
}

// offeredAs is the quote of that hash as it was made: the case's newest one, or one that holds and is
// taken up now. Stale where there is none, and where it has expired.
func (d *Desk) offeredAs(ctx context.Context, tx Tx, t *Ticket, by Actor, hash string, at time.Time) (SavedQuote, []Record, error) {
	quotes, err := tx.Quotes(ctx, t.ID)
	if err != nil {
		return SavedQuote{}, nil, err
	}
	if len(quotes) == 0 || quotes[len(quotes)-1].Hash != hash {
		q, records, err := d.takeUp(ctx, tx, t, by, hash, at)
		return SavedQuote{Hash: hash, Body: q, At: at}, records, err
	}
	q := quotes[len(quotes)-1]
	if at.After(q.Body.ExpiresAt) {
		return q, nil, &Error{Kind: Stale, Msg: "The quote has expired. Run the steps again for a new one."}
	}
	return q, nil, nil
}

// takeUp makes a quote that holds and was not made in the run yet the one to be carried out. Stale where
// no quote of that hash holds.
func (d *Desk) takeUp(ctx context.Context, tx Tx, t *Ticket, by Actor, hash string, at time.Time) (account.Quote, []Record, error) {
	stale := &Error{Kind: Stale, Msg: "The quote has changed. Read the new one to the customer and record the answer to it."}
	if t.AccountNo == "" || len(t.SubscriptionIDs) == 0 {
		return account.Quote{}, nil, stale
	}
	for _, mode := range []account.Mode{account.Now, account.PeriodEnd} {
		q, err := d.estimate(ctx, tx, *t, mode, nil)
		if err != nil {
			return q, nil, err
		}
		if q.Hash != hash || q.Mode != mode {
			continue
		}
		records, err := chooseMode(ctx, tx, t, by, mode, at)
		if err != nil || len(records) > 0 {
			return q, records, err
		}
		records, err = workOutAgain(ctx, tx, *t, by, at)
		return q, records, err
	}
	return account.Quote{}, nil, stale
}

// Released is what a yes to the quote lets go, in fen: what our own record alone grounds comes back
// without.
func Released(q account.Quote) int64 {
	var sum int64
	for _, l := range q.Lines {
		if !l.Ground.OwnFault() {
			sum += l.RefundFen
		}
	}
	return sum
}

// speaker is the message that a yes said now can have been part of, and how sure it is who spoke there:
// a call that goes on, or what was written since the quote was made.
func speaker(ctx context.Context, tx Tx, t Ticket, q SavedQuote, at time.Time) (messageID int64, level int, err error) {
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return 0, 0, err
	}
	proofs, err := tx.Verifications(ctx, t.ID)
	if err != nil {
		return 0, 0, err
	}
	snap, err := tx.Snapshot(ctx, t.AccountNo)
	if errors.Is(err, NotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	for _, m := range messages {
		l := 0
		switch {
		case m.Direction != Inbound || m.Kind != "message":
		case m.Scope != "":
			m.At = at // whoever is there says it now, and by then his proof may have expired
			l = LevelOf(proofs, m, ActRefund, t.AccountNo)
		case m.At.After(q.At):
			l = max(LevelOf(proofs, m, ActRefund, t.AccountNo), m.registered(snap.Account))
		}
		if l > level {
			messageID, level = m.ID, l
		}
	}
	return messageID, level, nil
}

// ByMouth reports whether the message was spoken, so that whoever spoke may still be there.
func (m Message) ByMouth() bool {
	return m.Scope != "" && (m.Channel == Phone || m.Channel == Other)
}

// registered is the level of an authenticated mail from the account's registered address.
func (m Message) registered(a account.Account) int {
	if m.Channel == Email && m.Assurance >= 1 && a.Email != "" && strings.EqualFold(m.Sender, a.Email) && !a.ContactFresh(m.At) {
		return MethodAddress.Gives(ActRefund)
	}
	return 0
}
