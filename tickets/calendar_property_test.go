package tickets_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// randomCalendar is one with any hours, in a zone whose clocks change at two in the morning, at
// midnight, by half an hour or never, and with holidays and worked weekends thrown in.
func randomCalendar(t *testing.T, r *rand.Rand) tickets.Calendar {
	t.Helper()
	zones := []string{"Asia/Shanghai", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"}
	hours := []string{
		"09:00-18:00", "09:00-12:00,13:30-18:00", "mon-fri 08:00-11:00,12:00-15:00,16:00-22:00; sat 10:00-16:00",
		"sun-sat 00:00-24:00", "sun 01:30-03:15; wed 09:00-10:00", "mon-sat 00:00-02:30,02:30-03:00,23:00-24:00",
	}
	zone, err := time.LoadLocation(zones[r.IntN(len(zones))])
	must(t, err)
	h, err := tickets.ParseHours(hours[r.IntN(len(hours))])
	must(t, err)
	c := tickets.Calendar{Zone: zone, Hours: h, Days: map[account.Date]bool{}}
	for range r.IntN(60) {
		c.Days[account.Date("2026-01-01").AddDays(r.IntN(500))] = r.IntN(3) == 0
	}
	return c
}

// The laws that every calendar keeps, whatever its zone, hours and holidays.
func TestCalendarLaws(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 36))
		c := randomCalendar(t, r)
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(400 * 24 * time.Hour)))).Truncate(time.Second)
		later := at.Add(time.Duration(r.Int64N(int64(20 * 24 * time.Hour)))).Truncate(time.Second)
		d, more := time.Duration(r.IntN(100))*10*time.Minute, time.Duration(1+r.IntN(300))*time.Minute
		name := fmt.Sprintf("seed %d: %s, %s + %s", seed, c.Zone, at.In(c.Zone), d)
		due := c.Add(at, d)
		switch {
		case due.Before(at):
			t.Errorf("%s is due %s, in the past", name, due)
		case c.Between(at, due) != d:
			t.Errorf("%s is due %s, which is %s of business time", name, due, c.Between(at, due))
		case !c.Add(at, d+more).After(due):
			t.Errorf("%s: more time does not end later", name)
		case c.Add(later, d).Before(due):
			t.Errorf("%s: a later start ends earlier", name)
		case !c.Add(due, more).Equal(c.Add(at, d+more)):
			t.Errorf("%s: %s and then %s is not both together", name, d, more)
		case d > 0 && c.Between(c.Back(due, d), due) != d, c.Back(due, d).After(due):
			t.Errorf("%s: back from %s is %s", name, due, c.Back(due, d))
		case c.Between(at, later) < 0, c.Between(later, at) != 0 && later.After(at):
			t.Errorf("%s: %s between", name, c.Between(at, later))
		}
		n := 1 + r.IntN(8)
		end := c.EndOfDays(at, n)
		switch {
		case !end.After(at):
			t.Errorf("%s: %d days end %s", name, n, end.In(c.Zone))
		case !c.EndOfDays(at, n+1).After(end):
			t.Errorf("%s: a day more does not end later", name)
		case c.EndOfDays(later, n).Before(end):
			t.Errorf("%s: days from later on end earlier", name)
		case !c.Works(account.DateOf(end.Add(-time.Second), c.Zone)):
			t.Errorf("%s: %d days end on %s, which is not worked", name, n, end.In(c.Zone))
		}
	}
}

func TestSeveralIntervalsADay(t *testing.T) {
	t.Parallel()
	h, err := tickets.ParseHours("mon-fri 09:00-12:00,13:30-18:00; sat 10:00-12:00")
	must(t, err)
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	// 2027-01-03 is a Sunday that the (made-up) table makes a working day.
	c := tickets.Calendar{Zone: shanghai, Hours: h, Days: map[account.Date]bool{"2027-01-01": false, "2027-01-03": true}}
	at := func(s string) time.Time {
		got, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
		must(t, err)
		return got
	}
	for _, x := range []struct {
		name, from string
		add        time.Duration
		want       string
	}{
		{"up to lunch", "2026-11-23 11:00", time.Hour, "2026-11-23 12:00"},
		{"over lunch", "2026-11-23 11:30", time.Hour, "2026-11-23 14:00"},
		{"from within lunch", "2026-11-23 12:45", time.Hour, "2026-11-23 14:30"},
		{"over Saturday's short day", "2026-11-27 17:00", 4 * time.Hour, "2026-11-30 10:00"},
		{"over the year's end and a worked Sunday", "2026-12-31 17:30", 4 * time.Hour, "2027-01-03 10:30"},
	} {
		got := c.Add(at(x.from), x.add)
		if !got.Equal(at(x.want)) {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
		if back := c.Back(got, x.add); c.Between(back, got) != x.add {
			t.Errorf("%s: back again is %s", x.name, back)
		}
	}
	// The worked Sunday has a weekday's hours, Saturday's own end at noon.
	if got := c.EndOfDays(at("2027-01-02 09:00"), 1); !got.Equal(at("2027-01-03 18:00")) {
		t.Errorf("a day from Saturday on ends %s", got)
	}
	if got := c.EndOfDays(at("2026-11-27 09:00"), 1); !got.Equal(at("2026-11-28 12:00")) {
		t.Errorf("a day from Friday on ends %s", got)
	}
}

func TestTableOfHolidaysEnds(t *testing.T) {
	t.Parallel()
	days := map[account.Date]bool{"2025-10-01": false, "2027-01-01": false}
	for d := account.Date("2026-02-16"); d < "2026-02-24"; d = d.AddDays(1) {
		days[d] = false
	}
	if got := tickets.Known(days); got != "2026-12-31" {
		t.Errorf("known to %q; a single day of a year is not its table", got)
	}
	if got := tickets.Known(nil); got != "" {
		t.Errorf("no table is known to %q", got)
	}
	c := tickets.Calendar{Zone: time.UTC, Until: "2026-12-31"}
	for day, want := range map[account.Date]bool{"2026-11-01": false, "2026-11-02": true, "2026-12-31": true, "2027-06-01": true} {
		if got := c.Ends(day.In(time.UTC).Add(12 * time.Hour)); got != want {
			t.Errorf("on %s it ends soon: %v", day, got)
		}
	}
	c.Until = ""
	if c.Ends(noon) {
		t.Error("a desk without holidays is told that they end")
	}
}
