package runbook_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// outage is one in which the biller and the channels hear of nothing, until it is called.
func (b *bundle) outage() (restore func()) {
	down := true
	b.world.fault = func(_, _ string) fault {
		if down {
			return before
		}
		return none
	}
	return func() { down = false }
}

// TestAWithdrawalAfterAnOutageIsHonoured: nothing that was asked for had come through, and the channel says so.
func TestAWithdrawalAfterAnOutageIsHonoured(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	restore := b.outage()
	id := b.say("c-1", "1", "请关闭自动续费", "u1").ID
	b.drain(time.Minute, nil)
	b.say("c-1", "2", "我改主意了，撤回申请，不要关闭", "u1")
	if got := b.ticket(id).Objection; got != tickets.ReasonWithdrawal {
		t.Fatalf("the objection is %q", got)
	}
	restore()
	b.drain(30*time.Minute, nil)
	b.clock.until(b.clock.now().Add(time.Minute))
	_, err := b.desk.Withdraw(b.ctx, id, "agent:amy")
	must(t, err)
	b.drain(time.Hour, nil)
	if s := b.state(id); s.Status != "solved" || s.Reason != tickets.ReasonWithdrawn || !s.Debits["s1"] || s.Acted[stopS1] != 0 {
		t.Errorf("%+v", s)
	}
}

// TestWhoWantsItAfterAllSaysSoInTheChat as plainly as at first, and is heard.
func TestWhoWantsItAfterAllSaysSoInTheChat(t *testing.T) {
	t.Parallel()
	b := setup(t, customer())
	restore := b.outage()
	id := b.say("c-1", "1", "请关闭自动续费", "u1").ID
	b.drain(time.Minute, nil)
	b.say("c-1", "2", "算了，不取消了", "u1")
	b.say("c-1", "3", "还是帮我关闭自动续费吧，别再扣了", "u1")
	restore()
	b.drain(time.Hour, nil)
	if s := b.state(id); s.Status != "solved" || s.Debits["s1"] {
		t.Errorf("%+v", s)
	}
}

// TestARefusedHoldIsAskedForOnce, also where the account says that its cycle begins later.
func TestARefusedHoldIsAskedForOnce(t *testing.T) {
	t.Parallel()
	later := func(s *account.Snapshot) {
		s.Subscriptions[0].PeriodStart, s.Subscriptions[0].PeriodEnd = "2027-04-08", "2027-05-08"
	}
	b := setup(t, customer(later), holding)
	b.world.fault = func(op, _ string) fault {
		if op == "hold" {
			return refuse
		}
		return none
	}
	id := b.receive(stranger(1)).ID
	b.drain(time.Hour, nil)
	got := b.ticket(id)
	if got.Reason != tickets.ReasonHoldRefused || len(b.holds(id)) != 1 {
		t.Errorf("%s/%s, holds %v", got.Status, got.Reason, b.holds(id))
	}
	told := b.told(id)
	if len(told) == 0 {
		t.Error("nobody was asked")
	}
}
