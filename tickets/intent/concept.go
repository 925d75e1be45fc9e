package intent

// concept is what a term means to the grammar. A term may mean several.
type concept uint8

// The concepts. Each is named in the lexicon files as here, less the prefix;
// one that is new there is added here and to conceptNames.
const (
	cIgnore concept = iota
	cStop
	cUnsub
	cPause
	cDelete
	cRefund
	cRefundobj
	cCharge
	cCharged
	cRenewed
	cAgain
	cRenew
	cKeep
	cResume
	cOpen
	cChange
	cTakeback
	cComplain
	cCantfind
	cBroken
	cHidden
	cHow
	cWhy
	cStatus
	cRequest
	cTransfer
	cLose
	cMischarge
	cTwice
	cNotmine
	cBilling
	cPlan
	cService
	cAccount
	cGoods
	cTopup
	cSms
	cAsset
	cInvoice
	cTrial
	cEntry
	cOther
	cPresale
	cSpam
	cJob
	cAuto
	cGreet
	cNeg
	cNegimp
	cPast
	cDone
	cAfter
	cIf
	cWant
	cCan
	cPassive
	cConj
	cDontwant
	cNow
	cForgotten
	cJustpaid
	cRemaining
	cPrice
	cMoney
	cThanks
	cYes
	cNo
	cAgentsays
	cCustomersays
	cRegulator
	cLegal
	cMinor
	cVulnerable
	cHuman
	cRexpensive
	cRnotneeded
	cRpoor
	cRforgot
	cRswitched
	cRhidden
	cRother
	cWechat
	cAlipay
	cCard
	cMonth
	cQuarter
	cYear
	cLaccount
	cLphone
	cLcallback
	cLcaller
	cLemail
	cLorder
	cLnotorder
	cLtxn
	cLtail
	cLcardno
	cLid
	cCashout
	cMisdial
	cSupport
	cUnclear
	cOr
	cNext
	cDoneweak
	cWhen
	cNotyet
	cPromise
	cState
	cIsnt
	cEnsure
	cClick
	cEvery
	cStopped
	cUnsubbed
	cBack
	cAux
	cDenyask
	cDenymine
	cImposter
	cWhostopped
	conceptCount
)

func conceptByName(name string) (concept, bool) {
	for i, n := range conceptNames {
		if n == name {
			return concept(i), true
		}
	}
	return 0, false
}

var conceptNames = [conceptCount]string{
	cIgnore:       "ignore",
	cStop:         "stop",
	cUnsub:        "unsub",
	cPause:        "pause",
	cDelete:       "delete",
	cRefund:       "refund",
	cRefundobj:    "refundobj",
	cCharge:       "charge",
	cCharged:      "charged",
	cRenewed:      "renewed",
	cAgain:        "again",
	cRenew:        "renew",
	cKeep:         "keep",
	cResume:       "resume",
	cOpen:         "open",
	cChange:       "change",
	cTakeback:     "takeback",
	cComplain:     "complain",
	cCantfind:     "cantfind",
	cBroken:       "broken",
	cHidden:       "hidden",
	cHow:          "how",
	cWhy:          "why",
	cStatus:       "status",
	cRequest:      "request",
	cTransfer:     "transfer",
	cLose:         "lose",
	cMischarge:    "mischarge",
	cTwice:        "twice",
	cNotmine:      "notmine",
	cBilling:      "billing",
	cPlan:         "plan",
	cService:      "service",
	cAccount:      "account",
	cGoods:        "goods",
	cTopup:        "topup",
	cSms:          "sms",
	cAsset:        "asset",
	cInvoice:      "invoice",
	cTrial:        "trial",
	cEntry:        "entry",
	cOther:        "other",
	cPresale:      "presale",
	cSpam:         "spam",
	cJob:          "job",
	cAuto:         "auto",
	cGreet:        "greet",
	cNeg:          "neg",
	cNegimp:       "negimp",
	cPast:         "past",
	cDone:         "done",
	cAfter:        "after",
	cIf:           "if",
	cWant:         "want",
	cCan:          "can",
	cPassive:      "passive",
	cConj:         "conj",
	cDontwant:     "dontwant",
	cNow:          "now",
	cForgotten:    "forgotten",
	cJustpaid:     "justpaid",
	cRemaining:    "remaining",
	cPrice:        "price",
	cMoney:        "money",
	cThanks:       "thanks",
	cYes:          "yes",
	cNo:           "no",
	cAgentsays:    "agentsays",
	cCustomersays: "customersays",
	cRegulator:    "regulator",
	cLegal:        "legal",
	cMinor:        "minor",
	cVulnerable:   "vulnerable",
	cHuman:        "human",
	cRexpensive:   "rexpensive",
	cRnotneeded:   "rnotneeded",
	cRpoor:        "rpoor",
	cRforgot:      "rforgot",
	cRswitched:    "rswitched",
	cRhidden:      "rhidden",
	cRother:       "rother",
	cWechat:       "wechat",
	cAlipay:       "alipay",
	cCard:         "card",
	cMonth:        "month",
	cQuarter:      "quarter",
	cYear:         "year",
	cLaccount:     "laccount",
	cLphone:       "lphone",
	cLcallback:    "lcallback",
	cLcaller:      "lcaller",
	cLemail:       "lemail",
	cLorder:       "lorder",
	cLnotorder:    "lnotorder",
	cLtxn:         "ltxn",
	cLtail:        "ltail",
	cLcardno:      "lcardno",
	cLid:          "lid",
	cCashout:      "cashout",
	cMisdial:      "misdial",
	cSupport:      "support",
	cUnclear:      "unclear",
	cOr:           "or",
	cNext:         "next",
	cDoneweak:     "doneweak",
	cWhen:         "when",
	cNotyet:       "notyet",
	cPromise:      "promise",
	cState:        "state",
	cIsnt:         "isnt",
	cEnsure:       "ensure",
	cClick:        "click",
	cEvery:        "every",
	cStopped:      "stopped",
	cUnsubbed:     "unsubbed",
	cBack:         "back",
	cAux:          "aux",
	cDenyask:      "denyask",
	cDenymine:     "denymine",
	cImposter:     "imposter",
	cWhostopped:   "whostopped",
}

// concepts is a set.
type concepts [2]uint64

func setOf(cs ...concept) concepts {
	var s concepts
	for _, c := range cs {
		s = s.with(c)
	}
	return s
}

func (s concepts) with(c concept) concepts {
	s[c>>6] |= 1 << (c & 63)
	return s
}

func (s concepts) has(c concept) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s concepts) any(o concepts) bool { return s[0]&o[0]|s[1]&o[1] != 0 }

func (s concepts) or(o concepts) concepts { return concepts{s[0] | o[0], s[1] | o[1]} }

func (s concepts) empty() bool { return s[0]|s[1] == 0 }
