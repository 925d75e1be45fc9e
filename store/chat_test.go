package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func chatPromises() []promise {
	conversation := func(b bundle, id string, ticket int64) tickets.Conversation {
		since := b.at.Add(time.Minute)
		return tickets.Conversation{
			ID: id, TicketID: ticket, State: tickets.ChatWaiting, Locale: "zh-CN", At: b.at, CustomerAt: &b.at, WaitingSince: &since,
			AnsweredAt: &b.at, ReadUpTo: 3, ReadAt: &b.at, FactTries: 2,
		}
	}
	return []promise{
		{"a conversation is known once and comes back as it was stored", func(t *testing.T, b bundle) {
			last, err := b.LastChatEvent(b.ctx())
			must(t, err)
			if last != 0 {
				t.Errorf("the last event of no chats is %d", last)
			}
			_, err = b.Conversation(b.ctx(), "c-1")
			wantKind(t, err, tickets.NotFound)
			want := conversation(b, "c-1", b.newTicket(t, nil).ID)
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertConversation(b.ctx(), want) })
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.InsertConversation(b.ctx(), want) }), tickets.Conflict)
			want.State, want.EndedAt, want.EndedBy, want.EndReason, want.WaitingSince = tickets.ChatEnded, &b.at, "customer", "bye", nil
			b.tx(t, func(tx tickets.Tx) error { return tx.SaveConversation(b.ctx(), want) })
			list, err := b.Conversations(b.ctx(), want.TicketID)
			must(t, err)
			if d := cmp.Diff([]tickets.Conversation{want}, list); d != "" {
				t.Error(d)
			}
			missing := conversation(b, "c-2", want.TicketID)
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveConversation(b.ctx(), missing) }), tickets.NotFound)
		}},
		{"moving messages takes conversations and proofs along", func(t *testing.T, b bundle) {
			from, to := b.newTicket(t, nil).ID, b.newTicket(t, nil).ID
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertConversation(b.ctx(), conversation(b, "c-1", from)))
				v := tickets.Verification{TicketID: from, Scope: "chat/c-1", AccountNo: "u1", Level: 2, Method: tickets.MethodSession, At: b.at, ExpiresAt: b.at}
				must(t, tx.InsertVerification(b.ctx(), &v))
				return tx.MoveMessages(b.ctx(), from, to)
			})
			chats, err := b.Conversations(b.ctx(), to)
			must(t, err)
			proofs, err := b.Verifications(b.ctx(), to)
			must(t, err)
			if len(chats) != 1 || len(proofs) != 1 {
				t.Errorf("%d conversations, %d proofs", len(chats), len(proofs))
			}
		}},
		{"what is said in a conversation is its own lines and what its events tell", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertConversation(b.ctx(), conversation(b, "c-1", id)))
				for i, m := range []tickets.Message{
					{Direction: tickets.Inbound, Scope: "chat/c-1", ExternalID: "chat/c-1/x", Text: "one"},
					{Direction: tickets.Inbound, Scope: "chat/c-2", ExternalID: "chat/c-2/x", Text: "another's"},
					{Direction: tickets.Note, Text: "a note"},
					{Direction: tickets.Reply, Text: "told"},
				} {
					m.TicketID, m.Channel, m.At = id, tickets.Chat, b.at.Add(time.Duration(i)*time.Second)
					must(t, tx.InsertMessage(b.ctx(), &m))
					if m.Text == "told" {
						must(t, tx.InsertChatEvent(b.ctx(), &tickets.ChatEvent{ConversationID: "c-1", Type: tickets.ChatMessage, MessageID: m.ID, At: b.at}))
						must(t, tx.InsertChatEvent(b.ctx(), &tickets.ChatEvent{ConversationID: "c-1", Type: tickets.ChatChanged, State: "read", At: b.at}))
					}
				}
				return nil
			})
			said, err := b.ChatMessages(b.ctx(), "c-1")
			must(t, err)
			var texts []string
			for _, m := range said {
				texts = append(texts, m.Text)
			}
			if d := cmp.Diff([]string{"one", "told"}, texts); d != "" {
				t.Error(d)
			}
			events, err := b.ChatEvents(b.ctx(), 0, 10)
			must(t, err)
			if len(events) != 2 {
				t.Fatalf("%d events", len(events))
			}
			last, err := b.LastChatEvent(b.ctx())
			must(t, err)
			if last != events[1].ID {
				t.Errorf("the last event is %d, want %d", last, events[1].ID)
			}
			newest, err := b.ChatEventMessage(b.ctx(), "c-1", events[1].ID)
			must(t, err)
			known, err := b.KnownMessages(b.ctx(), []string{"chat/c-1/x", "chat/c-1/y"})
			must(t, err)
			if d := cmp.Diff([]string{"chat/c-1/x"}, known); d != "" || newest != said[1].ID {
				t.Error(d, newest)
			}
		}},
		{"no event appears before one that was read", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			const writers, each = 4, 15
			b.tx(t, func(tx tickets.Tx) error {
				for w := range writers {
					must(t, tx.InsertConversation(b.ctx(), conversation(b, fmt.Sprint("c-", w), id)))
				}
				return nil
			})
			var all sync.WaitGroup
			for w := range writers {
				all.Go(func() {
					for range each {
						err := b.InTx(b.ctx(), func(tx tickets.Tx) error {
							return tx.InsertChatEvent(b.ctx(), &tickets.ChatEvent{ConversationID: fmt.Sprint("c-", w), Type: tickets.ChatChanged, State: "read", At: b.at})
						})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			over := make(chan struct{})
			go func() { all.Wait(); close(over) }()
			var seen, after int64
			for last := false; ; {
				list, err := b.ChatEvents(b.ctx(), after, 100)
				must(t, err)
				for _, e := range list {
					seen, after = seen+1, e.ID
				}
				if last {
					break
				}
				select {
				case <-over:
					last = true
				default:
				}
			}
			if seen != writers*each {
				t.Errorf("a reader that went on from what it saw saw %d events of %d", seen, writers*each)
			}
		}},
		{"fifty identical handovers open one case", func(t *testing.T, b bundle) {
			desk := b.desk()
			h := tickets.Handover{ConversationID: "c-1", Original: []byte("{}"), Lines: []tickets.ChatLine{{ID: "1", From: tickets.SaidByCustomer, Text: "关闭自动续费"}}}
			var all sync.WaitGroup
			var mu sync.Mutex
			opened := 0
			for range 50 {
				all.Go(func() {
					tk, first, err := desk.Handoff(b.ctx(), h)
					mu.Lock()
					defer mu.Unlock()
					if err != nil || tk.Number() == "" {
						t.Errorf("%s, %v", tk.Number(), err)
					}
					if first {
						opened++
					}
				})
			}
			all.Wait()
			list, _, err := b.Tickets(b.ctx(), tickets.Filter{View: tickets.ViewAll})
			must(t, err)
			said, err := b.ChatMessages(b.ctx(), "c-1")
			must(t, err)
			if opened != 1 || len(list) != 1 || len(said) != 1 {
				t.Errorf("%d opened one, %d cases, %d messages", opened, len(list), len(said))
			}
		}},
	}
}
