package tickets

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
)

// FactCheck is one time that somebody gave payment facts. The facts themselves are not kept.
type FactCheck struct {
	ID        int64  `gorm:"primaryKey"`
	TicketID  int64  // 0 where there was no ticket yet
	AccountNo string // whose they were compared with; "" where no account was found
	Matched   bool
	By        string `gorm:"column:by_actor"`
	At        time.Time
}

// Wrong payment facts that one ticket and one account bear in an hour. An account bears more, so that
// its owner is not locked out by who guesses in a ticket of his own.
const (
	wrongFactsOfTicket  = 5
	wrongFactsOfAccount = 15
	mostFacts           = 10
	mostSuspects        = 20
)

// CheckFacts compares what a caller or writer knows of his debits with the account the ticket is
// about; where none is known, with those that the facts and the ticket point at. All of it has to be
// so. matched says yes or no and never what was right; a no changes nothing, so a hold stays. A yes
// proves who speaks, for the call or the newest message: one fact level 1, two transaction numbers of
// the agreement's payer level 2. Five wrong tries in a ticket and hour, then TooMany.
func (d *Desk) CheckFacts(ctx context.Context, id int64, by Actor, facts []account.PaymentFact) (matched bool, err error) {
	facts = slices.DeleteFunc(slices.Clone(facts), func(f account.PaymentFact) bool { return f == account.PaymentFact{} })
	if len(facts) == 0 || len(facts) > mostFacts {
		return false, &Error{Kind: Invalid, Msg: "Give a transaction number, or date, amount and the last four digits of the card."}
	}
	at := d.now()
	err = d.store.InTx(ctx, func(tx Tx) error {
		matched = false
		t, err := tx.Ticket(ctx, id)
		if err != nil {
			return err
		}
		if t.Status == Closed {
			return &Error{Kind: Conflict, Msg: "The ticket is closed. A new message opens a linked one."}
		}
		suspects, err := suspects(ctx, tx, t, facts)
		if err != nil {
			return err
		}
		check := FactCheck{TicketID: id, By: string(by), At: at}
		if len(suspects) == 1 {
			check.AccountNo = suspects[0]
		}
		if err := tired(ctx, tx, check); err != nil {
			return err
		}
		no, method, err := provenBy(ctx, tx, suspects, facts, at, d.settings.Zone)
		if err != nil {
			return err
		}
		if check.Matched, matched = no != "", no != ""; matched {
			check.AccountNo = no
		}
		if err := tx.InsertFactCheck(ctx, check); err != nil {
			return err
		}
		if !matched {
			return tx.Append(ctx, at, Record{
				Stream: t.Number(), Type: EventVerifyFailed, Actor: string(by), Data: map[string]any{"method": string(MethodPaymentFact)},
			})
		}
		messages, err := tx.Messages(ctx, id)
		if err != nil {
			return err
		}
		v := Verification{TicketID: id, AccountNo: no, Level: method.Gives(ActStop), Method: method, At: at, ExpiresAt: at.Add(VerificationLife)}
		v.MessageID, v.Scope = covered(messages)
		return insertProof(ctx, tx, t, &v, by, at)
	})
	return matched && err == nil, err
}

// suspects are the accounts that the facts may belong to: the ticket's, else those that anything stated
// points at.
func suspects(ctx context.Context, tx Tx, t Ticket, facts []account.PaymentFact) ([]string, error) {
	if t.AccountNo != "" {
		return []string{t.AccountNo}, nil
	}
	out := slices.Clone(t.Candidates)
	look := func(by AccountKey, value string) error {
		if value == "" {
			return nil
		}
		found, err := tx.FindAccounts(ctx, by, value)
		out = append(out, found...)
		return err
	}
	for _, f := range facts {
		if err := look(ByTxnID, f.ChannelTxnID); err != nil {
			return nil, err
		}
	}
	for by, value := range map[AccountKey]string{
		ByAccount: t.Facts.Account, ByPhone: t.Facts.Phone, ByEmail: t.Facts.Email, ByOrderNo: t.Facts.OrderNo,
	} {
		if err := look(by, value); err != nil {
			return nil, err
		}
	}
	return distinct(out), nil
}

// tired is TooMany where there were enough wrong tries.
func tired(ctx context.Context, tx Tx, c FactCheck) error {
	hour, err := tx.FactChecksSince(ctx, c.TicketID, c.AccountNo, c.At.Add(-time.Hour))
	if err != nil {
		return err
	}
	ofTicket, ofAccount := 0, 0
	for _, x := range hour {
		if x.Matched {
			continue
		}
		if c.TicketID != 0 && x.TicketID == c.TicketID {
			ofTicket++
		}
		if c.AccountNo != "" && x.AccountNo == c.AccountNo {
			ofAccount++
		}
	}
	if ofTicket >= wrongFactsOfTicket || ofAccount >= wrongFactsOfAccount {
		return tooOften()
	}
	return nil
}

func tooOften() error {
	return &Error{Kind: TooMany, Msg: "Payment facts were wrong too often. Try again in an hour, or send a code."}
}

// provenBy is the account of which every fact is true, where there is exactly one among those, and how
// much that proves; "" where nothing is proven. One wrong fact spoils the others, so that nobody finds one
// out by trying several at once, and two accounts that fit are never guessed between.
func provenBy(ctx context.Context, r Reader, accounts []string, facts []account.PaymentFact, at time.Time, zone *time.Location) (accountNo string, m Method, err error) {
	accounts = distinct(slices.Clone(accounts))
	for _, no := range accounts[:min(len(accounts), mostSuspects)] {
		snap, err := r.Snapshot(ctx, no)
		if err != nil {
			return "", "", fmt.Errorf("account of payment facts: %w", err)
		}
		switch {
		case !snap.AllTrue(facts, at, zone):
		case accountNo != "":
			return "", "", nil
		case snap.TwoTransactions(facts, at, zone):
			accountNo, m = no, MethodTwoTransactions
		default:
			accountNo, m = no, MethodPaymentFact
		}
	}
	return accountNo, m, nil
}
