package account

import (
	"fmt"
	"time"
)

// Date is a calendar day as YYYY-MM-DD, or "" for none. Dates compare as strings.
type Date string

const dateLayout = "2006-01-02"

// ParseDate reads YYYY-MM-DD and refuses everything else, days that do not exist included.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(dateLayout, s); err != nil {
		return "", fmt.Errorf("date %q: want YYYY-MM-DD", s)
	}
	return Date(s), nil
}

// DateOf is the local day of an instant. The zone is the desk's (Asia/Shanghai by default): a
// request of 16:30 UTC belongs to the next day there.
func DateOf(t time.Time, zone *time.Location) Date { return Date(t.In(zone).Format(dateLayout)) }

// In returns the first instant of the day in the zone; the zero time for no date.
func (d Date) In(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(dateLayout, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// AddDays moves n days on, or back where n is negative.
func (d Date) AddDays(n int) Date { return Date(d.In(time.UTC).AddDate(0, 0, n).Format(dateLayout)) }

// DaysUntil counts the days from d to e, negative where e is earlier.
func (d Date) DaysUntil(e Date) int {
	return int(e.In(time.UTC).Sub(d.In(time.UTC)) / (24 * time.Hour))
}

// AddMonths is the period boundary n months after d for a subscription that renews on the anchor day
// of the month: the anchor clamped to the month's length, so 31 January is followed by 28 February
// and that by 31 March. An anchor of 0 is d's own day.
func (d Date) AddMonths(n, anchor int) Date {
	t := d.In(time.UTC)
	if anchor == 0 {
		anchor = t.Day()
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date(first.AddDate(0, 0, min(anchor, last)-1).Format(dateLayout))
}
