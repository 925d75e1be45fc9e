package tickets

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
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
