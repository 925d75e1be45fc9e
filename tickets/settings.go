package tickets

import (
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Automatic says how far the desk goes by itself.
type Automatic string

// Auto acts, Propose leaves one click to an agent, Off leaves it to a person altogether.
const (
	Auto    Automatic = "auto"
	Propose Automatic = "propose"
	Off     Automatic = "off"
)

// Automation is what the desk does by itself. A limit of 0 lets nothing through by itself; a reached
// limit sends a refund to a supervisor and never refuses it.
type Automation struct {
	Stop                 Automatic
	Hold                 bool
	Refund               Automatic
	RefundOwnFault       Automatic
	RefundAutoLimitFen   int64
	OwnFaultAutoLimitFen int64
	ApprovalAboveFen     int64
}

// Settings are the desk's rules that its operator chooses.
type Settings struct {
	Zone           *time.Location
	Locale         string // the language where the customer's is unknown
	CloseAfter     time.Duration
	FirstResponse  time.Duration // business time
	ResolutionDays int           // business days
	// WarnBefore is how much business time before a deadline people are warned of it; 0 warns of none.
	WarnBefore time.Duration
	// ClaimFor is how long a case stays with whoever took it and does nothing in it; 0 is for ever.
	ClaimFor      time.Duration
	QuoteValidity time.Duration
	Calendar      Calendar
	Automation    Automation
	RefundPolicy  account.Policy
	Routing       Routing
	// AutoAnswersPerDay is how many bare automatic answers one address gets in a day; 0 is 5.
	AutoAnswersPerDay int
	Codes             Codes
	Texts             Texts
	Pages             PageLinks
	// AccountsElsewhere says that the platform keeps the accounts: one that is not known here may be known there.
	AccountsElsewhere bool
	// ChatIgnored is how long a chat may wait for a person, ChatUnread how long an answer in it may stay
	// unread; 0 is 2 and 10 minutes.
	ChatIgnored, ChatUnread time.Duration
}
