package tickets

import (
	"context"
	"strconv"
	"time"
)

// Desk is the use cases: what mail intake, the dashboard and the API do with tickets. Each method is
// one transaction.
type Desk struct {
	store    Store
	settings Settings
	ids      MailIDs
	now      func() time.Time
	terms    Terms
}

// NewDesk makes a desk over a store. now gives the instant of a use case, in UTC and cut to
// microseconds, because PostgreSQL keeps no more.
func NewDesk(store Store, settings Settings, ids MailIDs, now func() time.Time) *Desk {
	return &Desk{store: store, settings: settings, ids: ids, now: now}
}

// Reader gives read access for pages and lists.
func (d *Desk) Reader() Reader { return d.store }

// Settings returns the rules the desk works by.
func (d *Desk) Settings() Settings { return d.settings }

// Actor is who does something at the desk: "agent:LOGIN", "key:ID" or "desk".
type Actor string

// agentPrefix begins the actor of a person.
const agentPrefix = "agent:"

// DeskActor is the desk acting by rule.
const DeskActor Actor = "desk"

// CustomerActor is the customer himself, on a page of his.
const CustomerActor Actor = "customer"

// AgentActor names a person who works at the desk.
func AgentActor(login string) Actor { return Actor(agentPrefix + login) }

// KeyActor names a program by its API key.
func KeyActor(id int64) Actor { return Actor("key:" + strconv.FormatInt(id, 10)) }

// change loads a ticket, lets f change it, and saves it with the events and jobs that f returned.
func (d *Desk) change(ctx context.Context, id int64, f func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error)) (Ticket, error) {
	var t Ticket
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) (err error) {
		if t, err = tx.Ticket(ctx, id); err != nil {
			return err
		}
		if err := d.agreed(t); err != nil {
			return err
		}
		records, jobs, err := f(tx, &t, at)
		if err != nil {
			return err
		}
		t.settle(d.settings.Calendar)
		alerts, err := d.alert(ctx, tx, &t, at)
		if err != nil {
			return err
		}
		if err := tx.SaveTicket(ctx, &t); err != nil {
			return err
		}
		for _, r := range append(records, alerts...) {
			if err := tx.Append(ctx, at, r); err != nil {
				return err
			}
		}
		if len(records) > 0 {
			if err := d.note(ctx, tx, t, Actor(records[0].Actor), at); err != nil {
				return err
			}
		}
		return tx.Enqueue(ctx, jobs...)
	})
	return t, err
}

// runJob is the job that carries the ticket's steps on.
func runJob(t Ticket, at time.Time) Job {
	return Job{Kind: JobRun, TicketID: t.ID, DueAt: at, Key: "run/" + t.Number()}
}
