package runbook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// aboutTo records that an effect is going to be tried, before it is. A later run that finds the
// record asks what became of it before it tries again.
func (r *Runner) aboutTo(ctx context.Context, c Case, kind tickets.EffectKind, key, target string) (tickets.Effect, bool, error) {
	e, begun := c.effect(key)
	if begun {
		return e, true, nil
	}
	err := r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		e = tickets.Effect{
			Key: key, TicketID: c.Ticket.ID, RunID: c.Run.ID, Kind: kind, Target: target,
			State: tickets.EffectAboutTo, At: at,
		}
		return []tickets.Record{{
			Stream: c.Ticket.Number(), Type: tickets.EventAboutTo, Actor: string(tickets.DeskActor),
			Data: map[string]any{"key": key, "kind": string(kind), "target": target},
		}}, tx.SaveEffect(ctx, e)
	})
	return e, false, err
}

// result records what the other side said, together with what it means, in one transaction. One
// result event is written for an effect, when it has its last word; what is only "not yet" is counted
// in the effect. apply writes what the state means beyond the effect.
func (r *Runner) result(ctx context.Context, c Case, e tickets.Effect, a account.Answer, callErr error, apply func(tx tickets.Tx, state tickets.EffectState) ([]tickets.Record, error)) (bool, error) {
	e.Attempts++
	e.State, e.Detail = effectState(a, callErr), a.Detail
	for i, d := range a.InFlight {
		e.Detail += []string{"; in flight: ", ", "}[min(i, 1)] + d.ChargeID
	}
	if callErr != nil {
		e.Detail = "no answer"
	}
	err := r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		var records []tickets.Record
		if e.State.Settled() {
			e.SettledAt = &at
			data := map[string]any{"key": e.Key, "kind": string(e.Kind), "target": e.Target, "state": string(e.State), "detail": e.Detail}
			if len(a.InFlight) > 0 {
				data["debits_in_flight"] = inFlightData(a.InFlight, r.Settings.Zone)
			}
			if !a.At.IsZero() {
				data["confirmed_at"] = a.At.In(r.Settings.Zone).Format(time.RFC3339)
			}
			records = append(records, tickets.Record{
				Stream: c.Ticket.Number(), Type: tickets.EventResult, Actor: string(tickets.DeskActor), Data: data,
			})
		}
		if err := tx.SaveEffect(ctx, e); err != nil {
			return nil, err
		}
		if e.Kind.Stops() && e.State == tickets.EffectDone {
			if err := tx.ClearAlarm(ctx, tickets.StopAlarm(firstTry(e)), tickets.DeskActor, at); err != nil {
				return nil, err
			}
		}
		more, err := apply(tx, e.State)
		return append(records, more...), err
	})
	return e.State.Settled(), err
}

// whenDone applies f once the effect is done.
func whenDone(f func(tx tickets.Tx) error) func(tickets.Tx, tickets.EffectState) ([]tickets.Record, error) {
	return func(tx tickets.Tx, state tickets.EffectState) ([]tickets.Record, error) {
		if state != tickets.EffectDone {
			return nil, nil
		}
		return nil, f(tx)
	}
}

// effectState turns an answer into a state. No answer is unknown, never failed.
func effectState(a account.Answer, err error) tickets.EffectState {
	if err != nil {
		return tickets.EffectUnknown
	}
	switch a.State {
	case account.AnswerDone:
		return tickets.EffectDone
	case account.AnswerRefused:
		return tickets.EffectRefused
	case account.AnswerPending:
		return tickets.EffectPending
	}
	return tickets.EffectUnknown
}

// once makes a call that may have been made before: where it may have, it asks first, and calls only
// if the other side says that nothing ever arrived.
func (r *Runner) once(ctx context.Context, before bool, query, call func(context.Context) (account.Answer, error)) (account.Answer, error) {
	if before {
		a, err := r.call(ctx, query)
		if err != nil || a.State != account.AnswerNone {
			return a, err
		}
	}
	return r.call(ctx, call)
}

