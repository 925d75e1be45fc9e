package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

func ticketPromises() []promise {
	return []promise{
		{"a ticket comes back as it was stored", func(t *testing.T, b bundle) {
			want := b.newTicket(t, nil)
			if want.ID == 0 || want.Version != 1 {
				t.Errorf("stored as id %d version %d, want an id and version 1", want.ID, want.Version)
			}
			got, err := b.Ticket(b.ctx(), want.ID)
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		}},
		{"instants are UTC and cut to the microsecond whatever zone they came in", func(t *testing.T, b bundle) {
			shanghai := time.FixedZone("CST", 8*3600)
			at := time.Date(2026, 7, 1, 0, 10, 0, 1234567, shanghai)
			id := b.newTicket(t, func(x *tickets.Ticket) { x.ReceivedAt = at }).ID
			got, err := b.Ticket(b.ctx(), id)
			must(t, err)
			want := time.Date(2026, 6, 30, 16, 10, 0, 1234000, time.UTC)
			if got.ReceivedAt != want {
				t.Errorf("received_at is %v, want %v", got.ReceivedAt, want)
			}
		}},
		{"text that no database stores is made plain, and found again", func(t *testing.T, b bundle) {
			id := b.newTicket(t, func(x *tickets.Ticket) { x.Subject, x.Requester, x.Why = "a\x00b\xff", "\x00@x", []string{"\x00"} }).ID
			b.tx(t, func(tx tickets.Tx) error {
				got, err := tx.LiveTicketsOf(b.ctx(), "\x00@x")
				must(t, err)
				if len(got) != 1 || got[0].ID != id || got[0].Subject != "a\uFFFDb\uFFFD" || got[0].Why[0] != "\x00" {
					t.Errorf("found %+v", got)
				}
				return nil
			})
		}},
		{"a missing ticket is NotFound", func(t *testing.T, b bundle) {
			_, err := b.Ticket(b.ctx(), 99)
			wantKind(t, err, tickets.NotFound)
		}},
		{"of two saves of the same version the second is Stale and changes nothing", func(t *testing.T, b bundle) {
			first := b.newTicket(t, nil)
			second := first
			first.Subject, first.Assignee, first.Flags = "first", "", nil
			second.Subject = "second"
			b.tx(t, func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx(), &first) })
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx(), &second) }), tickets.Stale)
			got, err := b.Ticket(b.ctx(), first.ID)
			must(t, err)
			if d := cmp.Diff(first, got); d != "" {
				t.Error(d)
			}
			if first.Version != 2 || second.Version != 1 {
				t.Errorf("versions are %d and %d, want 2 and 1", first.Version, second.Version)
			}
		}},
		{"of many saves at once one wins", func(t *testing.T, b bundle) {
			start := b.newTicket(t, nil)
			won, staleOnes := count(t, together(10, func(int) error {
				mine := start
				return b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.SaveTicket(b.ctx(), &mine) })
			}), tickets.Stale)
			if won != 1 || staleOnes != 9 {
				t.Errorf("%d won and %d were stale, want 1 and 9", won, staleOnes)
			}
		}},
		{"the database refuses a status that does not exist", func(t *testing.T, b bundle) {
			bad := b.ticket()
			bad.Status = "lost"
			wantKind(t, b.InTx(b.ctx(), func(tx tickets.Tx) error { return tx.InsertTicket(b.ctx(), &bad) }), tickets.Conflict)
		}},
		{"live tickets of a requester and of an account leave closed ones out", func(t *testing.T, b bundle) {
			old := b.newTicket(t, nil)
			closed := b.newTicket(t, func(x *tickets.Ticket) { x.Status, x.ClosedAt = tickets.Closed, &b.at })
			b.newTicket(t, func(x *tickets.Ticket) { x.Requester, x.AccountNo = "other@example.com", "" })
			solved := b.newTicket(t, func(x *tickets.Ticket) { x.Status, x.SolvedAt = tickets.Solved, &b.at })
			b.tx(t, func(tx tickets.Tx) error {
				byRequester, err := tx.LiveTicketsOf(b.ctx(), closed.Requester)
				must(t, err)
				byAccount, err := tx.LiveTicketsForAccount(b.ctx(), "u1001")
				must(t, err)
				none, err := tx.LiveTicketsForAccount(b.ctx(), "")
				must(t, err)
				want := [][]tickets.Ticket{{old, solved}, {old, solved}, nil}
				if d := cmp.Diff(want, [][]tickets.Ticket{byRequester, byAccount, orNil(none)}); d != "" {
					t.Error(d)
				}
				return nil
			})
		}},
		{"links are seen from both ends and joining twice is once", func(t *testing.T, b bundle) {
			one, two := b.newTicket(t, nil), b.newTicket(t, nil)
			want := tickets.Link{FromID: two.ID, ToID: one.ID, Kind: "follows", At: b.at}
			for range 2 {
				b.tx(t, func(tx tickets.Tx) error { return tx.InsertLink(b.ctx(), want) })
			}
			for _, id := range []int64{one.ID, two.ID} {
				got, err := b.Links(b.ctx(), id)
				must(t, err)
				if d := cmp.Diff([]tickets.Link{want}, got); d != "" {
					t.Error(d)
				}
			}
			three := b.newTicket(t, nil)
			next := tickets.Link{FromID: three.ID, ToID: two.ID, Kind: "joined", At: b.at.Add(time.Second)}
			b.tx(t, func(tx tickets.Tx) error { return tx.InsertLink(b.ctx(), next) })
			for _, c := range []struct {
				ids  []int64
				want []tickets.Link
			}{{nil, nil}, {[]int64{one.ID}, []tickets.Link{want}}, {[]int64{one.ID, two.ID, three.ID}, []tickets.Link{want, next}}} {
				got, err := b.Links(b.ctx(), c.ids...)
				must(t, err)
				if d := cmp.Diff(c.want, orNil(got)); d != "" {
					t.Error(d)
				}
			}
		}},
	}
}

