package web

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

type echoKey struct{}

// withEcho lets a JSON operation, which gets a context only, find its request.
func withEcho(c echo.Context) {
	r := c.Request()
	c.SetRequest(r.WithContext(context.WithValue(r.Context(), echoKey{}, c)))
}

func requestOf(ctx context.Context) echo.Context {
	c, _ := ctx.Value(echoKey{}).(echo.Context)
	return c
}

// copyTo sends a file; what breaks off is logged, since the status is out already.
func (s *Server) copyTo(h huma.Context, r io.Reader) {
	if _, err := io.Copy(h.BodyWriter(), r); err != nil {
		s.cfg.Log.WarnContext(h.Context(), "answer broke off", "route", h.Operation().Path, "error", err)
	}
}

// ListedTicket is a ticket in a list. priority is urgent or normal. It is exported because huma describes
// no embedded type that is not.
type ListedTicket struct {
	Number             string     `json:"number"`
	Status             string     `json:"status" enum:"new,open,pending,on_hold,solved,closed"`
	Reason             string     `json:"reason" doc:"Why it is in that status, a stable code."`
	Objection          string     `json:"objection" enum:",withdrawal_asked,denied,denied_stopped" doc:"What was said against the case and nobody has decided about; nothing is begun meanwhile."`
	Channel            string     `json:"channel" enum:"email,chat,phone,web,guard,other"`
	Subject            string     `json:"subject"`
	Locale             string     `json:"locale"`
	Requester          string     `json:"requester" doc:"Who wrote, as claimed. It proves nothing."`
	Intent             string     `json:"intent"`
	Intents            []string   `json:"intents" nullable:"false"`
	Confidence         float64    `json:"confidence"`
	Flags              []string   `json:"flags" nullable:"false"`
	Facts              apiFacts   `json:"facts"`
	AccountNo          string     `json:"account_no"`
	Candidates         []string   `json:"candidates" nullable:"false"`
	SubscriptionIDs    []string   `json:"subscription_ids" nullable:"false"`
	Assurance          int        `json:"assurance"`
	Assignee           *string    `json:"assignee"`
	Claim              *apiClaim  `json:"claim" doc:"Who works on the case just now; null where nobody does."`
	Priority           string     `json:"priority" enum:"urgent,normal"`
	ReceivedAt         time.Time  `json:"received_at"`
	FirstResponseDueAt time.Time  `json:"first_response_due_at"`
	ResolutionDueAt    time.Time  `json:"resolution_due_at"`
	FirstRespondedAt   *time.Time `json:"first_responded_at"`
	NextChargeAt       *time.Time `json:"next_charge_at"`
	SolvedAt           *time.Time `json:"solved_at"`
	ClosedAt           *time.Time `json:"closed_at"`
	Hold               *apiHold   `json:"hold"`
	Links              []apiLink  `json:"links" nullable:"false"`
	Version            int64      `json:"version"`
}

// apiTicket is a ticket by itself.
type apiTicket struct {
	ListedTicket
	Messages []apiMessage `json:"messages" nullable:"false"`
	Runs     []apiRun     `json:"runs" nullable:"false"`
}

// apiClaim is who works on a case: what anybody else does in it is 409 until the claim ends.
type apiClaim struct {
	Login string    `json:"login"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

type apiHold struct {
	SubscriptionID string    `json:"subscription_id"`
	Until          time.Time `json:"until"`
}

type apiFacts struct {
	Account       string `json:"account,omitempty"`
	Phone         string `json:"phone,omitempty"`
	Email         string `json:"email,omitempty"`
	OrderNo       string `json:"order_no,omitempty"`
	PaymentMethod string `json:"payment_method,omitempty"`
	AmountFen     int64  `json:"amount_fen,omitempty"`
	Period        string `json:"period,omitempty"`
	NationalID    string `json:"national_id,omitempty" doc:"Masked."`
	Reason        string `json:"reason,omitempty"`
	ChannelTxnID  string `json:"channel_txn_id,omitempty"`
	ChargedAt     string `json:"charged_at,omitempty"`
	CardTail      string `json:"card_tail,omitempty"`
}

type apiMessage struct {
	ID           int64           `json:"id"`
	Direction    string          `json:"direction" enum:"inbound,reply,note"`
	Channel      string          `json:"channel"`
	At           time.Time       `json:"at"`
	From         string          `json:"from"`
	FromName     string          `json:"from_name"`
	To           string          `json:"to"`
	Subject      string          `json:"subject"`
	NewSubject   bool            `json:"new_subject" doc:"The mail came under a subject that nothing before it in the case had."`
	Text         string          `json:"text"`
	Quoted       string          `json:"quoted"`
	Kind         string          `json:"kind"`
	Asks         []string        `json:"asks" nullable:"false"`
	Assurance    int             `json:"assurance"`
	AssuranceWhy []string        `json:"assurance_why" nullable:"false"`
	Attachments  []apiAttachment `json:"attachments" nullable:"false"`
	Defects      []string        `json:"defects" nullable:"false" doc:"What was wrong with a mail: stable codes, each followed by ': ' and a detail where there is one."`
}

type apiAttachment struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Bytes int64  `json:"bytes"`
}

type apiRun struct {
	ID        int64      `json:"id"`
	State     string     `json:"state" enum:"running,ended"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	Steps     []apiStep  `json:"steps" nullable:"false"`
}

