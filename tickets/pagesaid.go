package tickets

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// PageWord is what somebody does on his page.
type PageWord string

// What can be done: confirm the stop, ask for a pause only, say that it was somebody else who asked, add
// words or a picture.
const (
	PageStop  PageWord = "stop"
	PagePause PageWord = "pause"
	PageDeny  PageWord = "deny"
	PageAdd   PageWord = "add"
)

// PageSaid is what was handed over with it.
type PageSaid struct {
	Browser     string // as for Desk.Page
	Nonce       string // of the form: sent twice is said once
	Text        string
	Raw         string // blob reference of Original
	Original    []byte
	Attachments []Attachment
}

// pageHourly is how much may be said on one ticket's pages in an hour.
const pageHourly = 20

// SayOnPage records what a customer did on the page of a link. Stop, pause and deny take level 1:
// Forbidden for whoever is neither the registered contact nor entered a code here.
func (d *Desk) SayOnPage(ctx context.Context, token string, word PageWord, said PageSaid) (Ticket, error) {
	var t Ticket
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) error {
		p, err := d.page(ctx, tx, token, said.Browser, at)
		if err != nil {
			return err
		}
		t = p.Ticket
		into, err := followed(ctx, tx, &p)
		if err != nil {
			return err
		}
		s, again, err := p.spoken(ctx, tx, said, at)
		if err != nil || again {
			return err
		}
		if word != PageAdd && s.Message.Assurance < ActStop.Need(0, 0, true, false) {
			return &Error{Kind: Forbidden, Msg: "This takes a code first."}
		}
		s.Understanding = word.means(s.Message)
		if t, err = d.hear(ctx, tx, into, s, at); err != nil {
			return err
		}
		before, objection := t.Status, t.Objection
		switch {
		case word == PagePause && t.Live():
			return d.turned(ctx, tx, t, before, ReasonPauseAsked, at)
		case word == PageStop && objection == ReasonWithdrawal && t.ID == p.Ticket.ID:
			// He wants it off after all, by the one button that says so.
			t.Objection = ""
			return d.turned(ctx, tx, t, before, "resumed", at)
		case word != PageDeny:
			return nil
		}
		why, err := deniedAs(ctx, tx, p.Ticket)
		switch {
		case err != nil:
			return err
		case why == ReasonDeniedStopped:
			t.Urgent = true
		case t.ID != p.Ticket.ID:
			why = ReasonWithdrawal // it is over, so a person reads what was done in his name
		}
		return d.turned(ctx, tx, t, before, why, at)
	})
	return t, err
}

// turned opens a case for what its customer did on the page, and has it looked at.
func (d *Desk) turned(ctx context.Context, tx Tx, t Ticket, before Status, why string, at time.Time) error {
	if err := t.SetStatus(Open, why, at); err != nil {
		return err
	}
	if err := tx.SaveTicket(ctx, &t); err != nil {
		return err
	}
	if err := tx.Append(ctx, at, statusRecord(t, before, CustomerActor)); err != nil {
		return err
	}
	return tx.Enqueue(ctx, runJob(t, at))
}

// followed is the case that takes what is said on the page: the page's own, or where that is over the one that
// follows it, whose messages then count with its own.
func followed(ctx context.Context, tx Tx, p *Page) (Ticket, error) {
	if p.Ticket.Live() {
		return p.Ticket, nil
	}
	links, err := tx.Links(ctx, p.Ticket.ID)
	if err != nil {
		return p.Ticket, err
	}
	into := p.Ticket
	for _, l := range links {
		if l.ToID != p.Ticket.ID || l.Kind != "follows" {
			continue
		}
		messages, err := tx.Messages(ctx, l.FromID)
		if err != nil {
			return into, err
		}
		p.Messages = append(p.Messages, messages...)
		next, err := tx.Ticket(ctx, l.FromID)
		if err != nil {
			return into, err
		}
		if next.Live() && slices.ContainsFunc(messages, func(m Message) bool { return m.Scope == p.Scope }) {
			into = next
		}
	}
	return into, nil
}

// means is what a word on the page says, besides what the text says for itself. None is a yes to a quote:
// that takes a code of its own.
func (w PageWord) means(m Message) intent.Understanding {
	clarify := intent.Understanding{Intent: intent.Clarify, Intents: []intent.Intent{intent.Clarify}, Confidence: 1}
	switch w {
	case PageStop:
		return intent.Understanding{
			Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew}, Confidence: 1,
			Why: []string{"the customer confirmed the stop on the page"},
		}
	case PagePause:
		clarify.Withdraws, clarify.Flags, clarify.Why = true, []intent.Flag{intent.HumanRequested}, []string{"the customer wants a pause only"}
		return clarify
	case PageDeny:
		clarify.Withdraws, clarify.Why = true, []string{"the registered contact did not ask for this"}
		return clarify
	}
	if strings.TrimSpace(m.Text) == "" {
		return clarify
	}
	u := intent.Understand(intent.Message{Channel: string(Web), Text: m.Text})
	u.Affirms = false
	return u
}

