package tickets

import "time"

// Verification is one proof of who speaks, good for its own action until it expires. It is a row of
// its own and not a property of the ticket: a later message does not inherit it (DESIGN.md section 4).
type Verification struct {
	ID        int64 `gorm:"primaryKey"`
	TicketID  int64
	MessageID int64 // the message it covers; 0 for a code
	Level     int
	Method    string // "dmarc", "dkim", "sms_code", …
	Action    string // "stop", "show", "refund", "assets"; "" any its level allows
	AmountFen int64
	At        time.Time
	ExpiresAt time.Time
	VoidedAt  *time.Time
}

// VerificationLife is how long a verification lasts. Expiry is judged when an action is asked for,
// not when it is carried out.
const VerificationLife = 30 * time.Minute

// Action is something that needs a level of assurance.
type Action string

// The actions of DESIGN.md section 4's second table.
const (
	ActHold        Action = "hold"
	ActStop        Action = "stop"
	ActTell        Action = "tell"
	ActOwnFault    Action = "refund_own_fault"
	ActRefund      Action = "refund"
	ActRefundLarge Action = "refund_large"
	ActAssets      Action = "assets"
)

// Needs is the level of assurance an action needs. For ActTell it is the level off the registered
// contact; on it, level 1 is enough.
func Needs(a Action) int {
	switch a {
	case ActHold, ActOwnFault:
		return 0
	case ActStop, ActRefund:
		return 1
	case ActTell, ActRefundLarge:
		return 2
	}
	return 3
}
