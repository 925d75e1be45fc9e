package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// listener is who is on the line, as far as it is known now.
type listener struct {
	known bool // sure enough to be told what became of his request
	money bool // sure enough to be told amounts
	sure  bool // sure enough for a yes to any sum
}

// sentence is one thing to be read aloud: a text of the catalogue and what it is filled with.
type sentence struct {
	Key  string
	Fen  int64        // an amount in it, where there is one
	Last account.Date // the last day of use in it, where there is one
	More []string     // texts of the catalogue to be read after it
}

// aloud is the sentence to read to the customer beside each step, made from the case as it stands. What
// the case does not prove is not said, amounts only to whom they may be told; and who is not known hears
// the same whether there is an account or not.
func aloud(v ticketView, l listener, now time.Time) map[tickets.StepName]sentence {
	if !l.known {
		return map[tickets.StepName]sentence{tickets.Verify: {Key: "aloud.who"}}
	}
	out := map[tickets.StepName]sentence{tickets.Verify: {Key: "aloud.verified"}}
	if v.Account == nil {
		return out
	}
	if v.Steps.Get(tickets.Identify).State == tickets.NeedsCustomer {
		out[tickets.Identify] = sentence{Key: "aloud.which"}
		return out
	}
	out[tickets.Cancel] = aloudCancel(v, l)
	if s, ok := aloudQuote(v, l, now); ok {
		out[tickets.QuoteIt] = s
	}
	if s, ok := aloudRefund(v, l); ok {
		out[tickets.RefundIt] = s
	}
	if strings.HasPrefix(out[tickets.Cancel].Key, "aloud.stopped") && tickets.Mailable(v.Account.Account.Email) {
		out[tickets.Notify] = sentence{Key: "aloud.written"}
	}
	return out
}

// aloudCancel claims a stop only where the biller and every agreement that can debit have confirmed it.
func aloudCancel(v ticketView, l listener) sentence {
	switch step := v.Steps.Get(tickets.Cancel); {
	case step.State == tickets.Succeeded && v.silent() && !v.debitable():
		if len(v.InFlight) > 0 {
			return sentence{Key: "aloud.stopped.flight"}
		}
		if last := v.lastDay(); l.money && last != "" && !v.endsSooner() {
			return sentence{Key: "aloud.stopped.until", Last: last}
		}
		return sentence{Key: "aloud.stopped"}
	case step.Reason == "customer_must_act" && v.silent():
		return v.aloudYourself()
	case step.Reason == "nothing_to_stop" && v.silent() && !v.debitable():
		return sentence{Key: "aloud.nothing"}
	case step.Reason == "shared_agreement":
		return sentence{Key: "aloud.shared"}
	case v.held():
		return sentence{Key: "aloud.held"}
	}
	return sentence{Key: "aloud.working"}
}

// aloudYourself says that the customer has to end an agreement himself: the steps come in writing, or are
// read to whom nothing can be written.
func (v ticketView) aloudYourself() sentence {
	if tickets.Mailable(v.Account.Account.Email) {
		return sentence{Key: "aloud.yourself"}
	}
	out := sentence{Key: "aloud.yourself.now"}
	var alive []account.Agreement
	for _, id := range v.Ticket.SubscriptionIDs {
		alive = append(alive, v.Account.Billing(id)...)
	}
	for _, k := range account.Keepers(alive) {
		out.More = append(out.More, "aloud.yourself."+string(k))
	}
	return out
}

// silent reports whether the biller's own record has no debit to come for what the case is about.
func (v ticketView) silent() bool {
	return len(v.Ticket.SubscriptionIDs) > 0 && !slices.ContainsFunc(v.Ticket.SubscriptionIDs, func(id string) bool {
		sub, ok := v.Account.Subscription(id)
		return !ok || sub.AutoRenew || sub.NextChargeAt != nil
	})
}

// debitable reports whether a living agreement can still bill what the case is about.
func (v ticketView) debitable() bool {
	return slices.ContainsFunc(v.Ticket.SubscriptionIDs, func(id string) bool { return len(v.Account.Billing(id)) > 0 })
}

// held reports whether the biller has confirmed that it keeps the debits of the case back.
func (v ticketView) held() bool {
	for _, id := range v.Ticket.SubscriptionIDs {
		i := slices.IndexFunc(v.Effects, func(e tickets.Effect) bool { return e.Kind == tickets.HoldDebits && e.Target == id })
		active := slices.ContainsFunc(v.Holds, func(h tickets.Hold) bool { return h.SubscriptionID == id && h.State == tickets.HoldActive })
		if i < 0 || v.Effects[i].State != tickets.EffectDone || !active {
			return false
		}
	}
	return len(v.Ticket.SubscriptionIDs) > 0
}

// lastDay is the last day of use of what was stopped, where all of it ends on one day.
func (v ticketView) lastDay() account.Date {
	var day account.Date
	for i, id := range v.Ticket.SubscriptionIDs {
		sub, ok := v.Account.Subscription(id)
		if !ok || i > 0 && sub.AccessUntil != day {
			return ""
		}
		day = sub.AccessUntil
	}
	return day
}

// endsSooner reports whether access ends before the paid period does, because the customer chose the refund.
func (v ticketView) endsSooner() bool {
	return v.Quote != nil && v.Acceptance != nil && v.Quote.Body.Mode == account.Now && v.lastDay() != v.Quote.Body.LastDayOfUse
}

