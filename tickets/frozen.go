package tickets

import (
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// StillHolds reports whether a quote that a case's refunds were proposed by would be the same if it were
// made now. What the case itself has done of it since never changes it: an approval is void only where
// something else has changed. ok is false where no quote can be made any more.
func StillHolds(q SavedQuote, s account.Snapshot, t Ticket, messages []Message, refunds []account.Refund, effects []Effect, mode account.Mode, now time.Time, r account.QuoteRules) (holds, ok bool, err error) {
	return q.Body.Holds(s, carriedOut(q, t, refunds, effects), t.SubscriptionIDs, mode, RequestedAt(t, messages), now, r)
}

// carriedOut is what a case has done of a quote.
func carriedOut(q SavedQuote, t Ticket, refunds []account.Refund, effects []Effect) account.CarriedOut {
	done := account.CarriedOut{MadeAt: q.At, Ended: accessEnded(t, effects)}
	unsent := Unsent(refunds, effects)
	for _, r := range refunds {
		waits := slices.ContainsFunc(unsent, func(u account.Refund) bool { return u.ID == r.ID })
		if r.QuoteHash != q.Hash && !waits {
			continue
		}
		done.Refunds = append(done.Refunds, r.ID)
		begun := slices.ContainsFunc(effects, func(e Effect) bool { return e.Key == r.Key })
		if begun || r.State != account.RefundProposed && r.State != account.RefundApproved && r.State != account.RefundRejected {
			done.Sent = append(done.Sent, r.ChargeID)
		}
	}
	return done
}

// accessEnded are the subscriptions whose access a case has ended at once, or may have.
func accessEnded(t Ticket, effects []Effect) []string {
	var out []string
	for _, e := range effects {
		key := "stop/" + t.Number() + "/" + e.Target + "/" + string(account.Now)
		if e.Kind == StopDebits && e.State != EffectRefused && strings.HasPrefix(e.Key, key) {
			out = append(out, e.Target)
		}
	}
	return out
}

// BeforeAccessEnded is the account as it would stand if the case had ended no access at once, by the
// newest of its quotes. A new quote is made from it, so that what was offered as unused time is not
// paid out as never begun, without a yes and without an approval.
func BeforeAccessEnded(quotes []SavedQuote, s account.Snapshot, t Ticket, effects []Effect) account.Snapshot {
	if len(quotes) == 0 {
		return s
	}
	return quotes[len(quotes)-1].Body.BeforeEnd(s, accessEnded(t, effects))
}
