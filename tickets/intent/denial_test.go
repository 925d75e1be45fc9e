package intent

import (
	"slices"
	"testing"
)

// denyings are said by somebody whose plan was ended, or is about to be, without his asking.
var denyings = []string{
	"I did not ask to cancel my subscription.", "有人冒充我申请退订", "为什么说要关闭自动续费？",
	"你们收到的取消自动续费的邮件不是我发的", "我没有申请退订", "不是我本人操作", "This was not me",
	"I never requested this cancellation", "who cancelled my membership? I did not",
	"別人冒用我的信箱要求退訂", "why did you turn off my auto-renew?", "我的会员怎么被取消了，不是我操作的",

	"我从来没申请过取消会员", "我没让你们关闭自动续费啊", "没有要求退订，请核实", "退订我没有申请过",
	"這封退訂信不是我寄的", "我沒有申請退訂，請不要取消", "取消自动续费不是我申请的", "有人用我的名义给你们发邮件要求取消会员",
	"有人盗用我的邮箱申请退款", "是谁取消了我的会员？", "谁让你们关掉我的自动续费的", "凭什么把我的会员停了",
	"为什么取消我的自动续费？我没申请", "收到短信说已经取消自动续费，不是本人操作", "这个退订申请跟我没关系，我不知情",
	"并非本人申请解约，请恢复", "我没提过要取消会员，你们搞错了", "点解無啦啦停咗我個自動續費", "本人从未提交过退订申请",
	"请问是谁帮我办的退订？我没有", "我根本没发过退订邮件给你们", "有人偽造我的郵件申請解約",
	"This cancellation wasn't requested by me", "You stopped my auto-renewal without my asking",
	"怎么把我的自动续费给关了",
	"我没有叫你们停会员", "这不是我弄的",

	"I never asked you to cancel anything.", "I didn't request a cancellation, please keep my plan active",
	"Somebody is impersonating me and asking you to cancel my membership", "That email asking to cancel was not sent by me",
	"Why was my subscription cancelled?", "Who told you to turn off auto-renew?", "I have not asked for my plan to be cancelled",
	"Someone hacked my email and requested a refund", "I did not authorise the cancellation of my membership",
	"Nobody in my family asked to stop the auto-renewal", "The cancellation request did not come from me",
	"I didn't ask you to stop or cancel anything", "why have you cancelled my premium membership",
	"Someone else sent that cancellation request, it was not me", "I don't remember asking to cancel my plan",
	"I did not tell you to end my subscription", "Wait, who asked you to cancel my auto-renewal?",
}

func TestUnderstand_takes_no_denial_for_a_request(t *testing.T) {
	t.Parallel()
	for _, text := range denyings {
		u := Understand(Message{Channel: "email", Text: text})
		if u.Intent != Clarify || len(u.Intents) != 1 || u.Confidence > 0.5 || !u.Withdraws || !slices.ContainsFunc(u.Why, saysDenied) {
			t.Errorf("%q: got %v at %.2f, withdraws %v (%v)", text, u.Intents, u.Confidence, u.Withdraws, u.Why)
		}
	}
}

func saysDenied(why string) bool {
	const words = " → denies having asked"
	return len(why) > len(words) && why[len(why)-len(words):] == words
}

func TestUnderstand_hears_a_denial_under_a_repeated_subject(t *testing.T) {
	t.Parallel()
	for subject, text := range map[string]string{
		"Re: 请取消自动续费":                     "我没有申请退订，有人冒充我。",
		"回复：关闭自动续费":                       "不是我本人操作。",
		"RE: Cancel my membership please": "I never asked for this.",
		"Re: We turned off auto-renew":    "Why did you turn it off? It wasn't me.",
	} {
		if u := Understand(Message{Channel: "email", Subject: subject, Text: text}); u.Intent != Clarify || !u.Withdraws {
			t.Errorf("%q, %q: got %v, withdraws %v (%v)", subject, text, u.Intents, u.Withdraws, u.Why)
		}
	}
}

