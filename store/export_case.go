package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// effectTold is the last word on one effect, as its event tells it.
type effectTold struct {
	Event       int64  `json:"event"` // its number in the stream
	Key         string `json:"key"`
	Kind        string `json:"kind"`
	Target      string `json:"target"`
	State       string `json:"state"`
	Detail      string `json:"detail"`
	ConfirmedAt string `json:"confirmed_at,omitempty"`
}

// refundTold is the newest state of one refund, as its events tell it.
type refundTold struct {
	Event     int64  `json:"event"`
	Refund    string `json:"refund"`
	Key       string `json:"key"`
	Charge    string `json:"charge"`
	AmountFen int64  `json:"amount_fen"`
	State     string `json:"state"`
	Quote     string `json:"quote"`
	OwnFault  bool   `json:"own_fault"`
}

// recounted is a case as its logged events tell it.
type recounted struct {
	timeline []evidence.Event
	effects  []effectTold
	refunds  []refundTold // in the order in which they were proposed
	calls    []callTold   // in the order in which they were told of
	lastDay  string
	subject  string
	channel  string
	received time.Time
	intents  []string
}

// recount reads a case off its events and the values they commit to.
func recount(timeline []evidence.Event, values []evidence.Private) recounted {
	r := recounted{timeline: timeline}
	for _, e := range timeline {
		switch e.Type {
		case tickets.EventReceived:
			r.request(e, values)
		case tickets.EventCorrected:
			if to := said(e, "to"); to != "" {
				r.intents = append([]string{to}, slices.DeleteFunc(r.intents, func(i string) bool { return i == to })...)
			}
		case tickets.EventResult:
			r.effects = append(r.effects, effectTold{
				Event: e.N, Key: said(e, "key"), Kind: said(e, "kind"), Target: said(e, "target"),
				State: said(e, "state"), Detail: said(e, "detail"), ConfirmedAt: said(e, "confirmed_at"),
			})
		case tickets.EventQuote:
			r.lastDay = said(e, "last_day_of_use")
		case tickets.EventRefund:
			r.refund(e)
		case tickets.EventCall, tickets.EventRecording:
			r.call(e)
		}
	}
	return r
}

// request takes what was asked, and how, from the first message.
func (r *recounted) request(e evidence.Event, values []evidence.Private) {
	if !r.received.IsZero() {
		return
	}
	r.channel, r.received = said(e, "channel"), e.At
	if at, err := time.Parse(time.RFC3339, said(e, "received_at")); err == nil {
		r.received = at
	}
	intents, _ := e.Data["intents"].([]any)
	for _, i := range intents {
		if name, ok := i.(string); ok {
			r.intents = append(r.intents, name)
		}
	}
	for _, v := range values {
		if v.N == e.N && v.Name == "subject" {
			r.subject = v.Value
		}
	}
}

func (r *recounted) refund(e evidence.Event) {
	fen, _ := e.Data["amount_fen"].(int64)
	fault, _ := e.Data["own_fault"].(bool)
	told := refundTold{
		Event: e.N, Refund: said(e, "refund"), Key: said(e, "key"), Charge: said(e, "charge"),
		AmountFen: fen, State: said(e, "state"), Quote: said(e, "quote"), OwnFault: fault,
	}
	if i := slices.IndexFunc(r.refunds, func(was refundTold) bool { return was.Refund == told.Refund }); i >= 0 {
		r.refunds[i] = told
		return
	}
	r.refunds = append(r.refunds, told)
}

// said is a word of an event's data; "" where it has none of that name.
func said(e evidence.Event, key string) string {
	s, _ := e.Data[key].(string)
	return s
}

// summary is the case as people read it, with times in that zone.
func (r recounted) summary(t tickets.Ticket, zone *time.Location) evidence.Case {
	c := evidence.Case{
		Number: t.Number(), Account: masked(t.AccountNo), Subject: r.subject, Channel: r.channel, Intents: r.intents,
		DecidedBy: string(tickets.DeskActor), LastDayOfUse: r.lastDay, Timeline: r.timeline,
	}
	if !r.received.IsZero() {
		c.ReceivedAt = r.received.In(zone)
	}
	for _, e := range r.effects {
		at, err := time.Parse(time.RFC3339, e.ConfirmedAt)
		if err != nil || e.State != string(tickets.EffectDone) {
			continue
		}
		switch tickets.EffectKind(e.Kind) {
		case tickets.StopDebits:
			c.Stopped = append(c.Stopped, evidence.Stop{Kind: "biller", What: e.Target, ConfirmedBy: "biller", ConfirmedAt: at.In(zone)})
		case tickets.EndAgreement:
			by, _, _ := strings.Cut(e.Detail, ":")
			c.Stopped = append(c.Stopped, evidence.Stop{Kind: "agreement", What: e.Target, ConfirmedBy: by, ConfirmedAt: at.In(zone)})
		}
	}
	for _, rf := range r.refunds {
		if c.Refund == nil {
			c.Refund = &evidence.SummaryRefund{}
		}
		if account.RefundState(rf.State).Reserves() {
			c.Refund.AmountFen += rf.AmountFen
		}
		c.Refund.State = rf.State
	}
	return c
}

// masked shows the ends of an account number only.
func masked(accountNo string) string {
	if r := []rune(accountNo); len(r) > 4 {
		return string(r[:2]) + strings.Repeat("*", len(r)-4) + string(r[len(r)-2:])
	}
	return strings.Repeat("*", len([]rune(accountNo)))
}

func addJSON(c *evidence.Contents, name string, any bool, v any) error {
	if !any {
		return nil
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.Files = append(c.Files, evidence.Bytes(name, append(b, '\n')))
	return nil
}
