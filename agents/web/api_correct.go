package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// correctRoutes are the changes that agents and programs make to what the desk guessed.
func (s *Server) correctRoutes() []route {
	writes := either(agents.WorkTickets, "tickets:write")
	return []route{
		{http.MethodPut, "/v1/tickets/:number/assignee", nil, writes},
		{http.MethodPut, "/v1/tickets/:number/status", nil, writes},
		{http.MethodPut, "/v1/tickets/:number/intent", nil, writes},
		{http.MethodPut, "/v1/tickets/:number/account", nil, writes.knowing()},
		{http.MethodPut, "/v1/tickets/:number/subscription", nil, writes},
	}
}

// correctOperations describes them.
func (s *Server) correctOperations(api huma.API) {
	put := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPut, Path: "/v1/tickets/{number}/" + path, Summary: summary,
			Description: description + " An event of the ticket. A key without the scope tickets:read is answered no more than number, status and version. Scope tickets:write.",
			Errors:      []int{400, 401, 403, 404, 409, 412, 422, 503}, Security: bearerAuth(), Tags: []string{"tickets"},
		}
	}
	add(s, api, put("put-ticket-assignee", "assignee", "Give a ticket to somebody", "null gives it back to the queue."), s.apiAssign)
	add(s, api, put("put-ticket-status", "status", "Set a ticket's status",
		"Within the status table. Nobody declares done what is not: a case that asks for a stop is solved by its steps, and closed once it is solved. The reason is kept as a note."), s.apiMove)
	add(s, api, put("put-ticket-intent", "intent", "Correct what a ticket is about",
		"Of facts, those that are left out stay and null clears one. The customer's newest message then counts as having asked for it."), s.apiCorrect)
	add(s, api, put("put-ticket-account", "account", "Say whose case it is",
		"Verifications, quotes and proposals of before are void; 409 where something was done for another account already. Where the platform keeps the accounts it is asked; 503 where it can't be. As the answer tells whether there is such an account, a key takes the scope accounts:read as well (or tickets:read)."), s.apiRelink)
	add(s, api, put("put-ticket-subscription", "subscription", "Say which subscriptions a case is about",
		"Verifications, quotes and proposals of before are void; 409 while something of the case is under way."), s.apiSubscriptions)
}

type assigneeInput struct {
	TicketPath
	IfMatch
	Body struct {
		Login *string `json:"login" maxLength:"64" doc:"Login of a person who works on tickets; null for nobody." example:"wang"`
	}
}

func (s *Server) apiAssign(ctx context.Context, c echo.Context, in *assigneeInput) (*ticketOutput, error) {
	login := ""
	if in.Body.Login != nil {
		login = strings.ToLower(strings.TrimSpace(*in.Body.Login))
	}
	if login != "" {
		a, err := s.cfg.People.Agent(ctx, login)
		switch {
		case err != nil && !errors.Is(err, tickets.NotFound):
			return nil, err
		case err != nil || a.DisabledAt != nil || !a.Role.May(agents.WorkTickets):
			return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Nobody with this login works on tickets."}
		}
	}
	return s.changed(ctx, c, in.Number, tickets.Terms{Versions: in.versions()}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Take(ctx, id, who(c).actor(), login)
	})
}

// changed makes a change to the ticket of the path and answers it.
func (s *Server) changed(ctx context.Context, c echo.Context, number string, terms tickets.Terms, f change) (*ticketOutput, error) {
	t, err := s.make(number, terms, f)
	if err != nil {
		return nil, err
	}
	return s.answered(ctx, c, t)
}

// change is one of the desk's, made to a ticket.
type change func(d *tickets.Desk, id int64) (tickets.Ticket, error)

// make makes a change to the ticket of a path, under the terms that the request states.
func (s *Server) make(number string, terms tickets.Terms, f change) (tickets.Ticket, error) {
	id, err := tickets.ParseNumber(number)
	if err != nil {
		return tickets.Ticket{}, err
	}
	terms.Note = strings.TrimSpace(terms.Note)
	return f(s.desk.Under(terms), id)
}

type statusInput struct {
	TicketPath
	IfMatch
	Body struct {
		Status string `json:"status" enum:"open,pending,on_hold,solved,closed" example:"on_hold"`
		Reason string `json:"reason" required:"false" maxLength:"2000" doc:"Why, in words; kept as a note."`
	}
}

func (s *Server) apiMove(ctx context.Context, c echo.Context, in *statusInput) (*ticketOutput, error) {
	return s.changed(ctx, c, in.Number, tickets.Terms{Versions: in.versions(), Note: in.Body.Reason}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Move(ctx, id, who(c).actor(), tickets.Status(in.Body.Status))
	})
}

