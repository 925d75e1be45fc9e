package tickets

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Chosen is how a case is to be carried out, as far as a person chose it.
type Chosen struct {
	Mode            account.Mode // "" not chosen
	SubscriptionIDs []string     // none: those that the case is about
	QuoteHash       string       // of the quote that was looked at; another one is Stale. "" none was
	// DespiteWithdrawal: it goes on although the customer may have taken the request back.
	DespiteWithdrawal bool
}

// Resolve runs all steps of a case that are due, those that the desk proposed among them, in the way
// that was chosen. A choice that is open and was not made is a ChoiceError. Asked for twice, the same
// run goes on.
func (d *Desk) Resolve(ctx context.Context, id int64, by Actor, res Chosen) (Ticket, error) {
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if !t.Live() {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": there is nothing to run."}
		}
		var records []Record
		if err := objected(*t); err != nil {
			if !res.DespiteWithdrawal {
				return nil, nil, err
			}
			if records, err = d.despite(ctx, tx, t, by, at); err != nil {
				return nil, nil, err
			}
		}
		chosen, err := d.choose(ctx, tx, t, by, res, at)
		if err != nil {
			return nil, nil, err
		}
		records = append(records, chosen...)
		run, steps, err := currentRun(ctx, tx, *t, at)
		if err != nil {
			return nil, nil, err
		}
		again := tryAgain(steps, at)
		for _, s := range steps {
			if s.State == NeedsAgent && s.Reason == ReasonProposed {
				s.Reason = ReasonConfirmed
				again = append(again, s)
			}
		}
		more, err := anew(ctx, tx, *t, by, run, again)
		if err != nil {
			return nil, nil, err
		}
		// What the customer wrote into a running case stays in the queue until somebody answers it.
		if unread := t.Reason == ReasonCustomerWrote || t.Reason == ReasonAskedAgain; !unread || len(records) > 0 || len(more) > 0 {
			t.Reason = "resumed"
		}
		return append(records, more...), []Job{runJob(*t, at)}, nil
	})
}

// choose settles which subscriptions and which mode the case is carried out in.
func (d *Desk) choose(ctx context.Context, tx Tx, t *Ticket, by Actor, res Chosen, at time.Time) ([]Record, error) {
	if t.AccountNo == "" && len(t.Candidates) == 0 && len(res.SubscriptionIDs) == 0 && res.Mode == "" && res.QuoteHash == "" {
		return nil, nil // whose case it is comes first, and is looked for when the steps run
	}
	_, subscriptions, err := about(ctx, tx, *t, res.SubscriptionIDs)
	if err != nil {
		return nil, err
	}
	var records []Record
	switch chosen := len(res.SubscriptionIDs) > 0; {
	case !chosen:
	case len(t.SubscriptionIDs) == 0:
		t.SubscriptionIDs = subscriptions
		records = append(records, corrected(*t, by, map[string]any{"account": t.AccountNo, "subscriptions": texts(subscriptions)}))
	case !sameSet(t.SubscriptionIDs, subscriptions):
		if records, err = relink(ctx, tx, t, by, t.AccountNo, subscriptions, at); err != nil {
			return nil, err
		}
	}
	mode := res.Mode
	if mode == "" {
		if mode, err = d.onlyMode(ctx, tx, *t, subscriptions); err != nil {
			return nil, err
		}
	}
	if res.QuoteHash != "" {
		q, err := d.estimate(ctx, tx, *t, mode, subscriptions)
		if err != nil {
			return nil, err
		}
		if q.Hash != res.QuoteHash {
			return nil, &Error{Kind: Stale, Msg: "The quote has changed. Look at the new one first."}
		}
	}
	if res.Mode == "" {
		return records, nil
	}
	more, err := chooseMode(ctx, tx, t, by, mode, at)
	return append(records, more...), err
}

// onlyMode is the mode of a case in which there is nothing to choose, or the ChoiceError.
func (d *Desk) onlyMode(ctx context.Context, tx Tx, t Ticket, subscriptions []string) (account.Mode, error) {
	mode, err := modeOf(ctx, tx, t)
	if err != nil || mode != account.Now || len(subscriptions) == 0 {
		return mode, err
	}
	run, steps, err := tx.LatestRun(ctx, t.ID)
	switch {
	case err != nil && !errors.Is(err, NotFound):
		return "", err
	case err == nil && run.EndedAt == nil && steps.Get(QuoteIt).State.Done():
		return run.Mode, nil // it was worked out and offered already
	}
	choice := &ChoiceError{Msg: "Access can end now with money back, or with the paid period. Say which."}
	for _, m := range []account.Mode{account.PeriodEnd, account.Now} {
		q, err := d.estimate(ctx, tx, t, m, subscriptions)
		switch {
		case errors.Is(err, Conflict), errors.Is(err, NotFound), errors.As(err, new(*ChoiceError)), err == nil && q.Mode != m:
			return mode, nil // what can't be worked out is a person's, and no choice
		case err != nil:
			return "", err
		}
		choice.Modes = append(choice.Modes, q)
	}
	return "", choice
}

