package mailin

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// replies are texts with what is new in them and what is set apart, blank lines at the seams left out.
func replies() map[string]struct{ in, text, quoted string } {
	return map[string]struct{ in, text, quoted string }{
		"nothing quoted":            {"请关闭自动续费\n谢谢\n", "请关闭自动续费\n谢谢", ""},
		"blank lines inside stay":   {"第一段\n\n\n第二段\n", "第一段\n\n\n第二段", ""},
		"gmail english":             {"stop it\n\nOn Mon, Aug 5, 2024 at 10:00 AM Desk <d@x.example> wrote:\n> hello\n", "stop it", "On Mon, Aug 5, 2024 at 10:00 AM Desk <d@x.example> wrote:\n> hello"},
		"gmail chinese":             {"停\n\nDesk <d@x.example> 于2024年8月5日周一 10:00写道：\n\n> 你好\n", "停", "Desk <d@x.example> 于2024年8月5日周一 10:00写道：\n\n> 你好"},
		"gmail broken over lines":   {"stop\n\nOn Mon, Aug 5, 2024 at 10:00 AM A Very Long Name <\nd@x.example> wrote:\n\n> hi\n", "stop", "On Mon, Aug 5, 2024 at 10:00 AM A Very Long Name <\nd@x.example> wrote:\n\n> hi"},
		"163":                       {"退订\n\n\n在 2024-08-05 10:00:00，\"客服\" <d@x.example> 写道：\n\n您好\n请确认\n", "退订", "在 2024-08-05 10:00:00，\"客服\" <d@x.example> 写道：\n\n您好\n请确认"},
		"163 new":                   {"退订\n\n---- 回复的原邮件 ----\n| 发件人 | 客服 |\n您好\n", "退订", "---- 回复的原邮件 ----\n| 发件人 | 客服 |\n您好"},
		"qq":                        {"退订\n\n------------------ 原始邮件 ------------------\n发件人: \"客服\"\n您好\n", "退订", "------------------ 原始邮件 ------------------\n发件人: \"客服\"\n您好"},
		"qq with entities":          {"退订\n\n------------------&nbsp;原始邮件&nbsp;------------------\n您好\n", "退订", "------------------&nbsp;原始邮件&nbsp;------------------\n您好"},
		"qq with hard blanks":       {"退订\n\n------------------\u00a0原始邮件\u00a0------------------\n您好\n", "退订", "------------------\u00a0原始邮件\u00a0------------------\n您好"},
		"foxmail":                   {"退订\n\n发件人： 客服\n发送时间： 2024-08-05 10:00\n收件人： 王芳\n主题： 回执\n您好\n", "退订", "发件人： 客服\n发送时间： 2024-08-05 10:00\n收件人： 王芳\n主题： 回执\n您好"},
		"outlook english":           {"stop\n\n________________________________\nFrom: Desk <d@x.example>\nSent: Monday, August 5, 2024 10:00 AM\nTo: Wang\nSubject: receipt\n\nhello\n", "stop", "________________________________\nFrom: Desk <d@x.example>\nSent: Monday, August 5, 2024 10:00 AM\nTo: Wang\nSubject: receipt\n\nhello"},
		"outlook bold labels":       {"stop\n\n*From:* Desk\n*Sent:* Monday\n*To:* Wang\n*Subject:* receipt\nhello\n", "stop", "*From:* Desk\n*Sent:* Monday\n*To:* Wang\n*Subject:* receipt\nhello"},
		"apple":                     {"stop\n\n> On 5 Aug 2024, at 10:00, Desk <d@x.example> wrote:\n> \n> hello\n", "stop", "> On 5 Aug 2024, at 10:00, Desk <d@x.example> wrote:\n> \n> hello"},
		"apple chinese forward":     {"看下面\n\n开始转发的信息：\n\n发件人: 支付\n主题: 扣款\n\n扣款19.90\n", "看下面", "开始转发的信息：\n\n发件人: 支付\n主题: 扣款\n\n扣款19.90"},
		"thunderbird bottom":        {"On 05.08.24 10:00, Desk wrote:\n> hello\nplease stop\n", "please stop", "On 05.08.24 10:00, Desk wrote:\n> hello"},
		"a name and a verb":         {"yes\n\nDesk wrote:\n> really?\n", "yes", "Desk wrote:\n> really?"},
		"a verb and no quotation":   {"The agent wrote:\nwe will refund\n", "The agent wrote:\nwe will refund", ""},
		"客服写道 and a quotation":      {"客服写道：\n> 会退款\n没有退\n", "没有退", "客服写道：\n> 会退款"},
		"answers between":           {"> which account?\n\n13800001234\n\n> when?\n\nnow\n", "13800001234\n\nnow", "> which account?\n\n> when?"},
		"signature":                 {"stop\n\n-- \nWang\n13800001234\n", "stop", "-- \nWang\n13800001234"},
		"a long tail is no sign":    {"one\n--\n" + lorem + "\n", "one\n--\n" + lorem, ""},
		"phone":                     {"停止扣费\n\n发自我的iPhone\n", "停止扣费", "发自我的iPhone"},
		"phone in a sentence":       {"发自我的内心，请停止扣费，谢谢\n再见\n", "发自我的内心，请停止扣费，谢谢\n再见", ""},
		"phone before the text":     {"Sent from my phone\nplease stop\n", "Sent from my phone\nplease stop", ""},
		"a list that looks copied":  {"订单信息如下：\n日期：2024-08-05\n主题：会员\n金额：19.9\n", "订单信息如下：\n日期：2024-08-05\n主题：会员\n金额：19.9", ""},
		"a sentence with on":        {"On Monday I was charged 19.90:\nplease refund\n", "On Monday I was charged 19.90:\nplease refund", ""},
		"an address with a colon":   {"2024-08-05 我的账号 wang@x.example 扣费如下:\n19.9元\n", "2024-08-05 我的账号 wang@x.example 扣费如下:\n19.9元", ""},
		"he wrote in a sentence":    {"客服在8月5日写道会退款，但没有退\n请处理\n", "客服在8月5日写道会退款，但没有退\n请处理", ""},
		"a rule between paragraphs": {"one\n-----\ntwo\n", "one\n-----\ntwo", ""},
		"139":                       {"退订\n\n----邮件原文----\n发件人：\"客服\" <d@x.example>\n抄 送： (无)\n您好\n", "退订", "----邮件原文----\n发件人：\"客服\" <d@x.example>\n抄 送： (无)\n您好"},
		"thunderbird forward":       {"不是我开的\n\n-------- 转发的消息 --------\n主题: \t扣款\n日期: \t周一\n发件人: \t支付\n\n19.90\n", "不是我开的", "-------- 转发的消息 --------\n主题: \t扣款\n日期: \t周一\n发件人: \t支付\n\n19.90"},
		"a title and no dashes":     {"退订\n\n原始邮件\n发件人：客服<d@x.example>\n时间：2024年8月5日\n主　题：回执\n\n您好\n", "退订", "原始邮件\n发件人：客服<d@x.example>\n时间：2024年8月5日\n主　题：回执\n\n您好"},
		"a title of another kind":   {"关于原始邮件\n我没有收到\n", "关于原始邮件\n我没有收到", ""},
		"aliyun":                    {"退订\n------------------------------------------------------------------\n发件人：客服 <d@x.example>\n发送时间：2024年8月5日\n收件人：王芳\n主　题：回执\n\n您好\n", "退订", "------------------------------------------------------------------\n发件人：客服 <d@x.example>\n发送时间：2024年8月5日\n收件人：王芳\n主　题：回执\n\n您好"},
		"qq signature":              {"退订\n\n------------------\n王芳\n电话 13800001234\n\n\n------------------ 原始邮件 ------------------\n您好\n", "退订", "------------------\n王芳\n电话 13800001234\n\n\n------------------ 原始邮件 ------------------\n您好"},
		"netease master":            {"退订\n\n| |\n王芳\n|\n|\nw@x.example\n|\n签名由网易邮箱大师定制\n\n在2024年08月05日 09:00，客服<d@x.example> 写道：\n您好\n", "退订", "| |\n王芳\n|\n|\nw@x.example\n|\n签名由网易邮箱大师定制\n\n在2024年08月05日 09:00，客服<d@x.example> 写道：\n您好"},
		"a business card":           {"退订，谢谢\n\n\n王芳\nwang@x.example\n\n\n----- 原始邮件 -----\n您好\n", "退订，谢谢", "王芳\nwang@x.example\n\n----- 原始邮件 -----\n您好"},
		"a name typed by hand":      {"请停止扣费\n\n此致\n敬礼！\n\n王芳\n", "请停止扣费\n\n此致\n敬礼！\n\n王芳", ""},
		"an address is the answer":  {"wang@x.example\n", "wang@x.example", ""},
		"signed in place":           {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nstop it\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n", "stop it", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----"},
		"old gmail":                 {"stop\n\n2024-08-05 10:00 GMT+08:00 Desk\n\n> hello\n", "stop", "2024-08-05 10:00 GMT+08:00 Desk\n\n> hello"},
		"a phone with a link":       {"stop\n\n获取 Outlook for Android<https://aka.ms/AAb9ysg>\n", "stop", "获取 Outlook for Android<https://aka.ms/AAb9ysg>"},
		"a phone that excuses":      {"stop\n\nSent from my cell, please excuse any typos.\n", "stop", "Sent from my cell, please excuse any typos."},
		"a phone in traditional":    {"停止扣款\n\n從我的 iPhone 傳送\n", "停止扣款", "從我的 iPhone 傳送"},
		"a request like a footer":   {"你好\n从我的微信扣了30元\n", "你好\n从我的微信扣了30元", ""},
		"another one":               {"你好\n发自我的支付宝的自动续费请关掉\n", "你好\n发自我的支付宝的自动续费请关掉", ""},
		"and in English":            {"hello\nSent from my account 30 USD\n", "hello\nSent from my account 30 USD", ""},
		"a request below dashes":    {"你好\n--\n请取消我的自动续费，账号 13800001234\n", "你好\n--\n请取消我的自动续费，账号 13800001234", ""},
		"a face":                    {">_<\n求退款\n>.< 真的\n", ">_<\n求退款\n>.< 真的", ""},
		"quoted angle brackets":     {"好\n> <wang@x.example> 你好\n>> <b>\n", "好", "> <wang@x.example> 你好\n>> <b>"},
		"from one month to another": {"please refund\nFrom: January\nTo: June\nthank you\n", "please refund\nFrom: January\nTo: June\nthank you", ""},
		"outlook for mac":           {"停\n\n在 2024/8/5，上午9:00，“客服” <d@x.example> 写入:\n\n    您好\n", "停", "在 2024/8/5，上午9:00，“客服” <d@x.example> 写入:\n\n    您好"},
		"samsung":                   {"停\n\n-------- 原始消息 --------\n发件人： 客服 <d@x.example>\n日期： 2024/8/5 09:00 (GMT+08:00)\n收件人： wang@x.example\n主题： 回执\n您好\n", "停", "-------- 原始消息 --------\n发件人： 客服 <d@x.example>\n日期： 2024/8/5 09:00 (GMT+08:00)\n收件人： wang@x.example\n主题： 回执\n您好"},
		"windows mail":              {"停\n\n从 Windows 版邮件发送\n", "停", "从 Windows 版邮件发送"},
		"english in a chinese mail": {"停\n\n---Original---\nFrom: \"客服\"<d@x.example&gt;\nDate: Mon, Aug 5, 2024 09:00 AM\nTo: \"wang\"<wang@x.example&gt;;\nSubject: 回执\n您好\n", "停", "---Original---\nFrom: \"客服\"<d@x.example&gt;\nDate: Mon, Aug 5, 2024 09:00 AM\nTo: \"wang\"<wang@x.example&gt;;\nSubject: 回执\n您好"},
		"reply above this line":     {"stop\n## Please reply above this line ##\nold\n", "stop", "## Please reply above this line ##\nold"},
	}
}

func TestSplitReply(t *testing.T) {
	t.Parallel()
	for name, tt := range replies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := splitReply(tt.in, "王芳", "wang@x.example")
			if diff := cmp.Diff([2]string{tt.text, tt.quoted}, [2]string{got.text, got.quoted}); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

const lorem = "one line of many\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\neleven\ntwelve\nthirteen\nfourteen\nfifteen\nsixteen\nseventeen"

// visible are the characters of a text that can be seen, in no order.
func visible(s string) string {
	return glyphs(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\u1427", ""))
}

// FuzzSplitReply holds that taking a text apart loses nothing of it.
func FuzzSplitReply(f *testing.F) {
	for _, r := range replies() {
		f.Add(r.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if !utf8.ValidString(in) {
			return // no text comes here before it is
		}
		r := splitReply(in, "王芳", "wang@x.example")
		if visible(r.text+r.quoted) != visible(in) {
			t.Errorf("of %q\nthere is %q\nand %q", in, r.text, r.quoted)
		}
		if r.forwarded && !r.history {
			t.Errorf("%q: something forwarded and nothing quoted", in)
		}
	})
}
