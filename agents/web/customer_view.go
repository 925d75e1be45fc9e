package web

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// customerView is what a customer reads of his case. What a mail to this very address did not say is in it
// only after a code.
type customerView struct {
	Link   string // of the page
	Nonce  string
	Ticket tickets.Ticket
	// Registered: the link went to the account's contact, so the state may be told.
	Registered bool
	Clicks     bool // whether a click of his counts
	Quoted     bool // the link came back to the desk, so that everything takes a code
	Told       bool // whether the state may be told
	Phase      string
	HeldUntil  *time.Time
	Stopped    []account.Subscription // of the case, as far as contents may be shown
	Ended      []account.Agreement
	Refunds    []account.Refund
	Offer      *account.Quote // waits for a yes
	Accepted   bool
	Hidden     bool // there is more to see after a code
	Ways       []codeWay
	YesWays    []codeWay // those whose code is enough for the sum of the offer
	Entering   *entering
	Done       string
	Can        customerCan
}

type customerCan struct{ Stop, Pause, Deny, Add bool }

// codeWay is where a code can go. To is masked, "" for whoever may not know.
type codeWay struct{ Way, To string }

// entering is the code that was just sent.
type entering struct {
	ID, Then, Quote string
	Wrong           bool
}

// customerView reads what the page shows.
func (s *Server) customerView(c echo.Context, p tickets.Page) (customerView, error) {
	ctx, r, t := c.Request().Context(), s.desk.Reader(), p.Ticket
	v := customerView{
		Link: s.pageOf(c), Nonce: strings.ToLower(rand.Text()), Ticket: t, Registered: p.Registered, Clicks: p.Clicks(), Quoted: p.Quoted, Phase: "received",
		Done: known(s.doneIn(c), "stop", "pause", "deny", "add", "show", "accept", "code"),
	}
	all, err := r.Verifications(ctx, t.ID)
	if err != nil {
		return v, err
	}
	outgoing, err := r.Outgoing(ctx, t.ID)
	if err != nil {
		return v, err
	}
	pass := ""
	if cookie, err := c.Cookie(passCookie); err == nil {
		pass = cookie.Value
	}
	level := s.desk.Settings().Pages.Passed(c.Param("token"), pass, all, t.AccountNo, s.cfg.Now())
	opened := p.Account != nil && level >= tickets.ActShow.Need(0, 0, p.Registered, false)
	v.Told = p.Account != nil && (p.Registered || opened)
	if v.Told {
		if err := v.state(ctx, r, p, toldWhat{opened: opened, registered: p.Registered, address: p.Address, outgoing: outgoing}, s.cfg.Now()); err != nil {
			return v, err
		}
	}
	v.Hidden = !opened && (!p.Registered || v.hides(p))
	over := t.Status == tickets.Closed
	waits := slices.Contains([]string{"held", "asked", "working", "paused", "paused_held"}, v.Phase)
	verified := tickets.LevelOf(all, newest(p.Messages), tickets.ActStop, t.AccountNo) > 0
	paused := t.Reason == tickets.ReasonPauseAsked // and he may still want it off
	v.Can = customerCan{
		Stop: !over && (waits && (!verified || paused) || !v.Told), Pause: v.Clicks && !over && waits && !paused,
		Deny: v.Clicks && !t.Denied(), Add: true,
	}
	v.ways(p, s.desk.Settings().Codes, s.cfg.Now())
	v.yesWays(s.desk.Settings().Automation.ApprovalAboveFen)
	if id := c.QueryParam("code"); id != "" && len(id) <= 64 {
		v.Entering = &entering{ID: id, Then: known(c.QueryParam("then"), "stop", "show", "accept"), Quote: c.QueryParam("quote"), Wrong: c.QueryParam("wrong") != ""}
	}
	return v, nil
}

// known is the value if it is one of the words, else "".
func known(value string, words ...string) string {
	if slices.Contains(words, value) {
		return value
	}
	return ""
}

// newest is the customer's newest message.
func newest(messages []tickets.Message) tickets.Message {
	for _, m := range slices.Backward(messages) {
		if m.Direction == tickets.Inbound {
			return m
		}
	}
	return tickets.Message{}
}

// toldWhat says what the reader of a page was told already, or may be told.
type toldWhat struct {
	opened, registered bool // by a code; as the registered contact
	address            string
	outgoing           []tickets.Outgoing
}

