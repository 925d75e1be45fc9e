package tickets_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func (b *bundle) watch() int {
	b.t.Helper()
	n, err := b.desk.Watch(b.ctx)
	must(b.t, err)
	return n
}

// rings are the alarms that ring, as kind/clock.
func (b *bundle) rings() []string {
	b.t.Helper()
	list, err := b.Alarms(b.ctx)
	must(b.t, err)
	var out []string
	for _, a := range list {
		out = append(out, string(a.Kind)+"/"+a.Detail)
	}
	return out
}

// wants watches twice at that instant, as two workers do, and compares what rings.
func (b *bundle) wants(at string, rings ...string) {
	b.t.Helper()
	now, err := time.Parse("2006-01-02 15:04", at)
	must(b.t, err)
	b.now = now
	b.watch()
	if n := b.watch(); n != 0 {
		b.t.Errorf("%s: looked at %d more", at, n)
	}
	if d := cmp.Diff(rings, b.rings()); d != "" {
		b.t.Errorf("%s rings (-want +got): %s", at, d)
	}
}

// alarms counts the alarms that the case's evidence tells of.
func (b *bundle) alarms() (raised, cleared int) {
	b.t.Helper()
	list, err := b.Events(b.ctx, tickets.Number(1))
	must(b.t, err)
	for _, e := range list {
		switch e.Type {
		case tickets.EventAlarm:
			raised++
		case tickets.EventAlarmCleared:
			cleared++
		}
	}
	return raised, cleared
}

const (
	soonAnswer, lateAnswer = "due_soon/first_response", "overdue/first_response"
	soonEnd, lateEnd       = "due_soon/resolution", "overdue/resolution"
)

// arrive opens the case at Monday 2026-03-02 10:00: an answer is due at 14:00, the end on Thursday 18:00.
func arrive(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	b.receive(b.mail("li@example.com", 1, stop()))
	return b
}

func TestDeadlinesWarnBeforeAndAtTheirBreach(t *testing.T) {
	t.Parallel()
	b := arrive(t)
	version := b.ticket(1).Version
	b.wants("2026-03-02 10:00")
	b.wants("2026-03-02 12:59")
	b.wants("2026-03-02 13:00", soonAnswer)
	b.wants("2026-03-02 13:59", soonAnswer)
	b.wants("2026-03-02 14:00", lateAnswer)
	b.wants("2026-03-05 17:00", lateAnswer, soonEnd)
	b.wants("2026-03-05 18:00", lateAnswer, lateEnd)
	b.wants("2026-03-20 18:00", lateAnswer, lateEnd)
	if raised, cleared := b.alarms(); raised != 4 || cleared != 2 {
		t.Errorf("%d alarms raised and %d cleared in the evidence", raised, cleared)
	}
	if got := b.ticket(1).Version; got != version {
		t.Error("an alarm changed the ticket under the hands of whoever works on it")
	}
	// The answer clears what rang for it at once; the end goes on ringing until it is reached.
	_, err := b.desk.Say(b.ctx, 1, amy, tickets.Note, "no answer yet")
	must(t, err)
	b.wants("2026-03-20 18:01", lateAnswer, lateEnd)
	_, err = b.desk.Say(b.ctx, 1, amy, tickets.Reply, "sorry")
	must(t, err)
	if got := b.rings(); len(got) != 0 {
		t.Errorf("after the answer, with the customer to speak, it rings: %v", got)
	}
}

func TestAlarmRingsOnceForADeadline(t *testing.T) {
	t.Parallel()
	b := arrive(t)
	b.wants("2026-03-02 14:30", lateAnswer)
	list, err := b.Alarms(b.ctx)
	must(t, err)
	must(t, b.desk.ClearAlarm(b.ctx, list[0].ID, amy))
	if err := b.desk.ClearAlarm(b.ctx, list[0].ID, amy); err == nil {
		t.Error("it was cleared twice")
	}
	c := b.ticket(1)
	c.AlertAt = &b.now // as after any change of status
	must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &c) }))
	b.wants("2026-03-02 14:40")
	if raised, cleared := b.alarms(); raised != 1 || cleared != 1 {
		t.Errorf("%d raised, %d cleared", raised, cleared)
	}
}

