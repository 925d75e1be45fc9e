package reply_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gomail "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shanghai is the desk's zone, without a zone database.
func shanghai() *time.Location { return time.FixedZone("CST", 8*60*60) }

// at is a moment of November 2026 on the desk's wall clock.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, shanghai())
}

func ptr[T any](v T) *T { return &v }

// member is an account whose one membership was stopped and whose agreement ended, beside another
// that goes on.
func member() *account.Snapshot {
	return &account.Snapshot{
		Account: account.Account{No: "u1001", Name: "李雷", Phone: "13800001234", Email: "li@example.com", Locale: "zh-CN"},
		Subscriptions: []account.Subscription{
			{
				ID: "s1", AccountNo: "u1001", Plan: "黄金会员", Cycle: account.Month, PriceFen: 3000,
				PeriodStart: "2026-11-15", PeriodEnd: "2026-12-15", StoppedAt: ptr(at(22, 10, 1)), AccessUntil: "2026-12-14",
			},
			{ID: "s2", AccountNo: "u1001", Plan: "音乐包", Cycle: account.Quarter, PriceFen: 4500, AutoRenew: true},
		},
		Agreements: []account.Agreement{
			{
				ID: "a1", AccountNo: "u1001", Channel: account.WeChat, State: account.AgreementTerminated,
				EndedAt: ptr(at(22, 10, 2)), SubscriptionIDs: []string{"s1"},
			},
			{ID: "a2", AccountNo: "u1001", Channel: account.Alipay, State: account.AgreementActive, SubscriptionIDs: []string{"s2"}},
		},
		Charges: []account.Charge{{
			ID: "c1", AccountNo: "u1001", SubscriptionID: "s1", AmountFen: 3000, Currency: "CNY", ChargedAt: at(15, 3, 0),
			PeriodStart: "2026-11-15", PeriodEnd: "2026-12-15", Channel: account.WeChat, State: account.ChargePaid,
		}},
		Assets: []account.AssetLot{{ID: "l1", AccountNo: "u1001", Kind: account.AssetCoins, Source: account.Paid, Quantity: 100, ValueFen: 1000}},
	}
}

// facts are those of a mail that asked to stop and was carried out in full.
func facts(tell tickets.Tell, locale string) reply.Facts {
	f := reply.Facts{
		Tell: tell, Now: at(22, 10, 5), Zone: shanghai(), Product: "云卡盟",
		From:   reply.Address{Name: "云卡盟客服", Address: "service@example.com"},
		MailID: "cd-000123.abc.def@example.com", Recipient: "li@example.com", Page: "https://desk.example.com/c/token",
		Thread: reply.Thread{Subject: "请关闭自动续费", InReplyTo: "m1@example.com", References: []string{"m0@example.com"}},
		Ticket: tickets.Ticket{
			ID: 123, Status: tickets.Open, Channel: tickets.Email, Locale: locale, Requester: "li@example.com",
			Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew}, AccountNo: "u1001",
			SubscriptionIDs: []string{"s1"}, ReceivedAt: at(22, 10, 0), ResolutionDueAt: at(25, 18, 0),
		},
		Account: member(),
		Effects: []tickets.Effect{
			{Key: "stop/CD-000123/s1/period_end", TicketID: 123, Kind: tickets.StopDebits, Target: "s1", State: tickets.EffectDone, SettledAt: ptr(at(22, 10, 1))},
			{Key: "end/CD-000123/a1", TicketID: 123, Kind: tickets.EndAgreement, Target: "a1", State: tickets.EffectDone, SettledAt: ptr(at(22, 10, 2))},
		},
		Quotes: []tickets.SavedQuote{saved(periodEnd())},
	}
	if locale == "en" {
		f.Thread.Subject = "Please stop the auto-renewal"
	}
	return f
}

func saved(q account.Quote) tickets.SavedQuote {
	return tickets.SavedQuote{ID: 1, TicketID: 123, Hash: q.Hash, Body: q}
}

