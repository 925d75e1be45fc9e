package tickets_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// running is a desk with one case of account u1 whose run holds subscription s1.
func running(t *testing.T, steps map[tickets.StepName]string, change ...func(tx tickets.Tx, id int64) error) *bundle {
	t.Helper()
	b := setup(t)
	b.receive(b.mail("li@example.com", 1, stop()))
	g := b.Conn().WithContext(b.ctx)
	for _, no := range []string{"u1", "u2"} {
		must(t, g.Create(&account.Account{No: no}).Error)
		must(t, g.Create(&account.Subscription{ID: "s" + no[1:], AccountNo: no, Cycle: account.Month}).Error)
		must(t, g.Create(&account.Charge{ID: "c" + no[1:], AccountNo: no, AmountFen: 3000, Currency: "CNY", ChargedAt: noon, Channel: account.Ledger, State: account.ChargePaid}).Error)
	}
	c := b.ticket(1)
	c.AccountNo, c.SubscriptionIDs = "u1", []string{"s1"}
	must(t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		run := tickets.Run{TicketID: 1, Mode: account.PeriodEnd, SubscriptionIDs: []string{"s1"}, StartedAt: b.now}
		var all tickets.Steps
		for _, name := range tickets.StepNames() {
			state, reason, _ := strings.Cut(steps[name], "/")
			if state == "" {
				state = string(tickets.Todo)
			}
			all = append(all, tickets.Step{Name: name, State: tickets.StepState(state), Reason: reason})
		}
		must(t, tx.InsertRun(b.ctx, &run, all))
		for _, f := range change {
			must(t, f(tx, 1))
		}
		return tx.SaveTicket(b.ctx, &c)
	}))
	return b
}

// steps are the case's steps that are not todo, as state/reason.
func (b *bundle) steps() map[tickets.StepName]string {
	b.t.Helper()
	_, steps, err := b.LatestRun(b.ctx, 1)
	must(b.t, err)
	out := map[tickets.StepName]string{}
	for _, s := range steps {
		if got := string(s.State) + "/" + s.Reason; got != "todo/" {
			out[s.Name] = got
		}
	}
	return out
}

func (b *bundle) ended() bool {
	b.t.Helper()
	run, _, err := b.LatestRun(b.ctx, 1)
	must(b.t, err)
	return run.EndedAt != nil
}

func effect(state tickets.EffectState) func(tickets.Tx, int64) error {
	return func(tx tickets.Tx, id int64) error {
		e := tickets.Effect{Key: "k", TicketID: id, RunID: 1, Kind: tickets.StopDebits, Target: "s1", State: state, At: noon}
		if state.Settled() {
			at := noon
			e.SettledAt = &at
		}
		return tx.SaveEffect(context.Background(), e)
	}
}

func refund(state account.RefundState) func(tickets.Tx, int64) error {
	return func(tx tickets.Tx, id int64) error {
		r := account.Refund{
			ID: "r", Key: "r", ChargeID: "c1", AccountNo: "u1", TicketID: id, AmountFen: 100, State: state, QuoteHash: "h", Proposer: "desk", At: noon,
		}
		if state != account.RefundProposed {
			r.Approver = "desk"
		}
		return tx.InsertRefund(context.Background(), &r)
	}
}

