package intent

import (
	"slices"
	"strings"
	"unicode"
)

// verdict is what one rule of the decision concludes.
type verdict struct {
	intent     Intent
	confidence float64
	because    []kind // the findings it rests on
}

// rule concludes something from a reading, or nothing.
type rule func(r *reading) (verdict, bool)

// rules stand in the order of precedence: the first that concludes gives the
// primary intent, every later one that concludes adds another. What denies a
// request, takes it back or is none comes first, then money wrongly taken, money
// to give back and money to stop, then questions.
var rules = []rule{
	machine, denial, undecided, withdrawal, mistaken, followUp, assetsFirst, refundWithEnd, status, demanded, entry, assets, stopping, otherBusiness, unclear, plainCharge, nothing,
}

// decide weighs a reading.
func decide(r *reading) Understanding {
	var u Understanding
	var because []kind
	for _, apply := range rules {
		v, ok := apply(r)
		if !ok || slices.Contains(u.Intents, v.intent) {
			continue
		}
		if u.Intent == "" {
			u.Intent, u.Confidence = v.intent, v.confidence
		} else if v.intent == NotCancellation || v.intent == Clarify || u.Intent == NotCancellation {
			continue // beside a request that is one, these say nothing more
		}
		u.Intents = append(u.Intents, v.intent)
		because = append(because, v.because...)
		if slices.Contains(v.because, deniesAsking) {
			break // what was denied is not asked for beside
		}
	}
	if u.Intent.Stops() && r.has(asksKeep, takesBack, supposes, staysUnclear, aboutMessages, aboutOthers) {
		const opposed = 0.6
		u.Confidence = min(u.Confidence, opposed)
	}
	u.Why = explain(r, because)
	r.converse(&u)
	return u
}

// explain quotes the words behind the findings, in the order of weight.
func explain(r *reading, because []kind) []string {
	var why []string
	for i, k := range because {
		if slices.Contains(because[:i], k) {
			continue
		}
		for _, f := range r.found {
			if f.what == k {
				why = append(why, r.quote(f)+" → "+kindNames[k])
				break
			}
		}
	}
	return why
}

// quote shortens a long stretch to its two ends.
func (r *reading) quote(f finding) string {
	const whole, end = 16, 6
	if f.to-f.from <= whole {
		return oneLine(r.text.slice(f.from, f.to))
	}
	return oneLine(r.text.slice(f.from, f.from+end) + "…" + r.text.slice(f.to-end, f.to))
}

