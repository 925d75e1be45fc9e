package tickets

import (
	"slices"
	"strings"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Candidate is a ticket that an incoming mail may belong to.
type Candidate struct {
	Ticket Ticket
	// Signed: the mail answers one of our own signed Message-IDs of this ticket, or came to an address with
	// its signed token.
	Signed bool
	// Addressed: that mail went to this very sender.
	Addressed bool
	// WasAsked: that mail asked this very sender, as the account's registered contact, whether the request
	// was his.
	WasAsked bool
	// Referred: its In-Reply-To or References name a mail of this ticket.
	Referred bool
	// Numbered: the ticket's number stands in its subject.
	Numbered bool
	// TakesPart: it is certainly from somebody other than the requester who takes part in the case.
	TakesPart bool
	// SameSender: a live ticket of the same authenticated address.
	SameSender bool
}

// PlaceMessage decides where an incoming message goes: the index of its ticket among the candidates, or -1
// for a ticket of its own. Our own signed Message-IDs and tokens come first, then foreign Message-IDs, then
// a ticket's number; all only for mail from those who take part in the ticket, its requester and whom the
// desk wrote to in it, because Message-IDs are reused, quoted and forwarded. A number is known to everybody
// and easily guessed, so it counts only in mail that is certainly from one of them. Mail that is certainly
// from an address never joins a ticket that somebody only opened in its name: it would take over what the
// stranger wrote there. A second request of the same authenticated address joins its running ticket unless
// it speaks of another account.
func PlaceMessage(m Message, u intent.Understanding, candidates []Candidate) int {
	his := func(c Candidate) bool { // the requester's own case
		return m.Sender != "" && strings.EqualFold(c.Ticket.Requester, m.Sender) && (c.Ticket.SenderProven || m.Assurance == 0)
	}
	for _, fits := range []func(Candidate) bool{
		func(c Candidate) bool { return c.Signed && m.Assurance >= 1 && c.wroteTo(m.Sender) },
		func(c Candidate) bool { return c.Signed && (his(c) || c.TakesPart) },
		func(c Candidate) bool { return c.Referred && (his(c) || c.TakesPart) },
		func(c Candidate) bool { return c.Numbered && m.Assurance >= 1 && (his(c) || c.TakesPart) },
		func(c Candidate) bool {
			return c.SameSender && c.Ticket.Live() && m.Assurance >= 1 && his(c) &&
				(u.Intent != intent.NotCancellation || u.Withdraws) && sameSubject(c.Ticket, u.Facts)
		},
	} {
		if i := slices.IndexFunc(candidates, fits); i >= 0 {
			return i
		}
	}
	return -1
}

// wroteTo reports whether our mail that is answered makes the ticket the sender's too: it was written to
// him, and not to an address in whose name a stranger opened the ticket.
func (c Candidate) wroteTo(sender string) bool {
	return c.WasAsked || c.Addressed && (c.Ticket.SenderProven || !strings.EqualFold(c.Ticket.Requester, sender))
}

// sameSubject reports whether nothing that the new text states contradicts what the ticket is about.
func sameSubject(t Ticket, f intent.Facts) bool {
	known := t.AccountNo
	if known == "" {
		known = t.Facts.Account
	}
	return (f.Account == "" || known == "" || f.Account == known || f.Account == t.Facts.Account) &&
		(f.OrderNo == "" || t.Facts.OrderNo == "" || f.OrderNo == t.Facts.OrderNo)
}

// Arrival is what a message does to the ticket it was placed in.
type Arrival string

// The arrivals: Append leaves the status, Reopen brings the ticket back to work, Follow makes a new
// linked ticket, Urgent the same and marks it urgent.
const (
	Append Arrival = "append"
	Reopen Arrival = "reopen"
	Follow Arrival = "follow"
	Urgent Arrival = "urgent"
)

// Arrive decides by the ticket's status and the message: after closed any message opens a linked
// ticket; on a solved one a mistaken charge opens a linked urgent one, thanks change nothing, and
// everything else reopens (DESIGN.md section 2).
func Arrive(s Status, u intent.Understanding) Arrival {
	mistaken := slices.Contains(u.Intents, intent.RefundMistakenCharge)
	switch {
	case (s == Solved || s == Closed) && mistaken:
		return Urgent
	case s == Closed:
		return Follow
	case s == Solved && u.Thanks:
		return Append
	case s == Solved:
		return Reopen
	}
	return Append
}

// safety orders intents so that what stops money comes first.
func safety() []intent.Intent {
	return []intent.Intent{
		intent.RefundMistakenCharge, intent.CancelAndRefund, intent.StopAutoRenew, intent.AssetDisposal,
		intent.EntryComplaint, intent.Clarify, intent.StatusInquiry, intent.NotCancellation,
	}
}

// The reasons of a status that the steps ask about: the one question whether to stop is with the
// customer, he may have taken his request back, he came back with a new one after the case was
// solved, or the case became part of another.
const (
	ReasonUnclear       = "unclear"
	ReasonNotVerified   = "not_verified"
	ReasonHoldRefused   = "hold_refused" // not verified either, and the biller keeps nothing back meanwhile
	ReasonCustomerWrote = "customer_wrote"
	ReasonWithdrawal    = "withdrawal_asked"
	ReasonAskedAgain    = "asked_again"
	ReasonJoined        = "joined"
	ReasonPauseAsked    = "pause_asked" // he wants a pause, and nothing ended
	ReasonDenied        = "denied"      // the registered contact said that the request was not his
)

// asks is what a message asks for in the context of its ticket: a bare yes to our question whether
// to stop asks to stop.
func asks(u intent.Understanding, t Ticket) []intent.Intent {
	if !t.asked(u) {
		return u.Intents
	}
	if t.Reason == ReasonNotVerified || t.Reason == ReasonHoldRefused {
		return []intent.Intent{intent.StopAutoRenew} // all that the registered contact was asked about
	}
	var stops []intent.Intent
	for _, i := range t.Intents {
		if i.Stops() {
			stops = append(stops, i)
		}
	}
	if len(stops) == 0 {
		return []intent.Intent{intent.StopAutoRenew}
	}
	return stops
}

// asked reports whether the message is a bare yes to our question whether to stop, or whether it was he
// who asked to.
func (t *Ticket) asked(u intent.Understanding) bool {
	waits := t.Status == Pending && (t.Reason == ReasonUnclear || t.Reason == ReasonNotVerified)
	return u.Affirms && (waits || t.Status == Open && t.Reason == ReasonHoldRefused)
}

// clearly is the confidence from which what a line of a chat asks for counts against what one before took back.
const clearly = 0.75

// heard takes in what a later message says and returns the reason to open the ticket for, "" where
// its status stays. A request is taken back by whom it came from, with the assurance it has; anybody
// else's withdrawal is only read, because a forged one must not keep a stop from going on.
func (t *Ticket) heard(m Message, u intent.Understanding, how Arrival) string {
	t.Absorb(u)
	his := m.Assurance >= 1 && (m.Scope != "" || m.Sender != "" && strings.EqualFold(m.Sender, t.Requester))
	t.SenderProven = t.SenderProven || his
	again := m.Channel == Chat && !u.Withdraws && u.Confidence >= clearly && slices.ContainsFunc(u.Intents, intent.Intent.Stops)
	switch {
	case again && his && t.Live() && t.Objection == ReasonWithdrawal:
		t.Objection = "" // he wants it after all, and says so as plainly as at first
		return ReasonAskedAgain
	case u.Withdraws && his && (t.Live() || how == Reopen):
		return ReasonWithdrawal
	case how == Reopen && slices.ContainsFunc(u.Intents, intent.Intent.Stops):
		return ReasonAskedAgain
	case how == Reopen, t.Status == Pending:
		return ReasonCustomerWrote
	}
	return ""
}

// Absorb adds what a later message says to the ticket: more intents, more flags, and facts where the
// ticket had none. The primary intent changes only from one that stops nothing to one that does, or
// by a bare yes to our question, which asked whether to stop.
func (t *Ticket) Absorb(u intent.Understanding) {
	// The lists are changed below, and whoever else holds them (the message that made the ticket) must
	// not see it.
	t.Intents, t.Flags = slices.Clone(t.Intents), slices.Clone(t.Flags)
	for _, f := range u.Flags {
		if !slices.Contains(t.Flags, f) {
			t.Flags = append(t.Flags, f)
		}
	}
	fillFacts(&t.Facts, u.Facts)
	heard := asks(u, *t)
	if t.asked(u) {
		u.Confidence = 1
		u.Why = append([]string{"the customer said yes to our question whether to stop the charges"}, u.Why...)
	}
	if !slices.ContainsFunc(heard, intent.Intent.Stops) {
		return
	}
	if before := t.Stops(); !before || u.Confidence > t.Confidence {
		t.Confidence, t.Why = u.Confidence, u.Why
	}
	for _, i := range heard {
		if !slices.Contains(t.Intents, i) {
			t.Intents = append(t.Intents, i)
		}
	}
	t.Intents = slices.DeleteFunc(t.Intents, func(i intent.Intent) bool {
		return i == intent.Clarify || i == intent.NotCancellation
	})
	slices.SortStableFunc(t.Intents, func(a, b intent.Intent) int {
		return slices.Index(safety(), a) - slices.Index(safety(), b)
	})
	t.Intent = t.Intents[0]
}

func fillFacts(into *intent.Facts, from intent.Facts) {
	fill := func(to *string, s string) {
		if *to == "" {
			*to = s
		}
	}
	fill(&into.Account, from.Account)
	fill(&into.Phone, from.Phone)
	fill(&into.Email, from.Email)
	fill(&into.OrderNo, from.OrderNo)
	fill(&into.PaymentMethod, from.PaymentMethod)
	fill(&into.Period, from.Period)
	fill(&into.NationalID, from.NationalID)
	fill(&into.Reason, from.Reason)
	fill(&into.ChannelTxnID, from.ChannelTxnID)
	fill(&into.ChargedAt, from.ChargedAt)
	fill(&into.CardTail, from.CardTail)
	if into.AmountFen == 0 {
		into.AmountFen = from.AmountFen
	}
}
