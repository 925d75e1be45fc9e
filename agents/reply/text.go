package reply

import (
	"context"
	"strings"

	"github.com/canceldesk/canceldesk/tickets"
)

// byText sends what is told as a text message with a link to the customer's page, where it belongs to the
// account, whose holder has a phone on file and no address to write to. It reports false where it has to
// go another way. What the facts do not prove is Conflict, as in a mail.
func (w *Writer) byText(ctx context.Context, tx tickets.Tx, f Facts, r ref) (bool, error) {
	if f.Account == nil || !f.private() || tickets.Mailable(f.Recipient) || !w.canText(f, r.tell) {
		return false, nil
	}
	f.Page = w.page()
	if _, err := viewOf(f); err != nil {
		return false, err
	}
	return true, w.text(ctx, tx, f, r.tell, strings.TrimPrefix(r.key(f.Ticket.ID), f.Ticket.Number()+"/"))
}

// canText reports whether the account's own phone can be told something by text message.
func (w *Writer) canText(f Facts, tell tickets.Tell) bool {
	return w.cfg.Pages && w.cfg.Settings.CanText(tell) && f.Account.Account.Phone != "" && !f.Account.Account.ContactFresh(f.Now)
}

// page is the address of the customer's page as it is kept: whose link it is, is filled in on the way out.
func (w *Writer) page() string {
	return strings.TrimRight(w.cfg.PublicURL, "/") + "/c/" + tickets.PageMark
}

// text puts one text message to the account's own phone into the outbox. What it is about stands on the
// page: a template of a gateway is short, and a phone may lie open.
func (w *Writer) text(ctx context.Context, tx tickets.Tx, f Facts, tell tickets.Tell, key string) error {
	return tickets.InsertText(ctx, tx, f.Ticket, w.cfg.Settings, tickets.Text{
		Tell: tell, Key: key, Phone: f.Account.Account.Phone,
		Params: map[string]string{"number": f.Ticket.Number(), "link": w.page()},
	}, f.Now)
}
