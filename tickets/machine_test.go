package tickets_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// sent stores a mail of ours that left in the ticket, and returns its Message-ID.
func (b *bundle) sent(ticket int64, tell tickets.Tell, to string) string {
	b.t.Helper()
	id := b.ids.ID(ticket, string(tell))
	must(b.t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		m := tickets.Message{TicketID: ticket, Direction: tickets.Reply, Channel: tickets.Email, At: b.now, Sender: "desk", Recipient: to, MessageID: id}
		must(b.t, tx.InsertMessage(b.ctx, &m))
		return tx.InsertOutgoing(b.ctx, &tickets.Outgoing{
			TicketID: ticket, MessageID: m.ID, Key: strconv.FormatInt(ticket, 10) + string(tell), Channel: tickets.ByMail, Tell: tell,
			Recipient: to, MailID: id, Auto: true, State: tickets.OutgoingSent, At: b.now, SentAt: &b.now,
		})
	}))
	return id
}

// bounced is a report that the mail of that id never arrived.
func (b *bundle) bounced(id string, change ...func(*tickets.Incoming)) tickets.Incoming {
	in := b.mail("mailer-daemon@example.com", 0, intent.Understanding{}, append([]func(*tickets.Incoming){kind("bounce")}, change...)...)
	in.Bounce = &tickets.BouncedMail{MessageID: id, Recipient: "li@example.com", Status: "5.1.1", Permanent: true}
	return in
}

func TestBounce(t *testing.T) {
	t.Parallel()
	withdraw := intent.Understanding{Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Withdraws: true}
	opened := func(t *testing.T) (*bundle, string) {
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, stop()))
		id := b.sent(1, tickets.TellCancelOutcome, "li@example.com")
		b.set(1, tickets.Solved)
		return b, id
	}
	detail := func(b *bundle) string {
		out, err := b.Outgoing(b.ctx, 1)
		must(t, err)
		return out[0].Detail
	}
	t.Run("of our answer puts the case back into the queue, with the reason", func(t *testing.T) {
		t.Parallel()
		b, id := opened(t)
		if got := outcomes(b.receive(b.bounced(id))); got[0] != "bounce 1" {
			t.Error(got)
		}
		b.is(1, "open/bounced")
		if got := detail(b); got != "bounced 5.1.1" {
			t.Errorf("the outbox says %q", got)
		}
	})
	t.Run("goes over no withdrawal", func(t *testing.T) {
		t.Parallel()
		b, id := opened(t)
		b.receive(b.mail("li@example.com", 1, withdraw, answers(b.ids.ID(1, "receipt"))))
		b.receive(b.bounced(id))
		b.is(1, "open/withdrawal_asked")
	})
	t.Run("counts once, however often it comes", func(t *testing.T) {
		t.Parallel()
		b, id := opened(t)
		b.receive(b.bounced(id))
		b.set(1, tickets.Solved) // a person has seen to it
		for range 60 {
			if got := outcomes(b.receive(b.bounced(id))); got[0] != "bounce 1" {
				t.Fatal(got)
			}
		}
		b.is(1, "solved/test")
		messages, err := b.Messages(b.ctx, 1)
		must(t, err)
		if len(messages) > 25 {
			t.Errorf("%d messages: a storm fills the case", len(messages))
		}
	})
	t.Run("that may still be delivered changes nothing", func(t *testing.T) {
		t.Parallel()
		b, id := opened(t)
		soft := b.bounced(id)
		soft.Bounce.Permanent = false
		if got := outcomes(b.receive(soft)); got[0] != "bounce 1" {
			t.Error(got)
		}
		b.is(1, "solved/test")
	})
	for name, forge := range map[string]func(b *bundle, id string) tickets.Incoming{
		"that a stranger made up": func(b *bundle, _ string) tickets.Incoming { return b.bounced("cd-000001.aaaa.bbbb@desk.example") },
		"that names the customer's own mail": func(b *bundle, _ string) tickets.Incoming {
			return b.bounced("m1@example.com", answers("m1@example.com"))
		},
		"that names the case's number": func(b *bundle, _ string) tickets.Incoming {
			return b.bounced("", subject("Undeliverable: CD-000001"))
		},
		"of a mail that was never sent": func(b *bundle, _ string) tickets.Incoming { return b.bounced(b.ids.ID(1, "offer")) },
		"that came with another case's mail": func(b *bundle, _ string) tickets.Incoming {
			b.receive(b.mail("x@example.com", 1, stop()))
			return b.bounced(b.sent(2, tickets.TellReceipt, "x@example.com"), subject("CD-000001"), answers("m1@example.com"))
		},
		"of a mail that was answered": func(b *bundle, id string) tickets.Incoming {
			thanks := b.mail("li@example.com", 1, intent.Understanding{Thanks: true, Intent: intent.NotCancellation})
			thanks.Message.References = []string{id}
			b.receive(thanks)
			return b.bounced(id)
		},
	} {
		t.Run(name+" is nothing", func(t *testing.T) {
			t.Parallel()
			b, id := opened(t)
			if got := outcomes(b.receive(forge(b, id))); got[0][:6] != "bounce" {
				t.Error(got)
			}
			b.is(1, "solved/test")
			if got := detail(b); got != "" {
				t.Errorf("the outbox says %q", got)
			}
		})
	}
}