func wantConflict(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, tickets.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

const amy = tickets.Actor("agent:amy")

func TestResume(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		before, want map[tickets.StepName]string
	}{
		{"what called a person is tried again", map[tickets.StepName]string{
			tickets.Identify: "needs_agent/no_subscription", tickets.Verify: "needs_customer/not_verified",
		}, map[tickets.StepName]string{tickets.Verify: "needs_customer/not_verified"}},
		{
			"a refused stop stays let go ahead",
			map[tickets.StepName]string{tickets.Cancel: "needs_agent/biller_refused"},
			map[tickets.StepName]string{tickets.Cancel: "todo/confirmed"},
		},
		{
			"a proposal still waits for its click",
			map[tickets.StepName]string{tickets.Cancel: "needs_agent/proposed"},
			map[tickets.StepName]string{tickets.Cancel: "needs_agent/proposed"},
		},
		{
			"a refund is worked out anew",
			map[tickets.StepName]string{tickets.QuoteIt: "succeeded/", tickets.RefundIt: "needs_agent/above_cap"},
			map[tickets.StepName]string{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := running(t, c.before)
			_, err := b.desk.Resume(b.ctx, 1, amy, "")
			must(t, err)
			if d := cmp.Diff(c.want, b.steps()); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("a click lets the proposal go ahead, and only a proposal", func(t *testing.T) {
		t.Parallel()
		b := running(t, map[tickets.StepName]string{tickets.Cancel: "needs_agent/proposed", tickets.RefundIt: "needs_agent/no_ground_found"})
		_, err := b.desk.Resume(b.ctx, 1, amy, tickets.RefundIt)
		wantConflict(t, err)
		_, err = b.desk.Resume(b.ctx, 1, amy, tickets.Cancel)
		must(t, err)
		want := map[tickets.StepName]string{tickets.Cancel: "todo/confirmed", tickets.RefundIt: "needs_agent/no_ground_found"}
		if d := cmp.Diff(want, b.steps()); d != "" {
			t.Error(d)
		}
	})
	t.Run("a request that may have been taken back goes on only where somebody says so", func(t *testing.T) {
		t.Parallel()
		b := running(t, map[tickets.StepName]string{tickets.Cancel: "needs_agent/proposed"})
		x := b.ticket(1)
		must(t, x.SetStatus(tickets.Open, tickets.ReasonWithdrawal, b.now))
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &x) }))
		_, err := b.desk.Resume(b.ctx, 1, amy, "")
		wantConflict(t, err)
		_, err = b.desk.Resume(b.ctx, 1, amy, tickets.Cancel)
		wantConflict(t, err)
		_, err = b.desk.RunStep(b.ctx, 1, amy, tickets.Cancel)
		wantConflict(t, err)
		_, err = b.desk.Resolve(b.ctx, 1, amy, tickets.Chosen{})
		wantConflict(t, err)
		b.is(1, "open/withdrawal_asked")
		_, err = b.desk.Resume(b.ctx, 1, amy, tickets.ConfirmDespiteWithdrawal)
		must(t, err)
		b.is(1, "open/resumed")
	})
	t.Run("a solved case has nothing to run", func(t *testing.T) {
		t.Parallel()
		b := running(t, nil)
		b.set(1, tickets.Solved)
		_, err := b.desk.Resume(b.ctx, 1, amy, "")
		wantConflict(t, err)
	})
}

