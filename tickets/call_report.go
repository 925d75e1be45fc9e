package tickets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Call takes in what is told of a telephone call: the first report opens a case, every later one adds
// to it what is new, and one that was told before changes nothing. opened reports whether this was the
// first. A number that rings proves nothing; payment facts cover the call for 30 minutes.
func (d *Desk) Call(ctx context.Context, by Actor, r CallReport) (t Ticket, opened bool, err error) {
	at := d.now()
	if err := r.check(at); err != nil {
		return t, false, err
	}
	for range 2 {
		// Of two that report the same new call at once the schema lets one through; the other then adds to it.
		err = d.store.InTx(ctx, func(tx Tx) (err error) {
			t, opened, err = d.call(ctx, tx, by, r, at)
			return err
		})
		if !errors.Is(err, Conflict) {
			break
		}
	}
	return t, opened, err
}

func (d *Desk) call(ctx context.Context, tx Tx, by Actor, r CallReport, at time.Time) (Ticket, bool, error) {
	c, err := tx.Call(ctx, r.ID)
	switch {
	case errors.Is(err, NotFound):
		c = Call{ID: r.ID, Direction: CallInbound, At: at}
		if err := tx.InsertCall(ctx, &c); err != nil {
			return Ticket{}, false, err
		}
	case err != nil:
		return Ticket{}, false, err
	case !c.sameStart(r):
		return Ticket{}, false, &Error{Kind: Conflict, Msg: "This call_id belongs to a call that started at another time."}
	}
	if c.TicketID == 0 {
		t, err := d.openCall(ctx, tx, by, c, r, at)
		return t, true, err
	}
	t, err := tx.Ticket(ctx, c.TicketID)
	if err != nil {
		return t, false, err
	}
	t, err = d.updateCall(ctx, tx, by, t, c, r, at)
	return t, false, err
}

// openCall makes the case of a call that is heard of for the first time.
func (d *Desk) openCall(ctx context.Context, tx Tx, by Actor, c Call, r CallReport, at time.Time) (Ticket, error) {
	if err := checkEntered(r.StartedAt, at, r.Reason); err != nil {
		return Ticket{}, err
	}
	c.fill(r)
	s := r.spoken(r.Summary, r.Transcript, callScope(r.ID), *c.StartedAt, r.understand())
	s.Message.enteredBy(by, at, r.Reason)
	var err error
	if s.Proof, err = d.checkFacts(ctx, tx, &c, r, at); err != nil {
		return Ticket{}, err
	}
	if s.Proof != nil {
		s.Proof.By = string(by)
		s.Message.Assurance, s.Message.AssuranceWhy = s.Proof.Level, []string{"for: payment facts that only the payer knows"}
	}
	t, err := d.take(ctx, tx, s, at)
	if err != nil {
		return t, err
	}
	c.TicketID = t.ID
	if err := tx.SaveCall(ctx, c); err != nil {
		return t, err
	}
	if c.Direction != CallVoicemail && c.Agent != "" || r.Taken != "" {
		t.FirstRespondedAt = c.StartedAt // whoever rang spoke to somebody
	}
	if err := d.assign(ctx, tx, &t, by, r.Taken, at); err != nil {
		return t, err
	}
	if err := tx.Append(ctx, at, callRecord(t, c, by)); err != nil {
		return t, err
	}
	if c.Recording.Ref == "" {
		return t, nil
	}
	return t, tx.Append(ctx, at, recordingRecord(t, c, by))
}

// assign gives a case that was written down to whoever wrote it down, and saves it.
func (d *Desk) assign(ctx context.Context, tx Tx, t *Ticket, by Actor, login string, at time.Time) error {
	var records []Record
	if login != "" {
		before := t.Assignee
		t.claim(login, d.settings.ClaimFor, at)
		records = append(records, assignedRecord(*t, before, by))
	}
	if login != "" && t.Status == New {
		before := t.Status
		if err := t.SetStatus(Open, t.Reason, at); err != nil {
			return err
		}
		records = append(records, statusRecord(*t, before, by))
	}
	if err := tx.SaveTicket(ctx, t); err != nil {
		return err
	}
	for _, r := range records {
		if err := tx.Append(ctx, at, r); err != nil {
			return err
		}
	}
	return nil
}

