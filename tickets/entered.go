package tickets

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Bounds of a date that somebody gives a request that he writes down or reports: refunds count from it.
const (
	enteredFreely = 7 * 24 * time.Hour  // older ones take a reason
	enteredOldest = 90 * 24 * time.Hour // older ones are refused
	// enteredLate is from how long before its entry a date is somebody's word for more money than the day of the
	// entry would bring back.
	enteredLate = 24 * time.Hour
)

// checkEntered refuses a date of receipt that lies too far back, or far back without a reason.
func checkEntered(received, at time.Time, reason string) error {
	switch age := at.Sub(received); {
	case age > enteredOldest:
		return &Error{Kind: Invalid, Msg: fmt.Sprintf("A request can be entered up to %d days after it was received.", int(enteredOldest/(24*time.Hour)))}
	case age > enteredFreely && strings.TrimSpace(reason) == "":
		return &Error{Kind: Invalid, Msg: fmt.Sprintf("It was received more than %d days ago: give the reason why it is entered only now.", int(enteredFreely/(24*time.Hour)))}
	}
	return nil
}

// enteredBy notes who gave the message its date, and why so late.
func (m *Message) enteredBy(by Actor, at time.Time, reason string) {
	at = at.UTC().Truncate(time.Microsecond)
	m.EnteredAt, m.EnteredBy, m.EnteredReason = &at, string(by), clip(reason, maxShort)
}

// Backdated reports whether somebody gave the message a date of more than 24 hours before he did.
func (m Message) Backdated() bool {
	return m.EnteredAt != nil && m.EnteredAt.Sub(m.At) > enteredLate
}

// request is the message that the end or the money was first asked for in, else the first there is.
func request(messages []Message) (Message, bool) {
	i := slices.IndexFunc(messages, func(m Message) bool {
		return m.ByPerson() && slices.ContainsFunc(m.Asks, func(i intent.Intent) bool { return slices.Contains(StopIntents(), i) })
	})
	if i < 0 {
		i = slices.IndexFunc(messages, Message.ByPerson)
	}
	if i < 0 {
		return Message{}, false
	}
	return messages[i], true
}

// Backdated is the message that a case's refunds count from where somebody gave it a date of more than 24
// hours before he did, and whether it is so.
func Backdated(messages []Message) (Message, bool) {
	m, ok := request(messages)
	return m, ok && m.Backdated()
}

// MoreByDate reports, charge by charge, what a quote gives back only because of the date that somebody gave
// the request. Where that can't be worked out it is everything.
func MoreByDate(q account.Quote, s account.Snapshot, t Ticket, messages []Message, without []account.Refund, mode account.Mode, now time.Time, r account.QuoteRules) map[string]bool {
	out := map[string]bool{}
	m, ok := Backdated(messages)
	if !ok {
		return out
	}
	messages = slices.Clone(messages)
	for i := range messages {
		if messages[i].EnteredAt != nil {
			messages[i].At = *messages[i].EnteredAt
		}
	}
	t.ReceivedAt = *m.EnteredAt
	honest, err := QuoteOf(s, t, messages, without, mode, now, r)
	for _, l := range q.Lines {
		i := slices.IndexFunc(honest.Lines, func(h account.QuoteLine) bool { return h.ChargeID == l.ChargeID })
		out[l.ChargeID] = l.RefundFen > 0 && (err != nil || i < 0 || l.RefundFen > honest.Lines[i].RefundFen)
	}
	return out
}

// Involved are the people and programs without whose word a refund by a quote would not be: who wrote the
// yes down, who entered what proved the customer, who wrote the case down. Each once, in order.
func Involved(t Ticket, messages []Message, proofs []Verification, yes []Acceptance, quoteHash string) []string {
	var out []string
	add := func(by string) {
		if strings.HasPrefix(by, agentPrefix) || strings.HasPrefix(by, "key:") {
			out = append(out, by)
		}
	}
	for _, a := range yes {
		if a.QuoteHash == quoteHash {
			add(a.By)
		}
	}
	for _, v := range proofs {
		if v.VoidedAt == nil && v.AccountNo == t.AccountNo {
			add(v.By)
		}
	}
	for _, m := range messages {
		add(m.EnteredBy)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
