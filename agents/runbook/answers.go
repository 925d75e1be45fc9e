package runbook

import (
	"slices"
	"strings"
	"unicode"

	"github.com/canceldesk/canceldesk/tickets"
)

// The answers that our own mails ask for, as far as they are no plain yes. Each counts only from the
// registered address and after the mail that asked for it.

// saysAll reports whether the customer answered "all of them" to the question which subscription is meant.
func (c Case) saysAll() bool {
	return c.answered(tickets.TellMissing, "全部", "全都", "都", "所有", "那就都", "两个都", "all", "both")
}

// saysDone reports whether the customer says that he has done his own part.
func (c Case) saysDone() bool {
	return c.answered(tickets.TellCancelOutcome, "已完成", "完成", "已关闭", "已取消", "弄好了", "好了", "done")
}

// answered reports whether a short answer to the mail begins with one of the words.
func (c Case) answered(to tickets.Tell, words ...string) bool {
	const longest = 24
	asked, ok := c.told(to)
	if !ok || asked.SentAt == nil {
		return false
	}
	_, said := c.verified(c.inbound(func(m tickets.Message) bool {
		text := strings.ToLower(strings.TrimFunc(m.Text, func(r rune) bool { return !unicode.IsLetter(r) }))
		first, _, _ := strings.Cut(text, "\n")
		return m.At.After(asked.At) && len([]rune(first)) <= longest && !strings.ContainsAny(first, "不没别未") &&
			slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(first, w) })
	}))
	return said
}

// wasAsked reports whether a question went to the customer already.
func (c Case) wasAsked() bool {
	return slices.ContainsFunc(c.Outgoing, func(o tickets.Outgoing) bool {
		return o.Tell == tickets.TellQuestion || o.Tell == tickets.TellMissing || o.Tell == tickets.TellNeutral
	})
}