// updateCall adds what a later report brings.
func (d *Desk) updateCall(ctx context.Context, tx Tx, by Actor, t Ticket, c Call, r CallReport, at time.Time) (Ticket, error) {
	before := c
	messages, err := tx.Messages(ctx, t.ID)
	if err != nil {
		return t, err
	}
	r.forget(messages)
	changed := c.fill(r)
	proof, err := d.checkFacts(ctx, tx, &c, r, at)
	if err != nil {
		return t, err
	}
	if changed {
		if err := tx.Append(ctx, at, callRecord(t, c, by)); err != nil {
			return t, err
		}
	}
	summary, transcript := r.Summary, r.Transcript
	if summary == before.Summary {
		summary = ""
	}
	if transcript == before.Transcript {
		transcript = ""
	}
	if proof != nil {
		proof.By = string(by)
		if t, err = d.proven(ctx, tx, t, *proof, at); err != nil {
			return t, err
		}
	}
	if t, err = d.learn(ctx, tx, t, r.Identity.facts(), at); err != nil {
		return t, err
	}
	if summary != "" || transcript != "" {
		if t, err = d.addWords(ctx, tx, by, t, c, r, summary, transcript, at); err != nil {
			return t, err
		}
	}
	c.TicketID = t.ID
	if c.TicketID == before.TicketID && !changed && c.FactTries == before.FactTries && c.FactsSeen == before.FactsSeen {
		return t, nil
	}
	return t, tx.SaveCall(ctx, c)
}

// forget drops the words of a report that its case heard before, in whatever order reports come.
func (r *CallReport) forget(messages []Message) {
	said := func(text string) bool {
		return slices.ContainsFunc(messages, func(m Message) bool { return m.Scope == callScope(r.ID) && m.Text == text })
	}
	switch {
	case said(together(r.Summary, r.Transcript)):
		r.Summary, r.Transcript = "", ""
	case said(r.Summary):
		r.Summary = ""
	case said(r.Transcript):
		r.Transcript = ""
	}
}

// addWords adds a summary or a transcript that came after the call was known. One that asks for nothing
// new is kept and changes nothing: it is no second request.
func (d *Desk) addWords(ctx context.Context, tx Tx, by Actor, t Ticket, c Call, r CallReport, summary, transcript string, at time.Time) (Ticket, error) {
	u := understandCall(summary, transcript)
	u.Facts = intent.Facts{} // learned above, and what a transcript states is not surer than that
	s := r.spoken(summary, transcript, c.Scope()+"/"+digest(together(summary, transcript)), r.given(at), u)
	s.Message.enteredBy(by, at, r.Reason)
	proofs, err := tx.Verifications(ctx, t.ID)
	if err != nil {
		return t, err
	}
	s.Message.Assurance = LevelOf(proofs, s.Message, ActStop, t.AccountNo)
	if t.Live() && !t.hasHeard(u) || !t.Live() && !t.hasAsked(u) {
		return d.hear(ctx, tx, t, s, at)
	}
	return t, d.keep(ctx, tx, t, s, string(Append), OutcomeAppended, at)
}

// hasHeard reports whether the ticket knows everything that a text asks for.
func (t Ticket) hasHeard(u intent.Understanding) bool {
	return t.hasAsked(u) && !slices.ContainsFunc(u.Flags, func(f intent.Flag) bool { return !slices.Contains(t.Flags, f) })
}

// hasAsked reports whether the ticket asks already for every stop that a text asks for.
func (t Ticket) hasAsked(u intent.Understanding) bool {
	return !u.Withdraws && !slices.ContainsFunc(u.Intents, func(i intent.Intent) bool { return i.Stops() && !slices.Contains(t.Intents, i) })
}

// proven adds a proof that came after the words it covers.
func (d *Desk) proven(ctx context.Context, tx Tx, t Ticket, v Verification, at time.Time) (Ticket, error) {
	if !t.Live() {
		return t, nil
	}
	v.TicketID = t.ID
	if err := tx.InsertVerification(ctx, &v); err != nil {
		return t, err
	}
	t.SenderProven = true
	if err := tx.SaveTicket(ctx, &t); err != nil {
		return t, err
	}
	if err := tx.Append(ctx, at, VerifiedRecord(t, v, DeskActor)); err != nil {
		return t, err
	}
	return t, tx.Enqueue(ctx, runJob(t, at))
}

