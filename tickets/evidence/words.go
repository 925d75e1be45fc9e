package evidence

import (
	"fmt"
	"strings"
)

// term is one expression in both languages.
type term struct{ zh, en string }

// words speaks one language. Labels are looked up as "group:name"; what has
// no label is shown under its own name, never left out.
type words struct {
	chinese bool
	lang    string
	terms   map[string]term
}

func wording(chinese bool) words {
	w := words{chinese: chinese, lang: "en", terms: map[string]term{}}
	if chinese {
		w.lang = "zh-CN"
	}
	for group, terms := range map[string]map[string]term{
		"say": pageTerms(), "event": eventTerms(), "part": partTerms(), "phase": phaseTerms(),
		"intent": intentTerms(), "channel": channelTerms(), "actor": actorTerms(),
		"stop": stopTerms(), "key": keyTerms(), "value": valueTerms(),
	} {
		for name, t := range terms {
			w.terms[group+":"+name] = t
		}
	}
	return w
}

// label returns the expression of a group, or the name itself.
func (w words) label(group, name string) string {
	if label, ok := w.lookUp(group, name); ok {
		return label
	}
	return name
}

func (w words) lookUp(group, name string) (string, bool) {
	t, ok := w.terms[group+":"+name]
	if w.chinese {
		return t.zh, ok
	}
	return t.en, ok
}

func (w words) say(name string) string { return w.label("say", name) }

func (w words) phrase(name string, args ...any) string { return fmt.Sprintf(w.say(name), args...) }

func (w words) key(name string) string { return w.label("key", name) }

// event names a type of event: by its own label, or by those of its subject
// and phase (agreement.result), or as it is.
func (w words) event(typ string) string {
	if label, ok := w.lookUp("event", typ); ok {
		return label
	}
	part, phase, _ := strings.Cut(typ, ".")
	subject, known := w.lookUp("part", part)
	what, told := w.lookUp("phase", phase)
	switch {
	case !known || !told:
		return typ
	case w.chinese:
		return subject + "：" + what
	}
	return subject + ": " + what
}

func pageTerms() map[string]term {
	return map[string]term{
		"title":           {"退订处理凭证", "Record of a cancellation request"},
		"intro":           {"本页说明服务台何时收到请求、如何决定、停止了什么、退回多少。", "This page tells when the request was received, how it was decided, what was stopped and how much comes back."},
		"timeline":        {"处理经过", "What happened, step by step"},
		"footer":          {"本页是同一凭证包中 events.jsonl 的可读形式；凭证包可用服务台的验证公钥离线核验（canceldesk evidence verify）。", "This page is the readable form of events.jsonl in the same bundle, which can be checked offline with the desk's verifier key (canceldesk evidence verify)."},
		"number":          {"工单号", "Case number"},
		"account":         {"账号（已脱敏）", "Account (masked)"},
		"subject":         {"主题", "Subject"},
		"channel":         {"渠道", "Received by"},
		"asked":           {"诉求", "What was asked"},
		"received":        {"收到时间", "Received at"},
		"decided":         {"决定人", "Decided by"},
		"stopped":         {"停止扣费", "Stopped"},
		"nothing stopped": {"尚无已确认的停止", "Nothing is confirmed as stopped yet"},
		"confirmed":       {"%s，由%s于%s确认", "%s, confirmed by %s on %s"},
		"last day":        {"最后可用日", "Last day of use"},
		"refund":          {"退款", "Refund"},
		"no refund":       {"未产生退款", "No refund was decided"},
		"refund state":    {"%s（%s）", "%s (%s)"},
		"none":            {"无", "none"},
		"yes":             {"是", "yes"},
		"no":              {"否", "no"},
		"comma":           {"、", ", "},
	}
}

