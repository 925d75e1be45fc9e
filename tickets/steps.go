package tickets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// ReasonProposed marks a step that waits for one click; ReasonConfirmed one that was clicked.
const (
	ReasonProposed  = "proposed"
	ReasonConfirmed = "confirmed"
)

// Relink says whose case it is and, where given, which subscriptions it is about. What was verified,
// proposed or worked out before is void, because it was for somebody else: the steps begin anew.
// Conflict where something was already done outside for another account, or is under way.
func (d *Desk) Relink(ctx context.Context, id int64, by Actor, accountNo string, subscriptions []string) (Ticket, error) {
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if !t.Live() {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": a new message opens a linked one."}
		}
		snap, err := tx.Snapshot(ctx, accountNo)
		if err != nil {
			return nil, nil, fmt.Errorf("account of ticket: %w", err)
		}
		for _, s := range subscriptions {
			if _, ok := snap.Subscription(s); !ok {
				return nil, nil, &Error{Kind: Invalid, Msg: fmt.Sprintf("Account %s has no subscription %s.", accountNo, s)}
			}
		}
		records, err := relink(ctx, tx, t, by, accountNo, subscriptions, at)
		return records, []Job{runJob(*t, at)}, err
	})
}

// relink makes the ticket that of an account and subscriptions that were looked at.
func relink(ctx context.Context, tx Tx, t *Ticket, by Actor, accountNo string, subscriptions []string, at time.Time) ([]Record, error) {
	effects, err := tx.Effects(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	// A hold of the wrong account is given free by the steps, and what was refused did not happen.
	effects = slices.DeleteFunc(effects, func(e Effect) bool { return e.Kind.Holds() || e.State == EffectRefused })
	if len(effects) > 0 && t.AccountNo != accountNo {
		return nil, &Error{Kind: Conflict, Msg: "Something was done for another account already. Open a new case for this one."}
	}
	records, err := voidProposals(ctx, tx, *t, by, account.VoidRelinked, at)
	if err != nil {
		return nil, err
	}
	if err := endRun(ctx, tx, t.ID, at); err != nil {
		return nil, err
	}
	first := t.AccountNo == ""
	t.AccountNo, t.SubscriptionIDs, t.Candidates = accountNo, subscriptions, nil
	t.Reason = "relinked"
	if !first { // what proves somebody for one account counts for no other, so the first choice voids nothing
		if err := tx.VoidVerifications(ctx, t.ID, at); err != nil {
			return nil, err
		}
	}
	return append(records, Record{
		Stream: t.Number(), Type: EventCorrected, Actor: string(by),
		Data: map[string]any{"account": accountNo, "subscriptions": texts(subscriptions)},
	}), nil
}

// voidProposals turns down, for a reason, the ticket's refunds that nobody released yet. A refund that was released
// and has no last word is Conflict.
func voidProposals(ctx context.Context, tx Tx, t Ticket, by Actor, why string, at time.Time) ([]Record, error) {
	refunds, err := tx.Refunds(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, r := range refunds {
		switch {
		case r.State == account.RefundProposed:
			r.State, r.Detail, r.Approver, r.DecidedAt = account.RefundRejected, why, string(by), &at
			if err := tx.SaveRefund(ctx, &r); err != nil {
				return nil, err
			}
			records = append(records, RefundRecord(t, r, by))
		case !r.State.Final():
			return nil, underWay()
		}
	}
	return records, nil
}

// ConfirmDespiteWithdrawal confirms, in the place of a step, that a case goes on although something was said
// against it (Ticket.Objection).
const ConfirmDespiteWithdrawal StepName = "despite_withdrawal"

// Resume runs all steps that are due, those that a person was called for once more. confirm, where
// not "", is a step that the desk proposed and the actor now lets go ahead, or ConfirmDespiteWithdrawal,
// without which a case whose customer may have taken it back does not go on.
func (d *Desk) Resume(ctx context.Context, id int64, by Actor, confirm StepName) (Ticket, error) {
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if !t.Live() {
			return nil, nil, &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": there is nothing to run."}
		}
		var records []Record
		confirm := confirm
		if confirm == ConfirmDespiteWithdrawal && t.Objection != "" {
			var err error
			if records, err = d.despite(ctx, tx, t, by, at); err != nil {
				return nil, nil, err
			}
		} else if err := objected(*t); err != nil {
			return nil, nil, err
		}
		if confirm == ConfirmDespiteWithdrawal {
			confirm = ""
		}
		run, steps, err := tx.LatestRun(ctx, t.ID)
		if errors.Is(err, NotFound) && confirm == "" {
			t.Reason = "resumed"
			return records, []Job{runJob(*t, at)}, nil
		}
		if err != nil {
			return nil, nil, err
		}
		again := tryAgain(steps, at)
		// What the customer wrote into a running case stays in the queue until somebody answers it.
		unread := (t.Reason == ReasonCustomerWrote || t.Reason == ReasonAskedAgain) && run.EndedAt == nil
		if !unread || confirm != "" || len(again) > 0 {
			t.Reason = "resumed"
		}
		if confirm != "" {
			step := steps.Get(confirm)
			if step.State != NeedsAgent || step.Reason != ReasonProposed {
				return nil, nil, &Error{Kind: Conflict, Msg: "This step does not wait for a confirmation."}
			}
			step.Reason = ReasonConfirmed
			again = Steps{step}
		}
		for _, step := range again {
			step.RunID, step.State, step.Detail, step.EndedAt, step.By = run.ID, Todo, "", nil, string(by)
			if err := tx.SaveStep(ctx, step); err != nil {
				return nil, nil, err
			}
			records = append(records, stepRecord(*t, step, by))
		}
		return records, []Job{runJob(*t, at)}, nil
	})
}

