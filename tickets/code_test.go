package tickets_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// member stores an account with two debits of one agreement, and a case about it that a stranger's
// mail opened. It returns the case.
func (b *bundle) member() tickets.Ticket {
	b.t.Helper()
	day := 24 * time.Hour
	for _, row := range []any{
		&account.Account{No: "u1", Phone: "13800001234", Email: "zhang@qq.example"},
		&account.Subscription{ID: "s1", AccountNo: "u1", Plan: "黄金会员", Cycle: account.Month, PriceFen: 2500, AutoRenew: true},
		&account.Agreement{ID: "g1", AccountNo: "u1", Channel: account.WeChat, Payer: "6222020000001234", State: account.AgreementActive},
		&account.Charge{ID: "c1", AccountNo: "u1", SubscriptionID: "s1", AmountFen: 2500, Currency: "CNY", Channel: account.WeChat, ChargedAt: b.now.Add(-10 * day), ChannelTxnID: "4200001", Payer: "6222020000001234", State: account.ChargePaid},
		&account.Charge{ID: "c2", AccountNo: "u1", SubscriptionID: "s1", AmountFen: 2500, Currency: "CNY", Channel: account.WeChat, ChargedAt: b.now.Add(-40 * day), ChannelTxnID: "4200002", Payer: "6222020000001234", State: account.ChargePaid},
	} {
		must(b.t, b.Conn().WithContext(b.ctx).Create(row).Error)
	}
	rows := b.receive(b.mail("stranger@else.example", 1, understood(intent.StopAutoRenew)))
	t := b.ticket(rows[0].TicketID)
	t.AccountNo, t.SubscriptionIDs = "u1", []string{"s1"}
	must(b.t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &t) }))
	return t
}

func understood(i intent.Intent) intent.Understanding {
	return intent.Understanding{Intent: i, Intents: []intent.Intent{i}, Confidence: 0.9}
}

// digits is the code as the customer reads it.
func (b *bundle) digits(c tickets.Code) string {
	b.t.Helper()
	stored, err := b.Code(b.ctx, c.ID)
	must(b.t, err)
	return b.desk.Settings().Codes.Digits(stored)
}

func (b *bundle) request(t tickets.Ticket, r tickets.CodeRequest) tickets.Code {
	b.t.Helper()
	c, err := b.desk.RequestCode(b.ctx, t.ID, "agent:amy", r)
	must(b.t, err)
	return c
}

func wrong(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

// refused fails the test unless the error is the one that every failed entry gives.
func refused(t *testing.T, err error) {
	t.Helper()
	var e *tickets.Error
	if !errors.As(err, &e) || e.Kind != tickets.Invalid || e.Msg != "This code is not right, or it is no longer valid. Ask for a new one." {
		t.Errorf("got %v", err)
	}
}

func TestARightCodeProvesWhoAskedOnce(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		request tickets.CodeRequest
		by      tickets.Actor
		want    tickets.Verification
	}{
		"by phone, for a stop": {tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone}, tickets.CustomerActor, tickets.Verification{Level: 2, Method: tickets.MethodCodeSMS, Action: tickets.ActStop}},
		"by mail, for a stop":  {tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToEmail}, tickets.CustomerActor, tickets.Verification{Level: 1, Method: tickets.MethodCodeEmail, Action: tickets.ActStop}},
		"by phone, to be told": {tickets.CodeRequest{Action: tickets.ActShow, To: tickets.ToPhone}, tickets.CustomerActor, tickets.Verification{Level: 2, Method: tickets.MethodCodeSMS, Action: tickets.ActShow}},
		"read out to an agent": {tickets.CodeRequest{Action: tickets.ActShow, To: tickets.ToPhone}, "agent:amy", tickets.Verification{Level: 2, Method: tickets.MethodReadOut, Action: tickets.ActStop, By: "agent:amy"}},
		"mail read to a key":   {tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToEmail}, "key:1", tickets.Verification{Level: 1, Method: tickets.MethodReadOut, Action: tickets.ActStop, By: "key:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ticket := b.member()
			c := b.request(ticket, x.request)
			code := b.digits(c)
			if _, err := b.desk.EnterCode(b.ctx, c.PublicID, " "+code[:3]+" "+code[3:], x.by); err != nil {
				t.Fatal(err)
			}
			_, err := b.desk.EnterCode(b.ctx, c.PublicID, code, x.by)
			refused(t, err)
			all, err := b.Verifications(b.ctx, ticket.ID)
			must(t, err)
			x.want.ID, x.want.TicketID, x.want.MessageID, x.want.AccountNo = 1, ticket.ID, 1, "u1"
			x.want.At, x.want.ExpiresAt = b.now, b.now.Add(30*time.Minute)
			if diff := cmp.Diff([]tickets.Verification{x.want}, all); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhateverIsWrongReadsTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.member()
	c := b.request(ticket, tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone})
	code := b.digits(c)
	enter := func(id, entered string) {
		t.Helper()
		_, err := b.desk.EnterCode(b.ctx, id, entered, tickets.CustomerActor)
		refused(t, err)
	}
	enter("nobody", code)
	enter("", "")
	enter(c.PublicID, "")
	enter(c.PublicID, strings.Repeat("1", 100000))
	enter(c.PublicID, wrong(code))
	b.now = b.now.Add(tickets.CodeLife)
	enter(c.PublicID, code) // expired
	b.now = b.now.Add(time.Minute)
	c = b.request(ticket, tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone})
	code = b.digits(c)
	for range tickets.CodeTries {
		enter(c.PublicID, wrong(code))
	}
	enter(c.PublicID, code) // locked
	_, err := b.desk.RequestCode(b.ctx, ticket.ID, "agent:amy", tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToEmail})
	if !errors.Is(err, tickets.TooMany) {
		t.Errorf("a new code after a lock: %v", err)
	}
	all, err := b.Verifications(b.ctx, ticket.ID)
	must(t, err)
	if len(all) != 0 {
		t.Errorf("verified: %v", all)
	}
}

