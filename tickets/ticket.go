package tickets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Channel is the way a case or a message came in.
type Channel string

// The channels. Guard is a case that the desk itself opened.
const (
	Email Channel = "email"
	Chat  Channel = "chat"
	Phone Channel = "phone"
	Web   Channel = "web"
	Guard Channel = "guard"
	Other Channel = "other"
)

// Status is where a ticket stands.
type Status string

// The statuses of a ticket: new → open → pending (the customer's turn) or on_hold (an approval, the
// biller or a payment channel is waited for) → solved → closed.
const (
	New     Status = "new"
	Open    Status = "open"
	Pending Status = "pending"
	OnHold  Status = "on_hold"
	Solved  Status = "solved"
	Closed  Status = "closed"
)

// Statuses lists every status in the order a case goes through them.
func Statuses() []Status { return []Status{New, Open, Pending, OnHold, Solved, Closed} }

// moves is the status table: from each status, those it may change to. A closed ticket never opens
// again; what comes after it is a linked ticket.
func moves(from Status) []Status {
	switch from {
	case New:
		return []Status{Open, Pending, OnHold, Solved, Closed}
	case Open, Pending, OnHold:
		return []Status{Open, Pending, OnHold, Solved, Closed}
	case Solved:
		return []Status{Open, Closed}
	}
	return nil
}

// Ticket is one customer's case.
type Ticket struct {
	ID     int64 `gorm:"primaryKey"`
	Status Status
	Reason string // why it is in that status, a stable code such as "needs_agent" or "not_cancellation"
	// Objection is what was said against the case and nobody has decided about: ReasonWithdrawal, ReasonDenied
	// or ReasonDeniedStopped, "" for nothing. Nothing is begun meanwhile, whatever the status.
	Objection string
	Channel   Channel
	Subject   string
	Locale    string // the customer's language: zh-CN or en
	// Requester is who wrote or called, as claimed: for mail the bare From address. It proves nothing.
	Requester string

	Intent     intent.Intent
	Intents    []intent.Intent `gorm:"serializer:json"`
	Flags      []intent.Flag   `gorm:"serializer:json"`
	Facts      intent.Facts    `gorm:"serializer:json"`
	Confidence float64
	Why        []string `gorm:"serializer:json"`

	AccountNo       string   // "" until identified
	Candidates      []string `gorm:"serializer:json"` // account numbers that fit, where more than one does
	SubscriptionIDs []string `gorm:"serializer:json"`
	// Assurance is the level that the request was verified at, for lists; actions ask the verifications.
	Assurance int
	// SenderProven: a message is certainly from the requester's address, whoever's that is.
	SenderProven bool

	Assignee           string // login, "" unassigned
	Urgent             bool
	ReceivedAt         time.Time
	FirstResponseDueAt time.Time
	ResolutionDueAt    time.Time
	NextChargeAt       *time.Time
	FirstRespondedAt   *time.Time
	SolvedAt           *time.Time
	ClosedAt           *time.Time
	// ClaimedAt and ClaimedUntil are set while the assignee works on the case (Take).
	ClaimedAt    *time.Time
	ClaimedUntil *time.Time
	// Pauses are the pauses of the resolution's clock that its deadline does not reckon with yet.
	Pauses []Pause `gorm:"serializer:json"`
	// AlertAt is when the ticket's claim and clocks are next looked at (Desk.Watch); nil is never.
	AlertAt *time.Time
	Version int64
}

// Number is how people name the ticket, such as CD-000123. Knowing it grants nothing.
func (t Ticket) Number() string { return Number(t.ID) }

// Number writes a ticket id as people name it.
func Number(id int64) string { return fmt.Sprintf("CD-%06d", id) }

// ParseNumber reads CD-000123, in any case and with surrounding space, into the ticket's id.
func ParseNumber(s string) (int64, error) {
	digits, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(s)), "CD-")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || id <= 0 || len(digits) < 6 {
		return 0, &Error{Kind: NotFound, Msg: "No such ticket. Ticket numbers look like CD-000123."}
	}
	return id, nil
}

// Live reports whether the case still runs.
func (t Ticket) Live() bool { return t.Status != Solved && t.Status != Closed }

// Stops reports whether any intent of the ticket asks that money stop flowing.
func (t Ticket) Stops() bool { return slices.ContainsFunc(t.Intents, intent.Intent.Stops) }

// SetStatus moves the ticket and stamps the moment; Conflict where the status table has no such move.
func (t *Ticket) SetStatus(to Status, reason string, at time.Time) error {
	if t.Status == to {
		t.Reason = reason
		t.object(reason)
		return nil
	}
	if !slices.Contains(moves(t.Status), to) {
		return &Error{Kind: Conflict, Msg: fmt.Sprintf("A ticket that is %s can't become %s.", t.Status, to)}
	}
	t.turn(t.Status, to, at)
	t.Status, t.Reason = to, reason
	t.object(reason)
	if (to == Solved || to == Closed) && !t.Denied() {
		t.Objection = ""
	}
	switch to {
	case Solved:
		t.SolvedAt = &at
	case Closed:
		t.ClosedAt = &at
	default:
		t.SolvedAt = nil
	}
	return nil
}
