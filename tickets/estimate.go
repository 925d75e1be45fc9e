package tickets

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// StopIntents are the requests that need the level of a stop.
func StopIntents() []intent.Intent {
	return []intent.Intent{intent.StopAutoRenew, intent.CancelAndRefund, intent.RefundMistakenCharge}
}

// RequestedAt is when the end or the money was first asked for: refunds count from that moment's day,
// however late the desk is.
func RequestedAt(t Ticket, messages []Message) time.Time {
	for _, m := range messages {
		if m.ByPerson() && slices.ContainsFunc(m.Asks, func(i intent.Intent) bool { return slices.Contains(StopIntents(), i) }) {
			return m.At
		}
	}
	return t.ReceivedAt
}

// QuoteRules are the settings that quotes are made under.
func (s Settings) QuoteRules() account.QuoteRules {
	return account.QuoteRules{Zone: s.Zone, Policy: s.RefundPolicy, Validity: s.QuoteValidity}
}

// Quote says what ending the subscriptions of a case would do, to the fen, and changes nothing. No
// mode is the one that the case is carried out in, no subscriptions those that it is about; where
// that is not known yet, the error is a ChoiceError. What refunds were proposed by stays as it was
// then.
func (d *Desk) Quote(ctx context.Context, id int64, mode account.Mode, subscriptions []string) (account.Quote, error) {
	r := d.Reader()
	t, err := r.Ticket(ctx, id)
	if err != nil {
		return account.Quote{}, err
	}
	if mode == "" {
		if mode, err = modeOf(ctx, r, t); err != nil {
			return account.Quote{}, err
		}
	}
	return d.estimate(ctx, r, t, mode, subscriptions)
}

// modeOf is the mode that a case is carried out in: its run's once that was worked out, else what its
// words ask for.
func modeOf(ctx context.Context, r Reader, t Ticket) (account.Mode, error) {
	run, steps, err := r.LatestRun(ctx, t.ID)
	switch {
	case err == nil && steps.Get(QuoteIt).State.Done():
		return run.Mode, nil
	case err != nil && !errors.Is(err, NotFound):
		return "", err
	case asksMoneyBack(t.Intents):
		return account.Now, nil
	}
	return account.PeriodEnd, nil
}

// asksMoneyBack reports whether the membership is to end against money back. Beside a mistaken charge
// it is that charge that is meant.
func asksMoneyBack(intents []intent.Intent) bool {
	return slices.Contains(intents, intent.CancelAndRefund) && !slices.Contains(intents, intent.RefundMistakenCharge)
}

// estimate is the quote of a case in a mode: the frozen one where refunds were proposed by it.
func (d *Desk) estimate(ctx context.Context, r Reader, t Ticket, mode account.Mode, subscriptions []string) (account.Quote, error) {
	snap, subscriptions, err := about(ctx, r, t, subscriptions)
	if err != nil {
		return account.Quote{}, err
	}
	if q, ok, err := frozen(ctx, r, t, mode, subscriptions); err != nil || ok {
		return q, err
	}
	messages, err := r.Messages(ctx, t.ID)
	if err != nil {
		return account.Quote{}, err
	}
	quotes, err := r.Quotes(ctx, t.ID)
	if err != nil {
		return account.Quote{}, err
	}
	effects, err := r.Effects(ctx, t.ID)
	if err != nil {
		return account.Quote{}, err
	}
	snap = BeforeAccessEnded(quotes, snap, t, effects)
	q, err := account.MakeQuote(snap, subscriptions, mode, RequestedAt(t, messages), d.now(), d.settings.QuoteRules())
	if errors.Is(err, account.ErrNotQuotable) {
		return q, &Error{Kind: Conflict, Msg: "It can't be worked out: " + err.Error() + ".", Err: err}
	}
	return q, err
}

// QuoteOf is the quote of a case as things stand, as of the first request and as if some of its refunds
// had never been proposed.
func QuoteOf(s account.Snapshot, t Ticket, messages []Message, without []account.Refund, mode account.Mode, now time.Time, r account.QuoteRules) (account.Quote, error) {
	s.Refunds = slices.DeleteFunc(slices.Clone(s.Refunds), func(r account.Refund) bool {
		return slices.ContainsFunc(without, func(u account.Refund) bool { return u.ID == r.ID })
	})
	return account.MakeQuote(s, t.SubscriptionIDs, mode, RequestedAt(t, messages), now, r)
}

