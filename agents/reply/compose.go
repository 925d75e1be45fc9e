package reply

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// Mail is one composed mail: what people read and the exact bytes that go out.
type Mail struct {
	Recipient string
	Subject   string
	Text      string // LF line ends
	Auto      bool   // the desk's own words and not a person's
	Raw       []byte // RFC 5322, CRLF line ends, 7-bit
}

// Compose writes the mail that f.Tell names from the facts alone; the same facts give the same bytes.
// It refuses with Conflict what the facts do not prove and whatever would show an account to anybody
// but its registered contact, and with Invalid a recipient that is no mail address.
func Compose(f Facts) (Mail, error) {
	if !tickets.Mailable(f.Recipient) {
		return Mail{}, &tickets.Error{Kind: tickets.Invalid, Msg: "There is no mail address to write to.", Fixed: true}
	}
	if strings.EqualFold(f.Recipient, f.From.Address) {
		return Mail{}, &tickets.Error{Kind: tickets.Conflict, Msg: "The desk does not write to itself.", Fixed: true}
	}
	if f.private() && !f.onFile() {
		return Mail{}, &tickets.Error{
			Kind: tickets.Conflict,
			Msg:  "This is about an account, so it goes to the account's registered address only, and not within 72 hours of its change.", Fixed: true,
		}
	}
	v, err := viewOf(f)
	if err != nil {
		return Mail{}, err
	}
	own, text, err := render(f, v)
	if err != nil {
		return Mail{}, fmt.Errorf("write %s in %s: %w", f.Tell, language(f.Ticket.Locale), err)
	}
	m := Mail{Recipient: f.Recipient, Subject: own, Text: text, Auto: f.Tell != tickets.TellAnswer}
	if s := oneLine(f.Thread.Subject, maxSubject); s != "" {
		m.Subject = answerTo(s)
	}
	m.Raw, err = rawMail(f, m)
	return m, err
}

// view is what a text may use. Only what its Tell needs is set, so that a neutral mail can't say more
// than it may.
type view struct {
	Product string
	Number  string
	Ticket  tickets.Ticket
	Page    string
	Due     time.Time // when the case has to be settled; zero where that has passed already
	Need    []string
	Plans   []account.Subscription // to choose from
	Shared  []sharedAgreement
	Cancel  cancelled
	Money   money
	Assets  []account.QuoteAsset
	Refunds []returned
	ByHand  []returned          // refunds that a person sees to outside of the desk
	Over    []endedSubscription // whose access the refund has ended before its paid period
	Answer  string
	Holds   []held
	Held    bool                   // the biller has confirmed every hold
	Unheld  []account.Subscription // whose next charge the biller refused to keep back
	Proven  bool
	Code    sentCode
}

// held is a subscription whose next charge is kept back.
type held struct {
	account.Subscription
	Until time.Time
}

// sentCode is a code as its mail tells it. Mark stands on a line of its own and becomes the digits on the
// way out.
type sentCode struct {
	Mark      string
	Minutes   int
	Action    tickets.Action
	AmountFen int64
	EnterAt   string
}

// sharedAgreement is an agreement with the subscriptions outside the case that it pays for.
type sharedAgreement struct {
	Agreement account.Agreement
	Others    []account.Subscription
}

func viewOf(f Facts) (view, error) {
	v := view{Product: oneLine(f.Product, maxSubject)}
	if f.Tell == tickets.TellNeutral {
		return v, nil
	}
	v.Number, v.Ticket, v.Page = f.Ticket.Number(), f.Ticket, f.Page
	if f.Ticket.ResolutionDueAt.After(f.Now) {
		v.Due = f.Ticket.ResolutionDueAt
	}
	var err error
	switch f.Tell {
	case tickets.TellReceipt:
	case tickets.TellQuestion:
		v.Shared, err = sharedAgreements(f)
	case tickets.TellMissing:
		v.Need, v.Plans, err = missing(f)
	case tickets.TellCancelOutcome:
		if v.Cancel, err = cancelOutcome(f); err == nil {
			v.Money, v.Assets = moneyOf(f), assetsOf(f)
		}
	case tickets.TellRefundOutcome:
		v.Refunds, v.ByHand, err = refundOutcome(f)
		v.Over = f.endedNow()
	case tickets.TellOffer:
		if !f.offered() {
			return v, untrue("There is no quote that waits for the customer's yes.")
		}
		v.Money = moneyOf(f)
	case tickets.TellCodeNeeded:
		if v.Money = moneyOf(f); !f.offered() || v.Page == "" {
			return v, untrue("There is no quote that waits for the customer's yes by a code.")
		}
	case tickets.TellHoldAsked:
		v.Holds, v.Held = holds(f)
		if v.Unheld = unheld(f); len(v.Holds)+len(v.Unheld) == 0 {
			return v, untrue("Nothing is held back, and nothing was refused to be.")
		}
	case tickets.TellWithdrawn:
		v.Plans, err = goingOn(f)
	case tickets.TellAnswer:
		if f.Answer == nil || f.Answer.TicketID != f.Ticket.ID || f.Answer.Direction != tickets.Reply {
			return v, untrue("The answer is not one of this case.")
		}
		v.Answer = strings.TrimSpace(printable(f.Answer.Text))
	case tickets.TellCode:
		if f.Code == nil || f.Code.TicketID != f.Ticket.ID || !f.Code.Open(f.Now) {
			return v, untrue("There is no code to be sent.")
		}
		v.Code = sentCode{
			Mark: tickets.CodeMark, Minutes: int(tickets.CodeLife / time.Minute), Action: f.Code.Action, AmountFen: f.Code.AmountFen, EnterAt: f.EnterAt,
		}
	default:
		return v, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("There is no mail called %q.", f.Tell)}
	}
	return v, err
}

