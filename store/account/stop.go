package account

import "time"

// StopKind is what a biller that pulls is asked to do.
type StopKind string

// What a biller that pulls can be asked: keep debits back until an instant, let them go again, send
// none any more.
const (
	OrderHold    StopKind = "hold"
	OrderRelease StopKind = "release"
	OrderStop    StopKind = "stop"
)

// StopOrder is one line of what a biller that pulls has to apply, in the order of its ids.
type StopOrder struct {
	ID             int64  `gorm:"primaryKey"`
	Key            string // of the effect that it carries out
	Kind           StopKind
	SubscriptionID string
	Mode           Mode       // of a stop; "" else
	Until          *time.Time // of a hold; nil else
	At             time.Time
	AppliedAt      *time.Time // when the biller says that it did; nil until then
}

// TableName is where it is kept.
func (StopOrder) TableName() string { return "stops" }
