package runbook

import (
	"context"
	"slices"
	"strings"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// try is the newest attempt at one effect. What the other side refused did not happen, so it may be
// tried again: by a person, who begins the step once more, or in a new run, which a new message or a
// person begins. Each attempt is an effect of its own under a key of its own, because the same key
// gives the same answer for ever; a restart goes on with the attempt that was begun. None is made while
// an earlier one has no last word, and none by a rule in a loop.
type try struct {
	tickets.Effect
	begun bool
	next  string // key of the attempt that comes after it
}

// lastTry is the newest attempt at the effect on a target whose first attempt has that key.
func (c Case) lastTry(key, target string) try {
	t := try{next: key}
	for n := 2; ; n++ {
		e, begun := c.effect(t.next)
		if !begun {
			return t
		}
		if e.Target == target { // else another target's key happens to read like an attempt at this one
			t.Effect, t.begun = e, true
		}
		t.next = attemptKey(key, n)
	}
}

// key is what the effect goes out under when it is tried or asked after now.
func (t try) key() string {
	if t.begun && !t.State.Settled() {
		return t.Key
	}
	return t.next
}

func (t try) refused() bool { return t.begun && t.State == tickets.EffectRefused }

// firstTry is the key of the first attempt at what an effect tries.
func firstTry(e tickets.Effect) string {
	number := tickets.Number(e.TicketID)
	switch end := EndKey(number, e.Target); e.Kind {
	case tickets.EndAgreement:
		return end
	case tickets.StopDebits:
		if isNow(e) {
			return StopKey(number, e.Target, account.Now)
		}
		return StopKey(number, e.Target, account.PeriodEnd)
	}
	return e.Key
}

// isNow reports whether the stop ends access too.
func isNow(e tickets.Effect) bool {
	return strings.HasPrefix(e.Key, StopKey(tickets.Number(e.TicketID), e.Target, account.Now))
}

// isAgain reports whether what goes out now is not the first attempt.
func (t try) isAgain() bool { return t.begun && t.key() != firstTry(t.Effect) }

// again reports whether an attempt that has its last word may be followed by another: somebody began the
// step once more after it, or the case has begun a new run since.
func (c Case) again(t try, name tickets.StepName) bool {
	if !t.begun || !t.State.Settled() || c.tried(t.Key) {
		return false
	}
	return t.RunID != c.Run.ID || c.mayRepeat(name, t.Effect)
}

// refusedStop is a stop that the biller refused, while its own record says that it goes on debiting. A
// record that says that it does not renew and that nothing is due is the biller's own word as well: the
// desk asks for a stop to get there, and a biller that is there already often has no other answer to a
// stop than no. It is taken for its word in an attempt of its own, once the account was read anew.
func (c Case) refusedStop() (tickets.Effect, bool) {
	for _, id := range c.Ticket.SubscriptionIDs {
		if e := c.lastTry(StopKey(c.Ticket.Number(), id, account.PeriodEnd), id); e.refused() {
			return e.Effect, true
		}
	}
	return tickets.Effect{}, false
}

// refusedEnd is the end of an agreement that its channel refused. One that can't bill the case's
// subscriptions any more keeps nothing from being cancelled: an agreement ends in the account store only
// by its channel's word.
func (c Case) refusedEnd() (tickets.Effect, bool) {
	for _, a := range billing(c) {
		if e := c.lastTry(EndKey(c.Ticket.Number(), a.ID), a.ID); c.ends(a) && e.refused() {
			return e.Effect, true
		}
	}
	return tickets.Effect{}, false
}

// reread is the account as the platform has it at this moment, whatever is remembered of it; as it is
// known where the platform can't be asked or keeps no accounts.
func (r *Runner) reread(ctx context.Context, c Case) account.Snapshot {
	if r.Directory == nil {
		return *c.Account
	}
	if err := r.Directory.Renew(ctx, c.Ticket.AccountNo); err != nil {
		return *c.Account
	}
	snap, err := r.Store.Snapshot(ctx, c.Ticket.AccountNo)
	if err != nil {
		return *c.Account
	}
	return snap
}

// byRecord is the detail of a stop that was taken from the account record.
const byRecord = "by the biller's own account record: it does not renew and no charge is due"

// recorded takes the biller's own record for its word about a stop that it refused before. It is asked
// all the same which debits are on their way, and a call of this key that may have been made comes first.
func (r *Runner) recorded(ctx context.Context, query func(context.Context) (account.Answer, error)) (account.Answer, error) {
	a, err := r.call(ctx, query)
	if err == nil && (a.State == account.AnswerNone || a.State == account.AnswerRefused) {
		a = account.Answer{State: account.AnswerDone, At: r.Now(), Detail: byRecord, InFlight: a.InFlight}
	}
	return a, err
}

// agreementNow is the agreement as it stands in the account.
func agreementNow(s account.Snapshot, a account.Agreement) account.Agreement {
	if i := slices.IndexFunc(s.Agreements, func(o account.Agreement) bool { return o.ID == a.ID }); i >= 0 {
		return s.Agreements[i]
	}
	return a
}
