package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// verdict holds what everybody was told against what was debited: truth says since when neither the biller
// nor an agreement could debit a subscription any more, zero where one still can.
func (c *crowd) verdict(debits []debit, truth func(subscription string) time.Time) {
	t := c.api.t
	t.Helper()
	of := map[string][]debit{}
	for _, d := range debits {
		of[d.Subscription] = append(of[d.Subscription], d)
	}
	var worst time.Duration
	named := 0
	for _, a := range c.people {
		sub := a.subscription()
		really := truth(sub)
		if really.IsZero() {
			t.Errorf("%s (%s) can still be debited", sub, a.id)
			continue
		}
		var first time.Time
		for _, x := range c.tellings(a) {
			if x.at.Before(really) {
				t.Errorf("%s was told by %s that it is off %s before it was:\n%s", a.id, x.channel, really.Sub(x.at), x.text)
			}
			if first.IsZero() || x.at.Before(first) {
				first = x.at
			}
		}
		if n := len(of[sub]); n == 0 {
			t.Errorf("%s was never debited, so that nothing is proven of it", sub)
		}
		for _, d := range of[sub] {
			if !d.At.After(first) {
				continue
			}
			if !d.InFlight {
				t.Errorf("%s (%s) was debited %s after it was told that it is off", sub, a.id, d.At.Sub(first))
				continue
			}
			named++
			worst = max(worst, d.At.Sub(first))
			for _, x := range c.tellings(a) {
				if !x.names(d) {
					t.Errorf("the %s to %s does not name the debit %s that was on its way:\n%s", x.channel, a.id, d.Charge, x.text)
				}
			}
		}
	}
	t.Logf("%d debits in all; %d arrived after the answer, which named each (the last %s later)", len(debits), named, worst.Round(time.Millisecond))
	c.sound()
}

// names reports whether what was told says that a debit is still on its way: which one in writing, that there is
// one on the telephone, where the rest comes in writing.
func (x telling) names(d debit) bool {
	return strings.Contains(x.text, d.Charge) || x.channel == tickets.Phone && strings.Contains(x.text, "停止之前已经发出")
}

// sound checks that nothing was given up, left without a result or done twice, and that every case is one.
func (c *crowd) sound() {
	t, db := c.api.t, c.open()
	t.Helper()
	if dead := column(t, db, "SELECT kind || ' ' || error FROM jobs WHERE state = 'dead' OR failures > 0"); len(dead) > 0 {
		t.Errorf("jobs went wrong:\n%s", strings.Join(dead, "\n"))
	}
	if n := count(t, db, "SELECT COUNT(*) FROM effects WHERE state NOT IN ('done', 'refused')"); n != 0 {
		t.Errorf("%d effects have no result", n)
	}
	if n := count(t, db, "SELECT COUNT(*) FROM tickets"); n != len(c.people) {
		t.Errorf("%d cases of %d requests:\n%s", n, len(c.people), strings.Join(column(t, db,
			"SELECT channel || ' ' || status || ' ' || reason || ' ' || COUNT(*) FROM tickets GROUP BY channel, status, reason"), "\n"))
	}
	// Nobody asked for money. What comes back is a debit that its stop came too late for, as the answer promised, once.
	for _, wrong := range column(t, db, "SELECT id || ' ' || reason || ' ' || state FROM refunds WHERE state <> 'rejected' AND reason NOT IN ('on_its_way', 'charged_after_stop')") {
		t.Errorf("a refund that nobody asked for: %s", wrong)
	}
	for _, again := range column(t, db, "SELECT charge_id FROM refunds WHERE state <> 'rejected' GROUP BY charge_id HAVING COUNT(*) > 1") {
		t.Errorf("the debit %s is returned twice", again)
	}
	twice := column(t, db, "SELECT recipient FROM outgoing WHERE tell = 'cancel_outcome' AND channel = 'email' GROUP BY recipient HAVING COUNT(*) > 1")
	if len(twice) > 0 {
		t.Errorf("told twice: %v", twice)
	}
}

// others checks that whoever asked for nothing is debited to the end, without which the rest proves nothing.
func others(t *testing.T, debits []debit, subscriptions []string, since time.Time) {
	t.Helper()
	for _, s := range subscriptions {
		if !slices.ContainsFunc(debits, func(d debit) bool { return d.Subscription == s && d.At.After(since) }) {
			t.Errorf("%s, whose owner asked for nothing, is not debited any more", s)
		}
	}
}

// latest is the later of two instants, zero where one of them is not known.
func latest(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return time.Time{}
	}
	if a.After(b) {
		return a
	}
	return b
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d: %v", res.Request.URL.Path, res.StatusCode, err)
	}
	return string(b)
}
