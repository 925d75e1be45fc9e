package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// demoCall is a telephone call of the demo's history.
type demoCall struct {
	id      string
	ago     time.Duration
	account string // stated, unless facts point at it
	caller  string
	facts   int // how many transaction numbers the caller gives
	summary string
}

// demoCalls are one caller whom nobody could verify, one who pays for somebody else's membership, and
// one who wants money back and has not said yes yet.
func demoCalls() []demoCall {
	return []demoCall{
		{"demo-2", 6 * 24 * time.Hour, "GX1011", "13800131012", 1, "来电人说会员是孩子账号上的，扣的是他的钱，要求关闭自动续费。"},
		{"demo-3", 5 * time.Hour, "GX1013", "13800131013", 2, "客户要求关闭自动续费，没用完的部分退款。"},
		{"demo-4", 3 * time.Hour, "GX1008", "13911112222", 0, "来电人要求关闭 GX1008 的自动续费，手边没有扣款记录，稍后再打来。"},
	}
}

// calls are the telephone calls, and the member who accepts the offer of his mail's case on the phone.
func (h *history) calls() []scene {
	yes := h.began.Add(-20 * time.Hour)
	out := []scene{
		{yes, func(ctx context.Context) error { return h.rings(ctx, yes) }},
		{yes.Add(time.Minute), h.saysYes},
	}
	for _, c := range demoCalls() {
		at := h.began.Add(-c.ago)
		out = append(out, scene{at, func(ctx context.Context) error { return h.call(ctx, c, at) }})
	}
	return out
}

// rings is a member who rings about the case of his mail and names a payment.
func (h *history) rings(ctx context.Context, at time.Time) error {
	t, err := h.app.db.Ticket(ctx, h.arrived["31-regulator-threat"])
	if err != nil {
		return err
	}
	return h.call(ctx, demoCall{
		id: "demo-1", account: t.AccountNo, caller: "13800131029", facts: 1, summary: "客户来电催办：要求关闭自动续费并退款，愿意确认试算。",
	}, at)
}

// saysYes records that member's yes; the refund then waits for an approval.
func (h *history) saysYes(ctx context.Context) error {
	id := h.arrived["31-regulator-threat"]
	quotes, err := h.app.db.Quotes(ctx, id)
	if err != nil || len(quotes) == 0 {
		return err
	}
	_, err = h.app.desk.Accept(ctx, id, tickets.AgentActor("amy"), quotes[len(quotes)-1].Hash, "电话里说：同意这个金额，现在就退，会员不用了。")
	return err
}

// call reports one call, as a call centre does when it is over.
func (h *history) call(ctx context.Context, c demoCall, at time.Time) error {
	snap, err := h.app.db.Snapshot(ctx, c.account)
	if err != nil {
		return fmt.Errorf("call %s: %w", c.id, err)
	}
	var who tickets.Identity
	for _, ch := range slices.Backward(snap.Charges) { // recent ones prove somebody
		if ch.ChannelTxnID != "" && len(who.PaymentFacts) < c.facts {
			who.PaymentFacts = append(who.PaymentFacts, account.PaymentFact{ChannelTxnID: ch.ChannelTxnID})
		}
	}
	if c.facts == 0 {
		who.Account = c.account
	}
	started := at.Add(-4 * time.Minute)
	_, _, err = h.app.desk.Call(ctx, tickets.AgentActor("amy"), tickets.CallReport{
		ID: c.id, Direction: tickets.CallInbound, Caller: c.caller, Agent: "amy", StartedAt: started, EndedAt: &at, Identity: who, Summary: c.summary,
	})
	if err != nil {
		return fmt.Errorf("call %s: %w", c.id, err)
	}
	return nil
}
