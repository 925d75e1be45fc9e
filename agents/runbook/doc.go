// Package runbook carries a ticket through the standard steps: identify, verify, cancel, quote,
// refund, assets, evidence, notify. Plan is pure: it looks at a Case and says what comes next and
// why. Runner carries it out: an "about to" event with a key, the call outside with no transaction
// open, then one transaction with the result event, the state and the next job. It may be killed
// between any two lines and goes on from what is stored.
package runbook
