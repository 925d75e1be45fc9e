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

// saysDone reports whether the customer says that he has done his own part: in answer to our mail, or after
// he was told on the phone, by a verified message or by what somebody at the desk wrote down.
func (c Case) saysDone() bool {
	words := []string{"已完成", "完成", "已关闭", "已取消", "弄好了", "好了", "done"}
	if c.answered(tickets.TellCancelOutcome, words...) {
		return true
	}
	told, ok := c.stepsTold()
	if !ok {
		return false
	}
	_, said := c.verified(c.inbound(func(m tickets.Message) bool { return m.At.After(told) && begins(m.Text, words) }))
	return said || slices.ContainsFunc(c.Messages, func(m tickets.Message) bool {
		return spoken(m) && m.At.After(told) && begins(hisWords(m.Text), words)
	})
}

// hisWords are the customer's words in what somebody wrote down of them: "客户说已完成".
func hisWords(text string) string {
	text = strings.TrimSpace(text)
	for _, who := range []string{"客户", "顾客", "用户", "对方", "说", "称", "表示", "the customer says", "customer says"} {
		if len(text) >= len(who) && strings.EqualFold(text[:len(who)], who) {
			text = strings.TrimLeft(text[len(who):], " :：，,“\"")
		}
	}
	return text
}

// begins reports whether a text is a short answer that begins with one of the words.
func begins(text string, words []string) bool {
	const longest = 24
	text = strings.ToLower(strings.TrimFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }))
	first, _, _ := strings.Cut(text, "\n")
	return len([]rune(first)) <= longest && !strings.ContainsAny(first, "不没别未") &&
		slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(first, w) })
}

// answered reports whether a short answer to the mail begins with one of the words.
func (c Case) answered(to tickets.Tell, words ...string) bool {
	asked, ok := c.told(to)
	if !ok || asked.SentAt == nil {
		return false
	}
	_, said := c.verified(c.inbound(func(m tickets.Message) bool {
		return m.At.After(asked.At) && begins(m.Text, words)
	}))
	return said
}

// wasAsked reports whether a question went to the customer already.
func (c Case) wasAsked() bool {
	return slices.ContainsFunc(c.Outgoing, func(o tickets.Outgoing) bool {
		return o.Tell == tickets.TellQuestion || o.Tell == tickets.TellMissing || o.Tell == tickets.TellNeutral
	})
}
