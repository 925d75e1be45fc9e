package intent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFacts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text string
		want Facts
	}{
		"phone_in_full_width_with_blanks":      {"手机１３８ ００１３ ８０００", Facts{Phone: "13800138000"}},
		"phone_with_country_code":              {"phone +86 138-0013-8000.", Facts{Phone: "13800138000"}},
		"phone_spoken_in_chinese":              {"手机号幺三八零零幺三八零零零", Facts{Phone: "13800138000"}},
		"phone_spoken_in_english":              {"my number is one three eight, double zero one three, eight triple zero", Facts{Phone: "13800138000"}},
		"a_number_to_call_back_is_not_his":     {"回电13800138000", Facts{}},
		"the_caller_number_stands_in":          {"来电13800138000", Facts{Phone: "13800138000"}},
		"the_registered_number_wins":           {"来电13800138000，注册手机13912345678", Facts{Phone: "13912345678"}},
		"an_account_that_is_a_phone_is_both":   {"账号13800138000", Facts{Account: "13800138000", Phone: "13800138000"}},
		"account_behind_a_label":               {"账号：blue_whale.07", Facts{Account: "blue_whale.07"}},
		"account_without_digits":               {"账号 daoxiangcun", Facts{Account: "daoxiangcun"}},
		"account_number":                       {"UID 10477392", Facts{Account: "10477392"}},
		"nickname_with_a_number":               {"ID 夜雨声烦007", Facts{Account: "夜雨声烦007"}},
		"email":                                {"注册邮箱 Wei.Chen@overseas.example。", Facts{Email: "Wei.Chen@overseas.example"}},
		"order_with_blanks":                    {"订单 8820 2503 3117 0046", Facts{OrderNo: "8820250331170046"}},
		"order_with_dashes":                    {"订单号：XH20260115-7782", Facts{OrderNo: "XH20260115-7782"}},
		"a_ticket_number_is_no_order":          {"工单号 GD20250402-0091", Facts{}},
		"a_wechat_transaction_is_no_order":     {"交易单号 4200002517202504025566778899", Facts{ChannelTxnID: "4200002517202504025566778899"}},
		"national_id":                          {"身份证 11010519491231002x", Facts{NationalID: "11010519491231002X"}},
		"national_id_spelled_apart":            {"身份证 110101 1990 0307 0003", Facts{NationalID: "110101199003070003"}},
		"a_wrong_check_digit_is_no_id":         {"身份证 110101194912310021", Facts{}},
		"card_tail":                            {"银行卡尾号6688", Facts{CardTail: "6688", PaymentMethod: "bank_card"}},
		"yuan_with_a_point":                    {"月卡19.9元", Facts{AmountFen: 1990, Period: "month"}},
		"yuan_and_mao":                         {"十九块九", Facts{AmountFen: 1990}},
		"chinese_numeral":                      {"一百九十八元", Facts{AmountFen: 19800}},
		"chinese_numeral_cut_short":            {"一百五块钱", Facts{AmountFen: 15000}},
		"currency_before":                      {"¥1,298.50", Facts{AmountFen: 129850}},
		"currency_in_letters":                  {"RMB 45", Facts{AmountFen: 4500}},
		"a_rough_sum_is_left_out":              {"大概四百多块", Facts{}},
		"a_total_is_left_out":                  {"一共54元", Facts{}},
		"price_of_a_period_without_a_currency": {"一个月30", Facts{AmountFen: 3000, Period: "month"}},
		"payment_method":                       {"支付宝", Facts{PaymentMethod: "alipay"}},
		"period_from_the_plan":                 {"季卡", Facts{Period: "quarter"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Understand(Message{Channel: "chat", Text: c.text}).Facts
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

func TestFacts_of_a_charge(t *testing.T) {
	t.Parallel()
	got := Understand(Message{Channel: "email", Subject: "误扣", Text: "2025年4月5日 微信扣款 ¥25.00，我三月就取消了，请退回。\n账号：mei_77 手机：13800138000"}).Facts
	want := Facts{
		Account: "mei_77", Phone: "13800138000", PaymentMethod: "wechat", AmountFen: 2500,
		Reason: "charged_unexpectedly", ChargedAt: "2025-04-05",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestFacts_reason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"太贵了，取消自动续费":         "too_expensive",
		"不玩了，取消自动续费":         "not_needed",
		"天天掉线，取消自动续费":        "poor_experience",
		"换到别家了，改用别的，取消自动续费":  "switched",
		"试用忘记取消了，被扣了30，退给我":  "forgot_trial",
		"取消自动续费":             "",
		"入口藏得太深了找不到在哪取消自动续费": "entry_hidden",
	} {
		if got := Understand(Message{Text: text}).Facts.Reason; got != want {
			t.Errorf("%q: reason %q, want %q", text, got, want)
		}
	}
}
