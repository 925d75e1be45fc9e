package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func sendingPromises() []promise {
	return []promise{
		{"mails that are held back come the most important and oldest first", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			b.tx(t, func(tx tickets.Tx) error {
				for i, importance := range []int{3, 1, 3, 0, 1} {
					o := b.outgoing(id, key(i))
					o.Importance = importance
					if i != 4 {
						o.HeldAt = &b.at
					}
					o.Granted = i == 4
					must(t, tx.InsertOutgoing(b.ctx(), &o))
				}
				held, err := tx.HeldOutgoing(b.ctx(), 3)
				must(t, err)
				var keys []string
				for _, o := range held {
					keys = append(keys, o.Key)
				}
				if d := cmp.Diff([]string{key(3), key(1), key(0)}, keys); d != "" {
					t.Error(d)
				}
				waiting, err := tx.CountHeld(b.ctx())
				must(t, err)
				granted, err := tx.CountGranted(b.ctx())
				must(t, err)
				if d := cmp.Diff([]int{4, 1}, []int{waiting, granted}); d != "" {
					t.Errorf("held and granted (-want +got):\n%s", d)
				}
				return nil
			})
			paused, err := b.SendingPaused(b.ctx(), "nobody's", b.at)
			must(t, err)
			if !paused {
				t.Error("mails are held back and a new one would overtake them")
			}
		}},
		{"hand-overs and pauses belong to one account and are forgotten in time", func(t *testing.T, b bundle) {
			ago := func(d time.Duration) time.Time { return b.at.Add(-d) }
			soon, long := b.at.Add(time.Hour), ago(26*time.Hour)
			b.tx(t, func(tx tickets.Tx) error {
				for _, s := range []tickets.Sending{
					{Account: "a", At: ago(time.Minute)},
					{Account: "a", At: ago(3 * time.Minute)},
					{Account: "a", At: ago(2 * time.Minute)},
					{Account: "a", At: ago(27 * time.Hour)},
					{Account: "b", At: ago(0)},
					{Account: "a", At: ago(0), Until: &soon},
					{Account: "a", At: ago(27 * time.Hour), Until: &long},
				} {
					must(t, tx.InsertSending(b.ctx(), s))
				}
				return nil
			})
			handed := func(account string, most int) (at []time.Time, paused time.Time) {
				b.tx(t, func(tx tickets.Tx) (err error) {
					at, paused, err = tx.Handed(b.ctx(), account, most)
					return err
				})
				return at, paused
			}
			at, paused := handed("a", 2)
			if d := cmp.Diff([]time.Time{ago(time.Minute), ago(2 * time.Minute)}, at); d != "" || !paused.Equal(soon) {
				t.Errorf("paused until %s, handed over (-want +got):\n%s", paused, d)
			}
			if at, paused := handed("b", 5); len(at) != 1 || !paused.IsZero() {
				t.Errorf("the other account has %d hand-overs and is paused until %s", len(at), paused)
			}
			for account, want := range map[string]bool{"a": true, "b": false} {
				got, err := b.SendingPaused(b.ctx(), account, b.at)
				must(t, err)
				if got != want {
					t.Errorf("account %s is paused: %v", account, got)
				}
			}
			must(t, b.Sweep(b.ctx(), b.at, time.Hour))
			if at, _ := handed("a", 9); len(at) != 3 {
				t.Errorf("%d hand-overs are kept, want 3", len(at))
			}
		}},
		{"what waits or was refused is listed newest first", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			b.tx(t, func(tx tickets.Tx) error {
				for i, change := range []func(*tickets.Outgoing){
					func(*tickets.Outgoing) {},
					func(o *tickets.Outgoing) { o.State = tickets.OutgoingFailed },
					func(o *tickets.Outgoing) { o.State, o.SentAt = tickets.OutgoingSent, &b.at },
					func(o *tickets.Outgoing) { o.Channel = tickets.ByChat },
					func(o *tickets.Outgoing) { o.Channel = tickets.BySMS },
				} {
					o := b.outgoing(id, key(i))
					change(&o)
					must(t, tx.InsertOutgoing(b.ctx(), &o))
				}
				return nil
			})
			first, err := b.Waiting(b.ctx(), 0, 2)
			must(t, err)
			rest, err := b.Waiting(b.ctx(), first[1].ID, 2)
			must(t, err)
			var keys []string
			for _, o := range append(first, rest...) {
				keys = append(keys, o.Key)
			}
			if d := cmp.Diff([]string{key(4), key(1), key(0)}, keys); d != "" {
				t.Error(d)
			}
		}},
	}
}
