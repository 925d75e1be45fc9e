package tickets

import (
	"context"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Spoken is one thing that somebody said otherwise than by mail: a line of a chat, what an agent wrote
// down of a call, a click on the customer's page.
type Spoken struct {
	// Message has neither ID nor TicketID yet. Its Scope and ExternalID say what it is part of; its
	// Assurance is the level of what proves its speaker.
	Message       Message
	Original      []byte // as it was handed over, which the evidence commits to; kept as Message.Raw
	Understanding intent.Understanding
	// Proof covers the message or its scope; nil where nothing proves who spoke. Its TicketID, and for a
	// message its MessageID, are filled in.
	Proof *Verification
}

// take opens a case with the first thing that was said in it. Nothing that a person hands over is put
// aside unread, so what seems to be no cancellation waits for a person too.
func (d *Desk) take(ctx context.Context, tx Tx, s Spoken, at time.Time) (Ticket, error) {
	t := d.newTicket(s.Message, s.Understanding, at)
	t.Facts.NationalID = account.MaskID(t.Facts.NationalID)
	if s.Understanding.Withdraws {
		t.Status, t.Reason, t.Objection = Open, ReasonWithdrawal, ReasonWithdrawal
	}
	if err := tx.InsertTicket(ctx, &t); err != nil {
		return t, err
	}
	if err := d.keep(ctx, tx, t, s, "opened", OutcomeTicket, at); err != nil {
		return t, err
	}
	return t, tx.Enqueue(ctx, runJob(t, at))
}

// hear adds what was said to its case, or opens a linked one where the case is over (Arrive), and
// returns the case it went to. t is saved.
func (d *Desk) hear(ctx context.Context, tx Tx, t Ticket, s Spoken, at time.Time) (Ticket, error) {
	s.Understanding.Facts.NationalID = account.MaskID(s.Understanding.Facts.NationalID)
	if s.Message.Assurance == 0 {
		// Whoever said this may only say who he is: he answers no question and makes nothing surer, unless
		// he goes on with what opened the case.
		s.Understanding.Affirms = false
		same, err := alone(ctx, tx, t, s.Message.Scope)
		if err != nil {
			return t, err
		}
		if !same {
			s.Understanding.Confidence = 0
		}
	}
	how := Arrive(t.Status, s.Understanding)
	if how == Follow || how == Urgent {
		return d.follow(ctx, tx, t, s, how, at)
	}
	if err := d.keep(ctx, tx, t, s, string(how), OutcomeAppended, at); err != nil {
		return t, err
	}
	before := t.Status
	if why := t.heard(s.Message, s.Understanding, how); why != "" {
		if err := t.SetStatus(Open, why, at); err != nil {
			return t, err
		}
	}
	t.settle(d.settings.Calendar)
	if err := tx.SaveTicket(ctx, &t); err != nil {
		return t, err
	}
	if t.Status != before {
		if err := tx.Append(ctx, at, statusRecord(t, before, DeskActor)); err != nil {
			return t, err
		}
	}
	if !t.Live() {
		return t, nil
	}
	return t, tx.Enqueue(ctx, runJob(t, at))
}

// alone reports whether all that customers said in the case is part of one conversation or call.
func alone(ctx context.Context, tx Tx, t Ticket, scope string) (bool, error) {
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return false, err
	}
	return scope != "" && !slices.ContainsFunc(messages, func(m Message) bool { return m.Direction == Inbound && m.Scope != scope }), nil
}

// follow opens a ticket that follows one which is over.
func (d *Desk) follow(ctx context.Context, tx Tx, before Ticket, s Spoken, how Arrival, at time.Time) (Ticket, error) {
	t := d.newTicket(s.Message, s.Understanding, at)
	t.Urgent, t.Requester = how == Urgent, before.Requester
	if err := tx.InsertTicket(ctx, &t); err != nil {
		return t, err
	}
	if err := d.keep(ctx, tx, t, s, "opened", OutcomeTicket, at); err != nil {
		return t, err
	}
	if err := tx.InsertLink(ctx, Link{FromID: t.ID, ToID: before.ID, Kind: "follows", At: at}); err != nil {
		return t, err
	}
	if err := tx.Append(ctx, at, Record{
		Stream: t.Number(), Type: EventLinked, Actor: string(DeskActor),
		Data: map[string]any{"to": before.Number(), "kind": "follows", "why": string(how)},
	}); err != nil {
		return t, err
	}
	return t, tx.Enqueue(ctx, runJob(t, at))
}

// keep stores the message with its proof and its event.
func (d *Desk) keep(ctx context.Context, tx Tx, t Ticket, s Spoken, how string, outcome Outcome, at time.Time) error {
	m := s.Message
	m.TicketID, m.Direction, m.Kind = t.ID, Inbound, "message"
	m.Asks, m.Affirms = asks(s.Understanding, t), s.Understanding.Affirms
	if err := tx.PutQuotedLinks(ctx, d.unlink(&m, at, PageTokens(string(s.Original))...)); err != nil {
		return err
	}
	if err := tx.InsertMessage(ctx, &m); err != nil {
		return err
	}
	in := Incoming{Bytes: int64(len(s.Original)), Original: s.Original, Understanding: s.Understanding}
	if err := tx.Append(ctx, at, received(t, m, in, how, string(outcome))); err != nil {
		return err
	}
	if s.Proof == nil {
		return nil
	}
	v := *s.Proof
	v.TicketID = t.ID
	if v.Scope == "" {
		v.MessageID = m.ID
	}
	if err := tx.InsertVerification(ctx, &v); err != nil {
		return err
	}
	return tx.Append(ctx, at, VerifiedRecord(t, v, DeskActor))
}
