package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// runRoutes carry a case through its steps.
func (s *Server) runRoutes() []route {
	writes := either(agents.WorkTickets, "tickets:write")
	return []route{
		{http.MethodPost, "/v1/tickets/:number/resolve", nil, writes},
		{http.MethodPost, "/v1/tickets/:number/steps/:step", nil, writes},
		{http.MethodPost, "/v1/tickets/:number/steps/:step/skip", nil, writes},
		{http.MethodPost, "/v1/tickets/:number/withdraw", nil, writes},
	}
}

// runOperations describes them.
func (s *Server) runOperations(api huma.API) {
	post := func(id, path, summary, description string, errors ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: "/v1/tickets/{number}/" + path, Summary: summary,
			Description: description + " The steps are carried out by themselves after the answer: read the ticket for how far they came. Scope tickets:write.",
			Errors:      append([]int{400, 401, 403, 404, 409, 412, 422}, errors...), Security: bearerAuth(), Tags: []string{"tickets"},
		}
	}
	add(s, api, post("resolve-ticket", "resolve", "Run all steps that are due",
		"Asked for twice, the same run goes on. Where there is a choice and none was made, 409 with the code needs_choice and the choices (a key that reads neither tickets nor accounts is told only that there is one); 409 as well while the customer may have taken the request back; 412 where quote_hash is not the quote's any more."), s.apiResolve)
	add(s, api, post("run-step", "steps/{step}", "Run one step",
		"What the desk proposed goes ahead, what called for a person is tried again, what waits for the other side is asked after."), s.apiStep)
	add(s, api, post("skip-step", "steps/{step}/skip", "Leave one step out",
		"quote, refund, assets or notify, where it waits for a person. Who asks, whether debits end and the proof are never skipped by hand."), s.apiSkip)
	add(s, api, post("withdraw-ticket", "withdraw", "Take the request back",
		"Before anything was done outside it ends the case and lets go what is held back. After that 409, and detail says how to sign up again."), s.apiWithdraw)
}

type resolveInput struct {
	TicketPath
	IfMatch
	Body *resolveBody `required:"false"`
}

type resolveBody struct {
	Mode            string   `json:"mode" required:"false" enum:"period_end,now" doc:"now ends access at once against money back, with the customer's acceptance."`
	SubscriptionIDs []string `json:"subscription_ids" required:"false" nullable:"false" maxItems:"100"`
	QuoteHash       string   `json:"quote_hash" required:"false" maxLength:"128" doc:"Of the quote you looked at."`
	Despite         bool     `json:"despite_withdrawal" required:"false" doc:"You read what the customer wrote, and the case goes on although he may have taken the request back."`
}

type runOutput struct {
	ETag string `header:"ETag" doc:"The ticket's version, for If-Match."`
	Body apiRun
}

func (s *Server) apiResolve(ctx context.Context, c echo.Context, in *resolveInput) (*runOutput, error) {
	body := resolveBody{}
	if in.Body != nil {
		body = *in.Body
	}
	return s.ran(ctx, in.Number, tickets.Terms{Versions: in.versions()}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Resolve(ctx, id, who(c).actor(), tickets.Chosen{
			Mode: account.Mode(body.Mode), SubscriptionIDs: body.SubscriptionIDs, QuoteHash: body.QuoteHash, DespiteWithdrawal: body.Despite,
		})
	})
}

// ran makes a change to the ticket of the path and answers its run.
func (s *Server) ran(ctx context.Context, number string, terms tickets.Terms, f change) (*runOutput, error) {
	t, err := s.make(number, terms, f)
	if err != nil {
		return nil, err
	}
	run, steps, err := s.desk.Reader().LatestRun(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	return &runOutput{ETag: etag(t), Body: s.runOut(run, ordered(steps))}, nil
}

// StepPath is a step of a ticket's run in an operation's path.
type StepPath struct {
	TicketPath
	IfMatch
	Step string `path:"step" enum:"identify,verify,cancel,quote,refund,assets,evidence,notify"`
}

func (s *Server) apiStep(ctx context.Context, c echo.Context, in *StepPath) (*runOutput, error) {
	return s.ran(ctx, in.Number, tickets.Terms{Versions: in.versions()}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.RunStep(ctx, id, who(c).actor(), tickets.StepName(in.Step))
	})
}

type reasonBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why, in words."`
}

type skipInput struct {
	StepPath
	Body reasonBody
}

func (s *Server) apiSkip(ctx context.Context, c echo.Context, in *skipInput) (*runOutput, error) {
	return s.ran(ctx, in.Number, tickets.Terms{Versions: in.versions()}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Skip(ctx, id, who(c).actor(), tickets.StepName(in.Step), in.Body.Reason)
	})
}

type withdrawInput struct {
	TicketPath
	IfMatch
	Body reasonBody
}

func (s *Server) apiWithdraw(ctx context.Context, c echo.Context, in *withdrawInput) (*runOutput, error) {
	terms := tickets.Terms{Versions: in.versions(), Note: in.Body.Reason}
	return s.ran(ctx, in.Number, terms, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Withdraw(ctx, id, who(c).actor())
	})
}
