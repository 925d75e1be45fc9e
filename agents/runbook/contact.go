package runbook

import (
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// reasonContactChanged is the reason of what waits because the account's contact data changed less than 72
// hours before: it proves nobody, and nothing that belongs to the account is written to it.
const reasonContactChanged = "contact_changed"

// contactWaits reports whether what belongs to the account can't be told yet. Where a person tells it by
// word of mouth, or it is told in the chat, it does not wait for the contact.
func (c Case) contactWaits(now time.Time) bool {
	return c.Account != nil && c.Account.Account.ContactFresh(now) && !c.voiceOnly(now) &&
		(!c.chatting() || c.Ticket.Channel == tickets.Email)
}

// contactIn is how long until the account's contact may be written to; 0 where nothing changed.
func (c Case) contactIn(now time.Time) time.Duration {
	if c.Account == nil || c.Account.Account.ContactChangedAt == nil {
		return 0
	}
	return c.Account.Account.ContactChangedAt.Add(account.ContactFreshFor).Sub(now)
}

// private reports whether what is told belongs to the account, so that it goes to the address on file only.
func (c Case) private(t tickets.Tell) bool {
	return slices.Contains([]tickets.Tell{tickets.TellCancelOutcome, tickets.TellRefundOutcome, tickets.TellOffer, tickets.TellCodeNeeded}, t) ||
		t == tickets.TellQuestion && c.step(tickets.Cancel).Reason == "shared_agreement"
}

// telling is notify while something that is owed was not taken by the mail server.
func (c Case) telling(owed []tickets.Tell, now time.Time) (Next, bool) {
	if c.contactWaits(now) && slices.ContainsFunc(owed, func(t tickets.Tell) bool { _, told := c.told(t); return !told }) {
		return settle(c, tickets.Notify, tickets.Running, reasonContactChanged,
			"The account's contact data changed less than 72 hours ago. The customer is told when they are over.")
	}
	return settle(c, tickets.Notify, tickets.Running, "", "")
}
