package tickets

import (
	"net/mail"
	"strings"
	"time"
)

// Tell is what an outgoing mail says.
type Tell string

// What the desk says by itself, and Answer for what an agent wrote.
const (
	TellReceipt       Tell = "receipt"        // it arrived: number, when, answer by which date
	TellNeutral       Tell = "neutral"        // the same text for everybody, known or not
	TellQuestion      Tell = "question"       // one question, because the request can be read in two ways
	TellMissing       Tell = "missing"        // we need to know which account or subscription
	TellCancelOutcome Tell = "cancel_outcome" // what was stopped and proven
	TellRefundOutcome Tell = "refund_outcome" // what came back
	TellOffer         Tell = "offer"          // a quote that needs the customer's yes
	TellUnread        Tell = "unread"         // an answer stands unread in the chat; by text message only
	TellCodeNeeded    Tell = "code_needed"    // the yes to a quote needs a code
	TellHoldAsked     Tell = "hold_asked"     // "was it you?", to the registered contact
	TellWithdrawn     Tell = "withdrawn"      // the request was taken back, to the registered contact
	TellAnswer        Tell = "answer"         // an agent's own words
	TellCode          Tell = "code"           // a code that proves who enters it
)

// OutgoingState is how far a mail to the customer has come.
type OutgoingState string

// The states of an outgoing mail. Sent means that the mail server took it.
const (
	OutgoingQueued OutgoingState = "queued"
	OutgoingSent   OutgoingState = "sent"
	OutgoingFailed OutgoingState = "failed" // refused for good; an agent is told
)

// OutgoingChannel is the way something goes out.
type OutgoingChannel string

// The ways out. A chat line goes out by the event stream that the app's server reads.
const (
	ByMail OutgoingChannel = "email"
	ByChat OutgoingChannel = "chat"
	BySMS  OutgoingChannel = "sms"
)

// Outgoing is one mail, chat line or text message to a customer in the durable outbox. Its bytes are made once and kept, so
// that whatever is sent again after a crash is the same mail under the same Message-ID.
type Outgoing struct {
	ID        int64 `gorm:"primaryKey"`
	TicketID  int64
	MessageID int64 // the reply it carries, in the ticket
	// Key makes it once: such as "CD-000123/cancel_outcome/1".
	Key       string
	Channel   OutgoingChannel
	Tell      Tell
	Recipient string // bare address, conversation id, or phone number
	MailID    string // RFC 5322 Message-ID without brackets; its key for what is no mail
	Raw       []byte // the mail, or the JSON of a chat line or text message
	Auto      bool   // written by the desk and not by a person
	State     OutgoingState
	Attempts  int
	Detail    string // the mail server's last word
	At        time.Time
	SentAt    *time.Time
	TriedAt   *time.Time // when it was handed over first; nil for not yet
	// Importance orders what waits (Tell.Importance). HeldAt is since when a limit of the provider holds a
	// mail back; one that was let go since is Granted until it is handed over.
	Importance int
	HeldAt     *time.Time
	Granted    bool
}

// Sent is to whom a mail of ours went, and what it said.
type Sent struct {
	ID        int64 // of the outgoing mail
	Recipient string
	Tell      Tell
}

// maxAddress is the longest address a mail server has to take (RFC 5321 section 4.5.3.1.3).
const maxAddress = 254

// Mailable reports whether s is one bare ASCII mail address, the only sort that the desk writes to.
func Mailable(s string) bool {
	if len(s) > maxAddress || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && a.Name == ""
}
