package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// codeOperations are the JSON routes of codes.
func (s *Server) codeOperations(api huma.API) {
	add(s, api, huma.Operation{
		OperationID: "request-code", Method: http.MethodPost, Path: "/v1/tickets/{number}/verification", Summary: "Send a code to the account's own contact",
		Description: "Bound to the action, and for refund and assets to the quote. At most 5 an hour and 10 a day for an account. Scope tickets:write.",
		Errors:      []int{401, 403, 404, 409, 412, 422, 429}, Security: bearerAuth(),
	}, s.apiRequestCode)
	add(s, api, huma.Operation{
		OperationID: "enter-code", Method: http.MethodPost, Path: "/v1/verifications/{verification_id}", Summary: "Enter a code",
		Description: "Public. Whatever is wrong, the answer is the same. Sent with an agent's session or any key the code was read out, and counts for stopping only.",
		Errors:      []int{401, 422, 429}, DefaultStatus: http.StatusNoContent,
	}, s.apiEnterCode)
}

// codeRoutes are everything about codes that can be asked.
func (s *Server) codeRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{post, "/v1/tickets/:number/verification", nil, either(agents.WorkTickets, "tickets:write")},
		{post, "/v1/verifications/:verification_id", nil, public()},
		{get, "/v/:id", s.outside(s.codePage), public()},
		{post, "/v/:id", s.outside(s.enterCode), public()},
		{post, "/tickets/:number/code", s.form(s.sendCode), person(agents.WorkTickets)},
		{post, "/tickets/:number/code/read", s.form(s.readCode), person(agents.WorkTickets)},
		{post, "/tickets/:number/facts", s.form(s.checkFacts), person(agents.WorkTickets)},
	}
}

type requestCodeInput struct {
	Number string `path:"number" example:"CD-000123"`
	Body   struct {
		Action          string `json:"action" enum:"stop,show,refund,assets"`
		To              string `json:"to" enum:"phone,email" doc:"The account's contact as it is on file."`
		QuoteHash       string `json:"quote_hash,omitempty" maxLength:"128" doc:"For refund and assets: the newest quote."`
		TargetAccountNo string `json:"target_account_no,omitempty" maxLength:"128" doc:"For a transfer: whose contact gets the code. Not supported yet."`
	}
}

type requestCodeOutput struct {
	Body struct {
		VerificationID string    `json:"verification_id" doc:"Its page is /v/{verification_id}."`
		MaskedTo       string    `json:"masked_to" example:"138****1234"`
		ExpiresAt      time.Time `json:"expires_at"`
	}
}

func (s *Server) apiRequestCode(ctx context.Context, c echo.Context, in *requestCodeInput) (*requestCodeOutput, error) {
	t, err := s.numbered(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	if in.Body.TargetAccountNo != "" {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Codes to another account are not supported yet: leave target_account_no out."}
	}
	code, err := s.desk.RequestCode(ctx, t.ID, who(c).by(), tickets.CodeRequest{
		Action: tickets.Action(in.Body.Action), To: tickets.CodeWay(in.Body.To), QuoteHash: in.Body.QuoteHash,
	})
	if err != nil {
		return nil, err
	}
	var out requestCodeOutput
	out.Body.VerificationID, out.Body.MaskedTo, out.Body.ExpiresAt = code.PublicID, code.Masked(), s.stamp(code.ExpiresAt)
	return &out, nil
}

type enterCodeInput struct {
	ID   string `path:"verification_id" maxLength:"64"`
	Body struct {
		Code string `json:"code" maxLength:"64"`
	}
}

func (s *Server) apiEnterCode(ctx context.Context, c echo.Context, in *enterCodeInput) (*struct{}, error) {
	_, err := s.takeCode(ctx, c, in.ID, in.Body.Code)
	return &struct{}{}, err
}
