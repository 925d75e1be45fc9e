package tickets

import "github.com/canceldesk/canceldesk/store/account"

// ChoiceError is the Conflict of what can go on in several ways of which none was chosen. One of its
// lists says between what to choose.
type ChoiceError struct {
	Msg           string
	Accounts      []string               // account numbers that fit
	Subscriptions []account.Subscription // of the account, those that can be meant
	Modes         []account.Quote        // what each mode would do
}

// Error is what has to be chosen, in words.
func (e *ChoiceError) Error() string { return e.Msg }

// Unwrap makes it a Conflict.
func (e *ChoiceError) Unwrap() error { return Conflict }