// learn adds identifying facts where the ticket had none.
func (d *Desk) learn(ctx context.Context, tx Tx, t Ticket, f intent.Facts, at time.Time) (Ticket, error) {
	before := t.Facts
	fillFacts(&t.Facts, f)
	if t.Facts == before || !t.Live() {
		t.Facts = before
		return t, nil
	}
	if err := tx.SaveTicket(ctx, &t); err != nil {
		return t, err
	}
	return t, tx.Enqueue(ctx, runJob(t, at))
}

// checkFacts judges the payment facts of a report; nil where they prove nothing, were checked before or
// were guessed at too often.
func (d *Desk) checkFacts(ctx context.Context, tx Tx, c *Call, r CallReport, at time.Time) (*Verification, error) {
	if len(r.Identity.PaymentFacts) == 0 || c.FactTries >= maxFactTries || c.FactsSeen == r.Identity.seen() {
		return nil, nil //nolint:nilnil // nil is a proof that does not exist, as in Spoken.Proof
	}
	c.FactsSeen = r.Identity.seen()
	v, ok, err := r.Identity.proof(ctx, tx, CustomerActor, callScope(r.ID), r.given(at), at, d.settings.Zone)
	if err != nil {
		return nil, err
	}
	if !ok {
		c.FactTries++
		return nil, nil //nolint:nilnil // as above
	}
	return &v, nil
}

// understand reads what was said, and adds who the caller says he is: by the number that rang where nothing
// was stated. Whether what was stated is anybody's shows in nothing that is answered.
func (r CallReport) understand() intent.Understanding {
	u := understandCall(r.Summary, r.Transcript)
	f := r.Identity.facts()
	fillFacts(&f, u.Facts)
	if f == (intent.Facts{}) {
		f.Phone = NumberOf(r.Caller)
	}
	u.Facts = f
	return u
}

// unsure is the confidence of what only a transcript says, in which the agent's own words stand too:
// below that of which anything is done without being asked.
const unsure = 0.7

// understandCall reads an agent's summary, and the transcript for what the summary leaves out.
func understandCall(summary, transcript string) intent.Understanding {
	u := intent.Understand(intent.Message{Channel: string(Phone), Text: summary})
	if transcript == "" {
		return u
	}
	heard := intent.Understand(intent.Message{Channel: string(Phone), Text: transcript})
	for _, f := range heard.Flags {
		if !slices.Contains(u.Flags, f) {
			u.Flags = append(u.Flags, f)
		}
	}
	u.Withdraws = u.Withdraws || heard.Withdraws
	if !slices.ContainsFunc(u.Intents, intent.Intent.Stops) && slices.ContainsFunc(heard.Intents, intent.Intent.Stops) {
		u.Intent, u.Intents, u.Why, u.Confidence = heard.Intent, heard.Intents, heard.Why, min(heard.Confidence, unsure)
	}
	fillFacts(&u.Facts, heard.Facts)
	return u
}

// spoken is the words of a report as a message of the case.
func (r CallReport) spoken(summary, transcript, externalID string, said time.Time, u intent.Understanding) Spoken {
	text := together(summary, transcript)
	return Spoken{
		Message: Message{
			Channel: Phone, At: said, Sender: clip(r.Caller, maxShort), Subject: heading(summary), Text: text,
			Scope: callScope(r.ID), ExternalID: externalID,
		},
		Original: []byte(text), Understanding: u,
	}
}

// digest tells one text from another.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

func together(summary, transcript string) string {
	if summary == "" || transcript == "" {
		return summary + transcript
	}
	return summary + "\n\n" + transcript
}

// callRecord is the event of what is known of a call now.
func callRecord(t Ticket, c Call, by Actor) Record {
	data := map[string]any{"call": c.ID, "direction": string(c.Direction), "started_at": c.StartedAt.Format(time.RFC3339)}
	if c.EndedAt != nil {
		data["ended_at"] = c.EndedAt.Format(time.RFC3339)
	}
	return Record{
		Stream: t.Number(), Type: EventCall, Actor: string(by), Data: data,
		Private: map[string][]byte{"caller": []byte(c.Caller), "agent": []byte(c.Agent)},
	}
}
