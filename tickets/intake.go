package tickets

import (
	"time"

	"github.com/canceldesk/canceldesk/tickets/evidence"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Outcome says what became of one mail seen in a mailbox.
type Outcome string

// The outcomes of the intake ledger (DESIGN.md 6.1, poll).
const (
	OutcomeTicket      Outcome = "ticket"
	OutcomeAppended    Outcome = "appended"
	OutcomeDuplicate   Outcome = "duplicate"
	OutcomeAutoReply   Outcome = "auto_reply"
	OutcomeBounce      Outcome = "bounce"
	OutcomeList        Outcome = "list"
	OutcomeOwn         Outcome = "own"
	OutcomeOversize    Outcome = "oversize"
	OutcomeQuarantined Outcome = "quarantined"
)

// Outcomes lists every outcome in the order reports print them.
func Outcomes() []Outcome {
	return []Outcome{
		OutcomeTicket, OutcomeAppended, OutcomeDuplicate, OutcomeAutoReply, OutcomeBounce,
		OutcomeList, OutcomeOwn, OutcomeOversize, OutcomeQuarantined,
	}
}

// Place is where on a mail server a mail lies.
type Place struct {
	Mailbox     string
	Folder      string
	UIDValidity uint32 `gorm:"column:uid_validity"`
	UID         uint32 `gorm:"column:uid"`
}

// Intake is one row of the ledger: one mail seen, and what became of it. There is exactly one for
// every (mailbox, folder, UIDVALIDITY, UID).
type Intake struct {
	ID          int64  `gorm:"primaryKey"`
	Place       Place  `gorm:"embedded"`
	Fingerprint string // identity of the mail (mailin.Fingerprint), hex; "" for what was never fetched
	MessageID   string
	Bytes       int64
	ReceivedAt  time.Time
	Outcome     Outcome
	TicketID    int64 // 0 where the outcome made or found no ticket
	Raw         string
	Detail      string
	At          time.Time
	Unprocessed bool // what is to become of the mail on its server was not done yet
}

// Cursor is how far a folder has been read. It moves in the transaction that stores the mail.
type Cursor struct {
	Mailbox     string `gorm:"primaryKey"`
	Folder      string `gorm:"primaryKey"`
	UIDValidity uint32 `gorm:"column:uid_validity"`
	LastUID     uint32 `gorm:"column:last_uid"`
}

// Incoming is one mail as mailin hands it over: parsed, classified, its sender judged and its
// original already kept durably under Raw.
type Incoming struct {
	UID         uint32
	Fingerprint string
	Bytes       int64
	// Original is what was received, which the evidence commits to. Where Sealed commits to it already it
	// is not needed, so that many mails can wait to be stored.
	Original  []byte
	Sealed    evidence.Commitment
	Message   Message // TicketID and ID unset
	InReplyTo []string
	// PageTokens are those of the links to customers' pages (PageTokens) anywhere in the original.
	PageTokens []string
	// Tokens are what stands behind the plus in those of our addresses that the mail was written to.
	Tokens []string
	Bounce *BouncedMail
	// Proof is what proved the sender's domain: dmarc, dkim, or "" where nothing did.
	Proof string
	// Understanding is what the new text asks for and states.
	Understanding intent.Understanding
	// Refused is OutcomeOversize or OutcomeQuarantined for a mail that was not read, with Detail.
	Refused Outcome
	Detail  string
	// NewSubject: it came into its ticket under a subject that nothing in the case has. Set on the way in.
	NewSubject bool
}

// BouncedMail is what a bounce says of the mail that did not arrive.
type BouncedMail struct {
	MessageID string
	Recipient string
	Status    string // RFC 3463, such as 5.1.1
	Permanent bool   // it never arrives
}

// Batch is a run of mails of one folder in ascending UID, stored in one transaction together with
// the cursor that has passed them.
type Batch struct {
	Mailbox     string
	Folder      string
	UIDValidity uint32
	// LastUID is where the cursor stands afterwards; at least the last mail's UID.
	LastUID uint32
	// Fence is the lease's token: a batch under an older one is refused (Conflict), so that a holder
	// who lost the mailbox can't write.
	Fence int64
	// Process says that something is to become of the mails on their server once they are stored. The ledger
	// remembers until it is done.
	Process bool
	Mails   []Incoming
}