// quoteOf is a real quote over the member, so that its arithmetic is the account store's.
func quoteOf(mode account.Mode) account.Quote {
	q, err := account.MakeQuote(*member(), []string{"s1"}, mode, at(22, 10, 0), at(22, 10, 3),
		account.QuoteRules{Zone: shanghai(), Policy: account.PolicyA, Validity: 72 * time.Hour})
	if err != nil {
		panic(err)
	}
	return q
}

func periodEnd() account.Quote { return quoteOf(account.PeriodEnd) }

func endNow() account.Quote { return quoteOf(account.Now) }

func refund(state account.RefundState) account.Refund {
	r := account.Refund{
		ID: "r1", ChargeID: "c1", AccountNo: "u1001", TicketID: 123, AmountFen: 2300, State: state, At: at(22, 10, 4),
	}
	if state == account.RefundSucceeded {
		r.DoneAt = ptr(at(22, 10, 5))
	}
	if state == account.RefundRejected {
		r.Detail = "该笔款项已于 11 月 20 日退回"
	}
	return r
}

// heldBy is a case that somebody who is not verified opened on a channel, with its hold.
func heldBy(c tickets.Channel) func(*reply.Facts) {
	return func(f *reply.Facts) {
		f.Thread, f.Ticket.Channel, f.Ticket.Requester, f.Effects = reply.Thread{}, c, "", nil
		f.Holds = []tickets.Hold{{TicketID: 123, SubscriptionID: "s1", State: tickets.HoldActive, Until: at(22, 3, 0).AddDate(0, 1, 0)}}
	}
}

