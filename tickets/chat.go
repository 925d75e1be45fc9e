package tickets

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// ChatState is where a conversation stands.
type ChatState string

// The states of a conversation.
const (
	ChatWaiting  ChatState = "waiting"  // the customer wrote last
	ChatAnswered ChatState = "answered" // the desk wrote last, and it is not known that it was read
	ChatRead     ChatState = "read"     // the customer has read what the desk wrote last
	ChatEnded    ChatState = "ended"
)

// Conversation is one chat of the app that was handed over to the desk.
type Conversation struct {
	ID       string `gorm:"primaryKey"` // the app's own
	TicketID int64  // the case that its next line belongs to
	State    ChatState
	Locale   string // as the app says
	At       time.Time
	// CustomerAt is when the newest line of the customer came, WaitingSince the first that nobody and no
	// outcome has answered yet, AnsweredAt the newest line of the desk, its automatic ones included.
	CustomerAt   *time.Time
	WaitingSince *time.Time
	TakenAt      *time.Time // when a person last took the case
	AnsweredAt   *time.Time
	ReadUpTo     int64 // the newest message of the desk that the customer has read
	ReadAt       *time.Time
	// FactTries counts the handed over payment facts that fitted no account, because some can be guessed.
	FactTries int
	EndedAt   *time.Time
	EndedBy   string
	EndReason string
}

// Scope is what the messages of the conversation carry (Message.Scope).
func (c Conversation) Scope() string { return ChatScope(c.ID) }

// ChatScope is the scope of a conversation's messages and verifications.
func ChatScope(conversationID string) string { return "chat/" + conversationID }

// chatLineID is what a line is known by, in all conversations.
func chatLineID(conversationID, line string) string {
	return "chat/" + url.PathEscape(conversationID) + "/" + line
}

// ChatEventType says what the app is told of a conversation.
type ChatEventType string

// The types of chat events.
const (
	ChatMessage ChatEventType = "message" // something to show to the customer
	ChatChanged ChatEventType = "state"
	ChatOver    ChatEventType = "ended"
)

// ChatEvent is one line of the stream that the app's server reads. Its id only grows, and a smaller one
// never appears after a greater.
type ChatEvent struct {
	ID             int64 `gorm:"primaryKey"`
	ConversationID string
	Type           ChatEventType
	MessageID      int64  // for a message
	State          string // for a state: a ChatState, or with_agent while a person has the case
	At             time.Time
}

// ChatWithAgent is told when a person took the case of a conversation.
const ChatWithAgent = "with_agent"

// Speaker is who said a line of a chat.
type Speaker string

// The speakers. Bot and agent are the app's own.
const (
	SaidByCustomer Speaker = "customer"
	SaidByBot      Speaker = "bot"
	SaidByAgent    Speaker = "agent"
)

// ChatLine is one line as the app hands it over.
type ChatLine struct {
	ID          string
	From        Speaker
	At          time.Time // zero where the app does not know
	Text        string
	Attachments []Attachment
	// Content is the line with its attachments as a mail, and Raw the blob it is kept in; none where it
	// has no attachment.
	Content []byte
	Raw     string
}

// ChatCustomer is what the app claims about its customer. It finds an account and proves nothing.
type ChatCustomer struct {
	Name         string
	Facts        intent.Facts // account, phone, e-mail
	PaymentFacts []account.PaymentFact
}

// ChatSession is what an app-signed session token says that was found to be genuine.
type ChatSession struct {
	AccountNo string
	ExpiresAt time.Time
}

// Handover is what the app hands over of a conversation: the whole at its beginning, or what came since.
type Handover struct {
	ConversationID string
	Locale         string
	Customer       ChatCustomer
	Lines          []ChatLine
	Original       []byte       // as it came, without tokens and contents of attachments; the evidence commits to it
	Session        *ChatSession // nil where there was no token or a bad one
	SessionWhy     string       // what became of the token, for the people at the desk
}

// chatTries is how often a handover is tried again where another of the same conversation came first.
const chatTries = 4

// Handoff takes a conversation over from the app, and reports true where that opened a case. Handed over
// again, what is new is added to its case, nothing twice; where that case is closed, what the customer
// says opens a linked one.
func (d *Desk) Handoff(ctx context.Context, h Handover) (t Ticket, opened bool, err error) {
	for range chatTries {
		at := d.now()
		err = d.store.InTx(ctx, func(tx Tx) error {
			c, err := tx.Conversation(ctx, h.ConversationID)
			if errors.Is(err, NotFound) {
				t, err = d.openChat(ctx, tx, h, at)
				opened = true
				return err
			}
			if err != nil {
				return err
			}
			t, opened, _, err = d.continueChat(ctx, tx, c, h, at)
			return err
		})
		if !errors.Is(err, Conflict) {
			break // another handover of the same lines came first: look at what it left
		}
	}
	return t, opened, err
}

