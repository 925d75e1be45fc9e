package tickets

import (
	"context"
	"slices"
	"time"
)

func levelOfProof(v *Verification) int {
	if v == nil {
		return 0
	}
	return v.Level
}

// proveChat is what a handover proves of the customer, nil where that is nothing new, and what the
// people at the desk should know of it. What it claims wrongly is nowhere answered to.
func (d *Desk) proveChat(ctx context.Context, tx Tx, c *Conversation, h Handover, have []Verification, at time.Time) (*Verification, []string, error) {
	why := []string{"chat: handed over by the app"}
	if h.SessionWhy != "" {
		why = append(why, "session: "+h.SessionWhy)
	}
	if h.Session != nil {
		known, err := tx.FindAccounts(ctx, ByAccount, h.Session.AccountNo)
		switch {
		case err != nil:
			return nil, nil, err
		case len(known) != 1 && !d.settings.AccountsElsewhere:
			why = append(why, "session: names an account that is not known here")
		default:
			v := Verification{
				Scope: ChatScope(h.ConversationID), AccountNo: h.Session.AccountNo, Level: 2, Method: MethodSession, At: at, ExpiresAt: h.Session.ExpiresAt,
			}
			if lasts(have, v) {
				return nil, why, nil
			}
			return &v, why, nil
		}
	}
	if len(h.Customer.PaymentFacts) == 0 {
		return nil, why, nil
	}
	if c.FactTries >= maxFactTries {
		return nil, append(why, "payment: too many tries"), nil
	}
	f := h.Customer.Facts
	v, fits, err := Identity{Account: f.Account, Phone: f.Phone, Email: f.Email, PaymentFacts: h.Customer.PaymentFacts}.
		proof(ctx, tx, CustomerActor, ChatScope(h.ConversationID), at, at, d.settings.Zone)
	if err != nil {
		return nil, nil, err
	}
	if !fits {
		c.FactTries++
		return nil, append(why, "payment: fits no account"), nil
	}
	why = append(why, "payment: "+string(v.Method))
	if lasts(have, v) {
		return nil, why, nil
	}
	return &v, why, nil
}

// lasts reports whether a proof adds nothing to those there are.
func lasts(have []Verification, v Verification) bool {
	return slices.ContainsFunc(have, func(o Verification) bool {
		return o.VoidedAt == nil && o.Scope == v.Scope && o.AccountNo == v.AccountNo && o.Method == v.Method && !o.ExpiresAt.Before(v.ExpiresAt)
	})
}
