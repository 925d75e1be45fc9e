package reply_test

import (
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestAnswersComeToTheTicketsOwnAddress: where the mailbox takes such addresses.
func TestAnswersComeToTheTicketsOwnAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from  string
		plus  bool
		local string // of Reply-To, "" for none
	}{
		"with a token":             {"service@example.com", true, "service+"},
		"not where it is off":      {"service@example.com", false, ""},
		"not where it is too long": {strings.Repeat("s", 40) + "@example.com", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			w := reply.NewWriter(reply.Config{
				Store: b.DB, IDs: b.ids, Now: func() time.Time { return b.now }, Zone: shanghai(), From: reply.Address{Name: "客服", Address: c.from},
				Settings: tickets.Settings{Locale: "zh-CN"}, PlusAddresses: c.plus,
			})
			if err := w.Tell(t.Context(), tickets.Job{TicketID: b.ticket.ID, Ref: "receipt"}, func(tickets.Tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
			header := read(t, b.outbox(t, b.ticket.ID)[0].Raw).header
			to, err := header.AddressList("Reply-To")
			if err != nil {
				t.Fatal(err)
			}
			if c.local == "" {
				same(t, "Reply-To", 0, len(to))
				return
			}
			token, ok := strings.CutPrefix(to[0].Address, c.local)
			token, _, _ = strings.Cut(token, "@")
			if id, ours := b.ids.OfToken(token); !ok || !ours || id != b.ticket.ID {
				t.Errorf("answers come to %s", to[0].Address)
			}
		})
	}
}
