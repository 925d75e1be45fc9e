package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// entry is one line of a ticket's conversation: a message, or a mail the desk sent by itself.
type entry struct {
	At      time.Time
	Message *tickets.Message
	Sending *tickets.Outgoing // how far the mail of a reply has come, or the mail itself
	Images  bool              // show the remote pictures of this mail
}

// ticketView is everything the page of one ticket shows.
type ticketView struct {
	Ticket           tickets.Ticket
	Timeline         []entry
	Account          *account.Snapshot
	Run              *tickets.Run
	Steps            tickets.Steps
	Effects          []tickets.Effect
	InFlight         []account.DebitInFlight // debits that a stop came too late for
	Holds            []tickets.Hold
	Verifications    []tickets.Verification
	Quote            *tickets.SavedQuote
	Acceptance       *tickets.Acceptance
	Refunds          []account.Refund
	Links            []tickets.Link
	Chats            []tickets.Conversation
	Events           []Event
	Intents          []intent.Intent
	Proposed         []tickets.Step // wait for one click
	VerifierKey      string
	Can              can
	Calls            []tickets.Call
	Spoken           bool                        // somebody speaks or spoke in the case
	Voice            map[tickets.StepName]string // what to read to him, by step
	Look             int                         // how often the page has looked for news by itself
	Codes            []tickets.Code              // sent to prove who speaks
	codes            tickets.Codes
	now              time.Time
	Large            bool // the refunds of the case together are above what an agent may approve
	Me               tickets.Actor
	Claimed          *claimView // somebody else who works on the case
	chatShown        bool       // whoever chats is proven now to hold the account
	approvalAboveFen int64      // the sum above which a yes takes more than level 1
	messages         []tickets.Message
	freshSubjects    map[int64]bool // mails under a subject of their own
	Draft            string         // what the person wrote last and was refused
}

// can says which actions make sense for this ticket and this person. The desk decides again.
type can struct {
	Work, Take, Release, Reply, Correct, Relink, Run, Withdraw, Accept, Solve, Approve, Large, Evidence bool
}

func (s *Server) ticket(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	images, _ := strconv.ParseInt(c.QueryParam("images"), 10, 64) // anything else asks for none
	v, err := s.loadTicket(c.Request().Context(), id, who(c).agent, images)
	if err != nil {
		return err
	}
	v.Look, _ = strconv.Atoi(c.QueryParam("look"))
	v.Draft = s.sessions.PopString(c.Request().Context(), draftOf(id))
	return s.render(c, http.StatusOK, "ticket", v)
}

// loadTicket reads what the page of a ticket shows.
func (s *Server) loadTicket(ctx context.Context, id int64, by agents.Agent, images int64) (ticketView, error) {
	r := s.desk.Reader()
	v := ticketView{
		Intents: intents(), VerifierKey: s.cfg.VerifierKey, Me: tickets.AgentActor(by.Login),
	}
	var err error
	if v.Ticket, err = r.Ticket(ctx, id); err != nil {
		return v, err
	}
	messages, err := r.Messages(ctx, id)
	if err != nil {
		return v, err
	}
	outgoing, err := r.Outgoing(ctx, id)
	if err != nil {
		return v, err
	}
	v.messages = messages
	v.Timeline, v.freshSubjects = timeline(messages, outgoing, images), freshSubjects(v.Ticket, messages)
	run, steps, err := r.LatestRun(ctx, id)
	switch {
	case err == nil:
		v.Run, v.Steps = &run, ordered(steps)
	case !errors.Is(err, tickets.NotFound):
		return v, err
	}
	if v.Holds, err = r.Holds(ctx, id); err != nil {
		return v, err
	}
	if v.InFlight, err = r.DebitsInFlight(ctx, id); err != nil {
		return v, err
	}
	if v.Effects, err = r.Effects(ctx, id); err != nil {
		return v, err
	}
	if v.Verifications, err = r.Verifications(ctx, id); err != nil {
		return v, err
	}
	if v.Refunds, err = r.Refunds(ctx, id); err != nil {
		return v, err
	}
	linked, err := r.LinkedRefunds(ctx, id)
	if err != nil {
		return v, err
	}
	v.Large = tickets.Reserved(v.Refunds)+tickets.Reserved(linked) > s.desk.Settings().Automation.ApprovalAboveFen
	if v.Links, err = r.Links(ctx, id); err != nil {
		return v, err
	}
	if v.Chats, err = r.Conversations(ctx, id); err != nil {
		return v, err
	}
	v.chatShown = s.chatShown(v)
	if v.Events, err = s.cfg.Events.Events(ctx, v.Ticket.Number()); err != nil {
		return v, err
	}
	if err := v.loadQuote(ctx, r); err != nil {
		return v, err
	}
	if v.Ticket.AccountNo != "" {
		snap, err := r.Snapshot(ctx, v.Ticket.AccountNo)
		switch {
		case err == nil:
			v.Account = &snap
		case !errors.Is(err, tickets.NotFound):
			return v, err
		}
	}
	for _, step := range v.Steps {
		if step.State == tickets.NeedsAgent && step.Reason == tickets.ReasonProposed {
			v.Proposed = append(v.Proposed, step)
		}
	}
	v.Claimed = v.claimed(by, s.cfg.Now())
	v.Can = v.allowed(by, s.cfg.Now())
	if err := v.withCodes(ctx, s, s.cfg.Now()); err != nil {
		return v, err
	}
	return v, s.loadVoice(ctx, &v, messages)
}

