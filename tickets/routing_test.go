package tickets_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// routed is a desk with that routing.
func routed(t *testing.T, r tickets.Routing) *bundle {
	b := setup(t)
	s := b.desk.Settings()
	s.Routing = r
	b.desk = tickets.NewDesk(b.DB, s, b.ids, func() time.Time { return b.now })
	return b
}

// forwards are the jobs that send mail on, by ticket.
func (b *bundle) forwards() (out []int64) {
	b.t.Helper()
	must(b.t, b.Conn().WithContext(b.ctx).Table("jobs").Where("kind = ?", tickets.JobForward).Order("id").Pluck("ticket_id", &out).Error)
	return out
}

func other() intent.Understanding {
	return intent.Understanding{Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Confidence: 0.9}
}

func TestMailThatIsNoCancellation(t *testing.T) {
	t.Parallel()
	const sales = "sales@example.com"
	t.Run("goes on once, and nobody gets a receipt", func(t *testing.T) {
		t.Parallel()
		b := routed(t, tickets.Routing{ForwardTo: sales})
		mail := b.mail("wu@example.com", 0, other())
		b.receive(mail, b.mail("li@example.com", 1, stop()))
		b.receive(mail)
		b.is(1, "closed/not_cancellation")
		if d := cmp.Diff([]int64{1}, b.forwards()); d != "" {
			t.Error(d)
		}
		f, err := b.Forward(b.ctx, 1)
		must(t, err)
		if id, ours := b.ids.Ticket(f.MailID); !ours || id != 1 || f.Recipient != sales || f.State != tickets.OutgoingQueued {
			t.Errorf("%+v", f)
		}
		out, err := b.Outgoing(b.ctx, 1)
		must(t, err)
		if got := b.rows(); got["jobs"] != 2 || len(out) != 0 {
			t.Errorf("%d jobs and %d mails: the forwarding and the other case's run are all", got["jobs"], len(out))
		}
	})
	t.Run("stays where it is kept", func(t *testing.T) {
		t.Parallel()
		b := routed(t, tickets.Routing{})
		b.receive(b.mail("wu@example.com", 0, other()))
		if got := b.rows(); got["jobs"] != 0 {
			t.Errorf("%d jobs", got["jobs"])
		}
	})
	t.Run("what is unsure goes on when a person says so", func(t *testing.T) {
		t.Parallel()
		b := routed(t, tickets.Routing{ForwardTo: sales})
		u := other()
		u.Confidence = 0.4
		b.receive(b.mail("wu@example.com", 0, u))
		b.is(1, "new/unsure")
		if got := b.forwards(); len(got) != 0 {
			t.Errorf("forwarded unread: %v", got)
		}
		_, err := b.desk.Correct(b.ctx, 1, "agent:mei", intent.NotCancellation)
		must(t, err)
		b.is(1, "closed/not_cancellation")
		if d := cmp.Diff([]int64{1}, b.forwards()); d != "" {
			t.Error(d)
		}
	})
	t.Run("thanks, machines and requests go nowhere", func(t *testing.T) {
		t.Parallel()
		b := routed(t, tickets.Routing{ForwardTo: sales})
		thanks := other()
		thanks.Thanks = true
		b.receive(b.mail("wu@example.com", 0, thanks), b.mail("wu@example.com", 0, other(), kind("list")),
			b.mail("wu@example.com", 0, other(), kind("auto_reply")), b.mail("wu@example.com", 0, stop()))
		if got := b.forwards(); len(got) != 0 {
			t.Errorf("forwarded: %v", got)
		}
	})
	t.Run("of which a sample is read by a person", func(t *testing.T) {
		t.Parallel()
		b := routed(t, tickets.Routing{SamplePercent: 100})
		b.receive(b.mail("wu@example.com", 0, other()))
		b.is(1, "new/sampled")
		if got := b.rows(); got["jobs"] != 0 {
			t.Errorf("%d jobs: nothing is answered", got["jobs"])
		}
		_, err := b.desk.Correct(b.ctx, 1, "agent:mei", intent.StopAutoRenew)
		must(t, err)
		if x := b.ticket(1); !x.Stops() || !x.Live() {
			t.Errorf("%s %v", x.Status, x.Intents)
		}
	})
	t.Run("two in a hundred by default", func(t *testing.T) {
		t.Parallel()
		n := 0
		for i := range 20000 {
			if (tickets.Routing{SamplePercent: 2}).Sampled(fmt.Sprintf("%x", i)) {
				n++
			}
		}
		if n < 320 || n > 480 {
			t.Errorf("%d of 20,000", n)
		}
	})
	t.Run("a forwarded mail that comes back is told to a person once", func(t *testing.T) {
		t.Parallel()
		b := routed(t, tickets.Routing{ForwardTo: sales})
		b.receive(b.mail("wu@example.com", 0, other()))
		f, err := b.Forward(b.ctx, 1)
		must(t, err)
		b.receive(b.bounced(f.MailID), b.bounced(f.MailID))
		alarms, err := b.Alarms(b.ctx)
		must(t, err)
		if len(alarms) != 1 || alarms[0].Kind != tickets.AlarmForwardFailed || alarms[0].TicketID != 1 {
			t.Errorf("alarms %+v", alarms)
		}
		b.is(1, "closed/not_cancellation")
	})
	t.Run("a job that was given up too", func(t *testing.T) {
		t.Parallel()
		b := routed(t, tickets.Routing{ForwardTo: sales})
		b.receive(b.mail("wu@example.com", 0, other()))
		must(t, b.desk.Stuck(b.ctx, tickets.Job{Kind: tickets.JobForward, TicketID: 1}))
		alarms, err := b.Alarms(b.ctx)
		must(t, err)
		if len(alarms) != 1 || alarms[0].Kind != tickets.AlarmForwardFailed {
			t.Errorf("alarms %+v", alarms)
		}
	})
}
