package tickets_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func TestBaseSubject(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "",
		"Re: Please stop":            "please stop",
		"RE[2]: re(3): Please  stop": "please stop",
		"回复：答复: Fwd: 请停止扣费":          "请停止扣费",
		"Re: [CD-000123] 请停止扣费":      "请停止扣费",
		"CD-000123 请停止扣费":            "请停止扣费",
		"Re:":                        "",
		"report: all":                "report: all",
		"regarding: it":              "regarding: it",
		"Re[not closed: x":           "re[not closed: x",
		strings.Repeat("re: ", 5000): "",
	} {
		if got := tickets.BaseSubject(in); got != want {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
}

func TestNewSubjects(t *testing.T) {
	t.Parallel()
	in := func(id int64, subject string) tickets.Message {
		return tickets.Message{ID: id, Direction: tickets.Inbound, Channel: tickets.Email, Subject: subject, Kind: "message"}
	}
	ours := tickets.Message{ID: 3, Direction: tickets.Reply, Channel: tickets.Email, Subject: "Re: 关闭自动续费的结果，很长很…"}
	bounce := in(6, "Undeliverable")
	bounce.Kind = "bounce"
	got := tickets.NewSubjects(tickets.Ticket{Subject: "请停止扣费"}, []tickets.Message{
		in(1, "请停止扣费"), in(2, "回复：请停止扣费"), ours, in(4, "Re: 关闭自动续费的结果，很长很长很长"), in(5, "另外请退款"), bounce, in(7, "Re: 另外请退款"), in(8, ""),
	})
	if d := cmp.Diff([]int64{5}, got); d != "" {
		t.Error(d)
	}
}

// subject gives a mail that subject.
func subject(s string) func(*tickets.Incoming) {
	return func(in *tickets.Incoming) { in.Message.Subject = s }
}

// TestThreads is where mails go that know something of a case.
func TestThreads(t *testing.T) {
	t.Parallel()
	opened := func(t *testing.T) *bundle {
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, stop()))
		return b
	}
	to := func(token string) func(*tickets.Incoming) {
		return func(in *tickets.Incoming) { in.Tokens = []string{"sales", token} }
	}
	other := asking(intent.CancelAndRefund)
	other.Facts.OrderNo = "another"
	for name, c := range map[string]struct {
		from      string
		assurance int
		change    func(b *bundle) func(*tickets.Incoming)
		want      string
		suggested bool
	}{
		"the requester answers the ticket's own address": {"li@example.com", 0, func(b *bundle) func(*tickets.Incoming) { return to(b.ids.Token(1)) }, "appended 1", false},
		"a stranger writes to it":                        {"x@example.com", 1, func(b *bundle) func(*tickets.Incoming) { return to(b.ids.Token(1)) }, "ticket 2", true},
		"somebody makes a token up":                      {"x@example.com", 1, func(*bundle) func(*tickets.Incoming) { return to("cd-000001-aaaaaaaaaaaaaaaa") }, "ticket 2", false},
		"the requester writes the number":                {"li@example.com", 1, func(*bundle) func(*tickets.Incoming) { return subject("Fwd: cd-000001") }, "appended 1", false},
		"somebody in his name does":                      {"li@example.com", 0, func(*bundle) func(*tickets.Incoming) { return subject("Re: CD-000001") }, "ticket 2", true},
		"a stranger does":                                {"x@example.com", 1, func(*bundle) func(*tickets.Incoming) { return subject("Re: CD-000001") }, "ticket 2", true},
		"somebody guesses a number that there is not":    {"x@example.com", 1, func(*bundle) func(*tickets.Incoming) { return subject("Re: CD-000777") }, "ticket 2", false},
		"a stranger forges References":                   {"x@example.com", 1, func(*bundle) func(*tickets.Incoming) { return answers("m1@example.com") }, "ticket 2", true},
		"a stranger has our Message-ID of the case":      {"x@example.com", 1, func(b *bundle) func(*tickets.Incoming) { return answers(b.ids.ID(1, "receipt")) }, "ticket 2", true},
		"the requester asks about another order":         {"li@example.com", 1, func(*bundle) func(*tickets.Incoming) { return func(*tickets.Incoming) {} }, "ticket 2", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			u := stop()
			u.Facts.OrderNo = "one"
			b.receive(b.mail("li@example.com", 1, u))
			if got := outcomes(b.receive(b.mail(c.from, c.assurance, other, c.change(b)))); got[0] != c.want {
				t.Errorf("%s, want %s", got[0], c.want)
			}
			links, err := b.Links(b.ctx, 1)
			must(t, err)
			if suggested := len(links) == 1 && links[0].Kind == tickets.LinkSuggested; suggested != c.suggested {
				t.Errorf("links %+v, want a suggestion: %t", links, c.suggested)
			}
		})
	}
	t.Run("a mail sent once more with a field added says nothing about today", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		again := b.mail("li@example.com", 1, other)
		again.Message.MessageID = "m1@example.com"
		if got := outcomes(b.receive(again)); got[0] != "appended 1" {
			t.Error(got)
		}
		messages, err := b.Messages(b.ctx, 1)
		must(t, err)
		if m := messages[1]; m.Assurance != 0 || !strings.Contains(strings.Join(m.AssuranceWhy, " "), "came before") {
			t.Errorf("assurance %d: %v", m.Assurance, m.AssuranceWhy)
		}
		// By a stranger it is a case of his own.
		stolen := b.mail("x@example.com", 1, other)
		stolen.Message.MessageID = "m1@example.com"
		if got := outcomes(b.receive(stolen)); got[0] != "ticket 2" || b.ticket(2).SenderProven {
			t.Error(got)
		}
	})
	t.Run("a mail full of numbers suggests few", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		var all []string
		for range 20 {
			row := b.receive(b.mail("", 0, stop()))[0]
			all = append(all, tickets.Number(row.TicketID))
		}
		row := b.receive(b.mail("x@example.com", 1, stop(), subject(strings.Join(all, " "))))[0]
		links, err := b.Links(b.ctx, row.TicketID)
		must(t, err)
		if len(links) == 0 || len(links) > 3 {
			t.Errorf("%d links", len(links))
		}
	})
	t.Run("whom an agent wrote to in the case takes part in it", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
			return tx.InsertMessage(b.ctx, &tickets.Message{TicketID: 1, Direction: tickets.Reply, Channel: tickets.Email, At: b.now, Sender: "agent:mei", Recipient: "Wu@example.com"})
		}))
		if got := outcomes(b.receive(b.mail("wu@example.com", 0, stop(), answers("m1@example.com")))); got[0] != "ticket 2" {
			t.Errorf("unauthenticated: %s", got)
		}
		if got := outcomes(b.receive(b.mail("wu@example.com", 1, stop(), answers("m1@example.com")))); got[0] != "appended 1" {
			t.Error(got)
		}
	})
	t.Run("a new subject stays in the thread, says so, and is read", func(t *testing.T) {
		t.Parallel()
		b := opened(t)
		b.set(1, tickets.Solved)
		nothing := intent.Understanding{Intent: intent.Clarify, Intents: []intent.Intent{intent.Clarify}}
		again := b.mail("li@example.com", 1, nothing, answers(b.ids.ID(1, "receipt")), subject("另外请把剩余的钱退款给我"))
		again.Message.Text = "谢谢"
		if got := outcomes(b.receive(again)); got[0] != "appended 1" {
			t.Fatal(got)
		}
		messages, err := b.Messages(b.ctx, 1)
		must(t, err)
		if d := cmp.Diff([]int64{2}, tickets.NewSubjects(b.ticket(1), messages)); d != "" {
			t.Error(d)
		}
		if !strings.Contains(strings.Join(reasons(messages[1].Asks), " "), "refund") {
			t.Errorf("it was read as %v", messages[1].Asks)
		}
		b.is(1, "open/asked_again")
	})
}

