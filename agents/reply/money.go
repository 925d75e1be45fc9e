package reply

import (
	"slices"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// moneyKind is what can be said about money at the moment.
type moneyKind string

const (
	moneyOpen    moneyKind = "open"    // nobody has worked it out yet
	moneyNothing moneyKind = "nothing" // worked out: nothing comes back
	moneyUnclear moneyKind = "unclear" // nothing as far as is known, and not all is known
	moneyOutside moneyKind = "outside" // an outside channel took it, which alone can refund it
	moneyOffered moneyKind = "offered" // comes back if the customer says yes
	moneyLapsed  moneyKind = "lapsed"  // was offered, nobody answered in time
	moneyDue     moneyKind = "due"     // comes back; how far it is stands in Refunds
)

// money is what the newest quote and its refunds say.
type money struct {
	Kind  moneyKind
	Chat  bool // told in a chat and not in a mail
	Quote account.Quote
	// NeedsCode: a yes to it takes a code to the account's own phone.
	NeedsCode bool
	// OwnFen is the part that comes back whatever the customer answers: charges that should not have
	// been.
	OwnFen  int64
	Refunds []returned
	// Outside are those who took what only they can refund, as far as is known.
	Outside []account.Keeper
	// By is the day by which the customer hears what becomes of a refund that has no last word yet; ""
	// where none is waited for, or the day has passed.
	By account.Date
}

// answerDays is how long after a demand for a refund an answer may take, in calendar days of the desk
// (侵害消费者权益行为处罚办法: more than 15 days without one count as delay on purpose).
const answerDays = 15

// returned is one refund with the charge it gives back.
type returned struct {
	Refund account.Refund
	Charge account.Charge
}

func moneyOf(f Facts) money {
	m := moneyKnown(f)
	waits := m.Kind == moneyOpen || m.Kind == moneyUnclear || m.Kind == moneyDue && len(m.Refunds) == 0 ||
		slices.ContainsFunc(m.Refunds, func(r returned) bool { return !r.Refund.State.Final() })
	by := account.DateOf(f.Ticket.ReceivedAt, f.Zone).AddDays(answerDays)
	if waits && by >= account.DateOf(f.Now, f.Zone) {
		m.By = by
	}
	return m
}

// moneyKnown is what the newest quote and its refunds say by themselves.
func moneyKnown(f Facts) money {
	q, ok := f.quote()
	if !ok {
		return money{Kind: moneyOpen, Refunds: f.returns()}
	}
	m := money{Kind: moneyDue, Quote: q, Refunds: f.returns()}
	m.NeedsCode = f.ApprovalAboveFen > 0 && f.Page != "" && tickets.Released(q) > f.ApprovalAboveFen
	for _, l := range q.Lines {
		if l.Ground.OwnFault() {
			m.OwnFen += l.RefundFen
		}
	}
	switch {
	case q.RefundFen == 0 && q.OnlyOutside():
		m.Kind, m.Outside = moneyOutside, f.keepers()
	case q.RefundFen == 0 && len(q.NotKnown) > 0:
		m.Kind = moneyUnclear
	case q.RefundFen == 0:
		m.Kind = moneyNothing
	case f.offered():
		m.Kind = moneyOffered
	case q.Mode == account.Now && !f.accepted() && m.OwnFen < q.RefundFen:
		m.Kind = moneyLapsed
	}
	return m
}

// keepers are who keeps the external agreements of the case's subscriptions, ended ones too.
func (f Facts) keepers() []account.Keeper {
	if f.Account == nil {
		return nil
	}
	return account.Keepers(slices.DeleteFunc(slices.Clone(f.Account.Agreements), func(a account.Agreement) bool { return !f.bills(a) }))
}

// returns are the ticket's refunds, oldest first. One that is void is left out, and one that was closed
// and replaced by another of the same charge, because the other tells the whole story.
func (f Facts) returns() []returned {
	var out []returned
	for i, r := range f.Refunds {
		if r.Elsewhere || r.Void() || r.TicketID != f.Ticket.ID {
			continue
		}
		if r.State == account.RefundClosed && slices.ContainsFunc(f.Refunds[i+1:], func(o account.Refund) bool { return o.ChargeID == r.ChargeID }) {
			continue
		}
		back := returned{Refund: r}
		if f.Account != nil {
			for _, c := range f.Account.Charges {
				if c.ID == r.ChargeID {
					back.Charge = c
				}
			}
		}
		out = append(out, back)
	}
	return out
}

// refundOutcome is what came back, and is refused until each refund has its last word. byHand is what
// somebody sees to outside of the desk, which therefore can't say what became of it.
func refundOutcome(f Facts) (all, byHand []returned, err error) {
	skipped := f.Steps.Get(tickets.RefundIt)
	outside := skipped.State == tickets.Skipped && skipped.Reason == tickets.ReasonByHand
	for _, r := range f.returns() {
		switch stuck := r.Refund.State == account.RefundAbnormal || r.Refund.State == account.RefundClosed; {
		case r.Refund.State.Final():
			all = append(all, r)
		case outside && stuck:
			byHand = append(byHand, r)
		default:
			return nil, nil, untrueOf("Refund " + r.Refund.ID + " is " + string(r.Refund.State) + ", which is not its last word.")
		}
	}
	if outside && f.accepted() {
		byHand = append(byHand, f.unsent()...)
	}
	if len(all)+len(byHand) == 0 {
		return nil, nil, untrue("There is no refund in this case.")
	}
	return all, byHand, nil
}

// unsent is what the newest quote gives back and no refund was made of.
func (f Facts) unsent() []returned {
	q, ok := f.quote()
	if !ok || f.Account == nil {
		return nil
	}
	var out []returned
	for _, l := range q.Lines {
		made := slices.ContainsFunc(f.returns(), func(r returned) bool { return r.Refund.ChargeID == l.ChargeID })
		if l.RefundFen <= 0 || made {
			continue
		}
		back := returned{Refund: account.Refund{ChargeID: l.ChargeID, AmountFen: l.RefundFen}}
		for _, c := range f.Account.Charges {
			if c.ID == l.ChargeID {
				back.Charge = c
			}
		}
		out = append(out, back)
	}
	return out
}

// assetsOf says what becomes of each asset lot: as quoted, or by the same rule where nothing was
// quoted yet.
func assetsOf(f Facts) []account.QuoteAsset {
	if q, ok := f.quote(); ok {
		return q.Assets
	}
	var out []account.QuoteAsset
	for _, a := range f.Account.Assets {
		out = append(out, account.QuoteAsset{
			ID: a.ID, Kind: a.Kind, Source: a.Source, Quantity: a.Quantity,
			ValueFen: a.ValueFen, UsedFen: a.UsedFen, Outcome: a.Outcome(),
		})
	}
	return out
}
