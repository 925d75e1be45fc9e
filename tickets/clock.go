package tickets

import (
	"slices"
	"time"
)

// Clock names one of the deadlines that the desk has in a case. The third clock, the next charge,
// never pauses and warns of nothing: it orders the queue.
type Clock string

// The clocks. FirstResponse runs until the customer has a first answer. Resolution runs while the case
// does, but for the time in which it was the customer's turn or the case was solved.
const (
	FirstResponse Clock = "first_response"
	Resolution    Clock = "resolution"
)

// Clocks lists the clocks in the order they fall due.
func Clocks() []Clock { return []Clock{FirstResponse, Resolution} }

// Pause is a time in which the clock of the resolution stands still; To is nil while it does.
type Pause struct {
	From time.Time  `json:"from"`
	To   *time.Time `json:"to,omitempty"`
}

// pauses reports whether the clock of the resolution stands still in a status.
func (s Status) pauses() bool { return s == Pending || s == Solved || s == Closed }

// turn stops or starts the clock of the resolution as the status changes, and has the clocks looked at.
func (t *Ticket) turn(from, to Status, at time.Time) {
	switch {
	case !from.pauses() && to.pauses():
		t.Pauses = append(slices.Clip(t.Pauses), Pause{From: at})
	case from.pauses() && !to.pauses():
		t.Pauses = slices.Clone(t.Pauses)
		if n := len(t.Pauses); n > 0 && t.Pauses[n-1].To == nil {
			t.Pauses[n-1].To = &at
		}
	}
	t.AlertAt = &at
}

// Respond notes the first answer that the customer got.
func (t *Ticket) Respond(at time.Time) {
	if t.FirstRespondedAt == nil {
		t.FirstRespondedAt, t.AlertAt = &at, &at
	}
}

// Paused reports whether the clock of the resolution stands still.
func (t Ticket) Paused() bool { return t.Status.pauses() }

// Due is when the clock's deadline is, and whether the clock runs: a deadline that was kept, or stands
// still, is none. One that had passed before a pause began is not given any more time by it.
func (t Ticket) Due(c Clock, cal Calendar) (time.Time, bool) {
	if c == FirstResponse {
		return t.FirstResponseDueAt, t.Live() && t.FirstRespondedAt == nil
	}
	t.settle(cal)
	return t.ResolutionDueAt, t.Live() && !t.Paused()
}

// settle moves the resolution's deadline on by the business time of the pauses that are over.
func (t *Ticket) settle(cal Calendar) {
	var open []Pause
	for _, p := range t.Pauses {
		switch {
		case p.To == nil:
			open = append(open, p)
		case p.From.Before(t.ResolutionDueAt):
			// A deadline at closing time is not that of the next opening because of a pause at night.
			if paused := cal.Between(p.From, *p.To); paused > 0 {
				t.ResolutionDueAt = cal.Add(t.ResolutionDueAt, paused).UTC()
			}
		}
	}
	t.Pauses = open
}

// watchFrom has the ticket looked at by that instant, if not before.
func (t *Ticket) watchFrom(at time.Time) {
	if t.AlertAt == nil || at.Before(*t.AlertAt) {
		t.AlertAt = &at
	}
}