// Unsent are the refunds for unused time that were not sent yet. A new quote makes them void.
func Unsent(refunds []account.Refund, effects []Effect) []account.Refund {
	var out []account.Refund
	for _, r := range refunds {
		begun := slices.ContainsFunc(effects, func(e Effect) bool { return e.Key == r.Key })
		if !r.OwnFault && !begun && (r.State == account.RefundProposed || r.State == account.RefundApproved) {
			out = append(out, r)
		}
	}
	return out
}

// quoteChanged reports whether the quote that a case's refunds were proposed by would be another if it
// were made now. One that can't be made any more is no other: the steps bring that before a person.
func (d *Desk) quoteChanged(ctx context.Context, r Reader, t Ticket, refunds []account.Refund, at time.Time) (bool, error) {
	run, _, err := r.LatestRun(ctx, t.ID)
	if errors.Is(err, NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	quotes, err := r.Quotes(ctx, t.ID)
	if err != nil {
		return false, err
	}
	quotes = slices.DeleteFunc(quotes, func(q SavedQuote) bool { return q.RunID != run.ID })
	if len(quotes) == 0 || t.AccountNo == "" {
		return false, nil
	}
	snap, err := r.Snapshot(ctx, t.AccountNo)
	if err != nil {
		return false, err
	}
	messages, err := r.Messages(ctx, t.ID)
	if err != nil {
		return false, err
	}
	effects, err := r.Effects(ctx, t.ID)
	if err != nil {
		return false, err
	}
	holds, ok, err := StillHolds(quotes[len(quotes)-1], snap, t, messages, refunds, effects, run.Mode, at, d.settings.QuoteRules())
	return ok && !holds, err
}

// about is the account of a case and the subscriptions meant, or what has to be chosen first.
func about(ctx context.Context, r Reader, t Ticket, subscriptions []string) (account.Snapshot, []string, error) {
	if t.AccountNo == "" {
		if len(t.Candidates) > 0 {
			return account.Snapshot{}, nil, &ChoiceError{Msg: "More than one account fits. Say whose case it is.", Accounts: t.Candidates}
		}
		return account.Snapshot{}, nil, &Error{Kind: Conflict, Msg: "It is not known yet whose case this is. Set its account first."}
	}
	snap, err := r.Snapshot(ctx, t.AccountNo)
	if err != nil {
		return snap, nil, err
	}
	if len(subscriptions) > 0 {
		for _, id := range subscriptions {
			if _, ok := snap.Subscription(id); !ok {
				return snap, nil, noSubscription(t.AccountNo, id)
			}
		}
		return snap, subscriptions, nil
	}
	if len(t.SubscriptionIDs) > 0 {
		return snap, t.SubscriptionIDs, nil
	}
	meant := Meant(snap, t.Facts)
	if len(meant) < 2 {
		return snap, meant, nil
	}
	choice := &ChoiceError{Msg: "More than one subscription can be meant. Say which."}
	for _, id := range meant {
		sub, _ := snap.Subscription(id)
		choice.Subscriptions = append(choice.Subscriptions, sub)
	}
	return snap, nil, choice
}

func noSubscription(accountNo, id string) error {
	return &Error{Kind: Invalid, Msg: "Account " + accountNo + " has no subscription " + id + "."}
}

// frozen is the quote of that mode by which the case's running refunds were proposed.
func frozen(ctx context.Context, r Reader, t Ticket, mode account.Mode, subscriptions []string) (account.Quote, bool, error) {
	refunds, err := r.Refunds(ctx, t.ID)
	if err != nil || len(refunds) == 0 {
		return account.Quote{}, false, err
	}
	quotes, err := r.Quotes(ctx, t.ID)
	if err != nil {
		return account.Quote{}, false, err
	}
	sorted := slices.Sorted(slices.Values(subscriptions))
	for _, q := range slices.Backward(quotes) {
		proposed := slices.ContainsFunc(refunds, func(r account.Refund) bool { return r.QuoteHash == q.Hash && r.State.Reserves() })
		if proposed && q.Body.Mode == mode && slices.Equal(q.Body.SubscriptionIDs, sorted) {
			return q.Body, true, nil
		}
	}
	return account.Quote{}, false, nil
}
