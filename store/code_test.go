package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func codePromises() []promise {
	return []promise{
		{"a code comes back as it was saved, and one that never was changes nothing", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			c := tickets.Code{
				PublicID: "p1", TicketID: id, AccountNo: "u1", Way: tickets.ToPhone, Recipient: "13800000000", Action: tickets.ActRefund, AmountFen: 5,
				QuoteHash: "h", MessageID: 7, Scope: "call/1", By: "agent:amy", At: b.at, ExpiresAt: b.at.Add(tickets.CodeLife),
			}
			late := c
			late.PublicID, late.At = "p2", b.at.Add(time.Hour)
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertCode(b.ctx(), &c))
				return tx.InsertCode(b.ctx(), &late)
			})
			c.Tries, c.UsedAt, c.LockedAt = 5, &b.at, &b.at
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.SaveCode(b.ctx(), tickets.Code{}))
				must(t, tx.SaveCode(b.ctx(), c))
				got, err := tx.CodeByPublicID(b.ctx(), "p1")
				must(t, err)
				since, err := tx.CodesSince(b.ctx(), "u1", b.at.Add(time.Minute))
				must(t, err)
				if d := cmp.Diff([]any{c, []tickets.Code{late}}, []any{got, since}); d != "" {
					t.Error(d)
				}
				_, err = tx.CodeByPublicID(b.ctx(), "p3")
				wantKind(t, err, tickets.NotFound)
				return nil
			})
			all, err := b.Codes(b.ctx(), id)
			must(t, err)
			if d := cmp.Diff([]tickets.Code{c, late}, all); d != "" {
				t.Error(d)
			}
		}},
		{"checks of payment facts are found by ticket and by account", func(t *testing.T, b bundle) {
			one, two := b.newTicket(t, nil).ID, b.newTicket(t, nil).ID
			checks := []tickets.FactCheck{
				{TicketID: one, AccountNo: "u1", By: "agent:amy", At: b.at},
				{TicketID: two, AccountNo: "u1", Matched: true, By: "agent:amy", At: b.at},
				{TicketID: two, By: "agent:amy", At: b.at.Add(-time.Minute)},
				{TicketID: two, By: "agent:amy", At: b.at.Add(-time.Hour)},
			}
			b.tx(t, func(tx tickets.Tx) error {
				for _, c := range checks {
					must(t, tx.InsertFactCheck(b.ctx(), c))
				}
				ids := func(ticket int64, account string) (out []int64) {
					list, err := tx.FactChecksSince(b.ctx(), ticket, account, b.at.Add(-time.Minute))
					must(t, err)
					for _, c := range list {
						out = append(out, c.ID)
					}
					return out
				}
				if d := cmp.Diff([][]int64{{1}, {2, 3}, {1, 2, 3}, {1, 2}}, [][]int64{ids(one, ""), ids(two, ""), ids(two, "u1"), ids(one, "u1")}); d != "" {
					t.Error(d)
				}
				return nil
			})
		}},
	}
}
