package demo

import (
	"testing"
	"time"
)

func TestDataToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 31, 14, 5, 6, 7, zone())
	for name, tt := range map[string]struct{ token, want string }{
		"a day":                                  {"day -12", "2027-03-19"},
		"an instant on a day":                    {"at -12 09:30", "2027-03-19T09:30:00+08:00"},
		"an instant before now":                  {"ago 24h", "2027-03-30T14:05:06+08:00"},
		"the start of a period":                  {"month -12 0", "2027-03-19"},
		"the end of a month":                     {"month -12 1", "2027-04-19"},
		"the end of a quarter":                   {"month -12 3", "2027-06-19"},
		"the end of a year":                      {"month -12 12", "2028-03-19"},
		"anchor day 31 in a month of 30":         {"month 0 1", "2027-04-30"},
		"anchor day 31 comes back":               {"month 0 2", "2027-05-31"},
		"anchor day 31 in February":              {"month 0 11", "2028-02-29"},
		"months back over the year":              {"month 0 -4", "2026-11-30"},
		"a boundary as an instant":               {"month 0 1 09:00", "2027-04-30T09:00:00+08:00"},
		"some days before a boundary":            {"month 0 1 -5 10:00", "2027-04-25T10:00:00+08:00"},
		"a day shifted from a boundary, no time": {"month 0 1 2", "2027-05-02"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := dataToken(now, tt.token)
			if err != nil || got != tt.want {
				t.Errorf("{{%s}} = %q, %v; want %q", tt.token, got, err, tt.want)
			}
		})
	}
}

func TestExpandRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 31, 14, 5, 0, 0, zone())
	for _, raw := range []string{
		"{{day -1", "{{}}", "{{day}}", "{{day x}}", "{{day 1 2}}", "{{day 1 09:00}}", "{{at 1}}", "{{at 1 25:00}}",
		"{{at 09:00}}", "{{month 1}}", "{{month 1 2 3 4}}", "{{ago soon}}", "{{week 1}}",
	} {
		got, err := expand([]byte(raw), func(token string) (string, error) { return dataToken(now, token) })
		if err == nil {
			t.Errorf("expand %s = %q, want an error", raw, got)
		}
	}
}

func TestExpandHeaderLeavesTheBodyAlone(t *testing.T) {
	t.Parallel()
	sent := time.Date(2027, 3, 31, 7, 5, 9, 0, zone())
	raw := "Date: {{date}}\r\nX: {{date utc}} {{stamp}}\r\n\r\n{{date}}\r\n\r\n"
	want := "Date: Wed, 31 Mar 2027 07:05:09 +0800\r\nX: Tue, 30 Mar 2027 23:05:09 +0000 20270331070509\r\n\r\n{{date}}\r\n\r\n"
	got, err := expandHeader([]byte(raw), func(token string) (string, error) { return mailToken(sent, token) })
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}
