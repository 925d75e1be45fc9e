package tickets

import (
	"time"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Direction tells what was said by whom to whom.
type Direction string

// The directions of a message.
const (
	Inbound Direction = "inbound"
	Reply   Direction = "reply"
	Note    Direction = "note" // for colleagues only
)

// Attachment describes one file that came with a message. Its bytes are the Index-th attachment of
// the message's raw original.
type Attachment struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Bytes int64  `json:"bytes"`
}

// Message is one thing that was said in a case. The original is always kept beside it (Raw).
type Message struct {
	ID         int64 `gorm:"primaryKey"`
	TicketID   int64
	Direction  Direction
	Channel    Channel
	At         time.Time // inbound mail: the server's INTERNALDATE; a reply: when it was written
	Sender     string    // bare address, login or "desk"
	SenderName string
	Recipient  string // bare address a reply goes to
	Subject    string
	Text       string // the new text only
	Quoted     string // quoted history and signatures, kept apart
	HTML       string // sanitised; "" where there was none
	// Attachments are listed in the order of the raw original's leaves.
	Attachments []Attachment `gorm:"serializer:json"`
	MessageID   string       // RFC 5322 Message-ID without brackets, "" where missing
	References  []string     `gorm:"column:refs;serializer:json"`
	Raw         string       // blob reference of the original bytes, "" where there are none
	Kind        string       // message, auto_reply, bounce, list, own; "" for what people wrote here
	Defects     []string     `gorm:"serializer:json"`
	// Asks is what this message, taken by itself, was understood to ask for. An action is grounded in
	// the messages that asked for it, each with its own assurance, never in the ticket as a whole.
	Asks []intent.Intent `gorm:"serializer:json"`
	// Affirms is a bare yes, which accepts an offer that was made before it.
	Affirms bool
	// Assurance is how sure we are who speaks in this message, and AssuranceWhy each reason.
	Assurance    int
	AssuranceWhy []string `gorm:"serializer:json"`
	// Scope is the conversation, call or customer's page that the message is part of, such as chat/ID,
	// call/ID or page/ID; "" for a mail. A verification may cover a scope.
	Scope string
	// ExternalID is what whoever handed the message over knows it by: a second one is Conflict. "" has none.
	ExternalID string
	// EnteredAt is when somebody wrote the message down or reported it and gave it its At, EnteredBy who did
	// (agent:LOGIN or key:ID) and EnteredReason why so late; nil and "" for what came in by itself.
	EnteredAt     *time.Time
	EnteredBy     string
	EnteredReason string
}

// ByPerson reports whether somebody outside the desk said it: no machine's mail, and no copy of our own.
func (m Message) ByPerson() bool {
	return m.Direction == Inbound && (m.Kind == "" || m.Kind == "message")
}
