package account

import "time"

type Mode string

const (
	PeriodEnd Mode = "period_end"
	Now       Mode = "now"
)

type Policy string
type Quote struct {
	Mode            Mode
	AsOf            Date
	RuleVersion     string
	Hash            string
	ExpiresAt       time.Time
	Currency        string
	RefundFen       int64
	LastDayOfUse    Date
	NextChargeAt    *time.Time
	SubscriptionIDs []string
}
