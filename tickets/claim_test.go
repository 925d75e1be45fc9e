package tickets_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// events are the types of the case's events with some of what they say.
func (b *bundle) assignments() []string {
	b.t.Helper()
	list, err := b.Events(b.ctx, tickets.Number(1))
	must(b.t, err)
	var out []string
	for _, e := range list {
		if e.Type == tickets.EventAssigned {
			out = append(out, e.Actor)
		}
	}
	return out
}

const bob = tickets.Actor("agent:bob")

func TestClaim(t *testing.T) {
	t.Parallel()
	take := func(b *bundle, by tickets.Actor) error {
		_, err := b.desk.Take(b.ctx, 1, by, strings.TrimPrefix(string(by), "agent:"))
		return err
	}
	open := func(t *testing.T) *bundle {
		b := setup(t)
		b.receive(b.mail("li@example.com", 1, stop()))
		must(t, take(b, amy))
		return b
	}
	t.Run("somebody else is told who and since when", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		b.now = b.now.Add(10 * time.Minute)
		for name, err := range map[string]error{
			"take":  take(b, bob),
			"reply": func() error { _, err := b.desk.Say(b.ctx, 1, bob, tickets.Reply, "hello"); return err }(),
			"intent": func() error {
				_, err := b.desk.Correct(b.ctx, 1, bob, intent.StatusInquiry)
				return err
			}(),
			"run":   func() error { _, err := b.desk.Resume(b.ctx, 1, bob, ""); return err }(),
			"solve": func() error { _, err := b.desk.Solve(b.ctx, 1, bob); return err }(),
			"relink": func() error {
				_, err := b.desk.Relink(b.ctx, 1, bob, "u1", nil)
				return err
			}(),
		} {
			if !errors.Is(err, tickets.Conflict) || !strings.Contains(err.Error(), "amy has been working on this case since "+noon.Format("2006-01-02 15:04")) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := b.ticket(1); got.Assignee != "amy" || got.FirstRespondedAt != nil || got.Intent != intent.StopAutoRenew {
			t.Errorf("the case was changed: %+v", got)
		}
		if _, err := b.desk.Say(b.ctx, 1, bob, tickets.Note, "I know this customer"); err != nil {
			t.Errorf("a note to colleagues is in nobody's way: %v", err)
		}
		if _, err := b.desk.Say(b.ctx, 1, "key:7", tickets.Reply, "by a program"); err != nil {
			t.Errorf("a program does not collide: %v", err)
		}
	})
	t.Run("it is taken over by whoever says so", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		_, err := b.desk.TakeOver(b.ctx, 1, bob, "bob")
		must(t, err)
		wantConflict(t, take(b, amy))
		if got := b.ticket(1); got.Assignee != "bob" {
			t.Errorf("the case is %q's", got.Assignee)
		}
		if d := cmp.Diff([]string{"agent:amy", "agent:bob"}, b.assignments()); d != "" {
			t.Error(d)
		}
	})
	t.Run("each act renews it and without one it runs out", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		for range 3 {
			b.now = b.now.Add(25 * time.Minute)
			_, err := b.desk.Say(b.ctx, 1, amy, tickets.Reply, "working on it")
			must(t, err)
			b.watch()
		}
		if _, since, ok := b.ticket(1).Claimed(b.now); !ok || !since.Equal(noon) {
			t.Errorf("claimed %v since %s", ok, since)
		}
		b.now = b.now.Add(30 * time.Minute)
		version := b.ticket(1).Version
		b.watch()
		if got := b.ticket(1); got.Assignee != "" || got.ClaimedUntil != nil || got.Version == version {
			t.Errorf("after half an hour of nothing it is still %q's", got.Assignee)
		}
		if d := cmp.Diff([]string{"agent:amy", "desk"}, b.assignments()); d != "" {
			t.Error(d)
		}
		must(t, take(b, bob))
	})
	t.Run("what ran out keeps nobody off, watched or not", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		b.now = b.now.Add(31 * time.Minute)
		must(t, take(b, bob))
	})
	t.Run("who was assigned by another keeps the case", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		_, err := b.desk.Take(b.ctx, 1, "agent:boss", "bob")
		must(t, err)
		b.now = b.now.Add(2 * time.Hour)
		b.watch()
		if got := b.ticket(1).Assignee; got != "bob" {
			t.Errorf("the case is %q's", got)
		}
	})
	t.Run("taking twice and giving back", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		must(t, take(b, amy))
		_, err := b.desk.Take(b.ctx, 1, amy, "")
		must(t, err)
		must(t, take(b, bob))
		if d := cmp.Diff([]string{"agent:amy", "agent:amy", "agent:bob"}, b.assignments()); d != "" {
			t.Error(d)
		}
	})
	t.Run("who solved a case stays known", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		_, err := b.desk.Correct(b.ctx, 1, amy, intent.StatusInquiry)
		must(t, err)
		c := b.ticket(1)
		c.Intents = []intent.Intent{intent.StatusInquiry}
		must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &c) }))
		_, err = b.desk.Solve(b.ctx, 1, amy)
		must(t, err)
		b.now = b.now.Add(time.Hour)
		b.watch()
		if got := b.ticket(1); got.Assignee != "amy" || got.AlertAt != nil {
			t.Errorf("solved by %q, looked at again %v", got.Assignee, got.AlertAt)
		}
	})
}

// Fifty agents who take one case at the same moment: one has it, the others are told who.
func TestFiftyTakeOneCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.receive(b.mail("li@example.com", 1, stop()))
	errs := make([]error, 50)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			login := fmt.Sprintf("a%d", i)
			_, errs[i] = b.desk.Take(b.ctx, 1, tickets.AgentActor(login), login)
		})
	}
	all.Wait()
	owner := b.ticket(1).Assignee
	for i, err := range errs {
		switch login := fmt.Sprintf("a%d", i); {
		case err == nil && login != owner:
			t.Errorf("%s was told that the case is his, which is %s's", login, owner)
		case err != nil && (!errors.Is(err, tickets.Conflict) || !strings.HasPrefix(err.Error(), owner+" has been working")):
			t.Errorf("%s was told: %v", login, err)
		}
	}
	if n := len(b.assignments()); owner == "" || n != 1 {
		t.Errorf("%q has it after %d assignments", owner, n)
	}
}