// call makes one call outside. An answer that says no time is taken to be of now.
func (r *Runner) call(ctx context.Context, f func(context.Context) (account.Answer, error)) (account.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.CallTimeout)
	defer cancel()
	a, err := f(ctx)
	if a.At.IsZero() {
		a.At = r.Now()
	}
	return a, err
}

// stop has the biller stop one subscription's debits.
func (r *Runner) stop(ctx context.Context, c Case, n Next) (bool, error) {
	acc := *c.Account
	if n.Again {
		acc = r.reread(ctx, c)
	}
	sub, ok := acc.Subscription(n.Subscription)
	if !ok {
		return false, &tickets.Error{Kind: tickets.NotFound, Msg: "The subscription is not in the account any more.", Fixed: true}
	}
	take := n.Again && n.Mode == account.PeriodEnd && silent(sub)
	if !take && n.Record {
		return false, nil // what its record said is not so any more, and nobody asked to try again
	}
	e, before, err := r.aboutTo(ctx, c, tickets.StopDebits, n.Key, n.Subscription)
	if err != nil {
		return false, err
	}
	received := c.Ticket.ReceivedAt
	if m, backdated := tickets.Backdated(c.Messages); backdated {
		received = *m.EnteredAt // until then nobody had ended anything, whatever date the request was given
	}
	last := lastDay(sub, n.Mode, received, r.Settings.Zone)
	query := func(ctx context.Context) (account.Answer, error) {
		return r.Biller.Query(ctx, n.Key, account.Subject{SubscriptionID: e.Target})
	}
	call := func(ctx context.Context) (account.Answer, error) {
		return r.Biller.Stop(ctx, n.Key, account.Stop{SubscriptionID: n.Subscription, Mode: n.Mode, LastDayOfUse: last})
	}
	if n.Ask {
		call = query // what it was not asked for before, it is not asked for now
	}
	var a account.Answer
	var callErr error
	if take && !n.Ask {
		a, callErr = r.recorded(ctx, query)
	} else {
		a, callErr = r.once(ctx, before && !n.Ask, query, call)
	}
	if n.Ask && callErr == nil && a.State == account.AnswerNone {
		return false, r.unbegun(ctx, e)
	}
	settled, err := r.result(ctx, c, e, a, callErr, func(tx tickets.Tx, state tickets.EffectState) ([]tickets.Record, error) {
		// A debit that was named once is watched, though a later answer may not name it any more.
		at := r.Now()
		flying := inFlight(a, e, at)
		if err := tx.SaveDebitsInFlight(ctx, flying); err != nil {
			return nil, err
		}
		if err := tx.Enqueue(ctx, watchJobs(c.Ticket, flying, at)...); err != nil || state != tickets.EffectDone {
			return nil, err
		}
		return nil, tx.SaveStop(ctx, n.Subscription, a.At, last)
	})
	if err == nil && callErr == nil && a.State == account.AnswerRefused {
		r.reread(ctx, c) // perhaps because it is off already; the next look at the case sees it
	}
	return settled, err
}

// unbegun records that an effect was asked after and that the other side has heard nothing of it.
func (r *Runner) unbegun(ctx context.Context, e tickets.Effect) error {
	e.Attempts++
	e.State, e.Detail = tickets.EffectAboutTo, "the other side was not asked"
	return r.commit(ctx, func(tx tickets.Tx, _ time.Time) ([]tickets.Record, error) { return nil, tx.SaveEffect(ctx, e) })
}

// inFlight are the debits that the biller's answer to a stop named.
func inFlight(a account.Answer, e tickets.Effect, at time.Time) []account.DebitInFlight {
	out := slices.Clone(a.InFlight)
	for i := range out {
		out[i].TicketID, out[i].EffectKey, out[i].SubscriptionID, out[i].NamedAt = e.TicketID, e.Key, e.Target, at
	}
	return out
}

// inFlightData are the same debits as an event tells of them.
func inFlightData(list []account.DebitInFlight, zone *time.Location) []any {
	out := make([]any, len(list))
	for i, d := range list {
		out[i] = map[string]any{"charge": d.ChargeID, "amount_fen": d.AmountFen, "due_at": d.DueAt.In(zone).Format(time.RFC3339)}
	}
	return out
}