// loadQuote takes the newest quote and the yes to it, if there is one.
func (v *ticketView) loadQuote(ctx context.Context, r tickets.Reader) error {
	quotes, err := r.Quotes(ctx, v.Ticket.ID)
	if err != nil || len(quotes) == 0 {
		return err
	}
	v.Quote = &quotes[len(quotes)-1]
	accepted, err := r.Acceptances(ctx, v.Ticket.ID)
	if err != nil {
		return err
	}
	for _, a := range accepted {
		if a.QuoteHash == v.Quote.Hash {
			v.Acceptance = &a
		}
	}
	return nil
}

// allowed is which buttons to show. It repeats no rule of the desk's, it only leaves out what can't
// succeed as things stand.
func (v *ticketView) allowed(by agents.Agent, now time.Time) can {
	t, work := v.Ticket, by.Role.May(agents.WorkTickets)
	noCancellation := t.Status == tickets.Closed && t.Reason == string(intent.NotCancellation)
	return can{
		Work:     work,
		Take:     work && t.Assignee != by.Login && t.Status != tickets.Closed && v.Claimed == nil,
		Release:  work && t.Assignee == by.Login,
		Reply:    work && t.Status != tickets.Closed && (t.Requester != "" && (t.Channel == tickets.Email || tickets.Mailable(t.Requester)) || v.Account != nil && tickets.Mailable(v.Account.Account.Email)),
		Correct:  work && (t.Status != tickets.Closed || noCancellation),
		Relink:   work && t.Live(),
		Run:      work && t.Live(),
		Withdraw: work && t.Status != tickets.Closed && t.Stops() && t.Reason != tickets.ReasonWithdrawn,
		Accept:   work && t.Live() && v.Quote != nil && v.Acceptance == nil && v.Quote.Body.Mode == account.Now && now.Before(v.Quote.Body.ExpiresAt),
		Solve:    work && t.Live() && (!t.Stops() || v.done() || t.Denied()),
		Approve:  by.Role.May(agents.ApproveRefunds),
		Large:    by.Role.May(agents.ApproveLarge),
		Evidence: by.Role.May(agents.ReadEvidence),
	}
}

