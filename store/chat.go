package store

import (
	"context"

	"github.com/canceldesk/canceldesk/tickets"
)

// Conversation is the conversation that the app knows by that id.
func (r reader) Conversation(ctx context.Context, id string) (tickets.Conversation, error) {
	var c tickets.Conversation
	err := r.on(ctx).Take(&c, "id = ?", id).Error
	return c, fail("conversation", err)
}

// Conversations lists the conversations of a ticket, oldest first.
func (r reader) Conversations(ctx context.Context, ticketID int64) ([]tickets.Conversation, error) {
	var list []tickets.Conversation
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("at, id").Find(&list).Error
	return list, fail("conversations", err)
}

// ChatMessages lists the lines of the app and what the desk wrote into the conversation, oldest first.
func (r reader) ChatMessages(ctx context.Context, conversationID string) ([]tickets.Message, error) {
	var list []tickets.Message
	err := r.on(ctx).Where(`id IN (SELECT id FROM messages WHERE scope = ? AND external_id <> ''
		UNION SELECT message_id FROM chat_events WHERE conversation_id = ? AND type = 'message')`, tickets.ChatScope(conversationID), conversationID).
		Order("at, id").Find(&list).Error
	return list, fail("messages of a conversation", err)
}

// ChatEvents lists at most limit events after an id, in their order.
func (r reader) ChatEvents(ctx context.Context, after int64, limit int) ([]tickets.ChatEvent, error) {
	var list []tickets.ChatEvent
	err := r.on(ctx).Where("id > ?", after).Order("id").Limit(limit).Find(&list).Error
	return list, fail("chat events", err)
}

// LastChatEvent is the id of the newest chat event, 0 where there is none.
func (r reader) LastChatEvent(ctx context.Context) (int64, error) {
	var id int64
	err := r.on(ctx).Model(&tickets.ChatEvent{}).Select("COALESCE(MAX(id), 0)").Scan(&id).Error
	return id, fail("last chat event", err)
}

// ChatEventMessage is the newest message that the conversation's events up to an id tell of.
func (r reader) ChatEventMessage(ctx context.Context, conversationID string, upTo int64) (int64, error) {
	var id int64
	err := r.on(ctx).Model(&tickets.ChatEvent{}).Where("conversation_id = ? AND id <= ?", conversationID, upTo).
		Select("COALESCE(MAX(message_id), 0)").Scan(&id).Error
	return id, fail("message of a chat event", err)
}

// InsertConversation is Conflict where the conversation is known.
func (t *tx) InsertConversation(ctx context.Context, c tickets.Conversation) error {
	return fail("insert conversation", t.on(ctx).Create(&c).Error)
}

// SaveConversation writes every field of a conversation; NotFound where there is none.
func (t *tx) SaveConversation(ctx context.Context, c tickets.Conversation) error {
	return saveExisting(t.on(ctx), "save conversation", &c)
}

// chatTurn is the PostgreSQL lock under which chat events get their ids.
const chatTurn = 0x63686174

// InsertChatEvent stores an event. A reader goes on after the greatest id it saw, so on PostgreSQL the
// transactions that write events take turns from here to their commit: otherwise one could commit after
// another that drew a greater id, and be read by nobody. SQLite has one writer anyway.
func (t *tx) InsertChatEvent(ctx context.Context, e *tickets.ChatEvent) error {
	g := t.on(ctx)
	if t.dialect == postgresDialect {
		if err := g.Exec("SELECT pg_advisory_xact_lock(?)", chatTurn).Error; err != nil {
			return fail("turn of chat events", err)
		}
	}
	return fail("insert chat event", g.Create(e).Error)
}