// lastDay is the last day of use, inclusive: the paid period's, or the day of the request where
// access ends now.
func lastDay(s account.Subscription, m account.Mode, received time.Time, zone *time.Location) account.Date {
	if m == account.Now || s.PeriodEnd == "" {
		return account.DateOf(received, zone)
	}
	return s.PeriodEnd.AddDays(-1)
}

// end ends one agreement at its channel: query, terminate, query. It has ended when the channel's
// query says so, whatever the call said.
func (r *Runner) end(ctx context.Context, c Case, n Next) (bool, error) {
	ag := n.Agreement
	if n.Again {
		ag = agreementNow(r.reread(ctx, c), ag)
	}
	ch := r.Channels[ag.Channel] // the plan ends only what the desk has access to
	e, _, err := r.aboutTo(ctx, c, tickets.EndAgreement, n.Key, ag.ID)
	if err != nil {
		return false, err
	}
	status, callErr := r.agreement(ctx, ch, ag)
	if n.Ask && callErr == nil && status.Known && !status.Ended && e.State == tickets.EffectAboutTo {
		return false, r.unbegun(ctx, e)
	}
	if callErr == nil && status.Known && !status.Ended && !n.Ask {
		var a account.Answer
		if a, callErr = r.call(ctx, func(ctx context.Context) (account.Answer, error) { return ch.Terminate(ctx, n.Key, ag) }); callErr == nil && a.State == account.AnswerRefused {
			return r.result(ctx, c, e, a, nil, whenDone(func(tickets.Tx) error { return nil }))
		}
		status, callErr = r.agreement(ctx, ch, ag)
	}
	a := account.Answer{State: account.AnswerPending, At: status.EndedAt, Detail: status.Detail}
	switch {
	case callErr != nil:
	case !status.Known && ag.Channel == account.Platform && ag.ClaimedEnded:
		// The platform is the channel itself: its account says that the agreement was terminated, and its
		// query that there is none any more.
		a.State, a.At, a.Detail = account.AnswerDone, r.Now(), "by the platform's own account record: terminated, and its query knows it no more"
	case !status.Known:
		// "Not found" never counts as ended by itself: our own record may name the wrong thing.
		a = account.Answer{State: account.AnswerRefused, Detail: "the channel knows no such agreement"}
	case status.Ended:
		a.State = account.AnswerDone
	}
	return r.result(ctx, c, e, a, callErr, whenDone(func(tx tickets.Tx) error {
		return tx.SaveAgreementEnd(ctx, ag.ID, a.At)
	}))
}

func (r *Runner) agreement(ctx context.Context, ch Channel, a account.Agreement) (account.AgreementStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, r.CallTimeout)
	defer cancel()
	s, err := ch.Agreement(ctx, a)
	if s.Ended && s.EndedAt.IsZero() {
		s.EndedAt = r.Now()
	}
	return s, err
}

// accept records the customer's yes, in the customer's own words.
func (r *Runner) accept(ctx context.Context, c Case, n Next) error {
	q, _ := c.quote()
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		return []tickets.Record{{
				Stream: c.Ticket.Number(), Type: tickets.EventAccepted, Actor: "customer",
				Data:    map[string]any{"quote": q.Hash, "message": n.Message.ID},
				Private: map[string][]byte{"words": []byte(n.Message.Text)},
			}}, tx.InsertAcceptance(ctx, &tickets.Acceptance{
				TicketID: c.Ticket.ID, QuoteHash: q.Hash, By: "customer", Words: n.Message.Text, MessageID: n.Message.ID,
				Level: c.level(n.Message, tickets.ActRefund), At: at,
			})
	})
}

// RefundKey is the refund number a channel knows a refund by: derived from ticket, charge and
// sequence, so that whoever sends it again sends the same (at most 64 characters of the set that the
// channels allow, DOMAIN.md 2.2). A charge id that does not fit is shortened by its digest.
func RefundKey(number, chargeID string, seq int) string {
	return fmt.Sprintf("%s-%s-%d", number, keyPart(chargeID), seq)
}

