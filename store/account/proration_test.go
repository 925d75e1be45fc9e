package account_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/canceldesk/canceldesk/store/account"
)

// shanghai is UTC+8 without daylight saving time since 1991, so that no zone database is needed.
func shanghai() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// TestProrateTable goes through testdata/proration.tsv. Its D rows are the project's own vectors; the
// art rows follow 法释〔2025〕4号, the killbill and lago rows figures those systems' tests expect, with
// the day moved where they count the day of cancelling the other way round.
func TestProrateTable(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/proration.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(rows) < 50 {
		t.Fatalf("%d lines in the table, want 50 or more", len(rows))
	}
	for _, row := range rows[1:] {
		f := strings.Split(row, "\t")
		if len(f) != 12 {
			t.Fatalf("row %q has %d fields, want 12", row, len(f))
		}
		t.Run(f[0]+"/"+f[7], func(t *testing.T) {
			t.Parallel()
			requested, err := time.Parse(time.RFC3339, f[4])
			if err != nil {
				t.Fatal(err)
			}
			got, err := account.Prorate(account.Proration{
				PaidFen: number(t, f[1]), RefundedFen: number(t, f[5]), ConsumedFen: number(t, f[6]),
				Start: account.Date(f[2]), End: account.Date(f[3]),
				Cancel: account.DateOf(requested, shanghai()), Policy: account.Policy(f[7]),
			})
			if err != nil {
				t.Fatal(err)
			}
			got.ProratedFen = 0 // the table says what comes back and whether the cap bit
			want := account.Prorated{
				Days: int(number(t, f[8])), UnusedDays: int(number(t, f[9])),
				RefundFen: number(t, f[10]), Capped: f[11] == "yes",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestProrateRefuses(t *testing.T) {
	t.Parallel()
	good := account.Proration{
		PaidFen: 3000, Start: "2026-06-01", End: "2026-07-01", Cancel: "2026-06-15", Policy: account.PolicyA,
	}
	for name, spoil := range map[string]func(*account.Proration){
		"a period without a day":   func(p *account.Proration) { p.End = p.Start },
		"a reversed period":        func(p *account.Proration) { p.Start, p.End = p.End, p.Start },
		"no period at all":         func(p *account.Proration) { p.Start, p.End = "", "" },
		"a day that is none":       func(p *account.Proration) { p.Cancel = "2026-02-30" },
		"a negative payment":       func(p *account.Proration) { p.PaidFen = -1 },
		"a negative refund":        func(p *account.Proration) { p.RefundedFen = -1 },
		"a negative consumption":   func(p *account.Proration) { p.ConsumedFen = -1 },
		"a policy it doesn't know": func(p *account.Proration) { p.Policy = "C" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good
			spoil(&p)
			if got, err := account.Prorate(p); err == nil {
				t.Errorf("got %+v, want an error", got)
			}
		})
	}
}

// anyProration draws periods of a month, a quarter, a year or any number of days, around month ends
// and leap days, with a request from before the period to after it.
func anyProration(t *rapid.T) account.Proration {
	start := account.Date("2023-01-01").AddDays(rapid.IntRange(0, 3000).Draw(t, "start"))
	end := start.AddDays(rapid.IntRange(1, 800).Draw(t, "days"))
	if months := rapid.SampledFrom([]int{0, 1, 3, 12}).Draw(t, "months"); months > 0 {
		end = start.AddMonths(months, rapid.IntRange(0, 31).Draw(t, "anchor"))
	}
	if end <= start {
		end = start.AddDays(1)
	}
	fen := rapid.OneOf(rapid.Int64Range(0, 5000), rapid.Int64Min(0))
	return account.Proration{
		PaidFen: fen.Draw(t, "paid"), RefundedFen: fen.Draw(t, "refunded"), ConsumedFen: fen.Draw(t, "consumed"),
		Start: start, End: end,
		Cancel: start.AddDays(rapid.IntRange(-40, 900).Draw(t, "cancel")),
		Policy: rapid.SampledFrom([]account.Policy{account.PolicyA, account.PolicyB}).Draw(t, "policy"),
	}
}

func TestProrateHoldsForAnyPeriod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyProration(t)
		got := prorate(t, p)
		left := max(0, max(0, p.PaidFen-p.RefundedFen)-p.ConsumedFen)
		if got.RefundFen < 0 || got.RefundFen > left {
			t.Fatalf("%+v: refund %d, want 0 to %d", p, got.RefundFen, left)
		}
		if got.Capped != (left < got.ProratedFen) || got.RefundFen != min(left, got.ProratedFen) {
			t.Fatalf("%+v: %+v does not agree with %d left", p, got, left)
		}
		if got.UnusedDays < 0 || got.UnusedDays > got.Days {
			t.Fatalf("%+v: %d of %d days unused", p, got.UnusedDays, got.Days)
		}
		later := p
		later.Cancel = p.Cancel.AddDays(rapid.IntRange(1, 400).Draw(t, "later"))
		if l := prorate(t, later); l.RefundFen > got.RefundFen || l.ProratedFen > got.ProratedFen {
			t.Fatalf("%+v: %s pays %+v, more than %+v", p, later.Cancel, l, got)
		}
		a, b := p, p
		a.Policy, b.Policy = account.PolicyA, account.PolicyB
		if ra, rb := prorate(t, a), prorate(t, b); ra.RefundFen < rb.RefundFen || ra.ProratedFen < rb.ProratedFen {
			t.Fatalf("%+v: policy A pays %+v, less than B with %+v", p, ra, rb)
		}
		before := p
		before.Cancel, before.RefundedFen, before.ConsumedFen = p.Start.AddDays(-1), 0, 0
		if r := prorate(t, before); r.RefundFen != p.PaidFen {
			t.Fatalf("%+v: cancelled before the period %d comes back", p, r.RefundFen)
		}
	})
}

func prorate(t *rapid.T, p account.Proration) account.Prorated {
	t.Helper()
	got, err := account.Prorate(p)
	if err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	return got
}