// tryAgain are the steps to begin once more when a person says so: those that called for one, unless
// they wait for his click, and with the refund the quote it is made from. A cancel that got further
// than its proposal was let go ahead before. Cancel and refund begin now: what was refused before that
// may be asked for once more.
func tryAgain(steps Steps, at time.Time) Steps {
	var out Steps
	for _, s := range steps {
		if s.State != NeedsAgent && s.State != Failed || s.Reason == ReasonProposed {
			continue
		}
		s.Reason = ""
		switch quote := steps.Get(QuoteIt); {
		case s.Name == Cancel:
			s.Reason, s.StartedAt = ReasonConfirmed, &at
		case s.Name == RefundIt:
			s.StartedAt = &at
			if quote.State.Done() {
				quote.Reason = ""
				out = append(out, quote)
			}
		}
		out = append(out, s)
	}
	return out
}

// Skip leaves out what a rule could not settle and a person has seen to: what comes back, what is
// worked out, what becomes of assets, a last word that no mail could carry. Who asks, whether debits
// end and the proof are never skipped by hand.
func (d *Desk) Skip(ctx context.Context, id int64, by Actor, name StepName, reason string) (Ticket, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Ticket{}, &Error{Kind: Invalid, Msg: "Say why the step is skipped."}
	}
	if name != QuoteIt && name != RefundIt && name != Assets && name != Notify {
		return Ticket{}, &Error{Kind: Invalid, Msg: "Only quote, refund, assets and notify can be skipped by hand."}
	}
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		run, steps, err := tx.LatestRun(ctx, t.ID)
		if err != nil {
			return nil, nil, err
		}
		step := steps.Get(name)
		if !t.Live() || run.EndedAt != nil || step.State != NeedsAgent && (name != RefundIt || step.State != NeedsCustomer) {
			return nil, nil, &Error{Kind: Conflict, Msg: "This step does not wait for a person."}
		}
		if name == RefundIt {
			if err := settled(ctx, tx, t.ID); err != nil {
				return nil, nil, err
			}
		}
		step.RunID, step.State, step.Reason, step.Detail, step.By, step.EndedAt = run.ID, Skipped, ReasonByHand, reason, string(by), &at
		if err := tx.SaveStep(ctx, step); err != nil {
			return nil, nil, err
		}
		t.Reason = "resumed"
		return []Record{stepRecord(*t, step, by)}, []Job{runJob(*t, at)}, nil
	})
}

// Solve ends a case that was answered by a person: one that asked for no stop, or one whose steps are
// all done and that came back only because the customer wrote again; or one whose request was nobody's, once
// all that was begun for it has its last word. What is not done can't be declared done by anybody.
func (d *Desk) Solve(ctx context.Context, id int64, by Actor) (Ticket, error) {
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if t.Stops() && !t.Denied() {
			run, steps, err := tx.LatestRun(ctx, t.ID)
			if err != nil || run.EndedAt == nil || !steps.Get(Cancel).State.Done() || !steps.Get(Notify).State.Done() {
				return nil, nil, &Error{Kind: Conflict, Msg: "This case asks that charges stop. It is solved when its steps are done; run them."}
			}
		}
		before := t.Status
		if err := t.SetStatus(Solved, "answered", at); err != nil {
			return nil, nil, err
		}
		if err := endRun(ctx, tx, t.ID, at); err != nil {
			return nil, nil, err
		}
		return []Record{statusRecord(*t, before, by)}, []Job{d.CloseJob(*t, at), runJob(*t, at)}, nil // what it held is given free
	})
}

// endRun ends the ticket's running run, where there is one, so that its subscriptions are free for
// another. Conflict while something it began outside has no last word: nobody would ask after it.
func endRun(ctx context.Context, tx Tx, ticketID int64, at time.Time) error {
	run, _, err := tx.LatestRun(ctx, ticketID)
	switch {
	case errors.Is(err, NotFound), err == nil && run.EndedAt != nil:
		return nil
	case err != nil:
		return err
	}
	if err := settled(ctx, tx, ticketID); err != nil {
		return err
	}
	run.EndedAt = &at
	return tx.SaveRun(ctx, &run)
}

// settled is Conflict while an effect or a refund of the ticket has no last word.
func settled(ctx context.Context, tx Tx, ticketID int64) error {
	effects, err := tx.Effects(ctx, ticketID)
	if err != nil {
		return err
	}
	for _, e := range effects {
		if !e.State.Settled() && !e.Kind.Holds() {
			return underWay()
		}
	}
	refunds, err := tx.Refunds(ctx, ticketID)
	if err != nil {
		return err
	}
	for _, r := range refunds {
		if !r.State.Final() && r.State.Reserves() && r.State != account.RefundAbnormal {
			return underWay()
		}
	}
	return nil
}

func underWay() error {
	return &Error{Kind: Conflict, Msg: "Something of this case is still under way: a stop or a refund without a last word, or a refund to decide about."}
}

func stepRecord(t Ticket, s Step, by Actor) Record {
	return Record{
		Stream: t.Number(), Type: EventStep, Actor: string(by),
		Data: map[string]any{"step": string(s.Name), "state": string(s.State), "reason": s.Reason},
	}
}
