package tickets

import (
	"context"
	"slices"
	"time"
)

// Link joins two tickets that belong together, or that may.
type Link struct {
	FromID int64  `gorm:"primaryKey"`
	ToID   int64  `gorm:"primaryKey"`
	Kind   string // one of the kinds below, or ReasonJoined
	At     time.Time
}

// The kinds of links. A suggested one binds nothing: the two are shown to each other until a person says
// whether they belong together.
const (
	LinkFollows   = "follows" // opened after a closed one
	LinkAccount   = "account" // the same account's
	LinkSuggested = "suggested"
	LinkRelated   = "related" // a person says so
)

// unrelated stands in the place of a kind where a person took a link away.
const unrelated = "unrelated"

// linkRecord is the event of a link.
func linkRecord(t, other Ticket, kind, why string, by Actor) Record {
	typ := EventLinked
	switch kind {
	case LinkSuggested:
		typ = EventSuggested
	case unrelated:
		typ = EventUnlinked
	}
	data := map[string]any{"to": other.Number(), "kind": kind}
	if why != "" {
		data["why"] = why
	}
	return Record{Stream: t.Number(), Type: typ, Actor: string(by), Data: data}
}

// Relate says that two tickets belong together, or that they do not. The first turns what the desk suggested
// into a link, or makes one where there was none, and counts from then on: what is paid back in linked
// tickets is one sum. The second takes a suggestion, or what a person related, away; Conflict for a link
// that the desk made for a reason of its own.
func (d *Desk) Relate(ctx context.Context, id int64, by Actor, other int64, together bool) (Ticket, error) {
	return d.act(ctx, id, by, func(tx Tx, t *Ticket, at time.Time) ([]Record, []Job, error) {
		if other <= 0 {
			return nil, nil, &Error{Kind: Invalid, Msg: "Say which ticket it is."}
		}
		if id == other {
			return nil, nil, &Error{Kind: Invalid, Msg: "A ticket can't be linked to itself."}
		}
		o, err := tx.Ticket(ctx, other)
		if err != nil {
			return nil, nil, err
		}
		links, err := tx.Links(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		links = slices.DeleteFunc(links, func(l Link) bool { return l.FromID != other && l.ToID != other })
		bound := slices.ContainsFunc(links, func(l Link) bool { return l.Kind != LinkSuggested && l.Kind != LinkRelated })
		related := slices.ContainsFunc(links, func(l Link) bool { return l.Kind == LinkRelated })
		switch {
		case together && (bound || related):
			return nil, nil, nil // they are linked
		case !together && bound:
			return nil, nil, &Error{Kind: Conflict, Msg: "This link shows where a case came from, so it stays."}
		case !together && len(links) == 0:
			return nil, nil, &Error{Kind: NotFound, Msg: "These tickets are not linked."}
		}
		for _, l := range links {
			if err := tx.DeleteLink(ctx, l); err != nil {
				return nil, nil, err
			}
		}
		kind := unrelated
		if together {
			kind = LinkRelated
			if err := tx.InsertLink(ctx, Link{FromID: id, ToID: other, Kind: kind, At: at}); err != nil {
				return nil, nil, err
			}
		}
		theirs := linkRecord(o, *t, kind, "", by)
		return []Record{linkRecord(*t, o, kind, "", by), theirs}, nil, nil
	})
}
