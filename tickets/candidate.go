package tickets

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// replayed takes a mail's own word away where its Message-ID came before in another mail: a signed mail that
// somebody sends once more with a field added is authentic, and says nothing about today.
func (a *arrivals) replayed(m *Message) {
	if m.Assurance < 1 || m.MessageID == "" || len(a.mails[m.MessageID]) == 0 {
		return
	}
	m.Assurance = 0
	m.AssuranceWhy = append(slices.Clone(m.AssuranceWhy), "against: its Message-ID came before, in another mail")
}

// mostSuggested bounds how many tickets are suggested for one new ticket.
const mostSuggested = 5

// suggest links a new ticket to those that its mail speaks of without belonging to them, for the people at
// the desk to say whether they belong together.
func (a *arrivals) suggest(ctx context.Context, t Ticket, candidates []Candidate) error {
	var done []int64
	for _, c := range candidates {
		if c.Ticket.ID == t.ID || slices.Contains(done, c.Ticket.ID) || len(done) == mostSuggested {
			continue
		}
		done = append(done, c.Ticket.ID)
		if err := a.tx.InsertLink(ctx, Link{FromID: t.ID, ToID: c.Ticket.ID, Kind: LinkSuggested, At: a.at}); err != nil {
			return err
		}
		if err := a.tx.Append(ctx, a.at, linkRecord(t, c.Ticket, LinkSuggested, c.why(), DeskActor)); err != nil {
			return err
		}
	}
	return nil
}

// why names what made the ticket a candidate.
func (c Candidate) why() string {
	switch {
	case c.Signed:
		return "our_message_id"
	case c.Referred:
		return "references"
	case c.Numbered:
		return "ticket_number"
	}
	return "same_sender"
}

// candidates are the tickets the mail may belong to: those whose mails it answers, those it names, then
// the sender's own running ones.
func (a *arrivals) candidates(ctx context.Context, in Incoming) ([]Candidate, error) {
	var out []Candidate
	add := func(c Candidate) {
		i := slices.IndexFunc(out, func(o Candidate) bool {
			return o.Ticket.ID == c.Ticket.ID && o.Signed == c.Signed && o.Referred == c.Referred && o.Numbered == c.Numbered
		})
		if i < 0 {
			out = append(out, c)
			return
		}
		out[i].Addressed = out[i].Addressed || c.Addressed // of what was asked, only the mail that is answered first tells
	}
	for _, token := range in.Tokens {
		id, ours := a.d.ids.OfToken(token)
		if !ours {
			continue
		}
		t, known, err := a.stands(ctx, id)
		if err != nil {
			return nil, err
		}
		if known {
			add(Candidate{Ticket: t, Signed: true})
		}
	}
	// Another mail of the same Message-ID is one that came before, in whatever form it came again.
	for _, id := range slices.Concat(in.InReplyTo, in.Message.References, []string{in.Message.MessageID}) {
		t, ours, err := a.signed(ctx, id)
		if err != nil {
			return nil, err
		}
		if ours {
			sent, known := a.sent[id]
			his := known && sent.Recipient != "" && strings.EqualFold(sent.Recipient, in.Message.Sender)
			add(Candidate{Ticket: t, Signed: true, Addressed: his, WasAsked: his && sent.Tell == TellHoldAsked})
			continue
		}
		for _, in := range a.mails[id] {
			t, err := a.ticket(ctx, in)
			if err != nil {
				return nil, err
			}
			add(Candidate{Ticket: t, Referred: true})
		}
	}
	for _, id := range numbered(in.Message.Subject) {
		t, known, err := a.stands(ctx, id)
		if err != nil {
			return nil, err
		}
		if known {
			add(Candidate{Ticket: t, Numbered: true})
		}
	}
	for i, c := range out {
		his, err := a.takesPart(ctx, c.Ticket, in.Message)
		if err != nil {
			return nil, err
		}
		out[i].TakesPart = his
	}
	for _, t := range a.liveOf(in.Message) {
		add(Candidate{Ticket: t, SameSender: true})
	}
	return out, nil
}

// takesPart reports whether the mail is certainly from somebody who takes part in the case beside its
// requester: whose certain mail stands in it, or to whom the desk wrote in it.
func (a *arrivals) takesPart(ctx context.Context, t Ticket, m Message) (bool, error) {
	if !proved(m) || strings.EqualFold(t.Requester, m.Sender) {
		return false, nil
	}
	return a.tx.TakesPart(ctx, t.ID, m.Sender)
}

// stands is the ticket of that id, or the one that it became part of, and false where none is stored: a
// mail must not be kept out by a number that nothing belongs to (the database was restored from an older
// copy, or somebody guessed).
func (a *arrivals) stands(ctx context.Context, id int64) (Ticket, bool, error) {
	t, err := a.ticket(ctx, id)
	switch {
	case errors.Is(err, NotFound):
		return Ticket{}, false, nil
	case err != nil || t.Status != Closed || t.Reason != ReasonJoined:
		return t, err == nil, err
	}
	into, err := joinedTo(ctx, a.tx, t)
	if err != nil {
		return Ticket{}, false, err
	}
	t, err = a.ticket(ctx, into)
	return t, err == nil, err
}

// signed is the ticket that one of our own Message-IDs belongs to, and false for any other id.
func (a *arrivals) signed(ctx context.Context, messageID string) (Ticket, bool, error) {
	id, ours := a.d.ids.Ticket(messageID)
	if !ours {
		return Ticket{}, false, nil
	}
	return a.stands(ctx, id)
}

// joinedTo is the ticket that one became part of; itself where it became part of none.
func joinedTo(ctx context.Context, r Reader, t Ticket) (int64, error) {
	links, err := r.Links(ctx, t.ID)
	if err != nil {
		return 0, err
	}
	if i := slices.IndexFunc(links, func(l Link) bool { return l.FromID == t.ID && l.Kind == ReasonJoined }); i >= 0 {
		return links[i].ToID, nil
	}
	return t.ID, nil
}
