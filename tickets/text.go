package tickets

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Texts is how text messages go out. The gateway has the wording: a message is the id of one of its
// templates and the parameters of that.
type Texts struct {
	// Templates are the gateway's template ids by what is said (a Tell); without one it can't be said by
	// text message.
	Templates map[Tell]string
	// Quiet is when no message goes out but a code.
	Quiet Quiet
}

// Quiet is a part of the day, from and until a time of day; the zero value is none.
type Quiet struct{ From, Until time.Duration }

// ParseQuiet reads "22:00-08:00"; "" is none.
func ParseQuiet(s string) (Quiet, error) {
	if s == "" {
		return Quiet{}, nil
	}
	from, until, ok := strings.Cut(s, "-")
	a, errA := time.Parse("15:04", strings.TrimSpace(from))
	b, errB := time.Parse("15:04", strings.TrimSpace(until))
	if !ok || errA != nil || errB != nil || a.Equal(b) {
		return Quiet{}, fmt.Errorf("%q is no part of a day such as 22:00-08:00", s)
	}
	midnight := time.Date(a.Year(), a.Month(), a.Day(), 0, 0, 0, 0, time.UTC)
	return Quiet{From: a.Sub(midnight), Until: b.Sub(midnight)}, nil
}

// Next is the first instant from at on that is not quiet.
func (q Quiet) Next(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	clock := func(day int, d time.Duration) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day()+day, int(d/time.Hour), int(d%time.Hour/time.Minute), 0, 0, zone)
	}
	if q.From == q.Until {
		return at
	}
	for _, day := range []int{-1, 0} {
		from, until := clock(day, q.From), clock(day, q.Until)
		if q.Until < q.From {
			until = clock(day+1, q.Until)
		}
		if !at.Before(from) && at.Before(until) {
			return until.UTC()
		}
	}
	return at
}

// Text is one text message to be sent.
type Text struct {
	Tell   Tell
	Key    string // makes it once in its ticket
	Phone  string
	Params map[string]string
}

// TextBody is what the gateway is sent, and what is kept of it.
type TextBody struct {
	ID       string            `json:"id"` // the same for every try
	Template string            `json:"template"`
	Phone    string            `json:"phone"`
	Params   map[string]string `json:"params"`
}

// CanText reports whether something can be said by text message.
func (s Settings) CanText(tell Tell) bool { return s.Codes.SMS && s.Texts.Templates[tell] != "" }

// Textable are the words that can be said by text message.
func (s Settings) Textable() []Tell {
	var out []Tell
	for tell := range s.Texts.Templates {
		if s.CanText(tell) {
			out = append(out, tell)
		}
	}
	return out
}

// InsertText puts a text message into the outbox, in the caller's transaction: the row, the event that
// commits to it and the job that sends it once it is not quiet; a code goes at once. A message of the
// same key is left as it is. Conflict where it can't be said by text message (CanText).
func InsertText(ctx context.Context, tx Tx, t Ticket, s Settings, m Text, at time.Time) error {
	if !s.CanText(m.Tell) || m.Phone == "" {
		return &Error{Kind: Conflict, Msg: "This can't be sent by text message: there is no template or no phone number for it."}
	}
	key := t.Number() + "/" + m.Key
	if _, err := tx.OutgoingByKey(ctx, key); err == nil {
		return nil
	}
	raw, err := json.Marshal(TextBody{ID: "msg_" + strings.ToLower(rand.Text()), Template: s.Texts.Templates[m.Tell], Phone: m.Phone, Params: m.Params})
	if err != nil {
		return fmt.Errorf("write text message: %w", err)
	}
	o := Outgoing{
		TicketID: t.ID, Key: key, Channel: BySMS, Tell: m.Tell, Recipient: m.Phone, MailID: key, Raw: raw, Auto: true, State: OutgoingQueued, At: at,
	}
	if err := tx.InsertOutgoing(ctx, &o); err != nil {
		return err
	}
	if err := tx.Append(ctx, at, Record{
		Stream: t.Number(), Type: EventNotifyAboutTo, Actor: string(DeskActor),
		Data:    map[string]any{"outgoing": o.ID, "key": o.Key, "tell": string(o.Tell), "channel": string(BySMS), "bytes": len(raw)},
		Private: map[string][]byte{"recipient": []byte(m.Phone), "text": raw},
	}); err != nil {
		return err
	}
	due := at
	if m.Tell != TellCode {
		due = s.Texts.Quiet.Next(at, s.Zone)
	}
	id := strconv.FormatInt(o.ID, 10)
	return tx.Enqueue(ctx, Job{Kind: JobSend, TicketID: t.ID, Ref: id, DueAt: due, Key: "send/" + id})
}