func eventTerms() map[string]term {
	return map[string]term{
		"hold.state":       {"暂缓扣费的状态", "State of a hold"},
		"message.received": {"收到消息", "A message was received"},
		"call.reported":    {"通话情况", "A telephone call was reported"},
		"call.recording":   {"通话录音已保存", "The recording of a call was kept"},
		"told.by_phone":    {"已口头告知客户", "The customer was told by word of mouth"},
		"ticket.opened":    {"已建立工单", "The case was opened"},
		"ticket.linked":    {"已关联到另一工单", "The case was linked to another"},
		"ticket.suggested": {"可能与另一工单相关", "The case may belong to another"},
		"ticket.unlinked":  {"已取消与另一工单的关联", "The case is not linked to another any more"},
		"ticket.status":    {"工单状态变更", "The state of the case changed"},
		"understanding":    {"理解诉求", "What was asked was determined"},
		"identify.result":  {"确认账号的结果", "Result of finding the account"},
		"verify.result":    {"核验身份的结果", "Result of checking who asks"},
		"quote.made":       {"已试算退款", "The refund was worked out"},
		"quote.accepted":   {"客户确认试算", "The customer accepted the quote"},
		"assets.decided":   {"已决定资产处理", "What happens to the virtual assets was decided"},
		"reply.sent":       {"已回复客户", "A reply was sent to the customer"},
		"forward.about_to": {"即将转发给负责的部门", "About to be forwarded to who handles it"},
		"forward.result":   {"转发的结果", "Result of forwarding"},
		"note":             {"内部备注", "Internal note"},
		"alarm.raised":     {"时限警报", "An alarm was raised"},
		"alarm.cleared":    {"警报解除", "The alarm ended"},
		"chat.lines":       {"收到会话内容", "Lines of the chat were received"},
		"chat.ended":       {"会话已结束", "The chat ended"},
		"verification":     {"身份核验通过", "Who speaks was verified"},

		"verification.requested": {"已请求发送验证码", "A code was requested"},
		"verification.failed":    {"验证码或付款信息不符", "A code or payment facts were wrong"},
	}
}

// partTerms name the subject of an event, the part before the first dot.
func partTerms() map[string]term {
	return map[string]term{
		"message":      {"消息", "Message"},
		"ticket":       {"工单", "Case"},
		"identify":     {"确认账号", "Finding the account"},
		"verify":       {"核验身份", "Checking who asks"},
		"hold":         {"暂缓扣费", "Holding debits back"},
		"cancel":       {"关闭自动续费", "Ending the automatic renewal"},
		"biller":       {"计费方停止扣费", "Biller stops sending debits"},
		"agreement":    {"终止代扣协议", "Ending the debit agreement"},
		"quote":        {"试算", "Quote"},
		"refund":       {"退款", "Refund"},
		"assets":       {"资产处理", "Virtual assets"},
		"evidence":     {"凭证", "Evidence"},
		"notify":       {"通知客户", "Telling the customer"},
		"reply":        {"回复", "Reply"},
		"verification": {"身份核验", "Verification"},
		"stop":         {"待计费方执行的指令", "Instruction for the biller to fetch"},
		"watch":        {"扣费守护", "Watch for later debits"},
	}
}

// phaseTerms name what happened to the subject, the part after the dot.
func phaseTerms() map[string]term {
	return map[string]term{
		"about_to":  {"即将执行", "about to be done"},
		"result":    {"执行结果", "result"},
		"query":     {"查询结果", "state asked for"},
		"proposed":  {"已提出", "proposed"},
		"approved":  {"已批准", "approved"},
		"rejected":  {"已拒绝", "rejected"},
		"accepted":  {"已接受", "accepted"},
		"decided":   {"已决定", "decided"},
		"released":  {"已解除", "released"},
		"confirmed": {"已确认", "confirmed"},
		"sent":      {"已发送", "sent"},
		"passed":    {"已通过", "passed"},
		"failed":    {"未成功", "not successful"},
		"expired":   {"已过期", "expired"},
		"voided":    {"已作废", "void"},
		"started":   {"已开始", "begun"},
		"charge":    {"发现扣费", "a debit was seen"},
		"alarm":     {"已告警", "alarm raised"},
		"ended":     {"已结束", "ended"},
		"skipped":   {"已跳过", "skipped"},
		"withdrawn": {"已撤回", "withdrawn"},
		"applied":   {"计费方已执行", "applied by the biller"},
	}
}

