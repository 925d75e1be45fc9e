package tickets_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

// noon is the instant the tests of this package happen at: a Wednesday, in UTC.
var noon = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)

func TestStatusTable(t *testing.T) {
	t.Parallel()
	may := map[tickets.Status]string{
		tickets.New: "new open pending on_hold solved closed", tickets.Open: "open pending on_hold solved closed",
		tickets.Pending: "open pending on_hold solved closed", tickets.OnHold: "open pending on_hold solved closed",
		tickets.Solved: "open solved closed", tickets.Closed: "closed",
	}
	for _, from := range tickets.Statuses() {
		got := ""
		for _, to := range tickets.Statuses() {
			x := tickets.Ticket{Status: from, Reason: "before"}
			err := x.SetStatus(to, "because", noon)
			switch {
			case err == nil && (x.Status != to || x.Reason != "because"):
				t.Errorf("%s to %s left %s, %s", from, to, x.Status, x.Reason)
			case err == nil && got == "":
				got = string(to)
			case err == nil:
				got += " " + string(to)
			case !errors.Is(err, tickets.Conflict), x.Status != from, x.Reason != "before":
				t.Errorf("%s to %s: %v, and it is %s, %s", from, to, err, x.Status, x.Reason)
			}
		}
		if got != may[from] {
			t.Errorf("%s may become %s, want %s", from, got, may[from])
		}
	}
}

func TestStatusStamps(t *testing.T) {
	t.Parallel()
	x := tickets.Ticket{Status: tickets.Open}
	for _, step := range []struct {
		to             tickets.Status
		solved, closed bool
	}{
		{tickets.Solved, true, false},
		{tickets.Open, false, false},
		{tickets.Solved, true, false},
		{tickets.Closed, true, true},
	} {
		if err := x.SetStatus(step.to, "", noon); err != nil {
			t.Fatal(err)
		}
		if (x.SolvedAt != nil) != step.solved || (x.ClosedAt != nil) != step.closed {
			t.Errorf("%s: solved at %v, closed at %v", step.to, x.SolvedAt, x.ClosedAt)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"CD-000123": 123, "\tcd-000123\n": 123, "CD-1234567": 1234567, "CD-123": 0, "CD-00000x": 0, "000123": 0, "CD-000000": 0,
		"CD--00001": 0, "": 0, "CD-99999999999999999999": 0,
	} {
		got, err := tickets.ParseNumber(in)
		if got != want && want != 0 || (err == nil) != (want != 0) || err != nil && !errors.Is(err, tickets.NotFound) {
			t.Errorf("%q is %d, %v", in, got, err)
		}
	}
	if d := cmp.Diff("CD-000123", tickets.Number(123)); d != "" {
		t.Error(d)
	}
}

func TestLocaleOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"请关闭自动续费": "zh-CN", "Please stop VIP 会员": "zh-CN", "Stop it": "en", "TD": "fallback", "123 ?!": "fallback", "": "fallback", "arrêtez": "en",
	} {
		if got := tickets.LocaleOf(text, "fallback"); got != want {
			t.Errorf("%q is answered in %s, want %s", text, got, want)
		}
	}
}
