package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func holdPromises() []promise {
	hold := func(b bundle, id int64, sub string) tickets.Hold {
		return tickets.Hold{TicketID: id, SubscriptionID: sub, State: tickets.HoldActive, Reason: "not_verified", At: b.at, Until: b.at.Add(time.Hour)}
	}
	return []promise{
		{"a subscription has one active hold, and another once it ended", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			first, second := hold(b, id, "s1"), hold(b, id, "s1")
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertHold(b.ctx(), &first))
				wantKind(t, tx.InsertHold(b.ctx(), &second), tickets.Conflict)
				return nil
			})
			ended := b.at.Add(time.Minute)
			first.State, first.EndedAt = tickets.HoldReleased, &ended
			second.ID, second.At = 0, b.at.Add(2*time.Minute)
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.SaveHold(b.ctx(), first))
				return tx.InsertHold(b.ctx(), &second)
			})
			list, err := b.Holds(b.ctx(), id)
			must(t, err)
			if d := cmp.Diff([]tickets.Hold{first, second}, list); d != "" {
				t.Errorf("holds (-want +got):\n%s", d)
			}
			on, err := b.HoldsOn(b.ctx(), []string{"s1", "s2"})
			must(t, err)
			none, err := b.HoldsOn(b.ctx(), nil)
			must(t, err)
			if len(on) != 2 || len(none) != 0 {
				t.Errorf("%d holds on s1, %d on nothing", len(on), len(none))
			}
		}},
		{"recent holds leave out those that a stop confirmed", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			old, confirmed, recent := hold(b, id, "s1"), hold(b, id, "s2"), hold(b, id, "s3")
			old.At, confirmed.State, confirmed.EndedAt = b.at.Add(-2*time.Hour), tickets.HoldStopped, &b.at
			b.tx(t, func(tx tickets.Tx) error {
				for _, h := range []*tickets.Hold{&old, &confirmed, &recent} {
					must(t, tx.InsertHold(b.ctx(), h))
				}
				list, err := tx.HoldsSince(b.ctx(), b.at.Add(-time.Hour))
				must(t, err)
				if d := cmp.Diff([]tickets.Hold{recent}, list); d != "" {
					t.Errorf("holds (-want +got):\n%s", d)
				}
				return nil
			})
		}},
		{"an alarm rings once until somebody clears it", func(t *testing.T, b bundle) {
			a := tickets.Alarm{Key: "k", Kind: tickets.AlarmHoldBurst, Detail: "20 holds", At: b.at}
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.RaiseAlarm(b.ctx(), a))
				return tx.RaiseAlarm(b.ctx(), a)
			})
			list, err := b.Alarms(b.ctx())
			must(t, err)
			a.ID = list[0].ID
			if d := cmp.Diff([]tickets.Alarm{a}, list); d != "" {
				t.Errorf("alarms (-want +got):\n%s", d)
			}
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.ClearAlarm(b.ctx(), "other", "agent:amy", b.at))
				must(t, tx.ClearAlarm(b.ctx(), "k", "agent:amy", b.at))
				return tx.ClearAlarm(b.ctx(), "k", "agent:bob", b.at)
			})
			if list, err = b.Alarms(b.ctx()); err != nil || len(list) != 0 {
				t.Errorf("%d alarms ring after they were cleared, %v", len(list), err)
			}
			b.tx(t, func(tx tickets.Tx) error {
				return tx.RaiseAlarm(b.ctx(), tickets.Alarm{Key: "k", Kind: tickets.AlarmHoldBurst, At: b.at})
			})
			if list, err = b.Alarms(b.ctx()); err != nil || len(list) != 1 {
				t.Errorf("%d alarms ring when the cause is back, %v", len(list), err)
			}
		}},
		{"whom a mail went to and what it said is known by its Message-ID", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			asked, receipt := b.outgoing(id, "asked"), b.outgoing(id, "receipt")
			asked.Tell, receipt.Tell = tickets.TellHoldAsked, tickets.TellReceipt
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertOutgoing(b.ctx(), &asked))
				must(t, tx.InsertOutgoing(b.ctx(), &receipt))
				got, err := tx.SentTo(b.ctx(), []string{asked.MailID, receipt.MailID, "nobody@desk"})
				must(t, err)
				if d := cmp.Diff(map[string]tickets.Sent{
					asked.MailID:   {ID: asked.ID, Recipient: "li@example.com", Tell: tickets.TellHoldAsked},
					receipt.MailID: {ID: receipt.ID, Recipient: "li@example.com", Tell: tickets.TellReceipt},
				}, got); d != "" {
					t.Errorf("sent to (-want +got):\n%s", d)
				}
				return nil
			})
		}},
	}
}
