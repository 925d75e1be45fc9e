package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/tickets"
)

const (
	defaultPage = 50
	maxPage     = 200
)

// queueKey sorts the tickets without a next charge last; it is the expression of the indexes.
func queueKey(d *gorm.DB) string {
	if d.Name() == "postgres" {
		return "COALESCE(next_charge_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00')"
	}
	return "COALESCE(next_charge_at, '9999-12-31 00:00:00+00:00')"
}

// never is what queueKey stands for where there is no next charge.
func never() time.Time { return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }

// Ticket is the ticket with that id.
func (r reader) Ticket(ctx context.Context, id int64) (tickets.Ticket, error) {
	var t tickets.Ticket
	err := r.on(ctx).Take(&t, "id = ?", id).Error
	return t, fail("ticket", err)
}

// page is the place after the last ticket of a page.
type page struct {
	Charge time.Time `json:"c"`
	Due    time.Time `json:"d"`
	ID     int64     `json:"i"`
}

// Tickets lists by filter, the next charge and then the earliest answer due first. Paging goes by the
// sort key, so that a row neither repeats nor is left out when others come and go between pages.
func (r reader) Tickets(ctx context.Context, f tickets.Filter) ([]tickets.Ticket, string, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, maxPage)
	q := narrow(inView(r.on(ctx).Model(&tickets.Ticket{}), f.View, f.Login, f.Status), f)
	key := queueKey(q)
	if f.After != "" {
		at, err := parsePage(f.After)
		if err != nil {
			return nil, "", err
		}
		q = q.Where("("+key+", first_response_due_at, id) > (?, ?, ?)", at.Charge, at.Due, at.ID)
	}
	var list []tickets.Ticket
	if err := q.Order(key + ", first_response_due_at, id").Limit(limit + 1).Find(&list).Error; err != nil {
		return nil, "", fail("tickets", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	list = list[:limit]
	last := list[limit-1]
	next := page{Charge: never(), Due: last.FirstResponseDueAt, ID: last.ID}
	if last.NextChargeAt != nil {
		next.Charge = *last.NextChargeAt
	}
	b, err := json.Marshal(next)
	return list, base64.RawURLEncoding.EncodeToString(b), fail("tickets", err)
}

// parsePage reads a cursor that Tickets gave.
func parsePage(cursor string) (page, error) {
	var p page
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return page{}, &tickets.Error{Kind: tickets.Invalid, Msg: "This is no cursor of a list of tickets.", Err: err}
	}
	return p, nil
}

// narrow applies the rest of a filter.
func narrow(q *gorm.DB, f tickets.Filter) *gorm.DB {
	for column, value := range map[string]string{
		"status": string(f.Status), "channel": string(f.Channel), "assignee": f.Assignee, "account_no": f.AccountNo,
	} {
		if value != "" {
			q = q.Where(column+" = ?", value)
		}
	}
	// Lists are JSON text, so that an element is found with its quotes.
	if f.Intent != "" {
		q = q.Where(`(intent = ? OR intents LIKE ? ESCAPE '\')`, f.Intent, "%"+escapeLike(`"`+f.Intent+`"`)+"%")
	}
	if f.Flag != "" {
		q = q.Where(`flags LIKE ? ESCAPE '\'`, "%"+escapeLike(`"`+f.Flag+`"`)+"%")
	}
	if f.DueBefore != nil {
		q = q.Where("CASE WHEN first_responded_at IS NULL THEN first_response_due_at ELSE resolution_due_at END < ?", *f.DueBefore)
	}
	if id, err := tickets.ParseNumber(f.Query); err == nil {
		return q.Where("id = ?", id)
	}
	for word := range strings.FieldsSeq(strings.ToLower(f.Query)) {
		like := "%" + escapeLike(word) + "%"
		q = q.Where(`(lower(subject) LIKE ? ESCAPE '\' OR lower(requester) LIKE ? ESCAPE '\' OR lower(account_no) LIKE ? ESCAPE '\')`, like, like, like)
	}
	return q
}

// escapeLike makes the wildcards of LIKE plain characters.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// Links lists the links of any of the tickets in either direction, oldest first.
func (r reader) Links(ctx context.Context, ticketIDs ...int64) ([]tickets.Link, error) {
	var list []tickets.Link
	err := r.on(ctx).Where("from_id IN ? OR to_id IN ?", ticketIDs, ticketIDs).Order("at, from_id, to_id").Find(&list).Error
	return list, fail("links", err)
}

