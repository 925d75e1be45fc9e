package tickets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// watchBatch is how many tickets are looked up at a time.
const watchBatch = 100

// Watch looks at every ticket whose moment has come: a claim that ran out gives the case back to
// everybody, a deadline that is near or has passed rings once (AlarmDueSoon, AlarmOverdue) until it is
// kept. It tells how many it looked at. Any number of processes may watch one database: each ticket is
// looked at in a transaction of its own, and what was done already is not done again.
func (d *Desk) Watch(ctx context.Context) (int, error) {
	var looked int
	var errs []error
	for {
		ids, err := d.store.Watched(ctx, d.now(), watchBatch)
		if err != nil {
			return looked, errors.Join(append(errs, err)...)
		}
		for _, id := range ids {
			if err := d.look(ctx, id); err != nil {
				if ctx.Err() != nil {
					return looked, err
				}
				errs = append(errs, fmt.Errorf("watch %s: %w", Number(id), err))
				continue
			}
			looked++
		}
		if len(ids) < watchBatch || len(errs) > 0 { // what could not be done would come again at once
			return looked, errors.Join(errs...)
		}
	}
}

// look looks at one ticket.
func (d *Desk) look(ctx context.Context, id int64) error {
	at := d.now()
	return d.store.InTx(ctx, func(tx Tx) error {
		t, err := tx.Ticket(ctx, id)
		if err != nil {
			return err
		}
		before := t
		records, err := d.alert(ctx, tx, &t, at)
		if err != nil {
			return err
		}
		if t.Assignee != before.Assignee || !t.ResolutionDueAt.Equal(before.ResolutionDueAt) {
			err = tx.SaveTicket(ctx, &t)
		} else {
			err = tx.SaveAlert(ctx, t.ID, t.AlertAt) // nothing that anybody may be about to change
		}
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := tx.Append(ctx, at, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// alert does what the ticket's clocks ask for at that instant and sets when they are next looked at.
// The ticket is not saved.
func (d *Desk) alert(ctx context.Context, tx Tx, t *Ticket, at time.Time) ([]Record, error) {
	if t.AlertAt == nil || t.AlertAt.After(at) {
		return nil, nil
	}
	t.AlertAt = nil
	t.settle(d.settings.Calendar)
	var records []Record
	if t.ClaimedUntil != nil {
		switch {
		case at.Before(*t.ClaimedUntil):
			t.watchFrom(*t.ClaimedUntil)
		case t.Live():
			before := t.Assignee
			t.assign("")
			r := assignedRecord(*t, before, DeskActor)
			r.Data["why"] = "claim_expired"
			records = append(records, r)
		default:
			t.assign(t.Assignee) // who worked on it last stays known
		}
	}
	past, err := tx.AlarmsOf(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range Clocks() {
		more, err := d.ring(ctx, tx, t, c, past, at)
		if err != nil {
			return nil, err
		}
		records = append(records, more...)
	}
	return records, nil
}

// ring raises and clears the alarms of one clock. past are all alarms of the ticket: one that rang for
// this deadline rings for it no more, whoever cleared it.
func (d *Desk) ring(ctx context.Context, tx Tx, t *Ticket, c Clock, past []Alarm, at time.Time) ([]Record, error) {
	due, _ := t.Due(c, d.settings.Calendar)
	kind, next := t.standing(c, d.settings, at)
	if next != nil {
		t.watchFrom(*next)
	}
	var records []Record
	key := alarmKey(*t, c, kind) + due.UTC().Format(time.RFC3339)
	for _, a := range past {
		if a.ClearedAt == nil && a.Key != key && a.of(*t, c) {
			if err := tx.ClearAlarm(ctx, a.Key, DeskActor, at); err != nil {
				return nil, err
			}
			records = append(records, alarmRecord(*t, EventAlarmCleared, a, DeskActor))
		}
	}
	if kind == "" || slices.ContainsFunc(past, func(a Alarm) bool { return a.Key == key }) {
		return records, nil
	}
	a := Alarm{Key: key, Kind: kind, TicketID: t.ID, Detail: string(c), At: at}
	if err := tx.RaiseAlarm(ctx, a); err != nil {
		return nil, err
	}
	return append(records, alarmRecord(*t, EventAlarm, a, DeskActor)), nil
}

// wind has a new ticket looked at when the first of its clocks changes what rings.
func (t *Ticket) wind(s Settings, at time.Time) {
	for _, c := range Clocks() {
		if kind, next := t.standing(c, s, at); kind != "" {
			t.watchFrom(at) // mail from long ago is late as it comes
		} else if next != nil {
			t.watchFrom(*next)
		}
	}
}

// standing is what rings for the clock at that instant, "" for nothing, and when that changes by
// itself, nil for never.
func (t Ticket) standing(c Clock, s Settings, at time.Time) (AlarmKind, *time.Time) {
	due, runs := t.Due(c, s.Calendar)
	if !runs {
		return "", nil
	}
	warn := due
	if s.WarnBefore > 0 {
		warn = s.Calendar.Back(due, s.WarnBefore)
	}
	switch {
	case !at.Before(due):
		return AlarmOverdue, nil
	case !at.Before(warn):
		return AlarmDueSoon, &due
	}
	return "", &warn
}

// alarmKey is what the keys of the alarms of one kind and clock begin with; the deadline follows.
func alarmKey(t Ticket, c Clock, kind AlarmKind) string {
	return "clock/" + t.Number() + "/" + string(c) + "/" + string(kind) + "/"
}

// of reports whether the alarm is about that clock of the ticket.
func (a Alarm) of(t Ticket, c Clock) bool {
	return strings.HasPrefix(a.Key, "clock/"+t.Number()+"/"+string(c)+"/")
}

func alarmRecord(t Ticket, typ string, a Alarm, by Actor) Record {
	return Record{
		Stream: t.Number(), Type: typ, Actor: string(by), Data: map[string]any{"alarm": string(a.Kind), "about": a.Detail},
	}
}

// ClearAlarm ends a ringing alarm by hand; NotFound where it rings no more. Where it is about a case,
// the case's evidence says who did it.
func (d *Desk) ClearAlarm(ctx context.Context, id int64, by Actor) error {
	at := d.now()
	return d.store.InTx(ctx, func(tx Tx) error {
		a, err := tx.Alarm(ctx, id)
		switch {
		case err != nil:
			return err
		case a.ClearedAt != nil:
			return &Error{Kind: NotFound, Msg: "This alarm does not ring any more."}
		}
		if err := tx.ClearAlarm(ctx, a.Key, by, at); err != nil || a.TicketID == 0 {
			return err
		}
		t, err := tx.Ticket(ctx, a.TicketID)
		if err != nil {
			return err
		}
		return tx.Append(ctx, at, alarmRecord(t, EventAlarmCleared, a, by))
	})
}
