package tickets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// ReasonWithdrawn is why a case is solved whose request was taken back before anything was done.
const ReasonWithdrawn = "withdrawn"

// Withdraw ends a case whose customer takes the request back: nothing was done outside yet, so its
// steps are left out by right and what it keeps back is let go. Conflict, with what can be done
// instead, once something is under way or was carried out; Forbidden where it is not certain that it is the
// customer who takes it back. Where something was held back or asked, the registered contact is told.
func (d *Desk) Withdraw(ctx context.Context, id int64, by Actor) (Ticket, error) {
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if err := withdrawable(ctx, tx, *t, at); err != nil {
			return nil, nil, err
		}
		snap, err := takesBack(ctx, tx, *t, at)
		if err != nil {
			return nil, nil, err
		}
		tell, err := d.withdrawnJobs(ctx, tx, *t, snap.Account, at)
		if err != nil {
			return nil, nil, err
		}
		records, err := voidProposals(ctx, tx, *t, by, ReasonWithdrawn, at)
		if err != nil {
			return nil, nil, err
		}
		run, steps, err := currentRun(ctx, tx, *t, at)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range steps {
			if s.State.Done() {
				continue
			}
			s.RunID, s.State, s.Reason, s.Detail, s.By, s.EndedAt = run.ID, Skipped, ReasonWithdrawn, "", string(by), &at
			if err := tx.SaveStep(ctx, s); err != nil {
				return nil, nil, err
			}
			records = append(records, stepRecord(*t, s, by))
		}
		run.EndedAt = &at
		if err := tx.SaveRun(ctx, &run); err != nil {
			return nil, nil, err
		}
		before := t.Status
		if err := t.SetStatus(Solved, ReasonWithdrawn, at); err != nil {
			return nil, nil, err
		}
		return append(records, statusRecord(*t, before, by)), append(tell, runJob(*t, at), d.CloseJob(*t, at)), nil
	})
}

// takesBack is the account of whoever takes the request back: somebody who is verified now, or from whom a
// message came, certainly, that does so. It takes what the request took, and a stop takes level 1.
func takesBack(ctx context.Context, tx Tx, t Ticket, at time.Time) (account.Snapshot, error) {
	unsure := &Error{Kind: Forbidden, Msg: "It is not certain that the customer takes the request back. Verify the caller first, or let the account's own contact answer."}
	if t.AccountNo == "" {
		return account.Snapshot{}, unsure
	}
	snap, err := tx.Snapshot(ctx, t.AccountNo)
	if err != nil {
		return snap, err
	}
	proofs, err := tx.Verifications(ctx, t.ID)
	if err != nil {
		return snap, err
	}
	if present(proofs, t.AccountNo, at) {
		return snap, nil
	}
	if t.Objection != ReasonWithdrawal {
		return snap, unsure
	}
	need := ActStop.Need(0, 0, false, false)
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return snap, err
	}
	a := snap.Account
	for _, m := range messages {
		his := m.Channel == Email && m.Assurance >= need && a.Email != "" && strings.EqualFold(m.Sender, a.Email) && !a.ContactFresh(m.At)
		if m.ByPerson() && !slices.ContainsFunc(m.Asks, intent.Intent.Stops) && (his || LevelOf(proofs, m, ActStop, a.No) >= need) {
			return snap, nil
		}
	}
	return snap, unsure
}

// withdrawnJobs tell the registered contact that the request was taken back, where something was held back
// or asked before.
func (d *Desk) withdrawnJobs(ctx context.Context, tx Tx, t Ticket, a account.Account, at time.Time) ([]Job, error) {
	holds, err := tx.Holds(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	out, err := tx.Outgoing(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	writable := Mailable(a.Email) || a.Phone != "" && d.settings.CanText(TellWithdrawn)
	if len(holds)+len(out) == 0 || !writable || a.ContactFresh(at) {
		return nil, nil
	}
	return []Job{{Kind: JobTell, TicketID: t.ID, Ref: string(TellWithdrawn), DueAt: at, Key: "tell/" + t.Number() + "/" + string(TellWithdrawn)}}, nil
}

// stillAlive is how long after the desk asked for an agreement's end a channel that says it is alive has plainly
// not ended it.
const stillAlive = 10 * time.Minute

// withdrawable is Conflict where the request can't be taken back any more, with what can be done.
func withdrawable(ctx context.Context, tx Tx, t Ticket, at time.Time) error {
	effects, err := tx.Effects(ctx, t.ID)
	if err != nil {
		return err
	}
	var done []string
	open := false
	for _, e := range effects {
		switch {
		case e.Kind == HoldDebits || e.Kind == ReleaseDebits:
		case e.State == EffectAboutTo && e.Attempts > 0 && t.Objection == ReasonWithdrawal:
			// It was asked after since, and the other side had heard nothing of it.
		case e.State == EffectPending && e.Kind == EndAgreement && t.Objection == ReasonWithdrawal && !at.Before(e.At.Add(stillAlive)):
			// It was asked after since as well, and the channel says that it is alive.
		case e.State == EffectDone:
			done = append(done, e.Target)
		case e.State != EffectRefused:
			open = true
		}
	}
	switch {
	case len(done) > 0:
		return &Error{Kind: Conflict, Msg: fmt.Sprintf("Carried out already: %s. It can't be taken back here. "+
			"Whoever wants to go on signs up again in the app and signs a new debit agreement with the payment channel there; what was paid runs on until its last day.",
			strings.Join(done, ", "))}
	case open:
		return &Error{Kind: Conflict, Msg: "The stop is under way and its outcome is not known yet. Look again in a few minutes: it is either done, or can be taken back."}
	case !t.Live():
		return &Error{Kind: Conflict, Msg: "The ticket is " + string(t.Status) + ": there is nothing to take back."}
	}
	return nil
}

// currentRun is the ticket's running run, which begins here where there is none.
func currentRun(ctx context.Context, tx Tx, t Ticket, at time.Time) (Run, Steps, error) {
	run, steps, err := tx.LatestRun(ctx, t.ID)
	switch {
	case err == nil && run.EndedAt == nil:
		return run, steps, nil
	case err != nil && !errors.Is(err, NotFound):
		return run, nil, err
	}
	run, steps = BeginRun(t, at)
	return run, steps, tx.InsertRun(ctx, &run, steps)
}
