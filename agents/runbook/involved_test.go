package runbook_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// byLetter is a case that sue, a supervisor, carries alone up to its proposal: she writes it down with two
// transaction numbers and writes down the yes.
func (b *bundle) byLetter(received time.Time) (tickets.Ticket, account.Refund) {
	b.t.Helper()
	ticket, err := b.desk.Open(b.ctx, "agent:sue", tickets.HandTaken{
		Channel: tickets.Other, ReceivedAt: received, Reason: "lay elsewhere", Text: "退订并退款，现在就结束", Scope: "hand/1", Taken: "sue",
		Identity: tickets.Identity{Account: "u1", PaymentFacts: []account.PaymentFact{{ChannelTxnID: "txnc0"}, {ChannelTxnID: "txnc1"}}},
	})
	must(b.t, err)
	b.drain(time.Minute, nil)
	q, err := b.desk.Quote(b.ctx, ticket.ID, account.Now, nil)
	must(b.t, err)
	_, err = b.desk.Accept(b.ctx, ticket.ID, "agent:sue", q.Hash, "同意")
	must(b.t, err)
	b.drain(time.Minute, nil)
	refunds, err := b.Refunds(b.ctx, ticket.ID)
	must(b.t, err)
	if len(refunds) != 1 {
		b.t.Fatalf("%d proposals: %+v", len(refunds), b.state(ticket.ID))
	}
	return ticket, refunds[0]
}

// withMay adds the charge of the cycle before.
func withMay(s *account.Snapshot) {
	s.Charges = append(s.Charges, charge("c0", "2026-05-21", "2026-06-21"))
}

// TestNobodyReleasesALargeSumOnHisOwnWord: above the limit, or where a date typed in makes the sum larger, it
// takes a supervisor who has entered nothing of it.
func TestNobodyReleasesALargeSumOnHisOwnWord(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		above  int64
		age    time.Duration
		second bool
	}{
		"below the limit":                  {20000, 0, false},
		"above it":                         {1000, 0, true},
		"a date that brings more money":    {20000, 8 * 24 * hour, true},
		"a date of a few hours before now": {20000, 2 * hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer(withMay), func(s *tickets.Settings) { s.Automation.ApprovalAboveFen = tt.above })
			_, refund := b.byLetter(b.clock.now().Add(-tt.age))
			_, err := b.desk.Approve(b.ctx, refund.ID, "agent:sue", refund.QuoteHash, true)
			if !tt.second {
				must(t, err)
				return
			}
			if !errors.Is(err, tickets.Forbidden) {
				t.Fatalf("sue alone: %v", err)
			}
			must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
				r := refund
				now := b.clock.now()
				r.State, r.Approver, r.Supervised, r.DecidedAt, r.Proposer = account.RefundApproved, "agent:Sue", true, &now, "desk"
				if tx.SaveRefund(b.ctx, &r) == nil {
					t.Error("the database lets her")
				}
				return nil
			}))
			if _, err := b.desk.Approve(b.ctx, refund.ID, "agent:amy", refund.QuoteHash, false); !errors.Is(err, tickets.Forbidden) {
				t.Errorf("an agent: %v", err)
			}
			_, err = b.desk.Approve(b.ctx, refund.ID, "agent:tom", refund.QuoteHash, true)
			must(t, err)
		})
	}
}

// TestManySmallCasesAreNoWayRoundALimit: charges reported after the stop each open a case of their own; what
// goes back by itself is counted over all of them, and nothing does to a payer whom nobody knows.
func TestManySmallCasesAreNoWayRoundALimit(t *testing.T) {
	t.Parallel()
	for payer, want := range map[string]int{"p1": 6, "stranger": 0} {
		t.Run(payer, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			for i := range 8 {
				c := charge(fmt.Sprint("x", i), "2026-08-21", "2026-09-21")
				c.Payer, c.ChargedAt = payer, b.clock.now()
				taken, err := b.desk.TakeCharges(b.ctx, []account.Charge{c})
				must(t, err)
				must(t, taken[0].Err)
				b.drain(time.Minute, nil)
			}
			snap, err := b.Snapshot(b.ctx, "u1")
			must(t, err)
			alone := 0
			for _, r := range snap.Refunds {
				if r.Approver == "desk" {
					alone++
				} else if !r.Supervised {
					t.Errorf("%s waits for no supervisor", r.ID)
				}
			}
			same(t, "released by the desk", want, alone)
			same(t, "refunds", 8, len(snap.Refunds))
		})
	}
}
