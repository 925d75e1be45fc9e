package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestAloud is what may be read to a caller: nothing that the case does not prove, no amounts to whom
// they may not be told, and to a stranger the same whatever there is.
func TestAloud(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC)
	known, rich := listener{known: true}, listener{known: true, money: true}
	step := func(name tickets.StepName, state tickets.StepState, reason string) func(*ticketView) {
		return func(v *ticketView) {
			v.Steps = append(slices.DeleteFunc(v.Steps, func(s tickets.Step) bool { return s.Name == name }), tickets.Step{Name: name, State: state, Reason: reason})
		}
	}
	stopped := func(v *ticketView) {
		s := &v.Account.Subscriptions[0]
		s.AutoRenew, s.NextChargeAt, s.StoppedAt, s.AccessUntil = false, nil, &now, "2026-07-20"
	}
	ended := func(v *ticketView) { v.Account.Agreements[0].State = account.AgreementTerminated }
	cancelled := step(tickets.Cancel, tickets.Succeeded, "")
	quoted := func(v *ticketView) {
		step(tickets.QuoteIt, tickets.Succeeded, "")(v)
		v.Quote = &tickets.SavedQuote{Body: account.Quote{Mode: account.Now, RefundFen: 1500, Lines: []account.QuoteLine{{RefundFen: 1500}}, ExpiresAt: now.Add(time.Hour)}}
	}
	refund := func(state account.RefundState) func(*ticketView) {
		return func(v *ticketView) { v.Refunds = append(v.Refunds, account.Refund{State: state, AmountFen: 1500}) }
	}
	held := func(v *ticketView) {
		v.Holds = []tickets.Hold{{SubscriptionID: "s1", State: tickets.HoldActive}}
		v.Effects = []tickets.Effect{{Kind: tickets.HoldDebits, Target: "s1", State: tickets.EffectDone}}
	}
	for name, c := range map[string]struct {
		who   listener
		is    []func(*ticketView)
		tells map[tickets.StepName]string
	}{
		"a stranger, whatever was done": {
			listener{},
			[]func(*ticketView){stopped, ended, cancelled, quoted, held},
			map[tickets.StepName]string{tickets.Verify: "aloud.who"},
		},
		"a stranger, no account": {
			listener{},
			[]func(*ticketView){func(v *ticketView) { v.Account = nil }},
			map[tickets.StepName]string{tickets.Verify: "aloud.who"},
		},
		"at work": {known, nil, map[tickets.StepName]string{tickets.Cancel: "aloud.working"}},
		"the step says done, the agreement lives": {
			rich,
			[]func(*ticketView){stopped, cancelled},
			map[tickets.StepName]string{tickets.Cancel: "aloud.working"},
		},
		"the step says done, the biller has a next charge": {
			rich,
			[]func(*ticketView){ended, cancelled},
			map[tickets.StepName]string{tickets.Cancel: "aloud.working"},
		},
		"both halves, the step not yet": {rich, []func(*ticketView){stopped, ended}, map[tickets.StepName]string{tickets.Cancel: "aloud.working"}},
		"both halves":                   {known, []func(*ticketView){stopped, ended, cancelled}, map[tickets.StepName]string{tickets.Cancel: "aloud.stopped", tickets.Notify: "aloud.written"}},
		"both halves, to the holder":    {rich, []func(*ticketView){stopped, ended, cancelled}, map[tickets.StepName]string{tickets.Cancel: "aloud.stopped.until", tickets.Notify: "aloud.written"}},
		"a debit that was sent before":  {rich, []func(*ticketView){stopped, ended, cancelled, func(v *ticketView) { v.InFlight = []account.DebitInFlight{{ChargeID: "c"}} }}, map[tickets.StepName]string{tickets.Cancel: "aloud.stopped.flight", tickets.Notify: "aloud.written"}},
		"held is not cancelled":         {known, []func(*ticketView){held}, map[tickets.StepName]string{tickets.Cancel: "aloud.held"}},
		"a hold that nobody confirmed":  {known, []func(*ticketView){held, func(v *ticketView) { v.Effects[0].State = tickets.EffectUnknown }}, map[tickets.StepName]string{tickets.Cancel: "aloud.working"}},
		"only he can end it":            {known, []func(*ticketView){stopped, step(tickets.Cancel, tickets.NeedsCustomer, "customer_must_act")}, map[tickets.StepName]string{tickets.Cancel: "aloud.yourself"}},
		"an agreement pays for more":    {known, []func(*ticketView){stopped, step(tickets.Cancel, tickets.NeedsCustomer, "shared_agreement")}, map[tickets.StepName]string{tickets.Cancel: "aloud.shared"}},
		"nothing to stop, and it lives": {known, []func(*ticketView){stopped, step(tickets.Cancel, tickets.Skipped, "nothing_to_stop")}, map[tickets.StepName]string{tickets.Cancel: "aloud.working"}},
		"nothing to stop":               {known, []func(*ticketView){stopped, ended, step(tickets.Cancel, tickets.Skipped, "nothing_to_stop")}, map[tickets.StepName]string{tickets.Cancel: "aloud.nothing"}},
		"which one":                     {known, []func(*ticketView){step(tickets.Identify, tickets.NeedsCustomer, "several_subscriptions")}, map[tickets.StepName]string{tickets.Identify: "aloud.which"}},
		"the offer":                     {rich, []func(*ticketView){quoted}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.QuoteIt: "aloud.offer"}},
		"the offer, without its amount": {known, []func(*ticketView){quoted}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.QuoteIt: "aloud.offer.written"}},
		"a large offer, first a code":   {rich, []func(*ticketView){quoted, func(v *ticketView) { v.approvalAboveFen = 1000 }}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.QuoteIt: "aloud.offer.code"}},
		"a large offer, to whom it may": {listener{known: true, money: true, sure: true}, []func(*ticketView){quoted, func(v *ticketView) { v.approvalAboveFen = 1000 }}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.QuoteIt: "aloud.offer"}},
		"only he can end it, and nothing reaches him": {
			known,
			[]func(*ticketView){stopped, step(tickets.Cancel, tickets.NeedsCustomer, "customer_must_act"), func(v *ticketView) {
				v.Account.Account.Email, v.Account.Agreements[0].Channel, v.Account.Agreements[0].Merchant = "", account.External, "Apple App Store"
			}},
			map[tickets.StepName]string{tickets.Cancel: "aloud.yourself.now aloud.yourself.apple"},
		},
		"an offer that lapsed":           {rich, []func(*ticketView){quoted, func(v *ticketView) { v.Quote.Body.ExpiresAt = now }}, map[tickets.StepName]string{tickets.Cancel: "aloud.working"}},
		"an offer that was accepted":     {rich, []func(*ticketView){quoted, func(v *ticketView) { v.Acceptance = &tickets.Acceptance{} }}, map[tickets.StepName]string{tickets.Cancel: "aloud.working"}},
		"a refund to be approved":        {rich, []func(*ticketView){refund(account.RefundProposed)}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.RefundIt: "aloud.refund.approval"}},
		"a refund that nobody confirmed": {rich, []func(*ticketView){refund(account.RefundUnknown)}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.RefundIt: "aloud.refund.way"}},
		"one of two refunds":             {rich, []func(*ticketView){refund(account.RefundSucceeded), refund(account.RefundProcessing)}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.RefundIt: "aloud.refund.way"}},
		"a refund":                       {rich, []func(*ticketView){refund(account.RefundSucceeded)}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.RefundIt: "aloud.refund.done"}},
		"a refund, without its amount":   {known, []func(*ticketView){refund(account.RefundSucceeded)}, map[tickets.StepName]string{tickets.Cancel: "aloud.working", tickets.RefundIt: "aloud.refund.done.sum"}},
		"a refund that was turned down":  {rich, []func(*ticketView){refund(account.RefundRejected)}, map[tickets.StepName]string{tickets.Cancel: "aloud.working"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := now.AddDate(0, 0, 20)
			v := ticketView{
				Ticket: tickets.Ticket{AccountNo: "u1", SubscriptionIDs: []string{"s1"}}, approvalAboveFen: 20000,
				Account: &account.Snapshot{
					Account:       account.Account{No: "u1", Email: "li@example.com"},
					Subscriptions: []account.Subscription{{ID: "s1", AutoRenew: true, NextChargeAt: &next}},
					Agreements:    []account.Agreement{{ID: "a1", State: account.AgreementActive}},
				},
			}
			for _, change := range c.is {
				change(&v)
			}
			got := map[tickets.StepName]string{}
			for step, x := range aloud(v, c.who, now) {
				if x.Key != "aloud.verified" {
					got[step] = strings.Join(append([]string{x.Key}, x.More...), " ")
				}
				if !c.who.money && (x.Fen != 0 || x.Last != "") {
					t.Errorf("%s tells what is in the account", x.Key)
				}
			}
			if diff := cmp.Diff(c.tells, got); diff != "" {
				t.Errorf("read aloud (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHeard is how sure it is who is on the line.
func TestHeard(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC)
	start := now.Add(-5 * time.Minute)
	for name, c := range map[string]struct {
		caller string
		method tickets.Method
		change func(*ticketView)
		want   listener
	}{
		"his own number alone":                {caller: "+8613800001234"},
		"a payment fact":                      {method: tickets.MethodPaymentFact, want: listener{known: true}},
		"a payment fact from his own number":  {caller: "138 0000 1234", method: tickets.MethodPaymentFact, want: listener{known: true, money: true}},
		"a number that was changed yesterday": {caller: "13800001234", method: tickets.MethodPaymentFact, change: func(v *ticketView) { v.Account.Account.ContactChangedAt = &start }, want: listener{known: true}},
		"two transactions":                    {method: tickets.MethodTwoTransactions, want: listener{known: true, money: true, sure: true}},
		"of another account":                  {method: tickets.MethodTwoTransactions, change: func(v *ticketView) { v.Verifications[0].AccountNo = "u2" }},
		"half an hour later":                  {method: tickets.MethodTwoTransactions, change: func(v *ticketView) { v.Verifications[0].ExpiresAt = now }},
		"of another call":                     {method: tickets.MethodTwoTransactions, change: func(v *ticketView) { v.Verifications[0].Scope = "call/other" }},
		"void":                                {method: tickets.MethodTwoTransactions, change: func(v *ticketView) { v.Verifications[0].VoidedAt = &start }},
		"no account":                          {method: tickets.MethodTwoTransactions, change: func(v *ticketView) { v.Account = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := ticketView{Account: &account.Snapshot{Account: account.Account{No: "u1", Phone: "13800001234"}}}
			if c.method != "" {
				v.Verifications = []tickets.Verification{{Scope: "call/c", AccountNo: "u1", Level: 2, Method: c.method, At: start, ExpiresAt: now.Add(time.Minute)}}
			}
			if c.change != nil {
				c.change(&v)
			}
			calls := []tickets.Call{{ID: "c", Caller: c.caller}}
			messages := []tickets.Message{{Direction: tickets.Inbound, Channel: tickets.Phone, Scope: "call/c", At: start}}
			if got := heard(v, calls, messages, now); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestEverySentenceHasWords(t *testing.T) {
	t.Parallel()
	for _, lang := range languages() {
		w, err := loadWords(lang, time.UTC, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"aloud.refund.done", "aloud.refund.way", "aloud.refund.approval"} {
			if w.texts[key+".sum"] == "" {
				t.Errorf("%s has no words without the sum in %s", key, lang)
			}
		}
		for _, key := range []string{"aloud.offer", "aloud.offer.code"} {
			if got := w.sentence(sentence{Key: key, Fen: 1500}); !strings.Contains(got, "¥15.00") || strings.Contains(got, "今天就不能") {
				t.Errorf("%s reads %q", key, got)
			}
		}
		for _, k := range []account.Keeper{account.Apple, account.Google, account.Carrier} {
			if w.texts["aloud.yourself."+string(k)] == "" {
				t.Errorf("no steps for %s in %s", k, lang)
			}
		}
		if w.texts["aloud.yourself.now"] == "" {
			t.Errorf("no words for whom nothing can be written in %s", lang)
		}
	}
}
