package reply

import (
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// Address is a mailbox with the name people see.
type Address struct {
	Name    string
	Address string // bare, ASCII
}

// Thread is what a mail answers.
type Thread struct {
	Subject    string   // of the customer's mail; "" where the recipient wrote none
	InReplyTo  string   // Message-ID without brackets, "" where there is none
	References []string // oldest first, without brackets
}

// Facts is everything a mail may be composed from, as it stood in one transaction. What is not in it
// is not said.
type Facts struct {
	Tell    tickets.Tell
	Now     time.Time
	Zone    *time.Location
	From    Address
	Product string // what customers know the platform by
	MailID  string // Message-ID without brackets
	ReplyTo string // where answers come to, "" for the sender's own address
	// Page is the address of the customer's own page, "" for none. It is set only for a registered
	// contact and for the writer of an authenticated mail.
	Page      string
	Recipient string // bare address
	Thread    Thread
	Ticket    tickets.Ticket
	// Account is nil until the ticket is identified.
	Account     *account.Snapshot
	Steps       tickets.Steps
	Effects     []tickets.Effect
	Quotes      []tickets.SavedQuote // oldest first
	Acceptances []tickets.Acceptance
	Refunds     []account.Refund
	Holds       []tickets.Hold
	// ApprovalAboveFen is the sum above which a yes to a quote takes a code; 0 is none.
	ApprovalAboveFen int64
	// InFlight are the debits that a stop came too late for.
	InFlight []account.DebitInFlight
	// Proven says that the customer of the chat which it goes into was proven to be somebody, and Shown
	// that it is proven well enough to read what belongs to the account there.
	Proven, Shown bool
	// Answer is the agent's message, for TellAnswer only, and Files are what goes with it.
	Answer *tickets.Message
	Files  []File
	// Code is what TellCode sends, and EnterAt where it is entered.
	Code    *tickets.Code
	EnterAt string
}

// private reports whether the mail tells what belongs to the account: then it goes to the address on
// file and nowhere else (DESIGN.md section 4).
func (f Facts) private() bool {
	switch f.Tell {
	case tickets.TellCancelOutcome, tickets.TellRefundOutcome, tickets.TellOffer, tickets.TellHoldAsked, tickets.TellCode, tickets.TellCodeNeeded, tickets.TellWithdrawn:
		return true
	case tickets.TellQuestion:
		return f.asksShared()
	}
	return false
}

// reasonShared is the runbook's reason for a cancel step that waits for the customer's word about an
// agreement which also pays for something else.
const reasonShared = "shared_agreement"

// asksShared reports whether the one question is about such an agreement, and not about what the
// customer wants at all.
func (f Facts) asksShared() bool {
	cancel := f.Steps.Get(tickets.Cancel)
	return cancel.State == tickets.NeedsCustomer && cancel.Reason == reasonShared
}

// onFile reports whether the recipient is the account's registered contact and has been for 72 hours.
func (f Facts) onFile() bool {
	return f.Account != nil && registered(f.Account.Account, f.Recipient, f.Now)
}

func registered(a account.Account, address string, at time.Time) bool {
	return a.Email != "" && strings.EqualFold(a.Email, address) && !a.ContactFresh(at)
}

// quote is the newest quote, and whether there is one.
func (f Facts) quote() (account.Quote, bool) {
	if len(f.Quotes) == 0 {
		return account.Quote{}, false
	}
	q := f.Quotes[len(f.Quotes)-1]
	return q.Body, q.Body.Hash != "" || q.Hash != ""
}

// accepted reports whether the customer said yes to the newest quote.
func (f Facts) accepted() bool {
	if len(f.Quotes) == 0 {
		return false
	}
	hash := f.Quotes[len(f.Quotes)-1].Hash
	return slices.ContainsFunc(f.Acceptances, func(a tickets.Acceptance) bool { return a.QuoteHash == hash })
}

// offered reports whether the newest quote waits for the customer's yes and still holds.
func (f Facts) offered() bool {
	q, ok := f.quote()
	return ok && q.Mode == account.Now && q.RefundFen > 0 && !f.accepted() && f.Now.Before(q.ExpiresAt)
}

// own are the subscriptions the ticket is about.
func (f Facts) own() []account.Subscription {
	var out []account.Subscription
	for _, id := range f.Ticket.SubscriptionIDs {
		if sub, ok := f.Account.Subscription(id); ok {
			out = append(out, sub)
		}
	}
	return out
}

// bills reports whether the agreement covers a subscription of the ticket.
func (f Facts) bills(a account.Agreement) bool {
	return slices.ContainsFunc(f.Ticket.SubscriptionIDs, a.Bills)
}

// alive are the living agreements that can still bill a subscription of the ticket.
func (f Facts) alive() []account.Agreement {
	var out []account.Agreement
	if f.Account == nil {
		return nil
	}
	for _, a := range f.Account.Agreements {
		if a.Alive() && f.bills(a) {
			out = append(out, a)
		}
	}
	return out
}

// shared are the living agreements that also pay for a renewing subscription the ticket is not about.
// They end only by the customer's word. External ones never do: they are not ours to end.
func (f Facts) shared() []account.Agreement {
	return slices.DeleteFunc(f.alive(), func(a account.Agreement) bool {
		return a.Channel == account.External || len(f.others(a)) == 0
	})
}

// others are the renewing subscriptions outside the ticket that the agreement pays for.
func (f Facts) others(a account.Agreement) []account.Subscription {
	var out []account.Subscription
	for _, s := range f.Account.Subscriptions {
		if s.AutoRenew && a.Bills(s.ID) && !slices.Contains(f.Ticket.SubscriptionIDs, s.ID) {
			out = append(out, s)
		}
	}
	return out
}
