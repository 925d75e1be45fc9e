package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/6tail/lunar-go/HolidayUtil"
	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// deskCalendar is the desk's business time: its hours with China's holidays and worked weekend days
// (调休) as far as this version knows them, changed by the days that were imported and those by the
// lines of a file, where one is named.
func deskCalendar(d config.Desk, zone *time.Location, imported []store.CalendarDay) (tickets.Calendar, error) {
	hours, err := tickets.ParseHours(d.Hours)
	if err != nil {
		return tickets.Calendar{}, fmt.Errorf("desk.hours: %w", err)
	}
	c := tickets.Calendar{Zone: zone, Hours: hours, Days: map[account.Date]bool{}}
	for _, day := range slices.Concat(builtInDays(), imported) {
		c.Days[day.Day] = day.Works
	}
	listed, err := readCalendarFile(d.CalendarFile)
	if err != nil {
		return c, err
	}
	for _, day := range listed {
		c.Days[day.Day] = day.Works
	}
	c.Until = tickets.Known(c.Days)
	return c, nil
}

// builtInDays are China's holidays and worked weekend days that this version knows, in their order.
func builtInDays() []store.CalendarDay {
	var days []store.CalendarDay
	for year := 2020; year <= 2100; year++ {
		list := HolidayUtil.GetHolidaysByYear(year)
		for e := list.Front(); e != nil; e = e.Next() {
			h, ok := e.Value.(*HolidayUtil.Holiday)
			if !ok {
				continue
			}
			if d, err := account.ParseDate(h.GetDay()); err == nil {
				days = append(days, store.CalendarDay{Day: d, Works: h.IsWork(), Name: h.GetName()})
			}
		}
	}
	return days
}

// readCalendarFile reads desk.calendar_file; none without a path. Any bad line is an error, because a
// program must not run by half of its settings.
func readCalendarFile(path string) ([]store.CalendarDay, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("desk.calendar_file: %w", err)
	}
	days, bad, err := readDays(bytes.NewReader(raw))
	switch {
	case err != nil:
		return nil, fmt.Errorf("desk.calendar_file: %w", err)
	case len(bad) > 0:
		return nil, fmt.Errorf("desk.calendar_file, %s", bad[0])
	}
	return days, nil
}

// readDays reads days, one a line: `2027-02-06 work`, `2027-02-08 off 春节`, or the same with commas and
// with or without a line of headings. A # begins a comment. Each bad line is told by its number.
func readDays(in io.Reader) (days []store.CalendarDay, bad []string, err error) {
	lines, number, seen := bufio.NewScanner(in), 0, map[account.Date]int{}
	for lines.Scan() {
		number++
		line, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\uFEFF"), "#")
		fields := strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '"' })
		if len(fields) == 0 || number == 1 && strings.EqualFold(fields[0], "date") {
			continue
		}
		day, ok := readDay(fields)
		before, twice := seen[day.Day]
		switch {
		case !ok:
			bad = append(bad, fmt.Sprintf("line %d: want a day and work or off, such as `2027-02-06 work`", number))
		case twice && days[before].Works != day.Works:
			bad = append(bad, fmt.Sprintf("line %d: %s stands there twice, as work and as off", number, day.Day))
		case !twice:
			seen[day.Day] = len(days)
			days = append(days, day)
		}
	}
	return days, bad, lines.Err()
}

// maxDayName bounds the name of a festival.
const maxDayName = 60

// readDay reads one line's words: the day, what it is, and its name, if it has one.
func readDay(fields []string) (store.CalendarDay, bool) {
	d, err := account.ParseDate(fields[0])
	if err != nil || len(fields) < 2 || d < "2000-01-01" || d >= "2101-01-01" {
		return store.CalendarDay{}, false
	}
	day := store.CalendarDay{Day: d}
	switch strings.ToLower(fields[1]) {
	case "work", "班", "上班", "补班":
		day.Works = true
	case "off", "休", "放假", "休假":
	default:
		return store.CalendarDay{}, false
	}
	if name := []rune(strings.Join(fields[2:], " ")); len(name) > 0 {
		day.Name = string(name[:min(len(name), maxDayName)])
	}
	return day, true
}