// orNil makes an empty list comparable with none.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func listPromises() []promise {
	return []promise{
		{"pages follow the next charge, then the answer due, and neither repeat nor leave out", func(t *testing.T, b bundle) {
			soon, later := b.at.Add(time.Hour), b.at.Add(2*time.Hour)
			add := func(next *time.Time, due time.Duration) int64 {
				return b.newTicket(t, func(x *tickets.Ticket) {
					x.NextChargeAt, x.FirstResponseDueAt = next, b.at.Add(due)
				}).ID
			}
			none2, laterID := add(nil, 2*time.Hour), add(&later, time.Hour)
			soon2, soon1 := add(&soon, 2*time.Hour), add(&soon, time.Hour)
			none1, none1b := add(nil, time.Hour), add(nil, time.Hour)
			var got []int64
			f := tickets.Filter{Limit: 2}
			for pages := 1; ; pages++ {
				list, next, err := b.Tickets(b.ctx(), f)
				must(t, err)
				for _, x := range list {
					got = append(got, x.ID)
				}
				if next == "" {
					if pages != 3 {
						t.Errorf("%d pages, want 3", pages)
					}
					break
				}
				if pages == 1 { // somebody comes in before the place we are at
					add(&soon, 30*time.Minute)
				}
				f.After = next
			}
			if d := cmp.Diff([]int64{soon1, soon2, laterID, none1, none1b, none2}, got); d != "" {
				t.Error(d)
			}
		}},
		{"a cursor of somebody's own making is Invalid", func(t *testing.T, b bundle) {
			_, _, err := b.Tickets(b.ctx(), tickets.Filter{After: "' OR 1=1"})
			wantKind(t, err, tickets.Invalid)
		}},
		{"each view lists its tickets and counts as many", viewsAgree},
		{"filters narrow and the search takes wildcards as letters", func(t *testing.T, b bundle) {
			percent := b.newTicket(t, func(x *tickets.Ticket) { x.Subject = "Refund 100% NOW" })
			plain := b.newTicket(t, func(x *tickets.Ticket) {
				x.Subject, x.Requester, x.AccountNo, x.Channel = "退订会员 1000 now", "wang_wu@example.com", "v_2", tickets.Phone
				x.Intent, x.Intents, x.Flags, x.Assignee = intent.Clarify, []intent.Intent{intent.Clarify}, nil, ""
			})
			due := percent.FirstResponseDueAt.Add(time.Minute)
			b.newTicket(t, func(x *tickets.Ticket) {
				x.FirstResponseDueAt = due
				x.Subject, x.Status, x.ClosedAt = "", tickets.Closed, &b.at
			})
			both, onlyPercent, onlyPlain := []int64{percent.ID, plain.ID}, []int64{percent.ID}, []int64{plain.ID}
			for name, c := range map[string]struct {
				f    tickets.Filter
				want []int64
			}{
				"everything that runs": {tickets.Filter{}, both},
				"number":               {tickets.Filter{Query: plain.Number()}, onlyPlain},
				"percent":              {tickets.Filter{Query: "100% now"}, onlyPercent},
				"two words":            {tickets.Filter{Query: "Now 退订"}, onlyPlain},
				"underscore":           {tickets.Filter{Query: "g_w"}, onlyPlain},
				"account":              {tickets.Filter{Query: "V_2"}, onlyPlain},
				"no match":             {tickets.Filter{Query: "x_y"}, nil},
				"intent":               {tickets.Filter{Intent: "entry_complaint"}, onlyPercent},
				"flag":                 {tickets.Filter{Flag: "regulator"}, onlyPercent},
				"assignee":             {tickets.Filter{Assignee: "amy"}, onlyPercent},
				"channel":              {tickets.Filter{Channel: tickets.Phone}, onlyPlain},
				"account number":       {tickets.Filter{AccountNo: "v_2"}, onlyPlain},
				"due before":           {tickets.Filter{DueBefore: &due}, both},
				"due before, solved":   {tickets.Filter{DueBefore: &due, Status: tickets.Solved}, nil},
				"status":               {tickets.Filter{Status: tickets.Closed}, []int64{plain.ID + 1}},
			} {
				list, _, err := b.Tickets(b.ctx(), c.f)
				must(t, err)
				if d := cmp.Diff(c.want, ids(list)); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
		}},
	}
}

