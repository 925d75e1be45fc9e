package tickets

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ChatEnd ends a conversation: what is told from then on goes to the registered contact. by and reason are
// the app's words. Ending it again changes nothing.
func (d *Desk) ChatEnd(ctx context.Context, conversationID, by, reason string) (Conversation, error) {
	return d.changeChat(ctx, conversationID, func(tx Tx, c *Conversation, at time.Time) (ChatEvent, error) {
		if c.EndedAt != nil {
			return ChatEvent{}, nil
		}
		c.State, c.EndedAt, c.EndedBy, c.EndReason, c.WaitingSince = ChatEnded, &at, by, reason, nil
		if err := tx.Append(ctx, at, Record{
			Stream: Number(c.TicketID), Type: EventChatEnded, Actor: "app", Data: map[string]any{"by": by, "conversation": c.ID},
			Private: map[string][]byte{"reason": []byte(reason)},
		}); err != nil {
			return ChatEvent{}, err
		}
		if err := tx.ClearAlarm(ctx, ignoredAlarm(c.ID), DeskActor, at); err != nil {
			return ChatEvent{}, err
		}
		return ChatEvent{Type: ChatOver, State: string(ChatEnded)}, nil
	})
}

// ChatRead notes up to where the customer has read what the desk wrote: upTo is the number of a chat event,
// what the app knows a message by (Message.ChatID), or "" for everything. readAt, where not
// zero, is when. Invalid where upTo is nothing of this conversation.
func (d *Desk) ChatRead(ctx context.Context, conversationID, upTo string, readAt time.Time) (Conversation, error) {
	return d.changeChat(ctx, conversationID, func(tx Tx, c *Conversation, at time.Time) (ChatEvent, error) {
		said, err := tx.ChatMessages(ctx, c.ID)
		if err != nil {
			return ChatEvent{}, err
		}
		until, err := readUntil(ctx, tx, *c, upTo, said)
		if err != nil {
			return ChatEvent{}, err
		}
		var newest int64
		for _, m := range said {
			if m.Direction != Reply || m.ExternalID != "" {
				continue
			}
			newest = max(newest, m.ID)
			if m.ID <= until {
				c.ReadUpTo = max(c.ReadUpTo, m.ID)
			}
		}
		if readAt.IsZero() || readAt.After(at) {
			readAt = at
		}
		readAt = readAt.UTC().Truncate(time.Microsecond)
		c.ReadAt = &readAt
		if c.State != ChatAnswered || c.ReadUpTo < newest {
			return ChatEvent{}, nil
		}
		c.State = ChatRead
		return ChatEvent{Type: ChatChanged, State: string(ChatRead)}, nil
	})
}

// readUntil is the newest message that upTo covers.
func readUntil(ctx context.Context, tx Tx, c Conversation, upTo string, said []Message) (int64, error) {
	if upTo == "" {
		return 1<<63 - 1, nil
	}
	if id, err := strconv.ParseInt(upTo, 10, 64); err == nil && id > 0 {
		events, err := tx.ChatEvents(ctx, id-1, 1)
		if err != nil {
			return 0, err
		}
		if len(events) == 1 && events[0].ID == id && events[0].ConversationID == c.ID {
			return tx.ChatEventMessage(ctx, c.ID, id)
		}
	}
	if i := slices.IndexFunc(said, func(m Message) bool { return m.ChatID() == upTo }); i >= 0 {
		m := said[i]
		if m.ExternalID == "" {
			return m.ID, nil
		}
		var until int64
		for _, o := range said { // a line of the app's: whatever was said before it
			if !o.At.After(m.At) {
				until = max(until, o.ID)
			}
		}
		return until, nil
	}
	return 0, &Error{Kind: Invalid, Msg: "up_to names no event and no message of this conversation."}
}

// ChatID is what the app knows a message of a conversation by: its own id for its lines, "desk-" and the
// message's number for the desk's.
func (m Message) ChatID() string {
	if m.ExternalID == "" {
		return "desk-" + strconv.FormatInt(m.ID, 10)
	}
	_, rest, _ := strings.Cut(m.ExternalID, "/") // chat/CONVERSATION/LINE, the conversation's own slashes escaped
	_, line, _ := strings.Cut(rest, "/")
	return line
}

// changeChat loads a conversation, lets f change it, and saves it with the event that f returned; the zero
// event is none.
func (d *Desk) changeChat(ctx context.Context, id string, f func(tx Tx, c *Conversation, at time.Time) (ChatEvent, error)) (Conversation, error) {
	var c Conversation
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) (err error) {
		if c, err = tx.Conversation(ctx, id); err != nil {
			return err
		}
		before := c
		e, err := f(tx, &c, at)
		if err != nil {
			return err
		}
		if c != before {
			if err := tx.SaveConversation(ctx, c); err != nil {
				return err
			}
		}
		if e.Type == "" {
			return nil
		}
		e.ConversationID, e.At = c.ID, at
		return tx.InsertChatEvent(ctx, &e)
	})
	return c, err
}

// ignoredAfter is how long a chat may wait for a person where the settings say nothing.
const ignoredAfter = 2 * time.Minute

// ChatIgnoredAfter is how long a chat may wait for a person before it goes back to the queue.
func (s Settings) ChatIgnoredAfter() time.Duration {
	if s.ChatIgnored > 0 {
		return s.ChatIgnored
	}
	return ignoredAfter
}

// unreadAfter is how long an answer in a chat may stay unread where the settings say nothing.
const unreadAfter = 10 * time.Minute

// ChatUnreadAfter is how long an answer in a chat may stay unread before it goes out by mail.
func (s Settings) ChatUnreadAfter() time.Duration {
	if s.ChatUnread > 0 {
		return s.ChatUnread
	}
	return unreadAfter
}

