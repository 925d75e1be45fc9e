package runbook_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// fault is what goes wrong with one call outside.
type fault int

const (
	none   fault = iota
	before       // no answer, and nothing took place
	after        // no answer, but it took place
	refuse
	pending // accepted, and done only at a later query
)

var errTimeout = errors.New("no answer in time")

// world is the biller and the payment channels as they really are, whatever the desk believes. It
// keeps state by key, so that the same key acts once.
type world struct {
	mu       sync.Mutex
	now      func() time.Time
	fault    func(op, key string) fault // nil: nothing goes wrong
	calls    map[string]*call
	debits   map[string]bool      // subscriptions that the biller still debits
	held     map[string]time.Time // subscriptions that it keeps back, and until when
	alive    map[string]bool      // agreements by channel reference
	paid     map[string]int64     // charges
	refunded map[string]int64
	flying   map[string][]account.DebitInFlight // by subscription, as billers know them
	acted    map[string]int                     // how often the effect of a key took place
}

type call struct {
	state account.AnswerState
	at    time.Time
	ref   string // the agreement that it ends
	apply func()
}

func newWorld(s account.Snapshot, now func() time.Time) *world {
	w := &world{
		now: now, calls: map[string]*call{}, debits: map[string]bool{}, held: map[string]time.Time{}, alive: map[string]bool{},
		paid: map[string]int64{}, refunded: map[string]int64{}, acted: map[string]int{},
	}
	for _, x := range s.Subscriptions {
		w.debits[x.ID] = x.AutoRenew
	}
	for _, a := range s.Agreements {
		w.alive[a.ChannelRef] = a.Alive()
	}
	for _, c := range s.Charges {
		w.paid[c.ID] = c.AmountFen
	}
	return w
}

func (w *world) faultOf(op, key string) fault {
	if w.fault == nil {
		return none
	}
	return w.fault(op, key)
}

// act carries out a call under its key, once, with whatever goes wrong with it.
func (w *world) act(op, key string, apply func()) (account.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.faultOf(op, key)
	if f == before {
		return account.Answer{}, errTimeout
	}
	c, known := w.calls[key]
	if !known {
		c = &call{state: account.AnswerDone, at: w.now(), apply: apply}
		switch f {
		case refuse:
			c.state = account.AnswerRefused
		case pending:
			c.state = account.AnswerPending
		}
		w.calls[key] = c
		w.take(key, c)
	}
	if f == after {
		return account.Answer{}, errTimeout
	}
	return account.Answer{State: c.state, At: c.at, Detail: op}, nil
}

// take lets a call that is done have its effect.
func (w *world) take(key string, c *call) {
	if c.state == account.AnswerDone && c.apply != nil {
		c.apply()
		c.apply = nil
		w.acted[key]++
	}
}

func (w *world) query(op, key string) (account.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.faultOf("query "+op, key)
	if f == before || f == after {
		return account.Answer{}, errTimeout
	}
	c, known := w.calls[key]
	if !known {
		return account.Answer{State: account.AnswerNone}, nil
	}
	if c.state == account.AnswerPending && f != pending {
		c.state, c.at = account.AnswerDone, w.now()
		w.take(key, c)
	}
	return account.Answer{State: c.state, At: c.at, Detail: op}, nil
}

type biller struct{ *world }

func (b biller) Stop(_ context.Context, key string, s account.Stop) (account.Answer, error) {
	a, err := b.act("stop", key, func() { b.debits[s.SubscriptionID] = false })
	if err == nil && a.State == account.AnswerDone {
		a.InFlight = slices.Clone(b.flying[s.SubscriptionID])
	}
	return a, err
}

func (b biller) Hold(_ context.Context, key string, h account.Hold) (account.Answer, error) {
	return b.act("hold", key, func() { b.held[h.SubscriptionID] = h.Until })
}

func (b biller) Release(_ context.Context, key, subscriptionID string) (account.Answer, error) {
	return b.act("release", key, func() { delete(b.held, subscriptionID) })
}

func (b biller) Query(_ context.Context, key string, of account.Subject) (account.Answer, error) {
	a, err := b.query("stop", key)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		a.InFlight = slices.Clone(b.flying[of.SubscriptionID])
	}
	return a, err
}

type channel struct{ *world }

func (c channel) Agreement(_ context.Context, a account.Agreement) (account.AgreementStatus, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.faultOf("query end", a.ChannelRef) {
	case before, after:
		return account.AgreementStatus{}, errTimeout
	case refuse:
		return account.AgreementStatus{Detail: "not known"}, nil
	}
	for key, end := range c.calls {
		if end.ref == a.ChannelRef && end.state == account.AnswerPending && c.faultOf("query end", key) != pending {
			end.state, end.at = account.AnswerDone, c.now()
			c.take(key, end)
		}
	}
	alive, known := c.alive[a.ChannelRef]
	s := account.AgreementStatus{Known: known, Ended: known && !alive}
	if s.Ended {
		s.EndedAt = c.now()
	}
	return s, nil
}

func (c channel) Terminate(_ context.Context, key string, a account.Agreement) (account.Answer, error) {
	answer, err := c.act("end", key, func() { c.alive[a.ChannelRef] = false })
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, known := c.calls[key]; known {
		made.ref = a.ChannelRef
	}
	return answer, err
}

func (c channel) Refund(_ context.Context, key string, ch account.Charge, amountFen int64) (account.Answer, error) {
	return c.act("refund", key, func() { c.refunded[ch.ID] += amountFen })
}

func (c channel) QueryRefund(_ context.Context, key string, _ account.Charge) (account.Answer, error) {
	return c.query("refund", key)
}
