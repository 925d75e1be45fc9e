package account

import (
	"strings"
	"time"
)

// RefundState is where a refund stands.
type RefundState string

// The states of a refund. Succeeded and rejected are final by themselves; closed and abnormal need
// a person; unknown is neither success nor failure and is queried until it is one.
const (
	RefundProposed   RefundState = "proposed"
	RefundApproved   RefundState = "approved"
	RefundSubmitted  RefundState = "submitted"
	RefundProcessing RefundState = "processing"
	RefundSucceeded  RefundState = "succeeded"
	RefundClosed     RefundState = "closed"
	RefundAbnormal   RefundState = "abnormal"
	RefundUnknown    RefundState = "unknown"
	RefundRejected   RefundState = "rejected"
)

// Reserves reports whether a refund in this state counts against what may still come back of its
// charge. Only a refund that certainly moves no money any more frees its reservation.
func (s RefundState) Reserves() bool { return s != RefundRejected && s != RefundClosed }

// Final reports whether the customer can be told a last word about the refund.
func (s RefundState) Final() bool { return s == RefundSucceeded || s == RefundRejected }

// Refund is money on its way back to the payer of one charge, and to nobody else: it has no payee
// field on purpose.
type Refund struct {
	ID        string `gorm:"primaryKey"`
	ChargeID  string
	AccountNo string
	TicketID  int64 // 0 for a refund made elsewhere
	AmountFen int64
	State     RefundState
	// Key is the refund number the channel knows it by: the same key refunds once, whatever happens.
	Key string
	// OwnFault marks a refund that our own record grounds (a cycle after the stop, twice in a cycle).
	OwnFault  bool
	Reason    string
	QuoteHash string
	Proposer  string // "desk" or "agent:LOGIN"
	Approver  string // "desk" where the rules let it release by itself, else "agent:LOGIN", never the proposer's login
	At        time.Time
	DecidedAt *time.Time
	DoneAt    *time.Time
	Detail    string // the channel's last word
	Elsewhere bool   // made by the platform itself; counted in every cap
	// Involved are those without whose word the refund would not be, as ",agent:LOGIN,key:ID,"; "" nobody.
	Involved string
	// Supervised lets nobody release it but a supervisor who is not involved, whatever the sum.
	Supervised bool
	Version    int64
}

// InvolvedIn reports whether the refund rests on the actor's word.
func (r Refund) InvolvedIn(actor string) bool {
	return strings.Contains(strings.ToLower(r.Involved), ","+strings.ToLower(actor)+",")
}

// The details of a proposal that is void: the case turned out to be somebody else's, what it was worked
// out from has changed, or the request was taken back. It was nobody's decision about the money, so nobody is told of it.
const (
	VoidRelinked     = "relinked"
	VoidQuoteChanged = "quote_changed"
	VoidWithdrawn    = "withdrawn"
)

// Void reports whether the refund was turned down only because what it was proposed on is gone.
func (r Refund) Void() bool {
	return r.State == RefundRejected && (r.Detail == VoidRelinked || r.Detail == VoidQuoteChanged || r.Detail == VoidWithdrawn)
}
