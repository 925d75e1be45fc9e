package reply_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func TestWhatIsNotTrueIsNotTold(t *testing.T) {
	t.Parallel()
	agreement := func(change func(*account.Agreement)) func(*reply.Facts) {
		return func(f *reply.Facts) {
			a := &f.Account.Agreements[0]
			a.State, a.EndedAt = account.AgreementActive, nil
			change(a)
		}
	}
	for name, c := range map[string]struct {
		tell   tickets.Tell
		change func(*reply.Facts)
	}{
		"a stop that is only about to happen":   {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Effects[0].State = tickets.EffectAboutTo }},
		"a stop whose outcome is unknown":       {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Effects[0].State = tickets.EffectUnknown }},
		"a stop the biller refused":             {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Effects[0].State = tickets.EffectRefused }},
		"a stop with a next charge on record":   {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Account.Subscriptions[0].NextChargeAt = ptr(at(30, 0, 0)) }},
		"a subscription that renews":            {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Account.Subscriptions[0].AutoRenew = true }},
		"one of two subscriptions stopped":      {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Ticket.SubscriptionIDs = []string{"s1", "s2"} }},
		"a subscription nobody knows":           {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Ticket.SubscriptionIDs = []string{"s1", "s9"} }},
		"no subscription at all":                {tickets.TellCancelOutcome, func(f *reply.Facts) { f.Ticket.SubscriptionIDs = nil }},
		"a living agreement":                    {tickets.TellCancelOutcome, agreement(func(*account.Agreement) {})},
		"an agreement that is stopping":         {tickets.TellCancelOutcome, agreement(func(a *account.Agreement) { a.State = account.AgreementStopping })},
		"an agreement only claimed to be over":  {tickets.TellCancelOutcome, agreement(func(a *account.Agreement) { a.ClaimedEnded = true })},
		"an agreement that can bill everything": {tickets.TellCancelOutcome, agreement(func(a *account.Agreement) { a.SubscriptionIDs = nil })},
		"a kept agreement that pays for no more": {tickets.TellCancelOutcome, func(f *reply.Facts) {
			agreement(func(*account.Agreement) {})(f)
			f.Steps = tickets.Steps{{Name: tickets.Cancel, State: tickets.Skipped, Reason: "agreement_kept"}}
		}},
		"an external agreement beside a living one": {tickets.TellCancelOutcome, func(f *reply.Facts) {
			agreement(func(*account.Agreement) {})(f)
			f.Account.Agreements = append(f.Account.Agreements, account.Agreement{ID: "a3", Channel: account.External, State: account.AgreementActive})
		}},
		"no refund":                {tickets.TellRefundOutcome, func(*reply.Facts) {}},
		"a refund on its way":      {tickets.TellRefundOutcome, func(f *reply.Facts) { f.Refunds = []account.Refund{refund(account.RefundProcessing)} }},
		"a refund that is unknown": {tickets.TellRefundOutcome, func(f *reply.Facts) { f.Refunds = []account.Refund{refund(account.RefundUnknown)} }},
		"a refund that was closed": {tickets.TellRefundOutcome, func(f *reply.Facts) { f.Refunds = []account.Refund{refund(account.RefundClosed)} }},
		"a refund that is stuck":   {tickets.TellRefundOutcome, func(f *reply.Facts) { f.Refunds = []account.Refund{refund(account.RefundAbnormal)} }},
		"a refund on its way beside what a person sees to": {tickets.TellRefundOutcome, func(f *reply.Facts) {
			f.Refunds = []account.Refund{refund(account.RefundUnknown)}
			f.Steps = tickets.Steps{{Name: tickets.RefundIt, State: tickets.Skipped, Reason: tickets.ReasonByHand}}
		}},
		"a refund the platform made itself": {tickets.TellRefundOutcome, func(f *reply.Facts) {
			r := refund(account.RefundSucceeded)
			r.Elsewhere = true
			f.Refunds = []account.Refund{r}
		}},
		"an offer that nobody made": {tickets.TellOffer, func(*reply.Facts) {}},
		"an offer that was accepted": {tickets.TellOffer, func(f *reply.Facts) {
			f.Quotes = []tickets.SavedQuote{saved(endNow())}
			f.Acceptances = []tickets.Acceptance{{QuoteHash: endNow().Hash}}
		}},
		"an offer that lapsed": {tickets.TellOffer, func(f *reply.Facts) {
			f.Quotes = []tickets.SavedQuote{saved(endNow())}
			f.Now = endNow().ExpiresAt
		}},
		"something missing where nothing is": {tickets.TellMissing, func(*reply.Facts) {}},
		"something missing where nothing renews": {tickets.TellMissing, func(f *reply.Facts) {
			f.Ticket.SubscriptionIDs, f.Account.Subscriptions, f.Account.Agreements = nil, nil, nil
		}},
		"a question about a shared agreement that is none": {tickets.TellQuestion, func(f *reply.Facts) {
			f.Steps = tickets.Steps{{Name: tickets.Cancel, State: tickets.NeedsCustomer, Reason: "shared_agreement"}}
		}},
		"the answer of another case": {tickets.TellAnswer, func(f *reply.Facts) {
			f.Answer = &tickets.Message{ID: 9, TicketID: 7, Direction: tickets.Reply, Recipient: "li@example.com", Text: "…"}
		}},
		"a note for colleagues": {tickets.TellAnswer, func(f *reply.Facts) {
			f.Answer = &tickets.Message{ID: 9, TicketID: 123, Direction: tickets.Note, Recipient: "li@example.com", Text: "…"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts(c.tell, "zh-CN")
			c.change(&f)
			m, err := reply.Compose(f)
			if err == nil {
				t.Fatalf("was told:\n%s", m.Text)
			}
			wantKind(t, err, tickets.Conflict)
		})
	}
}