// spoken is the message of something that was done on the page, with its proof; again says that this very
// form was taken before.
func (p Page) spoken(ctx context.Context, tx Tx, said PageSaid, at time.Time) (s Spoken, again bool, err error) {
	s.Message = Message{
		Channel: Web, At: at, Sender: p.Address, Text: said.Text, Raw: said.Raw, Attachments: said.Attachments, Kind: "message", Scope: p.Scope,
		ExternalID: pageScope + p.Ticket.Number() + "/" + said.Nonce, Subject: p.Ticket.Subject,
	}
	s.Original = said.Original
	hour := 0
	for _, m := range p.Messages {
		if m.ExternalID == s.Message.ExternalID {
			return s, true, nil
		}
		if strings.HasPrefix(m.Scope, pageScope) && at.Before(m.At.Add(time.Hour)) {
			hour++
		}
	}
	if hour >= pageHourly {
		return s, false, &Error{Kind: TooMany, Msg: "There was a lot on this page within an hour. Try again later."}
	}
	all, err := tx.Verifications(ctx, p.Ticket.ID)
	if err != nil {
		return s, false, err
	}
	s.Message.Assurance = LevelOf(all, s.Message, ActStop, p.Ticket.AccountNo)
	if p.Clicks() {
		s.Message.Assurance = max(s.Message.Assurance, 1)
		s.Message.AssuranceWhy = []string{"for: page link to the registered contact"}
		s.Proof = &Verification{
			AccountNo: p.Ticket.AccountNo, Level: MethodPageLink.Gives(ActStop), Method: MethodPageLink, Action: ActStop, At: at, ExpiresAt: at.Add(VerificationLife),
		}
	}
	return s, false, nil
}

// AcceptOnPage records the customer's yes to the newest quote, after a code that was sent for that very
// quote was entered on the same page. Forbidden where the code proves too little for the amount.
func (d *Desk) AcceptOnPage(ctx context.Context, token, quoteHash string, said PageSaid) error {
	at := d.now()
	return d.store.InTx(ctx, func(tx Tx) error {
		p, err := d.page(ctx, tx, token, said.Browser, at)
		if err != nil {
			return err
		}
		s, again, err := p.spoken(ctx, tx, said, at)
		if err != nil || again {
			return err
		}
		quotes, err := tx.Quotes(ctx, p.Ticket.ID)
		switch {
		case err != nil:
			return err
		case !p.Ticket.Live():
			return &Error{Kind: Conflict, Msg: "The ticket is " + string(p.Ticket.Status) + ": its quote can't be accepted any more."}
		case len(quotes) == 0 || quotes[len(quotes)-1].Hash != quoteHash || !at.Before(quotes[len(quotes)-1].Body.ExpiresAt):
			return &Error{Kind: Stale, Msg: "The quote has changed since. Look at the new one first."}
		}
		all, err := tx.Verifications(ctx, p.Ticket.ID)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(v Verification) bool { return v.QuoteHash != quoteHash })
		level := LevelOf(all, s.Message, ActRefund, p.Ticket.AccountNo)
		need := ActRefund.Need(quotes[len(quotes)-1].Body.RefundFen, d.settings.Automation.ApprovalAboveFen, true, false)
		if level < need {
			return &Error{Kind: Forbidden, Msg: "This amount takes a code by text message."}
		}
		s.Message.Assurance, s.Proof = level, nil
		s.Understanding = intent.Understanding{Intent: intent.Clarify, Intents: []intent.Intent{intent.Clarify}, Why: []string{"the customer accepted the quote on the page"}}
		return d.accepted(ctx, tx, p.Ticket, s, quoteHash, at)
	})
}

// accepted keeps the message that says yes, and the acceptance that it is.
func (d *Desk) accepted(ctx context.Context, tx Tx, t Ticket, s Spoken, quoteHash string, at time.Time) error {
	a := Acceptance{TicketID: t.ID, QuoteHash: quoteHash, By: string(CustomerActor), Words: s.Message.Text, Level: s.Message.Assurance, At: at}
	if err := taken(ctx, tx, a); err != nil {
		return err
	}
	if err := d.keep(ctx, tx, t, s, string(Append), OutcomeAppended, at); err != nil {
		return err
	}
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.ExternalID == s.Message.ExternalID {
			a.MessageID = m.ID
		}
	}
	if err := tx.InsertAcceptance(ctx, &a); err != nil {
		return err
	}
	if err := tx.Append(ctx, at, Record{
		Stream: t.Number(), Type: EventAccepted, Actor: string(CustomerActor), Data: map[string]any{"quote": quoteHash, "message": a.MessageID, "level": a.Level},
		Private: map[string][]byte{"words": []byte(a.Words)},
	}); err != nil {
		return err
	}
	return tx.Enqueue(ctx, runJob(t, at))
}
