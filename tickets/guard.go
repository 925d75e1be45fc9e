package tickets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TakenCharge is what became of one charge that was reported.
type TakenCharge struct {
	ID      string // the charge's
	Created bool
	Guard   string // number of the ticket that was opened because the charge should not be; "" none was
	Err     error  // why it was not taken in
}

// TakeCharges takes in charges in one transaction, each by itself: one that can't be taken in keeps no
// other out. A charge for a subscription that this desk has stopped opens one guard ticket.
func (d *Desk) TakeCharges(ctx context.Context, charges []account.Charge) ([]TakenCharge, error) {
	var out []TakenCharge
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) error {
		out = make([]TakenCharge, len(charges))
		var accounts []string
		for i, c := range charges {
			created, err := tx.PutCharge(ctx, c)
			var wrong *Error
			if err != nil && !errors.As(err, &wrong) {
				return err
			}
			out[i] = TakenCharge{ID: c.ID, Created: created, Err: err}
			if err == nil && !slices.Contains(accounts, c.AccountNo) {
				accounts = append(accounts, c.AccountNo)
			}
		}
		for _, no := range accounts {
			opened, err := d.guard(ctx, tx, no, at)
			if err != nil {
				return err
			}
			for i := range out {
				out[i].Guard = opened[out[i].ID]
			}
		}
		return nil
	})
	return out, err
}

// Guard opens a ticket for each charge of an account that should not be and has none yet. It returns
// their numbers by charge.
func (d *Desk) Guard(ctx context.Context, accountNo string) (map[string]string, error) {
	var opened map[string]string
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) (err error) {
		opened, err = d.guard(ctx, tx, accountNo, at)
		return err
	})
	return opened, err
}

func (d *Desk) guard(ctx context.Context, tx Tx, accountNo string, at time.Time) (map[string]string, error) {
	snap, err := tx.Snapshot(ctx, accountNo)
	if err != nil {
		return nil, err
	}
	opened := map[string]string{}
	for _, u := range unwanted(snap, d.settings.Zone) {
		known, err := tx.Guarded(ctx, u.charge.ID)
		if err != nil {
			return nil, err
		}
		if known {
			continue
		}
		t, err := d.openGuard(ctx, tx, snap, u, at)
		if err != nil {
			return nil, err
		}
		opened[u.charge.ID] = t.Number()
	}
	return opened, nil
}

// unwantedCharge is a charge that nothing is owed for, and why.
type unwantedCharge struct {
	charge account.Charge
	ground account.Ground
}

// unwanted are the paid charges that nothing is owed for because this desk has stopped their subscription,
// oldest first, of which anything is left to return.
func unwanted(s account.Snapshot, zone *time.Location) []unwantedCharge {
	stopped := func(x account.Subscription) bool { return x.StoppedAt != nil }
	if !slices.ContainsFunc(s.Subscriptions, stopped) {
		return nil
	}
	var out []unwantedCharge
	for _, f := range account.OwnFaults(s, zone) {
		i := slices.IndexFunc(s.Charges, func(c account.Charge) bool { return c.ID == f.ChargeID })
		if sub, ok := s.Subscription(s.Charges[i].SubscriptionID); ok && stopped(sub) && f.Ground.BeyondStop() {
			out = append(out, unwantedCharge{s.Charges[i], f.Ground})
		}
	}
	slices.Reverse(out)
	return out
}

// GuardID is what the message of a guard ticket is known by, so that a charge opens one and no second.
func GuardID(chargeID string) string { return "guard/" + chargeID }

