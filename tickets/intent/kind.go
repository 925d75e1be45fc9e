package intent

// kind is one sort of finding.
type kind uint8

// The kinds of findings, with the words they are explained by.
const (
	asksStop kind = iota
	asksStopPlan
	asksStopBare
	asksPause
	asksDelete
	couldStop
	perhapsDone
	demandsStop
	hasEnough
	asksKeep
	takesBack
	cancelledBefore
	askedBefore
	notStopped
	supposes
	wasEnded
	asksRefund
	demandsRefund
	namesRefund
	noRefund
	wasCharged
	wasRenewed
	chargedAgain
	chargedWrongly
	chargedTwice
	notHis
	disputes
	onTrial
	forgot
	paidJustNow
	entryTrouble
	namesEntry
	triesToStop
	asksHow
	asksStatus
	asksAsset
	complains
	aboutGoods
	aboutMessages
	aboutOthers
	aboutInvoice
	aboutTopup
	asksToBuy
	asksToChange
	asksToResume
	isSpam
	isJob
	isAutomatic
	isMisdialled
	asksSupport
	staysUnclear
	namesChoice
	deniesAsking
	kindCount
)

// kindNames are read by agents beside the message: the reason for the intent.
var kindNames = [kindCount]string{
	asksStop:        "stop, object: billing",
	asksStopPlan:    "stop, object: membership",
	asksStopBare:    "stop, object not named",
	asksPause:       "pause",
	asksDelete:      "close the account",
	couldStop:       "asks whether it can be stopped",
	perhapsDone:     "perhaps cancelled earlier",
	demandsStop:     "demands the stop",
	hasEnough:       "no longer wanted",
	asksKeep:        "asks to keep",
	takesBack:       "takes an earlier request back",
	cancelledBefore: "cancelled earlier",
	askedBefore:     "asked for earlier",
	notStopped:      "not cancelled yet",
	supposes:        "supposed, not asked",
	wasEnded:        "was ended by others",
	asksRefund:      "asks for money back",
	demandsRefund:   "demands money back",
	namesRefund:     "names a refund",
	noRefund:        "wants no refund",
	wasCharged:      "was charged",
	wasRenewed:      "was renewed",
	chargedAgain:    "charged again",
	chargedWrongly:  "charge disputed as wrong",
	chargedTwice:    "charged more than once",
	notHis:          "never signed up",
	disputes:        "asks why it was charged",
	onTrial:         "trial",
	forgot:          "forgot to cancel",
	paidJustNow:     "paid just now or by mistake",
	entryTrouble:    "cannot find or use the way to cancel",
	triesToStop:     "tries to cancel",
	namesEntry:      "names the way to cancel",
	asksHow:         "asks how",
	asksStatus:      "asks how far an earlier request is",
	asksAsset:       "asks about assets",
	complains:       "complains",
	aboutGoods:      "about an order of goods",
	aboutMessages:   "about messages, not billing",
	aboutOthers:     "about another company",
	aboutInvoice:    "about an invoice",
	aboutTopup:      "about a top-up",
	asksToBuy:       "wants to buy or compare",
	asksToChange:    "wants to change something",
	asksToResume:    "wants it on again",
	isSpam:          "advertising",
	isJob:           "a job application",
	isAutomatic:     "an automatic reply",
	isMisdialled:    "meant for somebody else",
	asksSupport:     "another trouble with the product",
	staysUnclear:    "said to be unclear",
	namesChoice:     "leaves the choice open",
	deniesAsking:    "denies having asked",
}