// variants are the mails the golden files hold, by file name.
func variants() map[string]func(locale string) reply.Facts {
	with := func(tell tickets.Tell, change func(*reply.Facts)) func(string) reply.Facts {
		return func(locale string) reply.Facts {
			f := facts(tell, locale)
			if change != nil {
				change(&f)
			}
			return f
		}
	}
	return map[string]func(string) reply.Facts{
		"receipt":  with(tickets.TellReceipt, nil),
		"neutral":  with(tickets.TellNeutral, nil),
		"question": with(tickets.TellQuestion, nil),
		"question_shared": with(tickets.TellQuestion, func(f *reply.Facts) {
			f.Account.Agreements[0] = account.Agreement{ID: "a1", Channel: account.WeChat, State: account.AgreementActive}
			f.Steps = tickets.Steps{{Name: tickets.Cancel, State: tickets.NeedsCustomer, Reason: "shared_agreement"}}
		}),
		"missing_account": with(tickets.TellMissing, func(f *reply.Facts) {
			f.Account, f.Ticket.AccountNo, f.Ticket.SubscriptionIDs = nil, "", nil
			f.Ticket.Facts.Phone = "13800001234"
		}),
		"missing_subscription": with(tickets.TellMissing, func(f *reply.Facts) { f.Ticket.SubscriptionIDs = nil }),
		"cancel_stopped":       with(tickets.TellCancelOutcome, nil),
		"cancel_with_offer": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.Ticket.Intents = []intent.Intent{intent.CancelAndRefund}
			f.Quotes = []tickets.SavedQuote{saved(endNow())}
		}),
		"cancel_with_refund": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.Quotes = []tickets.SavedQuote{saved(endNow())}
			f.Acceptances = []tickets.Acceptance{{TicketID: 123, QuoteHash: endNow().Hash}}
			f.Refunds = []account.Refund{refund(account.RefundProcessing)}
		}),
		"cancel_external": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.Account.Agreements[0] = account.Agreement{ID: "a1", Channel: account.External, State: account.AgreementActive, SubscriptionIDs: []string{"s1"}}
			f.Quotes = nil
			f.Account.Charges = append(f.Account.Charges, account.Charge{
				ID: "c2", SubscriptionID: "s1", AmountFen: 3000, Currency: "CNY", ChargedAt: at(22, 9, 59), State: account.ChargePending,
			})
		}),
		"cancel_external_apple": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.Account.Agreements[0] = account.Agreement{
				ID: "a1", Channel: account.External, Merchant: "Apple App Store", State: account.AgreementActive, SubscriptionIDs: []string{"s1"},
			}
		}),
		"cancel_in_flight": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.InFlight = []account.DebitInFlight{
				{ChargeID: "c7", SubscriptionID: "s1", AmountFen: 3000, DueAt: at(23, 9, 0)}, {ChargeID: "c8", SubscriptionID: "s1", AmountFen: 100},
			}
		}),
		"cancel_kept": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.Account.Agreements[0] = account.Agreement{ID: "a1", Channel: account.WeChat, State: account.AgreementActive}
			f.Steps = tickets.Steps{{Name: tickets.Cancel, State: tickets.Skipped, Reason: "agreement_kept"}}
		}),
		"cancel_nothing": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.Effects = nil
			f.Account.Subscriptions[0].StoppedAt = nil
			f.Account.Agreements = nil
		}),
		"cancel_stopped_before": with(tickets.TellCancelOutcome, func(f *reply.Facts) { f.Effects, f.Account.Agreements = nil, nil }),
		"cancel_refund_outside": with(tickets.TellCancelOutcome, func(f *reply.Facts) {
			f.Account.Agreements[0] = account.Agreement{
				ID: "a1", Channel: account.External, Merchant: "Apple App Store", State: account.AgreementActive, SubscriptionIDs: []string{"s1"},
			}
			f.Account.Charges[0].Channel = account.External
			q, err := account.MakeQuote(*f.Account, []string{"s1"}, account.Now, at(22, 10, 0), at(22, 10, 3),
				account.QuoteRules{Zone: shanghai(), Policy: account.PolicyA, Validity: 72 * time.Hour})
			if err != nil {
				panic(err)
			}
			f.Quotes = []tickets.SavedQuote{saved(q)}
		}),
		"hold_asked": with(tickets.TellHoldAsked, func(f *reply.Facts) {
			f.Thread, f.Ticket.Requester = reply.Thread{}, "stranger@elsewhere.example"
			f.Effects = []tickets.Effect{{Key: "hold/CD-000123/s1", TicketID: 123, Kind: tickets.HoldDebits, Target: "s1", State: tickets.EffectDone}}
			f.Holds = []tickets.Hold{{TicketID: 123, SubscriptionID: "s1", State: tickets.HoldActive, Until: at(22, 3, 0).AddDate(0, 1, 0)}}
		}),
		"hold_asked_chat":  with(tickets.TellHoldAsked, heldBy(tickets.Chat)),
		"hold_asked_phone": with(tickets.TellHoldAsked, heldBy(tickets.Phone)),
		"hold_asked_other": with(tickets.TellHoldAsked, heldBy(tickets.Other)),
		"code_needed":      with(tickets.TellCodeNeeded, func(f *reply.Facts) { f.Quotes = []tickets.SavedQuote{saved(endNow())} }),
		"offer_by_code": with(tickets.TellOffer, func(f *reply.Facts) {
			f.Quotes, f.ApprovalAboveFen = []tickets.SavedQuote{saved(endNow())}, 1000
		}),
		"hold_asked_unconfirmed": with(tickets.TellHoldAsked, func(f *reply.Facts) {
			f.Thread, f.Ticket.Requester, f.Effects = reply.Thread{}, "stranger@elsewhere.example", nil
			f.Holds = []tickets.Hold{{TicketID: 123, SubscriptionID: "s1", State: tickets.HoldActive, Until: at(22, 3, 0).AddDate(0, 1, 0)}}
		}),
		"hold_asked_refused": with(tickets.TellHoldAsked, func(f *reply.Facts) {
			f.Thread, f.Ticket.Requester = reply.Thread{}, "stranger@elsewhere.example"
			f.Account.Subscriptions[0].AutoRenew, f.Account.Subscriptions[0].NextChargeAt = true, ptr(at(22, 11, 0))
			f.Effects = []tickets.Effect{{Key: "hold/CD-000123/s1", TicketID: 123, Kind: tickets.HoldDebits, Target: "s1", State: tickets.EffectRefused}}
			f.Holds = []tickets.Hold{{TicketID: 123, SubscriptionID: "s1", State: tickets.HoldReleased, Reason: "biller_refused", Until: at(22, 3, 0).AddDate(0, 1, 0)}}
		}),
		"withdrawn": with(tickets.TellWithdrawn, func(f *reply.Facts) {
			f.Ticket.Status, f.Ticket.Reason, f.Ticket.SolvedAt = tickets.Solved, tickets.ReasonWithdrawn, ptr(at(22, 10, 4))
			f.Account.Subscriptions[0].AutoRenew, f.Account.Subscriptions[0].NextChargeAt = true, ptr(at(15, 3, 0).AddDate(0, 1, 0))
		}),
		"refund_succeeded": with(tickets.TellRefundOutcome, func(f *reply.Facts) { f.Refunds = []account.Refund{refund(account.RefundSucceeded)} }),
		"refund_ended_access": with(tickets.TellRefundOutcome, func(f *reply.Facts) {
			f.Refunds, f.Account.Subscriptions[0].AccessUntil = []account.Refund{refund(account.RefundSucceeded)}, "2026-11-22"
			f.Effects = append(f.Effects, tickets.Effect{
				Key: "stop/CD-000123/s1/now/2", TicketID: 123, Kind: tickets.StopDebits, Target: "s1", State: tickets.EffectDone, SettledAt: ptr(at(22, 10, 4)),
			})
		}),
		"refund_rejected": with(tickets.TellRefundOutcome, func(f *reply.Facts) { f.Refunds = []account.Refund{refund(account.RefundRejected)} }),
		"refund_by_hand": with(tickets.TellRefundOutcome, func(f *reply.Facts) {
			f.Refunds, f.Steps = []account.Refund{refund(account.RefundAbnormal)}, tickets.Steps{{Name: tickets.RefundIt, State: tickets.Skipped, Reason: tickets.ReasonByHand, Detail: "paid by hand"}}
		}),
		"offer": with(tickets.TellOffer, func(f *reply.Facts) { f.Quotes = []tickets.SavedQuote{saved(endNow())} }),
		"answer": with(tickets.TellAnswer, func(f *reply.Facts) {
			f.Answer = &tickets.Message{ID: 9, TicketID: 123, Direction: tickets.Reply, Recipient: "li@example.com", Text: "您好，\r\n已经为您查过了。\n"}
		}),
	}
}

