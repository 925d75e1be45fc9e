package tickets

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Codes makes the codes by which people prove who they are. A code is worked out from a key that is
// never in the database, so it is nowhere stored: neither its row nor the mail in the outbox has it.
type Codes struct {
	Key []byte // at least 32 bytes, from the key directory; without one there are no codes
	SMS bool   // whether text messages can be sent
}

// The limits of codes (DOMAIN.md section 4), beyond what NIST SP 800-63B asks for.
const (
	CodeLife    = 5 * time.Minute
	CodeTries   = 5
	CodeResend  = 60 * time.Second
	CodesHourly = 5
	CodesDaily  = 10
	CodeLock    = 30 * time.Minute // no new code for an account after one was guessed at too often
	codeDigits  = 6

	codesOfStranger = 3 // in a day, by one page that was not sent to the account's contact
)

// CodeMark stands where the code will be in what is kept of a message. It is filled in on the way out.
const CodeMark = "{{code}}"

// CodeWay is where a code goes: the account's phone or e-mail as it is on file, and nowhere else.
type CodeWay string

// The ways of a code.
const (
	ToPhone CodeWay = "phone"
	ToEmail CodeWay = "email"
)

// Code is one code that was sent, bound to its ticket, action and quote. Who knows its PublicID may
// enter it; the PublicID is random and says nothing.
type Code struct {
	ID        int64 `gorm:"primaryKey"`
	PublicID  string
	TicketID  int64
	AccountNo string
	Way       CodeWay
	Recipient string // as it was on file; "" with AccountNo for one that went nowhere (CodeRequest.Stranger)
	Action    Action
	AmountFen int64  // of the quote
	QuoteHash string // "" not bound to one
	MessageID int64  // the message it will cover; 0 where it covers a scope
	Scope     string
	Tries     int    // wrong ones
	By        string `gorm:"column:by_actor"` // who had it sent
	At        time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
	LockedAt  *time.Time // of the last wrong try that it allows
}

// Masked is where the code went, as it may be shown: 138****1234, z***@qq.com.
func (c Code) Masked() string { return MaskContact(c.Recipient) }

// Sent reports whether the code went anywhere.
func (c Code) Sent() bool { return c.Recipient != "" }

// Open reports whether the code can still be entered.
func (c Code) Open(at time.Time) bool {
	return c.UsedAt == nil && c.Tries < CodeTries && at.Before(c.ExpiresAt)
}

// Digits are the code's six digits, derived from its random PublicID and from everything it is bound to.
func (k Codes) Digits(c Code) string {
	const space = 1_000_000
	for n := 0; ; n++ {
		h := hmac.New(sha256.New, k.Key)
		fmt.Fprintf(h, "code\x00%s\x00%d\x00%s\x00%s\x00%s\x00%d\x00%s\x00%d", c.PublicID, c.TicketID, c.AccountNo, c.Recipient, c.Action, c.AmountFen, c.QuoteHash, n)
		v := binary.BigEndian.Uint32(h.Sum(nil))
		if v < space*(1<<32/space) { // the rest would make some codes likelier than others
			return fmt.Sprintf("%0*d", codeDigits, v%space)
		}
	}
}

// is compares in constant time; what is typed with blanks or full-width digits is the same code.
func (k Codes) is(c Code, entered string) bool {
	return len(k.Key) > 0 && hmac.Equal([]byte(k.Digits(c)), []byte(codeTyped(entered)))
}

// codeTyped is a code as people type it, bounded.
func codeTyped(s string) string {
	const longest = 64
	var b strings.Builder
	for _, r := range s[:min(len(s), longest)] {
		switch {
		case r >= '０' && r <= '９':
			b.WriteRune(r - '０' + '0')
		case r != ' ' && r != '-' && r != '\t' && r != '\u3000':
			b.WriteRune(r)
		}
	}
	return b.String()
}

// MaskContact hides most of a phone number or mail address, the full length of the name included.
func MaskContact(s string) string {
	if name, domain, ok := strings.Cut(s, "@"); ok {
		first := []rune(name)
		return string(first[:min(1, len(first))]) + "***@" + domain
	}
	const shown = 7
	if len(s) <= shown {
		return "****"
	}
	return s[:3] + "****" + s[len(s)-4:]
}

// CodeRequest asks for a code. Scope is what the code will cover; "" is the newest message of the
// customer that asks for something, or the call or chat it is part of.
type CodeRequest struct {
	Action    Action
	To        CodeWay
	QuoteHash string // for refund and assets: the newest quote
	Scope     string
	// Stranger: whoever asks holds a page that was not sent to the account's contact, so he gets few, lest
	// he uses up the owner's. Where there can be none for a reason that would tell him of the account, a
	// code that went nowhere is kept for him, so that he can't tell by the answer, nor by its time.
	Stranger bool
}