func TestAClosedRefundThatWasReplacedDoesNotKeepTheOutcomeBack(t *testing.T) {
	t.Parallel()
	f := facts(tickets.TellRefundOutcome, "en")
	f.Refunds = []account.Refund{refund(account.RefundClosed), refund(account.RefundSucceeded)}
	m, err := reply.Compose(f)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(m.Text, "¥23.00"); n != 1 {
		t.Errorf("%d refunds are told, want 1:\n%s", n, m.Text)
	}
}

func TestAccountsAreShownToTheirRegisteredContactOnly(t *testing.T) {
	t.Parallel()
	tells := map[tickets.Tell]func(*reply.Facts){
		tickets.TellCancelOutcome: func(*reply.Facts) {},
		tickets.TellRefundOutcome: func(f *reply.Facts) { f.Refunds = []account.Refund{refund(account.RefundSucceeded)} },
		tickets.TellOffer:         func(f *reply.Facts) { f.Quotes = []tickets.SavedQuote{saved(endNow())} },
	}
	for name, change := range map[string]func(*reply.Facts){
		"another address":                 func(f *reply.Facts) { f.Recipient = "eve@example.net" },
		"an account without an address":   func(f *reply.Facts) { f.Account.Account.Email = "" },
		"an address changed 71 hours ago": func(f *reply.Facts) { f.Account.Account.ContactChangedAt = ptr(f.Now.Add(-71 * time.Hour)) },
	} {
		for tell, ready := range tells {
			t.Run(name+"/"+string(tell), func(t *testing.T) {
				t.Parallel()
				f := facts(tell, "zh-CN")
				ready(&f)
				if _, err := reply.Compose(f); err != nil {
					t.Fatalf("the registered contact: %v", err)
				}
				change(&f)
				_, err := reply.Compose(f)
				wantKind(t, err, tickets.Conflict)
			})
		}
	}
}

func TestNeutralAnswerIsTheSameWhetherThereIsAnAccountOrNot(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"zh-CN", "en"} {
		known := facts(tickets.TellNeutral, locale)
		known.Recipient = "eve@example.net"
		unknown := known
		unknown.Account, unknown.Effects, unknown.Quotes, unknown.Page = nil, nil, nil, ""
		unknown.Ticket = tickets.Ticket{ID: 123, Locale: locale, Intents: []intent.Intent{intent.Clarify}}
		a, err := reply.Compose(known)
		if err != nil {
			t.Fatal(err)
		}
		b, err := reply.Compose(unknown)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(a.Raw), string(b.Raw)); diff != "" {
			t.Errorf("%s: known and unknown differ:\n%s", locale, diff)
		}
		for _, secret := range []string{"CD-", "u1001", "/c/", "黄金会员", "2026"} {
			if strings.Contains(a.Text, secret) {
				t.Errorf("%s: the neutral answer holds %q", locale, secret)
			}
		}
	}
}

func TestWhatIsMissingIsAskedOfAStrangerInTheSameWordsWhetherThereIsAnAccountOrNot(t *testing.T) {
	t.Parallel()
	known := facts(tickets.TellMissing, "zh-CN")
	known.Recipient, known.Ticket.SubscriptionIDs, known.Page = "eve@example.net", nil, ""
	unknown := known
	unknown.Account, unknown.Ticket.AccountNo = nil, ""
	a, err := reply.Compose(known)
	if err != nil {
		t.Fatal(err)
	}
	b, err := reply.Compose(unknown)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "known and unknown", string(a.Raw), string(b.Raw))
	if strings.Contains(a.Text, "音乐包") {
		t.Errorf("a stranger reads what the account holds:\n%s", a.Text)
	}
}

func TestOnlyAProvenStopIsCalledOff(t *testing.T) {
	t.Parallel()
	for name, of := range variants() {
		f := of("zh-CN")
		m, err := reply.Compose(f)
		if err != nil {
			t.Fatal(err)
		}
		told := strings.Contains(m.Text, "下次扣费已取消")
		proven := name == "cancel_stopped" || name == "cancel_with_offer" || name == "cancel_with_refund"
		if told != proven {
			t.Errorf("%s: tells that the next charge is cancelled: %v, want %v", name, told, proven)
		}
	}
}

// TestNobodysWordsAreFilledIn: what a colleague writes can't have the customer's own link or code put where he
// likes.
func TestNobodysWordsAreFilledIn(t *testing.T) {
	t.Parallel()
	f := facts(tickets.TellAnswer, "zh-CN")
	f.Answer = &tickets.Message{TicketID: f.Ticket.ID, Direction: tickets.Reply, Text: "请打开 https://forms.evil.example/?c={{page}} 或 {{code}}"}
	f.Page = "https://desk.example/c/" + tickets.PageMark
	m, err := reply.Compose(f)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(m.Text, tickets.PageMark); strings.Contains(m.Text, "evil.example/?c="+tickets.PageMark) || strings.Contains(m.Text, tickets.CodeMark) || n > 1 {
		t.Errorf("%d marks in\n%s", n, m.Text)
	}
	if strings.ContainsRune(m.Text, 0) {
		t.Errorf("%q", m.Text)
	}
}
