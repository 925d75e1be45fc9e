package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

func (b bundle) refund(id string, fen int64) account.Refund {
	return account.Refund{
		ID: id, Key: id, ChargeID: "c-u1", AccountNo: "u1", TicketID: 1, AmountFen: fen, State: account.RefundProposed, Proposer: "agent:amy", At: b.at,
	}
}

func moneyPromises() []promise {
	insert := func(b bundle, r account.Refund) error {
		return b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.InsertRefund(b.ctx(), &r) })
	}
	return []promise{
		{"an account comes back with all its parts", func(t *testing.T, b bundle) {
			want := b.account(t, "u1")
			b.account(t, "u2")
			got, err := b.Snapshot(b.ctx(), "u1")
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			_, err = b.Snapshot(b.ctx(), "nobody")
			wantKind(t, err, tickets.NotFound)
		}},
		{"accounts are found by what is known of them", func(t *testing.T, b bundle) {
			b.account(t, "u2")
			b.account(t, "u1")
			for _, c := range []struct {
				by    tickets.AccountKey
				value string
				want  []string
			}{
				{tickets.ByAccount, "u1", []string{"u1"}},
				{tickets.ByPhone, "13800000000", []string{"u1", "u2"}},
				{tickets.ByEmail, "u2@example.com", []string{"u2"}},
				{tickets.ByOrderNo, "order-u1", []string{"u1"}},
				{tickets.ByTxnID, "4200u2", []string{"u2"}},
				{tickets.ByTxnID, "", nil},
				{tickets.ByEmail, "%", nil},
			} {
				got, err := b.FindAccounts(b.ctx(), c.by, c.value)
				must(t, err)
				if d := cmp.Diff(c.want, orNil(got)); d != "" {
					t.Errorf("by %s %q: %s", c.by, c.value, d)
				}
			}
			_, err := b.FindAccounts(b.ctx(), "name", "x")
			wantKind(t, err, tickets.Invalid)
		}},
		{"refunds asked for at once never give back more than was paid", func(t *testing.T, b bundle) {
			b.account(t, "u1") // 2500 paid, 100 of it came back elsewhere
			ok, refused := count(t, together(20, func(i int) error { return insert(b, b.refund(key(i), 300)) }), tickets.Conflict)
			if ok != 8 || refused != 12 {
				t.Errorf("%d of 20 refunds of 300 were let through and %d refused, want 8 and 12", ok, refused)
			}
			s, err := b.Snapshot(b.ctx(), "u1")
			must(t, err)
			var sum int64
			for _, r := range s.Refunds {
				sum += r.AmountFen
			}
			if sum != 2500 {
				t.Errorf("%d fen come back of 2500", sum)
			}
		}},
		{"what the platform gave back counts, and what was rejected is free again", func(t *testing.T, b bundle) {
			b.account(t, "u1")
			must(t, b.Conn().Exec("UPDATE charges SET refunded_fen = 400").Error)
			wantKind(t, insert(b, b.refund("r1", 2001)), tickets.Conflict)
			r := b.refund("r2", 2000)
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertRefund(b.ctx(), &r) })
			wantKind(t, insert(b, b.refund("r3", 1)), tickets.Conflict)
			r.State, r.Approver, r.DecidedAt = account.RefundRejected, "agent:bob", &b.at
			b.tx(t, func(tx tickets.Tx) error { return tx.SaveRefund(b.ctx(), &r) })
			must(t, insert(b, b.refund("r4", 2000)))
			// A rejected one can't come back over the place that another has now.
			r.State = account.RefundApproved
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveRefund(b.ctx(), &r) }), tickets.Conflict)
		}},
		{"the database refuses a refund released by its proposer", func(t *testing.T, b bundle) {
			b.account(t, "u1")
			r := b.refund("r1", 300)
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertRefund(b.ctx(), &r) })
			for approver, kind := range map[string]tickets.Kind{"agent:amy": tickets.Conflict, "agent:AMY": tickets.Conflict, "": tickets.Conflict} {
				own := r
				own.State, own.Approver = account.RefundApproved, approver
				wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveRefund(b.ctx(), &own) }), kind)
			}
			if err := b.Conn().Exec("UPDATE refunds SET state = 'approved', approver = 'agent:amy' WHERE id = 'r1'").Error; err == nil {
				t.Error("plain SQL released a refund by its proposer")
			}
			r.State, r.Approver, r.DecidedAt = account.RefundApproved, "agent:bob", &b.at
			old := r
			b.tx(t, func(tx tickets.Tx) error { return tx.SaveRefund(b.ctx(), &r) })
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveRefund(b.ctx(), &old) }), tickets.Stale)
			ruled := b.refund("r2", 300)
			ruled.Proposer, ruled.Approver, ruled.State = "desk", "desk", account.RefundApproved
			must(t, insert(b, ruled))
			list, err := b.Refunds(b.ctx(), 1)
			must(t, err)
			ruled.Version = 1
			if d := cmp.Diff([]account.Refund{r, ruled}, list); d != "" {
				t.Error(d)
			}
		}},
		{"that a refund came back is recorded whatever the platform says of its charge", func(t *testing.T, b bundle) {
			b.account(t, "u1")
			r := b.refund("r1", 2400)
			r.State, r.Approver, r.DecidedAt = account.RefundApproved, "agent:bob", &b.at
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertRefund(b.ctx(), &r) })
			must(t, b.Conn().Exec("UPDATE charges SET refunded_fen = 2400").Error) // the same money, synced back
			more := r
			more.AmountFen++
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveRefund(b.ctx(), &more) }), tickets.Conflict)
			r.State, r.DoneAt = account.RefundSucceeded, &b.at
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.SaveRefund(b.ctx(), &r))
				got, err := tx.Refund(b.ctx(), "r1")
				must(t, err)
				if d := cmp.Diff(r, got); d != "" {
					t.Error(d)
				}
				unknown := r
				unknown.ID = "none"
				wantKind(t, tx.SaveRefund(b.ctx(), &unknown), tickets.NotFound)
				return nil
			})
		}},
		{"a refund needs an amount, a charge that was paid and a key of its own", func(t *testing.T, b bundle) {
			b.account(t, "u1")
			wantKind(t, insert(b, b.refund("r1", 0)), tickets.Conflict)
			wantKind(t, insert(b, b.refund("r1", -5)), tickets.Conflict)
			nowhere := b.refund("r1", 5)
			nowhere.ChargeID = "none"
			wantKind(t, insert(b, nowhere), tickets.NotFound)
			must(t, insert(b, b.refund("r1", 5)))
			same := b.refund("r2", 5)
			same.Key = "r1"
			wantKind(t, insert(b, same), tickets.Conflict)
			must(t, b.Conn().Exec("UPDATE charges SET state = 'pending'").Error)
			wantKind(t, insert(b, b.refund("r3", 5)), tickets.Conflict)
		}},
		{"a confirmed end and a confirmed stop stay as they were first said", func(t *testing.T, b bundle) {
			want := b.account(t, "u1")
			for _, at := range []time.Time{b.at, b.at.Add(time.Hour)} {
				b.tx(t, func(tx tickets.Tx) error {
					must(t, tx.SaveAgreementEnd(b.ctx(), "a-u1", at))
					return tx.SaveStop(b.ctx(), "s-u1", at, "2026-07-14")
				})
			}
			want.Agreements[0].State, want.Agreements[0].EndedAt = account.AgreementTerminated, &b.at
			sub := &want.Subscriptions[0]
			sub.StoppedAt, sub.AccessUntil, sub.AutoRenew, sub.NextChargeAt = &b.at, "2026-07-14", false, nil
			got, err := b.Snapshot(b.ctx(), "u1")
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			b.tx(t, func(tx tickets.Tx) error {
				wantKind(t, tx.SaveAgreementEnd(b.ctx(), "none", b.at), tickets.NotFound)
				wantKind(t, tx.SaveStop(b.ctx(), "none", b.at, ""), tickets.NotFound)
				return nil
			})
		}},
	}
}
