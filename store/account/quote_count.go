package account

import (
	"fmt"
	"time"
)

// counter counts the lines of one quote and collects what it could not know.
type counter struct {
	s        Snapshot
	charges  []Charge // newest first
	faults   map[string]Ground
	asOf     Date
	now      time.Time
	rules    QuoteRules
	notKnown []string
}

// subscription counts one subscription's end and lines in the mode asked for, or to its period's end
// where ending it early would bring nothing back.
func (c *counter) subscription(sub Subscription, mode Mode) (QuoteEnd, []QuoteLine, error) {
	end := c.naturalEnd(sub)
	lines, early, err := c.lines(sub, mode, end)
	if err != nil {
		return QuoteEnd{}, nil, err
	}
	if mode == Now && early == 0 {
		mode = PeriodEnd
		if lines, _, err = c.lines(sub, mode, end); err != nil {
			return QuoteEnd{}, nil, err
		}
	}
	out := QuoteEnd{SubscriptionID: sub.ID, Mode: mode, NextChargeAt: sub.NextChargeAt}
	if end == "" {
		c.missing(notKnownPeriod, sub.ID)
	} else {
		out.LastDayOfUse = end.AddDays(-1)
	}
	if end != "" && end <= c.asOf && sub.StoppedAt == nil {
		c.missing(notKnownRenewal, sub.ID)
	}
	if mode == Now {
		// Policy A gives the day of the request back, but access did exist on it.
		out.LastDayOfUse = c.asOf
		if sub.AccessUntil != "" {
			out.LastDayOfUse = min(c.asOf, sub.AccessUntil)
		}
	}
	return out, lines, nil
}

// naturalEnd is the first day the subscription is not paid for, seen from the day of the request; ""
// where neither its own period nor a paid charge tells. Where the period the desk knows began only
// after the request, the one asked about ended at its start.
func (c *counter) naturalEnd(sub Subscription) Date {
	if sub.StoppedAt != nil {
		return c.s.stopEnd(sub, c.rules.Zone)
	}
	if end := c.s.coveredUntil(sub, c.asOf, func(Charge) bool { return true }); end != "" {
		return end
	}
	if sub.PeriodStart != "" && sub.PeriodStart < sub.PeriodEnd {
		if c.asOf < sub.PeriodStart {
			return sub.PeriodStart
		}
		return sub.PeriodEnd
	}
	var past, ahead Date
	for _, ch := range c.charges {
		switch {
		case ch.SubscriptionID != sub.ID || ch.State != ChargePaid || !ch.hasPeriod():
		case ch.PeriodEnd <= c.asOf:
			past = max(past, ch.PeriodEnd)
		case ahead == "" || ch.PeriodStart < ahead:
			ahead = ch.PeriodStart
		}
	}
	if past != "" {
		return past
	}
	return ahead
}

// lines counts the subscription's charges one by one. early is what comes back only because access
// ends before the period does.
func (c *counter) lines(sub Subscription, mode Mode, end Date) (lines []QuoteLine, early int64, err error) {
	for _, ch := range c.charges {
		if ch.SubscriptionID != sub.ID || !c.concerns(sub, ch) {
			continue
		}
		if ch.State != ChargePaid {
			c.missing(notKnownPending, ch.ID)
			continue
		}
		line, err := c.line(sub, ch, mode, end)
		if err != nil {
			return nil, 0, err
		}
		if line.RefundFen > 0 && c.pastRefundWindow(ch) {
			c.missing(notKnownWindow, ch.ID)
		}
		if line.Ground == UnusedTime && line.PeriodStart < end {
			early = addFen(early, line.RefundFen)
		}
		lines = append(lines, line)
	}
	return lines, early, nil
}

// concerns reports whether the charge has a say in the quote: our own faults always, else what pays
// for days from the request on, or may do so as far as is known.
func (c *counter) concerns(sub Subscription, ch Charge) bool {
	if ch.State == ChargeFailed {
		return false
	}
	if c.faults[ch.ID].OwnFault() || ch.State != ChargePaid {
		return true
	}
	if ch.hasPeriod() {
		return ch.PeriodEnd > c.cancelDay(sub, ch)
	}
	months := sub.Cycle.Months()
	if months == 0 {
		months = Year.Months()
	}
	return DateOf(ch.ChargedAt, c.rules.Zone) >= c.asOf.AddMonths(-months, 0)
}

