package tickets_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestParseHours(t *testing.T) {
	t.Parallel()
	hm := func(h, m int) time.Duration { return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute }
	day := []tickets.Interval{{From: hm(9, 0), To: hm(18, 0)}}
	split := []tickets.Interval{{From: hm(9, 0), To: hm(12, 0)}, {From: hm(13, 30), To: hm(18, 0)}}
	short := []tickets.Interval{{From: hm(10, 0), To: hm(16, 0)}}
	all := []tickets.Interval{{From: 0, To: hm(24, 0)}}
	for in, want := range map[string]tickets.Hours{
		"09:00-18:00":                                      {nil, day, day, day, day, day, nil},
		" 13:30 - 18:00 , 9:00-12:00 ":                     {nil, split, split, split, split, split, nil},
		"mon-fri 09:00-18:00; sat 10:00-16:00":             {nil, day, day, day, day, day, short},
		"Sat-Sun 10:00-16:00; Tue 09:00-18:00":             {short, nil, day, nil, nil, nil, short},
		"sun-sat 00:00-24:00":                              {all, all, all, all, all, all, all},
		"mon-thu 09:00-12:00,13:30-18:00; fri 09:00-18:00": {nil, split, split, split, split, day, nil},
	} {
		got, err := tickets.ParseHours(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", in, d)
		}
	}
	for _, in := range []string{
		"", "9-18", "18:00-09:00", "09:00-09:00", "09:00-12:00,11:00-18:00", "22:00-06:00", "09:00-25:00", "09:60-10:00", "09:0-10:00",
		"mon 09:00-18:00; mon-fri 09:00-18:00", "monday 09:00-18:00", "mon-fri", "09:00-18:00;", "-1:00-09:00", "09:00-24:01",
	} {
		if _, err := tickets.ParseHours(in); !errors.Is(err, tickets.Invalid) {
			t.Errorf("%q was taken: %v", in, err)
		}
	}
}
