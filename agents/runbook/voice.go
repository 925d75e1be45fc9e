package runbook

import (
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// byHandChannels are the ways a case comes in of which a person at the desk is the only one who can ask
// something back at once.
func byHandChannels() []tickets.Channel {
	return []tickets.Channel{tickets.Phone, tickets.Other, tickets.Web}
}

// voiceOnly reports whether nothing that belongs to the account can be written to the customer: neither
// he nor the account has an address that the desk may use. Then somebody tells him by word of mouth.
func (c Case) voiceOnly(now time.Time) bool {
	if c.Account == nil || !slices.Contains(byHandChannels(), c.Ticket.Channel) {
		return false
	}
	a := c.Account.Account
	return !tickets.Mailable(c.Ticket.Requester) && (!tickets.Mailable(a.Email) || a.ContactFresh(now)) &&
		!c.texts(now, tickets.TellCancelOutcome, tickets.TellRefundOutcome, tickets.TellOffer)
}

// texts reports whether the account's own phone can be told all of it by text message.
func (c Case) texts(now time.Time, all ...tickets.Tell) bool {
	a := c.Account.Account
	return a.Phone != "" && !a.ContactFresh(now) &&
		!slices.ContainsFunc(all, func(t tickets.Tell) bool { return !slices.Contains(c.Texts, t) })
}

// toldByPhone reports whether somebody told the customer something by word of mouth after an instant.
func (c Case) toldByPhone(at time.Time) bool {
	return slices.ContainsFunc(c.Messages, func(m tickets.Message) bool {
		return spoken(m) && m.At.After(at)
	})
}

// heardOf reports whether an outcome was told by word of mouth once it was known.
func (c Case) heardOf(tell tickets.Tell) bool {
	step := c.step(tickets.Cancel)
	if tell == tickets.TellRefundOutcome {
		step = c.step(tickets.RefundIt)
	}
	if step.Reason == reasonOwnPart {
		_, told := c.stepsTold()
		return told
	}
	return step.EndedAt != nil && c.toldByPhone(*step.EndedAt)
}

// stepsTold is when the customer was first told by word of mouth how to end what only he can end. It is
// known as soon as cancel began to wait for him, and is told no second time when the case is over.
func (c Case) stepsTold() (time.Time, bool) {
	cancel := c.step(tickets.Cancel)
	if cancel.Reason != reasonOwnPart || cancel.StartedAt == nil {
		return time.Time{}, false
	}
	for _, m := range c.Messages {
		if spoken(m) && m.At.After(*cancel.StartedAt) {
			return m.At, true
		}
	}
	return time.Time{}, false
}

// spoken reports whether the message is what somebody at the desk told the customer by word of mouth.
func spoken(m tickets.Message) bool {
	return m.Direction == tickets.Reply && m.Channel == tickets.Phone
}

// reasonTellByPhone is the reason of an outcome that only a person can tell.
const reasonTellByPhone = "tell_by_phone"

// unasked reports whether a case waits for a customer to whom nobody has said anything: then it is the
// turn of a person at the desk, who rings back or asks while the customer is still there.
func (c Case) unasked(n Next) bool {
	if n.Reason == reasonOwnPart && c.heardOf(tickets.TellCancelOutcome) {
		return false
	}
	return n.Status == tickets.Pending && len(c.Outgoing)+len(n.Tells) == 0 && slices.Contains(byHandChannels(), c.Ticket.Channel)
}