func ids(list []tickets.Ticket) []int64 {
	var out []int64
	for _, x := range list {
		out = append(out, x.ID)
	}
	return out
}

func viewsAgree(t *testing.T, b bundle) {
	add := func(status tickets.Status, reason, assignee string) int64 {
		return b.newTicket(t, func(x *tickets.Ticket) {
			x.Status, x.Reason, x.Assignee = status, reason, assignee
			if status == tickets.Closed {
				x.ClosedAt = &b.at
			}
		}).ID
	}
	mine, free := add(tickets.Open, "", "amy"), add(tickets.New, "", "")
	waiting, customer := add(tickets.Open, "needs_agent", "bob"), add(tickets.Pending, "", "bob")
	solved, closed := add(tickets.Solved, "", "amy"), add(tickets.Closed, "no_answer", "amy")
	other := add(tickets.Closed, "not_cancellation", "")
	byStep, byRefund := add(tickets.Open, "", "bob"), add(tickets.OnHold, "", "bob")
	chat := b.newTicket(t, func(x *tickets.Ticket) { x.Channel, x.Assignee, x.NextChargeAt = tickets.Chat, "bob", nil }).ID
	b.newTicket(t, func(x *tickets.Ticket) { x.Channel, x.Status, x.ClosedAt = tickets.Chat, tickets.Closed, &b.at })
	closed2 := chat + 1
	b.account(t, "u1")
	b.tx(t, func(tx tickets.Tx) error {
		run := tickets.Run{TicketID: byStep, Mode: account.PeriodEnd, StartedAt: b.at}
		if err := tx.InsertRun(b.ctx(), &run, tickets.Steps{{Name: tickets.Cancel, State: tickets.NeedsAgent}}); err != nil {
			return err
		}
		return tx.InsertRefund(b.ctx(), &account.Refund{
			ID: "r1", Key: "r1", ChargeID: "c-u1", AccountNo: "u1", TicketID: byRefund, AmountFen: 1, State: account.RefundProposed, Proposer: "desk", At: b.at,
		})
	})
	want := map[tickets.View][]int64{
		tickets.ViewAll:             {mine, free, waiting, customer, solved, closed, byStep, byRefund, closed2, chat},
		tickets.ViewMine:            {mine},
		tickets.ViewUnassigned:      {free},
		tickets.ViewNextCharge:      {mine, free, waiting, customer, byStep, byRefund},
		tickets.ViewChats:           {chat},
		tickets.ViewWaiting:         {mine, free, waiting, byStep, chat},
		tickets.ViewApproval:        {byRefund},
		tickets.ViewCustomer:        {customer},
		tickets.ViewSolved:          {solved},
		tickets.ViewClosed:          {closed2},
		tickets.ViewNoAnswer:        {closed},
		tickets.ViewNotCancellation: {other},
	}
	counts, err := b.Counts(b.ctx(), "amy")
	must(t, err)
	got := map[tickets.View][]int64{}
	for _, v := range tickets.Views() {
		list, _, err := b.Tickets(b.ctx(), tickets.Filter{View: v, Login: "amy"})
		must(t, err)
		got[v] = ids(list)
		if counts[v] != len(list) {
			t.Errorf("view %s counts %d and lists %d", v, counts[v], len(list))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
