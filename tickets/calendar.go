package tickets

import (
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Calendar is the desk's business time: from Open to Close (since local midnight) on each working
// day. Days holds the exceptions to Monday-to-Friday: true for a weekend day that is worked (调休),
// false for a weekday that is a holiday.
type Calendar struct {
	Zone  *time.Location
	Open  time.Duration
	Close time.Duration
	Days  map[account.Date]bool
}

// Works reports whether the day is a working day.
func (c Calendar) Works(d account.Date) bool {
	if works, ok := c.Days[d]; ok {
		return works
	}
	wd := d.In(c.Zone).Weekday()
	return wd != time.Saturday && wd != time.Sunday
}

// longestWait bounds the search for working time, so that a calendar without any can't hang a caller.
const longestWait = 400

// Add moves d of business time on from t.
func (c Calendar) Add(t time.Time, d time.Duration) time.Time {
	day := account.DateOf(t, c.Zone)
	for range longestWait {
		if c.Works(day) {
			open, end := c.at(day, c.Open), c.at(day, c.Close)
			if t.Before(open) {
				t = open
			}
			if left := end.Sub(t); left > 0 {
				if d <= left {
					return t.Add(d)
				}
				d -= left
			}
		}
		day = day.AddDays(1)
		t = day.In(c.Zone)
	}
	return t
}

// EndOfDays is the close of business of the n-th working day after the day of t.
func (c Calendar) EndOfDays(t time.Time, n int) time.Time {
	day := account.DateOf(t, c.Zone)
	for range longestWait {
		if n <= 0 {
			break
		}
		day = day.AddDays(1)
		if c.Works(day) {
			n--
		}
	}
	return c.at(day, c.Close)
}

// at is a time of day on the wall clock, which is not midnight plus a duration where clocks change.
func (c Calendar) at(d account.Date, since time.Duration) time.Time {
	y, m, day := d.In(c.Zone).Date()
	return time.Date(y, m, day, 0, 0, int(since/time.Second), 0, c.Zone)
}
