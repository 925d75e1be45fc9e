package intent

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// letter is about 200 characters, as customers write.
const letter = "您好，我的账号是 blue_whale_07，手机号138 0013 8000。上个月我已经在支付宝里关闭了连续包月的自动续费，" +
	"页面也显示成功，结果4月5日又扣了我25元，订单号 CW20250401118823。我从来没有同意过继续扣款，请你们尽快核实，" +
	"把这笔钱原路退回来，并且保证以后不要再自动扣费了，否则我会向12315投诉。会员里剩下的积分如果会清零也请提前告诉我一声，谢谢！" +
	"Please also confirm by e-mail that the subscription is off."

func BenchmarkUnderstand(b *testing.B) {
	m := Message{Channel: "chat", Text: string([]rune(letter)[:200])}
	Understand(m)
	b.ReportAllocs()
	for b.Loop() {
		Understand(m)
	}
}

// TestUnderstand_takes_time_in_proportion_to_the_text runs texts that are a
// hundred times longer and of one clause, one word or one number, which a
// quadratic rule would not finish.
func TestUnderstand_takes_time_in_proportion_to_the_text(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"取消", "自动续费关闭退款扣", "账号1", "1 2-", "一二三", "a@", "扣了3元 ", "cancel my plan ", "？", "客服：", "one two ", "如果", "1,234.5"} {
		u := Understand(Message{Text: strings.Repeat(unit, 400_000/len(unit))})
		if u.Intent == "" {
			t.Errorf("%q repeated gave no intent", unit)
		}
	}
}

func FuzzUnderstand(f *testing.F) {
	for _, s := range []string{letter, "", "\xff\xfe", "自 动 续 费", "¥", "账号：", "1 3 8 0 0 1 3 8 0 0 0", "@", "On x wrote:\n> a", "一百", "2025年", "️⃣"} {
		f.Add("退款", s)
	}
	f.Fuzz(func(t *testing.T, subject, text string) {
		m := Message{Channel: "email", Subject: subject, Text: text}
		u := Understand(m)
		if len(u.Intents) == 0 || u.Intents[0] != u.Intent {
			t.Fatalf("intents %v do not begin with %q", u.Intents, u.Intent)
		}
		if u.Confidence < 0 || u.Confidence > 1 {
			t.Fatalf("confidence %v", u.Confidence)
		}
		for k, v := range u.Facts.stated() {
			if !utf8.ValidString(v) {
				t.Fatalf("fact %s is not valid UTF-8: %q", k, v)
			}
		}
		for _, w := range u.Why {
			if !utf8.ValidString(w) {
				t.Fatalf("why is not valid UTF-8: %q", w)
			}
		}
		if again := Understand(m); again.Intent != u.Intent || again.Facts != u.Facts {
			t.Fatalf("the same text was read in two ways: %+v, %+v", u, again)
		}
	})
}
