package tickets_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// TestNeed is the table of actions in DESIGN.md section 4, a case for each cell.
func TestNeed(t *testing.T) {
	t.Parallel()
	const limit = 20000
	for _, c := range []struct {
		name               string
		action             tickets.Action
		fen                int64
		contact, ownRecord bool
		want               int
	}{
		{"hold", tickets.ActHold, 0, false, false, 0},
		{"stop", tickets.ActStop, 0, false, false, 1},
		{"tell the registered contact", tickets.ActShow, 0, true, false, 1},
		{"tell somebody elsewhere", tickets.ActShow, 0, false, false, 2},
		{"refund that our own record grounds", tickets.ActRefund, limit + 1, false, true, 0},
		{"prorated refund up to the limit", tickets.ActRefund, limit, false, false, 1},
		{"prorated refund above it", tickets.ActRefund, limit + 1, false, false, 2},
		{"assets", tickets.ActAssets, 0, true, false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.action.Need(c.fen, limit, c.contact, c.ownRecord); got != c.want {
				t.Errorf("needs level %d, want %d", got, c.want)
			}
		})
	}
}

// TestGives is what each method gives for each action: stop, show, refund, assets.
func TestGives(t *testing.T) {
	t.Parallel()
	actions := []tickets.Action{tickets.ActStop, tickets.ActShow, tickets.ActRefund, tickets.ActAssets}
	for method, want := range map[tickets.Method][4]int{
		tickets.MethodAddress:         {1, 1, 1, 0},
		tickets.MethodPageLink:        {1, 0, 0, 0},
		tickets.MethodCodeEmail:       {1, 1, 1, 0},
		tickets.MethodCodeSMS:         {2, 2, 2, 2},
		tickets.MethodReadOut:         {2, 0, 0, 0},
		tickets.MethodSession:         {2, 2, 2, 2},
		tickets.MethodPaymentFact:     {1, 1, 1, 0},
		tickets.MethodTwoTransactions: {2, 0, 2, 0},
		"a method of another version": {0, 0, 0, 0},
	} {
		for i, a := range actions {
			t.Run(string(method)+" for "+string(a), func(t *testing.T) {
				t.Parallel()
				if got := method.Gives(a); got != want[i] {
					t.Errorf("gives level %d, want %d", got, want[i])
				}
			})
		}
	}
}

func TestVerificationCovers(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC)
	code := tickets.Verification{
		MessageID: 1, AccountNo: "u1", Level: 2, Method: tickets.MethodCodeSMS, Action: tickets.ActStop, At: at, ExpiresAt: at.Add(tickets.VerificationLife),
	}
	session := tickets.Verification{Scope: "chat/1", AccountNo: "u1", Level: 2, Method: tickets.MethodSession, At: at, ExpiresAt: at.Add(15 * time.Minute)}
	said := tickets.Message{ID: 1, Scope: "chat/1", At: at.Add(-time.Minute)}
	for _, c := range []struct {
		name    string
		v       tickets.Verification
		m       tickets.Message
		action  tickets.Action
		account string
		want    int
	}{
		{"what was asked before the code", code, said, tickets.ActStop, "u1", 2},
		{"no other action", code, said, tickets.ActRefund, "u1", 0},
		{"no other account", code, said, tickets.ActStop, "u2", 0},
		{"no other message", code, tickets.Message{ID: 2, At: at}, tickets.ActStop, "u1", 0},
		{"a line of the session's conversation", session, tickets.Message{ID: 7, Scope: "chat/1", At: at}, tickets.ActRefund, "u1", 2},
		{"no line of another", session, tickets.Message{ID: 7, Scope: "chat/2", At: at}, tickets.ActRefund, "u1", 0},
		{"no line after it expired", session, tickets.Message{ID: 7, Scope: "chat/1", At: at.Add(15 * time.Minute)}, tickets.ActRefund, "u1", 0},
		{"nothing once voided", func() tickets.Verification { v := session; v.VoidedAt = &at; return v }(), said, tickets.ActStop, "u1", 0},
		{"a mail has no scope to be covered by", tickets.Verification{AccountNo: "u1", Level: 2, Method: tickets.MethodSession, ExpiresAt: at.Add(time.Hour)}, tickets.Message{At: at}, tickets.ActStop, "u1", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.v.Covers(c.m, c.action, c.account); got != c.want {
				t.Errorf("covers with level %d, want %d", got, c.want)
			}
		})
	}
}