// timeline joins what was said with what was sent, oldest first. A reply carries the state of its own
// mail; a mail the desk wrote by itself stands alone.
func timeline(messages []tickets.Message, outgoing []tickets.Outgoing, images int64) []entry {
	var out []entry
	carried := map[int64]*tickets.Outgoing{}
	for i := range outgoing {
		carried[outgoing[i].MessageID] = &outgoing[i]
	}
	for i := range messages {
		m := &messages[i]
		e := entry{At: m.At, Message: m, Images: m.ID == images}
		if m.Direction == tickets.Reply {
			e.Sending = carried[m.ID]
		}
		out = append(out, e)
	}
	for i := range outgoing {
		o := &outgoing[i]
		if !slices.ContainsFunc(messages, func(m tickets.Message) bool { return m.ID == o.MessageID }) {
			out = append(out, entry{At: o.At, Sending: o})
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int { return a.At.Compare(b.At) })
	return out
}

// ordered puts steps into the order in which they are gone through.
func ordered(steps tickets.Steps) tickets.Steps {
	out := slices.Clone(steps)
	slices.SortStableFunc(out, func(a, b tickets.Step) int {
		return slices.Index(tickets.StepNames(), a.Name) - slices.Index(tickets.StepNames(), b.Name)
	})
	return out
}

// Other is the ticket at the other end of a link.
func (v ticketView) Other(l tickets.Link) int64 {
	if l.FromID == v.Ticket.ID {
		return l.ToID
	}
	return l.FromID
}

// Skippable reports whether a person may leave the step out: what comes back, what becomes of assets
// or a mail that can't be delivered can be seen to by hand; who asks, the stop and the proof can't.
func (v ticketView) Skippable(x tickets.Step) bool {
	waits := x.State == tickets.NeedsAgent || x.Name == tickets.RefundIt && x.State == tickets.NeedsCustomer
	return v.Can.Run && waits && x.Reason != tickets.ReasonProposed &&
		slices.Contains([]tickets.StepName{tickets.QuoteIt, tickets.RefundIt, tickets.Assets, tickets.Notify}, x.Name)
}

// AnswerTo is the address that a reply goes to.
func (v ticketView) AnswerTo() string { return v.answerTo("") }

func (v ticketView) answerTo(to tickets.Party) string {
	var a *account.Account
	if v.Account != nil {
		a = &v.Account.Account
	}
	return tickets.AnswerTo(v.Ticket, v.messages, a, to, v.now)
}

// party is one whom a reply can go to.
type party struct {
	Party   tickets.Party
	To      string
	Default bool
}

// Parties are both whom a reply can go to, where there are two.
func (v ticketView) Parties() []party {
	owner, wrote := v.answerTo(tickets.ToOwner), v.answerTo(tickets.ToRequester)
	if v.Chatting() || owner == "" || wrote == "" || strings.EqualFold(owner, wrote) {
		return nil
	}
	first := strings.EqualFold(v.AnswerTo(), owner)
	return []party{{tickets.ToOwner, owner, first}, {tickets.ToRequester, wrote, !first}}
}

// Stranger reports whether a reply goes to an address that is not the registered one of the account
// shown beside it: nothing of the account may be told there.
func (v ticketView) Stranger() bool {
	if v.Chatting() {
		return v.Ticket.AccountNo != "" && !v.chatShown
	}
	return v.Account != nil && !strings.EqualFold(v.Account.Account.Email, v.AnswerTo())
}

// done reports whether every step of the case is over.
func (v ticketView) done() bool {
	return v.Run != nil && v.Run.EndedAt != nil && v.Steps.Get(tickets.Cancel).State.Done() && v.Steps.Get(tickets.Notify).State.Done()
}

// Stopped reports whether nothing can debit the case's subscriptions any more: the biller stopped each
// and no living agreement can bill it. A next charge that was noted before is then history.
func (v ticketView) Stopped() bool {
	if v.Account == nil || len(v.Ticket.SubscriptionIDs) == 0 {
		return false
	}
	return !slices.ContainsFunc(v.Ticket.SubscriptionIDs, func(id string) bool {
		sub, ok := v.Account.Subscription(id)
		return !ok || sub.StoppedAt == nil || len(v.Account.Billing(id)) > 0
	})
}

// Working reports whether a person set the steps going and no worker has settled them since.
func (v ticketView) Working() bool {
	return v.Ticket.Live() && slices.Contains([]string{"resumed", "corrected", "relinked"}, v.Ticket.Reason)
}

// Asked reports whether the case is about the subscription.
func (v ticketView) Asked(subscription string) bool {
	return slices.Contains(v.Ticket.SubscriptionIDs, subscription)
}

// fact is one thing the customer's text states.
type fact struct{ Name, Value string }

// Facts are what the text states, for showing; they prove nothing.
func (v ticketView) Facts() []fact {
	f := v.Ticket.Facts
	var out []fact
	for _, x := range []fact{
		{"account", f.Account},
		{"phone", f.Phone},
		{"email", f.Email},
		{"order_no", f.OrderNo},
		{"payment_method", f.PaymentMethod},
		{"period", f.Period},
		{"national_id", maskID(f.NationalID)},
		{"reason", f.Reason},
		{"channel_txn_id", f.ChannelTxnID},
		{"charged_at", f.ChargedAt},
		{"card_tail", f.CardTail},
	} {
		if x.Value != "" {
			out = append(out, x)
		}
	}
	if f.AmountFen != 0 {
		out = append(out, fact{"amount_fen", "¥" + account.Yuan(f.AmountFen)})
	}
	return out
}

// maskID leaves of a national ID number what tells two apart.
func maskID(id string) string {
	if len(id) < 10 {
		return id
	}
	return id[:6] + strings.Repeat("*", len(id)-10) + id[len(id)-4:]
}
