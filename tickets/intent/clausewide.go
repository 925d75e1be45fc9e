package intent

// wholeWords are those that whole and its parts note something by. Most clauses of a long letter hold
// none of them.
var wholeWords = func() concepts {
	s := setOf(cHidden, cBroken, cCantfind, cEntry, cNegimp, cRefundobj, cHow, cStatus, cTopup, cOr, cGoods, cKeep,
		cRenew, cResume, cOpen, cNext, cWhen, cNotyet, cState, cAgain, cMischarge, cTwice, cNotmine, cWhy, cCashout, cAsset)
	for _, t := range topicKinds {
		s = s.with(t.word)
	}
	return s
}()

// whole notes what a clause says by its words together, whatever their order.
func (r *reading) whole(n int) {
	c := &r.clauses[n]
	if !c.hasAny(wholeWords) {
		return
	}
	at := func(k kind, s concepts) {
		if i := c.find(s, 0); i >= 0 {
			r.note(k, c.words[i].from, c.words[i].to)
		}
	}
	r.wholeCharge(n, c, at)
	if c.hasAny(setOf(cCantfind, cBroken, cHidden)) && !c.hasAny(setOf(cAsset, cSupport)) && r.nearEnding(n) {
		at(entryTrouble, setOf(cHidden, cBroken, cCantfind))
	}
	if c.hasAny(setOf(cEntry)) && c.has(cComplain) {
		at(entryTrouble, setOf(cEntry))
	}
	if r.trailingNo(n) {
		at(asksStop, setOf(cNegimp))
	}
	if c.question && c.hasAny(setOf(cRefundobj)) && !c.hasAny(requests.or(setOf(cHow))) {
		at(asksStatus, setOf(cRefundobj))
	}
	if c.has(cHow) {
		at(asksHow, setOf(cHow))
	}
	if c.has(cStatus) && !c.hasAny(setOf(cAsset)) && (!c.hasAny(setOf(cTopup, cGoods)) || c.hasAny(setOf(cRefund, cBilling, cPlan)) || c.has(cLorder)) {
		at(asksStatus, setOf(cStatus))
	}
	r.wholeStatus(n, c, at)
	r.wholeAsset(n, c, at)
	for _, t := range topicKinds {
		if !c.has(t.word) {
			continue
		}
		for i := c.find(setOf(t.word), 0); i >= 0; i = c.find(setOf(t.word), i+1) {
			r.note(t.what, c.words[i].from, c.words[i].to)
		}
	}
	if i := c.find(setOf(cTopup), 0); i >= 0 && !c.hasAny(setOf(cPlan, cBilling)) {
		at(aboutTopup, setOf(cTopup))
	}
	if c.has(cOr) && (c.has(cPause) || n > 0 && r.clauses[n-1].has(cPause)) {
		at(namesChoice, setOf(cOr))
	}
	if c.has(cGoods) && !c.hasAny(setOf(cPlan, cBilling)) && (!c.has(cLorder) || !r.numbered(c)) || c.has(cGoods) && c.has(cPassive) {
		at(aboutGoods, setOf(cGoods))
	}
	if c.has(cKeep) && !c.hasAny(setOf(cAsset, cNegimp, cLose)) && !c.question {
		at(asksKeep, setOf(cKeep))
	}
	if i := c.find(setOf(cRenew), 0); i >= 0 && c.before(i, setOf(cWant), 3) && !c.hasAny(stopActs.or(negations)) && !c.hasAny(setOf(cBilling, cCharged, cRenewed, cPast)) {
		at(asksToResume, setOf(cRenew))
	}
	if c.hasAny(setOf(cResume, cOpen)) && !c.hasAny(negations) && !c.hasAny(setOf(cPast, cNotmine, cJustpaid, cCharged)) {
		if c.has(cResume) {
			at(asksToResume, setOf(cResume))
		} else {
			at(asksToBuy, setOf(cOpen))
		}
	}
}

// wholeStatus puts a question about progress together: a word for when, for
// not yet or for how things stand, with something that was asked for or that
// is to be charged.
func (r *reading) wholeStatus(n int, c *clause, at func(kind, concepts)) {
	if !c.hasAny(setOf(cNext, cWhen, cNotyet, cState)) || c.has(cAsset) || r.foreign(c) {
		return
	}
	switch business := stopActs.or(setOf(cRefund, cRequest, cPromise)); {
	case c.has(cNext) && c.hasAny(setOf(cCharge, cCharged, cRenew)) && (c.question || c.has(cWhen)):
		at(asksStatus, setOf(cNext))
	case c.has(cWhen) && c.hasAny(setOf(cCharge, cCharged)) && !c.hasAny(negations) && !c.has(cPast):
		at(asksStatus, setOf(cWhen))
	case c.has(cNotyet) && !c.hasAny(setOf(cJustpaid, cDontwant)) && (c.hasAny(business) || r.beside(n, setOf(cRequest, cPromise, cRefund, cRefundobj, cDone))):
		at(asksStatus, setOf(cNotyet))
	case c.question && c.has(cState) && c.hasAny(setOf(cBilling, cCharge)) && !c.hasAny(setOf(cWant, cCan, cHow, cWhy)):
		at(asksStatus, setOf(cState))
	}
}

