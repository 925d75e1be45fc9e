package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// calendarOf is the calendar of the default settings with these changes.
func calendarOf(t *testing.T, imported ...store.CalendarDay) tickets.Calendar {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	c, err := deskCalendar(config.Default().Desk, zone, imported)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The days of the State Council's notices for 2025 and 2026.
func TestRealHolidays(t *testing.T) {
	t.Parallel()
	c := calendarOf(t)
	if c.Until != "2026-12-31" {
		t.Errorf("holidays are known until %s", c.Until)
	}
	for _, x := range []struct{ name, from, response, resolution string }{
		{"an ordinary Wednesday", "2026-07-01 10:00", "2026-07-01 14:00", "2026-07-06 18:00"},
		{"before the Spring Festival of 2025, over a worked Sunday", "2025-01-25 17:00", "2025-01-26 13:00", "2025-02-05 18:00"},
		{"within that festival", "2025-02-01 12:00", "2025-02-05 13:00", "2025-02-07 18:00"},
		{"Labour Day 2025 with its worked Sunday before", "2025-04-26 10:00", "2025-04-27 13:00", "2025-04-29 18:00"},
		{"National Day and Mid-Autumn 2025, eight days", "2025-09-30 17:00", "2025-10-09 12:00", "2025-10-11 18:00"},
		{"New Year 2026, with the worked Sunday after it", "2025-12-31 17:00", "2026-01-04 12:00", "2026-01-06 18:00"},
		{"Spring Festival 2026, nine days", "2026-02-13 17:00", "2026-02-14 12:00", "2026-02-25 18:00"},
		{"National Day 2026, over the worked Saturday", "2026-09-30 17:00", "2026-10-08 12:00", "2026-10-10 18:00"},
		{"the end of the table", "2026-12-31 17:00", "2027-01-01 12:00", "2027-01-05 18:00"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", x.from, c.Zone)
		if err != nil {
			t.Fatal(err)
		}
		got := [2]string{
			c.Add(at, 4*time.Hour).In(c.Zone).Format("2006-01-02 15:04"), c.EndOfDays(at, 3).In(c.Zone).Format("2006-01-02 15:04"),
		}
		if d := cmp.Diff([2]string{x.response, x.resolution}, got); d != "" {
			t.Errorf("%s: %s", x.name, d)
		}
	}
}

func TestReadDays(t *testing.T) {
	t.Parallel()
	days, bad, err := readDays(strings.NewReader("\uFEFFdate,kind,name\r\n2027-02-06,work,\"春节\"\n\n# a comment\n2027-02-08 off 春节 假期 # the first day\n" +
		"2027-02-09,休\n2027-02-08 off\n2027-02-06 off\n2027-02-30 off\n2027-03-01 maybe\n1927-03-01 off\n2027-03-02\nDROP TABLE calendar_days;\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]store.CalendarDay{
		{Day: "2027-02-06", Works: true, Name: "春节"}, {Day: "2027-02-08", Name: "春节 假期"}, {Day: "2027-02-09"},
	}, days); d != "" {
		t.Error(d)
	}
	var lines []string
	for _, b := range bad {
		line, _, _ := strings.Cut(b, ":")
		lines = append(lines, line)
	}
	if d := cmp.Diff([]string{"line 8", "line 9", "line 10", "line 11", "line 12", "line 13"}, lines); d != "" {
		t.Errorf("%s\n%v", d, bad)
	}
}

func TestImportedYearIsKnown(t *testing.T) {
	t.Parallel()
	var days []store.CalendarDay
	for d := account.Date("2027-10-01"); d < "2027-10-08"; d = d.AddDays(1) {
		days = append(days, store.CalendarDay{Day: d})
	}
	c := calendarOf(t, days...)
	if c.Until != "2027-12-31" || c.Works("2027-10-04") {
		t.Errorf("known until %s, the 4th is worked: %v", c.Until, c.Works("2027-10-04"))
	}
}

func TestCalendarIsImportedOnceAndListed(t *testing.T) {
	t.Parallel()
	d := newSettings(t)
	d.must("migrate")
	const table = "date,kind,name\n2027-02-06,work,春节\n2027-02-08,off,春节\n2027-02-09,off,春节\n2027-02-10,off,春节\n" +
		"2027-02-11,off,春节\n2027-02-12,off,春节\n"
	for _, x := range []struct{ name, in, out, err string }{
		{"first", table, `{"days":6,"changed":6,"bad":0,"known_until":"2027-12-31"}`, ""},
		{"again", table, `{"days":6,"changed":0,"bad":0,"known_until":"2027-12-31"}`, ""},
		{"corrected, with a bad line", "2027-02-12 work\nsoon off\n", `{"days":1,"changed":1,"bad":1,"known_until":"2026-12-31"}`, "line 2: want a day"},
	} {
		got := d.commandWith(x.in, "calendar", "import", "-")
		if strings.TrimSpace(got.out) != x.out || !strings.Contains(got.err, x.err) || (got.code == 0) != (x.err == "") {
			t.Errorf("%s: %d\n%s%s", x.name, got.code, got.out, got.err)
		}
	}
	d.write("desk: { calendar_file: days.txt }\n")
	d.put("days.txt", "2027-02-11 work our own\n")
	list := d.must("calendar", "list", "--year", "2027", "--json")
	for _, line := range []string{
		`"day":"2027-02-06","from":"imported","kind":"work","name":"春节","weekday":"Sat"`,
		`"day":"2027-02-11","from":"calendar_file","kind":"work","name":"our own","weekday":"Thu"`,
		`"day":"2027-02-12","from":"imported","kind":"work","name":"","weekday":"Fri"`,
	} {
		if !strings.Contains(list, line) {
			t.Errorf("the list lacks %s:\n%s", line, list)
		}
	}
	if list := d.must("calendar", "list", "--year", "2026"); !strings.Contains(list, "2026-02-14") || !strings.Contains(list, "built-in") {
		t.Errorf("2026 is built in:\n%s", list)
	}
	d.put("days.txt", "2027-02-11 perhaps\n")
	if got := d.command("calendar", "list"); got.code != 1 || !strings.Contains(got.err, "desk.calendar_file, line 1: want a day and work or off") {
		t.Errorf("%d: %s", got.code, got.err)
	}
}

// The watch rings for a desk that runs its jobs from a timer too.
func TestDrainWarnsOfDeadlines(t *testing.T) {
	t.Parallel()
	d := newSettings(t)
	d.must("migrate")
	db, err := store.Open(t.Context(), d.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	long := wallClock().Add(-24 * 30 * time.Hour)
	if err := db.InTx(t.Context(), func(tx tickets.Tx) error {
		return tx.InsertTicket(t.Context(), &tickets.Ticket{
			Status: tickets.Open, Channel: tickets.Email, ReceivedAt: long, FirstResponseDueAt: long, ResolutionDueAt: long, AlertAt: &long,
		})
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.must("work", "--drain")
		if n, err := db.CountAlarms(t.Context()); err != nil || n != 2 {
			t.Errorf("%d alarms ring: %v", n, err)
		}
	}
}