func TestMailFromLongAgoIsLateAsItComes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	b.receive(b.mail("li@example.com", 1, stop(), func(in *tickets.Incoming) { in.Message.At = b.now.AddDate(0, 0, -20) }))
	b.wants("2026-03-02 10:00", lateAnswer, lateEnd)
}

func TestNothingRingsForWhatIsNoCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	b.receive(b.mail("li@example.com", 1, intent.Understanding{
		Intent: intent.NotCancellation, Intents: []intent.Intent{intent.NotCancellation}, Confidence: 0.9,
	}))
	b.wants("2026-04-02 10:00")
	if got := b.ticket(1); got.Status != tickets.Closed || got.AlertAt != nil {
		t.Errorf("it is %s and looked at %v", got.Status, got.AlertAt)
	}
}

func TestResolutionWaitsForTheCustomer(t *testing.T) {
	t.Parallel()
	b := arrive(t)
	b.now = b.now.Add(time.Hour) // 11:00
	_, err := b.desk.Say(b.ctx, 1, amy, tickets.Reply, "Which account?")
	must(t, err)
	b.wants("2026-03-20 10:00") // however long he takes
	due, runs := b.ticket(1).Due(tickets.Resolution, b.desk.Settings().Calendar)
	if runs || !due.Equal(time.Date(2026, 3, 5, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("while it is his turn it runs %v, until %s", runs, due)
	}
	// He answers on Friday the 20th at 17:00, 14 working days and 6 hours later.
	b.now = time.Date(2026, 3, 20, 17, 0, 0, 0, time.UTC)
	b.receive(b.mail("li@example.com", 1, stop()))
	want := time.Date(2026, 3, 26, 15, 0, 0, 0, time.UTC)
	if due, runs := b.ticket(1).Due(tickets.Resolution, b.desk.Settings().Calendar); !runs || !due.Equal(want) {
		t.Errorf("after his answer it runs %v, until %s, want %s", runs, due, want)
	}
	b.wants("2026-03-26 13:59")
	if got := b.ticket(1); !got.ResolutionDueAt.Equal(want) || len(got.Pauses) != 0 {
		t.Errorf("the list says %s with %v", got.ResolutionDueAt, got.Pauses)
	}
	b.wants("2026-03-26 14:00", soonEnd)
	b.wants("2026-03-26 15:00", lateEnd)
	// Late is late: another question does not take the lateness away, it only stops the ringing.
	_, err = b.desk.Say(b.ctx, 1, amy, tickets.Reply, "And which plan?")
	must(t, err)
	b.wants("2026-03-27 10:00")
	b.receive(b.mail("li@example.com", 1, stop()))
	if due, _ := b.ticket(1).Due(tickets.Resolution, b.desk.Settings().Calendar); !due.Equal(want) {
		t.Errorf("a question asked too late moved the deadline to %s", due)
	}
}

func TestReopenedCaseHasTheTimeThatWasLeft(t *testing.T) {
	t.Parallel()
	b := arrive(t)
	b.now = b.now.Add(8 * time.Hour) // the close of Monday
	b.set(1, tickets.Open, tickets.Solved)
	b.wants("2026-03-06 09:00")
	b.set(1, tickets.Open)
	want := time.Date(2026, 3, 10, 18, 0, 0, 0, time.UTC) // Friday, Monday and Tuesday were left
	if due, runs := b.ticket(1).Due(tickets.Resolution, b.desk.Settings().Calendar); !runs || !due.Equal(want) {
		t.Errorf("it runs %v, until %s, want %s", runs, due, want)
	}
}
