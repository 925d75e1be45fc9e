package web_test

import (
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestRequestSentAgainIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.member(t)
	id := h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.AccountNo, tk.SubscriptionIDs = "A-1001", []string{"S-1"}
	})
	h.rings(t, id, tickets.MethodPaymentFact)
	p, at := h.program(t, "tickets:write"), "/v1/tickets/"+tickets.Number(id)+"/withdraw"
	const body = `{"reason":"他改主意了"}`
	send := func(by caller, key, body string) answer {
		return h.json(t, "POST", at, body, "Authorization", "Bearer "+by.token, "Idempotency-Key", key)
	}
	first, second := send(p, "k-1", body), send(p, "k-1", body)
	if first.status != 200 || second.status != 200 || first.body != second.body || first.header.Get("ETag") != second.header.Get("ETag") ||
		second.header.Get("Content-Type") != first.header.Get("Content-Type") || second.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %d %s %v\nsecond %d %s %v", first.status, first.body, first.header, second.status, second.body, second.header)
	}
	if got := send(p, "k-1", `{"reason":"another"}`); got.status != 422 {
		t.Errorf("another body: %d", got.status)
	}
	if got := send(p, "k-2", body); got.status != 409 { // a new request: it is withdrawn already
		t.Errorf("another key: %d", got.status)
	} else if again := send(p, "k-2", body); again.status != 409 || again.body != got.body || again.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the problem again: %d %s", again.status, again.body)
	}
	if got := send(h.person(t, "agent"), "k-1", body); got.status != 409 {
		t.Errorf("another caller: %d", got.status)
	}
	if got := send(p, "k-\u00e4", body); got.status != 422 {
		t.Errorf("odd key: %d", got.status)
	}
	h.clock.advance(agents.AnswerLife + time.Second)
	if got := send(p, "k-1", body); got.status != 409 {
		t.Errorf("after a day: %d", got.status)
	}
}

// TestSameRequestAtOnceRunsOnce: of twenty at once one runs, and the others get its answer or are told
// to come again.
func TestSameRequestAtOnceRunsOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	id := h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.AccountNo, tk.SubscriptionIDs = "A-1001", []string{"S-1"}
	})
	h.rings(t, id, tickets.MethodPaymentFact)
	p := h.program(t, "tickets:write")
	var mu sync.Mutex
	bodies := map[string]bool{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			got := h.json(t, "POST", "/v1/tickets/"+tickets.Number(id)+"/withdraw", `{"reason":"x"}`, "Authorization", "Bearer "+p.token, "Idempotency-Key", "same")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case got.status == 200:
				bodies[got.body] = true
			case got.status != 409 || got.header.Get("Retry-After") == "":
				t.Errorf("%d\n%s", got.status, got.body)
			}
		})
	}
	all.Wait()
	if len(bodies) != 1 {
		t.Errorf("answers %v", maps.Keys(bodies))
	}
}

func TestAbandonedRequestIsMadeAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.mail(t, nil)
	p, at := h.program(t, "tickets:write"), "/v1/tickets/"+tickets.Number(id)+"/resolve"
	r := agents.Request{Caller: "key:1", Method: "POST", Path: at, Key: "k", BodyHash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", At: h.clock.now()}
	if _, begun, err := h.db.BeginRequest(t.Context(), r, r.At.Add(-time.Minute)); err != nil || !begun {
		t.Fatal(begun, err)
	}
	p.ask(t, "POST", at, "", 409, "Idempotency-Key", "k") // its node may still be at it
	h.clock.advance(3 * time.Minute)
	p.ask(t, "POST", at, "", 200, "Idempotency-Key", "k")
}

// TestPasswordIsNotKept: what is stored of a request can't be used to guess its password.
func TestPasswordIsNotKept(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	_, hash := h.refundCase(t, 100, "desk")
	sue := h.person(t, "supervisor")
	for _, pass := range []string{password, "another one", password} {
		sue.ask(t, "POST", "/v1/refunds/R-1/approve", `{"quote_hash":"`+hash+`","password":"`+pass+`"}`, 200, "Idempotency-Key", "k")
	}
	var kept []string
	if err := h.db.ReadConn().Table("idempotency").Pluck("body_hash", &kept).Error; err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	if err := h.db.Sweep(t.Context(), h.clock.now().Add(agents.AnswerLife+time.Second), agents.TryWindow); err != nil {
		t.Fatal(err)
	}
	var left []string
	if err := h.db.ReadConn().Table("idempotency").Pluck("key", &left).Error; err != nil || cmp.Diff(0, len(left)) != "" {
		t.Errorf("left after a day: %v, %v", left, err)
	}
}