// RequestCode has a code sent to the contact of the ticket's account. Conflict says in words why there
// can be none; TooMany that the account had enough of them.
func (d *Desk) RequestCode(ctx context.Context, id int64, by Actor, r CodeRequest) (Code, error) {
	c := Code{TicketID: id, Way: r.To, Action: r.Action, QuoteHash: r.QuoteHash, Scope: r.Scope, By: string(by)}
	if err := r.check(); err != nil {
		return c, err
	}
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) error {
		t, err := tx.Ticket(ctx, id)
		if err != nil {
			return err
		}
		if r.Stranger || strings.Contains(c.Scope, quotedScope) {
			if err := few(ctx, tx, c, at); err != nil {
				return err
			}
		}
		err = d.addressCode(ctx, tx, t, &c, at)
		if err == nil {
			err = throttle(ctx, tx, c, at)
		}
		if r.Stranger && refusedQuietly(err) {
			c.AccountNo, c.Recipient, c.AmountFen = "", "", 0
			if _, err = tx.Snapshot(ctx, ""); errors.Is(err, NotFound) { // which takes as long as an account's
				err = nil
			}
		}
		if err != nil {
			return err
		}
		messages, err := tx.Messages(ctx, id)
		if err != nil {
			return err
		}
		if c.Scope == "" {
			c.MessageID, c.Scope = covered(messages)
		}
		c.ID, c.PublicID, c.At, c.ExpiresAt = 0, strings.ToLower(rand.Text()), at, at.Add(CodeLife)
		if err := tx.InsertCode(ctx, &c); err != nil {
			return err
		}
		if err := tx.Append(ctx, at, Record{
			Stream: t.Number(), Type: EventCode, Actor: string(by),
			Data:    map[string]any{"code": c.ID, "action": string(c.Action), "to": string(c.Way), "amount_fen": c.AmountFen, "quote": c.QuoteHash, "sent": c.Sent()},
			Private: map[string][]byte{"recipient": []byte(c.Recipient)},
		}); err != nil {
			return err
		}
		if !c.Sent() {
			return nil
		}
		ref := strconv.FormatInt(c.ID, 10)
		return tx.Enqueue(ctx, Job{
			Kind: JobTell, TicketID: t.ID, Ref: string(TellCode) + ":" + ref, DueAt: at, Key: "tell/" + t.Number() + "/code/" + ref,
		})
	})
	return c, err
}

// check refuses what no account could have.
func (r CodeRequest) check() error {
	quoted := r.Action == ActRefund || r.Action == ActAssets
	switch {
	case r.Action != ActStop && r.Action != ActShow && !quoted:
		return &Error{Kind: Invalid, Msg: "A code is for stop, show, refund or assets."}
	case r.To != ToPhone && r.To != ToEmail:
		return &Error{Kind: Invalid, Msg: "A code goes to phone or email."}
	case quoted && r.QuoteHash == "":
		return &Error{Kind: Invalid, Msg: "A code for refund or assets needs the hash of the quote it is for."}
	case r.Action == ActAssets && r.To == ToEmail:
		return &Error{Kind: Invalid, Msg: "A code for assets goes to the phone: mail proves too little."}
	}
	return nil
}

// addressCode finds where the code goes, and what quote it is for.
func (d *Desk) addressCode(ctx context.Context, tx Tx, t Ticket, c *Code, at time.Time) error {
	no := func(msg string) error { return &Error{Kind: Conflict, Msg: msg} }
	switch {
	case len(d.settings.Codes.Key) == 0:
		return no("This desk has no key for codes.")
	case t.Status == Closed:
		return no("The ticket is closed. A new message opens a linked one.")
	case t.AccountNo == "":
		return no("It is not known yet whose account this is, so there is nowhere to send a code.")
	}
	snap, err := tx.Snapshot(ctx, t.AccountNo)
	if err != nil {
		return err
	}
	a := snap.Account
	c.AccountNo, c.Recipient, c.AmountFen = a.No, a.Phone, 0
	if c.Way == ToEmail {
		c.Recipient = a.Email
	}
	switch {
	case a.ContactFresh(at):
		return no("The account's contact data changed less than 72 hours ago, so it gets no code yet.")
	case c.Way == ToPhone && !d.settings.Codes.SMS:
		return no("This desk sends no text messages. Send the code by mail.")
	case c.Recipient == "", c.Way == ToEmail && !Mailable(c.Recipient):
		return no("The account has no such contact on file.")
	case c.QuoteHash == "":
		return nil
	}
	quotes, err := tx.Quotes(ctx, t.ID)
	if err != nil {
		return err
	}
	if len(quotes) == 0 || quotes[len(quotes)-1].Hash != c.QuoteHash || !at.Before(quotes[len(quotes)-1].Body.ExpiresAt) {
		return &Error{Kind: Stale, Msg: "The quote has changed since. Look at the new one first."}
	}
	c.AmountFen = quotes[len(quotes)-1].Body.RefundFen
	return nil
}

