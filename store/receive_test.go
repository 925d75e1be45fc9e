package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// desk is a desk over the database, with the calendar of an office that never closes.
func (b bundle) desk() *tickets.Desk {
	ids := tickets.MailIDs{Key: make([]byte, 32), Domain: "desk.example"}
	return tickets.NewDesk(b.DB, tickets.Settings{Zone: time.UTC, Locale: "zh-CN", Calendar: tickets.Calendar{Zone: time.UTC}}, ids, func() time.Time { return b.at })
}

// incoming is a mail that asks to stop, from somebody who is only said to have written it.
func (b bundle) incoming(uid uint32, from string) tickets.Incoming {
	return tickets.Incoming{
		UID: uid, Fingerprint: fmt.Sprintf("print of %d", uid), Bytes: 3000, Original: []byte("raw"),
		Message: tickets.Message{
			Channel: tickets.Email, Direction: tickets.Inbound, At: b.at, Sender: from, Subject: "退订", Text: "请关闭自动续费",
			MessageID: fmt.Sprintf("m%d@example.com", uid), Kind: "message",
		},
		Understanding: intent.Understanding{Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew}, Confidence: 0.9},
	}
}

// answering makes a mail an answer to another.
func answering(in tickets.Incoming, uid uint32) tickets.Incoming {
	in.InReplyTo = []string{fmt.Sprintf("m%d@example.com", uid)}
	return in
}

// notOurs makes a mail one that surely asks for no cancellation.
func notOurs(in tickets.Incoming) tickets.Incoming {
	in.Understanding = intent.Understanding{Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Confidence: 0.9}
	return in
}

func (b bundle) mails(uidValidity uint32, fence int64, mails ...tickets.Incoming) tickets.Batch {
	return tickets.Batch{
		Mailbox: "service", Folder: "INBOX", UIDValidity: uidValidity, LastUID: mails[len(mails)-1].UID, Fence: fence, Mails: mails,
	}
}

// placed is what became of each mail: its outcome and its ticket.
func placed(rows []tickets.Intake) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprintf("%d %s %d", r.Place.UID, r.Outcome, r.TicketID)
	}
	return out
}

func receivePromises() []promise {
	return []promise{
		{"mails of one batch are threaded by one another, also by their proved senders", func(t *testing.T, b bundle) {
			fence := b.lease(t)
			sure := func(in tickets.Incoming) tickets.Incoming { in.Message.Assurance = 1; return in }
			rows, err := b.desk().Receive(b.ctx(), b.mails(1, fence,
				b.incoming(1, "li@example.com"), answering(b.incoming(2, "li@example.com"), 1), answering(b.incoming(3, "wu@example.com"), 1),
				sure(b.incoming(4, "he@example.com")), sure(b.incoming(5, "he@example.com")), answering(b.incoming(6, "li@example.com"), 2),
			))
			must(t, err)
			want := []string{"1 ticket 1", "2 appended 1", "3 ticket 2", "4 ticket 3", "5 appended 3", "6 appended 1"}
			if d := cmp.Diff(want, placed(rows)); d != "" {
				t.Error(d)
			}
			said, err := b.Messages(b.ctx(), 1)
			must(t, err)
			for _, m := range said {
				if d := cmp.Diff([]intent.Intent{intent.StopAutoRenew}, m.Asks); d != "" || m.TicketID != 1 {
					t.Errorf("message %d of ticket %d asks:\n%s", m.ID, m.TicketID, d)
				}
			}
			if len(said) != 3 {
				t.Errorf("ticket 1 has %d messages, want 3", len(said))
			}
		}},
		{"what is written to a closed ticket opens one that follows it, and no second one", func(t *testing.T, b bundle) {
			fence := b.lease(t)
			rows, err := b.desk().Receive(b.ctx(), b.mails(1, fence,
				notOurs(b.incoming(1, "li@example.com")), answering(b.incoming(2, "li@example.com"), 1), answering(b.incoming(3, "li@example.com"), 1),
			))
			must(t, err)
			if d := cmp.Diff([]string{"1 ticket 1", "2 ticket 2", "3 appended 2"}, placed(rows)); d != "" {
				t.Error(d)
			}
			rows, err = b.desk().Receive(b.ctx(), b.mails(1, fence, answering(b.incoming(4, "li@example.com"), 1), answering(b.incoming(5, "wu@example.com"), 1)))
			must(t, err)
			if d := cmp.Diff([]string{"4 appended 2", "5 ticket 3"}, placed(rows)); d != "" {
				t.Error(d)
			}
		}},
		{"a folder that goes back to an old UIDVALIDITY is read on, and stores nothing twice", func(t *testing.T, b bundle) {
			fence := b.lease(t)
			unread := tickets.Incoming{UID: 2, Refused: tickets.OutcomeQuarantined, Detail: "could not be read", Message: tickets.Message{
				Channel: tickets.Email, Direction: tickets.Inbound, At: b.at, Kind: "message",
			}}
			first, err := b.desk().Receive(b.ctx(), b.mails(1, fence, b.incoming(1, "li@example.com"), unread))
			must(t, err)
			_, err = b.desk().Receive(b.ctx(), b.mails(2, fence, b.incoming(1, "li@example.com")))
			must(t, err)
			again, err := b.desk().Receive(b.ctx(), b.mails(1, fence, b.incoming(1, "li@example.com"), b.incoming(2, "li@example.com"), b.incoming(3, "wu@example.com")))
			must(t, err)
			if d := cmp.Diff([]string{"1 ticket 1", "2 quarantined 0", "3 ticket 2"}, placed(again)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(first, again[:2]); d != "" {
				t.Errorf("what was stored before came back otherwise:\n%s", d)
			}
			ledger, err := b.Ledger(b.ctx(), "", 0, 10)
			must(t, err)
			if len(ledger) != 4 {
				t.Errorf("the ledger has %d rows, want 4", len(ledger))
			}
			at, err := b.Cursor(b.ctx(), "service", "INBOX")
			must(t, err)
			if d := cmp.Diff(tickets.Cursor{Mailbox: "service", Folder: "INBOX", UIDValidity: 1, LastUID: 3}, at); d != "" {
				t.Error(d)
			}
		}},
		{"another mail in a known place is not taken for the one that lay there", func(t *testing.T, b bundle) {
			fence := b.lease(t)
			_, err := b.desk().Receive(b.ctx(), b.mails(1, fence, b.incoming(1, "li@example.com")))
			must(t, err)
			other := b.incoming(1, "li@example.com")
			other.Fingerprint = "another"
			_, err = b.desk().Receive(b.ctx(), b.mails(1, fence, other))
			wantKind(t, err, tickets.Conflict)
		}},
	}
}