// cancelDay is the day the charge's unused part counts from: that of the request, or the day access
// really ended where an earlier stop cut the period short.
func (c *counter) cancelDay(sub Subscription, ch Charge) Date {
	if sub.StoppedAt != nil && sub.AccessUntil != "" && sub.AccessUntil.AddDays(1) < ch.PeriodEnd {
		return min(c.asOf, sub.AccessUntil)
	}
	return c.asOf
}

// line counts one paid charge.
func (c *counter) line(sub Subscription, ch Charge, mode Mode, end Date) (QuoteLine, error) {
	sent := c.s.returned(ch)
	l := QuoteLine{
		ChargeID: ch.ID, SubscriptionID: ch.SubscriptionID, ChargedAt: ch.ChargedAt, Currency: ch.Currency,
		PaidFen: ch.AmountFen, RefundedFen: sent.total(), ConsumedFen: ch.ConsumedFen,
	}
	if ch.hasPeriod() {
		l.PeriodStart, l.PeriodEnd = ch.PeriodStart, ch.PeriodEnd
		l.Days = ch.PeriodStart.DaysUntil(ch.PeriodEnd)
	}
	switch ground := c.faults[ch.ID]; {
	case ch.Channel == External:
		c.missing(notKnownExternal, ch.ID)
		l.say(wordsExternal())
	case ch.Currency == "":
		c.missing(notKnownCurrency, ch.ID)
		l.say(wordsNoCurrency())
	case ground.OwnFault():
		l.UnusedDays = l.Days
		if l.RefundFen = leftOf(l.PaidFen, l.RefundedFen); l.RefundFen > 0 {
			l.Ground = ground
		}
		l.say(wordsFault(ground, l))
	case !ch.hasPeriod():
		c.missing(notKnownChargePeriod, ch.ID)
		l.say(wordsNoPeriod())
	case mode == PeriodEnd && ch.PeriodStart < end:
		l.say(wordsPeriodEnd(min(ch.PeriodEnd, end).AddDays(-1)))
	default:
		return l, c.prorate(&l, c.cancelDay(sub, ch), sent)
	}
	return l, nil
}

// prorate fills in the line's unused time. What this desk already sent back of the charge was for the
// same days, so it comes off the share and not only off what is left: two requests never add up.
func (c *counter) prorate(l *QuoteLine, cancel Date, sent returned) error {
	p, err := Prorate(Proration{
		PaidFen: l.PaidFen, RefundedFen: l.RefundedFen, ConsumedFen: l.ConsumedFen,
		Start: l.PeriodStart, End: l.PeriodEnd, Cancel: cancel, Policy: c.rules.Policy,
	})
	if err != nil {
		return fmt.Errorf("%w: charge %s: %w", ErrNotQuotable, l.ChargeID, err)
	}
	l.UnusedDays = p.UnusedDays
	l.RefundFen = min(p.RefundFen, leftOf(p.ProratedFen, sent.desk))
	if l.RefundFen > 0 {
		l.Ground = UnusedTime
	}
	l.say(wordsProrated(*l, p, sent.desk, c.rules.Policy))
	return nil
}

// pastRefundWindow reports whether the channel no longer takes refunds of the charge by itself:
// WeChat Pay 365 days after payment, Alipay 12 months by its usual contract (DOMAIN.md section 2).
func (c *counter) pastRefundWindow(ch Charge) bool {
	switch ch.Channel {
	case WeChat:
		return c.now.After(ch.ChargedAt.AddDate(0, 0, 365))
	case Alipay:
		return c.now.After(ch.ChargedAt.AddDate(1, 0, 0))
	}
	return false
}

func (c *counter) missing(code notKnown, id string) {
	c.notKnown = append(c.notKnown, string(code)+":"+id)
}
