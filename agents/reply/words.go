package reply

import (
	"strings"
	"text/template"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// wordsFor are the functions a text may call. Both languages have the same.
func wordsFor(lang string, zone *time.Location) template.FuncMap {
	en := lang == "en"
	pick := func(zh, english string) string {
		if en {
			return english
		}
		return zh
	}
	return template.FuncMap{
		"moment": func(t time.Time) string { return moment(lang, zone, t) },
		"by":     func(due, since time.Time) string { return deadline(lang, due.In(zone), since.In(zone)) },
		"date":   func(d account.Date) string { return dayOfYear(lang, d) },
		"day":    func(d account.Date) string { return string(d) },
		"dayOf":  func(t time.Time) string { return string(account.DateOf(t, zone)) },
		"money":  amount,
		"line":   func(s string) string { return oneLine(s, maxWords) },
		"sum": func(l account.QuoteLine) string {
			return pick(l.ArithmeticZH, l.ArithmeticEN)
		},
		"notKnown": func(item string) string {
			zh, english := account.NotKnownText(item)
			return oneLine(pick(zh, english), maxWords)
		},
		"channel": func(c account.PaymentChannel) string { return word(channelWords, string(c), en) },
		"asked":   func(i intent.Intent) string { return word(intentWords, string(i), en) },
		"purpose": func(a tickets.Action) string { return word(actionWords, string(a), en) },
		"need":    func(s string) string { return word(needWords, s, en) },
		"cycle":   func(c account.Cycle) string { return word(cycleWords, string(c), en) },
		"asset":   func(kind string) string { return word(assetWords, kind, en) },
		"outcome": func(o account.AssetOutcome) string { return word(outcomeWords, string(o), en) },
		"state":   func(s account.RefundState) string { return word(stateWords, string(s), en) },
	}
}

// pair is a word in both languages.
type pair struct{ zh, en string }

// word finds the words for a code; a code without words is shown as it is, so that nothing is hidden.
func word(of func(string) (pair, bool), code string, en bool) string {
	p, ok := of(code)
	switch {
	case !ok:
		return oneLine(code, maxWords)
	case en:
		return p.en
	}
	return p.zh
}

// amount writes fen as people read money.
func amount(fen int64, currency string) string {
	if currency == "" || currency == "CNY" {
		return "¥" + account.Yuan(fen)
	}
	return account.Yuan(fen) + " " + strings.ToUpper(oneLine(currency, 3))
}

// actionWords say what a code is for.
func actionWords(code string) (pair, bool) {
	switch tickets.Action(code) {
	case tickets.ActStop:
		return pair{"停止自动续费", "stop the auto-renewal"}, true
	case tickets.ActShow:
		return pair{"查看办理结果与金额", "see result and amounts"}, true
	case tickets.ActRefund:
		return pair{"同意退款方案", "accept the refund"}, true
	case tickets.ActAssets:
		return pair{"处理账户资产", "decide about what the account holds"}, true
	}
	return pair{}, false
}

func channelWords(code string) (pair, bool) {
	switch account.PaymentChannel(code) {
	case account.WeChat:
		return pair{"微信支付", "WeChat Pay"}, true
	case account.Alipay:
		return pair{"支付宝", "Alipay"}, true
	case account.Ledger:
		return pair{"代扣协议账户", "direct debit"}, true
	case account.Platform:
		return pair{"平台账户", "platform account"}, true
	case account.External:
		return pair{"外部渠道（应用商店或运营商）", "outside channel (app store or carrier)"}, true
	}
	return pair{}, false
}

func intentWords(code string) (pair, bool) {
	switch intent.Intent(code) {
	case intent.StopAutoRenew:
		return pair{"关闭自动续费", "stop the auto-renewal"}, true
	case intent.CancelAndRefund:
		return pair{"退订并退款", "cancel now and refund the rest"}, true
	case intent.RefundMistakenCharge:
		return pair{"误扣退款", "refund a charge that should not have been"}, true
	case intent.AssetDisposal:
		return pair{"余额与资产的处理", "what becomes of balance and items"}, true
	case intent.EntryComplaint:
		return pair{"投诉退订入口", "complaint about the way to cancel"}, true
	case intent.StatusInquiry:
		return pair{"进度查询", "how far a case has come"}, true
	case intent.Clarify:
		return pair{"需向您确认的请求", "a request we have to ask you about"}, true
	case intent.NotCancellation:
		return pair{"其他咨询", "another question"}, true
	}
	return pair{}, false
}

func needWords(code string) (pair, bool) {
	switch code {
	case "account":
		return pair{"会员账号", "your account number or user name"}, true
	case "phone":
		return pair{"注册手机号", "the phone number you registered with"}, true
	case "order_no":
		return pair{"订单号", "an order number"}, true
	case "channel_txn_id":
		return pair{"微信或支付宝账单里的交易单号", "the transaction number from your WeChat Pay or Alipay bill"}, true
	case "payment":
		return pair{"最近一次扣款的日期和金额", "date and amount of the latest charge"}, true
	}
	return pair{}, false
}

func cycleWords(code string) (pair, bool) {
	switch account.Cycle(code) {
	case account.Month:
		return pair{"每月", "per month"}, true
	case account.Quarter:
		return pair{"每季", "per quarter"}, true
	case account.Year:
		return pair{"每年", "per year"}, true
	}
	return pair{}, false
}

func assetWords(code string) (pair, bool) {
	switch code {
	case account.AssetCoins:
		return pair{"游戏币", "coins"}, true
	case account.AssetCardCode:
		return pair{"卡密", "card code"}, true
	case account.AssetVoucher:
		return pair{"充值券", "voucher"}, true
	case account.AssetBenefit:
		return pair{"会员权益", "membership benefit"}, true
	case account.AssetPoints:
		return pair{"积分", "points"}, true
	case account.AssetItem:
		return pair{"游戏道具", "game item"}, true
	}
	return pair{}, false
}

func outcomeWords(code string) (pair, bool) {
	switch account.AssetOutcome(code) {
	case account.AssetStaysUsable:
		return pair{"保留在账户中，可继续使用，不折现", "stays in your account and usable; it is not paid out"}, true
	case account.AssetLapses:
		return pair{"随会员到期失效", "ends with the last day of use"}, true
	case account.AssetRefundable:
		return pair{"保留在账户中；未使用部分可申请退回或转移，需另行核验身份", "stays in your account; the unused part can be returned or moved on request, after a further identity check"}, true
	case account.AssetUsed:
		return pair{"已使用完毕或卡密已显示，不再退回", "used up or already revealed; nothing is left to return"}, true
	case account.AssetNotOurs:
		return pair{"已发放至第三方游戏，请向该游戏方咨询", "was delivered into another company's game; please ask them"}, true
	}
	return pair{}, false
}

func stateWords(code string) (pair, bool) {
	switch account.RefundState(code) {
	case account.RefundProposed:
		return pair{"待审批", "waiting for approval"}, true
	case account.RefundApproved:
		return pair{"已批准，等待发出", "approved, not sent yet"}, true
	case account.RefundSubmitted, account.RefundProcessing:
		return pair{"支付渠道处理中", "on its way at the payment channel"}, true
	case account.RefundSucceeded:
		return pair{"已退回", "paid back"}, true
	case account.RefundRejected:
		return pair{"未获批准", "turned down"}, true
	case account.RefundClosed, account.RefundAbnormal, account.RefundUnknown:
		return pair{"需人工核实，我们会继续处理", "being looked into by a colleague"}, true
	}
	return pair{}, false
}