func intentTerms() map[string]term {
	return map[string]term{
		"stop_auto_renew":        {"关闭自动续费", "end the automatic renewal"},
		"cancel_and_refund":      {"退订并退款", "cancel and refund"},
		"refund_mistaken_charge": {"误扣退款", "refund a mistaken charge"},
		"asset_disposal":         {"资产处理", "settle virtual assets"},
		"entry_complaint":        {"入口投诉", "complaint that the way to cancel is hidden"},
		"status_inquiry":         {"进度查询", "ask how far it is"},
		"clarify":                {"待澄清", "to be clarified"},
		"not_cancellation":       {"非退订", "not about cancelling"},
	}
}

func channelTerms() map[string]term {
	return map[string]term{
		"email": {"邮件", "email"},
		"chat":  {"在线客服", "chat"},
		"phone": {"电话", "phone"},
		"web":   {"网页", "web"},
		"guard": {"扣费守护", "the desk's own watch"},
		"other": {"其他（信函、柜台）", "other (letter, counter)"},
	}
}

func actorTerms() map[string]term {
	return map[string]term{
		"desk":     {"服务台（按规则自动处理）", "the desk, by rule"},
		"customer": {"客户", "the customer"},
		"app":      {"App 服务器", "the app's server"},
		"agent":    {"客服", "agent"},
		"key":      {"平台接口", "the platform's interface, key"},
	}
}

func stopTerms() map[string]term {
	return map[string]term{
		"biller":    {"计费方停止扣费", "Debits stopped at the biller"},
		"agreement": {"代扣协议终止", "Debit agreement ended"},
	}
}

func keyTerms() map[string]term {
	return map[string]term{
		"account_no":       {"账号", "account"},
		"agreement_id":     {"协议", "agreement"},
		"amount_fen":       {"金额", "amount"},
		"at":               {"时间", "time"},
		"channel":          {"渠道", "channel"},
		"charge_id":        {"扣费", "charge"},
		"confirmed_at":     {"确认时间", "confirmed at"},
		"detail":           {"说明", "detail"},
		"flags":            {"标记", "flags"},
		"from":             {"原状态", "before"},
		"hash":             {"试算摘要", "hash of the quote"},
		"intent":           {"主要诉求", "main request"},
		"intents":          {"诉求", "requests"},
		"key":              {"操作键", "operation key"},
		"last_day_of_use":  {"最后可用日", "last day of use"},
		"level":            {"核验等级", "level of assurance"},
		"method":           {"方式", "method"},
		"mode":             {"生效方式", "takes effect"},
		"next_charge_at":   {"下次扣费", "next charge"},
		"outcome":          {"结果", "outcome"},
		"reason":           {"原因", "reason"},
		"received_at":      {"收到时间", "received at"},
		"refund_fen":       {"退款金额", "refund"},
		"refund_id":        {"退款单", "refund number"},
		"rule_version":     {"规则版本", "version of the rules"},
		"state":            {"状态", "state"},
		"status":           {"状态", "state"},
		"step":             {"步骤", "step"},
		"subscription_id":  {"订阅", "subscription"},
		"subscription_ids": {"订阅", "subscriptions"},
		"to":               {"新状态", "after"},
		"until":            {"截止", "until"},
	}
}

func valueTerms() map[string]term {
	return map[string]term{
		"active":            {"有效", "active"},
		"alipay":            {"支付宝", "Alipay"},
		"biller":            {"计费方", "the biller"},
		"closed":            {"已关闭工单", "closed"},
		"customer_must_act": {"需客户自行操作", "the customer must act"},
		"done":              {"已完成", "done"},
		"failed":            {"未成功", "not successful"},
		"new":               {"新建", "new"},
		"now":               {"立即", "at once"},
		"on_hold":           {"等待中", "waiting"},
		"open":              {"处理中", "in hand"},
		"pending":           {"处理中，尚未最终确认", "in progress, not final yet"},
		"period_end":        {"本期结束时", "at the end of the period"},
		"platform":          {"平台", "the platform"},
		"refused":           {"被拒绝", "refused"},
		"rejected":          {"已拒绝", "rejected"},
		"running":           {"进行中", "under way"},
		"skipped":           {"已跳过", "skipped"},
		"solved":            {"已解决", "solved"},
		"succeeded":         {"成功", "succeeded"},
		"terminated":        {"已终止", "ended"},
		"unknown":           {"结果未知，正在查询", "not known yet, being queried"},
		"wechat":            {"微信支付", "WeChat Pay"},
	}
}
