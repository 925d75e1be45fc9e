package runbook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/runbook"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// planned is a case as far as it has come: steps are given as state or state/reason.
type planned struct {
	runbook.Case
	rules tickets.Settings
	now   time.Time
}

type change func(p *planned)

func at(name tickets.StepName, state tickets.StepState, reason string) change {
	return func(p *planned) {
		for i := range p.Steps {
			if p.Steps[i].Name == name {
				p.Steps[i].State, p.Steps[i].Reason = state, reason
			}
		}
	}
}

func asks(assurance int, i ...intent.Intent) change {
	return func(p *planned) {
		p.Ticket.Intent, p.Ticket.Intents = i[0], i
		p.Messages[0].Asks, p.Messages[0].Assurance = i, assurance
	}
}

func about(f func(*account.Snapshot)) change { return func(p *planned) { f(p.Account) } }

func effect(key string, kind tickets.EffectKind, state tickets.EffectState, age time.Duration) change {
	return func(p *planned) {
		e := tickets.Effect{Key: key, TicketID: 1, RunID: 1, Kind: kind, Target: strings.Split(key, "/")[2], State: state, At: p.now.Add(-age)}
		if settled := e.At; state.Settled() {
			e.SettledAt = &settled
		}
		p.Effects = append(p.Effects, e)
	}
}

// clicked begins a step once more, as a person does.
func clicked(name tickets.StepName) change {
	return func(p *planned) {
		for i := range p.Steps {
			if at := p.now; p.Steps[i].Name == name {
				p.Steps[i].State, p.Steps[i].Reason, p.Steps[i].StartedAt = tickets.Todo, tickets.ReasonConfirmed, &at
			}
		}
	}
}

func tried(keys ...string) change { return func(p *planned) { p.Tried = keys } }

// begun is a verified request to stop, with nothing done yet.
func begun(changes ...change) planned {
	s := customer()
	p := planned{rules: rules(), now: start.Add(time.Minute)}
	p.Case = runbook.Case{
		Ticket: tickets.Ticket{
			ID: 1, Status: tickets.New, Channel: tickets.Email, Requester: "li@example.com", Intent: intent.StopAutoRenew,
			Intents: []intent.Intent{intent.StopAutoRenew}, Confidence: 0.9, AccountNo: "u1", SubscriptionIDs: []string{"s1"}, ReceivedAt: start,
		},
		Messages: []tickets.Message{{
			ID: 1, Direction: tickets.Inbound, Channel: tickets.Email, Kind: "message", At: start, Sender: "li@example.com", Assurance: 1,
			Asks: []intent.Intent{intent.StopAutoRenew},
		}},
		Run:     &tickets.Run{ID: 1, TicketID: 1, Mode: account.PeriodEnd, SubscriptionIDs: []string{"s1"}, StartedAt: start},
		Account: &s, Channels: []account.PaymentChannel{account.Ledger},
	}
	for _, name := range tickets.StepNames() {
		p.Steps = append(p.Steps, tickets.Step{RunID: 1, Name: name, State: tickets.Todo})
	}
	for _, f := range changes {
		f(&p)
	}
	return p
}

// verified is the same with identify and verify behind it.
func verified(changes ...change) planned {
	p := begun(at(tickets.Identify, tickets.Succeeded, ""), at(tickets.Verify, tickets.Succeeded, ""))
	for _, f := range changes {
		f(&p)
	}
	return p
}

// stopped is the same with the debits ended on both sides.
func stopped(changes ...change) planned {
	p := verified(at(tickets.Cancel, tickets.Succeeded, ""),
		effect("stop/CD-000001/s1/period_end", tickets.StopDebits, tickets.EffectDone, 0),
		effect("end/CD-000001/a1", tickets.EndAgreement, tickets.EffectDone, 0),
		about(func(s *account.Snapshot) {
			s.Subscriptions[0].AutoRenew, s.Subscriptions[0].NextChargeAt = false, nil
			s.Agreements[0].State = account.AgreementTerminated
		}))
	for _, f := range changes {
		f(&p)
	}
	return p
}

// quoted adds a quote in that mode with lines.
func quoted(mode account.Mode, lines ...account.QuoteLine) change {
	return func(p *planned) {
		at(tickets.QuoteIt, tickets.Succeeded, "")(p)
		p.Run.Mode = mode
		p.Quotes = append(p.Quotes, tickets.SavedQuote{RunID: 1, Hash: "h", Body: account.Quote{
			Mode: mode, Hash: "h", ExpiresAt: p.now.Add(time.Hour), Lines: lines, Ends: []account.QuoteEnd{{SubscriptionID: "s1", Mode: mode}},
		}})
	}
}

func line(charge string, g account.Ground, fen int64) account.QuoteLine {
	return account.QuoteLine{ChargeID: charge, Ground: g, RefundFen: fen}
}

func accepted(p *planned) { p.Acceptances = []tickets.Acceptance{{QuoteHash: "h", Level: 1}} }

// proven says that the request came by telephone, from somebody proven in that way for that action.
func proven(m tickets.Method, a tickets.Action) change {
	return func(p *planned) {
		p.Messages[0].Channel, p.Messages[0].Sender, p.Messages[0].Assurance, p.Messages[0].Scope = tickets.Phone, "", 0, "call:c1"
		p.Verifications = []tickets.Verification{{Scope: "call:c1", AccountNo: "u1", Level: 2, Method: m, Action: a, ExpiresAt: p.now.Add(time.Hour)}}
	}
}

func refund(state account.RefundState) change {
	return func(p *planned) {
		p.Refunds = append(p.Refunds, account.Refund{ID: "r1", Key: "r1", ChargeID: "c1", TicketID: 1, QuoteHash: "h", AmountFen: 3000, State: state})
	}
}

func nobody(p *planned) {
	p.Ticket.AccountNo, p.Ticket.SubscriptionIDs, p.Run.SubscriptionIDs, p.Account = "", nil, nil, nil
}

func unclaimed(p *planned) { p.Ticket.SubscriptionIDs, p.Run.SubscriptionIDs = nil, nil }

func match(by tickets.AccountKey, accounts ...string) change {
	return func(p *planned) {
		p.Matches = append(p.Matches, runbook.Match{By: by, Stated: by != tickets.ByEmail, Accounts: accounts})
	}
}

func second(s *account.Snapshot) {
	s.Subscriptions = append(s.Subscriptions, account.Subscription{ID: "s2", AccountNo: "u1", Cycle: account.Year, PriceFen: 9900, AutoRenew: true})
}

// says is a decision as a table writes it: do step state/reason.
func says(n runbook.Next) string {
	if n.Do == runbook.DoRest {
		return "rest " + string(n.Status) + "/" + n.Reason
	}
	s := string(n.Do)
	if n.Record {
		s += " by record"
	}
	s += " " + string(n.Step)
	switch {
	case n.State != "":
		s += " " + string(n.State) + "/" + n.Reason
	case n.Mode != "":
		s += " " + string(n.Mode)
	case n.AccountNo != "":
		s += " " + n.AccountNo
	}
	if n.Again {
		s += " under " + n.Key
	}
	words := append([]string{s}, n.Subscriptions...)
	for _, l := range n.Lines {
		words = append(words, l.ChargeID)
		if l.Approved {
			words = append(words, "approved")
		}
	}
	return strings.Join(words, " ")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, c := range planTable() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.want, says(runbook.Plan(c.in.Case, c.in.rules, c.in.now))); d != "" {
				t.Error(d)
			}
		})
	}
}
