package intent

import (
	"slices"
	"strings"
)

// What stands beside a denial and makes it one of something else: "我没有申请开通", "the charge wasn't me".
var (
	signings = setOf(cOpen, cJustpaid, cCharged)
	endings  = stopActs.or(setOf(cRefund, cRefundobj, cDelete, cTakeback))
	troubles = setOf(cCan, cCantfind, cBroken, cHidden, cCharged, cAgain, cSms, cGoods, cOther, cRefund)
)

// denied finds the clauses in which the writer denies having asked for an end, says that somebody
// used his name, or asks who or why it was ended. Each is noted, and gives true at its index: the
// words of ending in it are not his own request.
func (r *reading) denied(phrases []word) []bool {
	out := make([]bool, len(r.clauses))
	next, imposed := 0, false
	for n, c := range r.clauses {
		for next < len(phrases) && phrases[next].from < c.from {
			next++
		}
		if c.agent {
			continue
		}
		for i := next; i < len(phrases) && phrases[i].from < c.to && !out[n]; i++ {
			if r.disowns(c, phrases[i]) {
				r.note(deniesAsking, phrases[i].from, phrases[i].to)
				out[n], imposed = true, phrases[i].is.has(cImposter)
			}
		}
		if n == 0 || out[n] || !out[n-1] || r.clauses[n-1].sentence != c.sentence {
			continue
		}
		// "I did not ask to stop or cancel anything", "somebody uses my name and asks for an end"
		out[n] = r.begins(c, "or ", "nor ") || imposed && r.begins(c, "and ask", "and is asking", "and sen", "and request", "and told", "and tell",
			"and wr", "and emailed", "and is trying", "and tried", "要求", "申请", "让你们", "叫你们", "给你们", "向你们", "发邮件", "发了", "说要", "来申请")
	}
	at := 0
	for _, p := range phrases { // a clause without any word of the vocabulary is none: "这不是我弄的"
		for at < len(r.clauses) && r.clauses[at].to <= p.from {
			at++
		}
		alone := at == len(r.clauses) || p.from < r.clauses[at].from
		if c := (clause{from: p.from, to: p.to}); alone && r.disowns(c, p) {
			r.note(deniesAsking, p.from, p.to)
		}
	}
	return out
}

// disowns tells whether a phrase of denying in a clause is about an end.
func (r *reading) disowns(c clause, p word) bool {
	if r.heading(c.from) {
		return false
	}
	switch {
	case p.is.has(cDenyask):
		return r.deniesAct(c, p)
	case p.is.has(cDenymine):
		return !c.hasAny(signings) && !r.pleads(p.to, c.to) && r.onlyEnding(c)
	case p.is.has(cImposter):
		return !c.hasAny(signings) && !r.pleads(c.from, c.to) && r.onlyEnding(c)
	default:
		return r.asksWho(c, p)
	}
}

// onlyEnding tells whether a clause without an object of its own can only mean an end: it names one,
// or the whole message speaks neither of signing up nor of a charge.
func (r *reading) onlyEnding(c clause) bool {
	if c.hasAny(endings) {
		return true
	}
	return !r.topics.any(signings.or(setOf(cCharge))) &&
		!c.hasAny(setOf(cBilling, cPlan, cRenew, cRenewed, cSms, cGoods, cOther, cTopup))
}

// deniesAct reads "I did not ask": what follows must be an end, and no plea may stand between. An end
// that comes first is denied too ("退订我没有申请过"), unless the phrase only describes a thing ("取消我没
// 申请的服务").
func (r *reading) deniesAct(c clause, p word) bool {
	if r.notYet(c, p) {
		return false
	}
	for _, w := range c.words {
		switch {
		case w.from < p.to && w.to > p.to && w.is.any(setOf(cKeep, cTakeback)):
			return true // one word of the vocabulary: "没申请过取消"
		case w.is.has(cSms) && w.from >= p.to && strings.HasPrefix(string(r.text.folded[w.from:w.to]), "退订"):
			return true // the mail that asks for an end, not one that advertises
		case w.to <= p.from || w.from < p.to && !w.is.any(stopActs):
			continue
		case w.is.any(stopActs), w.is.any(endings) && !r.topics.any(stopActs):
			if w.to <= p.to {
				return true
			}
			object := slices.ContainsFunc(c.words, func(o word) bool {
				return o.from >= p.to && o.to <= w.from && o.is.any(setOf(cBilling, cPlan, cRenew))
			})
			between := string(r.text.folded[p.to:max(p.to, w.from)])
			moved := strings.ContainsAny(between, "把将") || strings.Contains(between, " be") || strings.HasSuffix(between, "的")
			return !r.pleads(p.to, w.from) && (!object || moved)
		case w.is.any(signings.or(setOf(cCharge))):
			return false
		}
	}
	if r.text.at(p.to) == '的' || r.pleads(c.from, p.from) {
		return false
	}
	for _, w := range c.words {
		if w.to <= p.from && w.is.any(stopActs) {
			return isHan(r.text.folded[w.from]) || strings.HasPrefix(r.text.slice(w.from, w.to), "cancel") && w.is.has(cStop) && w.to-w.from > len("cancelling")
		}
	}
	return !c.hasAny(signings) && r.onlyEnding(c)
}

