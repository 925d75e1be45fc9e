package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/channel"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/store/platform/simulator"
	"github.com/canceldesk/canceldesk/tickets"
)

var secret = strings.Repeat("s", 32)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// sim is a simulator with three members behind an HTTP server, and a biller that calls it.
func sim(t *testing.T) (*simulator.Simulator, *platform.Client, *clock) {
	t.Helper()
	k := &clock{at: noon()}
	s, err := simulator.Open(t.Context(), simulator.Config{
		Path: filepath.Join(t.TempDir(), "platform.db"), Secret: secret, Now: k.now, Minute: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		srv.Close()
		_ = s.Close()
	})
	return s, client(t, srv.URL, secret, k.now), k
}

func client(t *testing.T, url, secret string, now func() time.Time) *platform.Client {
	t.Helper()
	c, err := platform.NewClient(url, secret, 500*time.Millisecond, now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// debited tells how often each subscription was debited.
func debited(t *testing.T, s *simulator.Simulator) map[string]int {
	t.Helper()
	list, err := s.Debits(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, d := range list {
		out[d.SubscriptionID]++
	}
	return out
}

func tick(t *testing.T, s *simulator.Simulator, k *clock) {
	t.Helper()
	k.advance(time.Minute)
	if _, err := s.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestBillerOverHTTPStopsDebits(t *testing.T) {
	t.Parallel()
	s, c, k := sim(t)
	b := platform.NewHTTP(c)
	ctx := t.Context()
	until := noon().Add(90 * time.Second)
	for _, step := range []struct {
		name string
		call func() (account.Answer, error)
		want account.AnswerState
	}{
		{"a key nobody used", func() (account.Answer, error) { return b.Query(ctx, "k1", account.Subject{}) }, account.AnswerNone},
		{"stop", func() (account.Answer, error) {
			return b.Stop(ctx, "k1", account.Stop{SubscriptionID: "SIM-S-00001", Mode: account.PeriodEnd, LastDayOfUse: "2026-07-01"})
		}, account.AnswerDone},
		{"stop again", func() (account.Answer, error) {
			return b.Stop(ctx, "k1", account.Stop{SubscriptionID: "SIM-S-00001", Mode: account.PeriodEnd})
		}, account.AnswerDone},
		{"what became of it", func() (account.Answer, error) { return b.Query(ctx, "k1", account.Subject{}) }, account.AnswerDone},
		{"nobody's", func() (account.Answer, error) {
			return b.Stop(ctx, "k2", account.Stop{SubscriptionID: "nobody", Mode: account.Now})
		}, account.AnswerRefused},
		{"hold", func() (account.Answer, error) {
			return b.Hold(ctx, "k3", account.Hold{SubscriptionID: "SIM-S-00002", Until: until})
		}, account.AnswerDone},
	} {
		a, err := step.call()
		if err != nil || a.State != step.want {
			t.Errorf("%s: %+v, %v; want %s", step.name, a, err, step.want)
		}
	}
	tick(t, s, k)
	if diff := cmp.Diff(map[string]int{"SIM-S-00003": 1}, debited(t, s)); diff != "" {
		t.Errorf("one is stopped and one held:\n%s", diff)
	}
	if a, err := b.Release(ctx, "k4", "SIM-S-00002"); err != nil || a.State != account.AnswerDone {
		t.Errorf("release: %+v, %v", a, err)
	}
	tick(t, s, k)
	if diff := cmp.Diff(map[string]int{"SIM-S-00002": 1, "SIM-S-00003": 2}, debited(t, s)); diff != "" {
		t.Errorf("one is stopped:\n%s", diff)
	}
}

func TestPlatformChannelEndsAgreementsAndRefundsOnce(t *testing.T) {
	t.Parallel()
	s, c, k := sim(t)
	ch := channel.NewPlatform(platform.NewHTTP(c))
	ctx, ag, paid := t.Context(), account.Agreement{ID: "SIM-A-00001"}, account.Charge{ID: "SIM-C-00001-0", Currency: "CNY"}
	status := func(a account.Agreement) account.AgreementStatus {
		t.Helper()
		got, err := ch.Agreement(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := status(ag); !got.Known || got.Ended {
		t.Errorf("before: %+v", got)
	}
	if got := status(account.Agreement{ID: "nobody"}); got.Known || got.Ended {
		t.Errorf("of nobody: %+v", got)
	}
	for range 2 {
		if a, err := ch.Terminate(ctx, "e1", ag); err != nil || a.State != account.AnswerDone {
			t.Errorf("terminate: %+v, %v", a, err)
		}
		k.advance(time.Second)
	}
	if got := status(ag); !got.Ended || !got.EndedAt.Equal(noon()) {
		t.Errorf("after: %+v", got)
	}
	tick(t, s, k)
	if n := debited(t, s)["SIM-S-00001"]; n != 0 {
		t.Errorf("debited %d times without an agreement", n)
	}
	var got []account.AnswerState
	for _, r := range []struct {
		key string
		fen int64
	}{{"r1", 1500}, {"r1", 1500}, {"r2", 600}, {"r3", 500}} {
		a, err := ch.Refund(ctx, r.key, paid, r.fen)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.State)
	}
	if diff := cmp.Diff([]account.AnswerState{"done", "done", "refused", "done"}, got); diff != "" {
		t.Errorf("of 2000 fen that were paid:\n%s", diff)
	}
	if _, err := ch.Refund(ctx, "r1", paid, 1); err == nil {
		t.Error("a key was used for another amount")
	}
	if a, err := ch.QueryRefund(ctx, "r3", paid); err != nil || a.State != account.AnswerDone {
		t.Errorf("query: %+v, %v", a, err)
	}
}

func TestTroubleIsNeverAnAnswer(t *testing.T) {
	t.Parallel()
	stop := account.Stop{SubscriptionID: "SIM-S-00001", Mode: account.PeriodEnd}
	for name, c := range map[string]struct {
		fault     simulator.Fault
		effect    account.AnswerState // what became of it
		unreached bool                // and trying again may help
	}{
		"slow": {simulator.Fault{On: "stop", Kind: simulator.Slow, Delay: time.Hour, Times: 1}, account.AnswerDone, true},
		"lost": {simulator.Fault{On: "stop", Kind: simulator.Lost, Times: 1}, account.AnswerDone, true},
		"down": {simulator.Fault{On: "stop", Kind: simulator.Down, Times: 1}, account.AnswerNone, true},
		// A stop is one only with the word on what is in flight.
		"no word on debits in flight": {simulator.Fault{On: "query", Kind: simulator.Down, Times: 1}, account.AnswerDone, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cl, _ := sim(t)
			b := platform.NewHTTP(cl)
			s.SetFaults(c.fault)
			a, err := b.Stop(t.Context(), "k", stop)
			if err == nil || errors.Is(err, tickets.Unavailable) != c.unreached {
				t.Errorf("%+v, %v", a, err)
			}
			if cl.Last() == nil {
				t.Error("nobody is told that the platform can't be reached")
			}
			if a, err := b.Query(t.Context(), "k", account.Subject{}); err != nil || a.State != c.effect {
				t.Errorf("what became of it: %+v, %v; want %s", a, err, c.effect)
			}
			if err := cl.Last(); err != nil {
				t.Errorf("after an answer: %v", err)
			}
		})
	}
}

func TestDebitsInFlightAreNamed(t *testing.T) {
	t.Parallel()
	s, c, k := sim(t)
	s.SetFaults(simulator.Fault{On: "stop", Kind: simulator.InFlight, Times: 1})
	a, err := platform.NewHTTP(c).Stop(t.Context(), "k", account.Stop{SubscriptionID: "SIM-S-00001", Mode: account.PeriodEnd})
	if err != nil || a.State != account.AnswerDone || len(a.InFlight) != 1 || a.InFlight[0].AmountFen != 2000 {
		t.Fatalf("%+v, %v", a, err)
	}
	tick(t, s, k)
	list, err := s.Debits(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		if d.SubscriptionID == "SIM-S-00001" && (d.ChargeID != a.InFlight[0].ChargeID || !d.InFlight) {
			t.Errorf("a debit that nobody named: %+v", d)
		}
	}
}

// TestWhatThePlatformMayNotSay: answers that are none.
func TestWhatThePlatformMayNotSay(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		},
		"created": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"state":"done"}`))
		},
		"no JSON":        func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`<html>done</html>`)) },
		"no state":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) },
		"none to a stop": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"state":"none"}`)) },
		"an endless one": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"state":"done","detail":"` + strings.Repeat("x", 9<<20) + `"}`))
		},
		"nameless debits": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"state":"pending","debits_in_flight":[{"amount_fen":1}]}`))
		},
		"a wrong signature": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(handle)
			t.Cleanup(srv.Close)
			a, err := platform.NewHTTP(client(t, srv.URL, secret, noon)).Stop(t.Context(), "k", account.Stop{SubscriptionID: "s"})
			if err == nil {
				t.Errorf("was taken for %+v", a)
			}
		})
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"state":"refused","detail":"line one\nline two\u0000` + strings.Repeat("字", 500) + `"}`))
	}))
	t.Cleanup(srv.Close)
	a, err := platform.NewHTTP(client(t, srv.URL, secret, noon)).Release(t.Context(), "k", "s")
	if err != nil || strings.ContainsAny(a.Detail, "\n\x00") || len([]rune(a.Detail)) > 200 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestSimulatorBelievesSignedRequestsOnly(t *testing.T) {
	t.Parallel()
	s, _, k := sim(t)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	for name, c := range map[string]*platform.Client{
		"another secret": client(t, srv.URL, strings.Repeat("x", 32), k.now),
		"an old request": client(t, srv.URL, secret, func() time.Time { return noon().Add(-time.Hour) }),
	} {
		if _, err := platform.NewHTTP(c).Query(t.Context(), "k", account.Subject{}); err == nil {
			t.Errorf("%s was believed", name)
		}
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, srv.URL+"/admin/debits", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the debits are shown to anybody: %d", res.StatusCode)
	}
}

// TestQuestionsSayWhatTheyAreAbout: a biller that knows its debits in flight by their subscription finds them
// also where it is asked long after the stop.
func TestQuestionsSayWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o struct {
			Subscription string `json:"subscription_id"`
			Agreement    string `json:"agreement_id"`
			OfKey        string `json:"of_key"`
		}
		_ = json.NewDecoder(r.Body).Decode(&o)
		if r.URL.Path != "/query" || o.OfKey != "k" || o.Subscription != "s" {
			_, _ = w.Write([]byte(`{"state":"done","debits_in_flight":[]}`))
			return
		}
		_, _ = w.Write([]byte(`{"state":"done","detail":"` + o.Agreement + `","debits_in_flight":[{"charge_id":"c9","amount_fen":1900,"due_at":"2026-07-02T00:00:00Z"}]}`))
	}))
	t.Cleanup(srv.Close)
	b := platform.NewHTTP(client(t, srv.URL, secret, noon))
	a, err := b.Query(t.Context(), "k", account.Subject{SubscriptionID: "s"})
	if err != nil || len(a.InFlight) != 1 || a.InFlight[0].ChargeID != "c9" {
		t.Errorf("asked after a stop: %+v, %v", a, err)
	}
	a, err = channel.NewPlatform(b).QueryRefund(t.Context(), "k", account.Charge{ID: "c1", SubscriptionID: "s", AgreementID: "a"})
	if err != nil || a.Detail != "a" {
		t.Errorf("asked after a refund: %+v, %v", a, err)
	}
}

// TestAnAnswerWithoutAgreementStateIsNone: what does not say how an agreement stands is asked again, and never
// taken for "there is no such agreement".
func TestAnAnswerWithoutAgreementStateIsNone(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"state":"none"}`))
	}))
	t.Cleanup(srv.Close)
	c, err := platform.NewClient(srv.URL, secret, time.Second, noon)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := platform.NewHTTP(c).Agreement(t.Context(), account.Agreement{ID: "a1"}); err == nil {
		t.Errorf("it is taken for an answer: %+v", s)
	}
}
