package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

// queueDesk is a desk whose claims and warnings run, at the bundle's instant moved on.
func queueDesk(b bundle, later time.Duration) *tickets.Desk {
	return tickets.NewDesk(b.DB, tickets.Settings{
		Zone: time.UTC, Locale: "zh-CN", WarnBefore: time.Hour, ClaimFor: 30 * time.Minute,
		Calendar: tickets.Calendar{Zone: time.UTC, Hours: tickets.Weekdays(tickets.Interval{From: 9 * time.Hour, To: 18 * time.Hour})},
	}, tickets.MailIDs{Key: make([]byte, 32), Domain: "desk.example"}, func() time.Time { return b.at.Add(later) })
}

func watchPromises() []promise {
	return []promise{
		{"what is watched comes when its moment has come, the first one first", func(t *testing.T, b bundle) {
			at := func(d time.Duration) func(*tickets.Ticket) {
				return func(x *tickets.Ticket) { when := b.at.Add(d); x.AlertAt = &when }
			}
			later, first, now := b.newTicket(t, at(time.Hour)), b.newTicket(t, at(-time.Hour)), b.newTicket(t, at(0))
			b.newTicket(t, nil)
			got, err := b.Watched(b.ctx(), b.at, 10)
			must(t, err)
			if d := cmp.Diff([]int64{first.ID, now.ID}, got); d != "" {
				t.Error(d)
			}
			b.tx(t, func(tx tickets.Tx) error {
				if err := tx.SaveAlert(b.ctx(), first.ID, nil); err != nil {
					return err
				}
				return tx.SaveAlert(b.ctx(), later.ID, &b.at)
			})
			got, err = b.Watched(b.ctx(), b.at, 1)
			must(t, err)
			if d := cmp.Diff([]int64{later.ID}, got); d != "" {
				t.Error(d)
			}
			if x, err := b.Ticket(b.ctx(), later.ID); err != nil || x.Version != later.Version || x.AlertAt == nil || !x.AlertAt.Equal(b.at) {
				t.Errorf("saved %+v: %v", x, err)
			}
		}},
		{"a claim and its pauses are kept to the microsecond", func(t *testing.T, b bundle) {
			end := b.at.Add(time.Hour)
			want := b.newTicket(t, func(x *tickets.Ticket) {
				x.ClaimedAt, x.ClaimedUntil, x.AlertAt = &b.at, &end, &end
				x.Pauses = []tickets.Pause{{From: b.at, To: &end}, {From: end}}
			})
			got, err := b.Ticket(b.ctx(), want.ID)
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		}},
		{"alarms are counted while they ring and known for ever", func(t *testing.T, b bundle) {
			x := b.newTicket(t, nil)
			b.tx(t, func(tx tickets.Tx) error {
				for _, a := range []tickets.Alarm{
					{Key: "a", Kind: tickets.AlarmOverdue, TicketID: x.ID, At: b.at},
					{Key: "b", Kind: tickets.AlarmHoldBurst, At: b.at},
				} {
					if err := tx.RaiseAlarm(b.ctx(), a); err != nil {
						return err
					}
				}
				return tx.ClearAlarm(b.ctx(), "a", tickets.DeskActor, b.at)
			})
			n, err := b.CountAlarms(b.ctx())
			must(t, err)
			of, err := b.AlarmsOf(b.ctx(), x.ID)
			must(t, err)
			if n != 1 || len(of) != 1 || of[0].ClearedAt == nil {
				t.Errorf("%d ring; of the ticket: %+v", n, of)
			}
			if none, err := b.AlarmsOf(b.ctx(), 0); err != nil || len(none) != 0 {
				t.Errorf("of no ticket: %+v, %v", none, err)
			}
			if a, err := b.Alarm(b.ctx(), of[0].ID); err != nil || a.Key != "a" {
				t.Errorf("%+v, %v", a, err)
			}
			_, err = b.Alarm(b.ctx(), 99)
			wantKind(t, err, tickets.NotFound)
		}},
		{"of fifty who take one case at the same moment one has it", func(t *testing.T, b bundle) {
			x := b.newTicket(t, func(x *tickets.Ticket) { x.Assignee = "" })
			desk, errs := queueDesk(b, 0), make([]error, 50)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() {
					login := fmt.Sprintf("a%d", i)
					_, errs[i] = desk.Take(b.ctx(), x.ID, tickets.AgentActor(login), login)
				})
			}
			all.Wait()
			got, err := b.Ticket(b.ctx(), x.ID)
			must(t, err)
			won := 0
			for i, err := range errs {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, tickets.Conflict) || !strings.HasPrefix(err.Error(), got.Assignee+" has been working"):
					t.Errorf("a%d: %v", i, err)
				}
			}
			if won != 1 || got.Assignee == "" {
				t.Errorf("%d were told that they have it, %q has", won, got.Assignee)
			}
		}},
		{"eight who watch at once ring once", func(t *testing.T, b bundle) {
			late := b.at.Add(-72 * time.Hour)
			var last int64
			for range 20 {
				last = b.newTicket(t, func(x *tickets.Ticket) {
					x.FirstResponseDueAt, x.ResolutionDueAt, x.AlertAt = late, late, &b.at
					end := b.at.Add(-time.Minute)
					x.ClaimedAt, x.ClaimedUntil = &late, &end
				}).ID
			}
			errs := make([]error, 8)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() { _, errs[i] = queueDesk(b, time.Minute).Watch(b.ctx()) })
			}
			all.Wait()
			must(t, errors.Join(errs...))
			n, err := b.CountAlarms(b.ctx())
			must(t, err)
			list, err := b.Events(b.ctx(), tickets.Number(last))
			must(t, err)
			seen := map[string]int{}
			for _, e := range list {
				seen[e.Type]++
			}
			if d := cmp.Diff(map[string]int{tickets.EventAlarm: 2, tickets.EventAssigned: 1}, seen); d != "" || n != 40 {
				t.Errorf("%d ring: %s", n, d)
			}
		}},
		{"days are taken in once and changed by a later word", func(t *testing.T, b bundle) {
			days := []store.CalendarDay{{Day: "2027-02-06", Works: true, Name: "春节"}, {Day: "2027-02-08", Name: "春节"}}
			for i, want := range []int{2, 0, 1} {
				if i == 2 {
					days[1].Works = true
				}
				changed, err := b.PutCalendarDays(b.ctx(), days, b.at)
				must(t, err)
				if changed != want {
					t.Errorf("round %d changed %d days, want %d", i, changed, want)
				}
			}
			got, err := b.CalendarDays(b.ctx())
			must(t, err)
			for i := range got {
				got[i].At = time.Time{}
			}
			if d := cmp.Diff(days, got); d != "" {
				t.Error(d)
			}
		}},
	}
}

// A desk of years must not read all it ever did to know what rings.
func TestWatchReadsOnlyWhatIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t, "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
	for query, index := range map[string]string{
		`SELECT id FROM tickets WHERE alert_at <= '2026-01-01' ORDER BY alert_at, id LIMIT 100`: "SEARCH tickets USING COVERING INDEX tickets_alert (alert_at<?)",
		`SELECT count(*) FROM alarms WHERE cleared_at IS NULL`:                                  "SCAN alarms USING INDEX alarms_ringing",
		`SELECT * FROM alarms WHERE ticket_id <> 0 AND ticket_id = 7`:                           "SEARCH alarms USING INDEX alarms_ticket (ticket_id=?)",
	} {
		var plan struct{ Detail string }
		must(t, b.Conn().Raw("EXPLAIN QUERY PLAN "+query).Scan(&plan).Error)
		if plan.Detail != index {
			t.Errorf("%s\nreads by %q, want %q", query, plan.Detail, index)
		}
	}
}
