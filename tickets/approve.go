package tickets

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Approve releases a proposed refund; carrying it out is the runbook's work, later. quoteHash is the
// quote the approver saw: Stale if the refund is bound to another. Conflict where the quote would be
// another if it were made now: the runbook then takes the proposal back and makes a new one. large says whether the approver
// may release sums above automation.approval_above_fen.
func (d *Desk) Approve(ctx context.Context, refundID string, by Actor, quoteHash string, large bool) (account.Refund, error) {
	return d.decide(ctx, refundID, by, quoteHash, true, func(r *account.Refund, ticketSum int64) error {
		r.Supervised = r.Supervised || ticketSum > d.settings.Automation.ApprovalAboveFen
		if err := mayRelease(*r, by, large); err != nil {
			return err
		}
		r.State = account.RefundApproved
		return nil
	})
}

// mayRelease is Forbidden for whoever may not release a refund. What takes a supervisor takes one on whose
// word nothing of it rests: who wrote down the yes, entered what proved the customer or wrote the case down
// has done his half of it.
func mayRelease(r account.Refund, by Actor, large bool) error {
	switch {
	case r.Proposer == string(by):
		return &Error{Kind: Forbidden, Msg: "You proposed this refund, so somebody else has to approve it."}
	case !large && (r.Supervised || r.Proposer != string(DeskActor)):
		return &Error{Kind: Forbidden, Msg: "This refund needs a supervisor: it is above the limit, or a person proposed it."}
	case r.Supervised && r.InvolvedIn(string(by)):
		return &Error{Kind: Forbidden, Msg: "This refund rests on what you entered or wrote down, so another supervisor has to approve it."}
	}
	return nil
}

// Reject turns a proposed refund down, with the reason the customer will be told. Who may not release
// a sum may not turn it down either (DESIGN.md 6.3).
func (d *Desk) Reject(ctx context.Context, refundID string, by Actor, quoteHash, reason string, large bool) (account.Refund, error) {
	if reason == "" {
		return account.Refund{}, &Error{Kind: Invalid, Msg: "Say why: the customer is told the reason."}
	}
	return d.decide(ctx, refundID, by, quoteHash, false, func(r *account.Refund, ticketSum int64) error {
		if !large && (r.Supervised || ticketSum > d.settings.Automation.ApprovalAboveFen) {
			return &Error{Kind: Forbidden, Msg: "This refund is above the limit: a supervisor decides about it."}
		}
		r.State, r.Detail = account.RefundRejected, reason
		return nil
	})
}

func (d *Desk) decide(ctx context.Context, refundID string, by Actor, quoteHash string, release bool, f func(r *account.Refund, ticketSum int64) error) (account.Refund, error) {
	var r account.Refund
	var changed bool
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) (err error) {
		changed = false
		if r, err = tx.Refund(ctx, refundID); err != nil {
			return err
		}
		if err := undecided(r); err != nil {
			return err
		}
		if r.QuoteHash != quoteHash {
			return &Error{Kind: Stale, Msg: "The quote has changed since. Look at the new one first."}
		}
		t, err := tx.Ticket(ctx, r.TicketID)
		if err != nil {
			return err
		}
		if release {
			if err := objected(t); err != nil {
				return err
			}
		}
		all, err := tx.Refunds(ctx, t.ID)
		if err != nil {
			return err
		}
		linked, err := tx.LinkedRefunds(ctx, t.ID)
		if err != nil {
			return err
		}
		if err := f(&r, Reserved(all)+Reserved(linked)); err != nil {
			return err
		}
		if release && !r.OwnFault {
			if changed, err = d.quoteChanged(ctx, tx, t, all, at); err != nil {
				return err
			}
			if changed {
				return tx.Enqueue(ctx, runJob(t, at))
			}
		}
		r.Approver, r.DecidedAt = string(by), &at
		if err := tx.SaveRefund(ctx, &r); err != nil {
			return err
		}
		if err := tx.Append(ctx, at, RefundRecord(t, r, by)); err != nil {
			return err
		}
		if err := d.note(ctx, tx, t, by, at); err != nil {
			return err
		}
		return tx.Enqueue(ctx, runJob(t, at))
	})
	if err == nil && changed {
		return account.Refund{}, &Error{Kind: Conflict, Msg: "The sum has changed since it was worked out. The proposal is taken back and worked out anew."}
	}
	return r, err
}

// Undecided is the refund as it waits for a decision; Conflict where it was decided already.
func (d *Desk) Undecided(ctx context.Context, refundID string) (account.Refund, error) {
	var r account.Refund
	err := d.store.InTx(ctx, func(tx Tx) (err error) {
		if r, err = tx.Refund(ctx, refundID); err != nil {
			return err
		}
		return undecided(r)
	})
	return r, err
}

func undecided(r account.Refund) error {
	if r.State == account.RefundProposed && !r.Elsewhere {
		return nil
	}
	return &Error{Kind: Conflict, Msg: "This refund was decided already: it is " + string(r.State) + "."}
}

// Reserved is the sum of the refunds that moved money or may still.
func Reserved(refunds []account.Refund) int64 {
	var sum int64
	for _, r := range refunds {
		if r.State.Reserves() {
			sum += r.AmountFen
		}
	}
	return sum
}

// RefundRecord is the event of a refund's new state.
func RefundRecord(t Ticket, r account.Refund, by Actor) Record {
	return Record{
		Stream: t.Number(), Type: EventRefund, Actor: string(by),
		Data: map[string]any{
			"refund": r.ID, "charge": r.ChargeID, "amount_fen": r.AmountFen, "state": string(r.State),
			"key": r.Key, "quote": r.QuoteHash, "own_fault": r.OwnFault,
		},
	}
}

// ReasonStuck is why a case is open whose work failed so often that it was given up.
const ReasonStuck = "stuck"

// Stuck brings a case whose job was given up back to the queue, so that no wait is unseen.
func (d *Desk) Stuck(ctx context.Context, j Job) error {
	if j.Kind == JobForward {
		return d.notForwarded(ctx, j.TicketID)
	}
	_, err := d.change(ctx, j.TicketID, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if t.Status == Closed {
			return nil, nil, nil
		}
		before := t.Status
		if err := t.SetStatus(Open, ReasonStuck, at); err != nil {
			return nil, nil, err
		}
		r := statusRecord(*t, before, DeskActor)
		r.Data["job"] = string(j.Kind)
		jobs, err := d.chatJobs(ctx, tx, *t, at)
		return []Record{r}, jobs, err
	})
	return err
}

// CloseSolved closes a solved ticket whose time has come; a ticket that was reopened since stays. done
// completes the job in the same transaction.
func (d *Desk) CloseSolved(ctx context.Context, id int64, done func(tx Tx) error) error {
	_, err := d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if t.Status != Solved || t.SolvedAt == nil || at.Before(t.SolvedAt.Add(d.settings.CloseAfter)) {
			return nil, nil, done(tx)
		}
		if err := t.SetStatus(Closed, "done", at); err != nil {
			return nil, nil, err
		}
		return []Record{statusRecord(*t, Solved, DeskActor)}, nil, done(tx)
	})
	return err
}
