package reply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// gather reads what a mail of that kind may be composed from. answer is the id of the agent's message
// for TellAnswer, 0 for all else.
func (w *Writer) gather(ctx context.Context, r tickets.Reader, ticketID int64, ref ref, at time.Time) (Facts, error) {
	f := Facts{
		Tell: ref.tell, Now: at, Zone: w.cfg.Zone, From: w.cfg.From, Product: w.cfg.Product,
		MailID: w.cfg.IDs.ID(ticketID, ref.key(ticketID)), ApprovalAboveFen: w.cfg.Settings.Automation.ApprovalAboveFen,
	}
	var err error
	if f.Ticket, err = r.Ticket(ctx, ticketID); err != nil {
		return f, fmt.Errorf("load ticket: %w", err)
	}
	if w.cfg.PlusAddresses {
		f.ReplyTo = tagged(w.cfg.From.Address, w.cfg.IDs.Token(ticketID))
	}
	if f.Ticket.Locale == "" {
		f.Ticket.Locale = w.cfg.Settings.Locale
	}
	messages, err := r.Messages(ctx, ticketID)
	if err != nil {
		return f, fmt.Errorf("load messages: %w", err)
	}
	if ref.tell == tickets.TellAnswer {
		i := slices.IndexFunc(messages, func(m tickets.Message) bool { return m.ID == ref.message })
		if i < 0 {
			return f, &tickets.Error{Kind: tickets.NotFound, Msg: "There is no such answer in this case.", Fixed: true}
		}
		f.Answer = &messages[i]
	}
	if err := f.load(ctx, r); err != nil {
		return f, err
	}
	if (ref.tell == tickets.TellHoldAsked || ref.tell == tickets.TellWithdrawn) && f.Account != nil && f.Account.Account.Locale != "" {
		f.Ticket.Locale = f.Account.Account.Locale // somebody else may have written
	}
	w.address(&f, messages, recipient(f, messages))
	return f, nil
}

// address makes the mail one to an address: what it answers, and whether it has a link to the page.
func (w *Writer) address(f *Facts, messages []tickets.Message, to string) {
	f.Recipient, f.Thread, f.Page = to, threadOf(messages, to), ""
	if w.cfg.Pages && (f.onFile() || authenticated(messages, to)) {
		f.Page = w.page()
	}
}

// load reads the account and what was done.
func (f *Facts) load(ctx context.Context, r tickets.Reader) (err error) {
	id := f.Ticket.ID
	if f.Ticket.AccountNo != "" {
		snap, err := r.Snapshot(ctx, f.Ticket.AccountNo)
		if err != nil {
			return fmt.Errorf("load account: %w", err)
		}
		f.Account = &snap
	}
	if _, f.Steps, err = r.LatestRun(ctx, id); err != nil && !errors.Is(err, tickets.NotFound) {
		return fmt.Errorf("load run: %w", err)
	}
	if f.Effects, err = r.Effects(ctx, id); err != nil {
		return fmt.Errorf("load effects: %w", err)
	}
	if f.Quotes, err = r.Quotes(ctx, id); err != nil {
		return fmt.Errorf("load quotes: %w", err)
	}
	if f.Acceptances, err = r.Acceptances(ctx, id); err != nil {
		return fmt.Errorf("load acceptances: %w", err)
	}
	if f.Refunds, err = r.Refunds(ctx, id); err != nil {
		return fmt.Errorf("load refunds: %w", err)
	}
	if f.Holds, err = r.Holds(ctx, id); err != nil {
		return fmt.Errorf("load holds: %w", err)
	}
	if f.InFlight, err = r.DebitsInFlight(ctx, id); err != nil {
		return fmt.Errorf("load debits in flight: %w", err)
	}
	return nil
}

// recipient is who the mail goes to: an answer to whom it was written for; the question whether the
// request was his, and that it was taken back, to the registered contact; an outcome to that contact where that contact spoke in the case or the requester left no mail address; all
// else to the requester. Whether that address may read it is Compose's to judge.
func recipient(f Facts, messages []tickets.Message) string {
	if f.Answer != nil {
		return f.Answer.Recipient
	}
	if f.private() && f.Account != nil {
		email := f.Account.Account.Email
		if f.Tell == tickets.TellHoldAsked || f.Tell == tickets.TellWithdrawn || !tickets.Mailable(f.Ticket.Requester) || (email != "" && authenticated(messages, email)) {
			return email
		}
	}
	return f.Ticket.Requester
}

// authenticated reports whether an authenticated mail of that address stands in the case.
func authenticated(messages []tickets.Message, address string) bool {
	return slices.ContainsFunc(messages, func(m tickets.Message) bool {
		return m.Direction == tickets.Inbound && m.Assurance >= 1 && strings.EqualFold(m.Sender, address)
	})
}

// threadOf is the recipient's own newest mail in the case. What somebody else wrote is never answered
// under another's address: its subject would be a stranger's words in our name.
func threadOf(messages []tickets.Message, address string) Thread {
	for _, m := range slices.Backward(messages) {
		person := m.Kind == "" || m.Kind == "message"
		if m.Direction == tickets.Inbound && m.Channel == tickets.Email && person && strings.EqualFold(m.Sender, address) {
			return Thread{Subject: m.Subject, InReplyTo: m.MessageID, References: m.References}
		}
	}
	return Thread{}
}
