package tickets_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestRoomForMoreMails(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	ago := func(all ...time.Duration) (out []time.Time) {
		for _, d := range all {
			out = append(out, at.Add(-d))
		}
		return out
	}
	const s, m, h = time.Second, time.Minute, time.Hour
	for name, c := range map[string]struct {
		limits  tickets.SendLimits
		handed  []time.Time
		granted int
		paused  time.Duration
		free    int
		next    time.Duration
	}{
		"no limit":                            {handed: ago(s, s, s), free: 1000},
		"none sent yet":                       {limits: tickets.SendLimits{PerMinute: 2}, free: 2},
		"one of two":                          {limits: tickets.SendLimits{PerMinute: 2}, handed: ago(10 * s), free: 1},
		"full until the older one is past":    {limits: tickets.SendLimits{PerMinute: 2}, handed: ago(10*s, 50*s), next: 10 * s},
		"a minute later it counts no more":    {limits: tickets.SendLimits{PerMinute: 1}, handed: ago(m), free: 1},
		"what was let go counts":              {limits: tickets.SendLimits{PerMinute: 2}, handed: ago(30 * s), granted: 1, next: 30 * s},
		"all was let go":                      {limits: tickets.SendLimits{PerMinute: 2}, granted: 2, next: m},
		"the hour is full, the minute is not": {limits: tickets.SendLimits{PerMinute: 9, PerHour: 2}, handed: ago(20*m, 50*m, 70*m), next: 10 * m},
		"the longest wait counts":             {limits: tickets.SendLimits{PerMinute: 1, PerDay: 2}, handed: ago(10*s, 20*h), next: 4 * h},
		"the least room counts":               {limits: tickets.SendLimits{PerMinute: 5, PerHour: 3}, handed: ago(2*m, 3*m), free: 1},
		"paused":                              {paused: 15 * m, next: 15 * m},
		"paused for less than the limit":      {limits: tickets.SendLimits{PerHour: 1}, handed: ago(m), paused: 15 * m, next: 59 * m},
		"a pause that is over":                {paused: -s, free: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paused time.Time
			if c.paused != 0 {
				paused = at.Add(c.paused)
			}
			free, next := c.limits.Room(at, c.handed, c.granted, paused)
			if free != c.free || !next.Equal(at.Add(c.next)) {
				t.Errorf("free %d, next in %s; want %d and %s", free, next.Sub(at), c.free, c.next)
			}
		})
	}
}

func TestWhatIsMostImportantGoesFirst(t *testing.T) {
	t.Parallel()
	order := [][]tickets.Tell{
		{tickets.TellCode},
		{tickets.TellAnswer, tickets.TellCancelOutcome, tickets.TellRefundOutcome, tickets.TellHoldAsked, tickets.TellWithdrawn},
		{tickets.TellQuestion, tickets.TellMissing, tickets.TellOffer, tickets.TellCodeNeeded, tickets.TellUnread},
		{tickets.TellReceipt},
		{tickets.TellNeutral},
	}
	for i, tells := range order {
		for _, tell := range tells {
			if got := tell.Importance(); got != i {
				t.Errorf("%s has importance %d, want %d", tell, got, i)
			}
		}
	}
}