func TestEachMailReadsAsItsGolden(t *testing.T) {
	t.Parallel()
	for name, of := range variants() {
		for _, locale := range []string{"zh-CN", "en"} {
			t.Run(name+"/"+locale, func(t *testing.T) {
				t.Parallel()
				m, err := reply.Compose(of(locale))
				if err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("testdata", locale, name+".golden"), "Subject: "+m.Subject+"\n\n"+m.Text)
				if got := read(t, m.Raw); got.text != m.Text || got.subject != m.Subject {
					t.Errorf("the wire says %q %q, the ticket %q %q", got.subject, got.text, m.Subject, m.Text)
				}
			})
		}
	}
}

func TestWireHeaders(t *testing.T) {
	t.Parallel()
	m, err := reply.Compose(facts(tickets.TellReceipt, "zh-CN"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "headers.golden"), headerOf(m.Raw))
	if bytes.Contains(bytes.ReplaceAll(m.Raw, []byte("\r\n"), nil), []byte("\n")) {
		t.Error("a line ends without CR")
	}
	answer, err := reply.Compose(variants()["answer"]("zh-CN"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(headerOf(answer.Raw), "Auto-Submitted") {
		t.Error("what a person wrote is marked as automatic")
	}
}

// received is a mail as a reader sees it.
type received struct {
	subject, text string
	header        gomail.Header
}

func read(t *testing.T, raw []byte) received {
	t.Helper()
	r, err := gomail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(p.Body)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := r.Header.Subject()
	if err != nil {
		t.Fatal(err)
	}
	return received{subject: subject, text: strings.ReplaceAll(string(body), "\r\n", "\n"), header: r.Header}
}

func headerOf(raw []byte) string {
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	return strings.ReplaceAll(head, "\r\n", "\n") + "\n"
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func wantKind(t *testing.T, err error, kind tickets.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want %s", err, kind)
	}
}