func reasons(list []intent.Intent) []string {
	var out []string
	for _, i := range list {
		out = append(out, string(i))
	}
	return out
}

// TestRelate is a person who says whether two cases belong together.
func TestRelate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.receive(b.mail("li@example.com", 1, stop()), b.mail("x@example.com", 1, stop(), subject("CD-000001")), b.mail("y@example.com", 1, stop()))
	kinds := func() (out []string) {
		links, err := b.Links(b.ctx, 1)
		must(t, err)
		for _, l := range links {
			out = append(out, l.Kind)
		}
		return out
	}
	for _, step := range []struct {
		name     string
		other    int64
		together bool
		kind     tickets.Kind
		want     []string
	}{
		{"one click confirms what was suggested", 2, true, "", []string{"related"}},
		{"a second one changes nothing", 2, true, "", []string{"related"}},
		{"and another ticket can be linked", 3, true, "", []string{"related", "related"}},
		{"one more takes a link away", 3, false, "", []string{"related"}},
		{"which is not there any more then", 3, false, tickets.NotFound, []string{"related"}},
		{"no ticket is its own", 1, true, tickets.Invalid, []string{"related"}},
		{"nor can one be linked that is not", 99, true, tickets.NotFound, []string{"related"}},
	} {
		_, err := b.desk.Relate(b.ctx, 1, "agent:mei", step.other, step.together)
		if step.kind == "" && err != nil || step.kind != "" && !errors.Is(err, step.kind) {
			t.Errorf("%s: %v", step.name, err)
		}
		if d := cmp.Diff(step.want, kinds()); d != "" {
			t.Errorf("%s: %s", step.name, d)
		}
	}
}
