package web_test

import (
	"context"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// member stores an account with a yearly and a monthly membership.
func (h *house) member(t testing.TB) {
	t.Helper()
	now := h.clock.now()
	day, charge, signed := 24*time.Hour, now.Add(40*time.Hour), now.Add(-300*24*time.Hour)
	for _, row := range []any{
		&account.Account{No: "A-1001", Name: "李雷", Phone: "13800001234", Email: "li@example.com", Locale: "zh-CN", SyncedAt: &now},
		&account.Subscription{
			ID: "S-1", AccountNo: "A-1001", Plan: "黄金会员", Cycle: account.Year, PriceFen: 19800, AutoRenew: true,
			PeriodStart: "2025-03-07", PeriodEnd: "2026-03-07", NextChargeAt: &charge,
		},
		&account.Subscription{ID: "S-2", AccountNo: "A-1001", Plan: "加速包", Cycle: account.Month, PriceFen: 1500, AutoRenew: true},
		&account.Agreement{
			ID: "G-1", AccountNo: "A-1001", Channel: account.WeChat, ChannelRef: "wx-1", Payer: "p-1", SignedAt: &signed,
			State: account.AgreementActive, SubscriptionIDs: []string{"S-1"},
		},
		&account.Charge{
			ID: "C-1", AccountNo: "A-1001", SubscriptionID: "S-1", AgreementID: "G-1", AmountFen: 19800, Currency: "CNY",
			ChargedAt: now.Add(-60 * day), PeriodStart: "2026-01-04", PeriodEnd: "2027-01-04", Channel: account.WeChat, Payer: "p-1",
			State: account.ChargePaid,
		},
		&account.AssetLot{ID: "L-1", AccountNo: "A-1001", Kind: account.AssetCoins, Source: account.Paid, Quantity: 300, ValueFen: 3000},
	} {
		if err := h.db.Conn().WithContext(t.Context()).Create(row).Error; err != nil {
			t.Fatal(err)
		}
	}
}

// refundCase is a ticket that has come as far as a refund that waits for approval. It returns the
// ticket's id and the hash of its quote.
func (h *house) refundCase(t *testing.T, amount int64, proposer string) (id int64, hash string) {
	t.Helper()
	h.member(t)
	id = h.mail(t, func(tk *tickets.Ticket, m *tickets.Message) {
		tk.AccountNo, tk.SubscriptionIDs, tk.Status, tk.Reason = "A-1001", []string{"S-1"}, tickets.OnHold, "approval"
		tk.Intent, tk.Subject = intent.CancelAndRefund, "取消会员并退款：年费太贵了"
		tk.Intents, tk.Flags = []intent.Intent{intent.CancelAndRefund}, []intent.Flag{intent.Regulator}
		tk.Facts = intent.Facts{Account: "A-1001", AmountFen: 19800, PaymentMethod: "wechat", Reason: "too_expensive"}
		m.Attachments = []tickets.Attachment{{Name: "账单截图.png", Type: "text/html", Bytes: 20480}, {Name: "picture.png", Type: "image/png", Bytes: 12}}
		m.HTML = "<p>请帮我<b>关闭</b>会员的自动续费</p>"
		m.Text = "你好，\n\n我的黄金会员每年自动扣 198 元，请马上关闭自动续费，并把没用完的部分退给我。不处理我就打 12315。\n\n李雷"
	})
	now := h.clock.now()
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) (err error) {
		ctx := t.Context()
		run := tickets.Run{TicketID: id, Mode: account.Now, SubscriptionIDs: []string{"S-1"}, StartedAt: now.Add(-30 * time.Minute)}
		began, ended := now.Add(-30*time.Minute), now.Add(-29*time.Minute)
		steps := tickets.Steps{}
		for _, s := range []struct {
			name   tickets.StepName
			state  tickets.StepState
			reason string
		}{
			{tickets.Identify, tickets.Succeeded, ""},
			{tickets.Verify, tickets.Succeeded, "registered_address"},
			{tickets.Cancel, tickets.Unknown, "waiting_for_agreement.terminate"},
			{tickets.QuoteIt, tickets.Succeeded, ""},
			{tickets.RefundIt, tickets.NeedsApproval, "approval"},
			{tickets.Assets, tickets.Succeeded, "kept"},
			{tickets.Evidence, tickets.Todo, ""},
			{tickets.Notify, tickets.Todo, ""},
		} {
			step := tickets.Step{Name: s.name, State: s.state, Reason: s.reason, By: "desk"}
			if s.state != tickets.Todo {
				step.StartedAt = &began
			}
			if s.state.Done() {
				step.EndedAt = &ended
			}
			steps = append(steps, step)
		}
		if err := tx.InsertRun(ctx, &run, steps); err != nil {
			return err
		}
		for _, e := range []tickets.Effect{
			{Key: "stop/CD-000001/S-1/period_end", Kind: tickets.StopDebits, Target: "S-1", State: tickets.EffectDone, SettledAt: &ended},
			{Key: "end/CD-000001/G-1", Kind: tickets.EndAgreement, Target: "G-1", State: tickets.EffectUnknown, Attempts: 3, Detail: "timeout"},
		} {
			e.TicketID, e.RunID, e.At = id, run.ID, began
			if err := tx.SaveEffect(ctx, e); err != nil {
				return err
			}
		}
		if hash, err = quoteHash(ctx, tx, id, now, h.desk.Settings().QuoteRules()); err != nil {
			return err
		}
		q := tickets.SavedQuote{TicketID: id, RunID: run.ID, Hash: hash, At: began, Body: account.Quote{
			Mode: account.Now, AsOf: "2026-03-05", RuleVersion: "1/A", Hash: hash, ExpiresAt: now.Add(7 * 24 * time.Hour), Currency: "CNY",
			RefundFen: amount, LastDayOfUse: "2026-03-05", SubscriptionIDs: []string{"S-1"},
			Lines: []account.QuoteLine{{
				ChargeID: "C-1", SubscriptionID: "S-1", ChargedAt: now.Add(-60 * 24 * time.Hour), PeriodStart: "2026-01-04", PeriodEnd: "2027-01-04",
				Currency: "CNY", Ground: account.UnusedTime, PaidFen: 19800, Days: 365, UnusedDays: 304, RefundFen: amount,
				ArithmeticZH: "19800 × 304/365 = 16490.95… → 16491 分，向上取整（规则 A）", ArithmeticEN: "19800 × 304/365 = 16490.95… → 16491 fen, rounded up (policy A)",
			}},
			NotKnown: []string{"charge_period:C-0"},
		}}
		if err := tx.InsertQuote(ctx, &q); err != nil {
			return err
		}
		v := tickets.Verification{TicketID: id, MessageID: 1, Level: 1, Method: "registered_address", At: began, ExpiresAt: began.Add(tickets.VerificationLife)}
		if err := tx.InsertVerification(ctx, &v); err != nil {
			return err
		}
		r := account.Refund{
			ID: "R-1", ChargeID: "C-1", AccountNo: "A-1001", TicketID: id, AmountFen: amount, State: account.RefundProposed, Key: "refund/1",
			Reason: string(account.UnusedTime), QuoteHash: hash, Proposer: proposer, At: now,
		}
		if err := tx.InsertRefund(ctx, &r); err != nil {
			return err
		}
		o := tickets.Outgoing{
			TicketID: id, Key: "CD-000001/receipt/1", Channel: tickets.ByMail, Tell: tickets.TellReceipt, Recipient: "li@example.com", MailID: "o1@desk.example",
			Raw: []byte("Subject: receipt\r\n\r\nhello\r\n"), Auto: true, State: tickets.OutgoingSent, Attempts: 1, At: now.Add(-20 * time.Minute), SentAt: &now,
		}
		if err := tx.InsertOutgoing(ctx, &o); err != nil {
			return err
		}
		return tx.Append(ctx, now, tickets.Record{Stream: tickets.Number(id), Type: tickets.EventQuote, Actor: "desk"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id, hash
}

// quoteHash is the hash that the case's quote has as things stand, so that what was proposed by it still holds.
func quoteHash(ctx context.Context, tx tickets.Tx, id int64, now time.Time, r account.QuoteRules) (string, error) {
	ticket, err := tx.Ticket(ctx, id)
	if err != nil {
		return "", err
	}
	messages, err := tx.Messages(ctx, id)
	if err != nil {
		return "", err
	}
	snap, err := tx.Snapshot(ctx, ticket.AccountNo)
	if err != nil {
		return "", err
	}
	q, err := tickets.QuoteOf(snap, ticket, messages, nil, account.Now, now, r)
	return q.Hash, err
}
