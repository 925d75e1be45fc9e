package tickets

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// PageLinks makes and reads the links to customers' pages. A link names a ticket and, by a digest, the
// address it was sent to; what that address may do is judged whenever the link is used.
type PageLinks struct {
	Key []byte // at least 32 bytes; without one there are no links
}

// PageLinkLife is how long a link works.
const PageLinkLife = 30 * 24 * time.Hour

// PageMark stands in place of a link's path element in what is kept of a message. It is filled in on the
// way out: who may read the case is not thereby somebody who holds the customer's link.
const PageMark = "{{page}}"

// pageScope begins the scope of everything that is said on a customer's page.
const pageScope = "page/"

// The parts of a link: version, ticket, end in Unix seconds, digest of the address, signature.
const (
	linkVersion = 1
	linkTo      = 17
	linkSigned  = linkTo + 12
	linkLength  = linkSigned + 16
)

// Token is the path element of a link for one ticket and address: the same three always give the same.
func (p PageLinks) Token(ticketID int64, address string, at time.Time) string {
	b := make([]byte, 0, linkLength)
	b = append(b, linkVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(ticketID))                    //nolint:gosec // an id is positive
	b = binary.BigEndian.AppendUint64(b, uint64(at.Add(PageLinkLife).Unix())) //nolint:gosec // after 1970
	b = append(b, p.sum("to", []byte(strings.ToLower(address)))[:linkSigned-linkTo]...)
	b = append(b, p.sum("link", b)[:linkLength-linkSigned]...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// read gives the ticket of a link and the digest of its address; false for one that this desk did not
// make or that has expired.
func (p PageLinks) read(token string, at time.Time) (ticketID int64, to []byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(p.Key) == 0 || len(b) != linkLength || b[0] != linkVersion ||
		!hmac.Equal(b[linkSigned:], p.sum("link", b[:linkSigned])[:linkLength-linkSigned]) {
		return 0, nil, false
	}
	ends := time.Unix(int64(binary.BigEndian.Uint64(b[9:])), 0)                         //nolint:gosec // signed by ourselves
	return int64(binary.BigEndian.Uint64(b[1:])), b[linkTo:linkSigned], at.Before(ends) //nolint:gosec // signed by ourselves
}

// Pass is what a browser keeps after a code was entered on the page of a link, so that it may go on
// reading what the code opened.
func (p PageLinks) Pass(token string, v Verification) string {
	id := strconv.FormatInt(v.ID, 10)
	return id + "." + base64.RawURLEncoding.EncodeToString(p.sum("pass", []byte(token+"\x00"+id)))
}

// Passed is the level that a pass gives on the page of a link for being told amounts and contents.
func (p PageLinks) Passed(token, pass string, all []Verification, accountNo string, at time.Time) int {
	for _, v := range all {
		if len(p.Key) > 0 && hmac.Equal([]byte(pass), []byte(p.Pass(token, v))) {
			return v.Covers(Message{ID: v.MessageID, Scope: v.Scope, At: at}, ActShow, accountNo)
		}
	}
	return 0
}

func (p PageLinks) is(to []byte, address string) bool {
	return address != "" && hmac.Equal(to, p.sum("to", []byte(strings.ToLower(address)))[:linkSigned-linkTo])
}

func (p PageLinks) sum(use string, of []byte) []byte {
	h := hmac.New(sha256.New, p.Key)
	h.Write([]byte("page\x00" + use + "\x00"))
	h.Write(of)
	return h.Sum(nil)
}

// Page is a customer's page as a link opens it.
type Page struct {
	Ticket   Ticket
	Messages []Message
	Account  *account.Snapshot // nil where the ticket has none
	Address  string            // whom the link was sent to
	// Registered: that is the account's contact as it has been for 72 hours, so that a click proves level 1
	// for stopping, releasing and withdrawing on this ticket. Anybody else's link only shows what the mail
	// said.
	Registered bool
	// Quoted: the link was written in a mail that reached the desk (QuotedLink), so that its click proves
	// nobody: what is done here takes a code, entered in the same browser.
	Quoted bool
	Scope  string // of what is said here
}

// Clicks reports whether a click proves level 1: the link went to the registered contact, and to nobody
// else that the desk knows of.
func (p Page) Clicks() bool { return p.Registered && !p.Quoted }

// noPage is the one answer to every link that opens nothing.
func noPage() error { return &Error{Kind: NotFound, Msg: "There is nothing here."} }

// Page opens the page of a link; NotFound for every link that is not good (any more): forged, expired, or
// sent to an address that is neither the account's nor the proven writer's. browser is a secret that only
// the asking browser keeps, "" for none: on the page of a quoted link, what a code proves is his alone.
func (d *Desk) Page(ctx context.Context, token, browser string) (Page, error) {
	return d.page(ctx, d.store, token, browser, d.now())
}

func (d *Desk) page(ctx context.Context, r Reader, token, browser string, at time.Time) (Page, error) {
	links := d.settings.Pages
	id, to, ok := links.read(token, at)
	if !ok {
		return Page{}, noPage()
	}
	t, err := r.Ticket(ctx, id)
	switch {
	case errors.Is(err, NotFound):
		return Page{}, noPage()
	case err != nil:
		return Page{}, err
	}
	p := Page{Ticket: t, Scope: pageScope + t.Number()}
	if p.Quoted, err = r.LinkQuoted(ctx, linkDigest(token)); err != nil {
		return p, err
	}
	if p.Messages, err = r.Messages(ctx, id); err != nil {
		return p, err
	}
	// Asked for where there is none as well, so that a page opens in the same time.
	snap, err := r.Snapshot(ctx, t.AccountNo)
	if err != nil && (t.AccountNo != "" || !errors.Is(err, NotFound)) {
		return p, err
	}
	if t.AccountNo != "" {
		p.Account = &snap
		for _, contact := range []string{snap.Account.Email, snap.Account.Phone} {
			if links.is(to, contact) {
				p.Address, p.Registered = contact, !snap.Account.ContactFresh(at)
				return p.in(token, browser), nil
			}
		}
	}
	for _, m := range p.Messages {
		if m.Direction == Inbound && m.Assurance >= 1 && links.is(to, m.Sender) {
			p.Address, p.Scope = m.Sender, p.Scope+"/"+base64.RawURLEncoding.EncodeToString(to)
			return p.in(token, browser), nil
		}
	}
	return p, noPage()
}

// quotedScope divides the scope of a quoted link's page from the browser it is open in.
const quotedScope = "#"

// in is the page as one browser has it: what is said on a quoted link's page is his alone.
func (p Page) in(token, browser string) Page {
	if p.Quoted {
		p.Scope += quotedScope + linkDigest(token+"\x00"+browser)
	}
	return p
}

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
