package tickets

import (
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// Calendar is the desk's business time: its hours on each working day. Days holds the exceptions to
// the week: true for a day that is worked though its weekday is not (调休), which then has the hours of
// the first day of the week that has any; false for a weekday that is a holiday.
type Calendar struct {
	Zone  *time.Location
	Hours Hours
	Days  map[account.Date]bool
	// Until is the last day whose holidays are known, "" where none are; after it the bare week counts.
	Until account.Date
}

// Works reports whether the day is a working day.
func (c Calendar) Works(d account.Date) bool {
	if works, ok := c.Days[d]; ok {
		return works
	}
	return len(c.Hours[weekday(d)]) > 0
}

// weekday is the day of the week, which no zone changes.
func weekday(d account.Date) time.Weekday { return d.In(time.UTC).Weekday() }

// span is a stretch of working time between two instants.
type span struct{ from, to time.Time }

// spans are the working hours of one day in order.
func (c Calendar) spans(d account.Date) []span {
	if !c.Works(d) {
		return nil
	}
	in := c.Hours[weekday(d)]
	for wd := time.Monday; len(in) == 0 && wd <= time.Saturday; wd++ {
		in = c.Hours[wd]
	}
	out := make([]span, 0, len(in))
	for _, x := range in {
		// A part of a day that the change of clocks swallows has no time in it.
		if s := (span{c.at(d, x.From), c.at(d, x.To)}); s.from.Before(s.to) {
			out = append(out, s)
		}
	}
	return out
}

// longestWait bounds the search for working time, so that a calendar without any can't hang a caller.
const longestWait = 400

// Add moves d of business time on from t.
func (c Calendar) Add(t time.Time, d time.Duration) time.Time {
	day := account.DateOf(t, c.Zone)
	for range longestWait {
		for _, s := range c.spans(day) {
			if s.from.After(t) {
				t = s.from
			}
			if left := s.to.Sub(t); left > 0 {
				if d <= left {
					return t.Add(d)
				}
				d -= left
			}
		}
		day = day.AddDays(1)
		if midnight := day.In(c.Zone); midnight.After(t) {
			t = midnight
		}
	}
	return t
}

// Back is the instant that has d of business time between itself and t, the latest one.
func (c Calendar) Back(t time.Time, d time.Duration) time.Time {
	day := account.DateOf(t, c.Zone)
	for range longestWait {
		for _, s := range slices.Backward(c.spans(day)) {
			if s.to.Before(t) {
				t = s.to
			}
			if left := t.Sub(s.from); left > 0 {
				if d <= left {
					return t.Add(-d)
				}
				d -= left
			}
		}
		if midnight := day.In(c.Zone); midnight.Before(t) {
			t = midnight
		}
		day = day.AddDays(-1)
	}
	return t
}

// longestPause bounds, in days, what Between counts.
const longestPause = 4000

// Between is the business time from one instant to a later one, 0 for an earlier one.
func (c Calendar) Between(from, to time.Time) time.Duration {
	var sum time.Duration
	day := account.DateOf(from, c.Zone)
	for n := 0; n < longestPause && day.In(c.Zone).Before(to); n++ {
		for _, s := range c.spans(day) {
			if s.from.Before(from) {
				s.from = from
			}
			if s.to.After(to) {
				s.to = to
			}
			sum += max(s.to.Sub(s.from), 0)
		}
		day = day.AddDays(1)
	}
	return sum
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
	if s := c.spans(day); len(s) > 0 {
		return s[len(s)-1].to
	}
	return c.at(day, c.closing())
}

// closing is when the week's first working day ends, for a day that is not worked.
func (c Calendar) closing() time.Duration {
	for wd := time.Monday; wd <= time.Saturday; wd++ {
		if in := c.Hours[wd]; len(in) > 0 {
			return in[len(in)-1].To
		}
	}
	return 0
}

// at is a time of day on the wall clock, which is not midnight plus a duration where clocks change.
func (c Calendar) at(d account.Date, since time.Duration) time.Time {
	y, m, day := d.In(time.UTC).Date()
	return time.Date(y, m, day, 0, 0, int(since/time.Second), 0, c.Zone)
}

// fullYear is how many holidays on weekdays make the table of a year complete enough to be counted as
// known. China announces seven or more festivals for each year, in one notice.
const fullYear = 5

// Known is the last day of the years in a row whose holidays a table holds, "" where it holds none.
func Known(days map[account.Date]bool) account.Date {
	off := map[int]int{}
	last := 0
	for d, works := range days {
		at := d.In(time.UTC)
		if !works && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
			off[at.Year()]++
		}
	}
	for year, n := range off {
		if n >= fullYear && (last == 0 || year < last) {
			last = year
		}
	}
	if last == 0 {
		return ""
	}
	for off[last+1] >= fullYear {
		last++
	}
	return account.DateOf(time.Date(last, time.December, 31, 0, 0, 0, 0, time.UTC), time.UTC)
}

// endsSoon is how long before the table of holidays ends people are told.
const endsSoon = 60

// Ends reports whether the table of holidays is at its end at that instant or within 60 days.
func (c Calendar) Ends(at time.Time) bool {
	return c.Until != "" && account.DateOf(at, c.Zone).AddDays(endsSoon) > c.Until
}
