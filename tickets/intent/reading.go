package intent

import "slices"

// finding is one thing that the grammar saw.
type finding struct {
	what     kind
	from, to int // the words it rests on, in the script
}

// reading is a text with all that the grammar saw in it.
type reading struct {
	text    script
	words   []word
	clauses []clause
	found   []finding
	count   [kindCount]int
	topics  concepts // all concepts in what the customer says himself
}

func (r *reading) has(ks ...kind) bool {
	for _, k := range ks {
		if r.count[k] > 0 {
			return true
		}
	}
	return false
}

func (r *reading) note(k kind, from, to int) {
	r.count[k]++
	r.found = append(r.found, finding{what: k, from: from, to: to})
}

// object sets of the grammar.
var (
	stopActs   = setOf(cStop, cUnsub, cStopped, cUnsubbed, cDone)
	objects    = setOf(cBilling, cPlan, cService, cAccount, cGoods, cTopup, cSms, cAsset, cInvoice, cTrial, cEntry, cOther, cCharge, cRenew)
	billWords  = setOf(cBilling, cCharge, cRenew)
	moneyMoves = setOf(cCharge, cCharged, cRenewed, cRenew, cBilling)
	requests   = setOf(cWant, cCan)
	allActs    = setOf(cStop, cUnsub, cStopped, cCharge, cCharged, cRenew, cRefund, cPause, cKeep, cChange, cResume, cDontwant)
	negations  = setOf(cNeg, cNegimp)
)

// read finds the clauses of a text and what each of them says.
func read(w *workspace) *reading {
	w.clauses = split(w.text, w.words, w.clauses)
	t := w.text
	r := &reading{text: t, words: w.words, clauses: w.clauses}
	own := 0
	for _, c := range r.clauses {
		if !c.agent {
			own++
		}
	}
	if own == 0 { // an agent's note about the customer, not a dialogue
		for i := range r.clauses {
			r.clauses[i].agent = false
		}
	}
	for _, c := range r.clauses {
		if !c.agent {
			r.topics = r.topics.or(c.all)
		}
	}
	denied := r.denied(denials().scan(t, nil))
	for i := range r.clauses {
		if !r.clauses[i].agent && !denied[i] {
			r.clause(i)
		}
	}
	return r
}

// clause notes all that clause n says.
func (r *reading) clause(n int) {
	c := r.clauses[n]
	for i, w := range c.words {
		switch {
		case w.is.has(cTakeback):
			r.note(takesBack, w.from, w.to)
		case w.is.any(stopActs):
			r.stopping(n, i)
		case w.is.has(cDontwant):
			r.note(hasEnough, w.from, w.to)
		case w.is.has(cBack) && c.hasAny(setOf(cRemaining, cMoney, cCharged, cMonth, cQuarter, cYear)):
			r.note(asksRefund, w.from, w.to)
		case w.is.has(cPause):
			r.note(asksPause, w.from, w.to)
		case w.is.has(cDelete):
			r.deleting(c, i)
		case w.is.any(moneyMoves):
			r.billing(n, i)
		}
		if w.is.has(cRefund) && !w.is.any(stopActs) {
			r.refunding(n, i)
		}
	}
	r.whole(n)
}

