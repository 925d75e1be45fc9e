package tickets

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// arrivals is one batch being stored. What the batch needs to know is asked for once, before its
// mails are gone through, and kept up as they are.
type arrivals struct {
	d       *Desk
	tx      Tx
	batch   Batch
	at      time.Time
	places  map[uint32]Intake  // what is in the ledger of this folder already, by UID
	known   map[string]Intake  // by fingerprint
	mails   map[string][]int64 // the tickets they lie in, by Message-ID
	cases   map[int64]Ticket   // as they stand now, those of the batch's senders and references
	live    map[string][]int64 // the tickets of a sender among the cases, by requester
	changed []int64            // cases to be saved
	jobs    []Job
	quoted  []QuotedLink
	sent    map[string]Sent // to whom our mails went that these answer, by their Message-ID
}

func (d *Desk) newArrivals(ctx context.Context, tx Tx, b Batch, at time.Time) (*arrivals, error) {
	a := &arrivals{
		d: d, tx: tx, batch: b, at: at, places: map[uint32]Intake{}, known: map[string]Intake{}, mails: map[string][]int64{},
		cases: map[int64]Ticket{}, live: map[string][]int64{},
	}
	var uids []uint32
	var fingerprints, ids, senders []string
	var named []int64 // by a token or in a subject
	for _, m := range b.Mails {
		uids = append(uids, m.UID)
		if m.Fingerprint != "" {
			fingerprints = append(fingerprints, m.Fingerprint)
		}
		ids = append(ids, m.InReplyTo...)
		ids = append(ids, m.Message.References...)
		if m.Bounce != nil && m.Bounce.MessageID != "" {
			ids = append(ids, m.Bounce.MessageID)
		}
		named = append(named, a.named(m)...)
		if proved(m.Message) {
			senders, ids = append(senders, m.Message.Sender), append(ids, m.Message.MessageID)
		}
	}
	rows, err := tx.IntakeByUID(ctx, a.place(0), uids)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		a.places[r.Place.UID] = r
	}
	if rows, err = tx.IntakeByFingerprint(ctx, fingerprints); err != nil {
		return nil, err
	}
	for _, r := range rows {
		a.known[r.Fingerprint] = r
	}
	return a, a.findCases(ctx, distinct(ids), named, distinct(senders))
}

// named are the tickets that a mail names, whether there are such or not.
func (a *arrivals) named(in Incoming) []int64 {
	out := numbered(in.Message.Subject)
	for _, token := range in.Tokens {
		if id, ours := a.d.ids.OfToken(token); ours {
			out = append(out, id)
		}
	}
	return out
}

// findCases gets the tickets that mails with these Message-IDs, names and proved senders may belong to.
func (a *arrivals) findCases(ctx context.Context, mailIDs []string, cases []int64, senders []string) error {
	found, err := a.tx.TicketsOfMailIDs(ctx, mailIDs)
	if err != nil {
		return err
	}
	for id, in := range found {
		a.mails[id] = in
		cases = append(cases, in...)
	}
	var ours []string
	for _, id := range mailIDs {
		if t, signed := a.d.ids.Ticket(id); signed {
			cases, ours = append(cases, t), append(ours, id)
		}
	}
	if a.sent, err = a.tx.SentTo(ctx, ours); err != nil {
		return err
	}
	list, err := a.tx.TicketsByID(ctx, distinct(cases))
	if err != nil {
		return err
	}
	for _, t := range list {
		a.cases[t.ID] = t
	}
	if list, err = a.tx.LiveTicketsOf(ctx, senders...); err != nil {
		return err
	}
	for _, t := range list {
		a.keep(t)
	}
	return nil
}

