package tickets

import "github.com/canceldesk/canceldesk/tickets/evidence"

// Record is an event to be written: what happened, who did it, and the personal data that it commits
// to without containing it.
type Record struct {
	Stream string // a ticket's number
	Type   string // such as "message.received", "cancel.result"
	Actor  string // "desk", "customer", "agent:LOGIN", "key:ID"
	Data   map[string]any
	// Private is personal data by name: the event holds a salted digest, the bytes are kept aside
	// where they can be erased.
	Private map[string][]byte
	// Files are originals kept as blobs, by name: the event holds a salted digest of the content, and
	// only the reference is kept beside it.
	Files map[string]File
}

// File is a blob an event commits to: by Sealed where that was made when the blob was kept, else by
// Content.
type File struct {
	Ref     string // blob reference
	Content []byte
	Sealed  evidence.Commitment
}

// The types of events. The words people read for them stand in tickets/evidence.
const (
	EventReceived       = "message.received"
	EventLinked         = "ticket.linked"
	EventSuggested      = "ticket.suggested" // a link that a person may confirm
	EventUnlinked       = "ticket.unlinked"
	EventStatus         = "ticket.status"
	EventAssigned       = "ticket.assigned"
	EventCorrected      = "ticket.corrected"
	EventStep           = "step.state"
	EventAboutTo        = "effect.about_to"
	EventResult         = "effect.result"
	EventQuote          = "quote.made"
	EventAccepted       = "quote.accepted"
	EventRefund         = "refund.state"
	EventHold           = "hold.state"
	EventNote           = "note"
	EventReply          = "reply.written"
	EventNotifyAboutTo  = "notify.about_to"
	EventNotifyResult   = "notify.result"
	EventForwardAboutTo = "forward.about_to"
	EventForwardResult  = "forward.result"
	EventVerified       = "verification"
	EventAlarm          = "alarm.raised"
	EventAlarmCleared   = "alarm.cleared"
	EventCall           = "call.reported"
	EventRecording      = "call.recording"
	EventTold           = "told.by_phone"
	EventChatLines      = "chat.lines" // lines of a chat that ask for nothing, and attachments
	EventChatEnded      = "chat.ended"
	EventVerifyFailed   = "verification.failed" // a wrong code, or payment facts that are not so
	EventCode           = "verification.requested"
)