// trailingNo knows an ellipsis: a clause that only says no to a renewal or a
// charge that the clause before announced ("it is set to renew. I'd rather it
// didn't").
func (r *reading) trailingNo(n int) bool {
	c := r.clauses[n]
	if n == 0 || len(c.words) == 0 || c.question || !c.words[len(c.words)-1].is.has(cNegimp) || c.words[len(c.words)-1].is.any(stopActs) {
		return false
	}
	before := r.clauses[n-1]
	return !c.hasAny(allActs) && before.hasAny(setOf(cRenew, cCharge)) && !before.hasAny(setOf(cCharged, cRenewed).or(stopActs).or(negations))
}

// topicKinds are the topics that a single word gives away.
var topicKinds = []struct {
	word concept
	what kind
}{
	{cComplain, complains},
	{cTrial, onTrial},
	{cForgotten, forgot},
	{cJustpaid, paidJustNow},
	{cSms, aboutMessages},
	{cOther, aboutOthers},
	{cInvoice, aboutInvoice},
	{cPresale, asksToBuy},
	{cChange, asksToChange},
	{cSpam, isSpam},
	{cJob, isJob},
	{cAuto, isAutomatic},
	{cMisdial, isMisdialled},
	{cSupport, asksSupport},
	{cUnclear, staysUnclear},
}

// wholeCharge notes what is wrong about a charge.
func (r *reading) wholeCharge(n int, c *clause, at func(kind, concepts)) {
	if !c.hasAny(setOf(cAgain, cMischarge, cTwice, cNotmine, cWhy)) {
		return
	}
	charge := c.hasAny(setOf(cCharge, cCharged, cRenewed, cRenew)) && !r.foreign(c)
	if c.has(cAgain) && c.hasAny(setOf(cCharge, cCharged, cRenewed)) && !r.foreign(c) && !(c.question && c.has(cState)) {
		i := c.find(setOf(cAgain), 0)
		if !c.before(i, setOf(cNegimp), 3) && !c.hasAny(setOf(cNegimp)) {
			at(chargedAgain, setOf(cAgain))
		}
	}
	if i := c.find(setOf(cMischarge), 0); i >= 0 && !forbidsMoney(*c, i) && (charge || r.beside(n, setOf(cCharge, cCharged, cRenewed))) {
		at(chargedWrongly, setOf(cMischarge))
	}
	if c.has(cTwice) && charge {
		at(chargedTwice, setOf(cTwice))
	}
	if c.has(cNotmine) && (r.topics.any(setOf(cCharge, cCharged, cRenewed, cRenew))) {
		at(notHis, setOf(cNotmine))
	}
	if c.has(cWhy) && (charge || r.beside(n, setOf(cCharged, cRenewed))) && !c.hasAny(setOf(cRefund)) {
		at(disputes, setOf(cWhy))
	}
}

// numbered tells whether a clause states a number of five digits or more.
func (r *reading) numbered(c *clause) bool {
	run := 0
	for _, f := range r.text.folded[c.from:c.to] {
		if run++; !isDigit(f) {
			run = 0
		}
		if run == 5 {
			return true
		}
	}
	return false
}

// beside tells whether a neighbour clause has a word of s.
func (r *reading) beside(n int, s concepts) bool {
	return n > 0 && r.clauses[n-1].hasAny(s) || n+1 < len(r.clauses) && r.clauses[n+1].hasAny(s)
}

// nearEnding tells whether clause n or a neighbour speaks of ending or of
// where one does it.
func (r *reading) nearEnding(n int) bool {
	s := stopActs.or(setOf(cEntry, cBilling))
	c := r.clauses[n]
	if c.hasAny(setOf(cBroken, cHidden)) && c.hasAny(setOf(cGoods, cTopup)) {
		return false
	}
	if c.hasAny(s) || r.beside(n, s) {
		return true
	}
	for i := max(0, n-3); i < len(r.clauses) && i <= n+3; i++ {
		if r.clauses[i].sentence == c.sentence && r.clauses[i].hasAny(s) {
			return true
		}
	}
	return false
}

// wholeAsset notes a question about what becomes of assets.
func (r *reading) wholeAsset(n int, c *clause, at func(kind, concepts)) {
	if c.has(cCashout) && !c.hasAny(negations) {
		at(asksAsset, setOf(cCashout))
		return
	}
	if !c.has(cAsset) || c.hasAny(setOf(cCharged)) {
		return
	}
	s := setOf(cTransfer, cLose, cCashout)
	if c.hasAny(s) || n+1 < len(r.clauses) && r.clauses[n+1].hasAny(s) && !r.clauses[n+1].has(cAsset) ||
		n+2 < len(r.clauses) && r.clauses[n+2].sentence == c.sentence && r.clauses[n+2].has(cLose) {
		at(asksAsset, setOf(cAsset))
	}
}
