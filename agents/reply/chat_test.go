package reply_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// chatting makes the bundle's case one of a chat that is handed over, with a proof where level is above 0.
func (b *bundle) chatting(t *testing.T, level int, method tickets.Method) tickets.Conversation {
	t.Helper()
	since := b.now.Add(-time.Minute)
	c := tickets.Conversation{ID: "c-1", TicketID: b.ticket.ID, State: tickets.ChatWaiting, At: since, CustomerAt: &since, WaitingSince: &since}
	b.tx(t, func(tx tickets.Tx) error {
		b.ticket.Channel, b.ticket.Requester = tickets.Chat, c.Scope()
		if err := tx.SaveTicket(t.Context(), &b.ticket); err != nil {
			return err
		}
		if level > 0 {
			v := tickets.Verification{
				TicketID: b.ticket.ID, Scope: c.Scope(), AccountNo: "u1001", Level: level, Method: method, At: since, ExpiresAt: since.Add(5 * time.Minute),
			}
			if err := tx.InsertVerification(t.Context(), &v); err != nil {
				return err
			}
		}
		return tx.InsertConversation(t.Context(), c)
	})
	b.Conn().WithContext(t.Context()).Exec("DELETE FROM messages")
	return c
}

// sent are the ways and recipients of what went out, with its state.
func (b *bundle) sent(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, o := range b.outbox(t, b.ticket.ID) {
		out = append(out, string(o.Channel)+" "+o.Recipient+" "+string(o.State))
	}
	return out
}

// inChat are the texts that the desk wrote into the conversation.
func (b *bundle) inChat(t *testing.T) []string {
	t.Helper()
	said, err := b.ChatMessages(t.Context(), "c-1")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range said {
		out = append(out, m.Text)
	}
	return out
}

func (b *bundle) conversation(t *testing.T) tickets.Conversation {
	t.Helper()
	c, err := b.Conversation(t.Context(), "c-1")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWhatAChatIsTold: amounts and contents only while a session proves the holder, news without them to
// whom it proved before, and nothing at all to whom it never did.
func TestWhatAChatIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		level  int
		method tickets.Method
		later  time.Duration
		want   []string
		says   string
	}{
		"a session that lasts":          {2, tickets.MethodSession, 0, []string{"chat c-1 sent"}, "黄金会员"},
		"a session that ran out":        {2, tickets.MethodSession, time.Hour, []string{"chat c-1 sent", "email li@example.com queued"}, "有了新进展"},
		"a payment fact":                {1, tickets.MethodPaymentFact, 0, []string{"chat c-1 sent", "email li@example.com queued"}, "有了新进展"},
		"two transactions of the payer": {2, tickets.MethodTwoTransactions, 0, []string{"chat c-1 sent", "email li@example.com queued"}, "有了新进展"},
		"nothing":                       {0, "", 0, []string{"email li@example.com queued"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.chatting(t, c.level, c.method)
			b.now = b.now.Add(c.later)
			b.mustTell(t, b.ticket.ID, "cancel_outcome")
			same(t, "what went out", c.want, b.sent(t))
			text := strings.Join(b.inChat(t), "\n")
			if !strings.Contains(text, c.says) || c.says == "" && text != "" {
				t.Errorf("the chat reads %q", text)
			}
			for _, secret := range []string{"黄金会员", "30.00", "li@example.com", "u1001"} {
				if c.says != "黄金会员" && strings.Contains(text, secret) {
					t.Errorf("the chat reveals %s:\n%s", secret, text)
				}
			}
			b.mustTell(t, b.ticket.ID, "cancel_outcome")
			same(t, "what went out when told again", c.want, b.sent(t))
		})
	}
}

// TestAnAnswerInAChat ends the wait, tells the app, and goes out by mail where nobody reads it.
func TestAnAnswerInAChat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		level int
		then  func(t *testing.T, b *bundle)
		want  []string
	}{
		"unread":           {2, nil, []string{"chat c-1 sent", "email li@example.com queued"}},
		"unread, unproven": {0, nil, []string{"chat c-1 sent"}},
		"read":             {2, func(t *testing.T, b *bundle) { b.change(t, func(c *tickets.Conversation) { c.ReadUpTo = 99 }) }, []string{"chat c-1 sent"}},
		"followed by a line": {2, func(t *testing.T, b *bundle) {
			b.change(t, func(c *tickets.Conversation) { c.CustomerAt = ptr(b.now) })
		}, []string{"chat c-1 sent"}},
		"read only to before": {2, func(t *testing.T, b *bundle) { b.change(t, func(c *tickets.Conversation) { c.ReadUpTo = 1 }) }, []string{"chat c-1 sent", "email li@example.com queued"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.chatting(t, c.level, tickets.MethodSession)
			m := tickets.Message{
				ID: 7, TicketID: b.ticket.ID, Direction: tickets.Reply, Channel: tickets.Chat, At: b.now, Sender: "agent:amy", Recipient: "chat/c-1", Text: "您好，已经查过了。",
			}
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertMessage(t.Context(), &m) })
			b.mustTell(t, b.ticket.ID, "answer:"+strconv.FormatInt(m.ID, 10))
			same(t, "the chat", []string{"您好，已经查过了。"}, b.inChat(t))
			if got := b.conversation(t); got.State != tickets.ChatAnswered || got.WaitingSince != nil {
				t.Errorf("the conversation is %+v", got)
			}
			events, err := b.ChatEvents(t.Context(), 0, 10)
			if err != nil || len(events) != 1 || events[0].MessageID != m.ID || events[0].Type != tickets.ChatMessage {
				t.Errorf("events %+v, %v", events, err)
			}
			b.now = b.now.Add(10 * time.Minute)
			if c.then != nil {
				c.then(t, b)
			}
			done := false
			err = b.writer.Unread(t.Context(), tickets.Job{Kind: tickets.JobUnread, TicketID: b.ticket.ID, Ref: "1"}, func(tickets.Tx) error {
				done = true
				return nil
			})
			if err != nil || !done {
				t.Fatalf("done %v, %v", done, err)
			}
			same(t, "what went out", c.want, b.sent(t))
		})
	}
}

