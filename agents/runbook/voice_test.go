package runbook_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestByWordOfMouth is a case that came by telephone.
func TestByWordOfMouth(t *testing.T) {
	t.Parallel()
	rings := func(b *bundle, id string, who tickets.Identity, said string) tickets.Ticket {
		b.t.Helper()
		ticket, _, err := b.desk.Call(b.ctx, "key:1", tickets.CallReport{ID: id, Caller: "13800000000", StartedAt: b.clock.now(), Identity: who, Summary: said})
		must(b.t, err)
		b.drain(hour, b.neverHappens)
		return b.ticket(ticket.ID)
	}
	txn := func(ids ...string) (who tickets.Identity) {
		for _, id := range ids {
			who.PaymentFacts = append(who.PaymentFacts, account.PaymentFact{ChannelTxnID: id})
		}
		return who
	}
	noAddress := func(s *account.Snapshot) { s.Account.Email = "" }
	is := func(b *bundle, id int64, want string) {
		b.t.Helper()
		if got := b.ticket(id); string(got.Status)+"/"+got.Reason != want {
			b.t.Errorf("%s/%s, want %s", got.Status, got.Reason, want)
		}
	}
	t.Run("the number that rang counts where nothing that was stated points anywhere", func(t *testing.T) {
		t.Parallel()
		phone := func(s *account.Snapshot) { s.Account.Phone = "13800000000" }
		for stated, want := range map[string]string{"": "u1", "nobody": "u1", "u2": "u2"} {
			b := setup(t, customer(phone))
			must(t, b.Conn().WithContext(b.ctx).Create(&account.Account{No: "u2", Email: "x@else.example"}).Error)
			if got := rings(b, "c1", tickets.Identity{Account: stated}, "客户要求关闭自动续费。"); got.AccountNo != want {
				t.Errorf("he said %q: the case is about %q, want %q", stated, got.AccountNo, want)
			}
		}
	})
	t.Run("who pays stops it, and is told on the phone where nothing can be written", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer(noAddress))
		got := rings(b, "c1", txn("txnc1"), "客户要求关闭自动续费。")
		is(b, got.ID, "open/tell_by_phone")
		if b.world.debits["s1"] || b.world.alive["ref1"] {
			t.Error("it still debits")
		}
		_, err := b.desk.Told(b.ctx, got.ID, "agent:amy", "自动续费已经关闭。")
		must(t, err)
		b.drain(hour, b.neverHappens)
		is(b, got.ID, "solved/cancelled")
	})
	t.Run("what was told before it was so counts for nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer(noAddress))
		ticket, _, err := b.desk.Call(b.ctx, "key:1", tickets.CallReport{ID: "c1", StartedAt: b.clock.now(), Identity: txn("txnc1"), Summary: "客户要求关闭自动续费。"})
		must(t, err)
		_, err = b.desk.Told(b.ctx, ticket.ID, "agent:amy", "马上就关。")
		must(t, err)
		b.drain(hour, b.neverHappens)
		is(b, ticket.ID, "open/tell_by_phone")
	})
	t.Run("an account with an address gets it in writing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		is(b, rings(b, "c1", txn("txnc1"), "客户要求关闭自动续费。").ID, "solved/cancelled")
	})
	t.Run("the number alone stops nothing and is a person's turn", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer(noAddress))
		is(b, rings(b, "c1", tickets.Identity{}, "客户要求关闭自动续费。").ID, "open/not_verified")
		if !b.world.debits["s1"] {
			t.Error("an unverified caller stopped the debits")
		}
	})
	t.Run("two accounts on one phone are never guessed, and a transaction number points at one", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		g := b.Conn().WithContext(b.ctx)
		must(t, g.Create(&account.Account{No: "u2", Phone: "13800000000"}).Error)
		must(t, g.Create(&account.Subscription{ID: "s2", AccountNo: "u2", Cycle: account.Month, AutoRenew: true}).Error)
		got := rings(b, "c1", tickets.Identity{Phone: "138 0000 0000"}, "客户要求关闭自动续费。")
		is(b, got.ID, "open/several_accounts")
		if diff := cmp.Diff([]string{"u1", "u2"}, got.Candidates); diff != "" || got.AccountNo != "" || !b.world.debits["s1"] {
			t.Errorf("account %q of\n%s", got.AccountNo, diff)
		}
		is(b, rings(b, "c1", txn("txnc1"), "客户要求关闭自动续费。").ID, "solved/cancelled")
		if got := b.ticket(got.ID); got.AccountNo != "u1" {
			t.Errorf("the transaction number points at %q", got.AccountNo)
		}
	})
	t.Run("a call in which nothing was written down yet waits for a person", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		got := rings(b, "c1", txn("txnc1"), "")
		is(b, got.ID, "open/unclear")
		is(b, rings(b, "c1", tickets.Identity{}, "客户要求关闭自动续费。").ID, "solved/cancelled")
	})
	t.Run("the verified second call joins the case of the first", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer(noAddress))
		first := rings(b, "c1", txn("txnc1"), "客户要求取消会员并退款。")
		is(b, rings(b, "c2", txn("txnc1"), "客户再次来电，要求取消会员并退款。").ID, "closed/joined")
		calls, err := b.Calls(b.ctx, first.ID)
		must(t, err)
		proofs, err := b.Verifications(b.ctx, first.ID)
		must(t, err)
		if len(calls) != 2 || len(proofs) != 2 {
			t.Errorf("%d calls and %d proofs are in the first case, want 2 of each", len(calls), len(proofs))
		}
	})
	t.Run("a yes needs the level of what it releases", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			who      tickets.Identity
			limit    int64
			accepted bool
		}{
			"one payment fact up to the limit": {txn("txnc1"), 20000, true},
			"above it one is not enough":       {txn("txnc1"), 100, false},
			"above it two transaction numbers": {txn("txnc1", "txnc0"), 100, true},
			"who only says who he is":          {tickets.Identity{Account: "u1"}, 20000, false},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				before := func(s *account.Snapshot) { s.Charges = append(s.Charges, charge("c0", "2026-05-21", "2026-06-21")) }
				b := setup(t, customer(noAddress, before), func(s *tickets.Settings) { s.Automation.ApprovalAboveFen = c.limit })
				got := rings(b, "c1", c.who, "客户要求取消会员并退款。")
				quotes, err := b.Quotes(b.ctx, got.ID)
				must(t, err)
				hash := "none"
				if len(quotes) > 0 {
					hash = quotes[0].Hash
				}
				if _, err := b.desk.Accept(b.ctx, got.ID, "agent:amy", hash, "同意"); (err == nil) != c.accepted {
					t.Fatalf("accepted: %v, want %v", err, c.accepted)
				}
				if _, err := b.desk.Accept(b.ctx, got.ID, "agent:bo", hash, "同意"); c.accepted && !errors.Is(err, tickets.Conflict) {
					t.Errorf("the same yes once more: %v", err)
				}
				b.drain(hour, b.neverHappens)
				refunds, err := b.Refunds(b.ctx, got.ID)
				must(t, err)
				proposer := "desk"
				if c.limit == 100 {
					proposer = "agent:amy" // who wrote the yes to so much down, so that somebody else releases it
				}
				if proposed := len(refunds) == 1 && refunds[0].Proposer == proposer; proposed != c.accepted {
					t.Errorf("%+v", refunds)
				}
			})
		}
	})
	t.Run("what only he can end is told on the phone, and over when he says so or a week later", func(t *testing.T) {
		t.Parallel()
		for name, said := range map[string]string{"he says so": "客户说已完成，截图已看到", "he has not": "客户说还没有完成", "nothing more": ""} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, customer(noAddress, func(s *account.Snapshot) { s.Agreements[0].Channel = account.External }))
				got := rings(b, "c1", txn("txnc1"), "客户要求关闭自动续费。")
				is(b, got.ID, "open/tell_by_phone")
				_, err := b.desk.Told(b.ctx, got.ID, "agent:amy", "请在 iPhone 设置里取消订阅。")
				must(t, err)
				b.drain(hour, b.neverHappens)
				is(b, got.ID, "pending/customer_must_act")
				if said != "" {
					_, err = b.desk.Told(b.ctx, got.ID, "agent:amy", said)
					must(t, err)
					b.drain(hour, b.neverHappens)
				}
				if name == "he says so" {
					is(b, got.ID, "solved/customer_must_act")
					return
				}
				is(b, got.ID, "pending/customer_must_act")
				b.drain(7*24*hour, b.neverHappens)
				is(b, got.ID, "solved/customer_must_act")
			})
		}
	})
	t.Run("a yes after half an hour is asked for a proof again", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer(noAddress))
		got := rings(b, "c1", txn("txnc1"), "客户要求取消会员并退款。")
		quotes, err := b.Quotes(b.ctx, got.ID)
		must(t, err)
		b.clock.until(b.clock.now().Add(tickets.VerificationLife))
		if _, err := b.desk.Accept(b.ctx, got.ID, "agent:amy", quotes[0].Hash, "同意"); err == nil {
			t.Error("an expired proof accepted a quote")
		}
	})
}