func TestFiftyGuessesAtOnceAreFiveTries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.request(b.member(), tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone})
	bad := wrong(b.digits(c))
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := b.desk.EnterCode(b.ctx, c.PublicID, bad, tickets.CustomerActor); err == nil {
				t.Error("a wrong code was right")
			}
		})
	}
	all.Wait()
	stored, err := b.Code(b.ctx, c.ID)
	must(t, err)
	if stored.Tries != tickets.CodeTries || stored.LockedAt == nil {
		t.Errorf("%d tries, locked at %v", stored.Tries, stored.LockedAt)
	}
}

func TestTwentyRightEntriesAtOnceAreOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.request(b.member(), tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone})
	code := b.digits(c)
	var all sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 20 {
		all.Go(func() {
			if _, err := b.desk.EnterCode(b.ctx, c.PublicID, code, tickets.CustomerActor); err == nil {
				mu.Lock()
				defer mu.Unlock()
				taken++
			}
		})
	}
	all.Wait()
	if taken != 1 {
		t.Errorf("taken %d times", taken)
	}
}

func TestAnAccountGetsFewCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.member()
	stop := tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone}
	var got []string
	for _, wait := range []time.Duration{
		0, 59 * time.Second, time.Second, time.Minute, time.Minute, time.Minute, time.Minute,
		time.Hour, time.Minute, time.Minute, time.Minute, time.Minute, time.Hour, time.Minute, 24 * time.Hour,
	} {
		b.now = b.now.Add(wait)
		_, err := b.desk.RequestCode(b.ctx, ticket.ID, "agent:amy", stop)
		switch {
		case err == nil:
			got = append(got, "sent")
		case errors.Is(err, tickets.TooMany):
			got = append(got, "too many")
		default:
			t.Fatal(err)
		}
	}
	want := []string{
		"sent", "too many", "sent", "sent", "sent", "sent", "too many", // five in an hour
		"sent", "sent", "sent", "sent", "sent", "too many", "too many", // ten in a day
		"sent",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestACodeGoesOnlyToTheContactOnFile(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		change func(*account.Account, *tickets.Ticket)
		ask    tickets.CodeRequest
		kind   tickets.Kind
	}{
		"changed yesterday": {func(a *account.Account, _ *tickets.Ticket) { at := noon.Add(-71 * time.Hour); a.ContactChangedAt = &at }, tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToEmail}, tickets.Conflict},
		"no phone":          {func(a *account.Account, _ *tickets.Ticket) { a.Phone = "" }, tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone}, tickets.Conflict},
		"nobody's":          {func(_ *account.Account, t *tickets.Ticket) { t.AccountNo = "" }, tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone}, tickets.Conflict},
		"closed":            {func(_ *account.Account, t *tickets.Ticket) { t.Status, t.ClosedAt = tickets.Closed, &t.ReceivedAt }, tickets.CodeRequest{Action: tickets.ActStop, To: tickets.ToPhone}, tickets.Conflict},
		"refund, no quote":  {nil, tickets.CodeRequest{Action: tickets.ActRefund, To: tickets.ToPhone}, tickets.Invalid},
		"another quote":     {nil, tickets.CodeRequest{Action: tickets.ActRefund, To: tickets.ToPhone, QuoteHash: "h"}, tickets.Stale},
		"assets by mail":    {nil, tickets.CodeRequest{Action: tickets.ActAssets, To: tickets.ToEmail, QuoteHash: "h"}, tickets.Invalid},
		"to another place":  {nil, tickets.CodeRequest{Action: tickets.ActStop, To: "13900000000"}, tickets.Invalid},
		"for anything":      {nil, tickets.CodeRequest{Action: "", To: tickets.ToPhone}, tickets.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ticket := b.member()
			if x.change != nil {
				snap, err := b.Snapshot(b.ctx, "u1")
				must(t, err)
				x.change(&snap.Account, &ticket)
				must(t, b.Conn().WithContext(b.ctx).Save(&snap.Account).Error)
				must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &ticket) }))
			}
			if _, err := b.desk.RequestCode(b.ctx, ticket.ID, "agent:amy", x.ask); !errors.Is(err, x.kind) {
				t.Errorf("got %v, want %s", err, x.kind)
			}
		})
	}
}

