package runbook_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

// say hands a line of a conversation over, in a session of the account where one is named.
func (b *bundle) say(conversation, id, text, account string) tickets.Ticket {
	b.t.Helper()
	h := tickets.Handover{
		ConversationID: conversation, Original: []byte(text),
		Lines: []tickets.ChatLine{{ID: id, From: tickets.SaidByCustomer, Text: text}},
	}
	if account != "" {
		h.Session = &tickets.ChatSession{AccountNo: account, ExpiresAt: b.clock.now().Add(10 * time.Minute)}
	}
	t, _, err := b.desk.Handoff(b.ctx, h)
	must(b.t, err)
	return t
}

// told are the kinds of what was told in a case.
func (b *bundle) told(id int64) []tickets.Tell {
	b.t.Helper()
	list, err := b.Outgoing(b.ctx, id)
	must(b.t, err)
	var out []tickets.Tell
	for _, o := range list {
		out = append(out, o.Tell)
	}
	return out
}

// TestChatCase is how far a case of a chat gets, and what its customer is told first.
func TestChatCase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		account, text string
		status        tickets.Status
		reason        string
		told          []tickets.Tell
	}{
		"a clear request in a session is carried out":    {"u1", "请关闭自动续费", tickets.Solved, "cancelled", []tickets.Tell{tickets.TellCancelOutcome}},
		"a clear request of nobody in particular is not": {"", "请关闭自动续费，我的账号是 u1", tickets.Pending, "not_verified", []tickets.Tell{tickets.TellNeutral}},
		"an unclear request in a session is asked about": {"u1", "取消服务", tickets.Pending, "unclear", []tickets.Tell{tickets.TellQuestion}},
		"an unclear one of nobody waits for a person":    {"", "取消服务", tickets.New, "unclear", []tickets.Tell{tickets.TellQuestion}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, customer())
			ticket := b.say("c-1", "1", c.text, c.account)
			b.drain(time.Minute, nil)
			got := b.ticket(ticket.ID)
			if got.Status != c.status || got.Reason != c.reason {
				t.Errorf("it is %s, %s", got.Status, got.Reason)
			}
			if d := cmp.Diff(c.told, b.told(ticket.ID)); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			if debits := b.world.debits["s1"]; debits != (c.status != tickets.Solved) {
				t.Errorf("debits go on: %v", debits)
			}
		})
	}
	t.Run("a yes in a session answers the question", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		ticket := b.say("c-1", "1", "取消服务", "u1")
		b.drain(time.Minute, nil)
		b.say("c-1", "2", "是的", "")
		b.drain(time.Minute, nil)
		if got := b.ticket(ticket.ID); got.Status != tickets.Solved || b.world.debits["s1"] {
			t.Errorf("it is %s, %s", got.Status, got.Reason)
		}
	})
	t.Run("a session that came later lifts what was said before", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		ticket := b.say("c-1", "1", "请关闭自动续费", "")
		b.drain(time.Minute, nil)
		b.say("c-1", "1", "请关闭自动续费", "u1") // the same line again, now signed
		b.drain(time.Minute, nil)
		if got := b.ticket(ticket.ID); got.Status != tickets.Solved || got.Assurance != 2 {
			t.Errorf("it is %s, %s at level %d", got.Status, got.Reason, got.Assurance)
		}
	})
	t.Run("a session of another account stops nothing of this one", func(t *testing.T) {
		t.Parallel()
		b := setup(t, customer())
		ticket := b.say("c-1", "1", "请关闭自动续费，账号 u1", "u9")
		b.drain(time.Minute, nil)
		if got := b.ticket(ticket.ID); got.Status == tickets.Solved || !b.world.debits["s1"] {
			t.Errorf("it is %s, %s", got.Status, got.Reason)
		}
	})
}

// TestMailAndChatAreOneCase: the second request of the same holder joins the first whatever way it came,
// and the conversation goes with it.
func TestMailAndChatAreOneCase(t *testing.T) {
	t.Parallel()
	b := setup(t, customer(), func(s *tickets.Settings) { s.Automation.Stop = tickets.Propose })
	main := b.receive(mail{"li@example.com", 1, stop()})
	b.drain(time.Minute, nil)
	chat := b.say("c-1", "1", "请关闭自动续费", "u1")
	b.drain(time.Minute, nil)
	if got := b.ticket(chat.ID); got.Status != tickets.Closed || got.Reason != tickets.ReasonJoined {
		t.Fatalf("the chat's case is %s, %s", got.Status, got.Reason)
	}
	c, err := b.Conversation(b.ctx, "c-1")
	must(t, err)
	if c.TicketID != main.ID {
		t.Errorf("the conversation belongs to %s", tickets.Number(c.TicketID))
	}
	proofs, err := b.Verifications(b.ctx, main.ID)
	must(t, err)
	if tickets.LevelOf(proofs, tickets.Message{Scope: c.Scope(), At: b.clock.now()}, tickets.ActShow, "u1") != 2 {
		t.Errorf("the session counts no more: %+v", proofs)
	}
	if next := b.say("c-1", "2", "快一点", ""); next.ID != main.ID {
		t.Errorf("the next line went to %s", next.Number())
	}
}
