package tickets

import (
	"context"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Receive stores a batch of mails in one transaction: for each its message, its ticket (new or
// threaded), what it was understood to ask, its ledger row, its event and the job that follows, and
// with them the folder's cursor. It returns the ledger rows in the batch's order. A batch under an
// outdated fence is Conflict and stores nothing; one stored before leaves everything as it is.
func (d *Desk) Receive(ctx context.Context, b Batch) ([]Intake, error) {
	var rows []Intake
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) error {
		in, err := d.newArrivals(ctx, tx, b, at)
		if err != nil {
			return err
		}
		rows = make([]Intake, len(b.Mails))
		var fresh []Intake
		var at []int // where among the rows the fresh ones are
		for i, mail := range b.Mails {
			if row, stored := in.stored(mail); stored {
				rows[i] = row
				continue
			}
			row, err := in.take(ctx, mail)
			if err != nil {
				return err
			}
			fresh, at = append(fresh, row), append(at, i)
		}
		if err := in.save(ctx); err != nil {
			return err
		}
		if err := tx.InsertIntake(ctx, fresh); err != nil {
			return err
		}
		for k, i := range at {
			rows[i] = fresh[k]
		}
		if err := tx.Enqueue(ctx, in.jobs...); err != nil {
			return err
		}
		return tx.MoveCursor(ctx, Cursor{Mailbox: b.Mailbox, Folder: b.Folder, UIDValidity: b.UIDValidity, LastUID: b.LastUID}, b.Fence)
	})
	return rows, err
}

// take stores one mail and returns its ledger row.
func (a *arrivals) take(ctx context.Context, in Incoming) (Intake, error) {
	row := Intake{
		Place:       Place{Mailbox: a.batch.Mailbox, Folder: a.batch.Folder, UIDValidity: a.batch.UIDValidity, UID: in.UID},
		Fingerprint: in.Fingerprint, MessageID: in.Message.MessageID, Bytes: in.Bytes,
		ReceivedAt: in.Message.At, Raw: in.Message.Raw, Detail: in.Detail, At: a.at,
	}
	a.quoted = append(a.quoted, a.d.unlink(&in.Message, a.at, in.PageTokens...)...)
	// An ID number only helps to find somebody; it is never kept whole outside the original.
	in.Understanding.Facts.NationalID = account.MaskID(in.Understanding.Facts.NationalID)
	if !certain(in) && strings.TrimSpace(in.Message.Text) == "" && len(in.Message.Attachments) > 0 {
		// A picture of a bill and no words: one question, which waits.
		in.Understanding.Intent, in.Understanding.Intents = intent.Clarify, []intent.Intent{intent.Clarify}
	}
	if err := a.personal(ctx, &in); err != nil {
		return row, err
	}
	var err error
	switch first, seen := a.known[in.Fingerprint]; {
	case in.Refused == OutcomeQuarantined:
		row.Outcome = OutcomeQuarantined
		err = a.setAside(ctx, row)
	case in.Refused == OutcomeOversize:
		row.Outcome = OutcomeOversize
		row.TicketID, err = a.open(ctx, in, nil, "oversize")
	case seen && in.Fingerprint != "":
		row.Outcome, row.TicketID = OutcomeDuplicate, first.TicketID
		err = a.again(ctx, in, first)
	case in.Message.Kind == "own":
		row.Outcome = OutcomeOwn
		row.TicketID, row.Detail, err = a.attach(ctx, in)
	case in.Message.Kind == "auto_reply":
		row.Outcome = OutcomeAutoReply
		row.TicketID, row.Detail, err = a.attach(ctx, in)
	case in.Message.Kind == "list":
		row.Outcome = OutcomeList
		row.TicketID, row.Detail, err = a.attach(ctx, in)
	case in.Message.Kind == "bounce":
		row.Outcome = OutcomeBounce
		row.TicketID, row.Detail, err = a.bounce(ctx, in)
	default:
		row.Outcome, row.TicketID, err = a.message(ctx, in)
	}
	row.Unprocessed = a.batch.Process && row.Outcome != OutcomeQuarantined && row.Outcome != OutcomeOversize
	if in.Fingerprint != "" && row.Outcome != OutcomeQuarantined && row.Outcome != OutcomeDuplicate {
		a.known[in.Fingerprint] = row
	}
	return row, err
}