func (b *bundle) change(t *testing.T, f func(*tickets.Conversation)) {
	t.Helper()
	c := b.conversation(t)
	f(&c)
	b.tx(t, func(tx tickets.Tx) error { return tx.SaveConversation(t.Context(), c) })
}

// TestAfterTheChat: what is told once the chat has ended goes to the registered contact of whoever was
// proven, and a mere receipt to nobody else.
func TestAfterTheChat(t *testing.T) {
	t.Parallel()
	ended := func(c *tickets.Conversation) { c.State, c.EndedAt = tickets.ChatEnded, ptr(at(22, 10, 5)) }
	for name, c := range map[string]struct {
		level int
		tell  string
		want  []string
	}{
		"an outcome":              {2, "cancel_outcome", []string{"email li@example.com queued"}},
		"a receipt":               {2, "receipt", []string{"email li@example.com queued"}},
		"a receipt to a stranger": {0, "receipt", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.chatting(t, c.level, tickets.MethodSession)
			b.change(t, ended)
			b.mustTell(t, b.ticket.ID, c.tell)
			same(t, "what went out", c.want, b.sent(t))
			same(t, "the chat", 0, len(b.inChat(t)))
		})
	}
}

// TestChatTexts: both languages say something for every tell, without what belongs into a mail only.
func TestChatTexts(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"zh-CN", "en"} {
		for _, tell := range []tickets.Tell{tickets.TellReceipt, tickets.TellNeutral, tickets.TellQuestion, tickets.TellCancelOutcome} {
			f := facts(tell, locale)
			f.Shown, f.Proven = true, true
			text, err := reply.ComposeChat(f)
			if err != nil || text == "" || strings.HasSuffix(text, "\n") {
				t.Errorf("%s in %s: %q, %v", tell, locale, text, err)
			}
			for _, word := range []string{"本邮件", "this mail", "{{", "<no value>", "desk.example.com/c/"} {
				if strings.Contains(text, word) {
					t.Errorf("%s in %s has %q:\n%s", tell, locale, word, text)
				}
			}
		}
	}
	known, unknown := facts(tickets.TellNeutral, "zh-CN"), facts(tickets.TellNeutral, "zh-CN")
	unknown.Account, unknown.Ticket.AccountNo = nil, ""
	one, err := reply.ComposeChat(known)
	other, err2 := reply.ComposeChat(unknown)
	if err != nil || err2 != nil || one != other {
		t.Errorf("a known one reads %q, an unknown one %q", one, other)
	}
}

// TestAChatNamesADebitThatWasSentBefore: whoever chats reads as well as who writes mails which debit a stop came
// too late for, and not that the next one is cancelled.
func TestAChatNamesADebitThatWasSentBefore(t *testing.T) {
	t.Parallel()
	for lang, says := range map[string][2]string{"zh-CN": {"停止之前已经发出", "下次扣费已取消"}, "en": {"Sent before the stop", "next charge is cancelled"}} {
		f := facts(tickets.TellCancelOutcome, lang)
		f.Shown = true
		f.InFlight = []account.DebitInFlight{{ChargeID: "c7", SubscriptionID: "s1", AmountFen: 3000}}
		text, err := reply.ComposeChat(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, says[0]) || !strings.Contains(text, "¥30.00") || !strings.Contains(text, "c7") || strings.Contains(text, says[1]) {
			t.Errorf("%s reads\n%s", lang, text)
		}
	}
}

// TestEachChatLineReadsAsItsGolden covers what must not be lost in the short form.
func TestEachChatLineReadsAsItsGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cancel_stopped", "cancel_in_flight", "cancel_external", "cancel_external_apple", "cancel_kept"} {
		for _, locale := range []string{"zh-CN", "en"} {
			t.Run(name+"/"+locale, func(t *testing.T) {
				t.Parallel()
				f := variants()[name](locale)
				f.Shown, f.Proven = true, true
				text, err := reply.ComposeChat(f)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("testdata", locale, "chat_"+name+".golden"), text+"\n")
			})
		}
	}
}
