package account_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/canceldesk/canceldesk/store/account"
)

func TestAddMonthsKeepsTheAnchorDay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		from   account.Date
		months int
		anchor int
		want   account.Date
	}{
		{"the 31st is clamped to the end of February", "2026-01-31", 1, 31, "2026-02-28"},
		{"and comes back in March", "2026-02-28", 1, 31, "2026-03-31"},
		{"and is the 30th in April", "2026-03-31", 1, 31, "2026-04-30"},
		{"in a leap year February has 29 days", "2028-01-31", 1, 31, "2028-02-29"},
		{"the 30th is clamped only in February", "2026-01-30", 1, 30, "2026-02-28"},
		{"a year on from a leap day", "2028-02-29", 12, 29, "2029-02-28"},
		{"four years on it is a leap day again", "2029-02-28", 36, 29, "2032-02-29"},
		{"a quarter across the year's end", "2026-11-30", 3, 30, "2027-02-28"},
		{"a quarter from mid-January", "2026-01-15", 3, 15, "2026-04-15"},
		{"an anchor of 0 is the day itself", "2026-05-31", 1, 0, "2026-06-30"},
		{"no months and another anchor", "2026-02-28", 0, 15, "2026-02-15"},
		{"a month back", "2026-03-31", -1, 31, "2026-02-28"},
		{"a year back from January", "2026-01-31", -12, 31, "2025-01-31"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.from.AddMonths(tt.months, tt.anchor)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPeriodsOfAnAnchorNeverOverlapOrLeaveAGap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		anchor := rapid.IntRange(1, 31).Draw(t, "anchor")
		first := account.Date("2024-01-01").AddMonths(rapid.IntRange(0, 60).Draw(t, "month"), anchor)
		day := first
		for n := 1; n <= 24; n++ {
			next := day.AddMonths(1, anchor)
			if days := day.DaysUntil(next); days < 28 || days > 31 {
				t.Fatalf("%s to %s are %d days", day, next, days)
			}
			if direct := first.AddMonths(n, anchor); next != direct {
				t.Fatalf("step by step %s, at once %s", next, direct)
			}
			day = next
		}
	})
}

func TestDateOfIsTheLocalDay(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 15, 16, 30, 0, 0, time.UTC)
	got := []account.Date{account.DateOf(at, shanghai()), account.DateOf(at, time.UTC)}
	if diff := cmp.Diff([]account.Date{"2026-06-16", "2026-06-15"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
