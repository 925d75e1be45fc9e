package tickets_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func asking(i ...intent.Intent) intent.Understanding {
	return intent.Understanding{Intent: i[0], Intents: i, Confidence: 0.9}
}

func TestPlaceMessage(t *testing.T) {
	t.Parallel()
	mine := tickets.Ticket{ID: 1, Status: tickets.Open, Requester: "li@example.com", SenderProven: true, AccountNo: "u1", Facts: intent.Facts{OrderNo: "o1"}}
	with := func(f func(*tickets.Ticket)) tickets.Ticket { x := mine; f(&x); return x }
	byPhone := with(func(x *tickets.Ticket) { x.Channel, x.Requester, x.SenderProven = tickets.Phone, "", false })
	stop := asking(intent.StopAutoRenew)
	about := func(f intent.Facts) intent.Understanding { u := stop; u.Facts = f; return u }
	from := func(sender string, assurance int) tickets.Message {
		return tickets.Message{Sender: sender, Assurance: assurance}
	}
	for _, c := range []struct {
		name string
		m    tickets.Message
		u    intent.Understanding
		c    []tickets.Candidate
		want int
	}{
		{"nothing fits", from("li@example.com", 1), stop, nil, -1},
		{"our own signed id joins", from("li@example.com", 0), stop, []tickets.Candidate{{Ticket: mine, Signed: true}}, 0},
		{"it comes before a foreign one", from("li@example.com", 0), stop, []tickets.Candidate{{Ticket: mine, Referred: true}, {Ticket: mine, Signed: true}}, 1},
		{"a stranger with forged References does not join", from("x@example.com", 1), stop, []tickets.Candidate{{Ticket: mine, Referred: true}}, -1},
		{"nor one without a sender", from("", 0), stop, []tickets.Candidate{{Ticket: with(func(x *tickets.Ticket) { x.Requester = "" }), Referred: true}}, -1},
		{"the requester's own References join", from("li@example.com", 0), stop, []tickets.Candidate{{Ticket: mine, Referred: true}}, 0},
		{"a second request of the same address joins", from("li@example.com", 1), stop, []tickets.Candidate{{Ticket: mine, SameSender: true}}, 0},
		{"unauthenticated it does not", from("li@example.com", 0), stop, []tickets.Candidate{{Ticket: mine, SameSender: true}}, -1},
		{"nor to one that nobody authenticated", from("li@example.com", 1), stop, []tickets.Candidate{{Ticket: with(func(x *tickets.Ticket) { x.SenderProven = false }), SameSender: true}}, -1},
		{"nor to one that is solved", from("li@example.com", 1), stop, []tickets.Candidate{{Ticket: with(func(x *tickets.Ticket) { x.Status = tickets.Solved }), SameSender: true}}, -1},
		{"nor what asks for no stop", from("li@example.com", 1), asking(intent.NotCancellation), []tickets.Candidate{{Ticket: mine, SameSender: true}}, -1},
		{"nor about another account", from("li@example.com", 1), about(intent.Facts{Account: "u2"}), []tickets.Candidate{{Ticket: mine, SameSender: true}}, -1},
		{"nor about another order", from("li@example.com", 1), about(intent.Facts{OrderNo: "o2"}), []tickets.Candidate{{Ticket: mine, SameSender: true}}, -1},
		{"the registered contact's answer to what we wrote to him joins a call's case", from("li@example.com", 1), stop, []tickets.Candidate{{Ticket: byPhone, Signed: true, Addressed: true}}, 0},
		{"unauthenticated it does not", from("li@example.com", 0), stop, []tickets.Candidate{{Ticket: byPhone, Signed: true, Addressed: true}}, -1},
		{"nor what answers a mail to somebody else", from("x@example.com", 1), stop, []tickets.Candidate{{Ticket: byPhone, Signed: true}}, -1},
		{"nor to a ticket that a stranger opened in his name", from("li@example.com", 1), stop, []tickets.Candidate{
			{Ticket: with(func(x *tickets.Ticket) { x.SenderProven = false }), Signed: true, Addressed: true},
		}, -1},
		{"unless that mail asked whether it was he", from("li@example.com", 1), stop, []tickets.Candidate{
			{Ticket: with(func(x *tickets.Ticket) { x.SenderProven = false }), Signed: true, Addressed: true, WasAsked: true},
		}, 0},
		{"the requester's own number in the subject joins", from("li@example.com", 1), stop, []tickets.Candidate{{Ticket: mine, Numbered: true}}, 0},
		{"a stranger's guess does not", from("x@example.com", 1), stop, []tickets.Candidate{{Ticket: mine, Numbered: true}}, -1},
		{"nor does who only says that he is the requester", from("li@example.com", 0), stop, []tickets.Candidate{{Ticket: mine, Numbered: true}}, -1},
		{"nor the true owner of an address in whose name a stranger wrote", from("li@example.com", 1), stop, []tickets.Candidate{
			{Ticket: with(func(x *tickets.Ticket) { x.SenderProven = false }), Numbered: true},
		}, -1},
		{"a number comes after what the mail answers", from("li@example.com", 1), stop, []tickets.Candidate{{Ticket: mine, Numbered: true}, {Ticket: mine, Referred: true}}, 1},
		{"whoever else takes part joins by References", from("wu@example.com", 1), stop, []tickets.Candidate{{Ticket: mine, Referred: true, TakesPart: true}}, 0},
		{"and by its number", from("wu@example.com", 1), stop, []tickets.Candidate{{Ticket: mine, Numbered: true, TakesPart: true}}, 0},
		{"the same account joins", from("li@example.com", 1), about(intent.Facts{Account: "u1", OrderNo: "o1"}), []tickets.Candidate{{Ticket: mine, SameSender: true}}, 0},
	} {
		if got := tickets.PlaceMessage(c.m, c.u, c.c); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestArrive(t *testing.T) {
	t.Parallel()
	thanks := intent.Understanding{Thanks: true, Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}}
	mistaken := asking(intent.RefundMistakenCharge)
	for _, c := range []struct {
		name   string
		status tickets.Status
		u      intent.Understanding
		want   tickets.Arrival
	}{
		{"a message for a running case", tickets.OnHold, asking(intent.StopAutoRenew), tickets.Append},
		{"a mistaken charge in a running case", tickets.Open, mistaken, tickets.Append},
		{"a question after it was solved", tickets.Solved, asking(intent.StatusInquiry), tickets.Reopen},
		{"谢谢 after it was solved", tickets.Solved, thanks, tickets.Append},
		{"a mistaken charge after it was solved", tickets.Solved, mistaken, tickets.Urgent},
		{"as one thing of several", tickets.Solved, asking(intent.StopAutoRenew, intent.RefundMistakenCharge), tickets.Urgent},
		{"a mistaken charge after it was closed", tickets.Closed, mistaken, tickets.Urgent},
		{"anything after it was closed", tickets.Closed, thanks, tickets.Follow},
	} {
		if got := tickets.Arrive(c.status, c.u); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAbsorb(t *testing.T) {
	t.Parallel()
	yes := intent.Understanding{Intent: intent.Clarify, Intents: []intent.Intent{intent.Clarify}, Affirms: true, Confidence: 0.3}
	unclear := tickets.Ticket{Status: tickets.Pending, Reason: tickets.ReasonUnclear, Intent: intent.Clarify, Intents: []intent.Intent{intent.Clarify}, Confidence: 0.3}
	sure := asking(intent.StopAutoRenew)
	for _, c := range []struct {
		name       string
		t          tickets.Ticket
		u          intent.Understanding
		intents    []intent.Intent
		confidence float64
	}{
		{"a bare yes to our question asks to stop", unclear, yes, []intent.Intent{intent.StopAutoRenew}, 1},
		{"a bare yes to anything else does not", tickets.Ticket{
			Status: tickets.Pending, Reason: "answered", Intent: intent.StatusInquiry, Intents: []intent.Intent{intent.StatusInquiry}, Confidence: 0.7,
		}, yes, []intent.Intent{intent.StatusInquiry}, 0.7},
		{"a yes settles an uncertain stop", tickets.Ticket{
			Status: tickets.Pending, Reason: tickets.ReasonUnclear, Intent: intent.CancelAndRefund, Intents: []intent.Intent{intent.CancelAndRefund}, Confidence: 0.4,
		}, yes, []intent.Intent{intent.CancelAndRefund}, 1},
		{"a clear second request settles it too", tickets.Ticket{
			Status: tickets.Pending, Reason: tickets.ReasonUnclear, Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew}, Confidence: 0.4,
		}, sure, []intent.Intent{intent.StopAutoRenew}, 0.9},
		{"a clear request replaces the unclear one", unclear, sure, []intent.Intent{intent.StopAutoRenew}, 0.9},
		{
			"what stops money comes first",
			tickets.Ticket{Intents: []intent.Intent{intent.StopAutoRenew}, Confidence: 0.9},
			asking(intent.AssetDisposal, intent.RefundMistakenCharge),
			[]intent.Intent{intent.RefundMistakenCharge, intent.StopAutoRenew, intent.AssetDisposal},
			0.9,
		},
		{
			"a question changes nothing",
			tickets.Ticket{Intents: []intent.Intent{intent.StopAutoRenew}, Intent: intent.StopAutoRenew, Confidence: 0.9},
			asking(intent.StatusInquiry),
			[]intent.Intent{intent.StopAutoRenew},
			0.9,
		},
	} {
		c.t.Absorb(c.u)
		if d := cmp.Diff(c.intents, c.t.Intents); d != "" || c.t.Confidence != c.confidence || c.t.Intent != "" && c.t.Intent != c.intents[0] {
			t.Errorf("%s: %s, confidence %v, %s", c.name, d, c.t.Confidence, c.t.Intent)
		}
	}
	x := tickets.Ticket{Facts: intent.Facts{Account: "u1"}, Flags: []intent.Flag{intent.Minor}}
	x.Absorb(intent.Understanding{Facts: intent.Facts{Account: "u2", Phone: "13800000000", AmountFen: 100}, Flags: []intent.Flag{intent.Minor, intent.Legal}})
	want := tickets.Ticket{Facts: intent.Facts{Account: "u1", Phone: "13800000000", AmountFen: 100}, Flags: []intent.Flag{intent.Minor, intent.Legal}}
	if d := cmp.Diff(want, x); d != "" {
		t.Error(d)
	}
}
