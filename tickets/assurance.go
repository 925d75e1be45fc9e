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