func TestSkip(t *testing.T) {
	t.Parallel()
	waits := map[tickets.StepName]string{tickets.RefundIt: "needs_agent/no_ground_found", tickets.Cancel: "needs_agent/biller_refused"}
	b := running(t, waits)
	_, err := b.desk.Skip(b.ctx, 1, amy, tickets.Cancel, "enough")
	if !errors.Is(err, tickets.Invalid) {
		t.Errorf("a stop was skipped by hand: %v", err)
	}
	if _, err := b.desk.Skip(b.ctx, 1, amy, tickets.RefundIt, " "); !errors.Is(err, tickets.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	_, err = b.desk.Skip(b.ctx, 1, amy, tickets.Assets, "none")
	wantConflict(t, err)
	_, err = b.desk.Skip(b.ctx, 1, amy, tickets.RefundIt, "none is due")
	must(t, err)
	if got := b.steps()[tickets.RefundIt]; got != "skipped/by_hand" {
		t.Error(got)
	}
	b = running(t, waits, refund(account.RefundApproved))
	_, err = b.desk.Skip(b.ctx, 1, amy, tickets.RefundIt, "none is due")
	wantConflict(t, err)
}

func TestRelink(t *testing.T) {
	t.Parallel()
	t.Run("to another account begins anew and turns proposals down", func(t *testing.T) {
		t.Parallel()
		b := running(t, nil, refund(account.RefundProposed))
		got, err := b.desk.Relink(b.ctx, 1, amy, "u2", []string{"s2"})
		must(t, err)
		refunds, err := b.Refunds(b.ctx, 1)
		must(t, err)
		if got.AccountNo != "u2" || !b.ended() || refunds[0].State != account.RefundRejected {
			t.Errorf("account %s, run ended %t, refund %s", got.AccountNo, b.ended(), refunds[0].State)
		}
	})
	t.Run("not once something was done for the first", func(t *testing.T) {
		t.Parallel()
		b := running(t, nil, effect(tickets.EffectDone))
		_, err := b.desk.Relink(b.ctx, 1, amy, "u2", nil)
		wantConflict(t, err)
		_, err = b.desk.Relink(b.ctx, 1, amy, "u1", nil)
		must(t, err)
	})
	t.Run("not while something is under way", func(t *testing.T) {
		t.Parallel()
		for name, f := range map[string]func(tickets.Tx, int64) error{"a stop": effect(tickets.EffectUnknown), "a refund": refund(account.RefundProcessing)} {
			b := running(t, nil, f)
			if _, err := b.desk.Relink(b.ctx, 1, amy, "u1", nil); !errors.Is(err, tickets.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("not to a subscription of somebody else", func(t *testing.T) {
		t.Parallel()
		b := running(t, nil)
		if _, err := b.desk.Relink(b.ctx, 1, amy, "u1", []string{"s2"}); !errors.Is(err, tickets.Invalid) {
			t.Error(err)
		}
	})
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	t.Run("no cancellation ends the case and its run", func(t *testing.T) {
		t.Parallel()
		b := running(t, nil, effect(tickets.EffectDone))
		_, err := b.desk.Correct(b.ctx, 1, amy, intent.NotCancellation)
		must(t, err)
		b.is(1, "closed/not_cancellation")
		if !b.ended() {
			t.Error("its run goes on")
		}
	})
	t.Run("but not while something is under way", func(t *testing.T) {
		t.Parallel()
		b := running(t, nil, effect(tickets.EffectPending))
		_, err := b.desk.Correct(b.ctx, 1, amy, intent.NotCancellation)
		wantConflict(t, err)
		b.is(1, "new/")
	})
	t.Run("what was closed by mistake opens again", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, asking(intent.NotCancellation)))
		_, err := b.desk.Correct(b.ctx, 1, amy, intent.StopAutoRenew)
		must(t, err)
		b.is(1, "open/corrected")
		messages, err := b.Messages(b.ctx, 1)
		must(t, err)
		if d := cmp.Diff([]intent.Intent{intent.StopAutoRenew}, messages[0].Asks); d != "" {
			t.Error(d)
		}
	})
	t.Run("a machine's mail is not what asked", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, asking(intent.Clarify)))
		b.now = b.now.Add(1e9)
		b.receive(b.mail("li@example.com", 1, intent.Understanding{}, kind("auto_reply"), answers(b.ids.ID(1, "question"))))
		_, err := b.desk.Correct(b.ctx, 1, amy, intent.StopAutoRenew)
		must(t, err)
		messages, err := b.Messages(b.ctx, 1)
		must(t, err)
		if len(messages[1].Asks) != 0 || len(messages[0].Asks) != 1 || messages[0].Asks[0] != intent.StopAutoRenew {
			t.Errorf("%v, %v", messages[0].Asks, messages[1].Asks)
		}
	})
}

func TestSolve(t *testing.T) {
	t.Parallel()
	b := running(t, nil)
	_, err := b.desk.Solve(b.ctx, 1, amy)
	wantConflict(t, err)
	b = setup(t)
	b.receive(b.mail("li@example.com", 1, asking(intent.StatusInquiry)))
	_, err = b.desk.Solve(b.ctx, 1, amy)
	must(t, err)
	b.is(1, "solved/answered")
	b.now = b.now.Add(7*24*3600*1e9 - 1)
	must(t, b.desk.CloseSolved(b.ctx, 1, func(tickets.Tx) error { return nil }))
	b.is(1, "solved/answered")
	b.now = b.now.Add(1)
	must(t, b.desk.CloseSolved(b.ctx, 1, func(tickets.Tx) error { return nil }))
	b.is(1, "closed/done")
}
