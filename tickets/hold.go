package tickets

import (
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// HoldState is how a hold stands or ended.
type HoldState string

// The states of a hold.
const (
	HoldActive   HoldState = "active"
	HoldReleased HoldState = "released"
	HoldStopped  HoldState = "stopped" // became a stop
	HoldExpired  HoldState = "expired"
)

// Hold keeps the biller from debiting a subscription for a while. It is reversible, and it is told
// as "held", never as "cancelled". A subscription has at most one active hold.
type Hold struct {
	ID             int64 `gorm:"primaryKey"`
	TicketID       int64
	SubscriptionID string
	State          HoldState
	Reason         string
	At             time.Time
	Until          time.Time
	EndedAt        *time.Time
}

// SavedQuote is a quote that was shown or frozen in a case.
type SavedQuote struct {
	ID       int64 `gorm:"primaryKey"`
	TicketID int64
	RunID    int64
	Hash     string
	Body     account.Quote `gorm:"serializer:json"`
	At       time.Time
}

// Acceptance is the customer's recorded yes to a quote.
type Acceptance struct {
	ID        int64 `gorm:"primaryKey"`
	TicketID  int64
	QuoteHash string
	By        string `gorm:"column:by_actor"` // "customer", or "agent:LOGIN" who wrote down what the customer said
	Words     string
	MessageID int64 // the message that said it, 0 where an agent recorded it
	At        time.Time
}
