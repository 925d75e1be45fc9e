package tickets

import (
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

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
	Level     int   // how sure it was who said so
	At        time.Time
}