func TestMaskContact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"13800001234": "138****1234", "zhangsan@qq.com": "z***@qq.com", "张三@例子.example": "张***@例子.example", "@x": "***@x", "123": "****", "": "****",
	} {
		if got := tickets.MaskContact(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestPaymentFactsAreRightAsAWholeOrNot(t *testing.T) {
	t.Parallel()
	fact := account.PaymentFact{ChannelTxnID: "4200001"}
	for name, x := range map[string]struct {
		facts  []account.PaymentFact
		method tickets.Method // "" for no
		level  int
	}{
		"one number":          {[]account.PaymentFact{fact}, tickets.MethodPaymentFact, 1},
		"date, amount, tail":  {[]account.PaymentFact{{ChargedAt: account.DateOf(noon.AddDate(0, 0, -10), time.UTC), AmountFen: 2500, CardTail: "1234"}}, tickets.MethodPaymentFact, 1},
		"two numbers":         {[]account.PaymentFact{fact, {ChannelTxnID: "4200002"}}, tickets.MethodTwoTransactions, 2},
		"the same twice":      {[]account.PaymentFact{fact, fact}, tickets.MethodPaymentFact, 1},
		"one right, one not":  {[]account.PaymentFact{fact, {ChannelTxnID: "4200009"}}, "", 0},
		"half a fact":         {[]account.PaymentFact{{AmountFen: 2500, CardTail: "1234"}}, "", 0},
		"a right and a blank": {[]account.PaymentFact{fact, {}}, tickets.MethodPaymentFact, 1},
	} {
		for _, known := range []bool{true, false} {
			t.Run(name+map[bool]string{false: ", account unknown"}[known], func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				ticket := b.member()
				if !known {
					ticket.AccountNo, ticket.Facts.Phone = "", "13800001234"
					must(t, b.InTx(b.ctx, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx, &ticket) }))
				}
				matched, err := b.desk.CheckFacts(b.ctx, ticket.ID, "agent:amy", x.facts)
				must(t, err)
				all, err := b.Verifications(b.ctx, ticket.ID)
				must(t, err)
				if matched != (x.method != "") || len(all) != map[bool]int{true: 1}[matched] {
					t.Fatalf("matched %v, verifications %v", matched, all)
				}
				if matched && (all[0].Method != x.method || all[0].Level != x.level || all[0].AccountNo != "u1" || all[0].MessageID != 1) {
					t.Errorf("got %+v", all[0])
				}
			})
		}
	}
}

func TestFiveWrongPaymentFactsAnHour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.member()
	check := func(no string) (bool, error) {
		return b.desk.CheckFacts(b.ctx, ticket.ID, "agent:amy", []account.PaymentFact{{ChannelTxnID: no}})
	}
	for range 5 {
		if ok, err := check("x"); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if ok, err := check("4200001"); ok || !errors.Is(err, tickets.TooMany) {
		t.Errorf("the sixth: %v %v", ok, err)
	}
	b.now = b.now.Add(time.Hour + time.Second)
	if ok, err := check("4200001"); !ok || err != nil {
		t.Errorf("an hour later: %v %v", ok, err)
	}
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	at := func(clock string) time.Time {
		c, err := time.ParseInLocation("2006-01-02 15:04", "2026-03-05 "+clock, zone)
		must(t, err)
		return c
	}
	for _, x := range []struct{ quiet, now, want string }{
		{"22:00-08:00", "21:59", "0 21:59"},
		{"22:00-08:00", "22:00", "1 08:00"},
		{"22:00-08:00", "03:00", "0 08:00"},
		{"22:00-08:00", "08:00", "0 08:00"},
		{"12:00-14:00", "13:00", "0 14:00"},
		{"12:00-14:00", "15:00", "0 15:00"},
		{"", "03:00", "0 03:00"},
	} {
		q, err := tickets.ParseQuiet(x.quiet)
		must(t, err)
		days, clock, _ := strings.Cut(x.want, " ")
		want := at(clock).AddDate(0, 0, int(days[0]-'0'))
		if got := q.Next(at(x.now), zone); !got.Equal(want) {
			t.Errorf("%s at %s: %s, want %s", x.quiet, x.now, got, want)
		}
	}
	for _, bad := range []string{"22:00", "22-08", "25:00-08:00", "08:00-08:00", "x-y"} {
		if _, err := tickets.ParseQuiet(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