// stopping reads one act of stopping: what it is done to, and whether it is
// asked for, forbidden, done already, only supposed or impossible.
func (r *reading) stopping(n, i int) {
	c, w := r.clauses[n], r.clauses[n].words[i]
	object, at := r.objectOf(n, i)
	if object == cService && r.text.folded[w.from] == '解' && r.topics.any(setOf(cWechat, cAlipay, cCard)) {
		object = cBilling // what is signed with a payment channel is the agreement
	}
	from, to := w.from, w.to
	if at >= 0 {
		from, to = min(from, c.words[at].from), max(to, c.words[at].to)
	}
	switch object {
	case cSms:
		r.note(aboutMessages, from, to)
		return
	case cGoods:
		r.note(aboutGoods, from, to)
		return
	case cOther:
		r.note(aboutOthers, from, to)
		return
	case cInvoice, cTopup:
		r.note(aboutGoods, from, to)
		return
	}
	if w.is.has(cDoneweak) && !c.hasAny(requests) {
		r.note(perhapsDone, from, to)
	}
	switch {
	case w.is.has(cUnsub) && object == cService && r.topics.has(cSms) && !r.topics.any(setOf(cPlan, cBilling, cCharge, cCharged, cRenew)):
		r.note(aboutMessages, from, to)
	case object == cEntry && at > i && c.words[at].from-w.to <= 3:
		r.note(namesEntry, from, to)
	case c.before(i, setOf(cClick), 2) && !c.hasAny(setOf(cPast)):
		r.note(triesToStop, from, to)
	case c.before(i, setOf(cPassive), 1) && !c.has(cWant):
		r.note(wasEnded, from, to)
	case forbids(c, i):
		r.note(asksKeep, from, to)
	case c.question && c.before(i, setOf(cIsnt), 6):
		r.note(cancelledBefore, from, to)
	case r.asksDone(c, w.from, max(w.to, to)), (c.before(i, setOf(cState), 3) || c.before(i, setOf(cStatus), 0)) && !c.hasAny(setOf(cCan, cHow)):
		r.note(asksStatus, from, to)
	case c.before(i, setOf(cNeg, cForgotten, cNotyet), 3):
		r.note(notStopped, from, to)
	case c.before(i, setOf(cIf), 8) || r.after(c, i):
		r.note(supposes, from, to)
	case c.question && len(c.words) > 0 && c.words[0].is.has(cAux) && !c.words[0].is.any(stopActs):
		r.note(asksStatus, from, to)
	case (c.question || r.topics.any(setOf(cPresale, cOpen))) && c.has(cCan) && !c.hasAny(setOf(cWant, cHow)):
		r.note(couldStop, from, to)
	case isPast(c, i):
		r.note(cancelledBefore, from, to)
	case wasAsked(c, i) || filed(c, i) || r.filedAs(c, i) || at > i && c.hasAny(setOf(cStatus, cPast)) && c.following(at, setOf(cRequest), 0):
		r.note(askedBefore, from, to)
	case object == cAccount && !w.is.has(cUnsub):
		r.note(asksDelete, from, to)
	case w.is.has(cUnsub) || object == cBilling || object == cTrial:
		r.note(asksStop, from, to)
	case object == cPlan && !isMild(r.text.folded[w.from]):
		r.note(asksStopPlan, from, to)
	default:
		r.note(asksStopBare, from, to)
	}
	if r.has(asksStop, asksStopPlan) && c.has(cWant) && !c.hasAny(setOf(cHow, cCantfind, cBroken, cHidden, cEntry)) {
		r.note(demandsStop, from, to)
	}
}

// objectOf finds what act i of clause n is done to: the nearest object word of
// the clause, else of the clause before it, else of the one after. Charging and
// renewing count as billing. It gives the place in clause n, or -1.
func (r *reading) objectOf(n, i int) (concept, int) {
	c := r.clauses[n]
	best, distance := -1, 1<<30
	for j, w := range c.words {
		if j == i || !w.is.any(objects) {
			continue
		}
		d := w.from - c.words[i].to
		if j < i {
			d = c.words[i].from - w.to + 1
		}
		if w.is.has(cService) {
			d += 12 // "it" and "the app" name little: prefer anything better near by
		}
		if d < distance {
			best, distance = j, d
		}
	}
	if best >= 0 && !c.words[best].is.has(cService) {
		if k := objectKind(c.words[best].is); k != cOther || !c.has(cBilling) {
			return k, best
		}
		return cBilling, c.find(setOf(cBilling), 0)
	}
	for _, m := range []int{n - 1, n - 2, n - 3, n + 1} {
		if m < 0 || m >= len(r.clauses) || r.clauses[m].agent != c.agent {
			continue
		}
		o := r.clauses[m]
		if m < n-1 && o.sentence != c.sentence {
			continue
		}
		if o.hasAny(setOf(cBilling, cRenew)) && !o.has(cOther) {
			return cBilling, -1
		}
		for _, k := range []concept{cPlan, cSms, cGoods, cAccount} {
			if o.has(k) && m == n-1 {
				return k, -1
			}
		}
	}
	return cService, best
}

func objectKind(s concepts) concept {
	switch {
	case s.has(cSms):
		return cSms
	case s.any(billWords):
		return cBilling
	}
	for _, k := range []concept{cPlan, cTrial, cGoods, cOther, cAsset, cTopup, cInvoice, cEntry, cAccount} {
		if s.has(k) {
			return k
		}
	}
	return cService
}