func oneLine(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\n", " ")) }

func (r *reading) asksEnd() bool { return r.has(asksStop, asksStopPlan, asksStopBare, hasEnough) }

func (r *reading) billed() bool {
	return r.has(wasCharged, wasRenewed, chargedAgain) || r.topics.any(setOf(cCharged, cRenewed))
}

// asks tells whether the customer puts any question.
func (r *reading) asks() bool {
	return slices.ContainsFunc(r.clauses, func(c clause) bool { return c.question && !c.agent })
}

// machine knows mail that nobody wrote to the desk: one sign of it will do
// where nothing is asked for, two are enough against words of cancelling, which
// advertisers use as well.
func machine(r *reading) (verdict, bool) {
	asks := r.asksEnd() || r.has(asksRefund, cancelledBefore, wasCharged)
	for _, k := range []kind{isAutomatic, isSpam, isJob, isMisdialled} {
		if r.count[k] > 1 || r.has(k) && (!asks || k == isMisdialled) {
			if k == isMisdialled && asks {
				// It asks us, and names a thing we may not know by that name: a person reads it.
				return verdict{NotCancellation, 0.5, []kind{k}}, true
			}
			return verdict{NotCancellation, 0.9, []kind{k}}, true
		}
	}
	return verdict{}, false
}

// undecided knows a customer who has not made up his mind between a pause and
// an end, and an agent's note that the wish is unclear.
func undecided(r *reading) (verdict, bool) {
	if r.has(asksRefund, chargedAgain, wasCharged) {
		return verdict{}, false
	}
	if r.has(staysUnclear) && r.has(asksPause, asksStop, asksStopPlan, asksStopBare, asksDelete) ||
		r.has(namesChoice) && r.has(asksPause) && !r.has(asksStop) {
		return verdict{Clarify, 0.8, []kind{staysUnclear, namesChoice, asksPause, asksStopPlan, asksStopBare}}, true
	}
	return verdict{}, false
}

// withdrawal knows a request taken back, and one to leave things as they are.
func withdrawal(r *reading) (verdict, bool) {
	if r.has(asksRefund, chargedAgain, chargedWrongly) {
		return verdict{}, false
	}
	if r.has(takesBack) && !r.has(asksStop, asksStatus, asksAsset) {
		return verdict{NotCancellation, 0.85, []kind{takesBack, asksKeep}}, true
	}
	if r.has(asksKeep) && !r.has(asksStop, asksStopPlan, asksStopBare, asksDelete, hasEnough, asksPause, asksStatus, asksAsset, entryTrouble, demandsStop) {
		return verdict{NotCancellation, 0.8, []kind{asksKeep}}, true
	}
	return verdict{}, false
}

// mistaken knows a charge that should not have been: after a cancellation,
// twice, never agreed to, or renewed against the will and asked back.
func mistaken(r *reading) (verdict, bool) {
	says := func(confidence float64, because ...kind) (verdict, bool) {
		return verdict{RefundMistakenCharge, confidence, because}, true
	}
	charged := r.billed()
	switch {
	case r.has(cancelledBefore, askedBefore, supposes) && charged && r.has(chargedAgain):
		return says(0.95, cancelledBefore, chargedAgain, asksRefund)
	case r.has(cancelledBefore, askedBefore) && r.has(wasCharged, wasRenewed) && !(r.has(onTrial) && !r.has(chargedAgain)):
		return says(0.85, cancelledBefore, wasCharged, wasRenewed, asksRefund)
	case r.has(perhapsDone) && r.has(chargedAgain) && charged:
		return says(0.85, perhapsDone, chargedAgain, asksRefund)
	case r.has(perhapsDone) && r.has(wasCharged) && r.has(asksRefund):
		return says(0.7, perhapsDone, wasCharged, asksRefund)
	case r.has(chargedTwice) && !r.has(asksAsset) && !(r.has(aboutTopup, aboutGoods) && !r.topics.any(setOf(cPlan, cBilling))):
		return says(0.85, chargedTwice, wasCharged, asksRefund)
	case r.has(notHis) && (charged || r.has(asksRefund, disputes)):
		return says(0.9, notHis, wasCharged, asksRefund)
	case r.has(chargedWrongly) && !r.has(asksKeep):
		return says(0.85, chargedWrongly, wasCharged, asksRefund)
	case r.has(onTrial, forgot) && charged && r.has(asksRefund, disputes):
		return says(0.75, onTrial, forgot, wasCharged, asksRefund)
	case r.has(chargedAgain) && charged && r.has(asksRefund):
		return says(0.75, chargedAgain, asksRefund)
	case r.has(disputes) && !r.has(asksStop, entryTrouble):
		return says(0.7, disputes, wasCharged)
	case r.has(wasRenewed) && r.has(asksRefund) && !r.has(paidJustNow) && !r.topics.has(cRemaining):
		return says(0.65, wasRenewed, asksRefund)
	}
	return verdict{}, false
}

// refundWithEnd knows an end with money back for what is left.
func refundWithEnd(r *reading) (verdict, bool) {
	if !r.has(asksRefund) && !(r.has(namesRefund) && !r.has(asksStatus)) || r.has(noRefund) && !r.has(demandsRefund) {
		return verdict{}, false
	}
	if r.has(aboutGoods, asksAsset, isMisdialled) && !r.topics.any(setOf(cPlan, cBilling)) ||
		r.has(aboutTopup) && !r.has(asksStop, asksStopPlan) && !r.topics.has(cBilling) {
		return verdict{}, false
	}
	confidence := 0.6
	if r.has(asksStop, asksStopPlan, asksStopBare) {
		confidence = 0.9
	} else if r.topics.any(setOf(cPlan, cBilling, cJustpaid, cRemaining)) {
		confidence = 0.8
	}
	return verdict{CancelAndRefund, confidence, []kind{asksRefund, asksStop, asksStopPlan, asksStopBare, paidJustNow}}, true
}

// followUp knows a question after an earlier request, with signs that there
// was one and without a new demand.
func followUp(r *reading) (verdict, bool) {
	asks := r.has(asksStatus) || r.has(askedBefore) && r.asks()
	if !asks || r.has(demandsRefund, chargedAgain) {
		return verdict{}, false
	}
	if r.has(askedBefore, cancelledBefore) || r.topics.has(cRequest) && !r.has(asksStop, asksStopPlan) {
		return verdict{StatusInquiry, 0.85, []kind{asksStatus, askedBefore, cancelledBefore}}, true
	}
	return verdict{}, false
}

// status knows any other question about how things stand.
func status(r *reading) (verdict, bool) {
	if !r.has(asksStatus) || r.has(asksStop, asksStopPlan, demandsRefund) || r.has(asksToBuy) && !r.topics.has(cRequest) {
		return verdict{}, false
	}
	if r.has(aboutGoods, aboutTopup, asksSupport) && !r.topics.any(setOf(cPlan, cBilling, cRefund)) {
		return verdict{}, false
	}
	return verdict{StatusInquiry, 0.75, []kind{asksStatus}}, true
}

// assetsFirst knows a question about assets beside which money back is only
// one of the ways out.
func assetsFirst(r *reading) (verdict, bool) {
	if !r.has(asksAsset) || r.has(asksStop, asksStopPlan) || r.has(entryTrouble) && !r.topics.has(cCashout) || r.topics.has(cRemaining) && r.has(asksRefund) && r.topics.has(cPlan) {
		return verdict{}, false
	}
	return assets(r)
}

// demanded knows a plain demand to stop beside which the trouble with the way
// to do it is only the reason.
func demanded(r *reading) (verdict, bool) {
	if !r.has(demandsStop) || r.topics.has(cHidden) {
		return verdict{}, false
	}
	return stopping(r)
}

// entry knows a complaint about finding or using the way to cancel.
func entry(r *reading) (verdict, bool) {
	if !r.has(entryTrouble) && !r.has(triesToStop) || r.has(aboutGoods, aboutMessages) && !r.topics.any(setOf(cPlan, cBilling)) {
		return verdict{}, false
	}
	return verdict{EntryComplaint, 0.8, []kind{entryTrouble, triesToStop, complains}}, true
}

// assets knows a question about what becomes of what is left.
func assets(r *reading) (verdict, bool) {
	if !r.has(asksAsset) {
		return verdict{}, false
	}
	return verdict{AssetDisposal, 0.85, []kind{asksAsset}}, true
}

// stopping knows a request to stop the money.
func stopping(r *reading) (verdict, bool) {
	says := func(confidence float64, because ...kind) (verdict, bool) {
		return verdict{StopAutoRenew, confidence, because}, true
	}
	billing := r.topics.any(setOf(cBilling, cCharge, cCharged, cRenew, cRenewed))
	switch {
	case r.has(asksDelete) && r.topics.has(cNotmine) && !r.has(asksStop, asksStopPlan):
		return verdict{}, false
	case r.has(asksStop):
		return says(0.95, asksStop, asksHow)
	case r.has(couldStop) && !r.has(asksToBuy) && (billing || r.topics.has(cPlan)):
		return says(0.7, couldStop)
	case r.has(asksStopPlan):
		return says(0.75, asksStopPlan)
	case r.has(askedBefore):
		return says(0.6, askedBefore)
	case r.has(asksHow) && r.topics.has(cEntry) && (r.has(namesEntry) || r.topics.has(cBilling)) && !r.has(entryTrouble, asksToBuy, asksToResume):
		return says(0.6, namesEntry, asksHow)
	case r.has(asksStopBare) && r.topics.any(setOf(cMonth, cQuarter, cYear)):
		return says(0.65, asksStopBare)
	case r.has(asksStopBare, hasEnough, asksPause, asksDelete) && billing && !r.has(asksToBuy, aboutTopup):
		return says(0.7, asksStopBare, hasEnough, asksPause, asksDelete)
	}
	return verdict{}, false
}

// otherBusiness knows what the desk does not end.
func otherBusiness(r *reading) (verdict, bool) {
	if r.has(asksDelete) && r.topics.has(cNotmine) {
		return verdict{NotCancellation, 0.75, []kind{asksDelete}}, true
	}
	for _, k := range []kind{aboutMessages, aboutGoods, aboutOthers, aboutTopup, aboutInvoice, asksToResume, asksToChange, asksToBuy, isSpam, isJob, wasEnded, asksSupport} {
		if r.has(k) && !(k > aboutTopup && r.has(asksStopBare, asksDelete, asksPause)) {
			return verdict{NotCancellation, 0.75, []kind{k}}, true
		}
	}
	return verdict{}, false
}

// unclear knows an end asked for without a word about billing.
func unclear(r *reading) (verdict, bool) {
	if r.has(asksStopBare, asksPause, asksDelete, hasEnough) {
		return verdict{Clarify, 0.7, []kind{asksStopBare, asksPause, asksDelete, hasEnough}}, true
	}
	return verdict{}, false
}

// plainCharge takes a charge that is told and nothing else for a complaint
// about it: nobody writes to say that all is well.
func plainCharge(r *reading) (verdict, bool) {
	if !r.has(wasCharged, chargedAgain) || r.has(asksStop, asksStopPlan, asksStopBare, asksStatus, entryTrouble, asksAsset, aboutTopup, aboutGoods, asksSupport) {
		return verdict{}, false
	}
	return verdict{RefundMistakenCharge, 0.5, []kind{wasCharged, chargedAgain}}, true
}

// nothing ends the list. A blank text and one that names ending, money back or, without
// asking anything, billing is worth a question; any other is other business.
func nothing(r *reading) (verdict, bool) {
	asks := r.has(asksHow, asksSupport) || r.asks()
	blank := !slices.ContainsFunc(r.text.folded, func(c rune) bool { return !unicode.IsSpace(c) })
	if blank || r.topics.any(stopActs.or(setOf(cCharged, cRefund, cRefundobj))) || !asks && r.topics.any(setOf(cBilling, cPlan, cCharge, cRenew)) {
		return verdict{Clarify, 0.2, nil}, true
	}
	return verdict{NotCancellation, 0.3, nil}, true
}