// ReasonUnsure is why a mail lies in the queue that is probably no cancellation.
const ReasonUnsure = "unsure"

// certain reports whether a mail that was read as no cancellation can be put aside without anybody
// looking. What is not certain is never closed unread.
func certain(in Incoming) bool {
	const enough = 0.6
	u := in.Understanding
	return u.Intent != intent.NotCancellation || u.Confidence >= enough || u.Thanks || u.Withdraws
}

// message places a person's mail in its ticket, or opens one.
func (a *arrivals) message(ctx context.Context, in Incoming) (Outcome, int64, error) {
	a.replayed(&in.Message)
	candidates, err := a.candidates(ctx, in)
	if err != nil {
		return "", 0, err
	}
	i := PlaceMessage(in.Message, in.Understanding, candidates)
	if i < 0 {
		id, err := a.open(ctx, in, nil, "")
		if err != nil {
			return "", 0, err
		}
		return OutcomeTicket, id, a.suggest(ctx, a.cases[id], candidates)
	}
	t := candidates[i].Ticket
	if err := a.newSubject(ctx, &in, t); err != nil {
		return "", 0, err
	}
	if candidates[i].WasAsked && in.Understanding.Affirms && !t.Live() && !t.Denied() && proved(in.Message) {
		// A yes to "was it you?" asks that debits stop, however late it comes.
		in.Understanding.Intent, in.Understanding.Intents, in.Understanding.Confidence = intent.StopAutoRenew, []intent.Intent{intent.StopAutoRenew}, 1
	}
	how := Arrive(t.Status, in.Understanding)
	if how == Follow {
		if next, there, err := a.following(ctx, t, in.Message.Sender); err != nil {
			return "", 0, err
		} else if there {
			return OutcomeAppended, next.ID, a.append(ctx, in, next, Arrive(next.Status, in.Understanding))
		}
	}
	if how == Follow || how == Urgent {
		id, err := a.open(ctx, in, &t, map[Arrival]string{Follow: "follows", Urgent: "urgent"}[how])
		return OutcomeTicket, id, err
	}
	if candidates[i].WasAsked && t.Live() && (in.Understanding.Denies || in.Understanding.Withdraws) {
		return OutcomeAppended, t.ID, a.deny(ctx, in, t)
	}
	if candidates[i].Addressed && t.Live() && in.Understanding.Withdraws && proved(in.Message) {
		return OutcomeAppended, t.ID, a.read(ctx, in, t, ReasonWithdrawal)
	}
	return OutcomeAppended, t.ID, a.append(ctx, in, t, how)
}

// open makes a ticket for the mail. parent is the ticket it follows, why how ("follows", "urgent"),
// or "oversize" for a mail that was too large to read.
func (a *arrivals) open(ctx context.Context, in Incoming, parent *Ticket, why string) (int64, error) {
	t := a.d.newTicket(in.Message, in.Understanding, a.at)
	t.Urgent = why == "urgent"
	switch {
	case why == "oversize":
		t.Status, t.Reason = Open, "oversize"
	case in.Understanding.Withdraws:
		t.Status, t.Reason, t.Objection = Open, ReasonWithdrawal, ReasonWithdrawal // what is taken back may be in another case: a person looks
	case parent == nil && !certain(in):
		t.Reason = ReasonUnsure // new, for a person to read: nothing is answered to what may be no request at all
	case in.Understanding.Thanks, t.Intent == intent.NotCancellation && parent == nil:
		a.aside(in, &t)
	}
	if err := a.tx.InsertTicket(ctx, &t); err != nil {
		return 0, err
	}
	a.keep(t)
	m, err := a.store(ctx, in, t)
	if err != nil {
		return 0, err
	}
	if err := a.tx.Append(ctx, a.at, received(t, m, in, "opened", string(OutcomeTicket))); err != nil {
		return 0, err
	}
	if parent != nil {
		if err := a.link(ctx, t, *parent, why); err != nil {
			return 0, err
		}
	}
	if parent == nil && why == "" && t.goesOn(in.Understanding) {
		records, jobs, err := a.d.forward(ctx, a.tx, t, m, a.at)
		if err != nil {
			return 0, err
		}
		for _, r := range records {
			if err := a.tx.Append(ctx, a.at, r); err != nil {
				return 0, err
			}
		}
		a.jobs = append(a.jobs, jobs...)
	}
	if t.Status == New && t.Reason != ReasonUnsure && t.Reason != ReasonSampled {
		a.jobs = append(a.jobs, runJob(t, a.at))
	}
	return t.ID, nil
}