// forbids tells whether act i stands under a prohibition of its own: "不要给我
// 取消", but not "不要扣费取消自动续费".
func forbids(c clause, i int) bool {
	for j := i - 1; j >= 0 && c.words[i].from-c.words[j].to <= 5; j-- {
		if c.words[j].is.has(cNegimp) && !c.words[j].is.has(cStop) {
			return true
		}
		if c.words[j].is.any(allActs) {
			return false
		}
	}
	return false
}

// isPast tells whether act i is told as done: a participle or a word of past
// time before it, and no wish between the two.
func isPast(c clause, i int) bool {
	w := c.words[i]
	if w.is.has(cDone) {
		return !c.question || !c.before(i, setOf(cStatus), 4)
	}
	if w.is.any(setOf(cStopped, cUnsubbed)) {
		return !c.before(i, setOf(cWant), 40)
	}
	for j := i - 1; j >= 0; j-- {
		is := c.words[j].is
		if is.has(cPast) {
			return true
		}
		if is.has(cWant) && !is.has(cRequest) || is.any(allActs) {
			return false
		}
	}
	return c.following(i, setOf(cPast), 2) && !c.hasAny(requests)
}

// after tells whether act i only dates something else: "取消后", "退订以后", but
// not "取消以后的扣费".
func (r *reading) after(c clause, i int) bool {
	for j := i + 1; j < len(c.words) && c.words[j].from-c.words[i].to <= 6; j++ {
		if w := c.words[j]; w.is.has(cAfter) {
			return w.to >= len(r.text.folded) || r.text.folded[w.to] != '的'
		}
	}
	return false
}

// asksDone tells whether nothing but "done or not?" stands behind an act:
// 取消了没, 关成功没有, 退了未呀.
func (r *reading) asksDone(c clause, from, at int) bool {
	done, asked := slices.Contains(r.text.folded[from:at], '了'), false
	for _, f := range r.text.folded[at:max(at, c.to)] {
		switch f {
		case '了', '成', '功', '好', '上', '完', '掉':
			done = true
		case '吗', '没', '未', '么':
			asked = true
		case '有', '呀', '啊', '呢', '嘛', '钱', '款', '"':
		case ' ', '\n':
			if asked {
				return done
			}
		default:
			return false
		}
	}
	return asked && done
}

// wasAsked tells whether a request for act i is told as made earlier: "上个月
// 请你们停掉". A thing named between the time and the wish takes the time for
// itself: "上个月办的会员，请取消".
func wasAsked(c clause, i int) bool {
	wish := false
	for j := i - 1; j >= 0; j-- {
		is := c.words[j].is
		switch {
		case is.has(cRequest) && !is.has(cWant):
			return true
		case is.has(cWant):
			wish = true
		case is.has(cPast):
			return wish
		case is.any(allActs) || is.any(setOf(cPlan, cBilling, cOpen, cJustpaid)):
			return false
		}
	}
	return false
}

// filed tells whether act i only names a request that was handed in: "退订申请
// 提交三天了", "the cancellation request".
func filed(c clause, i int) bool {
	if !c.following(i, setOf(cRequest), 1) {
		return false
	}
	return !c.has(cWant) || i+2 < len(c.words) && c.words[i+2].is.any(setOf(cRequest, cPast, cStatus))
}

// filedAs tells whether act i is named as what was asked for: "申请的退订".
func (r *reading) filedAs(c clause, i int) bool {
	w := c.words[i]
	return i > 0 && c.words[i-1].is.has(cRequest) && w.from-c.words[i-1].to == 1 && r.text.folded[w.from-1] == '的'
}

// deleting reads the closing of an account.
func (r *reading) deleting(c clause, i int) {
	w := c.words[i]
	switch {
	case forbids(c, i):
		r.note(asksKeep, w.from, w.to)
	case c.before(i, setOf(cIf), 8) || r.after(c, i):
		r.note(supposes, w.from, w.to)
	case isPast(c, i):
		r.note(cancelledBefore, w.from, w.to)
	default:
		r.note(asksDelete, w.from, w.to)
	}
}

// isMild knows the verb of "把会员停了", which may mean a pause as well.
func isMild(first rune) bool { return first == '停' }