// aloudQuote is the offer as long as it waits for a yes.
func aloudQuote(v ticketView, l listener, now time.Time) (sentence, bool) {
	if v.Quote == nil || !v.Steps.Get(tickets.QuoteIt).State.Done() {
		return sentence{}, false
	}
	q := v.Quote.Body
	switch waits := q.Mode == account.Now && v.Acceptance == nil && now.Before(q.ExpiresAt) && len(v.Refunds) == 0; {
	case !waits || q.RefundFen == 0:
		return sentence{}, false
	case l.money && !l.sure && tickets.ActRefund.Need(tickets.Released(q), v.approvalAboveFen, true, false) > 1:
		return sentence{Key: "aloud.offer.code", Fen: q.RefundFen}, true
	case l.money:
		return sentence{Key: "aloud.offer", Fen: q.RefundFen}, true
	}
	return sentence{Key: "aloud.offer.written"}, true
}

// aloudRefund tells how far the money has come: "back" is said when its channel has confirmed each part.
func aloudRefund(v ticketView, l listener) (sentence, bool) {
	var sum int64
	key := "aloud.refund.done"
	for _, r := range v.Refunds {
		switch {
		case r.Elsewhere, r.State == account.RefundRejected, r.State == account.RefundClosed:
			continue
		case r.State == account.RefundProposed:
			key = "aloud.refund.approval"
		case r.State != account.RefundSucceeded && key == "aloud.refund.done":
			key = "aloud.refund.way"
		}
		sum += r.AmountFen
	}
	switch {
	case sum == 0:
		return sentence{}, false
	case l.money:
		return sentence{Key: key, Fen: sum}, true
	}
	return sentence{Key: key + ".sum"}, true
}

// heard judges who is on the line now: by the proofs that cover what was said by word of mouth in this
// case. A caller from the account's own number is spoken to over the registered contact, and the payer
// of two transactions may hear what comes back to him.
func heard(v ticketView, calls []tickets.Call, messages []tickets.Message, now time.Time) listener {
	var l listener
	if v.Account == nil {
		return l
	}
	a := v.Account.Account
	for _, m := range messages {
		if m.Direction != tickets.Inbound || !m.ByMouth() {
			continue
		}
		m.At = now
		level := func(action tickets.Action) int { return tickets.LevelOf(v.Verifications, m, action, a.No) }
		contact := slices.ContainsFunc(calls, func(c tickets.Call) bool {
			return c.Scope() == m.Scope && a.Phone != "" && tickets.NumberOf(c.Caller) == a.Phone && !a.ContactFresh(now)
		})
		l.known = l.known || level(tickets.ActStop) >= tickets.ActStop.Need(0, 0, contact, false)
		l.money = l.money || level(tickets.ActShow) >= tickets.ActShow.Need(0, 0, contact, false) || level(tickets.ActRefund) >= 2
		l.sure = l.sure || level(tickets.ActRefund) >= 2
	}
	return l
}

// loadVoice reads what is said by word of mouth in the case, and what to say.
func (s *Server) loadVoice(ctx context.Context, v *ticketView, messages []tickets.Message) error {
	var err error
	r := s.desk.Reader()
	if v.Calls, err = r.Calls(ctx, v.Ticket.ID); err != nil {
		return err
	}
	if !slices.ContainsFunc(messages, func(m tickets.Message) bool { return m.Direction == tickets.Inbound && m.ByMouth() }) {
		return nil
	}
	now := s.cfg.Now()
	v.Spoken, v.approvalAboveFen = true, s.desk.Settings().Automation.ApprovalAboveFen
	v.Voice = map[tickets.StepName]string{}
	w := s.pages.words[v.customerLanguage()]
	for step, x := range aloud(*v, heard(*v, v.Calls, messages, now), now) {
		v.Voice[step] = w.sentence(x)
	}
	return nil
}

// customerLanguage is the language that the customer speaks.
func (v ticketView) customerLanguage() string {
	if v.Ticket.Locale == "en" {
		return "en"
	}
	return "zh-CN"
}

// sentence puts what is to be read aloud into words.
func (w *words) sentence(x sentence) string {
	all, between := []string{w.filled(x)}, ""
	if w.lang == "en" {
		between = " "
	}
	for _, key := range x.More {
		all = append(all, w.text(key))
	}
	return strings.Join(all, between)
}

func (w *words) filled(x sentence) string {
	switch {
	case x.Fen != 0:
		return w.text(x.Key, w.yuan(x.Fen))
	case x.Last != "":
		return w.text(x.Key, string(x.Last))
	}
	return w.text(x.Key)
}

// LastWord is what an agent reads out to end the case: what became of the stop, and of the money.
func (v ticketView) LastWord() string {
	out := v.Voice[tickets.Cancel]
	if refund := v.Voice[tickets.RefundIt]; refund != "" {
		if v.customerLanguage() == "en" {
			out += " "
		}
		out += refund
	}
	return out
}

// ToTell reports whether an outcome waits for somebody to tell it by word of mouth.
func (v ticketView) ToTell() bool {
	s := v.Steps.Get(tickets.Notify)
	return s.State == tickets.NeedsAgent && s.Reason == "tell_by_phone"
}
