package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Case is everything a plan looks at, as it is stored now.
type Case struct {
	Ticket      tickets.Ticket
	Messages    []tickets.Message
	Run         *tickets.Run // nil before the first one
	Steps       tickets.Steps
	Effects     []tickets.Effect
	Quotes      []tickets.SavedQuote
	Acceptances []tickets.Acceptance
	Refunds     []account.Refund
	// Linked are the refunds of linked cases: limits count them together.
	Linked   []account.Refund
	Outgoing []tickets.Outgoing
	// Verifications are the proofs of who spoke, ended ones too; Holds what the case asked the biller to
	// keep back.
	Verifications []tickets.Verification
	Holds         []tickets.Hold
	// HeldBefore are the holds of any case on the subscriptions of this one.
	HeldBefore []tickets.Hold
	// Chats are the conversations that the case is told in.
	Chats []tickets.Conversation
	// Account is the ticket's account as it stands now; nil until identified.
	Account *account.Snapshot
	// Matches are the accounts that the stated facts and the sender's address point at; filled only
	// while the ticket is not identified.
	Matches []Match
	// QuoteChanged: a refund that was not sent yet would be another if it were worked out now.
	QuoteChanged bool
	// Channels are the payment channels that the desk has access to.
	Channels []account.PaymentChannel
	// Texts are the words that the desk can send to a phone as text messages.
	Texts []tickets.Tell
	// Tried are the keys of effects that this job tried already without getting a last word: they
	// are not tried again before the next one.
	Tried []string
	// Progressed reports whether this job has moved the case on already.
	Progressed bool
}

// Match says which accounts one stated fact points at.
type Match struct {
	By       tickets.AccountKey
	Stated   bool // by the customer's words, not by the sender's address
	Accounts []string
}

// load reads a case.
func load(ctx context.Context, r tickets.Reader, id int64) (Case, error) {
	var c Case
	var err error
	if c.Ticket, err = r.Ticket(ctx, id); err != nil {
		return c, fmt.Errorf("load ticket: %w", err)
	}
	if c.Messages, err = r.Messages(ctx, id); err != nil {
		return c, fmt.Errorf("load messages: %w", err)
	}
	switch run, steps, err := r.LatestRun(ctx, id); {
	case err == nil:
		c.Run, c.Steps = &run, steps
	case !errors.Is(err, tickets.NotFound):
		return c, fmt.Errorf("load run: %w", err)
	}
	if c.Effects, err = r.Effects(ctx, id); err != nil {
		return c, fmt.Errorf("load effects: %w", err)
	}
	if c.Quotes, err = r.Quotes(ctx, id); err != nil {
		return c, fmt.Errorf("load quotes: %w", err)
	}
	if c.Acceptances, err = r.Acceptances(ctx, id); err != nil {
		return c, fmt.Errorf("load acceptances: %w", err)
	}
	if c.Refunds, err = r.Refunds(ctx, id); err != nil {
		return c, fmt.Errorf("load refunds: %w", err)
	}
	if c.Linked, err = r.LinkedRefunds(ctx, id); err != nil {
		return c, fmt.Errorf("load linked refunds: %w", err)
	}
	if c.Outgoing, err = r.Outgoing(ctx, id); err != nil {
		return c, fmt.Errorf("load outgoing: %w", err)
	}
	// A code says nothing about the case, so it answers nobody and owes nothing.
	c.Outgoing = slices.DeleteFunc(c.Outgoing, func(o tickets.Outgoing) bool { return o.Tell == tickets.TellCode })
	if c.Verifications, err = r.Verifications(ctx, id); err != nil {
		return c, fmt.Errorf("load verifications: %w", err)
	}
	if c.Holds, err = r.Holds(ctx, id); err != nil {
		return c, fmt.Errorf("load holds: %w", err)
	}
	if c.HeldBefore, err = r.HoldsOn(ctx, c.Ticket.SubscriptionIDs); err != nil {
		return c, fmt.Errorf("load holds of the subscriptions: %w", err)
	}
	if slices.ContainsFunc(c.Messages, func(m tickets.Message) bool { return m.Channel == tickets.Chat }) {
		if c.Chats, err = r.Conversations(ctx, id); err != nil {
			return c, fmt.Errorf("load conversations: %w", err)
		}
	}
	if c.Ticket.AccountNo == "" {
		c.Matches, err = matches(ctx, r, c)
		return c, err
	}
	snap, err := r.Snapshot(ctx, c.Ticket.AccountNo)
	if err != nil {
		return c, fmt.Errorf("load account: %w", err)
	}
	c.Account = &snap
	return c, nil
}

