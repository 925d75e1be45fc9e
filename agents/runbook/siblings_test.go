package runbook_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// paidAhead adds the charge of the next cycle, debited in advance: the platform counts it as begun.
func paidAhead(s *account.Snapshot) {
	c := charge("c3", "2026-07-21", "2026-08-21")
	c.ChargedAt = start.Add(-time.Hour)
	s.Charges = append(s.Charges, c)
	s.Subscriptions[0].PeriodEnd = c.PeriodEnd
}

// subscriptions adds as many more like the first, each with its own charge.
func subscriptions(n int) func(*account.Snapshot) {
	return func(s *account.Snapshot) {
		s.Agreements[0].SubscriptionIDs = nil
		for i := range n {
			sub, c := s.Subscriptions[0], charge(fmt.Sprint("d", i), "2026-06-21", "2026-07-21")
			sub.ID = fmt.Sprint("t", i)
			c.SubscriptionID = sub.ID
			s.Subscriptions, s.Charges = append(s.Subscriptions, sub), append(s.Charges, c)
		}
	}
}

// acceptedAll is a case about all the account's subscriptions, whose offer was accepted, and its proposals.
func (b *bundle) acceptedAll() (tickets.Ticket, []account.Refund) {
	b.t.Helper()
	ticket := b.receive(mail{"li@example.com", 1, asking(intent.CancelAndRefund)})
	snap, err := b.Snapshot(b.ctx, "u1")
	must(b.t, err)
	var all []string
	for _, s := range snap.Subscriptions {
		all = append(all, s.ID)
	}
	_, err = b.desk.Relink(b.ctx, ticket.ID, "agent:amy", "u1", all)
	must(b.t, err)
	b.drain(hour, nil)
	b.accept(ticket.ID)
	b.drain(hour, nil)
	refunds, err := b.Refunds(b.ctx, ticket.ID)
	must(b.t, err)
	for _, r := range refunds {
		if r.State != account.RefundProposed {
			b.t.Fatalf("%s is %s", r.ID, r.State)
		}
	}
	return ticket, refunds
}

// TestAnApprovalHoldsWhatItsSiblingDoes: the refunds of one accepted offer are approved one after the other,
// with all the time between them that the steps want.
func TestAnApprovalHoldsWhatItsSiblingDoes(t *testing.T) {
	t.Parallel()
	// What the platform may tell of our own refund and our own end of access, once they took place.
	const echo = `UPDATE charges SET refunded_fen = 2000 WHERE id = 'c1';
		UPDATE subscriptions SET current_period_end = '2026-07-02', auto_renew = false WHERE id = 's1'`
	for name, tt := range map[string]struct {
		account account.Snapshot
		refunds int
		echo    bool
		paid    map[string]int64
	}{
		"two charges of one subscription": {customer(paidAhead), 2, false, map[string]int64{"c1": 2000, "c3": 3000}},
		"three subscriptions":             {customer(subscriptions(2)), 3, false, map[string]int64{"c1": 2000, "d0": 2000, "d1": 2000}},
		"and the platform tells of it":    {customer(subscriptions(2)), 3, true, map[string]int64{"c1": 2000, "d0": 2000, "d1": 2000}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tt.account)
			ticket, refunds := b.acceptedAll()
			if len(refunds) != tt.refunds {
				t.Fatalf("%d proposals, want %d", len(refunds), tt.refunds)
			}
			for _, r := range refunds {
				_, err := b.desk.Approve(b.ctx, r.ID, "agent:sue", r.QuoteHash, false)
				must(t, err)
				b.drain(hour, nil)
				if tt.echo {
					must(t, b.Conn().WithContext(b.ctx).Exec(echo).Error)
				}
			}
			s := b.state(ticket.ID)
			same(t, "money that came back", tt.paid, s.Refunded)
			if s.Status != "solved" || len(s.Refunds) != tt.refunds {
				t.Errorf("it ends as %+v", s)
			}
			quotes, err := b.Quotes(b.ctx, ticket.ID)
			must(t, err)
			if first, last := quotes[0], quotes[len(quotes)-1]; first.RunID == last.RunID && len(quotes) != 1 {
				t.Errorf("the offer was made again: %d quotes", len(quotes))
			}
		})
	}
}

// TestAccessGoesOnUntilAllThatWasOfferedIsDecided: of two charges of one subscription one is approved. The
// other never comes back for another reason, without anybody's approval.
func TestAccessGoesOnUntilAllThatWasOfferedIsDecided(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(paidAhead))
	ticket, refunds := b.acceptedAll()
	_, err := b.desk.Approve(b.ctx, refunds[0].ID, "agent:sue", refunds[0].QuoteHash, false)
	must(t, err)
	b.drain(24*hour, nil)
	s := b.state(ticket.ID)
	same(t, "ends of access", 0, s.Acted["stop/CD-000001/s1/now"])
	same(t, "refund step", "needs_approval/approval", s.Steps[tickets.RefundIt])
	_, err = b.desk.Reject(b.ctx, refunds[1].ID, "agent:sue", refunds[1].QuoteHash, "已使用", false)
	must(t, err)
	b.drain(24*hour, nil)
	_, err = b.desk.Guard(b.ctx, "u1") // what nobody ordered is looked for again
	must(t, err)
	b.drain(24*hour, nil)
	same(t, "money that came back", map[string]int64{refunds[0].ChargeID: refunds[0].AmountFen}, b.state(ticket.ID).Refunded)
}

// TestApprovalsAtOnce: all refunds of one offer are approved at the same time, while the steps run.
func TestApprovalsAtOnce(t *testing.T) {
	t.Parallel()
	const n = 50
	b := setup(t, customer(subscriptions(n-1)), func(s *tickets.Settings) { s.Automation.ApprovalAboveFen = 1_000_000 })
	ticket, refunds := b.acceptedAll()
	if len(refunds) != n {
		t.Fatalf("%d proposals, want %d", len(refunds), n)
	}
	errs := make([]error, n)
	var all sync.WaitGroup
	for i, r := range refunds {
		all.Go(func() {
			_, errs[i] = b.desk.Approve(b.ctx, r.ID, "agent:sue", r.QuoteHash, true)
		})
	}
	b.drain(hour, nil)
	all.Wait()
	b.drain(hour, nil)
	for i, err := range errs {
		if err != nil {
			t.Errorf("approval %d: %v", i, err)
		}
	}
	var sum int64
	for _, fen := range b.state(ticket.ID).Refunded {
		sum += fen
	}
	same(t, "fen that came back", tickets.Reserved(refunds), sum)
}
