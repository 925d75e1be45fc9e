package tickets

import (
	"slices"
	"time"
)

// Action is what somebody asks the desk to do, as far as it takes a level of assurance.
type Action string

// The actions that a verification can be bound to (DESIGN.md section 4). Releasing a hold, keeping an
// agreement and taking a request back need what the request needed, at least what ActStop needs.
const (
	ActHold   Action = "hold"
	ActStop   Action = "stop"   // the biller and the agreements
	ActShow   Action = "show"   // tell amounts and contents
	ActRefund Action = "refund" // a prorated refund to the payer, and the acceptance of its quote
	ActAssets Action = "assets" // withdraw or transfer what the account holds
)

// Method is how somebody was verified.
type Method string

// The methods. A code that the customer read out to an agent is ReadOut, whatever way it was sent.
const (
	MethodAddress         Method = "registered_address" // an authenticated mail from the account's registered address
	MethodPageLink        Method = "page_link"          // a click on the page whose link went to the registered contact
	MethodCodeEmail       Method = "code_email"
	MethodCodeSMS         Method = "code_sms"
	MethodReadOut         Method = "code_read_out"
	MethodSession         Method = "session_token"    // signed by the app for its logged-in member
	MethodPaymentFact     Method = "payment_fact"     // one recent transaction number, or date, amount and card tail
	MethodTwoTransactions Method = "two_transactions" // two transaction numbers of the agreement's payer
)

// Gives is the level that a method gives for an action, 0 where it gives none. Level 3 is no method's:
// it is level 2, a second factor and a second person.
func (m Method) Gives(a Action) int {
	switch m {
	case MethodAddress, MethodCodeEmail, MethodPaymentFact:
		if a == ActAssets {
			return 0
		}
		return 1
	case MethodPageLink:
		if a == ActStop {
			return 1
		}
	case MethodReadOut:
		if a == ActStop {
			return 2
		}
	case MethodCodeSMS, MethodSession:
		return 2
	case MethodTwoTransactions:
		if a == ActStop || a == ActRefund {
			return 2
		}
	}
	return 0
}

// Need is the level that an action takes. amountFen counts for a refund, which above the limit needs
// level 2 (and a supervisor); contact says that amounts are told to the account's registered contact,
// ownRecord that our own record alone grounds the refund, so that nobody's word is involved.
func (a Action) Need(amountFen, approvalAboveFen int64, contact, ownRecord bool) int {
	switch a {
	case ActHold:
		return 0
	case ActShow:
		if contact {
			return 1
		}
		return 2
	case ActRefund:
		switch {
		case ownRecord:
			return 0
		case amountFen > approvalAboveFen:
			return 2
		}
		return 1
	case ActAssets:
		return 3
	}
	return 1
}

// Verification is one proof of who speaks, good for its own action until it expires. It is a row of
// its own and not a property of the ticket: a later message does not inherit it (DESIGN.md section 4).
type Verification struct {
	ID        int64 `gorm:"primaryKey"`
	TicketID  int64
	MessageID int64  // the message it covers; 0 where it covers a scope
	Scope     string // the conversation or call it covers (Message.Scope), "" for one message only
	AccountNo string // whom it proves the speaker to be, or to have paid for
	Level     int
	Method    Method
	Action    Action // "" any that its method gives a level for
	AmountFen int64  // the largest refund it is good for; 0 not bound to one
	QuoteHash string // the quote it was given for, "" not bound to one
	At        time.Time
	ExpiresAt time.Time
	VoidedAt  *time.Time
	// By is who entered what proves it where that was not the customer himself: agent:LOGIN or key:ID.
	By string `gorm:"column:by_actor"`
}

// VerificationLife is how long a verification lasts. Expiry is judged when an action is asked for,
// not when it is carried out.
const VerificationLife = 30 * time.Minute

// Covers is the level that the verification gives a message for an action, 0 where it covers it not.
// What is asked before the proof is asked again by giving it; what is asked after, only while it lasts.
func (v Verification) Covers(m Message, a Action, accountNo string) int {
	his := v.MessageID != 0 && v.MessageID == m.ID || v.Scope != "" && v.Scope == m.Scope
	switch {
	case v.VoidedAt != nil, !his, v.AccountNo != accountNo, !m.At.Before(v.ExpiresAt):
		return 0
	case v.Action != "" && v.Action != a:
		return 0
	}
	return min(v.Level, v.Method.Gives(a))
}

// LevelOf is the highest level that the verifications give a message for an action.
func LevelOf(all []Verification, m Message, a Action, accountNo string) int {
	level := 0
	for _, v := range all {
		level = max(level, v.Covers(m, a, accountNo))
	}
	return level
}

// ProvenAccounts are the accounts that the speaker was proven to be, each once.
func ProvenAccounts(all []Verification) []string {
	var out []string
	for _, v := range all {
		if v.VoidedAt == nil && v.AccountNo != "" && !slices.Contains(out, v.AccountNo) {
			out = append(out, v.AccountNo)
		}
	}
	return out
}

// VerifiedRecord is the event of a verification. It never holds a code.
func VerifiedRecord(t Ticket, v Verification, by Actor) Record {
	data := map[string]any{"level": v.Level, "method": string(v.Method)}
	if v.MessageID != 0 {
		data["message"] = v.MessageID
	}
	if v.Scope != "" {
		data["scope"] = v.Scope
	}
	if v.Action != "" {
		data["action"] = string(v.Action)
	}
	if v.By != "" {
		data["entered_by"] = v.By
	}
	return Record{Stream: t.Number(), Type: EventVerified, Actor: string(by), Data: data}
}