// TestBounceThatNamesNoMail stands in the ledger with the case it may be about, and changes nothing.
func TestBounceThatNamesNoMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.receive(b.mail("li@example.com", 1, stop()))
	b.sent(1, tickets.TellReceipt, "li@example.com")
	b.set(1, tickets.Solved)
	for recipient, want := range map[string]string{"Li@example.com": "it may be about a mail of CD-000001, which it does not prove", "x@example.com": ""} {
		in := b.bounced("")
		in.Bounce.Recipient = recipient
		row := b.receive(in)[0]
		if row.Outcome != tickets.OutcomeBounce || row.TicketID != 0 || row.Detail != want {
			t.Errorf("%s: %+v", recipient, row)
		}
	}
	b.is(1, "solved/test")
	b.now = b.now.AddDate(0, 0, 7)
	if row := b.receive(b.bounced(""))[0]; row.Detail != "" {
		t.Errorf("a week later: %q", row.Detail)
	}
}

// TestCustomerWhoseSystemMarksItsMail: an unsubscribe link is no reason to lose his request.
func TestCustomerWhoseSystemMarksItsMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email := "li@example.com"
	must(t, b.Conn().WithContext(b.ctx).Create(&account.Account{No: "u1", Email: email, SyncedAt: &b.now}).Error)
	rows := b.receive(b.mail(email, 1, stop(), kind("list")), b.mail(email, 0, stop(), kind("list")), b.mail("x@example.com", 1, stop(), kind("list")))
	if d := cmp.Diff([]string{"ticket 1", "list 0", "list 0"}, outcomes(rows)); d != "" {
		t.Error(d)
	}
	messages, err := b.Messages(b.ctx, 1)
	must(t, err)
	if !messages[0].ByPerson() {
		t.Error("it is kept as a machine's")
	}
}

// TestMachinesTakePart is where the mail of machines goes, none of which is ever answered.
func TestMachinesTakePart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from      string
		assurance int
		kind      string
		change    func(b *bundle) func(*tickets.Incoming)
		want      string
	}{
		"an absence note without References, by its subject":  {"li@example.com", 1, "auto_reply", func(*bundle) func(*tickets.Incoming) { return subject("自动回复:Re: 主题") }, "auto_reply 1"},
		"one that only says that it is his":                   {"li@example.com", 0, "auto_reply", func(*bundle) func(*tickets.Incoming) { return subject("自动回复:Re: 主题") }, "auto_reply 0"},
		"one about something else":                            {"li@example.com", 1, "auto_reply", func(*bundle) func(*tickets.Incoming) { return subject("自动回复: 别的") }, "auto_reply 0"},
		"a list that answers us":                              {"list@example.com", 0, "list", func(b *bundle) func(*tickets.Incoming) { return answers(b.ids.ID(1, "receipt")) }, "list 1"},
		"a stranger's machine that knows the customer's mail": {"x@example.com", 1, "auto_reply", func(*bundle) func(*tickets.Incoming) { return answers("m1@example.com") }, "auto_reply 0"},
		"his own that knows it":                               {"li@example.com", 1, "auto_reply", func(*bundle) func(*tickets.Incoming) { return answers("m1@example.com") }, "auto_reply 1"},
		"our own mail come back":                              {"service@desk.example", 0, "own", func(b *bundle) func(*tickets.Incoming) { return answers(b.ids.ID(1, "receipt")) }, "own 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.receive(b.mail("li@example.com", 1, stop()))
			before := b.rows()
			if got := outcomes(b.receive(b.mail(c.from, c.assurance, stop(), kind(c.kind), c.change(b)))); got[0] != c.want {
				t.Errorf("%s, want %s", got[0], c.want)
			}
			after := b.rows()
			if after["jobs"] != before["jobs"] || after["tickets"] != before["tickets"] {
				t.Errorf("it caused work: %v, before %v", after, before)
			}
			b.is(1, "new/")
		})
	}
}
