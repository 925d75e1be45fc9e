package runbook_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// TestAnyTrouble carries random cases through random trouble and holds them to what must never
// happen. CANCELDESK_SEED repeats one.
func TestAnyTrouble(t *testing.T) {
	t.Parallel()
	seeds := make([]uint64, 60)
	for i := range seeds {
		seeds[i] = rand.Uint64()
	}
	if env := os.Getenv("CANCELDESK_SEED"); env != "" {
		seed, err := strconv.ParseUint(env, 10, 64)
		must(t, err)
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run("CANCELDESK_SEED="+strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			anyTrouble(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func anyTrouble(t *testing.T, r *rand.Rand) {
	b := setup(t, anyAccount(r), func(s *tickets.Settings) {
		s.Automation.Refund = []tickets.Automatic{tickets.Auto, tickets.Propose}[r.IntN(2)]
		s.Automation.RefundAutoLimitFen = int64(r.IntN(3)) * 2000
		s.Automation.OwnFaultAutoLimitFen = int64(r.IntN(3)) * 2000
	})
	trouble, deaf := 40, r.IntN(3) == 0
	b.world.fault = func(string, string) fault {
		if trouble--; trouble < 0 || r.IntN(4) > 0 {
			return none
		}
		if deaf && r.IntN(2) == 0 {
			return refuse
		}
		return []fault{before, after, pending}[r.IntN(3)]
	}
	b.flaky.chance = func() (bool, bool) { return trouble > 0 && r.IntN(12) == 0, r.IntN(2) == 0 }
	asks := [][]intent.Intent{
		{intent.StopAutoRenew},
		{intent.CancelAndRefund},
		{intent.RefundMistakenCharge},
		{intent.RefundMistakenCharge, intent.StopAutoRenew},
		{intent.StatusInquiry},
	}
	check := func() { b.neverHappens() }
	b.receive(mail{"li@example.com", 1, asking(asks[r.IntN(2)]...)})
	for range 6 {
		if r.IntN(3) == 0 {
			b.receive(anyMail(r, asking(asks[r.IntN(len(asks))]...)))
		}
		b.drain(time.Duration(r.IntN(48))*hour, check)
		b.person(r)
	}
	trouble = 0
	b.drain(48*hour, check)
	b.nobodyWaitsUnseen()
}

// anyMail is from the customer, from somebody who says so, or from somebody else who names the account.
func anyMail(r *rand.Rand, u intent.Understanding) mail {
	u.Withdraws, u.Affirms = r.IntN(10) == 0, r.IntN(10) == 0
	m := []mail{{"li@example.com", 1, u}, {"li@example.com", 0, u}, {"x@example.com", 1, u}}[r.IntN(3)]
	if m.from == "x@example.com" {
		m.about.Facts.Account = "u1"
	}
	return m
}

// anyAccount is the customer with any of: a second charge, a second agreement, an external one, a
// second subscription on the same agreement.
func anyAccount(r *rand.Rand) account.Snapshot {
	var change []func(*account.Snapshot)
	maybe := func(f func(*account.Snapshot)) {
		if r.IntN(5) == 0 {
			change = append(change, f)
		}
	}
	maybe(chargedTwice)
	maybe(paidAhead)
	maybe(func(s *account.Snapshot) { s.Agreements = append(s.Agreements, agreement("a2", account.Ledger, "s1")) })
	maybe(func(s *account.Snapshot) {
		s.Agreements = append(s.Agreements, agreement("a3", account.External, "s1"))
	})
	maybe(func(s *account.Snapshot) { s.Agreements = append(s.Agreements, agreement("a4", account.WeChat, "s1")) })
	maybe(func(s *account.Snapshot) { s.Subscriptions[0].AutoRenew, s.Subscriptions[0].NextChargeAt = false, nil })
	maybe(func(s *account.Snapshot) {
		other := s.Subscriptions[0]
		other.ID, other.PriceFen, other.Cycle, other.AutoRenew = "s2", 9900, account.Year, true
		s.Subscriptions = append(s.Subscriptions, other)
		s.Agreements[0].SubscriptionIDs = nil
	})
	return customer(change...)
}

func agreement(id string, ch account.PaymentChannel, subscriptions ...string) account.Agreement {
	return account.Agreement{
		ID: id, AccountNo: "u1", Channel: ch, ChannelRef: "ref-" + id, Payer: "p1", State: account.AgreementActive, SubscriptionIDs: subscriptions,
	}
}

// tickets lists every ticket there is.
func (b *bundle) tickets() []tickets.Ticket {
	b.t.Helper()
	list, _, err := b.Tickets(b.ctx, tickets.Filter{View: tickets.ViewAll, Limit: 200})
	must(b.t, err)
	return list
}

// person does one of the things that people do with a case.
func (b *bundle) person(r *rand.Rand) {
	b.t.Helper()
	for _, t := range b.tickets() {
		switch r.IntN(9) {
		case 0:
			quotes, err := b.Quotes(b.ctx, t.ID)
			must(b.t, err)
			if len(quotes) > 0 {
				b.rings(t.ID)
				_, _ = b.desk.Accept(b.ctx, t.ID, "agent:amy", quotes[len(quotes)-1].Hash, "好的") // Conflict where it is not its time
			}
		case 1:
			b.approve(t.ID)
		case 2:
			_, _ = b.desk.Resume(b.ctx, t.ID, "agent:amy", []tickets.StepName{"", tickets.ConfirmDespiteWithdrawal}[r.IntN(2)])
		case 3:
			_, _ = b.desk.Relink(b.ctx, t.ID, "agent:amy", "u1", []string{"s1"})
		case 4:
			_, _ = b.desk.Say(b.ctx, t.ID, "agent:amy", tickets.Reply, "您好")
		case 5:
			_, _ = b.desk.Skip(b.ctx, t.ID, "agent:amy", []tickets.StepName{tickets.QuoteIt, tickets.RefundIt}[r.IntN(2)], "by hand")
		case 6:
			_, _ = b.desk.Correct(b.ctx, t.ID, "agent:amy", []intent.Intent{intent.StopAutoRenew, intent.CancelAndRefund, intent.NotCancellation}[r.IntN(3)])
		}
	}
}

// neverHappens is DESIGN.md 6.4, as far as it is about debits and money.
func (b *bundle) neverHappens() {
	b.t.Helper()
	sent := map[string]int64{}
	for _, t := range b.tickets() {
		b.honest(t)
		refunds, err := b.Refunds(b.ctx, t.ID)
		must(b.t, err)
		for _, r := range refunds {
			if r.State == account.RefundSucceeded {
				sent[r.ChargeID] += r.AmountFen
			}
		}
	}
	for id, fen := range b.world.refunded {
		if fen > b.world.paid[id] {
			b.t.Fatalf("%d fen of %d came back of %s", fen, b.world.paid[id], id)
		}
		if sent[id] > fen {
			b.t.Fatalf("%d fen of %s are recorded and %d came back", sent[id], id, fen)
		}
	}
	for key, n := range b.world.acted {
		if n != 1 {
			b.t.Fatalf("%s took place %d times", key, n)
		}
	}
}

// honest fails the test where the ticket says that something ended or came back which did not.
func (b *bundle) honest(t tickets.Ticket) {
	b.t.Helper()
	run, steps, err := b.LatestRun(b.ctx, t.ID)
	if err != nil {
		return // nothing was begun
	}
	if steps.Get(tickets.Cancel).State == tickets.Succeeded {
		snap, err := b.Snapshot(b.ctx, t.AccountNo)
		must(b.t, err)
		for _, id := range t.SubscriptionIDs {
			if b.world.debits[id] {
				b.t.Fatalf("%s is said to be cancelled and the biller debits %s", t.Number(), id)
			}
			for _, a := range snap.Agreements {
				if a.Bills(id) && b.world.alive[a.ChannelRef] {
					b.t.Fatalf("%s is said to be cancelled and agreement %s is alive", t.Number(), a.ID)
				}
			}
		}
	}
	if t.Status != tickets.Solved {
		return
	}
	if run.EndedAt == nil {
		b.t.Fatalf("%s is solved and its run goes on", t.Number())
	}
	effects, err := b.Effects(b.ctx, t.ID)
	must(b.t, err)
	for _, e := range effects {
		if !e.State.Settled() {
			b.t.Fatalf("%s is solved and %s is %s", t.Number(), e.Key, e.State)
		}
	}
	b.paidOrTold(t, run)
	refunds, err := b.Refunds(b.ctx, t.ID)
	must(b.t, err)
	for _, r := range refunds {
		byHand := r.State == account.RefundAbnormal && steps.Get(tickets.RefundIt).Reason == "by_hand" // a person has seen to it
		if !r.State.Final() && !byHand {
			b.t.Fatalf("%s is solved and refund %s is %s", t.Number(), r.ID, r.State)
		}
	}
}

// paidOrTold fails the test where a solved case has an accepted offer that led to no money and no word.
func (b *bundle) paidOrTold(t tickets.Ticket, run tickets.Run) {
	b.t.Helper()
	quotes, err := b.Quotes(b.ctx, t.ID)
	must(b.t, err)
	said, err := b.Acceptances(b.ctx, t.ID)
	must(b.t, err)
	if len(quotes) == 0 || len(said) == 0 || t.Reason == tickets.ReasonWithdrawn {
		return
	}
	q, yes := quotes[len(quotes)-1], said[len(said)-1]
	if q.Hash != yes.QuoteHash || q.RunID != run.ID || q.Body.RefundFen == 0 || yes.At.Before(run.StartedAt) {
		return
	}
	refunds, err := b.Refunds(b.ctx, t.ID)
	must(b.t, err)
	out, err := b.Outgoing(b.ctx, t.ID)
	must(b.t, err)
	paid := slices.ContainsFunc(refunds, func(r account.Refund) bool {
		return r.QuoteHash == q.Hash && !r.OwnFault && r.State == account.RefundSucceeded
	})
	told := slices.ContainsFunc(out, func(o tickets.Outgoing) bool {
		return (o.Tell == tickets.TellRefundOutcome || o.Tell == tickets.TellAnswer) && o.At.After(yes.At)
	})
	if !paid && !told {
		b.t.Fatalf("%s is solved, its offer of %d fen was accepted, and nothing came of it: %+v", t.Number(), q.Body.RefundFen, refunds)
	}
}

// nobodyWaitsUnseen fails the test where a case that is not over waits for nobody, now that nothing
// goes wrong any more.
func (b *bundle) nobodyWaitsUnseen() {
	b.t.Helper()
	for _, t := range b.tickets() {
		if !t.Live() || t.Status == tickets.Open || t.Status == tickets.Pending {
			continue
		}
		_, steps, err := b.LatestRun(b.ctx, t.ID)
		must(b.t, err)
		if t.Status == tickets.New && slices.ContainsFunc(steps, func(s tickets.Step) bool { return s.State == tickets.NeedsAgent }) {
			continue // in the queue of what nobody has taken up yet
		}
		if t.Status == tickets.OnHold && steps.Get(tickets.RefundIt).State == tickets.NeedsApproval {
			continue
		}
		b.t.Errorf("%s is left %s, %s with %+v", t.Number(), t.Status, t.Reason, steps)
	}
}
