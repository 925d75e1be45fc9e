package tickets

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// oldestLine is how old a line may be to count with its own time: what is older, or from the future,
// counts as said now.
const oldestLine = 7 * 24 * time.Hour

// newLines are the lines that are not known yet, each once, in the order they were said, and with
// nothing in them that could not be stored or shown.
func newLines(h Handover, known []string, at time.Time) []ChatLine {
	var out []ChatLine
	for _, l := range h.Lines {
		if slices.Contains(known, chatLineID(h.ConversationID, l.ID)) || slices.ContainsFunc(out, func(o ChatLine) bool { return o.ID == l.ID }) {
			continue
		}
		l.At = l.At.UTC().Truncate(time.Microsecond)
		if l.At.After(at) || at.Sub(l.At) > oldestLine {
			l.At = at
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b ChatLine) int { return a.At.Compare(b.At) })
	return out
}

// carrier is the line that the request is recorded with: the customer's first that asks for money to
// stop, else his first; -1 where he said nothing.
func carrier(lines []ChatLine) int {
	first, several := -1, false
	for i, l := range lines {
		if l.From == SaidByCustomer {
			several = first >= 0
			if !several {
				first = i
			}
		}
	}
	if !several {
		return first
	}
	for i, l := range lines {
		if l.From == SaidByCustomer && slices.ContainsFunc(understandChat(l.Text).Intents, intent.Intent.Stops) {
			return i
		}
	}
	return first
}

func understandChat(text string) intent.Understanding {
	return intent.Understand(intent.Message{Channel: string(Chat), Text: text})
}

// spoken is the customer's lines, understood together, as the one that carries them.
func (d *Desk) spoken(h Handover, lines []ChatLine, carrier int, proof *Verification, level int, why []string) Spoken {
	var text strings.Builder
	for _, l := range lines {
		if l.From == SaidByCustomer {
			text.WriteString(l.Text + "\n")
		}
	}
	u := understandChat(text.String())
	facts := h.Customer.Facts
	fillFacts(&facts, u.Facts)
	u.Facts = facts
	m := d.line(h, lines[carrier], level, why)
	m.Subject = excerpt(m.Text)
	return Spoken{Message: m, Original: h.Original, Understanding: u, Proof: proof}
}

// line is a line of the chat as a message. What the app's bot and agents said is kept as said to the
// customer, so that it never counts as something he asked for.
func (d *Desk) line(h Handover, l ChatLine, level int, why []string) Message {
	m := Message{
		Direction: Inbound, Channel: Chat, Kind: "message", At: l.At, Sender: ChatScope(h.ConversationID), SenderName: h.Customer.Name,
		Text: l.Text, Attachments: l.Attachments, Raw: l.Raw, Scope: ChatScope(h.ConversationID), Assurance: level, AssuranceWhy: why,
	}
	if l.ID != "" {
		m.ExternalID = chatLineID(h.ConversationID, l.ID)
	}
	if l.From != SaidByCustomer {
		m.Direction, m.Kind, m.Sender, m.SenderName = Reply, "", "app_"+string(l.From), ""
		m.Recipient, m.Assurance, m.AssuranceWhy = m.Scope, 0, nil
	}
	return m
}

// keepLines stores the lines beside the one that carries the request, whose event commits to the words of
// all, and commits to their attachments.
func (d *Desk) keepLines(ctx context.Context, tx Tx, t Ticket, h Handover, lines []ChatLine, carrier int, with Message, at time.Time) error {
	files := map[string]File{}
	for i, l := range lines {
		if l.Raw != "" {
			files["attachments-"+strconv.Itoa(len(files)+1)] = File{Ref: l.Raw, Content: l.Content}
		}
		if i == carrier {
			continue
		}
		m := d.line(h, l, with.Assurance, with.AssuranceWhy)
		m.TicketID = t.ID
		if err := tx.PutQuotedLinks(ctx, d.unlink(&m, at)); err != nil {
			return err
		}
		if err := tx.InsertMessage(ctx, &m); err != nil {
			return err
		}
	}
	if len(files) == 0 && (carrier >= 0 || len(lines) == 0) {
		return nil
	}
	r := Record{Stream: t.Number(), Type: EventChatLines, Actor: "app", Data: map[string]any{"lines": len(lines)}, Files: files}
	if carrier < 0 {
		r.Private = map[string][]byte{"original": h.Original}
	}
	return tx.Append(ctx, at, r)
}

// excerpt is the beginning of a text, for lists.
func excerpt(text string) string {
	const longest = 60
	var out []rune
	for _, r := range maskNumbers(text) {
		switch {
		case len(out) == longest:
			return string(out) + "…"
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsPrint(r):
			continue
		}
		if r == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		out = append(out, r)
	}
	return string(out)
}
