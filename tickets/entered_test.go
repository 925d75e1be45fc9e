package tickets_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestDateThatSomebodyEnters: refunds count from it, so it has its bounds, a reason and a name.
func TestDateThatSomebodyEnters(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		age    time.Duration
		reason string
		ok     bool
		late   bool
	}{
		"now":                        {0, "", true, false},
		"this week":                  {6 * day, "", true, true},
		"a month ago":                {34 * day, "", false, false},
		"a month ago, with a reason": {34 * day, "lay elsewhere", true, true},
		"1990":                       {36 * 365 * day, "lay elsewhere", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			when := b.now.Add(-tt.age)
			ticket, err := b.desk.Open(b.ctx, "agent:amy", tickets.HandTaken{
				Channel: tickets.Other, ReceivedAt: when, Reason: tt.reason, Text: "退订并退款", Scope: "hand/1",
			})
			call := tickets.CallReport{ID: "c1", StartedAt: when, Reason: tt.reason, Summary: "退订并退款"}
			if _, _, callErr := b.desk.Call(b.ctx, "key:1", call); (callErr == nil) != tt.ok {
				t.Errorf("as a call: %v", callErr)
			}
			if !tt.ok {
				if !errors.Is(err, tickets.Invalid) {
					t.Fatalf("error %v, want invalid", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			messages, err := b.Messages(b.ctx, ticket.ID)
			if err != nil {
				t.Fatal(err)
			}
			m, late := tickets.Backdated(messages)
			if late != tt.late || m.EnteredBy != "agent:amy" || m.EnteredReason != tt.reason {
				t.Errorf("late %t by %q for %q", late, m.EnteredBy, m.EnteredReason)
			}
		})
	}
}

// TestInvolved: everybody on whose word a refund rests, whoever it is, and nobody else.
func TestInvolved(t *testing.T) {
	t.Parallel()
	ticket := tickets.Ticket{AccountNo: "u1"}
	at := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	got := account.Refund{Involved: "," + strings.Join(tickets.Involved(ticket,
		[]tickets.Message{{EnteredBy: "agent:opener"}, {}},
		[]tickets.Verification{{AccountNo: "u1", By: "agent:typist"}, {AccountNo: "u2", By: "agent:other"}, {AccountNo: "u1", By: "agent:voided", VoidedAt: &at}},
		[]tickets.Acceptance{{QuoteHash: "h", By: "agent:Writer"}, {QuoteHash: "h", By: "customer"}, {QuoteHash: "old", By: "agent:early"}}, "h"), ",") + ","}
	for who, want := range map[string]bool{
		"agent:opener": true, "agent:typist": true, "agent:writer": true, "agent:other": false, "agent:voided": false,
		"customer": false, "agent:early": false, "agent:op": false, "desk": false,
	} {
		if got.InvolvedIn(who) != want {
			t.Errorf("%s: %t", who, !want)
		}
	}
}