// matches looks up what the ticket states, who sent it and whom somebody was proven to be.
func matches(ctx context.Context, r tickets.Reader, c Case) ([]Match, error) {
	type key struct {
		by     tickets.AccountKey
		value  string
		stated bool
	}
	t, f := c.Ticket, c.Ticket.Facts
	var out []Match
	look := func(k key) error {
		if k.value == "" || (k.by == tickets.ByEmail && !strings.Contains(k.value, "@")) {
			return nil
		}
		found, err := r.FindAccounts(ctx, k.by, k.value)
		out = append(out, Match{By: k.by, Stated: k.stated, Accounts: found})
		if err != nil {
			return fmt.Errorf("look up account by %s: %w", k.by, err)
		}
		return nil
	}
	for _, no := range tickets.ProvenAccounts(c.Verifications) {
		if err := look(key{tickets.ByAccount, no, false}); err != nil {
			return nil, err
		}
	}
	for _, k := range []key{
		{tickets.ByEmail, t.Requester, false},
		{tickets.ByAccount, f.Account, true},
		{tickets.ByPhone, f.Phone, true},
		{tickets.ByEmail, f.Email, true},
		{tickets.ByOrderNo, f.OrderNo, true},
		{tickets.ByTxnID, f.ChannelTxnID, true},
	} {
		if err := look(k); err != nil {
			return nil, err
		}
	}
	// The number that rang counts only where nothing that was stated points anywhere: somebody may ring for an
	// account that is not under his own number.
	if t.Channel == tickets.Phone && f.Phone == "" && !slices.ContainsFunc(out, func(m Match) bool { return len(m.Accounts) > 0 }) {
		if err := look(key{tickets.ByPhone, tickets.NumberOf(t.Requester), true}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// asked returns the messages that ask for any of the intents, oldest first.
func (c Case) asked(any ...intent.Intent) []tickets.Message {
	return c.inbound(func(m tickets.Message) bool {
		return slices.ContainsFunc(m.Asks, func(i intent.Intent) bool { return slices.Contains(any, i) })
	})
}

// inbound returns the messages by people that f picks, oldest first.
func (c Case) inbound(f func(tickets.Message) bool) []tickets.Message {
	var out []tickets.Message
	for _, m := range c.Messages {
		if m.ByPerson() && f(m) {
			out = append(out, m)
		}
	}
	return out
}

// verified returns the first of the messages that is sure enough for a stop.
func (c Case) verified(messages []tickets.Message) (tickets.Message, bool) {
	return c.sureOf(messages, tickets.ActStop, 1)
}

// sureOf returns the first of the messages whose speaker is known at the level for the action.
func (c Case) sureOf(messages []tickets.Message, a tickets.Action, level int) (tickets.Message, bool) {
	i := slices.IndexFunc(messages, func(m tickets.Message) bool { return c.level(m, a) >= level })
	if i < 0 {
		return tickets.Message{}, false
	}
	return messages[i], true
}

// level is how sure it is for an action who speaks in a message: by the verifications that cover it,
// and for an authenticated mail by the account's registered address. Contact data changed less than 72
// hours before lifts nobody.
func (c Case) level(m tickets.Message, a tickets.Action) int {
	if c.Account == nil {
		return 0
	}
	acc := c.Account.Account
	level := tickets.LevelOf(c.Verifications, m, a, acc.No)
	if m.Channel == tickets.Email && m.Assurance >= 1 && acc.Email != "" && strings.EqualFold(m.Sender, acc.Email) && !acc.ContactFresh(m.At) {
		level = max(level, tickets.MethodAddress.Gives(a))
	}
	return level
}

// wants reports whether the ticket is about the intent.
func (c Case) wants(any ...intent.Intent) bool {
	return slices.ContainsFunc(c.Ticket.Intents, func(i intent.Intent) bool { return slices.Contains(any, i) })
}

func (c Case) step(name tickets.StepName) tickets.Step { return c.Steps.Get(name) }

func (c Case) effect(key string) (tickets.Effect, bool) {
	i := slices.IndexFunc(c.Effects, func(e tickets.Effect) bool { return e.Key == key })
	if i < 0 {
		return tickets.Effect{}, false
	}
	return c.Effects[i], true
}

func (c Case) tried(key string) bool { return slices.Contains(c.Tried, key) }

// reaches reports whether the desk has access to the payment channel.
func (c Case) reaches(ch account.PaymentChannel) bool { return slices.Contains(c.Channels, ch) }

// reachesCharge reports whether the desk has access to the channel the charge was debited through.
func (c Case) reachesCharge(id string) bool {
	return slices.ContainsFunc(c.Account.Charges, func(ch account.Charge) bool { return ch.ID == id && c.reaches(ch.Channel) })
}

// told returns the newest mail of that kind, and whether there is one.
func (c Case) told(tell tickets.Tell) (o tickets.Outgoing, exists bool) {
	for _, o := range slices.Backward(c.Outgoing) {
		if o.Tell == tell {
			return o, true
		}
	}
	return tickets.Outgoing{}, false
}

// saidAfter reports whether a person's answer or an outcome was sent to the customer after an instant,
// or told him by word of mouth.
func (c Case) saidAfter(at time.Time) bool {
	return c.toldByPhone(at) || slices.ContainsFunc(c.Outgoing, func(o tickets.Outgoing) bool {
		last := o.Tell == tickets.TellAnswer || o.Tell == tickets.TellCancelOutcome || o.Tell == tickets.TellRefundOutcome
		return last && o.State == tickets.OutgoingSent && o.At.After(at)
	})
}

// quote is the newest quote of the run.
func (c Case) quote() (tickets.SavedQuote, bool) {
	for _, q := range slices.Backward(c.Quotes) {
		if q.RunID == c.Run.ID {
			return q, true
		}
	}
	return tickets.SavedQuote{}, false
}

// quoted reports whether the run made a quote with that hash.
func (c Case) quoted(hash string) bool {
	return slices.ContainsFunc(c.Quotes, func(q tickets.SavedQuote) bool { return q.RunID == c.Run.ID && q.Hash == hash })
}

// accepted reports whether the customer said yes to the newest quote, and it is as sure as the money that
// it releases takes who said so. A yes from before the request was taken back, or the case given to another
// account, was to what is gone since, though the sum may be the same.
func (c Case) accepted(level int) bool {
	q, ok := c.quote()
	return ok && slices.ContainsFunc(c.Acceptances, func(a tickets.Acceptance) bool {
		return a.QuoteHash == q.Hash && a.Level >= level && !slices.ContainsFunc(c.Refunds, func(r account.Refund) bool {
			return r.Void() && r.Detail != account.VoidQuoteChanged && r.DecidedAt != nil && !a.At.After(*r.DecidedAt)
		})
	})
}

// offered is the newest mail that told the customer of the newest quote; false where none has yet.
func (c Case) offered() (tickets.Outgoing, bool) {
	q, ok := c.quote()
	for _, o := range slices.Backward(c.Outgoing) {
		if ok && (o.Tell == tickets.TellCancelOutcome || o.Tell == tickets.TellOffer) && !o.At.Before(q.At) {
			return o, true
		}
	}
	return tickets.Outgoing{}, false
}

// offeredBefore reports whether every mail that offers a quote was spent on an older one.
func (c Case) offeredBefore() bool {
	_, now := c.offered()
	_, offer := c.told(tickets.TellOffer)
	return !now && offer
}

// yes is the customer's bare yes, sure enough for the level, to what told of the newest quote. A yes from
// before that, or from after a person wrote again, was to something else.
func (c Case) yes(level int) (tickets.Message, bool) {
	q, _ := c.quote()
	offer, told := c.offered()
	if !told || offer.SentAt == nil {
		return tickets.Message{}, false
	}
	return c.sureOf(c.inbound(func(m tickets.Message) bool {
		return m.Affirms && m.At.After(*offer.SentAt) && !m.At.After(q.Body.ExpiresAt) &&
			!slices.ContainsFunc(c.Outgoing, func(o tickets.Outgoing) bool {
				return o.Tell == tickets.TellAnswer && o.At.After(offer.At) && o.At.Before(m.At)
			})
	}), tickets.ActRefund, level)
}

// proposer is who a refund is proposed by: the desk where its rules and the customer's own words lead to
// it, and the agent without whose word there would be none. Somebody else then has to release it. A yes
// that an agent wrote down is the customer's own where it is sure who said it, up to the sum that takes
// an approval: above it nobody both writes down the yes and releases the money, whatever proved the speaker.
func (c Case) proposer(p Proposal, approvalAboveFen int64) string {
	if p.OwnFault {
		return string(tickets.DeskActor) // our own record alone grounds it
	}
	of := func(a tickets.Acceptance) bool { return a.QuoteHash == p.QuoteHash }
	q, _ := c.quote()
	large := approvalAboveFen > 0 && tickets.Released(q.Body) > approvalAboveFen &&
		!slices.ContainsFunc(c.Acceptances, func(a tickets.Acceptance) bool { return of(a) && a.By == string(tickets.CustomerActor) })
	for _, a := range slices.Backward(c.Acceptances) {
		if of(a) && (large || a.Level < 1) && strings.HasPrefix(a.By, "agent:") {
			return a.By
		}
	}
	for _, why := range c.Ticket.Why {
		if by, set := strings.CutPrefix(why, tickets.SetBy); set && strings.HasPrefix(by, "agent:") {
			return by
		}
	}
	return string(tickets.DeskActor)
}
