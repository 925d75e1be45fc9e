package runbook_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestSecondRequest is what becomes of two tickets that are about one subscription.
func TestSecondRequest(t *testing.T) {
	t.Parallel()
	of := func(from string, assurance int, i ...intent.Intent) mail {
		m := mail{from, assurance, asking(i...)}
		m.about.Facts.Account = "u1"
		return m
	}
	t.Run("from the registered address it becomes part of the running one", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		main := b.receive(mail{"li@example.com", 1, naming("x1", intent.StopAutoRenew)})
		second := b.receive(mail{"li@example.com", 1, naming("x2", intent.CancelAndRefund)})
		b.drain(hour, nil)
		_, err := b.desk.Say(b.ctx, second.ID, "agent:amy", tickets.Reply, "您好")
		if !errors.Is(err, tickets.Conflict) || !strings.Contains(err.Error(), main.Number()) {
			t.Errorf("an answer in the case that became part of another: %v", err)
		}
		if got := b.ticket(second.ID); got.Status != tickets.Closed || got.Reason != tickets.ReasonJoined {
			t.Errorf("the second is %s, %s", got.Status, got.Reason)
		}
		got := b.ticket(main.ID)
		if got.Status != tickets.Pending || got.Reason != "acceptance" || b.running() != 1 {
			t.Errorf("the first is %s, %s; %d claims", got.Status, got.Reason, b.running())
		}
		if d := cmp.Diff([]intent.Intent{intent.CancelAndRefund, intent.StopAutoRenew}, got.Intents); d != "" || got.Intent != intent.CancelAndRefund {
			t.Error(d, got.Intent)
		}
		run, _, err := b.LatestRun(b.ctx, second.ID)
		must(t, err)
		if run.EndedAt == nil {
			t.Error("the run of the joined ticket goes on")
		}
	})
	t.Run("a stranger who wrote first has no part in it and no claim", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		stranger := b.receive(of("attacker@example.com", 0, intent.CancelAndRefund))
		b.drain(hour, nil)
		owner := b.receive(of("li@example.com", 1, intent.StopAutoRenew))
		b.drain(hour, nil)
		if got := b.ticket(owner.ID); got.Status != tickets.Solved || got.Reason != "cancelled" || got.Requester != "li@example.com" {
			t.Errorf("the owner's is %s, %s of %s", got.Status, got.Reason, got.Requester)
		}
		if got := b.ticket(stranger.ID); got.Reason != "not_verified" || len(got.Intents) != 1 {
			t.Errorf("the stranger's is %s, %v", got.Reason, got.Intents)
		}
		messages, err := b.Messages(b.ctx, stranger.ID)
		must(t, err)
		for _, m := range messages {
			if m.Direction == tickets.Inbound && m.Sender != "attacker@example.com" {
				t.Errorf("the stranger's ticket has a message of %s", m.Sender)
			}
		}
	})
	t.Run("from anywhere else it is linked and changes nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer(), func(s *tickets.Settings) { s.Automation.Stop = tickets.Propose })
		main := b.receive(of("li@example.com", 1, intent.StopAutoRenew))
		b.drain(hour, nil)
		second := b.receive(of("stranger@example.com", 1, intent.CancelAndRefund))
		b.drain(hour, nil)
		if got := b.ticket(second.ID); got.Status != tickets.Pending || got.Reason != "not_verified" {
			t.Errorf("the second is %s, %s", got.Status, got.Reason)
		}
		if got := b.ticket(main.ID); got.Reason != "proposed" || len(got.Intents) != 1 {
			t.Errorf("the first is %s, %v", got.Reason, got.Intents)
		}
	})
}

// TestClaims holds that a case which is over leaves its subscription to the next.
func TestClaims(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, b *bundle, id int64){
		"taken back": func(t *testing.T, b *bundle, id int64) {
			b.rings(id)
			_, err := b.desk.Withdraw(b.ctx, id, "agent:amy")
			must(t, err)
		},
		"linked to another account": func(t *testing.T, b *bundle, id int64) {
			must(t, b.Conn().WithContext(b.ctx).Create(&account.Account{No: "u2", Email: "wu@example.com"}).Error)
			_, err := b.desk.Relink(b.ctx, id, "agent:amy", "u2", nil)
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer(), func(s *tickets.Settings) { s.Automation.Stop = tickets.Propose })
			first := b.receive(mail{"li@example.com", 1, stop()})
			b.drain(hour, nil)
			if b.running() != 1 {
				t.Fatalf("%d subscriptions are claimed", b.running())
			}
			end(t, b, first.ID)
			b.drain(hour, nil)
			if b.running() != 0 {
				t.Errorf("the subscription is still claimed")
			}
		})
	}
}

// TestRelink is an agent who says whose case it is.
func TestRelink(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	ticket := b.receive(mail{"unknown@example.com", 1, stop()})
	b.drain(hour, nil)
	if got := b.ticket(ticket.ID); got.Reason != "unknown_account" {
		t.Fatalf("the ticket is %s, %s", got.Status, got.Reason)
	}
	_, err := b.desk.Relink(b.ctx, ticket.ID, "agent:amy", "u1", []string{"s1"})
	must(t, err)
	b.drain(hour, nil)
	if got := b.ticket(ticket.ID); got.Reason != "not_verified" || b.running() != 0 {
		t.Errorf("the ticket is %s, %s with %d claims: it has an account, and still nobody verified", got.Status, got.Reason, b.running())
	}
	holder := b.receive(mail{"li@example.com", 1, stop()})
	b.drain(hour, nil)
	if got := b.ticket(holder.ID); got.Status != tickets.Solved || got.Reason != "cancelled" || b.running() != 0 {
		t.Errorf("the holder's ticket is %s, %s with %d claims", got.Status, got.Reason, b.running())
	}
}
