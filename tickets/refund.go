package tickets

import "github.com/canceldesk/canceldesk/store/account"

// RefundFilter narrows a list of the refunds that this desk proposed. Its zero value is all of them,
// newest first.
type RefundFilter struct {
	State    account.RefundState
	Approver string // actor who decided, such as agent:LOGIN or desk
	After    string // cursor of the page before
	Limit    int    // at most 200; 0 is 50
}