// newTicket is a ticket as its first message makes it.
func (d *Desk) newTicket(m Message, u intent.Understanding, at time.Time) Ticket {
	s := d.settings
	t := Ticket{
		Status: New, Channel: m.Channel, Subject: m.Subject, Requester: m.Sender,
		Locale: LocaleOf(m.Subject+"\n"+m.Text, s.Locale),
		Intent: u.Intent, Intents: u.Intents, Flags: u.Flags, Facts: u.Facts, Confidence: u.Confidence,
		Why: u.Why, SenderProven: m.Assurance >= 1, ReceivedAt: m.At,
		FirstResponseDueAt: s.Calendar.Add(m.At, s.FirstResponse).UTC(),
		ResolutionDueAt:    s.Calendar.EndOfDays(m.At, s.ResolutionDays).UTC(),
	}
	t.wind(s, at)
	return t
}

// append adds the mail to a ticket that it belongs to.
func (a *arrivals) append(ctx context.Context, in Incoming, t Ticket, how Arrival) error {
	if in.Message.Assurance == 0 {
		// Whoever wrote this may only say who he is: he answers no question and makes nothing surer.
		in.Understanding.Affirms, in.Understanding.Confidence = false, 0
	}
	m, err := a.store(ctx, in, t)
	if err != nil {
		return err
	}
	if err := a.tx.Append(ctx, a.at, received(t, m, in, string(how), string(OutcomeAppended))); err != nil {
		return err
	}
	before := t.Status
	if why := t.heard(m, in.Understanding, how); why != "" {
		if err := t.SetStatus(Open, why, a.at); err != nil {
			return err
		}
	}
	a.change(t)
	if t.Status != before {
		if err := a.tx.Append(ctx, a.at, statusRecord(t, before, DeskActor)); err != nil {
			return err
		}
	}
	if t.Live() {
		a.jobs = append(a.jobs, runJob(t, a.at))
	}
	return nil
}

// again notes that the same mail came a second time. Its own authentication still counts: a copy
// that arrives with a verified signature lifts the message that had none.
func (a *arrivals) again(ctx context.Context, in Incoming, first Intake) error {
	if first.TicketID == 0 || in.Message.Assurance == 0 {
		return nil
	}
	t, err := a.ticket(ctx, first.TicketID)
	if err != nil || t.Status == Closed || t.SenderProven {
		return err
	}
	return a.append(ctx, in, t, Append)
}

// store keeps the message in the ticket and makes it findable for the rest of the batch.
func (a *arrivals) store(ctx context.Context, in Incoming, t Ticket) (Message, error) {
	m := in.Message
	m.TicketID, m.Direction = t.ID, Inbound
	m.Asks, m.Affirms = asks(in.Understanding, t), in.Understanding.Affirms
	if err := a.tx.InsertMessage(ctx, &m); err != nil {
		return m, err
	}
	if m.MessageID != "" {
		a.mails[m.MessageID] = append(a.mails[m.MessageID], t.ID)
	}
	return m, nil
}
