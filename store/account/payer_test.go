package account_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// TestKnowsPayer: what is invented is never vouched for by what is invented with it.
func TestKnowsPayer(t *testing.T) {
	t.Parallel()
	at := local(6, 10, 12)
	for name, tt := range map[string]struct {
		payer, agreement string
		earlier          bool // an owed charge of that payer
		want             bool
	}{
		"of an agreement":             {payer: "p1", want: true},
		"of an earlier charge":        {payer: "mother", earlier: true},
		"a stranger":                  {payer: "x"},
		"none named, by agreement":    {agreement: "a1", want: true},
		"none named, by nothing":      {},
		"none named, by a stranger's": {agreement: "a9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := member()
			s.Agreements = []account.Agreement{{ID: "a1", Payer: "p1"}}
			s.Subscriptions[0].StoppedAt, s.Subscriptions[0].AccessUntil = &at, "2026-06-30"
			for _, id := range []string{"c-x", "c-y"} {
				c := charge(id, 19900, "2026-07-01", "2026-08-01")
				c.Payer, c.AgreementID, c.ChargedAt = tt.payer, tt.agreement, at.Add(time.Hour)
				s.Charges = append(s.Charges, c)
			}
			if tt.earlier {
				s.Charges[0].Payer = tt.payer
			}
			if got := s.KnowsPayer("c-y"); got != tt.want {
				t.Errorf("%t, want %t", got, tt.want)
			}
		})
	}
}
