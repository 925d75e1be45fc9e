package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/tickets"
)

func stopPromises() []promise {
	return []promise{
		{"a biller that pulls sees every order once and in order, however many are laid ready at once", func(t *testing.T, b bundle) {
			pull := platform.NewPull(b.Conn(), func() time.Time { return b.at })
			seen := map[int64]bool{}
			var after int64
			look := func() {
				list, err := b.StopOrders(b.ctx(), after, 7)
				must(t, err)
				for _, o := range list {
					if o.ID <= after || seen[o.ID] {
						t.Errorf("order %d after %d", o.ID, after)
					}
					seen[o.ID], after = true, o.ID
				}
			}
			for _, err := range together(24, func(i int) error {
				ctx, cancel := context.WithTimeout(b.ctx(), time.Minute)
				defer cancel()
				_, err := pull.Stop(ctx, key(i%20), account.Stop{SubscriptionID: "s1", Mode: account.PeriodEnd})
				if err == nil && i%5 == 0 {
					_, err = b.StopOrders(ctx, 0, 3)
				}
				return err
			}) {
				must(t, err)
			}
			for range 4 {
				look()
			}
			if len(seen) != 20 {
				t.Errorf("%d orders of 20", len(seen))
			}
		}},
		{"an order is applied once", func(t *testing.T, b bundle) {
			pull := platform.NewPull(b.Conn(), func() time.Time { return b.at })
			until := b.at.Add(time.Hour)
			_, err := pull.Hold(b.ctx(), "h", account.Hold{SubscriptionID: "s1", Until: until})
			must(t, err)
			want := account.StopOrder{ID: 1, Key: "h", Kind: account.OrderHold, SubscriptionID: "s1", Until: &until, At: b.at, AppliedAt: &until}
			b.tx(t, func(tx tickets.Tx) error {
				o, err := tx.StopOrder(b.ctx(), 1)
				must(t, err)
				o.AppliedAt = &until
				must(t, tx.SaveStopOrder(b.ctx(), o))
				_, err = tx.StopOrder(b.ctx(), 2)
				wantKind(t, err, tickets.NotFound)
				return nil
			})
			list, err := b.StopOrders(b.ctx(), 0, 10)
			must(t, err)
			if d := cmp.Diff([]account.StopOrder{want}, list); d != "" {
				t.Error(d)
			}
			if a, err := pull.Query(b.ctx(), "h", account.Subject{}); err != nil || a.State != account.AnswerDone || !a.At.Equal(until) {
				t.Errorf("%+v, %v", a, err)
			}
		}},
		{"a debit in flight stays with the case that learnt of it first", func(t *testing.T, b bundle) {
			one, two := b.newTicket(t, nil), b.newTicket(t, nil)
			flight := func(id int64, charge string) account.DebitInFlight {
				return account.DebitInFlight{
					ChargeID: charge, TicketID: id, EffectKey: "stop/x", SubscriptionID: "s1", AmountFen: 2500, DueAt: b.at.Add(time.Minute), NamedAt: b.at,
				}
			}
			b.tx(t, func(tx tickets.Tx) error { return tx.SaveDebitsInFlight(b.ctx(), nil) })
			b.tx(t, func(tx tickets.Tx) error {
				return tx.SaveDebitsInFlight(b.ctx(), []account.DebitInFlight{flight(one.ID, "c2"), flight(one.ID, "c1")})
			})
			b.tx(t, func(tx tickets.Tx) error {
				return tx.SaveDebitsInFlight(b.ctx(), []account.DebitInFlight{flight(two.ID, "c1")})
			})
			list, err := b.DebitsInFlight(b.ctx(), one.ID)
			must(t, err)
			if d := cmp.Diff([]account.DebitInFlight{flight(one.ID, "c1"), flight(one.ID, "c2")}, list); d != "" {
				t.Error(d)
			}
			_, err = b.DebitInFlight(b.ctx(), "c1")
			must(t, err)
			_, err = b.DebitInFlight(b.ctx(), "c3")
			wantKind(t, err, tickets.NotFound)
		}},
		{"what speaks against a debit is found by the subscription", func(t *testing.T, b bundle) {
			b.account(t, "u1")
			other := b.newTicket(t, nil)
			ticket := b.newTicket(t, func(x *tickets.Ticket) { x.AccountNo, x.SubscriptionIDs = "u1", []string{"s-u1"} })
			facts := func() tickets.DebitFacts {
				t.Helper()
				f, err := b.DebitFacts(b.ctx(), "s-u1")
				must(t, err)
				return f
			}
			if f := facts(); f.Subscription.ID != "s-u1" || len(f.Agreements) != 1 || f.Requested || len(f.Stops)+len(f.Holds)+len(f.Orders) != 0 {
				t.Errorf("at first: %+v", f)
			}
			b.tx(t, func(tx tickets.Tx) error {
				run := tickets.Run{TicketID: ticket.ID, Mode: account.PeriodEnd, SubscriptionIDs: []string{"s-u1"}, StartedAt: b.at}
				must(t, tx.InsertRun(b.ctx(), &run, tickets.Steps{
					{Name: tickets.Verify, State: tickets.Succeeded}, {Name: tickets.Cancel, State: tickets.NeedsAgent},
				}))
				must(t, tx.SaveEffect(b.ctx(), tickets.Effect{
					Key: "stop/1", TicketID: ticket.ID, Kind: tickets.StopDebits, Target: "s-u1", State: tickets.EffectUnknown, At: b.at,
				}))
				must(t, tx.SaveEffect(b.ctx(), tickets.Effect{
					Key: "stop/2", TicketID: other.ID, Kind: tickets.StopDebits, Target: "s-u2", State: tickets.EffectUnknown, At: b.at,
				}))
				h := tickets.Hold{TicketID: ticket.ID, SubscriptionID: "s-u1", State: tickets.HoldActive, At: b.at, Until: b.at.Add(time.Hour)}
				return tx.InsertHold(b.ctx(), &h)
			})
			if f := facts(); !f.Requested || len(f.Stops) != 1 || f.Stops[0].Key != "stop/1" || len(f.Holds) != 1 {
				t.Errorf("then: %+v", f)
			}
			_, err := b.DebitFacts(b.ctx(), "nobody")
			wantKind(t, err, tickets.NotFound)
		}},
	}
}
