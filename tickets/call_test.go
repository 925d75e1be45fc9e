package tickets_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestNumberOf(t *testing.T) {
	t.Parallel()
	for caller, want := range map[string]string{
		"+86 138 0000 1234": "13800001234", "sip:13800001234@10.0.0.1": "13800001234", "tel:+8613800001234": "13800001234",
		"010-12345678": "01012345678", "anonymous": "", "": "", "sip:mei@pbx": "", "12": "", strings.Repeat("1", 40): "",
	} {
		if got := tickets.NumberOf(caller); got != want {
			t.Errorf("%q is %q, want %q", caller, got, want)
		}
	}
}

func TestAgreed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lists [][]string
		want  []string
	}{
		"nothing points anywhere": {[][]string{nil, {}}, nil},
		"one":                     {[][]string{{"u1"}, nil}, []string{"u1"}},
		"two on one phone":        {[][]string{{"u2", "u1"}}, []string{"u1", "u2"}},
		"an order picks one":      {[][]string{{"u1", "u2"}, {"u2"}}, []string{"u2"}},
		"a contradiction":         {[][]string{{"u1"}, {"u2"}}, []string{"u1", "u2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, tickets.Agreed(c.lists)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLateWordsOfACall is what a report does to a case that is over.
func TestLateWordsOfACall(t *testing.T) {
	t.Parallel()
	report := func(b *bundle, change func(*tickets.CallReport)) tickets.Ticket {
		b.t.Helper()
		r := tickets.CallReport{ID: "c1", StartedAt: b.now, Summary: "客户要求关闭自动续费。"}
		change(&r)
		got, _, err := b.desk.Call(b.ctx, "key:1", r)
		must(b.t, err)
		return got
	}
	solved := func(t *testing.T) *bundle {
		b := setup(t)
		report(b, func(*tickets.CallReport) {})
		c := b.ticket(1)
		must(t, c.SetStatus(tickets.Solved, "cancelled", b.now))
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &c) }))
		return b
	}
	t.Run("a transcript of what was asked is no second request", func(t *testing.T) {
		t.Parallel()
		b := solved(t)
		report(b, func(r *tickets.CallReport) {
			r.Transcript = "客户：我要关闭自动续费。坐席：好的，已为您关闭自动续费。"
		})
		b.is(1, "solved/cancelled")
	})
	t.Run("one that asks for more is", func(t *testing.T) {
		t.Parallel()
		b := solved(t)
		report(b, func(r *tickets.CallReport) {
			r.Summary = "客户要求关闭自动续费，并要求取消会员并退款。"
		})
		b.is(1, "open/asked_again")
	})
	t.Run("another start is another call", func(t *testing.T) {
		t.Parallel()
		b := solved(t)
		_, _, err := b.desk.Call(b.ctx, "key:1", tickets.CallReport{ID: "c1", StartedAt: b.now.Add(-time.Hour)})
		if !errors.Is(err, tickets.Conflict) {
			t.Errorf("%v, want a conflict", err)
		}
	})
}
