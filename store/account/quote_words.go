package account

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// notKnown is the code of something a quote had to do without.
type notKnown string

const (
	notKnownPeriod       notKnown = "subscription_period"
	notKnownRenewal      notKnown = "renewal"
	notKnownChargePeriod notKnown = "charge_period"
	notKnownPending      notKnown = "pending_charge"
	notKnownCurrency     notKnown = "currency"
	notKnownExternal     notKnown = "external_refund"
	notKnownWindow       notKnown = "refund_window"
)

// NotKnownText puts an item of Quote.NotKnown into words, in Chinese and English. An item it has no
// words for comes back as it is, so that nothing unknown is hidden.
func NotKnownText(item string) (zh, en string) {
	code, id, _ := strings.Cut(item, ":")
	switch notKnown(code) {
	case notKnownPeriod:
		return "订阅 " + id + " 的已付周期未知，最后使用日无法确定",
			"the paid period of subscription " + id + " is not known, nor is its last day of use"
	case notKnownRenewal:
		return "订阅 " + id + " 的已知周期在申请日之前已结束，是否已续费未知",
			"the known period of subscription " + id + " was over by the day of the request, whether it renewed is not known"
	case notKnownChargePeriod:
		return "扣款 " + id + " 对应的周期未知，无法按天折算",
			"the period that charge " + id + " pays for is not known, so it can't be prorated"
	case notKnownPending:
		return "扣款 " + id + " 仍在处理中，结果未定",
			"charge " + id + " is still under way, its outcome is open"
	case notKnownCurrency:
		return "扣款 " + id + " 的币种未知，未计入金额",
			"the currency of charge " + id + " is not known, so it is not counted"
	case notKnownExternal:
		return "扣款 " + id + " 由外部渠道（如应用商店、运营商）收取，只能由该渠道退款",
			"charge " + id + " was taken by an outside channel such as an app store or a carrier, which alone can refund it"
	case notKnownWindow:
		return "扣款 " + id + " 已超过支付渠道的原路退款期限，需人工处理",
			"charge " + id + " is past its channel's refund window and has to be returned by hand"
	}
	return item, item
}

// OnlyOutside reports whether all that is not known is what outside channels took, who alone can refund it.
func (q Quote) OnlyOutside() bool {
	return len(q.NotKnown) > 0 && !slices.ContainsFunc(q.NotKnown, func(item string) bool {
		return !strings.HasPrefix(item, string(notKnownExternal)+":")
	})
}

// say sets how the line was counted.
func (l *QuoteLine) say(zh, en string) { l.ArithmeticZH, l.ArithmeticEN = zh, en }

func wordsExternal() (zh, en string) {
	return "0 分：由外部渠道收取，只能由该渠道退款", "0 fen: taken by an outside channel, which alone can refund it"
}

func wordsNoCurrency() (zh, en string) {
	return "0 分：币种未知", "0 fen: the currency is not known"
}

func wordsNoPeriod() (zh, en string) {
	return "0 分：这笔扣款对应的周期未知", "0 fen: the period of this charge is not known"
}

func wordsPeriodEnd(lastDay Date) (zh, en string) {
	return fmt.Sprintf("0 分：可继续使用至 %s（含当日）", lastDay),
		fmt.Sprintf("0 fen: it is used until %s inclusive", lastDay)
}

func wordsFault(ground Ground, l QuoteLine) (zh, en string) {
	zhWhy, enWhy := "关闭之后不应再扣款，余额全部退回", "charged after the stop, so all that is left comes back"
	switch ground {
	case OnItsWay:
		zhWhy, enWhy = "关闭时已在途、无法撤回的扣款，余额全部退回", "on its way already at the stop and not to be called back, so all that is left comes back"
	case PaidAhead:
		zhWhy, enWhy = "关闭之前已扣、关闭时尚未开始的周期，余额全部退回", "debited before the stop for a cycle that had not begun, so all that is left comes back"
	case ChargedTwice:
		zhWhy, enWhy = "同一周期重复扣款，余额全部退回", "charged twice for one cycle, so all that is left comes back"
	}
	sum := fmt.Sprintf("%d − %d = %d", l.PaidFen, l.RefundedFen, l.RefundFen)
	if l.RefundedFen > l.PaidFen {
		sum = fmt.Sprintf("max(0, %d − %d) = 0", l.PaidFen, l.RefundedFen)
	}
	return sum + " 分：" + zhWhy, sum + " fen: " + enWhy
}

// wordsProrated writes the sum out so that anybody can follow it with a pocket calculator.
func wordsProrated(l QuoteLine, p Prorated, sentFen int64, policy Policy) (zh, en string) {
	quotient, exact := quotientText(l.PaidFen, p.UnusedDays, p.Days)
	zh = fmt.Sprintf("%d × %d/%d = %s", l.PaidFen, p.UnusedDays, p.Days, quotient)
	en = zh
	if exact {
		zh += fmt.Sprintf(" 分（规则 %s）", policy)
		en += fmt.Sprintf(" fen (policy %s)", policy)
	} else {
		zhHow, enHow := "向上取整", "rounded up"
		if policy == PolicyB {
			zhHow, enHow = "四舍五入", "rounded half up"
		}
		zh += fmt.Sprintf(" → %d 分，%s（规则 %s）", p.ProratedFen, zhHow, policy)
		en += fmt.Sprintf(" → %d fen, %s (policy %s)", p.ProratedFen, enHow, policy)
	}
	if sentFen > 0 {
		zh += fmt.Sprintf("；其中 %d 分已退或正在退", sentFen)
		en += fmt.Sprintf("; %d fen of it were sent before", sentFen)
	}
	if p.Capped {
		zh += fmt.Sprintf("；以可退余额为限：%d − 已退 %d − 已消费 %d", l.PaidFen, l.RefundedFen, l.ConsumedFen)
		en += fmt.Sprintf("; capped at what is left: %d − %d refunded − %d consumed", l.PaidFen, l.RefundedFen, l.ConsumedFen)
	}
	if l.RefundFen != p.ProratedFen {
		zh += fmt.Sprintf("；应退 %d 分", l.RefundFen)
		en += fmt.Sprintf("; %d fen come back", l.RefundFen)
	}
	return zh, en
}

// quotientText is paid × unused ÷ days cut after two decimals, with dots where it goes on.
func quotientText(paidFen int64, unused, days int) (text string, exact bool) {
	hi, lo := bits.Mul64(uint64(paidFen), uint64(unused))
	whole, rest := bits.Div64(hi, lo, uint64(days))
	if rest == 0 {
		return strconv.FormatUint(whole, 10), true
	}
	hundredths, more := rest*100/uint64(days), rest*100%uint64(days)
	text = fmt.Sprintf("%d.%02d", whole, hundredths)
	if more != 0 {
		text += "…"
	}
	return text, false
}