// distinct is the values, each once, sorted.
func distinct[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

// proved tells whether the mail's sender is known to be who it says.
func proved(m Message) bool { return m.Sender != "" && m.Assurance >= 1 }

// place is a mail of the batch's folder.
func (a *arrivals) place(uid uint32) Place {
	return Place{Mailbox: a.batch.Mailbox, Folder: a.batch.Folder, UIDValidity: a.batch.UIDValidity, UID: uid}
}

// stored is the ledger's row of the mail, where the mail in its place is known. One that was not read,
// then or now, is the same if it arrived at the same moment.
func (a *arrivals) stored(in Incoming) (Intake, bool) {
	row, taken := a.places[in.UID]
	if row.Fingerprint == "" || in.Fingerprint == "" {
		return row, taken && row.ReceivedAt.Equal(in.Message.At)
	}
	return row, taken && row.Fingerprint == in.Fingerprint
}

// ticket is a ticket as it stands now.
func (a *arrivals) ticket(ctx context.Context, id int64) (Ticket, error) {
	if t, known := a.cases[id]; known {
		return t, nil
	}
	t, err := a.tx.Ticket(ctx, id)
	if err == nil {
		a.cases[id] = t
	}
	return t, err
}

// keep remembers a ticket that was made, or that is its requester's.
func (a *arrivals) keep(t Ticket) {
	a.cases[t.ID] = t
	if !slices.Contains(a.live[t.Requester], t.ID) {
		a.live[t.Requester] = append(a.live[t.Requester], t.ID)
	}
}

// change remembers a ticket that was changed, to be saved once when the batch is through.
func (a *arrivals) change(t Ticket) {
	a.cases[t.ID] = t
	if !slices.Contains(a.changed, t.ID) {
		a.changed = append(a.changed, t.ID)
	}
}

// save writes the tickets that were changed.
func (a *arrivals) save(ctx context.Context) error {
	list := make([]*Ticket, len(a.changed))
	for i, id := range a.changed {
		t := a.cases[id]
		t.settle(a.d.settings.Calendar)
		list[i] = &t
	}
	if err := a.tx.SaveTickets(ctx, list); err != nil {
		return err
	}
	return a.tx.PutQuotedLinks(ctx, a.quoted)
}

// deny adds the registered contact's no to a request that somebody made in his name.
func (a *arrivals) deny(ctx context.Context, in Incoming, t Ticket) error {
	in.Understanding.Withdraws = false // nothing of his own is taken back
	why, err := deniedAs(ctx, a.tx, t)
	if err != nil {
		return err
	}
	return a.read(ctx, in, t, why)
}

// read adds a mail to a running ticket, which is a person's to read for that reason.
func (a *arrivals) read(ctx context.Context, in Incoming, t Ticket, why string) error {
	if err := a.append(ctx, in, t, Append); err != nil {
		return err
	}
	t = a.cases[t.ID]
	before := t.Status
	if err := t.SetStatus(Open, why, a.at); err != nil {
		return err
	}
	t.Urgent = t.Urgent || why == ReasonDeniedStopped
	a.change(t)
	if t.Status == before {
		return nil
	}
	return a.tx.Append(ctx, a.at, statusRecord(t, before, DeskActor))
}

// liveOf are the running tickets of whom the mail is proved to come from, oldest first.
func (a *arrivals) liveOf(m Message) []Ticket {
	if !proved(m) {
		return nil
	}
	var out []Ticket
	for _, id := range a.live[m.Sender] {
		if t := a.cases[id]; t.Status != Closed {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(x, y Ticket) int { return cmp.Compare(x.ID, y.ID) })
	return out
}

// following is the requester's own running ticket that follows a closed one: what he writes to the
// closed one once more belongs there, and not in a third ticket. An urgent one is about a charge of its
// own.
func (a *arrivals) following(ctx context.Context, closed Ticket, sender string) (Ticket, bool, error) {
	links, err := a.tx.Links(ctx, closed.ID)
	if err != nil {
		return Ticket{}, false, err
	}
	for _, l := range links {
		if l.ToID != closed.ID || l.Kind != "follows" {
			continue
		}
		t, err := a.ticket(ctx, l.FromID)
		if errors.Is(err, NotFound) {
			continue
		}
		if err != nil || t.Live() && !t.Urgent && sender != "" && strings.EqualFold(t.Requester, sender) {
			return t, err == nil, err
		}
	}
	return Ticket{}, false, nil
}

// link joins a new ticket to the one that it follows, and says why.
func (a *arrivals) link(ctx context.Context, t, parent Ticket, why string) error {
	if err := a.tx.InsertLink(ctx, Link{FromID: t.ID, ToID: parent.ID, Kind: LinkFollows, At: a.at}); err != nil {
		return err
	}
	return a.tx.Append(ctx, a.at, linkRecord(t, parent, LinkFollows, why, DeskActor))
}
