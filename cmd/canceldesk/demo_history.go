package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/demo"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// historyLength is how far back the demo's history begins.
const historyLength = 31 * 24 * time.Hour

// history makes a month at the desk: mails arrive, the desk works, people answer. Everything goes the
// way it goes in earnest; only the clock is set by hand.
type history struct {
	app   *app
	clock *clock
	post  *post
	began time.Time
	// arrived is the newest ticket of each sample mail, by the mail's name.
	arrived map[string]int64
}

// scene is one thing that happens.
type scene struct {
	at  time.Time
	act func(ctx context.Context) error
}

func (h *history) play(ctx context.Context) error {
	h.arrived = map[string]int64{}
	accounts, err := demo.Accounts(h.began)
	if err != nil {
		return err
	}
	for i, line := range bytes.Split(bytes.TrimSpace(accounts), []byte("\n")) {
		s, err := account.DecodeSync(line)
		if err != nil {
			return fmt.Errorf("sample account %d: %w", i+1, err)
		}
		if _, err := h.app.putAccount(ctx, s); err != nil {
			return fmt.Errorf("sample account %d: %w", i+1, err)
		}
	}
	scenes, err := h.scenes()
	if err != nil {
		return err
	}
	slices.SortStableFunc(scenes, func(a, b scene) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for _, s := range scenes {
		if s.at.After(h.began) {
			continue
		}
		// What fell due since the last scene comes first.
		if err := h.work(ctx); err != nil {
			return err
		}
		h.clock.set(s.at)
		if err := s.act(ctx); err != nil {
			return err
		}
		if err := h.work(ctx); err != nil {
			return err
		}
	}
	h.clock.set(h.began)
	return h.work(ctx)
}

// scenes are the sample mails, the members' replies and what the people at the desk do.
func (h *history) scenes() ([]scene, error) {
	mails, err := demo.Mails(h.began)
	if err != nil {
		return nil, err
	}
	var out []scene
	sent := map[string]time.Time{}
	for _, m := range mails {
		at := h.began.Add(-m.Ago)
		sent[m.Name] = at
		out = append(out, scene{at, func(ctx context.Context) error { return h.mail(ctx, m.Name, m.Raw, at) }})
	}
	for _, r := range demo.Replies() {
		at := sent[r.Follows].Add(20 * time.Hour)
		out = append(out, scene{at, func(ctx context.Context) error { return h.reply(ctx, r, at) }})
	}
	out = append(out, h.calls()...)
	for _, c := range demoChats() {
		at := h.began.Add(-c.ago)
		out = append(out, scene{at, func(ctx context.Context) error { return h.chat(ctx, c, at) }})
	}
	for day := -historyLength; day < 0; day += 24 * time.Hour {
		at := h.began.Add(day).Add(3 * time.Hour)
		out = append(out, scene{at, h.desk})
	}
	return out, nil
}

// mail lets one mail arrive and reads the mailbox.
func (h *history) mail(ctx context.Context, name string, raw []byte, at time.Time) error {
	if err := h.post.deliver(raw, at); err != nil {
		return fmt.Errorf("deliver %s: %w", name, err)
	}
	p, err := h.app.poller(h.app.config.Mailboxes[0])
	if err != nil {
		return err
	}
	if _, err := p.PollOnce(ctx); err != nil {
		return fmt.Errorf("poll for %s: %w", name, err)
	}
	rows, err := h.app.db.Ledger(ctx, "", 0, 1)
	if err != nil {
		return err
	}
	if len(rows) == 1 {
		h.arrived[name] = rows[0].TicketID
	}
	return nil
}

// reply lets a member answer what the desk wrote last.
func (h *history) reply(ctx context.Context, r demo.Reply, at time.Time) error {
	id := h.arrived[r.Follows]
	outgoing, err := h.app.db.Outgoing(ctx, id)
	if err != nil || len(outgoing) == 0 {
		return err // the desk said nothing to answer to
	}
	t, err := h.app.db.Ticket(ctx, id)
	if err != nil {
		return err
	}
	raw, err := r.Raw(at, outgoing[len(outgoing)-1].MailID, t.Subject)
	if err != nil {
		return err
	}
	return h.mail(ctx, r.Name, raw, at)
}

// work does what is due, as `work --drain` does.
func (h *history) work(ctx context.Context) error {
	if _, err := h.app.worker().Drain(ctx); err != nil {
		return err
	}
	if err := h.app.watch(ctx); err != nil {
		return err
	}
	_, err := h.app.sequence.Seal(ctx)
	return err
}

// The demo's people answer what is older than a day and release refunds that are older than two, so
// that the newest cases still wait when somebody opens the desk.
const (
	answersAfter  = 26 * time.Hour
	releasesAfter = 50 * time.Hour
	leavesLast    = 4 * 24 * time.Hour
)

// desk is one visit of the people at the desk.
func (h *history) desk(ctx context.Context) error {
	if h.clock.now().After(h.began.Add(-leavesLast)) {
		return nil
	}
	refunds, err := h.app.db.AllRefunds(ctx, account.RefundProposed)
	if err != nil {
		return err
	}
	for _, r := range refunds {
		if h.clock.now().Sub(r.At) < releasesAfter {
			continue
		}
		if _, err := h.app.desk.Approve(ctx, r.ID, tickets.AgentActor("sue"), r.QuoteHash, true); err != nil {
			return fmt.Errorf("approve %s: %w", r.ID, err)
		}
	}
	waiting, _, err := h.app.db.Tickets(ctx, tickets.Filter{View: tickets.ViewWaiting, Limit: 200})
	if err != nil {
		return err
	}
	for _, t := range waiting {
		if h.clock.now().Sub(t.ReceivedAt) < answersAfter || t.Requester == "" {
			continue
		}
		if err := h.answer(ctx, t); err != nil {
			return fmt.Errorf("answer %s: %w", t.Number(), err)
		}
	}
	return nil
}

// answer is what an agent does with a case that waits for one.
func (h *history) answer(ctx context.Context, t tickets.Ticket) error {
	amy := tickets.AgentActor("amy")
	if _, err := h.app.desk.Take(ctx, t.ID, amy, "amy"); err != nil {
		return err
	}
	text := "您好，您的来信我们已经看过。账户里的余额和券都会保留，不会因为关闭自动续费而清零；如有其他问题，直接回复这封邮件即可。"
	if t.Locale == "en" {
		text = "Hello, we have read your message. What your account holds stays there and stays usable. If anything else comes up, just answer this mail."
	}
	if _, err := h.app.desk.Say(ctx, t.ID, amy, tickets.Reply, text); err != nil {
		return err
	}
	if t.Stops() {
		return nil
	}
	_, err := h.app.desk.Solve(ctx, t.ID, amy)
	if errors.Is(err, tickets.Conflict) {
		return nil // somebody wrote meanwhile
	}
	return err
}
