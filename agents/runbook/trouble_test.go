package runbook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestTrouble is what a person and a customer see of cases that do not go straight.
func TestTrouble(t *testing.T) {
	t.Parallel()
	refuseAll := func(part string) func(op, key string) fault {
		return func(op, _ string) fault {
			if op == part {
				return refuse
			}
			return none
		}
	}
	sharing := func(s *account.Snapshot) {
		s.Subscriptions = append(s.Subscriptions, account.Subscription{ID: "s2", AccountNo: "u1", Cycle: account.Year, AutoRenew: true})
		s.Agreements[0].SubscriptionIDs = nil
	}
	forS1 := stop()
	forS1.Facts.OrderNo = "orderc1"
	for _, c := range []struct {
		name    string
		account account.Snapshot
		rules   func(*tickets.Settings)
		do      func(t *testing.T, b *bundle) tickets.Ticket // nil: one mail that asks to stop
		want    string                                       // status/reason
		told    string
		running int
	}{
		{name: "the biller's refusal is never told as cancelled, and the agreement ends all the same", do: func(t *testing.T, b *bundle) tickets.Ticket {
			b.world.fault = refuseAll("stop")
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			if b.world.alive["ref1"] {
				t.Error("the agreement was not ended")
			}
			return ticket
		}, want: "open/biller_refused", told: "receipt", running: 1},
		{name: "a channel's refusal does not keep the other agreement alive", account: customer(func(s *account.Snapshot) {
			s.Agreements = append(s.Agreements, agreement("a2", account.Ledger, "s1"))
		}), do: func(t *testing.T, b *bundle) tickets.Ticket {
			b.world.fault = func(op, key string) fault {
				if op == "end" && strings.HasSuffix(key, "/a1") {
					return refuse
				}
				return none
			}
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			if b.world.alive["ref-a2"] {
				t.Error("the other agreement was not ended")
			}
			return ticket
		}, want: "open/channel_refused", told: "receipt", running: 1},
		{name: "an agreement that the channel does not know is nobody's success", do: func(_ *testing.T, b *bundle) tickets.Ticket {
			delete(b.world.alive, "ref1")
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			return ticket
		}, want: "open/channel_refused", told: "receipt", running: 1},
		{name: "an agreement on a channel without access waits for a person", account: customer(func(s *account.Snapshot) {
			s.Agreements[0].Channel = account.WeChat
		}), want: "open/no_channel", told: "receipt", running: 1},
		{name: "a charge on a channel without access waits for a person", account: customer(chargedTwice, func(s *account.Snapshot) {
			s.Charges[1].Channel = account.WeChat
		}), want: "open/no_channel", told: "cancel_outcome", running: 1},
		{
			name:    "an agreement that also pays for another subscription ends only by the customer's word",
			account: customer(sharing), do: func(t *testing.T, b *bundle) tickets.Ticket {
				ticket := b.receive(mail{"li@example.com", 1, forS1})
				b.drain(hour, nil)
				if b.world.debits["s1"] || !b.world.alive["ref1"] {
					t.Error("the biller's stop runs at once, and the agreement stays")
				}
				return ticket
			}, want: "pending/shared_agreement", told: "question", running: 1,
		},
		{
			name:    "unanswered, that question goes to a person before the next charge",
			account: customer(sharing), do: func(_ *testing.T, b *bundle) tickets.Ticket {
				ticket := b.receive(mail{"li@example.com", 1, forS1})
				b.drain(20*24*hour, nil)
				return ticket
			}, want: "open/shared_unanswered", told: "question", running: 1,
		},
		{name: "what only the customer can end is told with the steps, not as cancelled", account: customer(func(s *account.Snapshot) {
			s.Agreements[0].Channel = account.External
		}), want: "pending/customer_must_act", told: "cancel_outcome", running: 1},
		{name: "and a week later it is over, counted apart", account: customer(func(s *account.Snapshot) {
			s.Agreements[0].Channel = account.External
		}), do: func(_ *testing.T, b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(8*24*hour, nil)
			return ticket
		}, want: "solved/customer_must_act", told: "cancel_outcome"},
		{
			name: "a stop that waits for a click waits", rules: func(s *tickets.Settings) { s.Automation.Stop = tickets.Propose },
			want: "open/proposed", told: "receipt", running: 1,
		},
		{
			name: "and goes on with it", rules: func(s *tickets.Settings) { s.Automation.Stop = tickets.Propose },
			do: func(t *testing.T, b *bundle) tickets.Ticket {
				ticket := b.receive(mail{"li@example.com", 1, stop()})
				b.drain(hour, nil)
				_, err := b.desk.Resume(b.ctx, ticket.ID, "agent:amy", tickets.Cancel)
				must(t, err)
				b.drain(hour, nil)
				return ticket
			}, want: "solved/cancelled", told: "cancel_outcome receipt",
		},
		{name: "a mail that only says who it is from stops nothing", do: func(t *testing.T, b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 0, stop()})
			b.drain(hour, nil)
			if !b.world.debits["s1"] || !b.world.alive["ref1"] {
				t.Error("something was stopped")
			}
			return ticket
		}, want: "pending/not_verified", told: "neutral"},
		{name: "a forged stop in a verified claim for money back stops nothing", account: customer(chargedTwice), do: func(t *testing.T, b *bundle) tickets.Ticket {
			b.world.fault = func(op, _ string) fault {
				if op == "refund" || op == "query refund" {
					return before
				}
				return none
			}
			ticket := b.receive(mail{"li@example.com", 1, asking(intent.RefundMistakenCharge)})
			b.drain(time.Minute, nil)
			b.receiveFor(mail{"li@example.com", 0, stop()}, ticket)
			b.world.fault = nil
			b.drain(hour, nil)
			if !b.world.debits["s1"] {
				t.Error("the forged mail stopped the subscription")
			}
			return ticket
		}, want: "pending/not_verified", told: "receipt refund_outcome", running: 1},
		{name: "a stop asked for while money back is under way is carried out too", account: customer(chargedTwice), do: func(t *testing.T, b *bundle) tickets.Ticket {
			b.world.fault = func(op, _ string) fault {
				if op == "refund" || op == "query refund" {
					return before
				}
				return none
			}
			ticket := b.receive(mail{"li@example.com", 1, asking(intent.RefundMistakenCharge)})
			b.drain(time.Minute, nil)
			b.receive(mail{"li@example.com", 1, stop()})
			b.world.fault = nil
			b.drain(hour, nil)
			return ticket
		}, want: "solved/cancelled", told: "cancel_outcome receipt refund_outcome"},
		{name: "money back asked for after the stop was solved is offered in the same case", do: func(_ *testing.T, b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			b.receiveFor(mail{"li@example.com", 1, asking(intent.CancelAndRefund)}, ticket)
			b.drain(hour, nil)
			return ticket
		}, want: "pending/acceptance", told: "cancel_outcome offer", running: 1},
		{name: "a request that was proven unverified first is quoted for the unused time once it is verified", do: func(_ *testing.T, b *bundle) tickets.Ticket {
			b.receive(mail{"li@example.com", 0, asking(intent.CancelAndRefund)})
			b.drain(hour, nil)
			// The proven mail takes over nothing from the one that only said so: it is a case of its own.
			ticket := b.receive(mail{"li@example.com", 1, asking(intent.CancelAndRefund)})
			b.drain(hour, nil)
			return ticket
		}, want: "pending/acceptance", told: "cancel_outcome", running: 1},
		{name: "a question after the case was solved opens it for an answer", do: func(_ *testing.T, b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			b.receiveFor(mail{"li@example.com", 1, asking(intent.StatusInquiry)}, ticket)
			b.drain(hour, nil)
			return ticket
		}, want: "open/customer_wrote", told: "cancel_outcome"},
		{name: "resumed without one it is still owed", do: reopened(false), want: "open/answer_owed", told: "cancel_outcome", running: 1},
		{name: "and answered it is solved again", do: reopened(true), want: "solved/cancelled", told: "answer cancel_outcome"},
		{name: "a mail that the server refuses calls a person, and his answer ends the case", do: func(t *testing.T, b *bundle) tickets.Ticket {
			b.refuse[tickets.TellCancelOutcome] = true
			ticket := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			if got := b.ticket(ticket.ID); got.Reason != "mail_refused" {
				t.Errorf("the ticket is %s, %s", got.Status, got.Reason)
			}
			_, err := b.desk.Say(b.ctx, ticket.ID, "agent:amy", tickets.Reply, "已关闭")
			must(t, err)
			b.drain(hour, nil)
			return ticket
		}, want: "solved/cancelled", told: "answer cancel_outcome"},
		{name: "a mistaken charge that our record does not show waits for a person", do: func(_ *testing.T, b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 1, asking(intent.RefundMistakenCharge)})
			b.drain(hour, nil)
			return ticket
		}, want: "open/no_ground_found", told: "receipt", running: 1},
		{name: "who skips the refund and answers, ends the case", do: func(t *testing.T, b *bundle) tickets.Ticket {
			ticket := b.receive(mail{"li@example.com", 1, asking(intent.RefundMistakenCharge)})
			b.drain(hour, nil)
			_, err := b.desk.Skip(b.ctx, ticket.ID, "agent:amy", tickets.RefundIt, "no such charge")
			must(t, err)
			b.drain(hour, nil)
			_, err = b.desk.Say(b.ctx, ticket.ID, "agent:amy", tickets.Reply, "没有这笔扣款")
			must(t, err)
			b.drain(hour, nil)
			return ticket
		}, want: "solved/answered", told: "answer receipt"},
		{name: "a cycle that was paid ahead and never begins comes back by itself", account: customer(func(s *account.Snapshot) {
			s.Charges = append(s.Charges, charge("c2", "2026-07-21", "2026-08-21"))
		}), want: "solved/cancelled", told: "cancel_outcome refund_outcome"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.account.Account.No == "" {
				c.account = customer()
			}
			if c.rules == nil {
				c.rules = func(*tickets.Settings) {}
			}
			if c.do == nil {
				c.do = func(_ *testing.T, b *bundle) tickets.Ticket {
					ticket := b.receive(mail{"li@example.com", 1, stop()})
					b.drain(hour, nil)
					return ticket
				}
			}
			b := setup(t, c.account, c.rules)
			s := b.state(c.do(t, b).ID)
			var told []string
			for _, x := range s.Told {
				told = append(told, string(x))
			}
			if got := s.Status + "/" + s.Reason; got != c.want || strings.Join(told, " ") != c.told || s.Running != c.running {
				t.Errorf("it is %s, told %v, %d subscriptions claimed; want %s, told %s, %d\n%v", got, told, s.Running, c.want, c.told, c.running, s.Steps)
			}
		})
	}
}

// reopened is a solved case that the customer came back to with a question, resumed by a person.
func reopened(answered bool) func(t *testing.T, b *bundle) tickets.Ticket {
	return func(t *testing.T, b *bundle) tickets.Ticket {
		ticket := b.receive(mail{"li@example.com", 1, stop()})
		b.drain(hour, nil)
		b.receiveFor(mail{"li@example.com", 1, asking(intent.StatusInquiry)}, ticket)
		if answered {
			_, err := b.desk.Say(b.ctx, ticket.ID, "agent:amy", tickets.Reply, "已关闭")
			must(t, err)
		}
		b.drain(hour, nil)
		_, err := b.desk.Resume(b.ctx, ticket.ID, "agent:amy", "")
		must(t, err)
		b.drain(hour, nil)
		return ticket
	}
}
