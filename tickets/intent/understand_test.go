package intent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnderstand holds the grammar by linguistic phenomenon: each case is the
// shortest sentence that shows it.
func TestUnderstand(t *testing.T) {
	t.Parallel()
	groups := map[string][]struct {
		text string
		want Intent
	}{
		"the_act_on_billing_is_a_stop": {
			{"关闭自动续费", StopAutoRenew},
			{"自动续费，帮我关一下", StopAutoRenew},
			{"把微信里的代扣协议解除了", StopAutoRenew},
			{"turn off auto-renew on my account", StopAutoRenew},
		},
		"a_bare_act_is_unclear": {
			{"取消服务", Clarify},
			{"TD", Clarify},
			{"注销账号", Clarify},
			{"暂停会员一个月", Clarify},
			{"pause or cancel, whichever is cheaper", Clarify},
		},
		"a_word_about_charging_settles_a_bare_act": {
			{"停了吧，别再扣钱", StopAutoRenew},
			{"注销账号，不要再扣费了", StopAutoRenew},
		},
		"negated_charging_is_a_stop": {
			{"下个月不续了", StopAutoRenew},
			{"唔好再扣我錢", StopAutoRenew},
			{"please make sure I'm not charged again", StopAutoRenew},
		},
		"a_negated_stop_is_none": {
			{"不要给我取消会员，我还在用", NotCancellation},
			{"please don't cancel my plan", NotCancellation},
		},
		"a_withdrawal_is_no_request": {
			{"取消刚才那条退订申请，我改主意了", NotCancellation},
			{"不用退了，我继续用", NotCancellation},
		},
		"a_hypothetical_stop_is_a_question_about_what_follows": {
			{"如果取消会员，积分会清零吗", AssetDisposal},
			{"If I cancel, do I lose my coins?", AssetDisposal},
		},
		"a_past_stop_and_a_charge_is_a_mistaken_charge": {
			{"上周已经关了自动续费，今天又扣了19.9", RefundMistakenCharge},
			{"客服跟我说已经停了，为啥今天又扣一笔", RefundMistakenCharge},
			{"You charged me again after I cancelled on the 3rd.", RefundMistakenCharge},
		},
		"a_charge_not_agreed_to_is_mistaken": {
			{"没经过我同意就扣了一年的钱", RefundMistakenCharge},
			{"一个月扣了我两次", RefundMistakenCharge},
			{"I never signed up and was charged 88 yuan", RefundMistakenCharge},
		},
		"stop_with_money_back": {
			{"取消会员，把没用完的钱原路退回", CancelAndRefund},
			{"昨天刚续的年费，我要退订并申请退款", CancelAndRefund},
			{"Cancel and refund the unused months of my annual plan.", CancelAndRefund},
		},
		"a_refund_declined_is_not_asked_for": {
			{"关掉自动续费，不用退款", StopAutoRenew},
			{"I do NOT want a refund. Just stop the monthly payment.", StopAutoRenew},
		},
		"the_way_to_cancel_is_the_complaint": {
			{"找遍了APP也没有取消的入口，你们是不是故意藏起来的", EntryComplaint},
			{"your cancel page just spins forever", EntryComplaint},
		},
		"asking_how_is_a_request": {
			{"怎么取消自动续费？", StopAutoRenew},
			{"how do I turn off autopay?", StopAutoRenew},
		},
		"a_question_after_a_request": {
			{"上周申请的退款怎么还没到", StatusInquiry},
			{"帮我看下自动续费关成功没有", StatusInquiry},
			{"when exactly will I be charged next?", StatusInquiry},
			{"did my cancellation go through?", StatusInquiry},
		},
		"other_objects_are_other_business": {
			{"别再给我发推广短信了，退订短信", NotCancellation},
			{"订单被取消了是怎么回事？", NotCancellation},
			{"充值没到账", NotCancellation},
			{"怎么开通自动续费", NotCancellation},
			{"I cancelled my gym, can I pay yearly with you instead?", NotCancellation},
		},
		"machines_and_advertisers": {
			{"专业代退订，误扣追回，不成功不收费，加微信咨询", NotCancellation},
			{"I am out of the office until Monday with limited access to email.", NotCancellation},
		},
		"spelling_script_and_disguise": {
			{"自动叙费帮我关掉", StopAutoRenew},
			{"關閉自動續費，謝謝", StopAutoRenew},
			{"自 动 续 费 关 掉", StopAutoRenew},
			{"ｔｕｒｎ　ｏｆｆ　ａｕｔｏ－ｒｅｎｅｗ", StopAutoRenew},
			{"唔該幫我停咗自動續費", StopAutoRenew},
			{"zidong xufei guandiao", StopAutoRenew},
		},
		"an_agent_offers_and_the_customer_decides": {
			{"客服：您是要退款吗？ 客户：不是，把自动续费关了就行。", StopAutoRenew},
			{"尊敬的客服：请关闭自动续费", StopAutoRenew},
		},
		"a_try_is_no_request": {
			{"点了取消就弹回主页，搞什么", EntryComplaint},
		},
		"an_ellipsis_refuses_what_was_announced": {
			{"My plan is set to renew on 12 August. I'd prefer that it didn't.", StopAutoRenew},
		},
		"mixed_languages": {
			{"double charge，请 refund 一笔", RefundMistakenCharge},
			{"cancel subscription 吧 以后唔再 renew", StopAutoRenew},
		},
	}
	for name, cases := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range cases {
				u := Understand(Message{Channel: "chat", Text: c.text})
				if u.Intent != c.want {
					t.Errorf("%q: got %v (%v), want %s", c.text, u.Intents, u.Why, c.want)
				}
			}
		})
	}
}

