package tickets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Identity is what somebody says he is. It finds an account and proves nothing, but for the payment
// facts, which only a payer knows.
type Identity struct {
	Account      string
	Phone        string
	Email        string
	OrderNo      string
	NationalID   string
	PaymentFacts []account.PaymentFact
}

// Matching says which of the stated facts fit, and never what is on file instead.
type Matching struct {
	Facts []FactMatch
	// Accounts counts the accounts that all facts which point anywhere agree on; more than one is never
	// decided by guessing.
	Accounts int
	// Payment is the verdict on the payment facts as a whole, nil where none were given.
	Payment *bool
}

// Paid reports whether payment facts were given and are all true of one account.
func (m Matching) Paid() bool { return m.Payment != nil && *m.Payment }

// FactMatch says whether one identifying fact fits the account that the others point at.
type FactMatch struct {
	By  AccountKey
	Fit bool
}

// Match looks what somebody says he is up, without opening a case. TooMany where payment facts were wrong
// too often of the account that they are held against.
func (d *Desk) Match(ctx context.Context, by Actor, id Identity) (Matching, error) {
	if err := id.check(); err != nil {
		return Matching{}, err
	}
	found, err := id.lookUp(ctx, d.store)
	if err != nil {
		return Matching{}, err
	}
	var lists [][]string
	for _, f := range found {
		lists = append(lists, f.accounts)
	}
	agreed := Agreed(lists)
	m := Matching{Accounts: len(agreed)}
	for _, f := range found {
		if f.by == ByTxnID {
			continue // a payment fact
		}
		fit := slices.ContainsFunc(f.accounts, func(no string) bool { return slices.Contains(agreed, no) })
		m.Facts = append(m.Facts, FactMatch{By: f.by, Fit: fit})
	}
	if len(id.PaymentFacts) > 0 {
		at, fits := d.now(), false
		err := d.store.InTx(ctx, func(tx Tx) error {
			no, _, worn, err := id.prove(ctx, tx, by, at, at, d.settings.Zone)
			if worn && no == "" && err == nil {
				return tooOften()
			}
			fits = no != ""
			return err
		})
		if err != nil {
			return Matching{}, err
		}
		m.Payment = &fits
	}
	return m, nil
}

// check brings the facts into the form they are kept in and refuses what can't be one.
func (id *Identity) check() error {
	id.Account, id.OrderNo, id.NationalID = clip(id.Account, maxShort), clip(id.OrderNo, maxShort), clip(id.NationalID, maxShort)
	id.Phone = account.NormalPhone(clip(id.Phone, maxShort))
	id.Email = strings.ToLower(clip(id.Email, maxShort))
	if len(id.PaymentFacts) > maxFacts {
		return &Error{Kind: Invalid, Msg: fmt.Sprintf("At most %d payment facts can be given.", maxFacts)}
	}
	for i, f := range id.PaymentFacts {
		f.ChannelTxnID, f.CardTail = clip(f.ChannelTxnID, maxShort), clip(f.CardTail, maxShort)
		id.PaymentFacts[i] = f
		if f.ChannelTxnID == "" && (f.ChargedAt == "" || f.AmountFen <= 0 || len(f.CardTail) != 4) {
			return &Error{Kind: Invalid, Msg: "A payment fact is a transaction number, or date, amount and the card's last four digits together."}
		}
	}
	return nil
}

// facts is the identity as a text would have stated it, which is how the steps find the account.
func (id Identity) facts() intent.Facts {
	f := intent.Facts{
		Account: id.Account, Phone: id.Phone, Email: id.Email, OrderNo: id.OrderNo, NationalID: account.MaskID(id.NationalID),
	}
	for _, p := range id.PaymentFacts {
		if f.ChannelTxnID == "" {
			f.ChannelTxnID = p.ChannelTxnID
		}
		if f.ChargedAt == "" {
			f.ChargedAt, f.CardTail = string(p.ChargedAt), p.CardTail
		}
	}
	return f
}

