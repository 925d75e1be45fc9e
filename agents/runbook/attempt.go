package runbook

import (
	"strconv"

	"github.com/canceldesk/canceldesk/tickets"
)

// attemptKey is the key of the n-th attempt at an effect. A refusal is a definite no, and its key gives the
// same answer for ever, so whoever has it tried again has it sent under a key of its own.
func attemptKey(key string, n int) string {
	if n < 2 {
		return key
	}
	return key + "/" + strconv.Itoa(n)
}

// attempt is the newest attempt at an effect, and its number from 1; the zero Effect where none was begun.
func (c Case) attempt(key string) (tickets.Effect, int) {
	var newest tickets.Effect
	n := 1
	for {
		e, begun := c.effect(attemptKey(key, n))
		if !begun {
			return newest, max(n-1, 1)
		}
		newest = e
		n++
	}
}

// mayRepeat reports whether a person had the step begun once more after the effect was refused. Each such
// word is good for one attempt: the next refusal is later than it.
func (c Case) mayRepeat(name tickets.StepName, refused tickets.Effect) bool {
	s := c.step(name)
	return s.State == tickets.Todo && s.StartedAt != nil && refused.SettledAt != nil && refused.SettledAt.Before(*s.StartedAt)
}