// told reports whether a mail of one of these kinds went to the reader at or after an instant.
func (w toldWhat) told(since time.Time, any ...tickets.Tell) bool {
	return w.opened || w.registered && slices.ContainsFunc(w.outgoing, func(o tickets.Outgoing) bool {
		return o.State == tickets.OutgoingSent && strings.EqualFold(o.Recipient, w.address) && slices.Contains(any, o.Tell) && !o.At.Before(since)
	})
}

// state says in which phase the case is, and what of amounts and contents may be shown.
func (v *customerView) state(ctx context.Context, r tickets.Reader, p tickets.Page, w toldWhat, now time.Time) error {
	t := p.Ticket
	_, steps, err := r.LatestRun(ctx, t.ID)
	if err != nil && !errors.Is(err, tickets.NotFound) {
		return err
	}
	holds, err := r.Holds(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.State == tickets.HoldActive && now.Before(h.Until) {
			v.HeldUntil = &h.Until
		}
	}
	effects, err := r.Effects(ctx, t.ID)
	if err != nil {
		return err
	}
	v.Phase = phase(t, steps, v.HeldUntil != nil, standing(t, *p.Account, holds, effects, now))
	if w.told(time.Time{}, tickets.TellCancelOutcome) {
		v.contents(p)
	}
	refunds, err := r.Refunds(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, f := range refunds {
		since := f.At
		if f.DoneAt != nil {
			since = *f.DoneAt
		}
		if w.told(since, tickets.TellRefundOutcome, tickets.TellCancelOutcome) {
			v.Refunds = append(v.Refunds, f)
		}
	}
	return v.offer(ctx, r, t, w, now)
}

// contents shows what was stopped and ended.
func (v *customerView) contents(p tickets.Page) {
	for _, id := range p.Ticket.SubscriptionIDs {
		sub, ok := p.Account.Subscription(id)
		if !ok {
			continue
		}
		if sub.StoppedAt != nil {
			v.Stopped = append(v.Stopped, sub)
		}
		for _, a := range p.Account.Agreements {
			if a.EndedAt != nil && a.Bills(id) && !slices.ContainsFunc(v.Ended, func(x account.Agreement) bool { return x.ID == a.ID }) {
				v.Ended = append(v.Ended, a)
			}
		}
	}
}

// offer shows the newest quote, where it waits for the customer's yes or has it.
func (v *customerView) offer(ctx context.Context, r tickets.Reader, t tickets.Ticket, w toldWhat, now time.Time) error {
	quotes, err := r.Quotes(ctx, t.ID)
	if err != nil || len(quotes) == 0 {
		return err
	}
	q := quotes[len(quotes)-1]
	accepted, err := r.Acceptances(ctx, t.ID)
	if err != nil {
		return err
	}
	v.Accepted = slices.ContainsFunc(accepted, func(a tickets.Acceptance) bool { return a.QuoteHash == q.Hash })
	open := t.Live() && q.Body.Mode == account.Now && q.Body.RefundFen > 0 && now.Before(q.Body.ExpiresAt)
	if open && w.told(q.At, tickets.TellCancelOutcome, tickets.TellOffer) {
		q.Body.Hash = q.Hash
		v.Offer = &q.Body
	}
	return nil
}

// hides reports whether there is something that a code would show.
func (v *customerView) hides(p tickets.Page) bool {
	return v.Told && len(p.Ticket.SubscriptionIDs) > 0 && len(v.Stopped) == 0
}

// ways are where a code can be sent to. Whoever is not the registered contact is shown every way there may
// be, so that the page says nothing about the account.
func (v *customerView) ways(p tickets.Page, codes tickets.Codes, now time.Time) {
	if !p.Registered {
		if codes.SMS {
			v.Ways = append(v.Ways, codeWay{Way: string(tickets.ToPhone)})
		}
		v.Ways = append(v.Ways, codeWay{Way: string(tickets.ToEmail)})
		return
	}
	for _, way := range []tickets.CodeWay{tickets.ToPhone, tickets.ToEmail} {
		if to := codes.ContactOf(p.Account.Account, way, now); to != "" {
			v.Ways = append(v.Ways, codeWay{Way: string(way), To: to})
		}
	}
}

// yesWays are the ways whose code is enough for a yes to the offer: nobody is sent one that he can't use.
func (v *customerView) yesWays(aboveFen int64) {
	if v.Offer == nil {
		return
	}
	need := tickets.ActRefund.Need(v.Offer.RefundFen, aboveFen, true, false)
	for _, w := range v.Ways {
		method := tickets.MethodCodeEmail
		if w.Way == string(tickets.ToPhone) {
			method = tickets.MethodCodeSMS
		}
		if method.Gives(tickets.ActRefund) >= need {
			v.YesWays = append(v.YesWays, w)
		}
	}
}
