package runbook_test

import (
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

type planRow struct {
	name string
	in   planned
	want string
}

const (
	stopS1 = "stop/CD-000001/s1/period_end"
	nowS1  = "stop/CD-000001/s1/now"
	endA1  = "end/CD-000001/a1"
)

// planTable is the specification of Plan: a case, and what comes next in it.
func planTable() []planRow {
	rows := identifyRows()
	rows = append(rows, cancelRows()...)
	return append(rows, moneyRows()...)
}

func identifyRows() []planRow {
	withdrawal := func(p *planned) {
		p.Ticket.Status, p.Ticket.Reason, p.Ticket.Objection = tickets.Open, tickets.ReasonWithdrawal, tickets.ReasonWithdrawal
	}
	denied := func(why string) func(p *planned) {
		return func(p *planned) { p.Ticket.Reason, p.Ticket.Objection = why, why }
	}
	answered := func(p *planned) { p.Ticket.Status, p.Ticket.Reason = tickets.Pending, "answered" }
	set := func(f func(p *planned)) change { return f }
	return []planRow{
		{"a new case begins", begun(set(func(p *planned) { p.Run = nil })), "begin "},
		{"a closed case rests", begun(set(func(p *planned) { p.Ticket.Status, p.Ticket.Reason = tickets.Closed, "done" })), "rest closed/done"},
		{"a withdrawal is read first", begun(withdrawal), "rest open/withdrawal_asked"},
		{"also when somebody answered", begun(withdrawal, answered), "rest pending/answered"},
		{"a denied case that did nothing is over", begun(denied(tickets.ReasonDenied)), "rest closed/denied"},
		{"a denial after the stop is a person's", begun(denied(tickets.ReasonDeniedStopped)), "rest open/denied_stopped"},
		{"also when somebody answered it", begun(denied(tickets.ReasonDeniedStopped), answered), "rest open/denied_stopped"},
		{"what was begun before a denial is asked after", verified(denied(tickets.ReasonDeniedStopped), effect(stopS1, tickets.StopDebits, tickets.EffectUnknown, 0)), "stop cancel period_end"},
		{"who asks again begins anew", begun(set(func(p *planned) { p.Run.EndedAt, p.Ticket.Reason = &p.now, tickets.ReasonAskedAgain })), "begin "},
		{"who only writes is answered", begun(set(func(p *planned) {
			p.Run.EndedAt, p.Ticket.Status, p.Ticket.Reason = &p.now, tickets.Open, "customer_wrote"
		})), "rest open/customer_wrote"},
		{"no account fits", begun(nobody), "settle identify needs_customer/unknown_account"},
		{"the address is one account's", begun(nobody, match(tickets.ByEmail, "u1")), "identify identify u1"},
		{"address and phone agree on one", begun(nobody, match(tickets.ByEmail, "u1", "u2"), match(tickets.ByPhone, "u2", "u3")), "identify identify u2"},
		{"a fact that points nowhere decides nothing", begun(nobody, match(tickets.ByEmail, "u1"), match(tickets.ByOrderNo)), "identify identify u1"},
		{"they contradict each other", begun(nobody, match(tickets.ByEmail, "u1"), match(tickets.ByPhone, "u2"),
			set(func(p *planned) { p.Ticket.Candidates = []string{"u1", "u2"} })), "settle identify needs_customer/several_accounts"},
		{"several accounts share the phone", begun(nobody, match(tickets.ByPhone, "u1", "u2"),
			set(func(p *planned) { p.Ticket.Candidates = []string{"u1", "u2"} })), "settle identify needs_customer/several_accounts"},
		{"an uncertain stop is asked about", begun(set(func(p *planned) { p.Ticket.Confidence = 0.5 })), "settle identify needs_customer/unclear"},
		{"a bare TD is asked about", begun(asks(1, intent.Clarify)), "settle identify needs_customer/unclear"},
		{"what asks for no stop is a person's", begun(asks(1, intent.StatusInquiry)), "settle identify needs_agent/no_stop_asked"},
		{"what was begun before it is asked after, and nothing else begins", verified(withdrawal, effect(stopS1, tickets.StopDebits, tickets.EffectUnknown, 0)), "stop cancel period_end"},
		{"at the channel too", verified(withdrawal, effect(endA1, tickets.EndAgreement, tickets.EffectUnknown, 0)), "end cancel"},
		{"once in a job", verified(withdrawal, effect(stopS1, tickets.StopDebits, tickets.EffectUnknown, 0), tried(stopS1)), "rest open/withdrawal_asked"},
		{"its last word begins nothing", verified(withdrawal, effect(stopS1, tickets.StopDebits, tickets.EffectDone, 0)), "rest open/withdrawal_asked"},
		{"the only subscription is meant", begun(unclaimed), "identify identify u1 s1"},
		{"of several nobody knows which", begun(unclaimed, about(second)), "settle identify needs_customer/several_subscriptions"},
		{"the stated period tells", begun(unclaimed, about(second), set(func(p *planned) { p.Ticket.Facts.Period = "year" })), "identify identify u1 s2"},
		{"the stated price tells", begun(unclaimed, about(second), set(func(p *planned) { p.Ticket.Facts.AmountFen = 3000 })), "identify identify u1 s1"},
		{"the stated order tells", begun(unclaimed, about(second), set(func(p *planned) { p.Ticket.Facts.OrderNo = "orderc1" })), "identify identify u1 s1"},
		{"an order without a subscription tells nothing", begun(unclaimed, about(second), about(func(s *account.Snapshot) { s.Charges[0].SubscriptionID = "" }),
			set(func(p *planned) { p.Ticket.Facts.OrderNo = "orderc1" })), "settle identify needs_customer/several_subscriptions"},
		{"there is none at all", begun(unclaimed, about(func(s *account.Snapshot) { s.Subscriptions = nil })), "settle identify needs_agent/no_subscription"},
		{"what a person chose is claimed", begun(set(func(p *planned) { p.Run.SubscriptionIDs = nil })), "identify identify u1 s1"},
		{"claimed it is identified", begun(), "settle identify succeeded/"},
		{"a claim that failed is not made again", begun(at(tickets.Identify, tickets.NeedsAgent, "running_elsewhere"),
			set(func(p *planned) { p.Run.SubscriptionIDs = nil }), tried("claim")), "rest new/running_elsewhere"},
		{"the registered address verifies", begun(at(tickets.Identify, tickets.Succeeded, "")), "settle verify succeeded/registered_address"},
		{"an unauthenticated mail does not", begun(at(tickets.Identify, tickets.Succeeded, ""), asks(0, intent.StopAutoRenew)), "settle verify needs_customer/not_verified"},
		{"another address does not", begun(at(tickets.Identify, tickets.Succeeded, ""), set(func(p *planned) { p.Messages[0].Sender = "x@example.com" })), "settle verify needs_customer/not_verified"},
		{"a machine's mail does not", begun(at(tickets.Identify, tickets.Succeeded, ""), set(func(p *planned) { p.Messages[0].Kind = "auto_reply" })), "settle verify needs_customer/not_verified"},
		{"a case that the desk opened by itself needs nobody's word", begun(at(tickets.Identify, tickets.Succeeded, ""), asks(0, intent.RefundMistakenCharge),
			set(func(p *planned) { p.Ticket.Channel = tickets.Guard })), "settle verify succeeded/own_record"},
		{"contact data of yesterday does not", begun(at(tickets.Identify, tickets.Succeeded, ""), about(func(s *account.Snapshot) {
			y := start.AddDate(0, 0, -1)
			s.Account.ContactChangedAt = &y
		})), "settle verify needs_agent/contact_changed"},
	}
}

func cancelRows() []planRow {
	onPlatform := about(func(s *account.Snapshot) { s.Agreements[0].Channel = account.Platform })
	besideWeChat := about(func(s *account.Snapshot) {
		a := s.Agreements[0]
		a.ID, a.Channel = "a2", account.WeChat
		s.Agreements = append(s.Agreements, a)
	})
	wechat := about(func(s *account.Snapshot) { s.Agreements[0].Channel = account.WeChat })
	external := about(func(s *account.Snapshot) { s.Agreements[0].Channel = account.External })
	shared := about(func(s *account.Snapshot) { second(s); s.Agreements[0].SubscriptionIDs = nil })
	broken := about(func(s *account.Snapshot) {
		s.Subscriptions[0].AutoRenew, s.Subscriptions[0].NextChargeAt = false, nil
	})
	stopDone := effect(stopS1, tickets.StopDebits, tickets.EffectDone, 0)
	set := func(f func(p *planned)) change { return f }
	endRefused := effect(endA1, tickets.EndAgreement, tickets.EffectRefused, -time.Minute)
	by := func(a tickets.Automatic) change { return func(p *planned) { p.rules.Automation.Stop = a } }
	return []planRow{
		{"the biller is asked first", verified(), "stop cancel period_end"},
		{"a stop that is proposed waits for a click", verified(by(tickets.Propose)), "settle cancel needs_agent/proposed"},
		{"switched off it is a person's too", verified(by(tickets.Off)), "settle cancel needs_agent/proposed"},
		{"clicked it goes on", verified(by(tickets.Propose), at(tickets.Cancel, tickets.Todo, tickets.ReasonConfirmed)), "stop cancel period_end"},
		{"then the agreement ends", verified(stopDone), "end cancel"},
		{"the agreement does not wait for the biller", verified(effect(stopS1, tickets.StopDebits, tickets.EffectUnknown, 0), tried(stopS1)), "end cancel"},
		{"nor for a biller that refuses", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, 0)), "end cancel"},
		{"whose refusal is a person's", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, 0),
			effect(endA1, tickets.EndAgreement, tickets.EffectDone, 0), about(func(s *account.Snapshot) { s.Agreements = nil })), "settle cancel needs_agent/biller_refused"},
		{"and stays one", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, 0), about(func(s *account.Snapshot) { s.Agreements = nil }),
			at(tickets.Cancel, tickets.NeedsAgent, "biller_refused")), "quote quote period_end"},
		{"who tries again has the biller asked once more", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, hour),
			clicked(tickets.Cancel)), "stop cancel period_end under " + stopS1 + "/2"},
		{"not while an earlier attempt has no last word", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, hour),
			effect(stopS1+"/2", tickets.StopDebits, tickets.EffectUnknown, 0), clicked(tickets.Cancel)), "stop cancel period_end under " + stopS1 + "/2"},
		{"the next refusal is a person's again", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, hour),
			effect(stopS1+"/2", tickets.StopDebits, tickets.EffectRefused, -time.Minute), effect(endA1, tickets.EndAgreement, tickets.EffectRefused, -time.Minute),
			clicked(tickets.Cancel)), "settle cancel needs_agent/biller_refused"},
		{"and is followed by a third attempt", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, hour),
			effect(stopS1+"/2", tickets.StopDebits, tickets.EffectRefused, time.Minute), clicked(tickets.Cancel)), "stop cancel period_end under " + stopS1 + "/3"},
		{"one attempt in a job, whatever the clocks say", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, hour), endRefused,
			clicked(tickets.Cancel), tried(stopS1)), "settle cancel needs_agent/biller_refused"},
		{"a refusal of an earlier run is none of this one", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, hour),
			set(func(p *planned) { p.Effects[0].RunID = 0 })), "stop cancel period_end under " + stopS1 + "/2"},
		{"a biller that is there already is taken at its record's word", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, 0), broken,
			tried(stopS1)), "stop by record cancel period_end under " + stopS1 + "/2"},
		{"and that once", verified(effect(stopS1, tickets.StopDebits, tickets.EffectRefused, hour), effect(stopS1+"/2", tickets.StopDebits, tickets.EffectDone, 0),
			broken), "end cancel"},
		{"what a channel refused is tried again by a person", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectRefused, hour),
			clicked(tickets.Cancel)), "end cancel under " + endA1 + "/2"},
		{"so is what is alive again", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectDone, hour),
			clicked(tickets.Cancel)), "end cancel under " + endA1 + "/2"},
		{"another agreement's key is no attempt", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectRefused, hour),
			set(func(p *planned) {
				p.Effects = append(p.Effects, tickets.Effect{Key: endA1 + "/2", TicketID: 1, RunID: 1, Kind: tickets.EndAgreement, Target: "a1/2", State: tickets.EffectDone})
			})), "settle cancel needs_agent/channel_refused"},
		{"an agreement that ended since is no refusal any more", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectRefused, hour),
			about(func(s *account.Snapshot) { s.Agreements[0].State = account.AgreementTerminated })), "settle cancel succeeded/"},
		{"a channel that refuses is a person's", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectRefused, 0)), "settle cancel needs_agent/channel_refused"},
		{
			"an unknown outcome is neither success nor failure", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectUnknown, time.Hour), tried(endA1)),
			"settle cancel unknown/waiting_for_agreement.terminate",
		},
		{
			"for a day", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectUnknown, 25*time.Hour), tried(endA1)),
			"settle cancel needs_agent/no_answer_for_a_day",
		},
		{"a biller that ends no agreements of the platform", verified(stopDone, onPlatform), "settle cancel needs_agent/no_platform_channel"},
		{"no access to one channel and to the platform", verified(stopDone, onPlatform, besideWeChat), "settle cancel needs_agent/no_channel"},
		{"no access to the channel", verified(stopDone, wechat), "settle cancel needs_agent/no_channel"},
		{"an external agreement is the customer's", verified(stopDone, external), "settle cancel needs_customer/customer_must_act"},
		{"a shared one is asked about", verified(stopDone, shared), "settle cancel needs_customer/shared_agreement"},
		{
			"an agreement that came back to life is a person's", verified(stopDone, effect(endA1, tickets.EndAgreement, tickets.EffectDone, 0)),
			"settle cancel needs_agent/alive_again",
		},
		{"renewal that is off with a living agreement is no end", verified(broken), "end cancel"},
		{"where nothing is left there is nothing to stop", verified(broken, about(func(s *account.Snapshot) { s.Agreements = nil })), "settle cancel skipped/nothing_to_stop"},
		{"both halves together are cancelled", stopped(at(tickets.Cancel, tickets.Unknown, "waiting")), "settle cancel succeeded/"},
		{"a claim for money alone stops nothing", verified(asks(1, intent.RefundMistakenCharge)), "settle cancel skipped/not_asked"},
		{"unless a debit can go on that was said to be off", verified(asks(1, intent.RefundMistakenCharge), broken), "end cancel"},
		{"a stop asked for later takes it up again", verified(at(tickets.Cancel, tickets.Skipped, "not_asked")), "stop cancel period_end"},
	}
}

