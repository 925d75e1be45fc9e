package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// biller sends the debits of a desk that does not call it: once a simulated minute it debits everybody whom
// it may.
type biller struct {
	*crowd
	r             *rand.Rand
	subscriptions []string
	asks          func(i int) bool // whether it asks the desk before it debits that one
	pulls         bool             // whether it fetches stops

	mu      sync.Mutex
	debits  []debit
	stopped map[string]time.Time // what it was told to stop, and has
	rounds  int

	cursor  int64
	applied []application
}

// application is a stop that it has applied and tells of when it is due.
type application struct {
	id  int64
	due time.Time
}

// ownMembers are people with one subscription each in the desk's own store, the first n of whom ask, and
// the subscriptions of all.
func ownMembers(n int) (people []*asker, subscriptions []string, lines []byte) {
	list, lines := members((n+bystanders)*10/9+2, time.Now())
	for _, m := range list {
		if len(m.subscriptions) > 1 || len(subscriptions) == n+bystanders {
			continue // the desk would have to ask which
		}
		if len(people) < n {
			people = append(people, &asker{member: m, txn: "T" + m.subscriptions[0]})
		}
		subscriptions = append(subscriptions, m.subscriptions[0])
	}
	return people, subscriptions, lines
}

// start lets it debit until the test ends.
func (b *biller) start() {
	t := b.api.t
	ctx := t.Context()
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(simulatedMinute)
		defer tick.Stop()
		for {
			if err := b.minute(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("the biller: %v", err)
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(running.Wait)
}

// minute is one round of debits. Whoever asks first counts as debiting when he asks: what the desk says may
// be debited was so then.
func (b *biller) minute(ctx context.Context) error {
	if b.pulls {
		if err := b.pull(ctx); err != nil {
			return err
		}
	}
	for i, s := range b.subscriptions {
		at := time.Now()
		if _, stopped := b.stoppedAt(s); stopped {
			continue
		}
		if b.asks(i) {
			var may struct{ Allowed bool }
			if err := b.try(ctx, http.MethodGet, "/v1/subscriptions/"+s+"/debit", &may); err != nil {
				return err
			}
			if !may.Allowed {
				continue
			}
		}
		b.mu.Lock()
		b.debits = append(b.debits, debit{Subscription: s, At: at})
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rounds++
	return nil
}

// pull fetches stops, now and then a round late, and says what it has applied, now and then seconds late.
func (b *biller) pull(ctx context.Context) error {
	now := time.Now()
	for i := 0; i < len(b.applied); {
		a := b.applied[i]
		if a.due.After(now) {
			i++
			continue
		}
		if err := b.try(ctx, http.MethodPost, fmt.Sprintf("/v1/stops/%d/applied", a.id), nil); err != nil {
			return err
		}
		b.applied = slices.Delete(b.applied, i, i+1)
	}
	for full := b.r.IntN(3) > 0; full; {
		var page struct {
			Items []struct {
				ID             int64
				Kind           string
				SubscriptionID string `json:"subscription_id"`
			}
		}
		if err := b.try(ctx, http.MethodGet, fmt.Sprintf("/v1/stops?limit=50&after=%d", b.cursor), &page); err != nil {
			return err
		}
		for _, o := range page.Items {
			b.cursor = o.ID
			if o.Kind != "stop" {
				return fmt.Errorf("it is told to %s %s", o.Kind, o.SubscriptionID)
			}
			b.mu.Lock()
			b.stopped[o.SubscriptionID] = time.Now()
			b.mu.Unlock()
			late := time.Duration(max(0, b.r.IntN(4000)-2000)) * time.Millisecond
			b.applied = append(b.applied, application{o.ID, time.Now().Add(late)})
		}
		full = len(page.Items) == 50
	}
	return nil
}

func (b *biller) stoppedAt(subscription string) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, ok := b.stopped[subscription]
	return at, ok
}

// minutes is how many rounds are over, and made the debits so far.
func (b *biller) minutes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rounds
}

func (b *biller) made() []debit {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.debits)
}

// try calls the desk, outside the test's own goroutine.
func (b *biller) try(ctx context.Context, method, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, b.base+path, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", path, res.StatusCode)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// holds has everybody ask while the biller debits, waits until every case is solved and some minutes more,
// and judges. confirmed says then since when the biller sends no debits, by subscription.
func (b *biller) holds(confirmed func() map[string]time.Time) {
	t := b.api.t
	t.Helper()
	b.start()
	until(t, childLimit, "everybody is debited", func() bool { return b.minutes() >= 1 })
	mei, began := b.person("mei", phonePassword), time.Now()
	later := b.ask(b.people)
	b.settled(mei, childLimit, func() { later = b.ask(later) })
	t.Logf("%s from the first request to the last case", time.Since(began).Round(time.Millisecond))
	solved, rounds := time.Now(), b.minutes()
	until(t, childLimit, "three simulated minutes pass", func() bool { return b.minutes() > rounds+3 })
	agreements := instants(t, b.open(), "SELECT ref || ' ' || ended_at FROM ledger_agreements WHERE state = 'terminated'")
	stops := confirmed()
	b.verdict(b.made(), func(s string) time.Time { return latest(stops[s], agreements["L"+s]) })
	others(t, b.made(), b.subscriptions[len(b.people):], solved)
}

// instants reads lines of a name and an instant.
func instants(t *testing.T, db *sql.DB, query string) map[string]time.Time {
	t.Helper()
	out := map[string]time.Time{}
	for _, line := range column(t, db, query) {
		name, text, _ := strings.Cut(line, " ")
		at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", text)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		out[name] = at
	}
	return out
}

// TestNobodyIsDebitedAgainByABillerThatAsks: the same with the desk's own record of subscriptions, which
// whoever sends the debits asks before each.
func TestNobodyIsDebitedAgainByABillerThatAsks(t *testing.T) {
	t.Parallel()
	people, subscriptions, lines := ownMembers(requestCount(t))
	c := newCrowd(t, people, "", func(d *testDesk) { d.importMembers(lines) })
	b := &biller{crowd: c, r: c.r, subscriptions: subscriptions, asks: func(int) bool { return true }}
	b.holds(func() map[string]time.Time {
		return instants(t, c.open(), "SELECT subscription_id || ' ' || at FROM biller_calls WHERE kind = 'stop' AND state = 'done'")
	})
}

// TestNobodyIsDebitedAgainByABillerThatPulls: the same with a biller that fetches what to stop, late at
// times, and tells later still that it has. Half of its debits it asks about before; the other half stop
// by what it fetched alone.
func TestNobodyIsDebitedAgainByABillerThatPulls(t *testing.T) {
	t.Parallel()
	people, subscriptions, lines := ownMembers(requestCount(t))
	c := newCrowd(t, people, "billing: { mode: pull, secret: \""+testChatSecret+"\" }\n", func(d *testDesk) { d.importMembers(lines) })
	b := &biller{
		crowd: c, r: rand.New(rand.NewPCG(c.r.Uint64(), 4)), subscriptions: subscriptions, asks: func(i int) bool { return i%2 == 0 },
		pulls: true, stopped: map[string]time.Time{},
	}
	b.holds(func() map[string]time.Time {
		b.mu.Lock()
		defer b.mu.Unlock()
		return maps.Clone(b.stopped)
	})
}
