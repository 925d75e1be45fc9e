package tickets

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Claimed is who works on the case at that instant, since when, and whether anybody does. A ticket
// that somebody else assigned is nobody's work until its assignee takes it.
func (t Ticket) Claimed(at time.Time) (login string, since time.Time, ok bool) {
	if t.Assignee == "" || t.ClaimedAt == nil || t.ClaimedUntil == nil || !at.Before(*t.ClaimedUntil) {
		return "", time.Time{}, false
	}
	return t.Assignee, *t.ClaimedAt, true
}

// free is Conflict while somebody else works on the case. Only people collide: what a rule or a
// program does is not kept back by a person who reads.
func (t Ticket) free(by Actor, zone *time.Location, at time.Time) error {
	login, since, ok := t.Claimed(at)
	if !ok || !strings.HasPrefix(string(by), agentPrefix) || by == AgentActor(login) {
		return nil
	}
	return &Error{Kind: Conflict, Msg: fmt.Sprintf(
		"%s has been working on this case since %s. Nothing was changed. Take it over if you have to.",
		login, since.In(zone).Format("2006-01-02 15:04"),
	)}
}

// claim gives the case to the login. A length of 0 is for ever: it is assigned, and no claim runs out.
func (t *Ticket) claim(login string, length time.Duration, at time.Time) {
	if t.Assignee != login || t.ClaimedAt == nil {
		t.ClaimedAt = &at
	}
	t.Assignee = login
	if length <= 0 {
		t.ClaimedAt, t.ClaimedUntil = nil, nil
		return
	}
	until := at.Add(length)
	t.ClaimedUntil = &until
	t.watchFrom(until)
}

// assign gives the case to somebody who has not taken it himself, or to nobody.
func (t *Ticket) assign(login string) {
	t.Assignee, t.ClaimedAt, t.ClaimedUntil = login, nil, nil
}

// Take assigns the ticket to a login, or to nobody with "". Whoever takes it himself claims it for
// Settings.ClaimFor, which each thing he does in the case renews: Conflict, with who and since when,
// while somebody else's claim runs.
func (d *Desk) Take(ctx context.Context, id int64, by Actor, login string) (Ticket, error) {
	return d.give(ctx, id, by, login, false)
}

// TakeOver is Take for whoever has seen that somebody else works on the case, and takes it all the same.
func (d *Desk) TakeOver(ctx context.Context, id int64, by Actor, login string) (Ticket, error) {
	return d.give(ctx, id, by, login, true)
}

func (d *Desk) give(ctx context.Context, id int64, by Actor, login string, over bool) (Ticket, error) {
	return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		before, himself := t.Assignee, login != "" && by == AgentActor(login)
		if himself && !over {
			if err := t.free(by, d.settings.Zone, at); err != nil {
				return nil, nil, err
			}
		}
		if himself {
			t.claim(login, d.settings.ClaimFor, at)
		} else {
			t.assign(login)
		}
		if err := tellChatTaken(ctx, tx, *t, at); err != nil {
			return nil, nil, err
		}
		var records []Record
		if before != login {
			r := assignedRecord(*t, before, by)
			if over {
				r.Data["why"] = "taken_over"
			}
			records = append(records, r)
		}
		if login != "" && t.Status == New {
			before := t.Status
			if err := t.SetStatus(Open, t.Reason, at); err != nil {
				return nil, nil, err
			}
			records = append(records, statusRecord(*t, before, by))
		}
		return records, nil, nil
	})
}

// act is change for what a person does in a case: Conflict while somebody else works on it, and it
// renews the person's own claim.
func (d *Desk) act(ctx context.Context, id int64, by Actor, f func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error)) (Ticket, error) {
	return d.change(ctx, id, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if err := t.free(by, d.settings.Zone, at); err != nil {
			return nil, nil, err
		}
		if login, _, ok := t.Claimed(at); ok && by == AgentActor(login) {
			t.claim(login, d.settings.ClaimFor, at)
		}
		return f(tx, t, at)
	})
}

func assignedRecord(t Ticket, before string, by Actor) Record {
	return Record{
		Stream: t.Number(), Type: EventAssigned, Actor: string(by),
		Data: map[string]any{"from": before, "to": t.Assignee},
	}
}