// notYet knows a request that is only not made so far or did not go through: "还没申请退订".
func (r *reading) notYet(c clause, p word) bool {
	if before := r.text.at(p.from - 1); before == '还' || before == '尚' || before == '仍' {
		return true
	}
	rest := string(r.text.folded[p.to:c.to])
	return strings.HasPrefix(rest, "成功") || strings.HasPrefix(rest, "上") || strings.HasPrefix(rest, "完") ||
		strings.HasSuffix(rest, "成功") || strings.Contains(rest, " yet")
}

// asksWho reads "why did you stop it", "who cancelled it": the writer wonders at an end that he did
// not ask for. A question about the way to end it, or about a charge, is another matter.
func (r *reading) asksWho(c clause, p word) bool {
	rest := string(r.text.folded[p.to:c.to])
	if c.hasAny(troubles) || r.topics.any(setOf(cCharged, cAgain)) || r.pleads(c.from, c.to) && !strings.HasSuffix(rest, "的") && !strings.Contains(rest, "办的") || isHan(r.text.folded[p.from]) && strings.ContainsAny(rest, "不没未难才能可") {
		return false
	}
	for i, w := range c.words {
		if !w.is.any(stopActs) || w.to <= p.to {
			continue
		}
		between := string(r.text.folded[p.to:max(p.to, w.from)])
		if !isHan(r.text.folded[w.from]) {
			return englishWonder(r.text.slice(p.from, p.to), between, w)
		}
		after := string(r.text.folded[w.to:c.to])
		if strings.HasPrefix(after, "时") || strings.ContainsAny(after, "要需得这那") || c.hasAny(setOf(cEntry)) {
			return false
		}
		if r.text.slice(p.from, p.to) == "怎么" || r.text.slice(p.from, p.to) == "咋" {
			// "怎么" is also how: only what was done to him is wondered at.
			head := string(r.text.folded[p.to:w.to])
			return c.before(i, setOf(cPassive), 3) || strings.Contains(head, "把我") && strings.Contains(head, "给") || strings.Contains(between, "给我") && strings.Contains(string(r.text.folded[w.from:c.to]), "了")
		}
		return strings.ContainsAny(between, "你您被把给将说谁让有就会擅") || strings.Contains(after, "我") || strings.ContainsRune(r.text.slice(p.from, p.to), '谁')
	}
	return false
}

// englishWonder tells whether what stands between the question and the act leaves the act to us: "why
// did you (turn off)", but not "why do you make it so hard to (cancel)".
func englishWonder(question, between string, act word) bool {
	question = strings.ToLower(question)
	for _, k := range []string{" i ", "hard", "difficult", "make", "making", "let", "so ", "force", "hide", "not ", "n't", "after", "when", "even", "how", "can ", "could ", "should "} {
		if strings.Contains(between, k) {
			return false
		}
	}
	if strings.HasPrefix(question, "who") && act.is.has(cStop) && act.to-act.from <= len("cancel") && strings.TrimSpace(between) == "" && !strings.Contains(question, "ed") {
		return strings.TrimSpace(question) != "who"
	}
	return true
}

// pleads tells whether a stretch asks us to do something.
func (r *reading) pleads(from, to int) bool {
	s := string(r.text.folded[max(0, from):max(0, from, to)])
	s = strings.NewReplacer("申请", "", "请求", "").Replace(s)
	for _, k := range []string{"请", "麻烦", "帮", "赶紧", "尽快", "立即", "立刻", "马上", "拜托", "唔该", "please", "pls", "kindly", "i want", "i need", "can you", "could you"} {
		if strings.Contains(s, k) {
			return true
		}
	}
	return false
}

func (r *reading) begins(c clause, openings ...string) bool {
	s := strings.TrimLeft(string(r.text.folded[c.from:c.to]), " ,")
	return slices.ContainsFunc(openings, func(o string) bool { return strings.HasPrefix(s, o) })
}

// heading tells whether a position is in a subject that only repeats an earlier one: "Re: 取消自动续费".
func (r *reading) heading(at int) bool {
	const longest = 1000 // of a subject; it keeps the time linear
	end := slices.Index(r.text.folded[:min(longest, len(r.text.folded))], '\n')
	if at >= end {
		return false
	}
	first := strings.TrimSpace(string(r.text.folded[:end]))
	return slices.ContainsFunc([]string{"re:", "回复:", "答复:", "回复 ", "fw:", "fwd:", "转发:"}, func(p string) bool { return strings.HasPrefix(first, p) })
}

// denies tells whether the writer denies having asked and, outside a repeated subject, asks for no
// end himself.
func (r *reading) denies() bool {
	return r.has(deniesAsking) && !slices.ContainsFunc(r.found, func(f finding) bool {
		switch f.what {
		case asksStop, asksStopPlan, asksRefund, demandsStop, chargedAgain, chargedWrongly, chargedTwice, asksAsset:
			return !r.heading(f.from)
		}
		return false
	})
}

// denial knows a writer who says that the request was not his. Nobody may act on it and nobody may
// put it aside, so it is for a person to read.
func denial(r *reading) (verdict, bool) {
	if !r.denies() {
		return verdict{}, false
	}
	return verdict{Clarify, 0.5, []kind{deniesAsking}}, true
}
