package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// apiPromises are those that programs rely on which send things again, and many at once.
func apiPromises() []promise {
	request := func(b bundle, hash string) agents.Request {
		return agents.Request{Caller: "key:1", Method: "POST", Path: "/v1/charges", Key: "k", BodyHash: hash, At: b.at}
	}
	return []promise{
		{"of requests under one key at once one begins", func(t *testing.T, b bundle) {
			begun := make([]bool, 20)
			for _, err := range together(20, func(i int) (err error) {
				_, begun[i], err = b.BeginRequest(b.ctx(), request(b, key(i)), b.at.Add(-time.Minute))
				return err
			}) {
				must(t, err)
			}
			n := 0
			for _, x := range begun {
				if x {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d began", n)
			}
		}},
		{"an answer is given again until its day is over", func(t *testing.T, b bundle) {
			r := request(b, "h")
			_, _, err := b.BeginRequest(b.ctx(), r, b.at.Add(-time.Minute))
			must(t, err)
			other := r
			other.Caller = "key:2"
			if _, begun, err := b.BeginRequest(b.ctx(), other, b.at.Add(-time.Minute)); err != nil || !begun {
				t.Errorf("another caller: %v, %v", begun, err)
			}
			r.Status, r.Answer = 201, []byte("\x00answer")
			must(t, b.EndRequest(b.ctx(), r))
			got, begun, err := b.BeginRequest(b.ctx(), request(b, "other"), b.at.Add(time.Hour))
			must(t, err)
			if d := cmp.Diff(r, got); d != "" || begun {
				t.Errorf("begun %v: %s", begun, d)
			}
			late := request(b, "h")
			late.At = b.at.Add(agents.AnswerLife + time.Second)
			if _, begun, err := b.BeginRequest(b.ctx(), late, b.at); err != nil || !begun {
				t.Errorf("a day later: %v, %v", begun, err)
			}
			must(t, b.Sweep(b.ctx(), late.At, time.Minute))
			must(t, b.ForgetRequest(b.ctx(), late))
			if _, begun, err := b.BeginRequest(b.ctx(), late, b.at); err != nil || !begun {
				t.Errorf("forgotten: %v, %v", begun, err)
			}
		}},
		{"a request without an answer keeps others waiting until it is abandoned", func(t *testing.T, b bundle) {
			_, _, err := b.BeginRequest(b.ctx(), request(b, "h"), b.at.Add(-time.Minute))
			must(t, err)
			again := request(b, "h")
			again.At = b.at.Add(time.Minute)
			if got, begun, err := b.BeginRequest(b.ctx(), again, b.at); err != nil || begun || got.Status != 0 {
				t.Errorf("at once: %v, %v, %v", got, begun, err)
			}
			if _, begun, err := b.BeginRequest(b.ctx(), again, b.at.Add(time.Second)); err != nil || !begun {
				t.Errorf("abandoned: %v, %v", begun, err)
			}
		}},
		{"a charge is taken in once, and never with other data", func(t *testing.T, b bundle) {
			c := b.account(t, "u1").Charges[0]
			put := func(c account.Charge) (created bool, err error) {
				err = b.InTx(b.ctx(), func(tx tickets.Tx) (err error) {
					created, err = tx.PutCharge(b.ctx(), c)
					return err
				})
				return created, err
			}
			next := c
			next.ID, next.State = "c-2", account.ChargePending
			for i, want := range []bool{true, false} {
				if created, err := put(next); err != nil || created != want {
					t.Errorf("time %d: %v, %v", i, created, err)
				}
			}
			next.State = account.ChargePaid
			_, err := put(next)
			must(t, err)
			next.AmountFen++
			_, err = put(next)
			wantKind(t, err, tickets.Conflict)
			next.ID, next.AccountNo = "c-3", "nobody"
			_, err = put(next)
			wantKind(t, err, tickets.NotFound)
			s, err := b.Snapshot(b.ctx(), "u1")
			must(t, err)
			if len(s.Charges) != 2 || s.Charges[1].State != account.ChargePaid {
				t.Errorf("charges %+v", s.Charges)
			}
		}},
		{"a guard ticket is known by its charge, and a stop by its ticket", func(t *testing.T, b bundle) {
			b.account(t, "u1")
			b.tx(t, func(tx tickets.Tx) error {
				_, err := tx.StoppedBy(b.ctx(), "s-u1")
				wantKind(t, err, tickets.NotFound)
				return nil
			})
			tk := b.newTicket(t, nil)
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.SaveEffect(b.ctx(), tickets.Effect{
					Key: "stop", TicketID: tk.ID, RunID: 1, Kind: tickets.StopDebits, Target: "s-u1", State: tickets.EffectDone, At: b.at, SettledAt: &b.at,
				}))
				return tx.InsertMessage(b.ctx(), &tickets.Message{TicketID: tk.ID, Direction: tickets.Inbound, Channel: tickets.Guard, At: b.at, ExternalID: tickets.GuardID("c-9")})
			})
			b.tx(t, func(tx tickets.Tx) error {
				id, err := tx.StoppedBy(b.ctx(), "s-u1")
				must(t, err)
				yes, err := tx.Guarded(b.ctx(), "c-9")
				must(t, err)
				no, err := tx.Guarded(b.ctx(), "c-8")
				must(t, err)
				if id != tk.ID || !yes || no {
					t.Errorf("stopped by %d; guarded %v and %v", id, yes, no)
				}
				return nil
			})
		}},
		{"a watermark never goes back", func(t *testing.T, b bundle) {
			for _, c := range []struct{ told, kept time.Duration }{{0, 0}, {-time.Hour, 0}, {time.Hour, time.Hour}} {
				got, err := b.PutWatermark(b.ctx(), "billing", b.at.Add(c.told), b.at)
				must(t, err)
				if !got.Equal(b.at.Add(c.kept)) {
					t.Errorf("told %s: %s", c.told, got)
				}
			}
		}},
		{"refunds are listed page by page", func(t *testing.T, b bundle) {
			b.account(t, "u1")
			var want []string
			for i := range 5 {
				r := b.refund(key(i), 10)
				r.At = b.at.Add(-time.Duration(i/2) * time.Minute)
				b.tx(t, func(tx tickets.Tx) error { return tx.InsertRefund(b.ctx(), &r) })
				want = append(want, r.ID)
			}
			var got []string
			for after := ""; ; {
				list, next, err := b.RefundList(b.ctx(), tickets.RefundFilter{State: account.RefundProposed, After: after, Limit: 2})
				must(t, err)
				for _, r := range list {
					got = append(got, r.ID)
				}
				if after = next; after == "" || len(got) > 9 {
					break
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			_, _, err := b.RefundList(b.ctx(), tickets.RefundFilter{After: "no cursor"})
			wantKind(t, err, tickets.Invalid)
		}},
	}
}
