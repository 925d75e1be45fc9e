package tickets

import (
	"context"
	"slices"
)

// ReasonDeniedStopped is why a person looks at once: the registered contact said that the request was not
// his, and debits were stopped or money was sent already, by this case or another.
const ReasonDeniedStopped = "denied_stopped"

// Denied reports whether the registered contact said that the request was not his.
func (t Ticket) Denied() bool {
	return t.Objection == ReasonDenied || t.Objection == ReasonDeniedStopped
}

// deniedAs is the reason that the registered contact's no gives his case. What was done, or may have been,
// is looked at by a person: putting it back takes the customer.
func deniedAs(ctx context.Context, r Reader, t Ticket) (string, error) {
	effects, err := r.Effects(ctx, t.ID)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(effects, func(e Effect) bool { return !e.Kind.Holds() && e.State != EffectRefused }) {
		return ReasonDeniedStopped, nil
	}
	if t.AccountNo == "" {
		return ReasonDenied, nil
	}
	snap, err := r.Snapshot(ctx, t.AccountNo)
	if err != nil {
		return "", err
	}
	for _, id := range t.SubscriptionIDs {
		if sub, ok := snap.Subscription(id); ok && sub.StoppedAt != nil && !sub.AutoRenew {
			return ReasonDeniedStopped, nil
		}
	}
	return ReasonDenied, nil
}
