package tickets

import (
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// StepName names one of the standard steps.
type StepName string

// The standard steps, the same for every case.
const (
	Identify StepName = "identify"
	Verify   StepName = "verify"
	Cancel   StepName = "cancel"
	QuoteIt  StepName = "quote"
	RefundIt StepName = "refund"
	Assets   StepName = "assets"
	Evidence StepName = "evidence"
	Notify   StepName = "notify"
)

// StepNames lists the steps in their order.
func StepNames() []StepName {
	return []StepName{Identify, Verify, Cancel, QuoteIt, RefundIt, Assets, Evidence, Notify}
}

// StepState is where a step stands.
type StepState string

// The states of a step. Unknown is an outside effect whose outcome nobody knows yet: never success,
// never failure.
const (
	Todo          StepState = "todo"
	Running       StepState = "running"
	Succeeded     StepState = "succeeded"
	Failed        StepState = "failed"
	Skipped       StepState = "skipped"
	Unknown       StepState = "unknown"
	NeedsAgent    StepState = "needs_agent"
	NeedsApproval StepState = "needs_approval"
	NeedsCustomer StepState = "needs_customer"
)

// Done reports whether nothing more will happen in the step.
func (s StepState) Done() bool { return s == Succeeded || s == Skipped }

// Waits reports whether the step waits for a person.
func (s StepState) Waits() bool {
	return s == NeedsAgent || s == NeedsApproval || s == NeedsCustomer || s == Failed
}

// Run is one carrying-out of the steps for a ticket. A subscription has at most one running run,
// whatever ticket it belongs to; the store's schema holds that.
type Run struct {
	ID              int64 `gorm:"primaryKey"`
	TicketID        int64
	Mode            account.Mode
	SubscriptionIDs []string `gorm:"serializer:json"`
	// Snapshot is the account as the decision saw it, frozen when the run began to act.
	Snapshot  *account.Snapshot `gorm:"serializer:json"`
	StartedAt time.Time
	EndedAt   *time.Time
	Version   int64
}

// Step is one standard step of a run.
type Step struct {
	RunID     int64    `gorm:"primaryKey"`
	Name      StepName `gorm:"primaryKey"`
	State     StepState
	Reason    string // stable code
	Detail    string // what a person should know, in words without personal data
	StartedAt *time.Time
	EndedAt   *time.Time
	By        string `gorm:"column:by_actor"` // "desk" or "agent:LOGIN"
}

// Steps are all steps of one run, in order.
type Steps []Step

// Get returns the step of that name; the zero Step (state "") where the run has none.
func (s Steps) Get(name StepName) Step {
	if i := slices.IndexFunc(s, func(x Step) bool { return x.Name == name }); i >= 0 {
		return s[i]
	}
	return Step{}
}

// EffectState is how far one outside effect has come.
type EffectState string

// The states of an effect. AboutTo means that the call may or may not have been made.
const (
	EffectAboutTo EffectState = "about_to"
	EffectPending EffectState = "pending" // accepted there, not done yet
	EffectDone    EffectState = "done"
	EffectRefused EffectState = "refused"
	EffectUnknown EffectState = "unknown"
)

// Settled reports whether the effect has its last word.
func (s EffectState) Settled() bool { return s == EffectDone || s == EffectRefused }

// Effect is one thing done outside the desk's own tables: a stop at the biller, the end of an
// agreement, a refund. Its key goes with every call, so that twice is once.
type Effect struct {
	Key       string `gorm:"primaryKey"`
	TicketID  int64
	RunID     int64
	Kind      EffectKind
	Target    string // subscription, agreement or charge id
	State     EffectState
	Attempts  int
	Detail    string
	At        time.Time
	SettledAt *time.Time
}

// EffectKind names what is done outside.
type EffectKind string

// The kinds of effects.
const (
	HoldDebits    EffectKind = "biller.hold"
	ReleaseDebits EffectKind = "biller.release"
	StopDebits    EffectKind = "biller.stop"
	EndAgreement  EffectKind = "agreement.terminate"
	SendRefund    EffectKind = "refund.send"
)

// Stops reports whether the effect ends debits: the biller's, or those that an agreement permits.
func (k EffectKind) Stops() bool { return k == StopDebits || k == EndAgreement }

// Holds reports whether the effect only keeps debits back or lets them go on, and so can be undone.
func (k EffectKind) Holds() bool { return k == HoldDebits || k == ReleaseDebits }

// BeginRun is a run with all its steps before it, to be stored.
func BeginRun(t Ticket, at time.Time) (Run, Steps) {
	steps := make(Steps, 0, len(StepNames()))
	for _, name := range StepNames() {
		steps = append(steps, Step{Name: name, State: Todo, By: string(DeskActor)})
	}
	return Run{TicketID: t.ID, Mode: account.PeriodEnd, StartedAt: at}, steps
}
