package web

import (
	"slices"
	"strconv"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// maxLooks is how often a page looks for news by itself; whoever types is not disturbed for long.
const maxLooks = 8

// Refresh is the address at which the page of a case that somebody speaks in looks whether what was just
// set going is done; "" where there is nothing to wait for, or where it has waited long enough.
func (v ticketView) Refresh() string {
	if !v.Spoken || v.Look < 0 || v.Look >= maxLooks || !v.busy() {
		return ""
	}
	return "/tickets/" + v.Ticket.Number() + "?look=" + strconv.Itoa(v.Look+1)
}

// busy reports whether a worker has something to do in the case right now, as far as it can be seen:
// what waits for a person or for another machine is not.
func (v ticketView) busy() bool {
	proposed := slices.ContainsFunc(v.Refunds, func(r account.Refund) bool { return r.State == account.RefundProposed })
	answered := func(s tickets.Step) bool {
		return s.Name == tickets.RefundIt && (s.Reason == "acceptance" && v.Acceptance != nil || s.Reason == "approval" && !proposed) ||
			s.Name == tickets.Notify && v.ToTell() && len(v.Timeline) > 0 && byMouth(v.Timeline[len(v.Timeline)-1])
	}
	// Who was just proven to be the customer sets going what waited for it.
	proven := func(s tickets.Step) bool {
		return (s.Name == tickets.Identify || s.Name == tickets.Verify) && s.State.Waits() && s.StartedAt != nil &&
			slices.ContainsFunc(v.Verifications, func(p tickets.Verification) bool { return p.VoidedAt == nil && p.At.After(*s.StartedAt) })
	}
	waits := slices.ContainsFunc(v.Steps, func(s tickets.Step) bool { return s.State.Waits() || s.State == tickets.Unknown })
	begun := slices.ContainsFunc(v.Steps, func(s tickets.Step) bool { return !s.State.Done() })
	return v.Ticket.Live() && (v.Run == nil || v.Working() || slices.ContainsFunc(v.Steps, answered) || slices.ContainsFunc(v.Steps, proven) || begun && !waits)
}

// byMouth reports whether a line of the conversation is what an agent told the customer.
func byMouth(e entry) bool {
	return e.Message != nil && e.Message.Direction == tickets.Reply && e.Message.Channel == tickets.Phone
}
