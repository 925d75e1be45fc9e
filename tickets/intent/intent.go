package intent

import "strings"

// Intent is what a customer asks for; one of the constants below.
type Intent string

// The closed set of intents. A message has one primary intent and any number
// of others.
const (
	StopAutoRenew        Intent = "stop_auto_renew"        // 关闭自动续费
	CancelAndRefund      Intent = "cancel_and_refund"      // 退订并退款
	RefundMistakenCharge Intent = "refund_mistaken_charge" // 误扣退款
	AssetDisposal        Intent = "asset_disposal"         // 资产处理
	EntryComplaint       Intent = "entry_complaint"        // 入口投诉
	StatusInquiry        Intent = "status_inquiry"         // 进度查询
	Clarify              Intent = "clarify"                // 待澄清
	NotCancellation      Intent = "not_cancellation"       // 非退订
)

// Stops tells whether the customer asks that money stop flowing: the three
// intents for which a hold or a stop is due.
func (i Intent) Stops() bool {
	return i == StopAutoRenew || i == CancelAndRefund || i == RefundMistakenCharge
}

// Flag marks a message that a supervisor should see. It never slows a stop.
type Flag string

// The flags, in the order in which they are reported.
const (
	Regulator      Flag = "regulator"       // 12315, market supervision, media
	Legal          Flag = "legal"           // a lawyer, a court, a lawsuit
	Minor          Flag = "minor"           // a child paid
	Vulnerable     Flag = "vulnerable"      // illness, old age, hardship
	HumanRequested Flag = "human_requested" // wants to speak to a person
)

// Flags are all of them.
func Flags() []Flag { return []Flag{Regulator, Legal, Minor, Vulnerable, HumanRequested} }

// Message is one inbound message. Channel is email, chat, phone, web or other;
// Subject is for mail only; Text is the new text. Quoted mail and a signature
// that are still in it are left out of account.
type Message struct {
	Channel string
	Subject string
	Text    string
}

// Understanding is what one message was taken to say.
type Understanding struct {
	Intent     Intent   // the primary intent
	Intents    []Intent // all intents, the primary first, none twice
	Flags      []Flag   // in the order of the constants, none twice
	Facts      Facts
	Confidence float64  // 0 to 1; above 0.8 only for a clear act on a clear object, unopposed
	Why        []string // what was found, readable, in the order of weight
	Withdraws  bool     // takes back an earlier request, or denies having asked; a person reads it
	Thanks     bool     // nothing but thanks or a farewell
	Affirms    bool     // a bare yes, as an answer to a question
	Denies     bool     // a bare no, as an answer to a question
}

// Understand reads one message. It never fails: a text that says nothing
// useful is Clarify with low confidence. The time it takes grows linearly with
// the text.
func Understand(m Message) Understanding {
	if isAnswer(m.Subject) {
		// An answer's subject repeats what was asked before, by whomever: what the text says by itself comes first.
		u := understand(Message{Channel: m.Channel, Text: m.Text})
		if u.Withdraws || u.Affirms || u.Denies || u.Thanks {
			return u
		}
	}
	return understand(m)
}

// isAnswer reports whether a subject is one that mail programs give to answers.
func isAnswer(subject string) bool {
	subject = strings.ToLower(strings.TrimSpace(subject))
	for _, p := range []string{"re:", "re：", "回复:", "回复：", "答复:", "答复："} {
		if strings.HasPrefix(subject, p) {
			return true
		}
	}
	return false
}

func understand(m Message) Understanding {
	w := borrow()
	defer w.giveBack()
	w.text = w.text.normalise(ownText(m))
	w.words = vocabulary().scan(w.text, w.words)
	r := read(w)
	u := decide(r)
	u.Flags = flagsOf(r)
	u.Facts = factsOf(r, u.Intents)
	return u
}