// TestUnderstand_still_hears_requests_that_deny_something_else: what was not asked for is the contract,
// the charge or a refund, and the end is wanted.
func TestUnderstand_still_hears_requests_that_deny_something_else(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Intent{
		"我没有申请开通，请关闭自动续费":                                                  StopAutoRenew,
		"I did not ask for auto-renewal, please cancel it":                 StopAutoRenew,
		"不是我本人操作开通的，退钱":                                                    CancelAndRefund,
		"I never authorised this charge":                                   RefundMistakenCharge,
		"我没有申请自动续费请取消":                                                     StopAutoRenew,
		"自动续费不是我开的，关掉":                                                     StopAutoRenew,
		"有人冒用我的身份开通会员，请取消并退款":                                              CancelAndRefund,
		"我没同意自动续费，你们扣了25，退给我":                                              RefundMistakenCharge,
		"我没有要求退款，只要关闭自动续费":                                                 StopAutoRenew,
		"请取消我没有申请过的自动续费":                                                   StopAutoRenew,
		"我还没申请退订，请帮我关闭自动续费":                                                StopAutoRenew,
		"没申请成功退订，麻烦你们帮我关闭自动续费":                                             StopAutoRenew,
		"为什么取消了自动续费还扣钱？":                                                   RefundMistakenCharge,
		"为什么关不掉自动续费":                                                       EntryComplaint,
		"怎么关闭自动续费":                                                         StopAutoRenew,
		"谁能帮我关闭自动续费":                                                       StopAutoRenew,
		"不是我要买的，关闭自动续费":                                                    StopAutoRenew,
		"沒有授權自動續費，請立即關閉":                                                   RefundMistakenCharge,
		"我从没申请过会员，今天被扣了30块":                                                RefundMistakenCharge,
		"孩子冒用我的手机开了会员，我要退订":                                                StopAutoRenew,
		"扣款不是我本人操作，请退款":                                                    RefundMistakenCharge,
		"我没要续费，取消自动续费":                                                     StopAutoRenew,
		"I never asked for this membership, cancel my subscription":        StopAutoRenew,
		"I did not sign up for this. Please turn off auto-renew.":          StopAutoRenew,
		"Please cancel the subscription I never asked for":                 StopAutoRenew,
		"I didn't ask for a refund, just turn off auto-renew":              StopAutoRenew,
		"Somebody used my card in my name to subscribe, cancel auto-renew": StopAutoRenew,
		"who can cancel my subscription for me?":                           StopAutoRenew,
		"为什么要打电话才能取消自动续费？":                                                 EntryComplaint,
		"谁给我开的自动续费，取消掉":                                                    StopAutoRenew,
		"who do I contact to cancel my auto-renewal?":                      StopAutoRenew,
		"Why do you still charge me? I cancelled last month.":              RefundMistakenCharge,
		"I did not want the renewal, please cancel auto-renew":             StopAutoRenew,
		"This charge wasn't me, I was charged 30 yuan":                     RefundMistakenCharge,
		"I never agreed to auto-renew. Cancel the auto-renewal now.":       StopAutoRenew,
		"I am writing on my own behalf to cancel my auto-renewal":          StopAutoRenew,
		"My wife asked me to cancel on my behalf: turn off auto-renew":     StopAutoRenew,
	} {
		u := Understand(Message{Channel: "email", Text: text})
		if u.Intent != want || u.Withdraws {
			t.Errorf("%q: got %v, withdraws %v (%v), want %s", text, u.Intents, u.Withdraws, u.Why, want)
		}
	}
}

func TestParseLine_takes_a_blank_mail_for_a_message(t *testing.T) {
	t.Parallel()
	for data, valid := range map[string]bool{
		`{"id":"a","text":""}`:              true,
		`{"id":"a","subject":"","text":""}`: true,
		`{"id":"a","subject":"退订"}`:         true,
		`{"id":"a","text":null}`:            false,
		`{"id":"a"}`:                        false,
	} {
		l, err := ParseLine([]byte(data))
		if (err == nil) != valid {
			t.Errorf("%s: error %v, valid should be %v", data, err, valid)
		}
		if u := Understand(l.Message()); valid && l.Subject == "" && (u.Intent != Clarify || u.Confidence > 0.3) {
			t.Errorf("%s: got %s at %.2f, want an unsure clarify", data, u.Intent, u.Confidence)
		}
	}
}

func TestTheSubjectOfAnAnswerDoesNotOutweighItsText(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"Re: 退订", "回复：请关闭自动续费", "答复: 退订"} {
		if u := Understand(Message{Channel: "email", Subject: subject, Text: "算了，不取消了，我还要用"}); !u.Withdraws || slices.ContainsFunc(u.Intents, Intent.Stops) {
			t.Errorf("%q: %v, withdraws %v (%v)", subject, u.Intents, u.Withdraws, u.Why)
		}
		if u := Understand(Message{Channel: "email", Subject: subject, Text: "怎么还没办好？账号 galaxy2201"}); !slices.ContainsFunc(u.Intents, Intent.Stops) {
			t.Errorf("%q, a reminder: %v (%v)", subject, u.Intents, u.Why)
		}
	}
}
