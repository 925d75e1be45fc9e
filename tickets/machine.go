package tickets

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// mostMachines is how many mails of machines are shown in a ticket within machineDay. What is more than
// that (a storm of bounces, a responder that answers itself) stands in the ledger alone, with its original.
const (
	mostMachines = 20
	machineDay   = 24 * time.Hour
)

// attach keeps a machine's mail with the ticket it belongs to, where there is one. It is never answered
// and changes nothing. detail is what the ledger should say.
func (a *arrivals) attach(ctx context.Context, in Incoming) (id int64, detail string, err error) {
	candidates, err := a.candidates(ctx, in)
	if err != nil {
		return 0, "", err
	}
	switch t, ours, err := a.signed(ctx, in.Message.MessageID); {
	case err != nil:
		return 0, "", err
	case ours:
		candidates = append(candidates, Candidate{Ticket: t, Signed: true})
	}
	i := PlaceMachine(in.Message, candidates)
	if i < 0 {
		return 0, in.Detail, nil
	}
	t := candidates[i].Ticket
	full, err := a.tooMany(ctx, t)
	if err != nil || full {
		return t.ID, "there are many such mails of this case, so this one is kept here alone", err
	}
	in.Understanding = intent.Understanding{} // what a machine writes or quotes asks for nothing
	m, err := a.store(ctx, in, t)
	if err != nil {
		return 0, "", err
	}
	return t.ID, in.Detail, a.tx.Append(ctx, a.at, received(t, m, in, "attached", in.Message.Kind))
}

// personal takes what came with the marks of a mailing list for a person's mail where it is certainly from a
// customer's own address: many companies' systems put an unsubscribe link on whatever leaves them.
func (a *arrivals) personal(ctx context.Context, in *Incoming) error {
	if in.Message.Kind != "list" || !proved(in.Message) || in.Refused != "" {
		return nil
	}
	known, err := a.tx.FindAccounts(ctx, ByEmail, in.Message.Sender)
	if err != nil {
		return err
	}
	if len(known) > 0 || len(a.liveOf(in.Message)) > 0 {
		in.Message.Kind = "message"
	}
	return nil
}

// PlaceMachine is the index of the ticket that a machine's mail belongs to, or -1: that whose signed
// Message-ID or token it has, else one that somebody's own machine answers (an absence note has no
// References more often than not), which has to be certainly his.
func PlaceMachine(m Message, candidates []Candidate) int {
	if i := slices.IndexFunc(candidates, func(c Candidate) bool { return c.Signed }); i >= 0 {
		return i
	}
	if m.Assurance < 1 {
		return -1
	}
	if i := slices.IndexFunc(candidates, func(c Candidate) bool {
		return c.Referred && (c.TakesPart || c.Ticket.SenderProven && strings.EqualFold(c.Ticket.Requester, m.Sender))
	}); i >= 0 {
		return i
	}
	base := BaseSubject(m.Subject)
	return slices.IndexFunc(candidates, func(c Candidate) bool {
		return c.SameSender && c.Ticket.SenderProven && base != "" && sameBase(base, BaseSubject(c.Ticket.Subject))
	})
}

// tooMany reports whether the ticket shows enough mails of machines already.
func (a *arrivals) tooMany(ctx context.Context, t Ticket) (bool, error) {
	messages, err := a.tx.Messages(ctx, t.ID)
	if err != nil {
		return false, err
	}
	n := 0
	for _, m := range messages {
		if m.Direction == Inbound && m.Kind != "" && m.Kind != "message" && m.At.After(a.at.Add(-machineDay)) {
			n++
		}
	}
	return n >= mostMachines, nil
}

// ReasonBounced is the reason of a ticket whose mail to the customer came back. It stays until a person has
// seen to it, whatever else goes on.
const ReasonBounced = "bounced"

// bouncedWord begins what the outbox says of a mail that came back.
const bouncedWord = "bounced"

// bounce brings a ticket whose answer did not arrive back to the queue, with the reason. A bounce is
// anybody's word, so it counts only by the signed Message-ID of a mail that was really sent, which nobody
// knows but its recipient and the servers on its way; once for each mail; and not where that recipient has
// answered the mail, which he then got.
func (a *arrivals) bounce(ctx context.Context, in Incoming) (int64, string, error) {
	b := in.Bounce
	if b != nil && b.MessageID != "" {
		in.InReplyTo = slices.Insert(in.InReplyTo, 0, b.MessageID)
	}
	id, detail, err := a.attach(ctx, in)
	if err == nil && id == 0 && b != nil && b.Permanent && Mailable(b.Recipient) {
		detail, err = a.perhaps(ctx, b.Recipient)
	}
	if err != nil || id == 0 || b == nil || !b.Permanent {
		return id, detail, err
	}
	sent, known := a.sent[b.MessageID]
	if !known {
		return id, detail, a.bouncedForward(ctx, *b)
	}
	t, err := a.ticket(ctx, id)
	if err != nil || t.Status == Closed {
		return id, detail, err
	}
	o, err := a.tx.OutgoingByID(ctx, sent.ID)
	if err != nil || o.State == OutgoingFailed || strings.HasPrefix(o.Detail, bouncedWord) {
		return id, detail, err
	}
	if got, err := a.arrived(ctx, t, o); err != nil || got {
		return id, detail, err
	}
	o.Detail = strings.TrimSpace(bouncedWord + " " + b.Status)
	if err := a.tx.SaveOutgoing(ctx, o); err != nil {
		return id, detail, err
	}
	if t.Objection != "" {
		return id, detail, nil // a person reads the case already, and nothing may go on before
	}
	before := t.Status
	if err := t.SetStatus(Open, ReasonBounced, a.at); err != nil {
		return id, detail, err
	}
	a.change(t)
	r := statusRecord(t, before, DeskActor)
	r.Data["tell"], r.Data["bounce_status"] = string(o.Tell), b.Status
	return id, detail, a.tx.Append(ctx, a.at, r)
}

// bounceDays is how long after a mail its bounce may come: servers give up after five days at the latest.
const bounceDays = 6 * 24 * time.Hour

// perhaps is what the ledger says of a bounce that names no mail of ours: the case it may be about, for
// people to look at. Nobody can tell whether it is true, so nothing is changed by it.
func (a *arrivals) perhaps(ctx context.Context, recipient string) (string, error) {
	id, err := a.tx.LastWrittenTo(ctx, strings.ToLower(recipient), a.at.Add(-bounceDays))
	if errors.Is(err, NotFound) {
		return "", nil
	}
	return "it may be about a mail of " + Number(id) + ", which it does not prove", err
}

// arrived reports whether the recipient of a mail has answered it.
func (a *arrivals) arrived(ctx context.Context, t Ticket, o Outgoing) (bool, error) {
	messages, err := a.tx.Messages(ctx, t.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(messages, func(m Message) bool {
		return m.ByPerson() && strings.EqualFold(m.Sender, o.Recipient) && slices.Contains(m.References, o.MailID)
	}), nil
}
