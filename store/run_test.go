package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

func (b bundle) run(ticketID int64, subs ...string) tickets.Run {
	return tickets.Run{TicketID: ticketID, Mode: account.PeriodEnd, SubscriptionIDs: subs, StartedAt: b.at}
}

func allSteps() tickets.Steps {
	var s tickets.Steps
	for _, n := range tickets.StepNames() {
		s = append(s, tickets.Step{Name: n, State: tickets.Todo})
	}
	return s
}

func runPromises() []promise {
	return []promise{
		{"the latest run comes back with its steps in order", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			_, _, err := b.LatestRun(b.ctx(), id)
			wantKind(t, err, tickets.NotFound)
			old, run, steps := b.run(id), b.run(id, "s1", "s2"), allSteps()
			run.Snapshot = &account.Snapshot{Account: account.Account{No: "u1"}}
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertRun(b.ctx(), &old, allSteps()))
				must(t, tx.InsertRun(b.ctx(), &run, steps))
				steps[2] = tickets.Step{RunID: run.ID, Name: tickets.Cancel, State: tickets.Unknown, Reason: "timeout", Detail: "d", StartedAt: &b.at, By: "desk"}
				return tx.SaveStep(b.ctx(), steps[2])
			})
			got, gotSteps, err := b.LatestRun(b.ctx(), id)
			must(t, err)
			if d := cmp.Diff(run, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(steps, gotSteps); d != "" {
				t.Error(d)
			}
		}},
		{"a subscription has one running run, whatever ticket it belongs to", func(t *testing.T, b bundle) {
			one, two := b.newTicket(t, nil).ID, b.newTicket(t, nil).ID
			first, second := b.run(one, "s1", "s2"), b.run(two, "s0", "s2")
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertRun(b.ctx(), &first, allSteps()))
				wantKind(t, tx.InsertRun(b.ctx(), &second, allSteps()), tickets.Conflict)
				_, _, err := tx.LatestRun(b.ctx(), two) // nothing of it was left behind
				wantKind(t, err, tickets.NotFound)
				return nil
			})
			first.EndedAt = &b.at
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.SaveRun(b.ctx(), &first))
				return tx.InsertRun(b.ctx(), &second, allSteps())
			})
			first.Version = 1
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveRun(b.ctx(), &first) }), tickets.Stale)
		}},
		{"of many runs begun at once for one subscription one begins", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			ok, conflicts := count(t, together(10, func(int) error {
				r := b.run(id, "s1")
				return b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.InsertRun(b.ctx(), &r, allSteps()) })
			}), tickets.Conflict)
			if ok != 1 || conflicts != 9 {
				t.Errorf("%d began and %d did not, want 1 and 9", ok, conflicts)
			}
		}},
		{"an effect is one row under its key", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			e := tickets.Effect{Key: "k", TicketID: id, Kind: tickets.StopDebits, Target: "s1", State: tickets.EffectAboutTo, At: b.at}
			b.tx(t, func(tx tickets.Tx) error {
				_, err := tx.Effect(b.ctx(), "k")
				wantKind(t, err, tickets.NotFound)
				must(t, tx.SaveEffect(b.ctx(), e))
				e.State, e.Attempts, e.SettledAt = tickets.EffectDone, 2, &b.at
				must(t, tx.SaveEffect(b.ctx(), e))
				got, err := tx.Effect(b.ctx(), "k")
				must(t, err)
				if d := cmp.Diff(e, got); d != "" {
					t.Error(d)
				}
				return nil
			})
			list, err := b.Effects(b.ctx(), id)
			must(t, err)
			if d := cmp.Diff([]tickets.Effect{e}, list); d != "" {
				t.Error(d)
			}
		}},
		{"re-linking voids the verifications that still stand", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			earlier := b.at.Add(-time.Minute)
			a := tickets.Verification{TicketID: id, Level: 1, Method: "dmarc", Action: "stop", AmountFen: 5, At: b.at, ExpiresAt: b.at.Add(tickets.VerificationLife)}
			v := a
			v.VoidedAt = &earlier
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertVerification(b.ctx(), &a))
				must(t, tx.InsertVerification(b.ctx(), &v))
				return tx.VoidVerifications(b.ctx(), id, b.at)
			})
			a.VoidedAt = &b.at
			got, err := b.Verifications(b.ctx(), id)
			must(t, err)
			if d := cmp.Diff([]tickets.Verification{a, v}, got); d != "" {
				t.Error(d)
			}
		}},
		{"quotes and acceptances come back as they were stored", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			q := tickets.SavedQuote{TicketID: id, RunID: 3, Hash: "h", Body: account.Quote{Mode: account.Now, RefundFen: 1234, Hash: "h"}, At: b.at}
			a := tickets.Acceptance{TicketID: id, QuoteHash: "h", By: "customer", Words: "同意", MessageID: 4, At: b.at}
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertQuote(b.ctx(), &q))
				return tx.InsertAcceptance(b.ctx(), &a)
			})
			quotes, err := b.Quotes(b.ctx(), id)
			must(t, err)
			acceptances, err := b.Acceptances(b.ctx(), id)
			must(t, err)
			if d := cmp.Diff([]tickets.SavedQuote{q}, quotes); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]tickets.Acceptance{a}, acceptances); d != "" {
				t.Error(d)
			}
		}},
	}
}