// propose reserves the quote's refunds against their charges.
func (r *Runner) propose(ctx context.Context, c Case, n Next) error {
	err := r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		var records []tickets.Record
		for i, p := range n.Lines {
			proposer := c.proposer(p, r.Settings.Automation.ApprovalAboveFen)
			rf := account.Refund{
				ID: RefundKey(c.Ticket.Number(), p.ChargeID, len(c.Refunds)+i+1), ChargeID: p.ChargeID, AccountNo: c.Ticket.AccountNo,
				TicketID: c.Ticket.ID, AmountFen: p.AmountFen, State: account.RefundProposed, OwnFault: p.OwnFault,
				Reason: p.Reason, QuoteHash: p.QuoteHash, Proposer: proposer, At: at,
			}
			rf.Key, rf.Supervised = rf.ID, p.Supervised
			if _, backdated := tickets.Backdated(c.Messages); !p.OwnFault || backdated {
				if in := tickets.Involved(c.Ticket, c.Messages, c.Verifications, c.Acceptances, p.QuoteHash); len(in) > 0 {
					rf.Involved = "," + strings.Join(in, ",") + ","
				}
			}
			if p.Approved && proposer == string(tickets.DeskActor) {
				rf.State, rf.Approver, rf.DecidedAt = account.RefundApproved, string(tickets.DeskActor), &at
			}
			if err := tx.InsertRefund(ctx, &rf); err != nil {
				return nil, err
			}
			records = append(records, tickets.RefundRecord(c.Ticket, rf, tickets.DeskActor))
		}
		return records, nil
	})
	if errors.Is(err, tickets.Conflict) {
		return r.settle(ctx, c, Next{
			Step: tickets.RefundIt, State: tickets.NeedsAgent, Reason: reasonAboveCap,
			Detail: "More would come back than was paid. The charge was refunded in part meanwhile.",
		})
	}
	return err
}

// send sends a released refund to its channel, or asks after one that was sent.
func (r *Runner) send(ctx context.Context, c Case, n Next) (bool, error) {
	i := slices.IndexFunc(c.Account.Charges, func(ch account.Charge) bool { return ch.ID == n.Refund.ChargeID })
	if i < 0 {
		return false, &tickets.Error{Kind: tickets.NotFound, Msg: "The charge of a refund is gone from the account.", Fixed: true}
	}
	charge := c.Account.Charges[i]
	ch := r.Channels[charge.Channel] // the plan sends only through what the desk has access to
	e, before, err := r.aboutTo(ctx, c, tickets.SendRefund, n.Key, charge.ID)
	if err != nil {
		return false, err
	}
	a, callErr := r.once(ctx, before,
		func(ctx context.Context) (account.Answer, error) { return ch.QueryRefund(ctx, n.Key, charge) },
		func(ctx context.Context) (account.Answer, error) {
			return ch.Refund(ctx, n.Key, charge, n.Refund.AmountFen)
		})
	return r.refunded(ctx, c, e, n.Refund, a, callErr)
}

// refunded records what became of a refund, in the refund and in its effect.
func (r *Runner) refunded(ctx context.Context, c Case, e tickets.Effect, rf account.Refund, a account.Answer, callErr error) (bool, error) {
	return r.result(ctx, c, e, a, callErr, func(tx tickets.Tx, state tickets.EffectState) ([]tickets.Record, error) {
		was := rf.State
		rf.Detail = a.Detail
		switch state {
		case tickets.EffectDone:
			rf.State, rf.DoneAt = account.RefundSucceeded, &a.At
		case tickets.EffectRefused:
			rf.State = account.RefundAbnormal
		case tickets.EffectPending:
			rf.State = account.RefundProcessing
		default:
			rf.State, rf.Detail = account.RefundUnknown, "no answer"
		}
		if err := tx.SaveRefund(ctx, &rf); err != nil || rf.State == was {
			return nil, err
		}
		return []tickets.Record{tickets.RefundRecord(c.Ticket, rf, tickets.DeskActor)}, nil
	})
}

// keyPart is s as far as a refund number may hold it: itself where it is short and of the allowed
// characters, else the start of its digest.
func keyPart(s string) string {
	plain := len(s) <= 40 && !strings.ContainsFunc(s, func(c rune) bool {
		return c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
	if plain {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:12])
}
