package tickets

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Interval is a part of a day, from one time of day up to another, both since local midnight.
type Interval struct{ From, To time.Duration }

// Hours are the hours worked on each day of the week (by time.Weekday), in order and apart from one
// another. A day without any is not worked, unless the calendar's table says that it is.
type Hours [7][]Interval

// Weekdays are the same hours from Monday to Friday.
func Weekdays(in ...Interval) Hours {
	var h Hours
	for d := time.Monday; d <= time.Friday; d++ {
		h[d] = in
	}
	return h
}

// ParseHours reads business hours as people write them: `09:00-18:00`, several parts of a day as in
// `09:00-12:00,13:30-18:00`, and days that differ as in `mon-fri 09:00-18:00; sat 10:00-16:00`. Without
// days Monday to Friday are meant; with days those that are not named are not worked. Invalid says what
// can't be read.
func ParseHours(s string) (Hours, error) {
	var h Hours
	for part := range strings.SplitSeq(s, ";") {
		words := strings.Fields(strings.ToLower(part))
		days, times := "mon-fri", strings.Join(words, "")
		if len(words) > 1 && !strings.ContainsAny(words[0], "0123456789") {
			days, times = words[0], strings.Join(words[1:], "")
		}
		from, to, err := parseDays(days)
		if err != nil {
			return h, err
		}
		in, err := parseIntervals(times)
		if err != nil {
			return h, err
		}
		for d := from; ; d = (d + 1) % 7 {
			if h[d] != nil {
				return h, badHours("%s has hours twice", d)
			}
			h[d] = in
			if d == to {
				break
			}
		}
	}
	return h, nil
}

func badHours(format string, args ...any) error {
	return &Error{Kind: Invalid, Msg: "Business hours: " + fmt.Sprintf(format, args...) + "."}
}

// parseDays reads `sat` or `mon-fri`.
func parseDays(s string) (from, to time.Weekday, err error) {
	first, last, ranged := strings.Cut(s, "-")
	if !ranged {
		last = first
	}
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	a, b := slices.Index(names, first), slices.Index(names, last)
	if a < 0 || b < 0 {
		return 0, 0, badHours("%q names no day; write mon-fri or sat", s)
	}
	return time.Weekday(a), time.Weekday(b), nil
}

// parseIntervals reads `09:00-12:00,13:30-18:00`.
func parseIntervals(s string) ([]Interval, error) {
	var out []Interval
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(part, "-")
		a, okA := timeOfDay(from)
		b, okB := timeOfDay(to)
		if !ok || !okA || !okB || a >= b {
			return nil, badHours("%q is no part of a day; write 09:00-18:00, and hours over midnight as two parts", part)
		}
		out = append(out, Interval{From: a, To: b})
	}
	slices.SortFunc(out, func(x, y Interval) int { return cmp.Compare(x.From, y.From) })
	for i := 1; i < len(out); i++ {
		if out[i].From < out[i-1].To {
			return nil, badHours("parts of a day overlap in %q", s)
		}
	}
	return out, nil
}

// timeOfDay reads 09:00, up to 24:00.
func timeOfDay(s string) (time.Duration, bool) {
	hours, minutes, ok := strings.Cut(s, ":")
	h, errH := strconv.Atoi(hours)
	m, errM := strconv.Atoi(minutes)
	d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return d, ok && errH == nil && errM == nil && h >= 0 && m >= 0 && m < 60 && len(minutes) == 2 && d <= 24*time.Hour
}