// statedFacts are facts to be corrected.
type statedFacts struct {
	Account       optional[string] `json:"account" required:"false" maxLength:"200"`
	Phone         optional[string] `json:"phone" required:"false" maxLength:"40"`
	Email         optional[string] `json:"email" required:"false" maxLength:"254"`
	OrderNo       optional[string] `json:"order_no" required:"false" maxLength:"100"`
	PaymentMethod optional[string] `json:"payment_method" required:"false" maxLength:"20" doc:"wechat, alipay or bank_card."`
	AmountFen     optional[int64]  `json:"amount_fen" required:"false" minimum:"0"`
	Period        optional[string] `json:"period" required:"false" maxLength:"20" doc:"month, quarter or year."`
	NationalID    optional[string] `json:"national_id" required:"false" maxLength:"40" doc:"Kept masked."`
	Reason        optional[string] `json:"reason" required:"false" maxLength:"40"`
	ChannelTxnID  optional[string] `json:"channel_txn_id" required:"false" maxLength:"100"`
	ChargedAt     optional[string] `json:"charged_at" required:"false" maxLength:"20" doc:"YYYY-MM-DD, or MM-DD."`
	CardTail      optional[string] `json:"card_tail" required:"false" maxLength:"4"`
}

// apply changes the facts that are given.
func (s statedFacts) apply(f *intent.Facts) {
	s.Account.into(&f.Account)
	s.Phone.into(&f.Phone)
	s.Email.into(&f.Email)
	s.OrderNo.into(&f.OrderNo)
	s.PaymentMethod.into(&f.PaymentMethod)
	s.AmountFen.into(&f.AmountFen)
	s.Period.into(&f.Period)
	s.NationalID.into(&f.NationalID)
	s.Reason.into(&f.Reason)
	s.ChannelTxnID.into(&f.ChannelTxnID)
	s.ChargedAt.into(&f.ChargedAt)
	s.CardTail.into(&f.CardTail)
	f.Email = strings.ToLower(f.Email)
}

type intentInput struct {
	TicketPath
	IfMatch
	Body struct {
		Intent  string       `json:"intent" required:"false" enum:"stop_auto_renew,cancel_and_refund,refund_mistaken_charge,asset_disposal,entry_complaint,status_inquiry,clarify,not_cancellation" doc:"What it is about first of all; left out, only facts are corrected."`
		Intents []string     `json:"intents" required:"false" nullable:"false" maxItems:"8" doc:"All it is about; left out, the others that were found stay."`
		Facts   *statedFacts `json:"facts,omitempty" doc:"Those that are left out stay; null clears one."`
	}
}

// Resolve checks what the schema can't say.
func (in *intentInput) Resolve(huma.Context) []error {
	var wrong []error
	for _, x := range in.Body.Intents {
		if !isIntent(x) {
			wrong = append(wrong, &huma.ErrorDetail{Message: "is no intent", Location: "body.intents", Value: x})
		}
	}
	if in.Body.Intent == "" && len(in.Body.Intents) == 0 && in.Body.Facts == nil {
		wrong = append(wrong, &huma.ErrorDetail{Message: "intent, intents or facts are needed", Location: "body"})
	}
	return wrong
}

func (s *Server) apiCorrect(ctx context.Context, c echo.Context, in *intentInput) (*ticketOutput, error) {
	correction := tickets.Correction{Intent: intent.Intent(in.Body.Intent)}
	for _, x := range in.Body.Intents {
		correction.Intents = append(correction.Intents, intent.Intent(x))
	}
	if correction.Intent == "" && len(correction.Intents) > 0 {
		correction.Intent = correction.Intents[0]
	}
	if in.Body.Facts != nil {
		correction.Restate = in.Body.Facts.apply
	}
	return s.changed(ctx, c, in.Number, tickets.Terms{Versions: in.versions()}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Restate(ctx, id, who(c).actor(), correction)
	})
}

func isIntent(s string) bool {
	for _, known := range intents() {
		if string(known) == s {
			return true
		}
	}
	return false
}

type relinkInput struct {
	TicketPath
	IfMatch
	Body struct {
		AccountNo string `json:"account_no" minLength:"1" maxLength:"200" example:"A-1001"`
		Reason    string `json:"reason" required:"false" maxLength:"2000" doc:"Why, in words; kept as a note."`
	}
}

func (s *Server) apiRelink(ctx context.Context, c echo.Context, in *relinkInput) (*ticketOutput, error) {
	if _, err := s.numbered(ctx, in.Number); err != nil {
		return nil, err
	}
	no := strings.TrimSpace(in.Body.AccountNo)
	if err := s.lookUpAccount(ctx, no); err != nil {
		return nil, err
	}
	terms := tickets.Terms{Versions: in.versions(), Note: in.Body.Reason}
	return s.changed(ctx, c, in.Number, terms, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		t, err := d.Relink(ctx, id, who(c).actor(), no, nil)
		return t, accountMissing(err)
	})
}

type subscriptionInput struct {
	TicketPath
	IfMatch
	Body struct {
		SubscriptionIDs []string `json:"subscription_ids" nullable:"false" minItems:"1" maxItems:"100"`
	}
}

func (s *Server) apiSubscriptions(ctx context.Context, c echo.Context, in *subscriptionInput) (*ticketOutput, error) {
	t, err := s.numbered(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	if t.AccountNo == "" {
		return nil, &tickets.Error{Kind: tickets.Conflict, Msg: "Say first whose case it is."}
	}
	if err := s.lookUpAccount(ctx, t.AccountNo); err != nil {
		return nil, err
	}
	return s.changed(ctx, c, in.Number, tickets.Terms{Versions: in.versions()}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Relink(ctx, id, who(c).actor(), t.AccountNo, in.Body.SubscriptionIDs)
	})
}