func ignoredAlarm(conversationID string) string {
	return string(AlarmChatIgnored) + "/" + conversationID
}

// ChatIgnoredJob looks after a chat whose case needs a person.
func (s Settings) ChatIgnoredJob(c Conversation, at time.Time) Job {
	return Job{
		Kind: JobChatIgnored, TicketID: c.TicketID, Ref: c.ID, DueAt: at.Add(s.ChatIgnoredAfter()), Key: "chat.ignored/" + c.ID,
	}
}

// ChatIgnored carries out a JobChatIgnored: a chat that waited too long for a person goes back to the queue
// and rings, and is looked at again as long as it waits. done completes the job in the same transaction.
func (d *Desk) ChatIgnored(ctx context.Context, j Job, done func(tx Tx) error) error {
	at := d.now()
	return d.store.InTx(ctx, func(tx Tx) error {
		c, err := tx.Conversation(ctx, j.Ref)
		if err != nil {
			return err
		}
		t, err := tx.Ticket(ctx, c.TicketID)
		if err != nil {
			return err
		}
		if c.EndedAt != nil || c.WaitingSince == nil || t.Status != New && t.Status != Open {
			return done(tx) // answered, over, or not the desk's turn: if that changes, another job looks
		}
		next := d.settings.ChatIgnoredJob(c, at)
		since := *c.WaitingSince
		if t.Assignee != "" && c.TakenAt != nil && c.TakenAt.After(since) {
			since = *c.TakenAt // who took it last has the whole time
		}
		if due := since.Add(d.settings.ChatIgnoredAfter()); at.Before(due) {
			next.DueAt = due
		} else if err := d.bringBack(ctx, tx, t, c, at); err != nil {
			return err
		}
		if err := done(tx); err != nil {
			return err
		}
		return tx.Enqueue(ctx, next)
	})
}

// chatJobs look after the conversations of a case that became a person's.
func (d *Desk) chatJobs(ctx context.Context, tx Tx, t Ticket, at time.Time) ([]Job, error) {
	all, err := tx.Conversations(ctx, t.ID)
	var jobs []Job
	for _, c := range all {
		if c.EndedAt == nil && c.WaitingSince != nil {
			jobs = append(jobs, d.settings.ChatIgnoredJob(c, at))
		}
	}
	return jobs, err
}

// bringBack gives an ignored chat back to the queue.
func (d *Desk) bringBack(ctx context.Context, tx Tx, t Ticket, c Conversation, at time.Time) error {
	if t.Assignee != "" {
		t.Assignee = ""
		if err := tx.SaveTicket(ctx, &t); err != nil {
			return err
		}
		if err := tx.Append(ctx, at, Record{
			Stream: t.Number(), Type: EventAssigned, Actor: string(DeskActor), Data: map[string]any{"to": "", "why": string(AlarmChatIgnored)},
		}); err != nil {
			return err
		}
		if err := tx.InsertChatEvent(ctx, &ChatEvent{ConversationID: c.ID, Type: ChatChanged, State: string(ChatWaiting), At: at}); err != nil {
			return err
		}
	}
	return tx.RaiseAlarm(ctx, Alarm{
		Key: ignoredAlarm(c.ID), Kind: AlarmChatIgnored, TicketID: t.ID, At: at,
		Detail: "A customer waits in the chat of " + t.Number() + " and nobody has answered.",
	})
}

// TellChat notes in a conversation that the desk wrote a message into it, tells the app, and ends the
// alarm where a person or an outcome answered.
func TellChat(ctx context.Context, tx Tx, c Conversation, messageID int64, turn ChatTurn, by Actor, at time.Time) error {
	c.answered(turn, at)
	if err := tx.SaveConversation(ctx, c); err != nil {
		return err
	}
	if turn == ChatSettled {
		if err := tx.ClearAlarm(ctx, ignoredAlarm(c.ID), by, at); err != nil {
			return err
		}
	}
	return tx.InsertChatEvent(ctx, &ChatEvent{ConversationID: c.ID, Type: ChatMessage, MessageID: messageID, At: at})
}

// tellChatTaken tells the app that a person took the case, or gave it back.
func tellChatTaken(ctx context.Context, tx Tx, t Ticket, at time.Time) error {
	if t.Channel != Chat {
		return nil
	}
	open, err := tx.Conversations(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, c := range open {
		if c.EndedAt != nil {
			continue
		}
		e := ChatEvent{ConversationID: c.ID, Type: ChatChanged, State: string(c.State), At: at}
		if t.Assignee != "" {
			e.State, c.TakenAt = ChatWithAgent, &at
			if err := tx.SaveConversation(ctx, c); err != nil {
				return err
			}
		}
		if err := tx.InsertChatEvent(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

// chatReaches is Conflict where a case came by a chat that has ended and nobody else can be written to.
func chatReaches(ctx context.Context, tx Tx, t Ticket) error {
	all, err := tx.Conversations(ctx, t.ID)
	if err != nil || len(all) == 0 || Mailable(t.Requester) || slices.ContainsFunc(all, func(c Conversation) bool { return c.EndedAt == nil }) {
		return err
	}
	proofs, err := tx.Verifications(ctx, t.ID)
	if err != nil {
		return err
	}
	if t.AccountNo != "" && slices.Contains(ProvenAccounts(proofs), t.AccountNo) {
		snap, err := tx.Snapshot(ctx, t.AccountNo)
		if err != nil {
			return err
		}
		if Mailable(snap.Account.Email) {
			return nil
		}
	}
	return &Error{Kind: Conflict, Msg: "The chat has ended, and there is no registered address whose holder was proven to chat. Write a note instead."}
}
