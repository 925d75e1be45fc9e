package account

import "time"

// Cycle is how often a subscription renews.
type Cycle string

// The cycles a plan can have.
const (
	Month   Cycle = "month"
	Quarter Cycle = "quarter"
	Year    Cycle = "year"
)

// Months is the number of calendar months in the cycle, or 0 for an unknown cycle.
func (c Cycle) Months() int {
	switch c {
	case Month:
		return 1
	case Quarter:
		return 3
	case Year:
		return 12
	}
	return 0
}

// Subscription is one membership that is paid for period by period.
type Subscription struct {
	ID        string `gorm:"primaryKey"`
	AccountNo string
	Plan      string
	Cycle     Cycle `gorm:"column:period"`
	PriceFen  int64
	OpenedAt  *time.Time
	// PeriodStart and PeriodEnd bound the paid period the member is in, [start, end) in the desk's
	// zone; both "" when the platform did not say.
	PeriodStart Date `gorm:"column:current_period_start"`
	PeriodEnd   Date `gorm:"column:current_period_end"`
	// NextChargeAt is when the platform means to debit next; nil means never.
	NextChargeAt   *time.Time
	AutoRenew      bool
	ConsentVersion string
	ConsentAt      *time.Time
	Notices        []Notice `gorm:"serializer:json"`
	// HeldUntil is how long the embedded biller sends no debit for it; nil or past where it does.
	HeldUntil *time.Time
	// StoppedAt is when this desk, or the biller on its word, ended the debits. A later sync that
	// says otherwise is a conflict and does not undo it.
	StoppedAt *time.Time
	// AccessUntil is the last day of use once stopped, inclusive; "" while it runs.
	AccessUntil Date
}

// Notice is one announcement of a coming debit, as the platform recorded it.
type Notice struct {
	At        time.Time `json:"at"`
	Channel   string    `json:"channel"`
	AmountFen int64     `json:"amount_fen"`
	Delivered bool      `json:"delivered"`
}
