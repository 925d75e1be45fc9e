package account

import "time"

// Account is one member of the platform, under the account number the platform knows the member by.
type Account struct {
	No             string `gorm:"column:account_no;primaryKey"`
	Name           string
	Phone          string // 11 digits, normalised; "" unknown
	Email          string // lower case; "" unknown
	NationalIDHash string `gorm:"column:national_id_hash"` // keyed hash of the ID number, never the number; "" unknown
	NationalIDMask string `gorm:"column:national_id_mask"` // such as 110105********002X
	Locale         string // zh-CN, zh-Hant or en; "" lets the desk's own setting decide
	// SyncedAt is the platform's own updated_at of the newest sync that was accepted.
	SyncedAt *time.Time
	// ContactChangedAt is when phone or email last changed. For 72 hours after it neither gives
	// assurance (DESIGN.md section 4).
	ContactChangedAt *time.Time
}

// ContactFreshFor is how long changed contact data proves nothing.
const ContactFreshFor = 72 * time.Hour

// ContactFresh reports whether the account's contact data changed less than 72 hours before at, so
// that it may neither receive a code nor lift a message to level 1.
func (a Account) ContactFresh(at time.Time) bool {
	return a.ContactChangedAt != nil && at.Before(a.ContactChangedAt.Add(ContactFreshFor))
}

// Snapshot is an account with everything that belongs to it, as it stood at one moment. Decisions
// are made from a snapshot and keep it.
type Snapshot struct {
	Account       Account
	Subscriptions []Subscription
	Agreements    []Agreement
	Charges       []Charge
	Refunds       []Refund
	Assets        []AssetLot
	// InFlight are the debits that the biller named as sent before a stop that came too late for them.
	InFlight []DebitInFlight
}

// Subscription returns the subscription with that id, and whether the account has it.
func (s Snapshot) Subscription(id string) (Subscription, bool) {
	for _, sub := range s.Subscriptions {
		if sub.ID == id {
			return sub, true
		}
	}
	return Subscription{}, false
}

// Renewing returns the subscriptions that will be debited again unless somebody stops them: those
// that renew, and those that do not but still have a living agreement that can bill them. The second
// kind is the very complaint this product exists to end ("cancelled", and the debit goes on).
func (s Snapshot) Renewing() []Subscription {
	var out []Subscription
	for _, sub := range s.Subscriptions {
		if sub.AutoRenew || len(s.Billing(sub.ID)) > 0 {
			out = append(out, sub)
		}
	}
	return out
}

// Billing returns the living agreements that can bill the subscription: those that name it and those
// that name none, which can bill everything the account has (DESIGN.md 6.3, PUT /v1/accounts).
func (s Snapshot) Billing(subscriptionID string) []Agreement {
	var out []Agreement
	for _, a := range s.Agreements {
		if a.Alive() && a.Bills(subscriptionID) {
			out = append(out, a)
		}
	}
	return out
}
