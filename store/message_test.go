package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func (b bundle) message(ticketID int64) tickets.Message {
	return tickets.Message{
		TicketID: ticketID, Direction: tickets.Inbound, Channel: tickets.Email, At: b.at, Sender: "li@example.com", SenderName: "李",
		Recipient: "service@example.com", Subject: "退订", Text: "请关闭", Quoted: "> 旧", HTML: "<p>请关闭</p>",
		Attachments: []tickets.Attachment{{Name: "a.png", Type: "image/png", Bytes: 3}}, MessageID: "m1@example.com",
		References: []string{"m0@example.com"}, Raw: "seg#0+10", Kind: "message", Defects: []string{"no date"},
		Asks: []intent.Intent{intent.StopAutoRenew}, Assurance: 1, AssuranceWhy: []string{"dmarc"},
	}
}

func messagePromises() []promise {
	return []promise{
		{"messages come back as they were stored, oldest first, and move together", func(t *testing.T, b bundle) {
			one, two := b.newTicket(t, nil), b.newTicket(t, nil)
			late, early := b.message(one.ID), b.message(one.ID)
			early.At = b.at.Add(-time.Hour)
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertMessage(b.ctx(), &late))
				return tx.InsertMessage(b.ctx(), &early)
			})
			got, err := b.Messages(b.ctx(), one.ID)
			must(t, err)
			if d := cmp.Diff([]tickets.Message{early, late}, got); d != "" {
				t.Error(d)
			}
			b.tx(t, func(tx tickets.Tx) error { return tx.MoveMessages(b.ctx(), one.ID, two.ID) })
			left, err := b.Messages(b.ctx(), one.ID)
			must(t, err)
			moved, err := b.Message(b.ctx(), late.ID)
			must(t, err)
			if len(left) != 0 || moved.TicketID != two.ID {
				t.Errorf("%d messages left behind, message is in %d, want 0 and %d", len(left), moved.TicketID, two.ID)
			}
		}},
		{"a person's reading of a message replaces what was understood", func(t *testing.T, b bundle) {
			want := b.message(b.newTicket(t, nil).ID)
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertMessage(b.ctx(), &want))
				wantKind(t, tx.SaveAsks(b.ctx(), want.ID+1, nil), tickets.NotFound)
				want.Asks = []intent.Intent{intent.AssetDisposal, intent.Clarify}
				return tx.SaveAsks(b.ctx(), want.ID, want.Asks)
			})
			got, err := b.Message(b.ctx(), want.ID)
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		}},
		{"a message of no ticket is refused", func(t *testing.T, b bundle) {
			m := b.message(99)
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.InsertMessage(b.ctx(), &m) }), tickets.Conflict)
		}},
		{"messages are found by the Message-ID they came or went under", func(t *testing.T, b bundle) {
			id, other := b.newTicket(t, nil).ID, b.newTicket(t, nil).ID
			in, reply, nameless := b.message(id), b.message(id), b.message(id)
			reply.Direction, reply.MessageID = tickets.Reply, ""
			nameless.MessageID = ""
			b.tx(t, func(tx tickets.Tx) error {
				for _, m := range []*tickets.Message{&in, &nameless, &reply} {
					must(t, tx.InsertMessage(b.ctx(), m))
				}
				o := b.outgoing(id, "k")
				o.MessageID, o.MailID = reply.ID, "sent@desk"
				must(t, tx.InsertOutgoing(b.ctx(), &o))
				again := b.message(other)
				must(t, tx.InsertMessage(b.ctx(), &again))
				got, err := tx.TicketsOfMailIDs(b.ctx(), []string{"sent@desk", "", "m1@example.com", "no@where"})
				must(t, err)
				if d := cmp.Diff(map[string][]int64{"m1@example.com": {id, other}, "sent@desk": {id}}, got); d != "" {
					t.Error(d)
				}
				none, err := tx.TicketsOfMailIDs(b.ctx(), nil)
				must(t, err)
				if len(none) != 0 {
					t.Errorf("no ids found %d tickets", len(none))
				}
				return nil
			})
		}},
	}
}

func (b bundle) outgoing(ticketID int64, key string) tickets.Outgoing {
	return tickets.Outgoing{
		TicketID: ticketID, Key: key, Channel: tickets.ByMail, Tell: tickets.TellReceipt, Recipient: "li@example.com", MailID: key + "@desk", Raw: []byte("Subject: x\r\n\r\n\x00"),
		Auto: true, State: tickets.OutgoingQueued, At: b.at,
	}
}

func outgoingPromises() []promise {
	return []promise{
		{"a mail is put into the outbox once under its key", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			first, second := b.outgoing(id, "k"), b.outgoing(id, "k")
			second.MailID = "other@desk"
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertOutgoing(b.ctx(), &first))
				wantKind(t, tx.InsertOutgoing(b.ctx(), &second), tickets.Conflict)
				// The transaction goes on after a Conflict.
				byKey, err := tx.OutgoingByKey(b.ctx(), "k")
				must(t, err)
				if d := cmp.Diff(first, byKey); d != "" {
					t.Error(d)
				}
				_, err = tx.OutgoingByKey(b.ctx(), "none")
				wantKind(t, err, tickets.NotFound)
				return nil
			})
			first.State, first.SentAt, first.Attempts, first.Detail = tickets.OutgoingSent, &b.at, 1, "250 ok"
			b.tx(t, func(tx tickets.Tx) error { return tx.SaveOutgoing(b.ctx(), first) })
			list, err := b.Outgoing(b.ctx(), id)
			must(t, err)
			if d := cmp.Diff([]tickets.Outgoing{first}, list); d != "" {
				t.Error(d)
			}
			unknown := first
			unknown.ID = 99
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveOutgoing(b.ctx(), unknown) }), tickets.NotFound)
			_, err = b.OutgoingByID(b.ctx(), 99)
			wantKind(t, err, tickets.NotFound)
		}},
		{"automatic answers to an address are counted since an instant", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			b.tx(t, func(tx tickets.Tx) error {
				for i, change := range []func(*tickets.Outgoing){
					func(*tickets.Outgoing) {},
					func(o *tickets.Outgoing) { o.At = b.at.Add(-time.Hour) },
					func(o *tickets.Outgoing) { o.At = b.at.Add(-time.Hour - time.Microsecond) },
					func(o *tickets.Outgoing) { o.Auto = false },
					func(o *tickets.Outgoing) { o.Tell = tickets.TellNeutral },
					func(o *tickets.Outgoing) { o.Recipient = "wang@example.com" },
				} {
					o := b.outgoing(id, key(i))
					change(&o)
					must(t, tx.InsertOutgoing(b.ctx(), &o))
				}
				n, err := tx.AutoAnswersSince(b.ctx(), "li@example.com", tickets.TellReceipt, b.at.Add(-time.Hour))
				must(t, err)
				if n != 2 {
					t.Errorf("%d automatic answers, want 2", n)
				}
				return nil
			})
		}},
	}
}