// openGuard opens the case of a charge that should not be, linked to the one that stopped it.
func (d *Desk) openGuard(ctx context.Context, tx Tx, s account.Snapshot, u unwantedCharge, at time.Time) (Ticket, error) {
	c := u.charge
	before, err := tx.StoppedBy(ctx, c.SubscriptionID)
	if err != nil && !errors.Is(err, NotFound) {
		return Ticket{}, err
	}
	sub, _ := s.Subscription(c.SubscriptionID)
	asks := []intent.Intent{intent.RefundMistakenCharge}
	locale := s.Account.Locale
	if locale == "" {
		locale = d.settings.Locale
	}
	subject, text := guardWords(locale, before, sub, u, d.settings.Zone)
	m := Message{
		Direction: Inbound, Channel: Guard, At: at, Sender: string(DeskActor), Subject: subject, Text: text, Kind: "message",
		Asks: asks, ExternalID: GuardID(c.ID),
	}
	t := d.newTicket(m, intent.Understanding{
		Intent: asks[0], Intents: asks, Confidence: 1, Why: []string{"nothing is owed for a charge, because its subscription was stopped"},
		Facts: intent.Facts{OrderNo: c.OrderNo, ChannelTxnID: c.ChannelTxnID, AmountFen: c.AmountFen},
	}, at)
	t.Requester, t.Locale, t.Urgent = s.Account.Email, locale, true
	t.AccountNo, t.SubscriptionIDs = s.Account.No, []string{c.SubscriptionID}
	if err := tx.InsertTicket(ctx, &t); err != nil {
		return t, err
	}
	m.TicketID = t.ID
	if err := tx.InsertMessage(ctx, &m); err != nil {
		return t, err
	}
	records := []Record{{
		Stream: t.Number(), Type: EventReceived, Actor: string(DeskActor),
		Data: map[string]any{
			"how": "opened", "outcome": string(OutcomeTicket), "channel": string(Guard), "received_at": at.Format(time.RFC3339),
			"message": m.ID, "intents": texts(asks), "charge": c.ID, "subscription": c.SubscriptionID,
		},
		Private: map[string][]byte{"text": []byte(text)},
	}}
	if before != 0 {
		if err := tx.InsertLink(ctx, Link{FromID: t.ID, ToID: before, Kind: "follows", At: at}); err != nil {
			return t, err
		}
		records = append(records, Record{
			Stream: t.Number(), Type: EventLinked, Actor: string(DeskActor),
			Data: map[string]any{"to": Number(before), "kind": "follows", "why": string(u.ground)},
		})
	}
	for _, r := range records {
		if err := tx.Append(ctx, at, r); err != nil {
			return t, err
		}
	}
	return t, tx.Enqueue(ctx, runJob(t, at))
}

// guardWords say what was seen, in the account's language.
func guardWords(locale string, before int64, sub account.Subscription, u unwantedCharge, zone *time.Location) (subject, text string) {
	day := func(t time.Time) string { return t.In(zone).Format(time.DateOnly) }
	c := u.charge
	debited, stopped, sum := day(c.ChargedAt), day(*sub.StoppedAt), account.Yuan(c.AmountFen)
	if locale == "en" {
		subject = "Charged after the stop: "
		text = fmt.Sprintf("%s %s was debited on %s for subscription %s, whose debits were stopped on %s.", sum, c.Currency, debited, c.SubscriptionID, stopped)
		switch u.ground {
		case account.PaidAhead:
			subject = "Debited before the stop for a cycle after it: "
			text += fmt.Sprintf(" The charge is for the cycle from %s, which never began.", c.PeriodStart)
		case account.OnItsWay:
			subject = "On its way at the stop: "
			text += " The biller had named it as on its way when it confirmed the stop."
		}
		if before != 0 {
			text += " It was stopped in " + Number(before) + "."
		}
		return subject + c.SubscriptionID, text
	}
	switch u.ground {
	case account.PaidAhead:
		subject = "停止前已扣未开始的周期："
		text = fmt.Sprintf("订阅 %s 已于 %s 停止扣费。停止之前，%s 已为 %s 起的周期扣款 %s（%s），该周期没有开始。",
			c.SubscriptionID, stopped, debited, c.PeriodStart, sum, c.Currency)
	case account.OnItsWay:
		subject = "停止时已在途的扣款："
		text = fmt.Sprintf("订阅 %s 已于 %s 停止扣费。%s 的扣款 %s（%s）当时已在途，计费方确认停止时已告知。",
			c.SubscriptionID, stopped, debited, sum, c.Currency)
	default:
		subject = "停止后仍被扣款："
		text = fmt.Sprintf("订阅 %s 已于 %s 停止扣费，%s 仍被扣款 %s（%s）。", c.SubscriptionID, stopped, debited, sum, c.Currency)
	}
	if before != 0 {
		text += "停止扣费的工单：" + Number(before) + "。"
	}
	return subject + c.SubscriptionID, text
}
