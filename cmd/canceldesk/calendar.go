package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// Business hours of a working day.
const (
	opens  = 9 * time.Hour
	closes = 18 * time.Hour
)

// readCalendar is the desk's business time: Monday to Friday with China's holidays and worked weekend
// days (调休) as far as they are known, changed by the lines of a file where one is named. Each line is
// a day and what it is: `2027-02-06 work` or `2027-02-08 off`.
func readCalendar(path string, zone *time.Location) (tickets.Calendar, error) {
	c := tickets.Calendar{Zone: zone, Open: opens, Close: closes, Days: map[account.Date]bool{}}
	for year := 2020; year <= 2100; year++ {
		list := HolidayUtil.GetHolidaysByYear(year)
		for e := list.Front(); e != nil; e = e.Next() {
			h, ok := e.Value.(*HolidayUtil.Holiday)
			if !ok {
				continue
			}
			if d, err := account.ParseDate(h.GetDay()); err == nil {
				c.Days[d] = h.IsWork()
			}
		}
	}
	if path == "" {
		return c, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("desk.calendar_file: %w", err)
	}
	for i, line := range strings.Split(string(raw), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		d, err := account.ParseDate(fields[0])
		if err != nil || len(fields) != 2 || (fields[1] != "work" && fields[1] != "off") {
			return c, fmt.Errorf("desk.calendar_file, line %d: want a day and work or off, such as `2027-02-06 work`", i+1)
		}
		c.Days[d] = fields[1] == "work"
	}
	return c, nil
}
