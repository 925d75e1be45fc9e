package runbook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// planQuote works out what happens to the money and the access, and keeps it. Cancel does not wait
// for it. It is made again where the unused time is asked for only now, and where what an unsent refund
// was worked out from has changed.
func planQuote(c Case, _ tickets.Settings, _ time.Time) (Next, bool) {
	s := c.step(tickets.QuoteIt)
	if !c.step(tickets.Identify).State.Done() || c.step(tickets.Cancel).State == tickets.Todo && c.step(tickets.Verify).State.Done() {
		return Next{}, false
	}
	mode := account.PeriodEnd
	if c.asksBackSurely() {
		mode = account.Now
	}
	if s.State.Done() {
		_, ok := c.quote()
		more := mode == account.Now && c.Run.Mode != account.Now
		if !ok || !more && !c.QuoteChanged {
			return Next{}, false
		}
		if !more {
			mode = c.Run.Mode
		}
	}
	if s.State == tickets.NeedsAgent {
		return Next{}, false
	}
	return Next{Do: DoQuote, Step: tickets.QuoteIt, Mode: mode}, true
}

// asksBackSurely reports whether it is certain who asks for money back for unused time. Whoever may stop the
// charges may be told what ending now would give: the offer goes to the registered contact, and the yes to
// it has a level of its own.
func (c Case) asksBackSurely() bool {
	asks := c.inbound(asksRefund)
	_, refund := c.sureOf(asks, tickets.ActRefund, 1)
	_, stop := c.sureOf(asks, tickets.ActStop, 1)
	return refund || stop
}

// changed reports whether a refund that was not sent yet would be another if it were worked out now:
// the platform paid something back itself, say. Whoever released it did so on other figures.
func (c Case) changed(r tickets.Settings, now time.Time) bool {
	if c.Run == nil || c.Account == nil || len(c.unsent()) == 0 {
		return false
	}
	q, ok := c.quote()
	if !ok {
		return false
	}
	holds, ok, err := tickets.StillHolds(q, *c.Account, c.Ticket, c.Messages, c.Refunds, c.Effects, c.Run.Mode, now, r.QuoteRules())
	return err == nil && ok && !holds
}

// stands reports whether the quote that refunds were proposed by and not sent yet is still what would be
// worked out now. Then a second try goes on with it, and with whoever released them.
func (c Case) stands(mode account.Mode) bool {
	_, ok := c.quote()
	return ok && mode == c.Run.Mode && len(c.unsent()) > 0 && !c.QuoteChanged
}

// makeQuote is the quote as things stand, as of the first request.
func (c Case) makeQuote(mode account.Mode, r tickets.Settings, now time.Time) (account.Quote, error) {
	s := tickets.BeforeAccessEnded(c.Quotes, *c.Account, c.Ticket, c.Effects)
	return tickets.QuoteOf(s, c.Ticket, c.Messages, c.unsent(), mode, now, r.QuoteRules())
}

// unsent are the case's refunds for unused time that were not sent yet. A new quote makes them void.
func (c Case) unsent() []account.Refund { return tickets.Unsent(c.Refunds, c.Effects) }

// quote works out what happens and keeps it. What can't be computed goes to a person; cancel has not
// waited for it.
func (r *Runner) quote(ctx context.Context, c Case, n Next) error {
	if c.stands(n.Mode) {
		return r.settle(ctx, c, Next{Step: tickets.QuoteIt, State: tickets.Succeeded})
	}
	q, err := c.makeQuote(n.Mode, r.Settings, r.Now())
	if errors.Is(err, account.ErrNotQuotable) {
		return r.settle(ctx, c, Next{Step: tickets.QuoteIt, State: tickets.NeedsAgent, Reason: "not_quotable", Detail: err.Error()})
	}
	if err != nil {
		return fmt.Errorf("make quote: %w", err)
	}
	whole, err := quoteJSON(q)
	if err != nil {
		return err
	}
	return r.commit(ctx, func(tx tickets.Tx, at time.Time) ([]tickets.Record, error) {
		saved := tickets.SavedQuote{TicketID: c.Ticket.ID, RunID: c.Run.ID, Hash: q.Hash, Body: q, At: at}
		if err := tx.InsertQuote(ctx, &saved); err != nil {
			return nil, err
		}
		n.State = tickets.Succeeded
		records := []tickets.Record{{
			Stream: c.Ticket.Number(), Type: tickets.EventQuote, Actor: string(tickets.DeskActor),
			Data: map[string]any{
				"hash": q.Hash, "mode": string(q.Mode), "as_of": string(q.AsOf), "rule_version": q.RuleVersion,
				"refund_fen": q.RefundFen, "last_day_of_use": string(q.LastDayOfUse),
			},
			Private: map[string][]byte{"quote": whole},
		}, stepRecord(c, n)}
		if c.Run.Mode != n.Mode {
			run := *c.Run
			run.Mode = n.Mode
			if err := tx.SaveRun(ctx, &run); err != nil {
				return nil, err
			}
		}
		again, err := r.decideAgain(ctx, tx, c, at)
		if err != nil {
			return nil, err
		}
		return append(records, again...), tx.SaveStep(ctx, r.step(c, n, at))
	})
}

// decideAgain takes back what was decided about the money by an earlier quote.
func (r *Runner) decideAgain(ctx context.Context, tx tickets.Tx, c Case, at time.Time) ([]tickets.Record, error) {
	var records []tickets.Record
	for _, rf := range c.unsent() {
		rf.State, rf.Detail = account.RefundRejected, account.VoidQuoteChanged
		if err := tx.SaveRefund(ctx, &rf); err != nil {
			return nil, err
		}
		records = append(records, tickets.RefundRecord(c.Ticket, rf, tickets.DeskActor))
	}
	if s := c.step(tickets.RefundIt); !s.State.Done() && len(records) == 0 {
		return nil, nil
	}
	again := Next{Step: tickets.RefundIt, State: tickets.Todo, Reason: "quoted_again"}
	return append(records, stepRecord(c, again)), tx.SaveStep(ctx, r.step(c, again, at))
}