func TestUnderstand_gives_all_intents_and_a_reason(t *testing.T) {
	t.Parallel()
	got := Understand(Message{Text: "请关闭自动续费，上周已经取消过一次，今天又扣了19.9，退给我，不然我打12315"})
	got.Facts = Facts{}
	want := Understanding{
		Intent:     RefundMistakenCharge,
		Intents:    []Intent{RefundMistakenCharge, CancelAndRefund, StopAutoRenew},
		Flags:      []Flag{Regulator},
		Confidence: 0.95,
		Why: []string{
			"已经取消 → cancelled earlier", "又扣 → charged again", "退给我 → asks for money back",
			"关闭自动续费 → stop, object: billing",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("understanding (-want +got):\n%s", diff)
	}
}

func TestUnderstand_is_sure_only_of_a_clear_act_on_a_clear_object(t *testing.T) {
	t.Parallel()
	for text, sure := range map[string]bool{
		"关闭自动续费":   true,
		"取消会员":     false,
		"停了吧":      false,
		"扣了我60块":   false,
		"今天天气真不错啊": false,
	} {
		if u := Understand(Message{Text: text}); (u.Confidence > 0.8) != sure {
			t.Errorf("%q: confidence %.2f, sure should be %v", text, u.Confidence, sure)
		}
	}
}

func TestUnderstand_raises_flags(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Flag{
		"不退我就打12315，找律师起诉":                         {Regulator, Legal},
		"孩子偷偷开的会员，退款":                              {Minor},
		"我母亲住院了，会员取消吧":                             {Vulnerable},
		"转人工，我要取消自动续费":                             {HumanRequested},
		"Let me talk to a supervisor or I sue you": {Legal, HumanRequested},
		"关闭自动续费":                                   nil,
	} {
		if diff := cmp.Diff(want, Understand(Message{Text: text}).Flags); diff != "" {
			t.Errorf("%q: flags (-want +got):\n%s", text, diff)
		}
	}
}

func TestUnderstand_knows_what_only_continues_a_conversation(t *testing.T) {
	t.Parallel()
	type talk struct{ Withdraws, Thanks, Affirms, Denies bool }
	for text, want := range map[string]talk{
		"谢谢":               {Thanks: true},
		"好的，谢谢您":           {Affirms: true},
		"thanks a lot!":    {Thanks: true},
		"是的":               {Affirms: true},
		"yes, please do":   {Affirms: true},
		"不是":               {Denies: true},
		"no, it wasn't me": {Denies: true, Withdraws: true},
		"谢谢，帮我关闭自动续费":      {},
		"是吗？":              {},
		"不要给我取消了，我改主意了": {Withdraws: true},
		"确认取消自动续费":      {},
	} {
		u := Understand(Message{Text: text})
		got := talk{u.Withdraws, u.Thanks, u.Affirms, u.Denies}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestUnderstand_leaves_out_quoted_mail_and_signatures(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text string
		want Intent
	}{
		"quoted_lines":             {"谢谢，我再想想。\n> 请取消自动续费\n> 并退款", NotCancellation},
		"outlook_history":          {"请关闭自动续费\n-----原始邮件-----\n发件人：客服\n退款进度已更新，请查收", StopAutoRenew},
		"answer_below_a_quotation": {"On Mon, 3 Feb, Care wrote:\n> Your refund is in progress\nplease turn off auto-renew", StopAutoRenew},
		"signature":                {"请关闭自动续费\n-- \n王五 订单客服 13800138000", StopAutoRenew},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := Understand(Message{Channel: "email", Text: c.text})
			if u.Intent != c.want || u.Facts.Phone != "" {
				t.Errorf("got %s with phone %q, want %s and no phone (%v)", u.Intent, u.Facts.Phone, c.want, u.Why)
			}
		})
	}
}
