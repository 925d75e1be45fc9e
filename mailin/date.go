package mailin

import (
	"strconv"
	"strings"
	"time"
)

// parseDate reads the Date header in the forms that mailers write: RFC 5322,
// its obsolete forms, asctime, ISO 8601. A date without a zone is taken as
// UTC and exact is false; the zero time means that it can't be read.
func parseDate(v string) (t time.Time, exact bool) {
	v = oneLine(strings.ToValidUTF8(v, " "))
	if len(v) > 200 {
		return time.Time{}, false
	}
	for {
		i := strings.IndexByte(v, '(')
		if i < 0 {
			break
		}
		n := closingParen(v[i:])
		if n == 0 {
			v = v[:i]
			break
		}
		v = v[:i] + v[i+n+1:]
	}
	for _, colon := range []string{" :", ": "} { // obsolete blanks around the colons of the time
		for strings.Contains(v, colon) {
			v = strings.ReplaceAll(v, colon, ":")
		}
	}
	v = strings.TrimSpace(v)
	if v == "" {
		return time.Time{}, false
	}
	if t, exact := isoDate(v); !t.IsZero() {
		return t, exact
	}
	day, year := 0, 0
	month := time.Month(0)
	clock, zone := "", ""
	fields := strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' })
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		if strings.Count(f, "-") == 2 && month == 0 { // 12-Oct-2017
			parts := strings.Split(f, "-")
			fields = append(fields[:i:i], append(parts, fields[i+1:]...)...)
			f = fields[i]
		}
		switch {
		case f == "":
		case strings.Contains(f, ":") && clock == "":
			clock = f
			if j := strings.IndexAny(f, "+-"); j > 0 {
				clock, zone = f[:j], f[j:]
			}
		case f[0] == '+' || f[0] == '-' && len(f) >= 4:
			zone = f
		case allDigits(f):
			n, _ := strconv.Atoi(f)
			switch {
			case len(f) <= 2 && day == 0:
				day = n
			case len(f) <= 4 && year == 0 && (len(f) > 1):
				year = fullYear(n, len(f))
			case len(f) == 4 && zone == "" && clock != "": // a zone that lost its sign
				zone = "+" + f
			}
		default:
			if m := monthOf(f); m != 0 && month == 0 {
				month = m
			} else if clock != "" && (strings.EqualFold(f, "am") || strings.EqualFold(f, "pm")) {
				clock += f
			} else if clock != "" && zone == "" {
				zone = f
			}
		}
	}
	if day < 1 || day > 31 || month == 0 || year == 0 {
		return time.Time{}, false
	}
	h, m, s, ok := parseClock(clock)
	if !ok {
		return time.Time{}, false
	}
	loc, known := zoneOf(zone)
	t = time.Date(year, month, day, h, m, s, 0, loc)
	if t.Day() != day {
		return time.Time{}, false
	}
	return t, known
}

func isoDate(v string) (time.Time, bool) {
	if len(v) < 10 || v[4] != '-' && v[4] != '/' {
		return time.Time{}, false
	}
	v = strings.ReplaceAll(v[:10], "/", "-") + v[10:]
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, false
		}
	}
	return time.Time{}, false
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) < 9
}

func fullYear(n, digits int) int { // RFC 5322 4.3
	switch {
	case digits == 2 && n < 50:
		return 2000 + n
	case digits <= 3 && n < 1000:
		return 1900 + n
	}
	return n
}

func monthOf(s string) time.Month {
	if len(s) < 3 {
		return 0
	}
	i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(s[:3]))
	if i < 0 || i%3 != 0 {
		return 0
	}
	return time.Month(i/3 + 1)
}

func parseClock(s string) (h, m, sec int, ok bool) {
	if s == "" {
		return 0, 0, 0, true
	}
	s = strings.ToLower(s)
	pm := strings.HasSuffix(s, "pm")
	am := strings.HasSuffix(s, "am")
	s = strings.TrimRight(s, "apm")
	if i := strings.IndexByte(s, '.'); i > 0 {
		s = s[:i]
	}
	parts := strings.Split(s, ":")
	var n [3]int
	if len(parts) > 3 {
		return 0, 0, 0, false
	}
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 {
			return 0, 0, 0, false
		}
		n[i] = v
	}
	if pm && n[0] < 12 {
		n[0] += 12
	} else if am && n[0] == 12 {
		n[0] = 0
	}
	return n[0], n[1], n[2], n[0] < 24 && n[1] < 60 && n[2] <= 60
}

// zoneOf reads "+0800", "+08:00", "GMT+8" or one of the names of RFC 5322 4.3.
func zoneOf(z string) (loc *time.Location, known bool) {
	if z == "" {
		return time.UTC, false
	}
	z = strings.ToUpper(z)
	z = strings.TrimPrefix(strings.TrimPrefix(z, "UTC"), "GMT")
	hours := map[string]int{"": 0, "Z": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2, "MSK": 3, "JST": 9, "KST": 9}
	if h, ok := hours[z]; ok {
		return time.FixedZone("", h*3600), true
	}
	if len(z) < 2 || z[0] != '+' && z[0] != '-' {
		return time.UTC, false
	}
	d := strings.ReplaceAll(z[1:], ":", "")
	if !allDigits(d) || len(d) > 4 {
		return time.UTC, false
	}
	n, _ := strconv.Atoi(d)
	if len(d) <= 2 {
		n *= 100
	}
	off := n/100*3600 + n%100*60
	if n%100 >= 60 || off > 15*3600 {
		return time.UTC, false
	}
	if z[0] == '-' {
		off = -off
	}
	return time.FixedZone("", off), true
}
