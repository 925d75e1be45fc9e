package reply

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// tellCode puts a code into the outbox, for the contact that is on file still. The digits themselves are
// not in it. A code that nobody can use any more is not sent.
func (w *Writer) tellCode(ctx context.Context, tx tickets.Tx, ticketID int64, r ref, at time.Time) error {
	c, err := tx.Code(ctx, r.message)
	if err != nil {
		return err
	}
	if c.TicketID != ticketID || !c.Open(at) {
		return nil
	}
	enterAt := strings.TrimRight(w.cfg.PublicURL, "/") + "/v/" + c.PublicID
	if c.Way == tickets.ToEmail {
		f, err := w.gather(ctx, tx, ticketID, r, at)
		if err != nil {
			return err
		}
		f.Code, f.EnterAt, f.Recipient, f.Thread, f.Page = &c, enterAt, c.Recipient, Thread{}, ""
		m, err := Compose(f)
		if err != nil {
			return err
		}
		return w.store(ctx, tx, f, m, r)
	}
	t, err := tx.Ticket(ctx, ticketID)
	if err != nil {
		return err
	}
	snap, err := tx.Snapshot(ctx, c.AccountNo)
	if err != nil {
		return err
	}
	if snap.Account.Phone != c.Recipient || snap.Account.ContactFresh(at) {
		return untrue("The account's phone number was changed meanwhile.")
	}
	return tickets.InsertText(ctx, tx, t, w.cfg.Settings, tickets.Text{
		Tell: tickets.TellCode, Key: strings.TrimPrefix(r.key(ticketID), t.Number()+"/"), Phone: c.Recipient,
		Params: map[string]string{
			"code": tickets.CodeMark, "minutes": strconv.Itoa(int(tickets.CodeLife / time.Minute)), "link": enterAt,
			"action": word(actionWords, string(c.Action), language(t.Locale) == "en"),
		},
	}, at)
}
