package tickets

import (
	"context"
	"errors"
	"slices"
	"time"
)

// maxFactAccounts bounds the accounts that a payment fact is held against.
const maxFactAccounts = 5

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
		case len(known) != 1:
			why = append(why, "session: names an account that is not known here")
		default:
			v := Verification{
				Scope: ChatScope(h.ConversationID), AccountNo: known[0], Level: 2, Method: MethodSession, At: at, ExpiresAt: h.Session.ExpiresAt,
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
	v, err := d.provePayment(ctx, tx, h, at)
	switch {
	case errors.Is(err, NotFound):
		c.FactTries += len(h.Customer.PaymentFacts)
		return nil, append(why, "payment: fits no account"), nil
	case err != nil:
		return nil, nil, err
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

// provePayment is what payment facts prove; NotFound where that is nothing.
func (d *Desk) provePayment(ctx context.Context, tx Tx, h Handover, at time.Time) (Verification, error) {
	facts := h.Customer.PaymentFacts
	var accounts []string
	for _, k := range []struct {
		by    AccountKey
		value string
	}{{ByAccount, h.Customer.Facts.Account}, {ByPhone, h.Customer.Facts.Phone}, {ByEmail, h.Customer.Facts.Email}, {ByTxnID, facts[0].ChannelTxnID}} {
		if k.value == "" || len(accounts) > 0 {
			continue
		}
		found, err := tx.FindAccounts(ctx, k.by, k.value)
		if err != nil {
			return Verification{}, err
		}
		accounts = found[:min(len(found), maxFactAccounts)]
	}
	v := Verification{Scope: ChatScope(h.ConversationID), At: at, ExpiresAt: at.Add(VerificationLife)}
	for _, no := range accounts {
		snap, err := tx.Snapshot(ctx, no)
		if err != nil {
			return v, err
		}
		v.AccountNo = snap.Account.No
		switch {
		case snap.TwoTransactions(facts, at, d.settings.Zone):
			v.Level, v.Method = 2, MethodTwoTransactions
			return v, nil
		case len(snap.PaidBy(facts, at, d.settings.Zone)) > 0:
			v.Level, v.Method = 1, MethodPaymentFact
			return v, nil
		}
	}
	return v, NotFound
}