// ChatLines adds lines to a conversation that was handed over, and reports whether any was new. NotFound
// where there is no such conversation.
func (d *Desk) ChatLines(ctx context.Context, h Handover) (t Ticket, added bool, err error) {
	for range chatTries {
		at := d.now()
		err = d.store.InTx(ctx, func(tx Tx) error {
			c, err := tx.Conversation(ctx, h.ConversationID)
			if err != nil {
				return err
			}
			t, _, added, err = d.continueChat(ctx, tx, c, h, at)
			return err
		})
		if !errors.Is(err, Conflict) {
			break
		}
	}
	return t, added, err
}

// KnownChatLines are those of the line ids that the conversation has already.
func (d *Desk) KnownChatLines(ctx context.Context, conversationID string, lines []string) ([]string, error) {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = chatLineID(conversationID, l)
	}
	known, err := d.store.KnownMessages(ctx, ids)
	var out []string
	for i, id := range ids {
		if slices.Contains(known, id) {
			out = append(out, lines[i])
		}
	}
	return out, err
}

// openChat opens the case of a conversation.
func (d *Desk) openChat(ctx context.Context, tx Tx, h Handover, at time.Time) (Ticket, error) {
	c := Conversation{ID: h.ConversationID, Locale: h.Locale, State: ChatAnswered, At: at}
	proof, why, err := d.proveChat(ctx, tx, &c, h, nil, at)
	if err != nil {
		return Ticket{}, err
	}
	lines := newLines(h, nil, at)
	i := carrier(lines)
	if i < 0 { // nobody said anything yet: the handover itself is what came in
		lines = append(lines, ChatLine{From: SaidByCustomer, At: at})
		i = len(lines) - 1
	}
	desk := *d
	if h.Locale != "" {
		desk.settings.Locale = LocaleOfTag(h.Locale, d.settings.Locale) // where the words don't tell
	}
	s := d.spoken(h, lines, i, proof, levelOfProof(proof), why)
	t, err := desk.take(ctx, tx, s, at)
	if err != nil {
		return t, err
	}
	c.TicketID = t.ID
	c.heard(lines, at)
	if err := tx.InsertConversation(ctx, c); err != nil {
		return t, err
	}
	return t, d.keepLines(ctx, tx, t, h, lines, i, s.Message, at)
}

// continueChat adds what is new to a conversation's case. added reports whether a line was new, opened
// whether the case is one that it opened.
func (d *Desk) continueChat(ctx context.Context, tx Tx, c Conversation, h Handover, at time.Time) (t Ticket, opened, added bool, err error) {
	if t, err = tx.Ticket(ctx, c.TicketID); err != nil {
		return t, false, false, err
	}
	ids := make([]string, len(h.Lines))
	for i, l := range h.Lines {
		ids[i] = chatLineID(c.ID, l.ID)
	}
	known, err := tx.KnownMessages(ctx, ids)
	if err != nil {
		return t, false, false, err
	}
	proofs, err := tx.Verifications(ctx, t.ID)
	if err != nil {
		return t, false, false, err
	}
	before := c
	proof, why, err := d.proveChat(ctx, tx, &c, h, proofs, at)
	if err != nil {
		return t, false, false, err
	}
	lines := newLines(h, known, at)
	i := carrier(lines)
	if i >= 0 {
		s := d.spoken(h, lines, i, proof, levelOfProof(proof), why)
		for _, v := range proofs {
			s.Message.Assurance = max(s.Message.Assurance, v.Covers(s.Message, ActStop, v.AccountNo))
		}
		was := t.ID
		if t, err = d.hear(ctx, tx, t, s, at); err != nil {
			return t, false, false, err
		}
		opened, c.TicketID = t.ID != was, t.ID
		c.heard(lines, at)
		err = d.keepLines(ctx, tx, t, h, lines, i, s.Message, at)
	} else {
		c.heard(lines, at)
		if err = d.keepLines(ctx, tx, t, h, lines, -1, Message{}, at); err == nil && proof != nil {
			t, err = d.proven(ctx, tx, t, *proof, at)
		}
	}
	if err != nil || c == before {
		return t, opened, len(lines) > 0, err
	}
	return t, opened, len(lines) > 0, tx.SaveConversation(ctx, c)
}

// heard notes in the conversation what was said in it.
func (c *Conversation) heard(lines []ChatLine, at time.Time) {
	for _, l := range lines {
		switch {
		case c.EndedAt != nil && !l.At.After(*c.EndedAt): // late: it opens nothing again
		case l.From == SaidByCustomer:
			c.State, c.CustomerAt = ChatWaiting, &at
			c.EndedAt, c.EndedBy, c.EndReason = nil, "", ""
			if c.WaitingSince == nil {
				c.WaitingSince = &at
			}
		}
	}
}

// ChatTurn is whose turn it is once the desk has written into a conversation.
type ChatTurn int

// The turns. Acknowledged is a mere receipt: somebody still has to answer. Asked leaves the next word to the
// customer, Settled is a person's answer or the outcome that he waited for.
const (
	ChatAcknowledged ChatTurn = iota
	ChatAsked
	ChatSettled
)

// answered notes that the desk wrote into the conversation.
func (c *Conversation) answered(turn ChatTurn, at time.Time) {
	c.AnsweredAt = &at
	if c.EndedAt == nil && turn != ChatAcknowledged {
		c.State = ChatAnswered
	}
	if turn == ChatSettled {
		c.WaitingSince = nil
	}
}