func moneyRows() []planRow {
	cancelAndRefund := asks(1, intent.CancelAndRefund)
	unused := quoted(account.Now, line("c1", account.UnusedTime, 2000))
	twice := quoted(account.PeriodEnd, line("c1", account.ChargedTwice, 3000))
	limit := func(fen int64) change { return func(p *planned) { p.rules.Automation.OwnFaultAutoLimitFen = fen } }
	nowDone := effect(nowS1, tickets.StopDebits, tickets.EffectDone, 0)
	expired := func(p *planned) { p.Quotes[0].Body.ExpiresAt = p.now.Add(-time.Second) }
	settled := func(p *planned) {
		for _, name := range []tickets.StepName{tickets.QuoteIt, tickets.RefundIt, tickets.Assets} {
			at(name, tickets.Skipped, "")(p)
		}
	}
	sealed := func(p *planned) {
		settled(p)
		at(tickets.Evidence, tickets.Succeeded, "")(p)
		p.Steps[6].EndedAt = &p.now
	}
	sent := func(state tickets.OutgoingState) change {
		return func(p *planned) {
			p.Outgoing = append(p.Outgoing, tickets.Outgoing{Tell: tickets.TellCancelOutcome, State: state, At: start})
		}
	}
	offer := func(p *planned) {
		p.Quotes[0].At = start
		p.Outgoing = append(p.Outgoing, tickets.Outgoing{Tell: tickets.TellCancelOutcome, State: tickets.OutgoingSent, At: start, SentAt: &start})
		at(tickets.RefundIt, tickets.NeedsCustomer, "acceptance")(p)
	}
	yes := func(p *planned) {
		m := p.Messages[0]
		m.ID, m.Asks, m.Affirms, m.At = 2, nil, true, start.Add(30*time.Second)
		p.Messages = append(p.Messages, m)
	}
	answered := func(p *planned) {
		p.Outgoing = append(p.Outgoing, tickets.Outgoing{Tell: tickets.TellAnswer, State: tickets.OutgoingSent, At: start.Add(time.Second)})
	}
	void := func(p *planned) {
		refund(account.RefundRejected)(p)
		p.Refunds[0].Detail = account.VoidQuoteChanged
	}
	elsewhere := func(p *planned) { p.Messages[1].Sender = "x@example.com" }
	return []planRow{
		{"a yes to the offer is taken down", stopped(cancelAndRefund, unused, offer, yes), "accept refund"},
		{"though it is read too late", stopped(cancelAndRefund, unused, offer, yes, func(p *planned) {
			p.Quotes[0].Body.ExpiresAt = start.Add(40 * time.Second)
		}), "accept refund"},
		{"a yes from anybody else is none", stopped(cancelAndRefund, unused, offer, yes, elsewhere), "settle assets skipped/none"},
		{"nor one to what a person asked since", stopped(cancelAndRefund, unused, offer, answered, yes), "settle assets skipped/none"},
		{"a quote that no mail is left for is a person's to offer", stopped(cancelAndRefund, unused, offer, func(p *planned) {
			p.Quotes[0].At = p.now
			p.Outgoing = append(p.Outgoing, tickets.Outgoing{Tell: tickets.TellOffer, State: tickets.OutgoingSent, At: start})
		}), "settle refund needs_agent/offer_again"},
		{"after the stop the quote", stopped(), "quote quote period_end"},
		{"for the unused time where it is asked for", stopped(cancelAndRefund), "quote quote now"},
		{"again where it is asked for only now", stopped(cancelAndRefund, quoted(account.PeriodEnd), at(tickets.RefundIt, tickets.Skipped, "not_asked")), "quote quote now"},
		{"who may only stop it is told what ending now would give", stopped(cancelAndRefund, proven(tickets.MethodReadOut, tickets.ActStop)), "quote quote now"},
		{"so is who came by the link to his page", stopped(cancelAndRefund, proven(tickets.MethodPageLink, tickets.ActStop)), "quote quote now"},
		{"whose yes is still needed, as sure as the money takes", stopped(cancelAndRefund, proven(tickets.MethodReadOut, tickets.ActStop), unused), "settle refund needs_customer/acceptance"},
		{"nobody is told that nothing is due because he is not sure", stopped(asks(0, intent.CancelAndRefund), quoted(account.PeriodEnd)), "settle refund skipped/not_verified"},
		{"a refund that became void is no news", stopped(sealed, sent(tickets.OutgoingSent), at(tickets.RefundIt, tickets.Succeeded, ""), void), "settle notify succeeded/"},
		{"one that was turned down is", stopped(sealed, sent(tickets.OutgoingSent), at(tickets.RefundIt, tickets.Succeeded, ""), refund(account.RefundRejected)), "settle notify running/"},
		{"not for an unverified word", stopped(asks(0, intent.CancelAndRefund)), "quote quote period_end"},
		{"what can't be quoted stays a person's", stopped(at(tickets.QuoteIt, tickets.NeedsAgent, "not_quotable"), at(tickets.Notify, tickets.Running, "")), "rest open/not_quotable"},
		{"our own fault is sent by itself", stopped(twice), "propose refund c1 approved"},
		{"up to its limit", stopped(twice, limit(2999)), "propose refund c1"},
		{"or proposed", stopped(twice, func(p *planned) { p.rules.Automation.RefundOwnFault = tickets.Propose }), "propose refund c1"},
		{"a charge without room is proposed once", stopped(twice, at(tickets.RefundIt, tickets.NeedsAgent, "above_cap")), "settle assets skipped/none"},
		{"unused time needs the customer's yes", stopped(cancelAndRefund, unused), "settle refund needs_customer/acceptance"},
		{"an offer that ran out is over", stopped(cancelAndRefund, unused, expired, sent(tickets.OutgoingSent), at(tickets.RefundIt, tickets.NeedsCustomer, "acceptance")), "settle refund skipped/not_accepted"},
		{"but not one that was accepted in time", stopped(cancelAndRefund, unused, expired, accepted, at(tickets.RefundIt, tickets.NeedsCustomer, "acceptance")), "propose refund c1"},
		{"with the yes it is proposed", stopped(cancelAndRefund, unused, accepted), "propose refund c1"},
		{"and access goes on until it is released", stopped(cancelAndRefund, unused, accepted, refund(account.RefundProposed)), "settle refund needs_approval/approval"},
		{"turned down, access goes on", stopped(cancelAndRefund, unused, accepted, refund(account.RefundRejected)), "settle refund succeeded/"},
		{"released, access ends first", stopped(cancelAndRefund, unused, accepted, refund(account.RefundApproved)), "stop refund now"},
		{"and nothing is paid before it has", stopped(cancelAndRefund, unused, accepted, refund(account.RefundApproved), effect(nowS1, tickets.StopDebits, tickets.EffectUnknown, 0), tried(nowS1),
			at(tickets.RefundIt, tickets.Unknown, "waiting_for_biller.stop")), "settle assets skipped/none"},
		{
			"a biller that keeps access open is a person's", stopped(cancelAndRefund, unused, accepted, refund(account.RefundApproved), effect(nowS1, tickets.StopDebits, tickets.EffectRefused, 0)),
			"settle refund needs_agent/biller_refused",
		},
		{"then it is sent", stopped(cancelAndRefund, unused, accepted, nowDone, refund(account.RefundApproved)), "send refund"},
		{"without a last word it waits", stopped(twice, refund(account.RefundUnknown), tried("r1")), "settle refund unknown/waiting_for_channel"},
		{"what can't be delivered is a person's", stopped(twice, refund(account.RefundAbnormal)), "settle refund needs_agent/refund_stuck"},
		{"delivered it is done", stopped(twice, refund(account.RefundSucceeded)), "settle refund succeeded/"},
		{"rejected it is done too", stopped(twice, refund(account.RefundRejected)), "settle refund succeeded/"},
		{"a claim that our record does not show is a person's", stopped(asks(1, intent.RefundMistakenCharge), quoted(account.PeriodEnd)), "settle refund needs_agent/no_ground_found"},
		{"nothing is left to come back", stopped(cancelAndRefund, quoted(account.Now)), "settle refund skipped/nothing_due"},
		{"what became void came back to nobody", stopped(quoted(account.PeriodEnd), refund(account.RefundRejected), func(p *planned) { p.Refunds[0].Detail = account.VoidQuoteChanged }), "settle refund skipped/not_asked"},
		{"no money was asked for", stopped(quoted(account.PeriodEnd)), "settle refund skipped/not_asked"},
		{"coins that are asked about are a person's", stopped(asks(1, intent.StopAutoRenew, intent.AssetDisposal), settled, at(tickets.Assets, tickets.Todo, "")), "settle assets needs_agent/asked"},
		{"coins that are not stay", stopped(settled, at(tickets.Assets, tickets.Todo, ""), about(func(s *account.Snapshot) { s.Assets = []account.AssetLot{{ID: "l1"}} })), "settle assets succeeded/kept"},
		{"what is decided is proven", stopped(settled), "seal evidence"},
		{"a step taken up again is proven again", stopped(sealed, func(p *planned) { later := p.now.Add(1); p.Steps[2].EndedAt = &later }), "seal evidence"},
		{"what is proven is told", stopped(sealed), "settle notify running/"},
		{"until the mail was taken", stopped(sealed, sent(tickets.OutgoingQueued), at(tickets.Notify, tickets.Running, "")), "rest on_hold/telling"},
		{"then it is told", stopped(sealed, sent(tickets.OutgoingSent)), "settle notify succeeded/"},
		{"a mail that was refused is a person's", stopped(sealed, sent(tickets.OutgoingFailed)), "settle notify needs_agent/mail_refused"},
		{"and the case is solved", stopped(sealed, sent(tickets.OutgoingSent), at(tickets.Notify, tickets.Succeeded, "")), "rest solved/cancelled"},
	}
}
