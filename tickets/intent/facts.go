package intent

// Facts are what a message states, normalised. An empty field was not stated.
// They find and ask; they never decide an amount or an identity.
type Facts struct {
	Account       string `json:"account,omitempty"`        // what the customer calls his account
	Phone         string `json:"phone,omitempty"`          // 11 digits, the customer's own
	Email         string `json:"email,omitempty"`          // bare address
	OrderNo       string `json:"order_no,omitempty"`       // blanks removed, dashes kept
	PaymentMethod string `json:"payment_method,omitempty"` // wechat, alipay, bank_card
	AmountFen     int64  `json:"amount_fen,omitempty"`     // the charge in dispute or the price of a period
	Period        string `json:"period,omitempty"`         // month, quarter, year
	NationalID    string `json:"national_id,omitempty"`    // 18 characters, check digit right (GB 11643)
	Reason        string `json:"reason,omitempty"`         // see DESIGN: too_expensive … other
	ChannelTxnID  string `json:"channel_txn_id,omitempty"` // the payment channel's transaction number
	ChargedAt     string `json:"charged_at,omitempty"`     // YYYY-MM-DD, or MM-DD where no year is stated
	CardTail      string `json:"card_tail,omitempty"`      // last four digits
}

// factsOf collects the facts; a dispute among the intents settles the reason.
func factsOf(r *reading, intents []Intent) Facts {
	var f Facts
	var caller string
	for _, n := range numeralsOf(r.text) {
		r.identify(n, &f, &caller)
	}
	if f.Phone == "" {
		f.Phone = caller
	}
	r.addresses(&f)
	r.namedAccount(&f)
	var period string
	f.AmountFen, period = r.amount()
	f.ChargedAt = r.chargeDay()
	f.PaymentMethod = r.choose(payWords)
	if f.Period = r.choose(periodWords); f.Period == "" {
		f.Period = period
	}
	if intents[0] != NotCancellation {
		f.Reason = r.reason(intents)
	}
	return f
}

// choice pairs a concept with the value it stands for.
type choice struct {
	word  concept
	value string
}

var (
	payWords    = []choice{{cWechat, "wechat"}, {cAlipay, "alipay"}, {cCard, "bank_card"}}
	periodWords = []choice{{cMonth, "month"}, {cQuarter, "quarter"}, {cYear, "year"}}
)

// choose takes the first value named in a clause that speaks of money or the
// plan, else the first named at all.
func (r *reading) choose(choices []choice) string {
	context := setOf(cCharge, cCharged, cBilling, cRenew, cRenewed, cPlan, cStop, cUnsub, cMoney)
	first := ""
	for _, c := range r.clauses {
		for _, w := range c.words {
			for _, k := range choices {
				if !w.is.has(k.word) {
					continue
				}
				if first == "" {
					first = k.value
				}
				if c.hasAny(context) {
					return k.value
				}
			}
		}
	}
	return first
}

// reason gives why the customer ends it, if he says so.
func (r *reading) reason(intents []Intent) string {
	t := r.topics
	if t.has(cTrial) && t.has(cForgotten) || t.has(cRforgot) && t.has(cTrial) {
		return "forgot_trial"
	}
	for _, i := range intents {
		if i == RefundMistakenCharge {
			return "charged_unexpectedly"
		}
	}
	for _, k := range []choice{
		{cRhidden, "entry_hidden"},
		{cRswitched, "switched"},
		{cRexpensive, "too_expensive"},
		{cRpoor, "poor_experience"},
		{cRnotneeded, "not_needed"},
		{cRother, "other"},
	} {
		if t.has(k.word) {
			return k.value
		}
	}
	for _, i := range intents {
		if i == EntryComplaint {
			return "entry_hidden"
		}
	}
	return ""
}
