package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

func exampleCase() evidence.Case {
	return evidence.Case{
		Number: "CD-000123", Account: "u1****78", Subject: `<script>alert("1")</script>`, Channel: "email",
		Intents: []string{"cancel_and_refund", "entry_complaint"}, ReceivedAt: start(), DecidedBy: "desk",
		Stopped: []evidence.Stop{
			{Kind: "biller", What: "sub-1", ConfirmedBy: "platform", ConfirmedAt: start().Add(time.Minute)},
			{Kind: "agreement", What: "agr-1", ConfirmedBy: "wechat", ConfirmedAt: start().Add(2 * time.Minute)},
		},
		LastDayOfUse: "2026-04-30", Refund: &evidence.SummaryRefund{AmountFen: 1505, State: "succeeded"},
		Facts: []evidence.Fact{{ZH: "规则版本", EN: "Rules", Value: "A-3"}},
		Timeline: []evidence.Event{
			{N: 1, At: start(), Type: "message.received", Actor: "customer"},
			{N: 2, At: start(), Type: "understanding", Actor: "desk", Data: map[string]any{"intents": []any{"cancel_and_refund"}}},
			{N: 3, At: start(), Type: "agreement.result", Actor: "desk", Data: map[string]any{"state": "done", "channel": "wechat"}},
			{N: 4, At: start(), Type: "refund.approved", Actor: "agent:amy", Data: map[string]any{"amount_fen": int64(1505), "ok": true}},
			{N: 5, At: start(), Type: "moon.landing", Actor: "key:3", Data: map[string]any{"<b>": `"><img src=x onerror=y>`}},
		},
	}
}

// text returns what a reader sees of a page, a space between elements.
func text(t *testing.T, page []byte) string {
	t.Helper()
	var out []string
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
		case html.TextToken:
			out = append(out, string(z.Text()))
		}
	}
}

func TestSummaryTellsTheWholeCase(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string][]string{
		"zh-CN": {
			"退订处理凭证 CD-000123", "账号（已脱敏） u1****78", "渠道 邮件", "诉求 退订并退款、入口投诉", "收到时间 2026年4月1日 09:30:00（UTC+08:00）",
			"决定人 服务台（按规则自动处理）", "计费方停止扣费 sub-1，由平台于2026年4月1日 09:31:00（UTC+08:00）确认", "代扣协议终止 agr-1，由微信支付于2026年4月1日 09:32:00",
			"最后可用日 2026-04-30", "退款 ¥15.05（成功）", "规则版本 A-3", "收到消息 · 客户 message.received", "诉求 退订并退款",
			"终止代扣协议：执行结果 · 服务台（按规则自动处理）", "状态 已完成", "渠道 微信支付", "退款：已批准 · 客服 amy", "金额 ¥15.05", "ok 是",
			"moon.landing · 平台接口 3 moon.landing",
		},
		"en": {
			"Record of a cancellation request CD-000123", "What was asked cancel and refund, complaint that the way to cancel is hidden",
			"Received at 1 April 2026, 09:30:00 (UTC+08:00)", "Decided by the desk, by rule",
			"Debit agreement ended agr-1, confirmed by WeChat Pay on 1 April 2026, 09:32:00 (UTC+08:00)", "Refund ¥15.05 (succeeded)", "Rules A-3",
			"A message was received · the customer", "Ending the debit agreement: result", "Refund: approved · agent amy", "moon.landing",
			`<script>alert("1")</script>`, `<b> "><img src=x onerror=y>`,
		},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			page := evidence.Summary(lang, exampleCase())
			seen := text(t, page)
			for _, w := range want {
				if !strings.Contains(seen, w) {
					t.Errorf("%q is not in:\n%s", w, seen)
				}
			}
			if !bytes.Contains(page, []byte(`<html lang="`+lang+`">`)) {
				t.Error("the page does not say its language")
			}
			if !bytes.Equal(page, evidence.Summary(lang, exampleCase())) {
				t.Error("two summaries of one case differ")
			}
		})
	}
}

// TestSummaryIsInert looks at the elements a browser would see.
func TestSummaryIsInert(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"zh", "en"} {
		for z := html.NewTokenizer(bytes.NewReader(evidence.Summary(lang, exampleCase()))); z.Next() != html.ErrorToken; {
			tok := z.Token()
			switch tok.Data {
			case "script", "img", "link", "iframe", "object", "b", "form", "a":
				if tok.Type != html.TextToken {
					t.Errorf("%s: page holds %s", lang, tok)
				}
			}
			for _, a := range tok.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" {
					t.Errorf("%s: page holds %s", lang, tok)
				}
			}
		}
	}
}

func TestSummaryOfAnOpenCasePromisesNothing(t *testing.T) {
	t.Parallel()
	c := evidence.Case{Number: "CD-000001", ReceivedAt: start()}
	zh, en := text(t, evidence.Summary("zh", c)), text(t, evidence.Summary("en", c))
	for _, want := range []string{"停止扣费 尚无已确认的停止", "退款 未产生退款", "最后可用日 无"} {
		if !strings.Contains(zh, want) {
			t.Errorf("%q is not in:\n%s", want, zh)
		}
	}
	if want := "Stopped Nothing is confirmed as stopped yet Last day of use none Refund No refund was decided"; !strings.Contains(en, want) {
		t.Errorf("%q is not in:\n%s", want, en)
	}
}

func TestSummaryShowsEveryKindOfValue(t *testing.T) {
	t.Parallel()
	c := evidence.Case{Timeline: []evidence.Event{{N: 1, At: start(), Type: "note", Actor: "system", Data: map[string]any{
		"a": nil, "b": false, "c": 3, "d": []string{"done", "x"}, "e": map[string]any{"k": int64(1)}, "f": 0.5,
		"channel": "chat", "intent": "clarify", "refund_fen": 250, "status": "solved",
	}}}}
	want := "Internal note · system note a none b no c 3 channel chat d done, x e {\"k\":1} f 0.5 main request to be clarified refund ¥2.50 state solved"
	if page := text(t, evidence.Summary("en", c)); !strings.Contains(page, want) {
		t.Errorf("%q is not in:\n%s", want, page)
	}
}

func TestSummaryWritesAmountsToTheFen(t *testing.T) {
	t.Parallel()
	for fen, want := range map[int64]string{0: "¥0.00", 7: "¥0.07", -7: "-¥0.07", 120: "¥1.20", math.MinInt64: "-¥92233720368547758.08"} {
		page := text(t, evidence.Summary("en", evidence.Case{Refund: &evidence.SummaryRefund{AmountFen: fen, State: "done"}}))
		if !strings.Contains(page, "Refund "+want+" (done)") {
			t.Errorf("%d fen is not shown as %s", fen, want)
		}
	}
}