// pointed is where one fact points.
type pointed struct {
	by       AccountKey
	accounts []string
}

// lookUp asks for the accounts that each stated fact points at.
func (id Identity) lookUp(ctx context.Context, r Reader) ([]pointed, error) {
	type key struct {
		by    AccountKey
		value string
	}
	keys := []key{{ByAccount, id.Account}, {ByPhone, id.Phone}, {ByEmail, id.Email}, {ByOrderNo, id.OrderNo}}
	for _, p := range id.PaymentFacts {
		keys = append(keys, key{ByTxnID, p.ChannelTxnID})
	}
	var out []pointed
	for _, k := range keys {
		if k.value == "" {
			continue
		}
		found, err := r.FindAccounts(ctx, k.by, k.value)
		if err != nil {
			return nil, fmt.Errorf("look up account by %s: %w", k.by, err)
		}
		out = append(out, pointed{k.by, found})
	}
	return out, nil
}

// prove is the account of which every payment fact is true, where there is exactly one among those
// that the stated facts point at, and how much that proves; "" where nothing is proven. given is when they
// were said. Each account that they are held against counts the try; one that bore too many wrong ones
// within the hour, whoever made them and by whatever way, is worn and proves nothing.
func (id Identity) prove(ctx context.Context, tx Tx, by Actor, given, at time.Time, zone *time.Location) (accountNo string, m Method, worn bool, err error) {
	if len(id.PaymentFacts) == 0 {
		return "", "", false, nil
	}
	found, err := id.lookUp(ctx, tx)
	if err != nil {
		return "", "", false, err
	}
	var all []string
	for _, p := range found {
		all = append(all, p.accounts...)
	}
	all = distinct(all)
	var fresh []string
	for _, no := range all[:min(len(all), mostSuspects)] {
		err := tired(ctx, tx, FactCheck{AccountNo: no, At: at})
		switch {
		case err == nil:
			fresh = append(fresh, no)
		case errors.Is(err, TooMany):
			worn = true
		default:
			return "", "", false, err
		}
	}
	if accountNo, m, err = provenBy(ctx, tx, fresh, id.PaymentFacts, given, zone); err != nil {
		return "", "", false, err
	}
	for _, no := range fresh {
		if err := tx.InsertFactCheck(ctx, FactCheck{AccountNo: no, Matched: no == accountNo, By: string(by), At: at}); err != nil {
			return "", "", false, err
		}
	}
	return accountNo, m, worn, nil
}

// proof is the verification that the payment facts give a scope, and whether they prove anything. given
// is when they were said.
func (id Identity) proof(ctx context.Context, tx Tx, by Actor, scope string, given, at time.Time, zone *time.Location) (Verification, bool, error) {
	no, method, _, err := id.prove(ctx, tx, by, given, at, zone)
	if err != nil || no == "" {
		return Verification{}, false, err
	}
	return Verification{
		Scope: scope, AccountNo: no, Level: method.Gives(ActRefund), Method: method, At: given, ExpiresAt: given.Add(VerificationLife),
	}, true, nil
}

// seen tells one set of payment facts from another.
func (id Identity) seen() string {
	var b strings.Builder
	for _, f := range id.PaymentFacts {
		fmt.Fprintf(&b, "%q %q %d %q\n", f.ChannelTxnID, f.ChargedAt, f.AmountFen, f.CardTail)
	}
	return digest(b.String())
}

// Agreed are the accounts that every list which names any agrees on. Lists that agree on none leave
// all of them, as a contradiction for the customer to solve.
func Agreed(lists [][]string) []string {
	var agreed, all []string
	first := true
	for _, list := range lists {
		if len(list) == 0 {
			continue
		}
		all = append(all, list...)
		if first {
			agreed, first = slices.Clone(list), false
			continue
		}
		agreed = slices.DeleteFunc(agreed, func(a string) bool { return !slices.Contains(list, a) })
	}
	if len(agreed) == 0 {
		agreed = all
	}
	return distinct(agreed)
}