// InsertTicket stores a new ticket under a new number, at version 1, together with others of the
// transaction (pending).
func (t *tx) InsertTicket(ctx context.Context, ticket *tickets.Ticket) error {
	if err := t.usable(); err != nil {
		return err
	}
	if err := t.pending.number(t.through(ctx), "tickets", someTickets, &ticket.ID); err != nil {
		return fail("number ticket", err)
	}
	ticket.Version = 1
	t.pending.tickets = append(t.pending.tickets, *ticket)
	t.heads[ticket.Number()] = head{} // a new number has no events yet
	return nil
}

// SaveTicket writes every field where the version is still the stored one; the comparison and the
// write are one statement, so that of two writers one is Stale.
func (t *tx) SaveTicket(ctx context.Context, ticket *tickets.Ticket) error {
	return t.SaveTickets(ctx, []*tickets.Ticket{ticket})
}

// SaveTickets is SaveTicket for many: Stale where any of them is.
func (t *tx) SaveTickets(ctx context.Context, list []*tickets.Ticket) error {
	if err := t.usable(); err != nil {
		return err
	}
	rows := make([]tickets.Ticket, 0, len(list))
	for _, ticket := range list {
		next := *ticket
		next.Version++
		if !t.pending.replace(next, ticket.Version) {
			rows = append(rows, next)
		}
	}
	if len(rows) > 0 {
		n, err := saveAll(t.through(ctx), t.on(ctx), rows, "version")
		if err != nil {
			return fail("save tickets", err)
		}
		if n != int64(len(rows)) {
			return stale()
		}
	}
	for _, ticket := range list {
		ticket.Version++
	}
	return nil
}

// SaveAlert sets when the ticket is next looked at. Its version stays: nobody who is about to change
// the ticket has anything to lose by it.
func (t *tx) SaveAlert(ctx context.Context, ticketID int64, at *time.Time) error {
	err := t.on(ctx).Model(&tickets.Ticket{}).Where("id = ?", ticketID).Update("alert_at", at).Error
	return fail("save when a ticket is looked at", err)
}

// InsertLink joins two tickets. Where they are joined already that stays, but for a mere suggestion, which
// gives way to what is known.
func (t *tx) InsertLink(ctx context.Context, l tickets.Link) error {
	known := clause.OnConflict{
		Columns:   []clause.Column{{Name: "from_id"}, {Name: "to_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"kind", "at"}),
		Where:     clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "links.kind = 'suggested' AND excluded.kind <> 'suggested'"}}},
	}
	return fail("insert link", t.on(ctx).Clauses(known).Create(&l).Error)
}

// LiveTicketsOf lists the tickets of these requesters that are not closed, oldest first.
func (t *tx) LiveTicketsOf(ctx context.Context, requesters ...string) ([]tickets.Ticket, error) {
	if len(requesters) == 0 {
		return nil, nil
	}
	var list []tickets.Ticket
	g := t.on(ctx)
	err := g.Where("status <> 'closed' AND ?", among(g, "requester", requesters)).Order("id").Find(&list).Error
	t.handedOut(list)
	return list, fail("live tickets of requesters", err)
}

// TicketsByID lists those of the tickets that there are.
func (t *tx) TicketsByID(ctx context.Context, ids []int64) ([]tickets.Ticket, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var list []tickets.Ticket
	g := t.on(ctx)
	err := g.Where(among(g, "id", ids)).Order("id").Find(&list).Error
	t.handedOut(list)
	return list, fail("tickets by id", err)
}

// LiveTicketsForAccount lists the account's tickets that are not closed, oldest first.
func (t *tx) LiveTicketsForAccount(ctx context.Context, accountNo string) ([]tickets.Ticket, error) {
	var list []tickets.Ticket
	err := t.on(ctx).Where("status <> 'closed' AND account_no <> '' AND account_no = ?", accountNo).Order("id").Find(&list).Error
	return list, fail("live tickets of an account", err)
}

// DeleteLink parts two tickets.
func (t *tx) DeleteLink(ctx context.Context, l tickets.Link) error {
	g := t.on(ctx).Where("from_id = ? AND to_id = ? AND kind = ?", l.FromID, l.ToID, l.Kind).Delete(&tickets.Link{})
	return saved("delete link", g)
}

// TakesPart reports whether an address takes part in a ticket's mail. Both halves go by the ticket's own
// messages, which are indexed.
func (t *tx) TakesPart(ctx context.Context, ticketID int64, address string) (bool, error) {
	var n int64
	err := t.on(ctx).Model(&tickets.Message{}).Where(`ticket_id = ? AND channel = 'email' AND (
		direction = 'inbound' AND assurance >= 1 AND kind IN ('', 'message') AND lower(sender) = lower(?)
		OR direction = 'reply' AND lower(recipient) = lower(?))`, ticketID, address, address).Limit(1).Count(&n).Error
	return n > 0, fail("who takes part", err)
}
