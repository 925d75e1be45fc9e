package tickets_test

import (
	"errors"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestWrongPaymentFactsAreCountedByTheAccountWhateverTheWay: who starts anew for each guess guesses no more
// often.
func TestWrongPaymentFactsAreCountedByTheAccountWhateverTheWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.member()
	stated := func(no string) tickets.Identity {
		return tickets.Identity{Account: "u1", PaymentFacts: []account.PaymentFact{{ChannelTxnID: no}}}
	}
	proven := func(no string) bool {
		ticket, err := b.desk.Open(b.ctx, "agent:amy", tickets.HandTaken{
			Channel: tickets.Phone, Text: "请取消自动续费", Scope: "call/" + no + b.now.String(), ReceivedAt: b.now, Identity: stated(no),
		})
		must(t, err)
		all, err := b.Verifications(b.ctx, ticket.ID)
		must(t, err)
		return len(all) == 1
	}
	for range 14 {
		if m, err := b.desk.Match(b.ctx, "agent:amy", stated("x")); m.Paid() || err != nil {
			t.Fatal(m, err)
		}
	}
	if !proven("4200001") {
		t.Error("the fifteenth, which is right, proves nothing")
	}
	if proven("x") || proven("4200001") {
		t.Error("after fifteen wrong ones a right one still tells that it is right")
	}
	if _, err := b.desk.Match(b.ctx, "agent:amy", stated("4200001")); !errors.Is(err, tickets.TooMany) {
		t.Errorf("match after fifteen wrong ones: %v", err)
	}
	b.now = b.now.Add(time.Hour + time.Second)
	if m, err := b.desk.Match(b.ctx, "agent:amy", stated("4200001")); !m.Paid() || err != nil {
		t.Errorf("an hour later: %v %v", m, err)
	}
}
