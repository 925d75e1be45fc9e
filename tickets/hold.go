package tickets

import "time"

// HoldState is how far a hold has come.
type HoldState string

// The states of a hold. Active is one that the biller was asked for and that keeps debits back; the
// others are its endings: by no, by the stop, or because nobody answered in time.
const (
	HoldActive   HoldState = "active"
	HoldReleased HoldState = "released"
	HoldStopped  HoldState = "stopped"
	HoldExpired  HoldState = "expired"
)

// Hold keeps the biller from sending a debit for a subscription while it is not certain who asks. It
// is reversible and told as "held", never as "cancelled" (DESIGN.md section 3).
type Hold struct {
	ID             int64 `gorm:"primaryKey"`
	TicketID       int64
	SubscriptionID string
	State          HoldState
	Reason         string // why it began or ended, a stable code
	At             time.Time
	Until          time.Time // 7 days after the debit that it keeps back was due
	EndedAt        *time.Time
}
