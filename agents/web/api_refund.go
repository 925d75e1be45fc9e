package web

import (
	"context"
	"hash/fnv"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// refundRoutes list and decide refunds.
func (s *Server) refundRoutes() []route {
	return []route{
		{http.MethodGet, "/v1/refunds", nil, either(agents.ReadTickets, "refunds:read")},
		{http.MethodPost, "/v1/refunds/:id/approve", nil, person(agents.ApproveRefunds)},
		{http.MethodPost, "/v1/refunds/:id/reject", nil, person(agents.ApproveRefunds)},
	}
}

// refundOperations describes them.
func (s *Server) refundOperations(api huma.API) {
	add(s, api, huma.Operation{
		OperationID: "list-refunds", Method: http.MethodGet, Path: "/v1/refunds", Summary: "List refunds",
		Description: "Those that this desk proposed, newest first. Scope refunds:read.",
		Errors:      []int{401, 403, 422}, Security: bearerAuth(), Tags: []string{"refunds"},
	}, s.apiRefunds)
	decide := func(id, verb, summary string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: "/v1/refunds/{id}/" + verb, Summary: summary,
			Description: "A logged-in person with the password, never a key: any agent up to automation.approval_above_fen for what the desk proposed; " +
				"above it, and for what a person proposed, a supervisor who is not the proposer and not involved. 409 where it was decided already or its sum has changed, 412 where quote_hash is not the refund's.",
			Errors: []int{400, 401, 403, 404, 409, 412, 422, 429, 503}, Security: bearerAuth(), Tags: []string{"refunds"},
		}
	}
	add(s, api, decide("approve-refund", "approve", "Release a proposed refund"), s.apiApprove)
	add(s, api, decide("reject-refund", "reject", "Turn a proposed refund down"), s.apiReject)
}

type apiRefund struct {
	ID        string     `json:"id"`
	Ticket    string     `json:"ticket" example:"CD-000123"`
	AccountNo string     `json:"account_no"`
	ChargeID  string     `json:"charge_id"`
	AmountFen int64      `json:"amount_fen"`
	State     string     `json:"state" enum:"proposed,approved,submitted,processing,succeeded,closed,abnormal,unknown,rejected"`
	OwnFault  bool       `json:"own_fault" doc:"Our own record alone grounds it: a cycle after the stop, or one charged twice."`
	Reason    string     `json:"reason"`
	QuoteHash string     `json:"quote_hash"`
	Proposer  string     `json:"proposer" doc:"desk, agent:LOGIN or key:ID."`
	Approver  string     `json:"approver"`
	Involved  []string   `json:"involved" nullable:"false" doc:"Those on whose word it rests: who wrote down the yes, entered what proved the customer, or wrote the case down."`
	Superior  bool       `json:"needs_supervisor" doc:"Whatever the sum, a supervisor has to release it who is not involved."`
	At        time.Time  `json:"at"`
	DecidedAt *time.Time `json:"decided_at"`
	DoneAt    *time.Time `json:"done_at"`
	Detail    string     `json:"detail"`
}