// sharedAgreements are those the question is about; none where it asks what the customer wants. It is
// put only once the charges themselves have stopped, as the text says.
func sharedAgreements(f Facts) ([]sharedAgreement, error) {
	if !f.asksShared() {
		return nil, nil
	}
	for _, sub := range f.own() {
		if _, ok := f.stop(sub); !ok {
			return nil, untrueOf("The biller has not confirmed that it sends no more debits for " + sub.ID + ".")
		}
	}
	var out []sharedAgreement
	for _, a := range f.shared() {
		out = append(out, sharedAgreement{Agreement: a, Others: f.others(a)})
	}
	if len(out) == 0 {
		return nil, untrue("No living agreement pays for other subscriptions as well.")
	}
	return out, nil
}

// missing lists the subscriptions to choose from, for the registered contact of a known account. For
// everybody else it lists what would help to find the account and was not stated yet, in the same
// words whether there is an account or not.
func missing(f Facts) (need []string, plans []account.Subscription, err error) {
	if f.Account != nil && len(f.Ticket.SubscriptionIDs) > 0 {
		return nil, nil, untrue("The account and the subscription are both known, so nothing is missing.")
	}
	if f.onFile() || f.Shown {
		if plans = f.Account.Renewing(); len(plans) == 0 {
			return nil, nil, untrue("Nothing of this account renews, so there is nothing to choose from.")
		}
		return nil, plans, nil
	}
	facts := f.Ticket.Facts
	for _, k := range []struct{ name, stated string }{
		{"account", facts.Account}, {"phone", facts.Phone}, {"order_no", facts.OrderNo}, {"channel_txn_id", facts.ChannelTxnID},
	} {
		if k.stated == "" {
			need = append(need, k.name)
		}
	}
	if len(need) == 0 {
		need = []string{"payment"}
	}
	return need, nil, nil
}

// goingOn are the subscriptions that go on because the request to stop them was taken back.
func goingOn(f Facts) ([]account.Subscription, error) {
	if f.Ticket.Reason != tickets.ReasonWithdrawn || f.Ticket.SolvedAt == nil {
		return nil, untrue("The request was not taken back.")
	}
	list := slices.DeleteFunc(f.own(), func(s account.Subscription) bool { return !s.AutoRenew })
	if len(list) == 0 {
		return nil, untrue("No subscription of this case renews.")
	}
	return list, nil
}

// holds are the active holds of the case, and whether the biller has confirmed each.
func holds(f Facts) (list []held, confirmed bool) {
	confirmed = true
	for _, h := range f.Holds {
		sub, ok := f.Account.Subscription(h.SubscriptionID)
		if h.State != tickets.HoldActive || !ok {
			continue
		}
		list = append(list, held{sub, h.Until})
		confirmed = confirmed && slices.ContainsFunc(f.Effects, func(e tickets.Effect) bool {
			return e.Kind == tickets.HoldDebits && e.Target == h.SubscriptionID && e.State == tickets.EffectDone
		})
	}
	return list, confirmed
}

// unheld are the subscriptions of the case that renew and whose next charge the biller refused to keep back.
func unheld(f Facts) []account.Subscription {
	var list []account.Subscription
	for _, h := range f.Holds {
		sub, ok := f.Account.Subscription(h.SubscriptionID)
		refused := slices.ContainsFunc(f.Effects, func(e tickets.Effect) bool {
			return e.Kind == tickets.HoldDebits && e.Target == h.SubscriptionID && e.State == tickets.EffectRefused
		})
		if ok && refused && h.State != tickets.HoldActive && (sub.AutoRenew || sub.NextChargeAt != nil) {
			list = append(list, sub)
		}
	}
	return list
}