// covered is what somebody proves who proves himself now: his newest message that asks for anything to
// stop, else his newest, and the call or chat it is part of. Each click on the page proves itself only.
func covered(messages []Message) (messageID int64, scope string) {
	person := func(m Message) bool { return m.Direction == Inbound && (m.Kind == "" || m.Kind == "message") }
	var found *Message
	for i := range slices.Backward(messages) {
		m := &messages[i]
		if person(*m) && slices.ContainsFunc(m.Asks, intent.Intent.Stops) {
			found = m
			break
		}
		if person(*m) && found == nil {
			found = m
		}
	}
	switch {
	case found == nil:
		return 0, ""
	case found.Scope != "" && !strings.HasPrefix(found.Scope, pageScope):
		return 0, found.Scope
	}
	return found.ID, ""
}

// refusedCode is the one answer to a code that proves nothing, whatever the reason.
func refusedCode() error {
	return &Error{Kind: Invalid, Msg: "This code is not right, or it is no longer valid. Ask for a new one."}
}

// EnterCode takes a code that somebody typed. by is who typed it: CustomerActor on a public page, else
// the agent or key to whom it was read out, for whom it counts for stopping only. Whatever is wrong (no
// such id, another code, expired, used, guessed at too often) is the same error, and counts.
func (d *Desk) EnterCode(ctx context.Context, publicID, entered string, by Actor) (Verification, error) {
	var v Verification
	right := false
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) error {
		v, right = Verification{}, false
		c, err := tx.CodeByPublicID(ctx, publicID)
		known := err == nil
		if err != nil && !errors.Is(err, NotFound) {
			return err
		}
		// Everything below is worked out for an unknown id as well, so that it takes as long.
		matches := d.settings.Codes.is(c, entered) && c.Sent()
		switch right = known && matches && c.Open(at); {
		case right:
			c.UsedAt = &at
		case known && c.Open(at):
			if c.Tries++; c.Tries == CodeTries {
				c.LockedAt = &at
			}
		default:
			return tx.SaveCode(ctx, c) // as it was; of an unknown one nothing
		}
		if err := tx.SaveCode(ctx, c); err != nil {
			return err
		}
		t, err := tx.Ticket(ctx, c.TicketID)
		if err != nil {
			return err
		}
		if !right {
			return tx.Append(ctx, at, Record{
				Stream: t.Number(), Type: EventVerifyFailed, Actor: string(by), Data: map[string]any{"code": c.ID, "tries": c.Tries},
			})
		}
		v = c.proves(by, at)
		// A ticket that became another account's since, or was closed, gets nothing from an old code.
		if right = t.AccountNo == c.AccountNo; !right {
			return nil
		}
		return insertProof(ctx, tx, t, &v, by, at)
	})
	if err == nil && !right {
		err = refusedCode()
	}
	return v, err
}

// proves is the verification that the right code gives.
func (c Code) proves(by Actor, at time.Time) Verification {
	v := Verification{
		TicketID: c.TicketID, MessageID: c.MessageID, Scope: c.Scope, AccountNo: c.AccountNo, Method: MethodCodeSMS, Action: c.Action,
		AmountFen: c.AmountFen, QuoteHash: c.QuoteHash, At: at, ExpiresAt: at.Add(VerificationLife),
	}
	if c.Way == ToEmail {
		v.Method = MethodCodeEmail
	}
	v.Level = v.Method.Gives(c.Action)
	if by != CustomerActor {
		v.Level = min(v.Level, MethodReadOut.Gives(ActStop))
		v.Method, v.Action, v.AmountFen, v.QuoteHash = MethodReadOut, ActStop, 0, ""
	}
	return v
}

// insertProof stores a verification with its event and lets the case go on.
func insertProof(ctx context.Context, tx Tx, t Ticket, v *Verification, by Actor, at time.Time) error {
	if by != CustomerActor {
		v.By = string(by)
	}
	if err := tx.InsertVerification(ctx, v); err != nil {
		return err
	}
	if err := tx.Append(ctx, at, VerifiedRecord(t, *v, by)); err != nil {
		return err
	}
	if !t.Live() {
		return nil
	}
	return tx.Enqueue(ctx, runJob(t, at))
}

// ContactOf is where a code of that way would go, masked; "" where it can't.
func (k Codes) ContactOf(a account.Account, way CodeWay, at time.Time) string {
	if len(k.Key) == 0 || a.ContactFresh(at) {
		return ""
	}
	switch way {
	case ToPhone:
		if k.SMS && a.Phone != "" {
			return MaskContact(a.Phone)
		}
	case ToEmail:
		if Mailable(a.Email) {
			return MaskContact(a.Email)
		}
	}
	return ""
}