// chooseMode makes the case one that is carried out in the mode: the request is read as asking for it,
// with the assurance that it has, and what was worked out for the other mode is worked out anew.
func chooseMode(ctx context.Context, tx Tx, t *Ticket, by Actor, mode account.Mode, at time.Time) ([]Record, error) {
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	asked := slices.ContainsFunc(messages, func(m Message) bool { return m.ByPerson() && asksMoneyBack(m.Asks) })
	from, to := intent.StopAutoRenew, intent.CancelAndRefund
	switch {
	case asked == (mode == account.Now):
		return nil, nil
	case mode == account.PeriodEnd:
		from, to = to, from
	}
	records, err := workOutAgain(ctx, tx, *t, by, at)
	if err != nil {
		return nil, err
	}
	for _, m := range requests(messages) {
		if err := tx.SaveAsks(ctx, m.ID, exchange(m.Asks, from, to)); err != nil {
			return nil, err
		}
	}
	t.Intents = exchange(t.Intents, from, to)
	if t.Intent == from {
		t.Intent = to
	}
	t.Why = append([]string{SetBy + string(by)}, t.Why...)
	return append(records, corrected(*t, by, map[string]any{"mode": string(mode)})), nil
}

// requests are the messages that ask for the end of a membership; the newest of all where none does.
func requests(messages []Message) []Message {
	var out []Message
	for _, m := range messages {
		if m.ByPerson() && (slices.Contains(m.Asks, intent.StopAutoRenew) || slices.Contains(m.Asks, intent.CancelAndRefund)) {
			out = append(out, m)
		}
	}
	if m, ok := newestSaid(messages); ok && len(out) == 0 {
		out = append(out, m)
	}
	return out
}

// exchange has to in the place of from, or at the end, each once.
func exchange(list []intent.Intent, from, to intent.Intent) []intent.Intent {
	var out []intent.Intent
	for _, i := range append(slices.Clone(list), to) {
		if i == from {
			i = to
		}
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

// workOutAgain takes back the quote of the running run and what was proposed by it. Conflict where
// money moves or access ended already.
func workOutAgain(ctx context.Context, tx Tx, t Ticket, by Actor, at time.Time) ([]Record, error) {
	run, steps, err := currentRun(ctx, tx, t, at)
	if err != nil {
		return nil, err
	}
	refunds, err := tx.Refunds(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(refunds, func(r account.Refund) bool { return !r.OwnFault && r.State == account.RefundSucceeded }) {
		return nil, &Error{Kind: Conflict, Msg: "Money was paid back by the other mode already."}
	}
	records, err := voidProposals(ctx, tx, t, by, account.VoidQuoteChanged, at)
	if err != nil {
		return nil, err
	}
	run.Mode = account.PeriodEnd // until the quote is made
	if err := tx.SaveRun(ctx, &run); err != nil {
		return nil, err
	}
	var again Steps
	for _, s := range steps {
		if slices.Contains([]StepName{QuoteIt, RefundIt, Assets}, s.Name) && s.State != Todo {
			s.Reason = "quoted_again"
			again = append(again, s)
		}
	}
	more, err := anew(ctx, tx, t, by, run, again)
	return append(records, more...), err
}

// anew lets steps begin once more, for the reasons they carry.
func anew(ctx context.Context, tx Tx, t Ticket, by Actor, run Run, steps Steps) ([]Record, error) {
	var records []Record
	for _, s := range steps {
		s.RunID, s.State, s.Detail, s.EndedAt, s.By = run.ID, Todo, "", nil, string(by)
		if err := tx.SaveStep(ctx, s); err != nil {
			return nil, err
		}
		records = append(records, stepRecord(t, s, by))
	}
	return records, nil
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

// RunStep runs one step: what a rule proposed goes ahead, what called for a person is tried again, and
// what waits for the other side is asked after. Conflict where the step is over.
func (d *Desk) RunStep(ctx context.Context, id int64, by Actor, name StepName) (Ticket, error) {
	if !slices.Contains(StepNames(), name) {
		return Ticket{}, &Error{Kind: NotFound, Msg: "There is no step of this name."}
	}
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if !t.Live() {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": there is nothing to run."}
		}
		if err := objected(*t); err != nil {
			return nil, nil, err
		}
		run, steps, err := currentRun(ctx, tx, *t, at)
		if err != nil {
			return nil, nil, err
		}
		step, again := steps.Get(name), Steps(nil)
		switch {
		case step.State.Done():
			return nil, nil, &Error{Kind: Conflict, Msg: "The step is " + string(step.State) + ": there is nothing left to run in it."}
		case step.State == NeedsAgent && step.Reason == ReasonProposed:
			step.Reason = ReasonConfirmed
			again = Steps{step}
		default:
			for _, s := range tryAgain(steps, at) {
				if s.Name == name || name == RefundIt && s.Name == QuoteIt {
					again = append(again, s)
				}
			}
		}
		records, err := anew(ctx, tx, *t, by, run, again)
		if err != nil {
			return nil, nil, err
		}
		if len(again) > 0 {
			t.Reason = "resumed"
		}
		return records, []Job{runJob(*t, at)}, nil
	})
}