type refundsInput struct {
	State    string `query:"state" enum:"proposed,approved,submitted,processing,succeeded,closed,abnormal,unknown,rejected"`
	Approver string `query:"approver" maxLength:"80" doc:"Who decided: a login, agent:LOGIN, or desk for what the rules released."`
	After    string `query:"after" doc:"next_cursor of the page before."`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type refundsOutput struct {
	Body struct {
		Items      []apiRefund `json:"items" nullable:"false"`
		NextCursor string      `json:"next_cursor"`
	}
}

func (s *Server) apiRefunds(ctx context.Context, _ echo.Context, in *refundsInput) (*refundsOutput, error) {
	approver := in.Approver
	if approver != "" && approver != string(tickets.DeskActor) && !strings.Contains(approver, ":") {
		approver = string(tickets.AgentActor(approver))
	}
	list, next, err := s.desk.Reader().RefundList(ctx, tickets.RefundFilter{
		State: account.RefundState(in.State), Approver: approver, After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := refundsOutput{}
	out.Body.Items, out.Body.NextCursor = make([]apiRefund, 0, len(list)), next
	for _, r := range list {
		out.Body.Items = append(out.Body.Items, s.refundOut(r))
	}
	return &out, nil
}

func (s *Server) refundOut(r account.Refund) apiRefund {
	return apiRefund{
		ID: r.ID, Ticket: tickets.Number(r.TicketID), AccountNo: r.AccountNo, ChargeID: r.ChargeID, AmountFen: r.AmountFen,
		State: string(r.State), OwnFault: r.OwnFault, Reason: r.Reason, QuoteHash: r.QuoteHash, Proposer: r.Proposer, Approver: r.Approver,
		Involved: strings.FieldsFunc(r.Involved, func(c rune) bool { return c == ',' }), Superior: r.Supervised,
		At: s.stamp(r.At), DecidedAt: s.stampOr(r.DecidedAt), DoneAt: s.stampOr(r.DoneAt), Detail: r.Detail,
	}
}

type approveInput struct {
	ID   string `path:"id"`
	Body struct {
		Note      string `json:"note" required:"false" maxLength:"2000" doc:"Kept as a note for colleagues."`
		QuoteHash string `json:"quote_hash" minLength:"1" maxLength:"128" doc:"Of the quote you looked at."`
		Password  string `json:"password" minLength:"1" maxLength:"256" doc:"Your own."`
	}
}

type rejectInput struct {
	ID   string `path:"id"`
	Body struct {
		Note      string `json:"note" minLength:"1" maxLength:"2000" doc:"Why: the customer is told."`
		QuoteHash string `json:"quote_hash" minLength:"1" maxLength:"128" doc:"Of the quote you looked at."`
		Password  string `json:"password" minLength:"1" maxLength:"256" doc:"Your own."`
	}
}

type refundOutput struct {
	Body apiRefund
}

func (s *Server) apiApprove(ctx context.Context, c echo.Context, in *approveInput) (*refundOutput, error) {
	return s.decided(ctx, c, in.ID, in.Body.Password, func(by caller) (account.Refund, error) {
		if err := s.lookUpRefunded(ctx, in.ID); err != nil {
			return account.Refund{}, err
		}
		desk := s.desk.Under(tickets.Terms{Note: strings.TrimSpace(in.Body.Note)})
		return desk.Approve(ctx, in.ID, by.actor(), in.Body.QuoteHash, by.agent.Role.May(agents.ApproveLarge))
	})
}

func (s *Server) apiReject(ctx context.Context, c echo.Context, in *rejectInput) (*refundOutput, error) {
	return s.decided(ctx, c, in.ID, in.Body.Password, func(by caller) (account.Refund, error) {
		return s.desk.Reject(ctx, in.ID, by.actor(), in.Body.QuoteHash, strings.TrimSpace(in.Body.Note), by.agent.Role.May(agents.ApproveLarge))
	})
}

// decided lets one person at a time decide about a refund, after the password. Whoever comes after the
// decision is told of it and spends no try of a password.
func (s *Server) decided(ctx context.Context, c echo.Context, id, password string, decide func(by caller) (account.Refund, error)) (*refundOutput, error) {
	h := fnv.New32a()
	h.Write([]byte(id))
	turn := &s.deciding[h.Sum32()%uint32(len(s.deciding))]
	turn.Lock()
	defer turn.Unlock()
	if _, err := s.desk.Undecided(ctx, id); err != nil {
		return nil, err
	}
	by := who(c)
	if err := s.door.Confirm(ctx, by.agent.Login, password, s.cfg.Now()); err != nil {
		return nil, err
	}
	r, err := decide(by)
	if err != nil {
		return nil, err
	}
	return &refundOutput{Body: s.refundOut(r)}, nil
}
