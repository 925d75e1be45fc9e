package intent

// billing reads a word of charging or renewing: under a prohibition it asks to
// stop, told as past it is a charge that was made.
func (r *reading) billing(n, i int) {
	c, w := r.clauses[n], r.clauses[n].words[i]
	switch {
	case w.is.any(setOf(cCharge, cCharged, cRenew)) && c.before(i, setOf(cState), 3) && !c.hasAny(setOf(cWhy, cHow)):
		r.note(asksStatus, w.from, w.to)
	case w.is.any(setOf(cCharged, cCharge, cRenewed, cRenew)) && c.before(i, setOf(cNeg), 8) && c.hasAny(setOf(cEnsure)):
		r.note(asksStop, w.from, w.to)
	case w.is.any(setOf(cCharged, cRenewed)) && !forbidsMoney(c, i):
		if r.foreign(&c) || c.before(i, setOf(cNeg), 10) && !c.has(cWhy) && !c.has(cNotmine) {
			return
		}
		if c.has(cEvery) && !c.hasAny(setOf(cAgain, cPast, cPassive, cWhy)) && !r.sumFollows(w.to) {
			return // what is charged as a rule
		}
		k := wasCharged
		if w.is.has(cRenewed) {
			k = wasRenewed
		}
		r.note(k, w.from, w.to)
	case forbidsMoney(c, i) && r.topics.has(cAsset) && (c.before(i, setOf(cIf), 10) || r.after(c, i)):
		r.note(supposes, w.from, w.to)
	case forbidsMoney(c, i):
		if c.hasAny(setOf(cSms, cOther)) || c.has(cWhy) && !c.has(cWant) {
			return
		}
		r.note(asksStop, c.words[max(0, i-1)].from, w.to)
	case w.is.has(cCharge) && r.sumFollows(w.to) && !c.hasAny(setOf(cMonth, cYear, cQuarter, cNext, cStatus)) && !r.foreign(&c):
		r.note(wasCharged, w.from, w.to)
	case w.is.has(cCharge) && (c.before(i, setOf(cPast, cAgain, cPassive), 8) || c.following(i, setOf(cPast), 2)) && !r.foreign(&c):
		r.note(wasCharged, w.from, w.to)
	}
}

// sumFollows tells whether a number stands right at a position: "扣四十五块".
func (r *reading) sumFollows(at int) bool {
	f := r.text.folded
	for at < len(f) && (f[at] == ' ' || f[at] == '¥') {
		at++
	}
	return at < len(f) && (isDigit(f[at]) || chineseDigit(f[at]) != 0 && f[at] != '一' || f[at] == '十')
}

// foreign tells whether a clause speaks of somebody else's business: another
// company, a parcel, a top-up.
func (r *reading) foreign(c *clause) bool {
	if c.hasAny(setOf(cPlan, cBilling)) {
		return false
	}
	for _, w := range c.words {
		if w.is.any(setOf(cOther, cTopup)) || w.is.has(cGoods) && !w.is.has(cLorder) {
			return true
		}
	}
	return false
}

// forbidsMoney is forbids for words of charging, which a plain "不" also
// negates ("下个月不续了") and an act of stopping ends ("停止扣费").
func forbidsMoney(c clause, i int) bool {
	for j := i - 1; j >= 0 && c.words[i].from-c.words[j].to <= 14; j-- {
		is := c.words[j].is
		if is.has(cNegimp) {
			return true
		}
		if is.any(allActs) && !is.any(moneyMoves) {
			return false
		}
	}
	return false
}

// refunding reads a word of giving back.
func (r *reading) refunding(n, i int) {
	c, w := r.clauses[n], r.clauses[n].words[i]
	near := setOf(cAsset, cGoods, cTopup)
	switch {
	case c.following(i, setOf(cTakeback), 8) || c.following(i, setOf(cDontwant), 3):
		r.note(noRefund, w.from, w.to)
	case forbids(c, i) || c.before(i, setOf(cNeg), 1) && !c.question && !c.before(i, setOf(cWhy), 9):
		if c.before(i, setOf(cNegimp), 5) {
			r.note(noRefund, w.from, w.to)
		}
	case r.foreign(&c):
		r.note(aboutGoods, w.from, w.to)
	case c.has(cAsset) && !c.hasAny(setOf(cPlan, cBilling, cRemaining, cCharge, cCharged, cMonth, cQuarter, cYear)) || c.hasAny(near) && c.before(i, setOf(cAsset), 6):
		r.note(asksAsset, w.from, w.to)
	case n > 0 && r.clauses[n-1].has(cAsset) && r.clauses[n-1].sentence == c.sentence && !r.topics.any(setOf(cPlan, cBilling, cCharge, cCharged)):
		r.note(asksAsset, w.from, w.to)
	case c.question && c.words[0].is.has(cAux), c.hasAny(setOf(cStatus, cWhen)) || c.hasAny(setOf(cNotyet, cPromise)) && !c.before(i, setOf(cWant), 4) || r.asksDone(c, w.from, w.to):
		r.note(asksStatus, w.from, w.to)
	case r.filedAs(c, i):
		r.note(askedBefore, w.from, w.to)
	case c.following(i, setOf(cPast), 2):
		r.note(namesRefund, w.from, w.to)
	case w.is.has(cRefundobj) || c.has(cRequest) && !c.before(i, setOf(cWant), 4):
		r.note(namesRefund, w.from, w.to)
	default:
		r.note(asksRefund, w.from, w.to)
		if c.has(cWant) {
			r.note(demandsRefund, w.from, w.to)
		}
	}
}
