package store

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// skipExisting leaves a row that is there already as it is.
func skipExisting() clause.OnConflict { return clause.OnConflict{DoNothing: true} }

// Messages lists what was said in a ticket, oldest first.
func (r reader) Messages(ctx context.Context, ticketID int64) ([]tickets.Message, error) {
	var list []tickets.Message
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("at, id").Find(&list).Error
	return list, fail("messages", err)
}

// Message is the message with that id.
func (r reader) Message(ctx context.Context, id int64) (tickets.Message, error) {
	var m tickets.Message
	err := r.on(ctx).Take(&m, "id = ?", id).Error
	return m, fail("message", err)
}

// InsertMessage stores a new message, together with others of the transaction (pending).
func (t *tx) InsertMessage(ctx context.Context, m *tickets.Message) error {
	if err := t.usable(); err != nil {
		return err
	}
	if err := t.pending.number(t.through(ctx), "messages", someMessages, &m.ID); err != nil {
		return fail("number message", err)
	}
	t.pending.messages = append(t.pending.messages, *m)
	return nil
}

// KnownMessages are those of the external ids that are stored.
func (r reader) KnownMessages(ctx context.Context, externalIDs []string) ([]string, error) {
	if len(externalIDs) == 0 {
		return nil, nil
	}
	var known []string
	err := r.on(ctx).Model(&tickets.Message{}).Where("external_id <> '' AND external_id IN ?", externalIDs).Pluck("external_id", &known).Error
	return known, fail("known messages", err)
}

// MoveMessages gives every message of one ticket to another, with the conversations and calls they are of and
// the proofs of who speaks in them.
func (t *tx) MoveMessages(ctx context.Context, from, to int64) error {
	for _, row := range []any{&tickets.Message{}, &tickets.Conversation{}, &tickets.Call{}, &tickets.Verification{}} {
		if err := t.on(ctx).Model(row).Where("ticket_id = ?", from).Update("ticket_id", to).Error; err != nil {
			return fail("move messages", err)
		}
	}
	return nil
}

// TicketsOfMailIDs tells in which tickets the mails with these Message-IDs lie, oldest first. A reply
// that left through the outbox is known by the id it was sent under.
func (t *tx) TicketsOfMailIDs(ctx context.Context, ids []string) (map[string][]int64, error) {
	if len(ids) == 0 {
		return map[string][]int64{}, nil
	}
	var rows []struct {
		MailID   string
		TicketID int64
	}
	g := t.on(ctx)
	err := g.Raw(`SELECT message_id AS mail_id, ticket_id, id FROM messages WHERE message_id <> '' AND ?
		UNION SELECT o.mail_id, m.ticket_id, m.id FROM outgoing o JOIN messages m ON m.id = o.message_id WHERE ?
		ORDER BY id`, among(g, "message_id", ids), among(g, "o.mail_id", ids)).Scan(&rows).Error
	found := make(map[string][]int64, len(rows))
	for _, r := range rows {
		found[r.MailID] = append(found[r.MailID], r.TicketID)
	}
	return found, fail("tickets of mail ids", err)
}

// SaveAsks records what a person found that a message asks for.
func (t *tx) SaveAsks(ctx context.Context, messageID int64, asks []intent.Intent) error {
	m := tickets.Message{ID: messageID, Asks: asks}
	return saved("save what a message asks", t.on(ctx).Model(&m).Select("asks").Updates(&m))
}