type apiStep struct {
	Name      string     `json:"name"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	StartedAt *time.Time `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	By        string     `json:"by"`
}

type apiLink struct {
	Number string `json:"number"`
	Kind   string `json:"kind"`
}

type ticketsInput struct {
	Status    string    `query:"status" enum:"new,open,pending,on_hold,solved,closed"`
	Channel   string    `query:"channel" enum:"email,chat,phone,web,guard,other"`
	Intent    string    `query:"intent" enum:"stop_auto_renew,cancel_and_refund,refund_mistaken_charge,asset_disposal,entry_complaint,status_inquiry,clarify,not_cancellation"`
	Flag      string    `query:"flag" enum:"regulator,legal,minor,vulnerable,human_requested"`
	Assignee  string    `query:"assignee"`
	Account   string    `query:"account"`
	Query     string    `query:"q" doc:"Number, address, account or words of the subject."`
	DueBefore time.Time `query:"due_before"`
	After     string    `query:"after" doc:"next_cursor of the page before."`
	Limit     int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type ticketsOutput struct {
	Body struct {
		Items      []ListedTicket `json:"items" nullable:"false"`
		NextCursor string         `json:"next_cursor"`
	}
}

func (s *Server) apiTickets(ctx context.Context, _ echo.Context, in *ticketsInput) (*ticketsOutput, error) {
	f := tickets.Filter{
		Status: tickets.Status(in.Status), Channel: tickets.Channel(in.Channel), Intent: in.Intent, Flag: in.Flag,
		Assignee: in.Assignee, AccountNo: in.Account, Query: in.Query, After: in.After, Limit: in.Limit,
	}
	if !in.DueBefore.IsZero() {
		f.DueBefore = &in.DueBefore
	}
	switch { // a client that names no status means every case, not only those that still run
	case in.Status != "":
	case in.Intent == string(intent.NotCancellation):
		f.View = tickets.ViewNotCancellation
	default:
		f.View = tickets.ViewAll
	}
	list, next, err := s.desk.Reader().Tickets(ctx, f)
	if err != nil {
		return nil, err
	}
	out := ticketsOutput{}
	out.Body.NextCursor = next
	out.Body.Items, err = s.listed(ctx, list...)
	return &out, err
}

type ticketOutput struct {
	ETag string `header:"ETag" doc:"The ticket's version, for If-Match."`
	Body apiTicket
}

func (s *Server) apiOneTicket(ctx context.Context, _ echo.Context, in *TicketPath) (*ticketOutput, error) {
	t, err := s.numbered(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	return s.whole(ctx, t)
}

// whole is a ticket with all that belongs to it.
func (s *Server) whole(ctx context.Context, t tickets.Ticket) (*ticketOutput, error) {
	r := s.desk.Reader()
	messages, err := r.Messages(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	listed, err := s.listed(ctx, t)
	if err != nil {
		return nil, err
	}
	out := ticketOutput{ETag: etag(t), Body: apiTicket{
		ListedTicket: listed[0], Messages: make([]apiMessage, 0, len(messages)), Runs: []apiRun{},
	}}
	fresh := freshSubjects(t, messages)
	for _, m := range messages {
		said := s.messageOut(m)
		said.NewSubject = fresh[m.ID]
		out.Body.Messages = append(out.Body.Messages, said)
	}
	run, steps, err := r.LatestRun(ctx, t.ID)
	switch {
	case err == nil:
		out.Body.Runs = append(out.Body.Runs, s.runOut(run, ordered(steps)))
	case !errors.Is(err, tickets.NotFound):
		return nil, err
	}
	return &out, nil
}

// listed are tickets as lists show them. However many they are, their links and holds are read at once.
func (s *Server) listed(ctx context.Context, list ...tickets.Ticket) ([]ListedTicket, error) {
	ids := make([]int64, len(list))
	for i, t := range list {
		ids[i] = t.ID
	}
	links, err := s.desk.Reader().Links(ctx, ids...)
	if err != nil {
		return nil, err
	}
	holds, err := s.desk.Reader().Holds(ctx, ids...)
	if err != nil {
		return nil, err
	}
	all := make([]ListedTicket, len(list))
	for i, t := range list {
		all[i] = s.listedOne(t, links, holds)
	}
	return all, nil
}

// listedOne is one of them; links and holds may be others' too.
func (s *Server) listedOne(t tickets.Ticket, links []tickets.Link, holds []tickets.Hold) ListedTicket {
	f := t.Facts
	out := ListedTicket{
		Number: t.Number(), Status: string(t.Status), Reason: t.Reason, Channel: string(t.Channel), Subject: t.Subject,
		Locale: t.Locale, Requester: t.Requester, Intent: string(t.Intent), Intents: names(t.Intents), Confidence: t.Confidence,
		Flags: names(t.Flags), AccountNo: t.AccountNo, Candidates: names(t.Candidates), SubscriptionIDs: names(t.SubscriptionIDs),
		Facts: apiFacts{
			Account: f.Account, Phone: f.Phone, Email: f.Email, OrderNo: f.OrderNo, PaymentMethod: f.PaymentMethod,
			AmountFen: f.AmountFen, Period: f.Period, NationalID: maskID(f.NationalID), Reason: f.Reason,
			ChannelTxnID: f.ChannelTxnID, ChargedAt: f.ChargedAt, CardTail: f.CardTail,
		},
		Assurance: t.Assurance, Priority: "normal", ReceivedAt: s.stamp(t.ReceivedAt),
		FirstResponseDueAt: s.stamp(t.FirstResponseDueAt), ResolutionDueAt: s.stamp(t.ResolutionDueAt),
		FirstRespondedAt: s.stampOr(t.FirstRespondedAt), NextChargeAt: s.stampOr(t.NextChargeAt),
		SolvedAt: s.stampOr(t.SolvedAt), ClosedAt: s.stampOr(t.ClosedAt), Links: []apiLink{}, Version: t.Version,
	}
	for _, l := range links {
		switch t.ID {
		case l.FromID:
			out.Links = append(out.Links, apiLink{Number: tickets.Number(l.ToID), Kind: l.Kind})
		case l.ToID:
			out.Links = append(out.Links, apiLink{Number: tickets.Number(l.FromID), Kind: l.Kind})
		}
	}
	for _, h := range holds {
		if h.TicketID == t.ID && h.State == tickets.HoldActive {
			out.Hold = &apiHold{SubscriptionID: h.SubscriptionID, Until: s.stamp(h.Until)}
		}
	}
	if t.Assignee != "" {
		out.Assignee = &t.Assignee
	}
	if login, since, ok := t.Claimed(s.cfg.Now()); ok {
		out.Claim = &apiClaim{Login: login, Since: s.stamp(since), Until: s.stamp(*t.ClaimedUntil)}
	}
	if t.Urgent {
		out.Priority = "urgent"
	}
	return out
}

func (s *Server) messageOut(m tickets.Message) apiMessage {
	out := apiMessage{
		ID: m.ID, Direction: string(m.Direction), Channel: string(m.Channel), At: s.stamp(m.At), From: m.Sender, FromName: m.SenderName,
		To: m.Recipient, Subject: m.Subject, Text: m.Text, Quoted: m.Quoted, Kind: m.Kind, Asks: names(m.Asks),
		Assurance: m.Assurance, AssuranceWhy: names(m.AssuranceWhy), Attachments: make([]apiAttachment, 0, len(m.Attachments)),
		Defects: names(m.Defects),
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, apiAttachment(a))
	}
	return out
}

func (s *Server) runOut(run tickets.Run, steps tickets.Steps) apiRun {
	out := apiRun{ID: run.ID, State: "running", StartedAt: s.stamp(run.StartedAt), EndedAt: s.stampOr(run.EndedAt), Steps: make([]apiStep, 0, len(steps))}
	if run.EndedAt != nil {
		out.State = "ended"
	}
	for _, x := range steps {
		out.Steps = append(out.Steps, apiStep{
			Name: string(x.Name), State: string(x.State), Reason: x.Reason,
			StartedAt: s.stampOr(x.StartedAt), EndedAt: s.stampOr(x.EndedAt), By: x.By,
		})
	}
	return out
}

// names are codes as strings, never null.
func names[T ~string](list []T) []string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		out = append(out, string(x))
	}
	return out
}
