package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/postgrestest"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// promise is one thing that both databases must keep in the same way.
type promise struct {
	name string
	keep func(t *testing.T, b bundle)
}

// bundle is a database of a test's own with its schema, and one fixed instant.
type bundle struct {
	*store.DB
	tb  testing.TB
	at  time.Time
	url string
}

// ctx is the test's context.
func (b bundle) ctx() context.Context { return b.tb.Context() }

// TestStore holds both databases to the promises of tickets.Store, agents.Store and the intake.
func TestStore(t *testing.T) {
	t.Parallel()
	engines := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "desk 100%.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Start(t) },
	}
	var promises []promise
	for _, some := range [][]promise{
		ticketPromises(), listPromises(), messagePromises(), intakePromises(), runPromises(), moneyPromises(),
		evidencePromises(), outgoingPromises(), peoplePromises(), leasePromises(), txPromises(), receivePromises(),
		holdPromises(),
		chatPromises(),
		codePromises(),
		apiPromises(),
		callPromises(),
		stopPromises(),
		awaitedPromises(),
		lookupPromises(),
		watchPromises(),
		sendingPromises(),
		reconcilePromises(),
	} {
		promises = append(promises, some...)
	}
	for engine, newURL := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			for _, p := range promises {
				t.Run(p.name, func(t *testing.T) {
					t.Parallel()
					p.keep(t, setup(t, newURL(t)))
				})
			}
		})
	}
}

func setup(t *testing.T, url string) bundle {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return bundle{DB: db, tb: t, at: time.Date(2026, 7, 1, 9, 30, 0, 123456000, time.UTC), url: url}
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind fails the test unless err is of that kind.
func wantKind(t *testing.T, err error, kind tickets.Kind) {
	t.Helper()
	var ours *tickets.Error
	if !errors.Is(err, kind) || !errors.As(err, &ours) || ours.Msg == "" {
		t.Fatalf("got error %v, want kind %q with a message", err, kind)
	}
}

// tx runs f in a transaction that must commit.
func (b bundle) tx(t *testing.T, f func(tx tickets.Tx) error) {
	t.Helper()
	must(t, b.InTx(b.ctx(), f))
}

// ticket is a case with every field set, not stored yet.
func (b bundle) ticket() tickets.Ticket {
	next := b.at.Add(72 * time.Hour)
	return tickets.Ticket{
		Status: tickets.Open, Reason: "needs_agent", Channel: tickets.Email, Subject: "请关闭自动续费 100%", Locale: "zh-CN",
		Requester: "li@example.com", Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew, intent.EntryComplaint},
		Flags: []intent.Flag{intent.Regulator}, Facts: intent.Facts{Account: "u1001", AmountFen: 2500}, Confidence: 0.9,
		Why: []string{"关闭 自动续费"}, AccountNo: "u1001", Candidates: []string{"u1001", "u1002"}, SubscriptionIDs: []string{"s1"},
		Assurance: 1, Assignee: "amy", Urgent: true, ReceivedAt: b.at, FirstResponseDueAt: b.at.Add(4 * time.Hour),
		ResolutionDueAt: b.at.Add(72 * time.Hour), NextChargeAt: &next,
	}
}

// newTicket stores a case.
func (b bundle) newTicket(t *testing.T, change func(*tickets.Ticket)) tickets.Ticket {
	t.Helper()
	ticket := b.ticket()
	if change != nil {
		change(&ticket)
	}
	b.tx(t, func(tx tickets.Tx) error { return tx.InsertTicket(b.ctx(), &ticket) })
	return ticket
}

// account stores an account with one part of each sort: a charge of 2500 fen among them.
func (b bundle) account(t *testing.T, no string) account.Snapshot {
	t.Helper()
	opened := b.at.AddDate(0, -2, 0)
	next := b.at.AddDate(0, 0, 20)
	s := account.Snapshot{
		Account: account.Account{No: no, Name: "李雷", Phone: "13800000000", Email: no + "@example.com", Locale: "zh-CN", SyncedAt: &opened},
		Subscriptions: []account.Subscription{{
			ID: "s-" + no, AccountNo: no, Plan: "vip", Cycle: account.Month, PriceFen: 2500, OpenedAt: &opened, PeriodStart: "2026-06-15",
			PeriodEnd: "2026-07-15", NextChargeAt: &next, AutoRenew: true,
			Notices: []account.Notice{{At: opened, Channel: "sms", AmountFen: 2500, Delivered: true}},
		}},
		Agreements: []account.Agreement{{
			ID: "a-" + no, AccountNo: no, Channel: account.WeChat, Merchant: "m1", ChannelRef: "contract-1", Payer: "openid-1",
			SignedAt: &opened, State: account.AgreementActive, SubscriptionIDs: []string{"s-" + no},
		}},
		Charges: []account.Charge{{
			ID: "c-" + no, AccountNo: no, SubscriptionID: "s-" + no, AgreementID: "a-" + no, AmountFen: 2500, Currency: "CNY",
			ChargedAt: b.at.AddDate(0, 0, -16), PeriodStart: "2026-06-15", PeriodEnd: "2026-07-15", Channel: account.WeChat, Merchant: "m1",
			ChannelTxnID: "4200" + no, OrderNo: "order-" + no, Payer: "openid-1", State: account.ChargePaid,
		}},
		Refunds: []account.Refund{{
			ID: "r-" + no, ChargeID: "c-" + no, AccountNo: no, AmountFen: 100, State: account.RefundSucceeded, At: b.at.AddDate(0, 0, -10),
			Elsewhere: true, Version: 1,
		}},
		Assets:   []account.AssetLot{{ID: "l-" + no, AccountNo: no, Kind: "coin", Source: account.Paid, Quantity: 60, ValueFen: 600}},
		InFlight: []account.DebitInFlight{},
	}
	g := b.Conn().WithContext(b.ctx())
	for _, row := range []any{&s.Account, &s.Subscriptions, &s.Agreements, &s.Charges, &s.Refunds, &s.Assets} {
		must(t, g.Create(row).Error)
	}
	return s
}

// together runs n calls at once and returns their errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	done := make(chan struct{})
	for i := range n {
		go func() {
			errs[i] = f(i)
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
	return errs
}

// count tells how many of the errors are nil and how many of the kind; any other one fails the test.
func count(t *testing.T, errs []error, kind tickets.Kind) (ok, ofKind int) {
	t.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			ok++
		case errors.Is(err, kind):
			ofKind++
		default:
			t.Errorf("got error %v, want none or %q", err, kind)
		}
	}
	return ok, ofKind
}

func key(i int) string { return fmt.Sprintf("key-%d", i) }
