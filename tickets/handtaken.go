package tickets

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// HandTaken is a case that somebody wrote down: a letter, a visit at the counter, a form of the
// platform's own, a call of which no call centre tells.
type HandTaken struct {
	Channel    Channel // Phone, Web or Other
	ReceivedAt time.Time
	Reason     string // why it is entered so long after, where it is
	Identity   Identity
	Subject    string
	Text       string
	// Scope names what the payment facts were given in, such as hand/ID; "" where none were.
	Scope string
	// Taken is the login of whoever works on the case from now on, "" for nobody yet.
	Taken string
}

// Open makes a case of what somebody wrote down. What it says of the customer finds an account and
// proves nothing, but for payment facts.
func (d *Desk) Open(ctx context.Context, by Actor, h HandTaken) (t Ticket, err error) {
	at := d.now()
	if err := h.check(at); err != nil {
		return t, err
	}
	err = d.store.InTx(ctx, func(tx Tx) error {
		u := intent.Understand(intent.Message{Channel: string(h.Channel), Subject: h.Subject, Text: h.Text})
		f := h.Identity.facts()
		fillFacts(&f, u.Facts)
		u.Facts = f
		s := Spoken{
			Message: Message{
				Channel: h.Channel, At: h.ReceivedAt, Sender: h.requester(), Subject: h.Subject, Text: h.Text, Scope: h.Scope,
			},
			Original: []byte(h.Text), Understanding: u,
		}
		s.Message.enteredBy(by, at, h.Reason)
		if s.Message.Subject == "" {
			s.Message.Subject = heading(h.Text)
		}
		if h.Scope != "" {
			v, ok, err := h.Identity.proof(ctx, tx, by, h.Scope, at, at, d.settings.Zone)
			if err != nil {
				return err
			}
			if ok {
				v.By = string(by)
				s.Proof, s.Message.Assurance = &v, v.Level
				s.Message.AssuranceWhy = []string{"for: payment facts that only the payer knows"}
			}
		}
		if t, err = d.take(ctx, tx, s, at); err != nil {
			return err
		}
		return d.assign(ctx, tx, &t, by, h.Taken, at)
	})
	return t, err
}

func (h *HandTaken) check(at time.Time) error {
	switch h.Channel {
	case Phone, Web, Other:
	default:
		return &Error{Kind: Invalid, Msg: "A case taken by hand came by phone, web or other."}
	}
	h.Subject, h.Text = clip(h.Subject, maxShort), clean(h.Text)
	switch {
	case h.Text == "":
		return &Error{Kind: Invalid, Msg: "Write down what was said."}
	case utf8.RuneCountInString(h.Text) > maxSummary:
		return &Error{Kind: TooLarge, Msg: "The text is too long."}
	case h.ReceivedAt.IsZero():
		h.ReceivedAt = at
	case h.ReceivedAt.After(at.Add(aheadOfUs)):
		return &Error{Kind: Invalid, Msg: "It was received in the future."}
	}
	if err := checkEntered(h.ReceivedAt, at, h.Reason); err != nil {
		return err
	}
	h.ReceivedAt = earlier(h.ReceivedAt, at)
	return h.Identity.check()
}

// requester is how the customer can be named: by an address that can be answered where there is one.
func (h HandTaken) requester() string {
	switch id := h.Identity; {
	case Mailable(id.Email):
		return id.Email
	case id.Phone != "":
		return id.Phone
	default:
		return id.Account
	}
}
