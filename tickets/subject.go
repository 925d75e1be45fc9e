package tickets

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// answerPrefixes are what mail programs put before the subject of an answer or of a forwarded mail, in
// lower case and without the colon.
func answerPrefixes() []string {
	return []string{
		"re", "aw", "antw", "sv", "fwd", "fw", "wg", "tr", "回复", "答复", "回覆", "答覆", "回復", "转发", "轉寄", "轉發",
		"自动回复", "自动答复", "自動回覆", "automatic reply", "auto-reply", "auto",
	}
}

// ticketNumber is a ticket's number as it stands in a text.
var ticketNumber = regexp.MustCompile(`(?i)\bCD-[0-9]{6,18}\b`)

// BaseSubject is what a subject says once the prefixes of answers and forwarded mails, ticket numbers and
// differences of case and blanks are gone (RFC 5256 section 2.1 has the idea).
func BaseSubject(subject string) string {
	s := strings.ToLower(strings.Join(strings.Fields(ticketNumber.ReplaceAllString(subject, " ")), " "))
	s = strings.TrimLeft(strings.ReplaceAll(s, "[ ]", ""), " ")
	for {
		rest, cut := cutPrefix(s)
		if !cut {
			return strings.TrimSpace(s)
		}
		s = rest
	}
}

// cutPrefix takes one prefix away, such as "re:", "re[2]：" or "回复：".
func cutPrefix(s string) (rest string, cut bool) {
	for _, p := range answerPrefixes() {
		rest, ok := strings.CutPrefix(s, p)
		if !ok {
			continue
		}
		if i := strings.IndexAny(rest, "])"); i > 0 && i < 6 && (rest[0] == '[' || rest[0] == '(') {
			rest = rest[i+1:]
		}
		rest = strings.TrimLeft(rest, " ")
		for _, colon := range []string{":", "："} {
			if after, ok := strings.CutPrefix(rest, colon); ok {
				return strings.TrimLeft(after, " "), true
			}
		}
	}
	return s, false
}

// sameBase reports whether two base subjects are one, where the longer of them may have been cut short
// with an ellipsis on its way.
func sameBase(a, b string) bool {
	for _, x := range [][2]string{{a, b}, {b, a}} {
		if short, cut := strings.CutSuffix(x[0], "…"); cut && short != "" && strings.HasPrefix(x[1], short) {
			return true
		}
	}
	return a == b
}

// NewSubjects are the ids of the customer's mails in a case that came under a subject which neither the
// case nor anything said in it before had. Messages are in their order.
func NewSubjects(t Ticket, messages []Message) []int64 {
	known := []string{BaseSubject(t.Subject)}
	var out []int64
	for i, m := range messages {
		base := BaseSubject(m.Subject)
		if base == "" || slices.ContainsFunc(known, func(k string) bool { return sameBase(base, k) }) {
			continue
		}
		if i > 0 && m.ByPerson() && m.Channel == Email {
			out = append(out, m.ID)
		}
		known = append(known, base)
	}
	return out
}

// newSubject notes that a mail came into the ticket under a new subject. One that answers a mail of ours
// was read without its subject, which repeats what the case is called; a new one is the writer's own word.
func (a *arrivals) newSubject(ctx context.Context, in *Incoming, t Ticket) error {
	base := BaseSubject(in.Message.Subject)
	if base == "" || sameBase(base, BaseSubject(t.Subject)) {
		return nil
	}
	messages, err := a.tx.Messages(ctx, t.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(messages, func(m Message) bool { return sameBase(base, BaseSubject(m.Subject)) }) {
		return nil
	}
	in.NewSubject = true
	if u := in.Understanding; u.Withdraws || u.Denies || u.Affirms {
		return nil // an answer to what was asked, whatever stands above it
	}
	ours := func(id string) bool { _, signed := a.d.ids.Ticket(id); return signed }
	if in.Message.Channel == Email && (slices.ContainsFunc(in.InReplyTo, ours) || slices.ContainsFunc(in.Message.References, ours)) {
		in.Understanding = intent.Understand(intent.Message{Channel: string(Email), Subject: in.Message.Subject, Text: in.Message.Text})
		in.Understanding.Facts.NationalID = account.MaskID(in.Understanding.Facts.NationalID)
	}
	return nil
}

// mostNumbers bounds how many ticket numbers of one subject are looked at.
const mostNumbers = 3

// numbered are the ids of the tickets whose numbers stand in a subject.
func numbered(subject string) []int64 {
	var out []int64
	for _, n := range ticketNumber.FindAllString(subject, mostNumbers) {
		if id, err := ParseNumber(n); err == nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