// calendarCommand keeps the table of holidays.
func (c *commands) calendarCommand() *cobra.Command {
	return group("calendar", "The days that the desk works", c.importCalendarCommand(), c.listCalendarCommand())
}

func (c *commands) importCalendarCommand() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Take in holidays and worked weekend days, one a line (- for standard input)", Args: cobra.ExactArgs(1),
		Long: "Take in holidays and worked weekend days (调休), one a line: `2027-02-06 work`, `2027-02-08 off 春节`, or CSV with\n" +
			"the same columns. A day that is known already is changed; taking the same file in again changes nothing. A bad line\n" +
			"is told by its number and the rest goes in. Programs that run use the new days once they are started again;\n" +
			"deadlines that were told to customers stay as they were told.",
		RunE: func(cmd *cobra.Command, args []string) error {
			begin(cmd)
			in := io.NopCloser(cmd.InOrStdin())
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("read calendar: %w", err)
				}
				in = f
			}
			defer in.Close()
			days, bad, err := readDays(in)
			if err != nil {
				return fmt.Errorf("read calendar: %w", err)
			}
			for _, b := range bad {
				fmt.Fprintln(cmd.ErrOrStderr(), b)
			}
			return c.withApp(cmd, func(a *app) error {
				changed, err := a.db.PutCalendarDays(cmd.Context(), days, a.now())
				if err != nil {
					return err
				}
				imported, err := a.db.CalendarDays(cmd.Context())
				if err != nil {
					return err
				}
				calendar, err := deskCalendar(a.config.Desk, a.desk.Settings().Zone, imported)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), `{"days":%d,"changed":%d,"bad":%d,"known_until":%q}`+"\n", len(days), changed, len(bad), calendar.Until)
				if len(bad) > 0 {
					return fmt.Errorf("%d lines were not taken in", len(bad))
				}
				return nil
			})
		},
	}
}

func (c *commands) listCalendarCommand() *cobra.Command {
	var year int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the days that are not as their weekday says, with where that is from", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				if year == 0 {
					year = a.now().In(a.desk.Settings().Zone).Year()
				}
				imported, err := a.db.CalendarDays(cmd.Context())
				if err != nil {
					return err
				}
				listed, err := readCalendarFile(a.config.Desk.CalendarFile)
				if err != nil {
					return err
				}
				type told struct {
					store.CalendarDay
					from string
				}
				table := map[account.Date]told{}
				for _, source := range []struct {
					from string
					days []store.CalendarDay
				}{{"built-in", builtInDays()}, {"imported", imported}, {"calendar_file", listed}} {
					for _, d := range source.days {
						if strings.HasPrefix(string(d.Day), fmt.Sprintf("%04d-", year)) {
							table[d.Day] = told{d, source.from}
						}
					}
				}
				days := make([]account.Date, 0, len(table))
				for d := range table {
					days = append(days, d)
				}
				slices.Sort(days)
				for _, d := range days {
					kind := "off"
					if table[d].Works {
						kind = "work"
					}
					row := map[string]any{
						"day": d, "kind": kind, "weekday": d.In(time.UTC).Weekday().String()[:3], "name": table[d].Name, "from": table[d].from,
					}
					if err := printRow(cmd.OutOrStdout(), asJSON, row, "day", "kind", "weekday", "from", "name"); err != nil {
						return err
					}
				}
				if len(days) == 0 {
					fmt.Fprintf(cmd.ErrOrStderr(), "Nothing is known of %d: Monday to Friday count as worked, or what desk.hours says.\n", year)
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&year, "year", 0, "which year; this one where none is given")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}
