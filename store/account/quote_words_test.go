package account_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
)

func TestArithmeticCanBeFollowed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		charge  account.Charge
		refunds []account.Refund
		day     account.Date
		policy  account.Policy
		stop    account.Date // the last day of use of a stop, "" while it runs
		zh, en  string
	}{
		{
			name: "rounded up", charge: charge("c", 1990, "2026-01-31", "2026-02-28"), day: "2026-02-10", policy: account.PolicyA,
			zh: "1990 × 18/28 = 1279.28… → 1280 分，向上取整（规则 A）",
			en: "1990 × 18/28 = 1279.28… → 1280 fen, rounded up (policy A)",
		},
		{
			name: "half up", charge: charge("c", 25, "2026-06-01", "2026-07-01"), day: "2026-06-27", policy: account.PolicyB,
			zh: "25 × 3/30 = 2.50 → 3 分，四舍五入（规则 B）",
			en: "25 × 3/30 = 2.50 → 3 fen, rounded half up (policy B)",
		},
		{
			name:   "capped",
			charge: with(charge("c", 3000, "2026-06-01", "2026-07-01"), func(c *account.Charge) { c.RefundedFen, c.ConsumedFen = 1500, 300 }),
			day:    "2026-06-15", policy: account.PolicyA,
			zh: "3000 × 16/30 = 1600 分（规则 A）；以可退余额为限：3000 − 已退 1500 − 已消费 300；应退 1200 分",
			en: "3000 × 16/30 = 1600 fen (policy A); capped at what is left: 3000 − 1500 refunded − 300 consumed; 1200 fen come back",
		},
		{
			name: "partly sent before", charge: charge("c", 3000, "2026-06-01", "2026-07-01"), day: "2026-06-15", policy: account.PolicyA,
			refunds: []account.Refund{{ChargeID: "c", AmountFen: 1000, State: account.RefundProcessing}},
			zh:      "3000 × 16/30 = 1600 分（规则 A）；其中 1000 分已退或正在退；应退 600 分",
			en:      "3000 × 16/30 = 1600 fen (policy A); 1000 fen of it were sent before; 600 fen come back",
		},
		{
			name: "another cycle's fault returned in excess", policy: account.PolicyA, day: "2026-06-15",
			charge: charge("c", 3000, "2026-06-01", "2026-07-01"), stop: "2026-05-31",
			refunds: []account.Refund{{ChargeID: "c", AmountFen: 3100, State: account.RefundSucceeded, Elsewhere: true}},
			zh:      "max(0, 3000 − 3100) = 0 分：关闭之前已扣、关闭时尚未开始的周期，余额全部退回",
			en:      "max(0, 3000 − 3100) = 0 fen: debited before the stop for a cycle that had not begun, so all that is left comes back",
		},
		{
			name: "a charge after the stop", policy: account.PolicyA, day: "2026-06-15", stop: "2026-05-31",
			charge: with(charge("c", 3000, "2026-06-01", "2026-07-01"), debitedAt(local(6, 15, 11))),
			zh:     "3000 − 0 = 3000 分：关闭之后不应再扣款，余额全部退回",
			en:     "3000 − 0 = 3000 fen: charged after the stop, so all that is left comes back",
		},
		{
			name: "access that ended before its period and was spent", policy: account.PolicyA, day: "2026-06-10",
			charge: with(charge("c", 3000, "2026-06-01", "2026-07-01"), func(c *account.Charge) { c.ConsumedFen = 3000 }), stop: "2026-06-14",
			zh: "0 分：可继续使用至 2026-06-14（含当日）",
			en: "0 fen: it is used until 2026-06-14 inclusive",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sub := account.Subscription{ID: "sub-1"}
			if tt.stop != "" {
				sub = stopped(tt.stop, "", "")
			}
			s := account.Snapshot{
				Subscriptions: []account.Subscription{sub},
				Charges:       []account.Charge{tt.charge}, Refunds: tt.refunds,
			}
			at := tt.day.In(shanghai())
			q, err := account.MakeQuote(s, []string{"sub-1"}, account.Now, at, at, rules(tt.policy))
			if err != nil || len(q.Lines) != 1 {
				t.Fatalf("%d lines: %v", len(q.Lines), err)
			}
			if diff := cmp.Diff([]string{tt.zh, tt.en}, []string{q.Lines[0].ArithmeticZH, q.Lines[0].ArithmeticEN}); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestNotKnownHasWordsForEveryCode(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"subscription_period", "renewal", "charge_period", "pending_charge", "currency", "external_refund", "refund_window",
	} {
		zh, en := account.NotKnownText(code + ":x-1")
		if zh == en || zh == code+":x-1" || en == code+":x-1" {
			t.Errorf("%s has no words: %q, %q", code, zh, en)
		}
	}
	if zh, en := account.NotKnownText("comet:x-1"); zh != "comet:x-1" || en != "comet:x-1" {
		t.Errorf("an unknown item is hidden: %q, %q", zh, en)
	}
}
