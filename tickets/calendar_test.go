package tickets_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestCalendar(t *testing.T) {
	t.Parallel()
	in := func(zone string, days map[account.Date]bool) tickets.Calendar {
		z, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		return tickets.Calendar{Zone: z, Hours: tickets.Weekdays(tickets.Interval{From: 9 * time.Hour, To: 18 * time.Hour}), Days: days}
	}
	shanghai, berlin := in("Asia/Shanghai", nil), in("Europe/Berlin", nil)
	golden := in("Asia/Shanghai", map[account.Date]bool{
		"2026-10-01": false, "2026-10-02": false, "2026-10-05": false, "2026-10-06": false, "2026-10-07": false, "2026-10-10": true,
	})
	for _, c := range []struct {
		name string
		cal  tickets.Calendar
		from string
		add  time.Duration
		want string
	}{
		{"within the day", shanghai, "2026-07-01 10:00", 4 * time.Hour, "2026-07-01 14:00"},
		{"to the very close", shanghai, "2026-07-01 14:00", 4 * time.Hour, "2026-07-01 18:00"},
		{"over the night", shanghai, "2026-07-01 16:00", 4 * time.Hour, "2026-07-02 11:00"},
		{"from the evening", shanghai, "2026-07-01 22:00", 4 * time.Hour, "2026-07-02 13:00"},
		{"from before it opens", shanghai, "2026-07-01 03:00", 4 * time.Hour, "2026-07-01 13:00"},
		{"over the weekend", shanghai, "2026-07-03 17:00", 4 * time.Hour, "2026-07-06 12:00"},
		{"from a Saturday", shanghai, "2026-07-04 12:00", 4 * time.Hour, "2026-07-06 13:00"},
		{"several days", shanghai, "2026-07-01 10:00", 20 * time.Hour, "2026-07-03 12:00"},
		{"no time at all", shanghai, "2026-07-01 10:00", 0, "2026-07-01 10:00"},
		{"over a holiday week", golden, "2026-09-30 17:00", 4 * time.Hour, "2026-10-08 12:00"},
		{"a Saturday that is worked", golden, "2026-10-09 17:00", 4 * time.Hour, "2026-10-10 12:00"},
		{"over the start of summer time", berlin, "2026-03-27 17:00", 4 * time.Hour, "2026-03-30 12:00"},
		{"over the end of summer time", berlin, "2026-10-23 17:00", 4 * time.Hour, "2026-10-26 12:00"},
	} {
		from, err := time.ParseInLocation("2006-01-02 15:04", c.from, c.cal.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.cal.Add(from.UTC(), c.add).In(c.cal.Zone).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name string
		cal  tickets.Calendar
		from string
		days int
		want string
	}{
		{"three days on", shanghai, "2026-07-01 10:00", 3, "2026-07-06 18:00"},
		{"the very day", shanghai, "2026-07-01 10:00", 0, "2026-07-01 18:00"},
		{"over a holiday week", golden, "2026-09-30 10:00", 3, "2026-10-10 18:00"},
		{"the day summer time ends", in("Europe/Berlin", map[account.Date]bool{"2026-10-25": true}), "2026-10-24 10:00", 1, "2026-10-25 18:00"},
	} {
		from, err := time.ParseInLocation("2006-01-02 15:04", c.from, c.cal.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.cal.EndOfDays(from.UTC(), c.days).In(c.cal.Zone).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	closed := shanghai
	closed.Days = map[account.Date]bool{}
	for d := account.Date("2026-07-01"); d < "2028-01-01"; d = d.AddDays(1) {
		closed.Days[d] = false
	}
	if got := closed.Add(noon, time.Hour); got.Before(noon) || got.After(noon.AddDate(2, 0, 0)) {
		t.Errorf("without any working day it is due %s", got)
	}
	if got := closed.EndOfDays(noon, 3); got.Before(noon) || got.After(noon.AddDate(2, 0, 0)) {
		t.Errorf("without any working day it ends %s", got)
	}
}
