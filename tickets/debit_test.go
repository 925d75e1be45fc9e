package tickets_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func TestMayDebit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	before, later, latest := now.Add(-time.Hour), now.Add(time.Hour), now.Add(2*time.Hour)
	active := account.Agreement{ID: "a", State: account.AgreementActive}
	ended := account.Agreement{ID: "b", State: account.AgreementTerminated}
	order := func(kind account.StopKind, until *time.Time) account.StopOrder {
		return account.StopOrder{Kind: kind, Until: until}
	}
	for name, c := range map[string]struct {
		change func(f *tickets.DebitFacts)
		want   tickets.Debit
	}{
		"nothing against it":   {func(*tickets.DebitFacts) {}, tickets.Debit{Allowed: true}},
		"no agreement on file": {func(f *tickets.DebitFacts) { f.Agreements = nil }, tickets.Debit{Allowed: true}},
		"one of two ended":     {func(f *tickets.DebitFacts) { f.Agreements = append(f.Agreements, ended) }, tickets.Debit{Allowed: true}},
		"stopped":              {func(f *tickets.DebitFacts) { f.Subscription.StoppedAt = &before }, tickets.Debit{Reason: tickets.DebitStopped}},
		"stopped and held":     {func(f *tickets.DebitFacts) { f.Subscription.StoppedAt, f.Subscription.HeldUntil = &before, &later }, tickets.Debit{Reason: tickets.DebitStopped}},
		"about to be stopped":  {func(f *tickets.DebitFacts) { f.Stops = []tickets.Effect{{State: tickets.EffectAboutTo}} }, tickets.Debit{Reason: tickets.DebitStopping}},
		"nobody knows":         {func(f *tickets.DebitFacts) { f.Stops = []tickets.Effect{{State: tickets.EffectUnknown}} }, tickets.Debit{Reason: tickets.DebitStopping}},
		"the stop was refused": {func(f *tickets.DebitFacts) { f.Stops = []tickets.Effect{{State: tickets.EffectRefused}} }, tickets.Debit{Allowed: true}},
		"a stop to fetch":      {func(f *tickets.DebitFacts) { f.Orders = []account.StopOrder{order(account.OrderStop, nil)} }, tickets.Debit{Reason: tickets.DebitStopping}},
		"asked for":            {func(f *tickets.DebitFacts) { f.Requested = true }, tickets.Debit{Reason: tickets.DebitRequested}},
		"held here":            {func(f *tickets.DebitFacts) { f.Subscription.HeldUntil = &later }, tickets.Debit{Reason: tickets.DebitHeld, Until: &later}},
		"held until before":    {func(f *tickets.DebitFacts) { f.Subscription.HeldUntil = &before }, tickets.Debit{Allowed: true}},
		"held by a case": {func(f *tickets.DebitFacts) {
			f.Holds = []tickets.Hold{{Until: before}, {Until: latest}, {Until: later}}
		}, tickets.Debit{Reason: tickets.DebitHeld, Until: &latest}},
		"a hold to fetch": {func(f *tickets.DebitFacts) { f.Orders = []account.StopOrder{order(account.OrderHold, &later)} }, tickets.Debit{Reason: tickets.DebitHeld, Until: &later}},
		"a hold that was let go": {func(f *tickets.DebitFacts) {
			f.Orders = []account.StopOrder{order(account.OrderHold, &later), order(account.OrderRelease, nil)}
		}, tickets.Debit{Allowed: true}},
		"held again": {func(f *tickets.DebitFacts) {
			f.Orders = []account.StopOrder{order(account.OrderHold, &latest), order(account.OrderRelease, nil), order(account.OrderHold, &later)}
		}, tickets.Debit{Reason: tickets.DebitHeld, Until: &later}},
		"does not renew":      {func(f *tickets.DebitFacts) { f.Subscription.AutoRenew = false }, tickets.Debit{Reason: tickets.DebitNotRenewing}},
		"its agreement ended": {func(f *tickets.DebitFacts) { f.Agreements = []account.Agreement{ended} }, tickets.Debit{Reason: tickets.DebitAgreementEnded}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := tickets.DebitFacts{Subscription: account.Subscription{ID: "s", AutoRenew: true}, Agreements: []account.Agreement{active}}
			c.change(&f)
			if diff := cmp.Diff(c.want, tickets.MayDebit(f, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStopRequested(t *testing.T) {
	t.Parallel()
	stop, complaint := []intent.Intent{intent.StopAutoRenew}, []intent.Intent{intent.EntryComplaint}
	steps := func(verify, cancel tickets.StepState) tickets.Steps {
		return tickets.Steps{{Name: tickets.Verify, State: verify}, {Name: tickets.Cancel, State: cancel}}
	}
	for name, c := range map[string]struct {
		ticket tickets.Ticket
		steps  tickets.Steps
		want   bool
	}{
		"proven and waiting":  {tickets.Ticket{Status: tickets.Open, Intents: stop}, steps(tickets.Succeeded, tickets.NeedsAgent), true},
		"nobody was proven":   {tickets.Ticket{Status: tickets.Open, Intents: stop}, steps(tickets.NeedsCustomer, tickets.Todo), false},
		"asks something else": {tickets.Ticket{Status: tickets.Open, Intents: complaint}, steps(tickets.Succeeded, tickets.Todo), false},
		"is over":             {tickets.Ticket{Status: tickets.Closed, Intents: stop}, steps(tickets.Succeeded, tickets.Todo), false},
		"keeps the agreement": {tickets.Ticket{Status: tickets.Open, Intents: stop}, steps(tickets.Succeeded, tickets.Skipped), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tickets.StopRequested(c.ticket, c.steps); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
