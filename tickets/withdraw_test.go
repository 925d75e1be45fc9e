package tickets_test

import (
	"errors"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestWithdrawTakesTheCustomer: a stranger's mail asked for the stop, the contact was asked whether it was he.
func TestWithdrawTakesTheCustomer(t *testing.T) {
	t.Parallel()
	proof := func(m tickets.Method, life time.Duration) func(*testing.T, *bundle, tickets.Tx, int64) {
		return func(t *testing.T, b *bundle, tx tickets.Tx, id int64) {
			must(t, tx.InsertVerification(b.ctx, &tickets.Verification{
				TicketID: id, Scope: "call/1", AccountNo: "u1", Level: 2, Method: m, At: b.now, ExpiresAt: b.now.Add(life),
			}))
		}
	}
	wrote := func(assurance int, i ...intent.Intent) func(*testing.T, *bundle, tickets.Tx, int64) {
		return func(t *testing.T, b *bundle, tx tickets.Tx, id int64) {
			x := b.ticket(id)
			must(t, x.SetStatus(tickets.Open, tickets.ReasonWithdrawal, b.now))
			must(t, tx.SaveTicket(b.ctx, &x))
			must(t, tx.InsertMessage(b.ctx, &tickets.Message{
				TicketID: id, Direction: tickets.Inbound, Channel: tickets.Email, Kind: "message", At: b.now, Sender: "zhang@qq.example", Assurance: assurance, Asks: i,
			}))
		}
	}
	for name, c := range map[string]struct {
		before  func(*testing.T, *bundle, tickets.Tx, int64)
		allowed bool
	}{
		"a verified caller":                {proof(tickets.MethodPaymentFact, time.Hour), true},
		"a code read out":                  {proof(tickets.MethodReadOut, time.Hour), true},
		"one who was verified long ago":    {proof(tickets.MethodPaymentFact, 0), false},
		"a mail of the registered address": {wrote(1), true},
		"one that only says so":            {wrote(0), false},
		"one that asks for the stop":       {wrote(1, intent.StopAutoRenew), false},
		"nobody":                           {func(*testing.T, *bundle, tickets.Tx, int64) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.member().ID
			must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
				c.before(t, b, tx, id)
				return tx.InsertOutgoing(b.ctx, &tickets.Outgoing{
					TicketID: id, Key: "k", Channel: tickets.ByMail, Tell: tickets.TellHoldAsked, Recipient: "zhang@qq.example", MailID: "k", State: tickets.OutgoingSent, At: b.now, SentAt: &b.now,
				})
			}))
			_, err := b.desk.Withdraw(b.ctx, id, amy)
			if c.allowed != (err == nil) || err != nil && !errors.Is(err, tickets.Forbidden) {
				t.Fatalf("taken back: %v, want %v", err, c.allowed)
			}
			var told int64
			must(t, b.Conn().WithContext(b.ctx).Table("jobs").Where("kind = ? AND ref = ?", tickets.JobTell, tickets.TellWithdrawn).Count(&told).Error)
			if (told == 1) != c.allowed {
				t.Errorf("%d mails tell the contact", told)
			}
		})
	}
}
