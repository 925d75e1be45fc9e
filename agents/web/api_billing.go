package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// billingRoutes are what a biller asks that can't be called, or that asks before it debits. They are
// for machines only.
func (s *Server) billingRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/v1/stops", nil, access{scope: "billing:read"}},
		{post, "/v1/stops/:id/applied", nil, access{scope: "billing:write"}},
		{get, "/v1/subscriptions/:id/debit", nil, access{scope: "billing:read"}},
	}
}

// billingOperations registers them.
func (s *Server) billingOperations(api huma.API) {
	add(s, api, huma.Operation{
		OperationID: "list-stops", Method: http.MethodGet, Path: "/v1/stops", Summary: "What a biller that pulls has to apply",
		Description: "Oldest first, applied ones too. Ask again with after set to next_cursor, or to the last id where that is empty. Scope billing:read.",
		Errors:      []int{401, 403, 422}, Security: bearerAuth(),
	}, s.apiStops)
	add(s, api, huma.Operation{
		OperationID: "stop-applied", Method: http.MethodPost, Path: "/v1/stops/{id}/applied", Summary: "Say that one was applied",
		Description: "From then on the desk tells the customer that it is so. Saying it twice changes nothing. Scope billing:write.",
		Errors:      []int{401, 403, 404, 422}, Security: bearerAuth(),
	}, s.apiStopApplied)
	add(s, api, huma.Operation{
		OperationID: "may-debit", Method: http.MethodGet, Path: "/v1/subscriptions/{id}/debit", Summary: "Whether a subscription may be debited now",
		Description: "Not where it was stopped, is being stopped or held, or where nothing permits a debit. Scope billing:read.",
		Errors:      []int{401, 403, 404, 503}, Security: bearerAuth(),
	}, s.apiDebit)
}

type apiStop struct {
	ID             int64      `json:"id"`
	Kind           string     `json:"kind" enum:"hold,release,stop"`
	SubscriptionID string     `json:"subscription_id"`
	Mode           string     `json:"mode" enum:",period_end,now" doc:"Of a stop: now also ends access."`
	Until          *time.Time `json:"until" doc:"Of a hold."`
	At             time.Time  `json:"at"`
	AppliedAt      *time.Time `json:"applied_at"`
}

type stopsInput struct {
	After int64 `query:"after" minimum:"0" doc:"Only those with a higher id."`
	Limit int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type stopsOutput struct {
	Body struct {
		Items      []apiStop `json:"items"`
		NextCursor string    `json:"next_cursor"`
	}
}

func (s *Server) apiStops(ctx context.Context, _ echo.Context, in *stopsInput) (*stopsOutput, error) {
	list, err := s.desk.StopOrders(ctx, in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := stopsOutput{}
	out.Body.Items = make([]apiStop, 0, len(list))
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.NextCursor = strconv.FormatInt(list[len(list)-1].ID, 10)
	}
	for _, o := range list {
		out.Body.Items = append(out.Body.Items, s.stopOut(o))
	}
	return &out, nil
}

func (s *Server) stopOut(o account.StopOrder) apiStop {
	return apiStop{
		ID: o.ID, Kind: string(o.Kind), SubscriptionID: o.SubscriptionID, Mode: string(o.Mode),
		Until: s.stampOr(o.Until), At: s.stamp(o.At), AppliedAt: s.stampOr(o.AppliedAt),
	}
}

type stopAppliedInput struct {
	ID   int64 `path:"id"`
	Body *struct {
		At *time.Time `json:"at,omitempty" doc:"When it was applied; now where it is left out."`
	} `required:"false"`
}

type stopAppliedOutput struct{ Body apiStop }

func (s *Server) apiStopApplied(ctx context.Context, c echo.Context, in *stopAppliedInput) (*stopAppliedOutput, error) {
	var at *time.Time
	if in.Body != nil {
		at = in.Body.At
	}
	o, err := s.desk.StopApplied(ctx, in.ID, tickets.Actor("key:"+strconv.FormatInt(who(c).key.ID, 10)), at)
	if err != nil {
		return nil, err
	}
	return &stopAppliedOutput{Body: s.stopOut(o)}, nil
}

type debitInput struct {
	ID string `path:"id" maxLength:"200"`
}

type debitOutput struct {
	Body struct {
		Allowed bool       `json:"allowed"`
		Reason  string     `json:"reason" enum:",not_known,stopped,stopping,stop_requested,held,not_renewing,agreement_ended" doc:"Why not. Empty where it is allowed; not_known where it is because the desk has never heard of the subscription."`
		Until   *time.Time `json:"until" doc:"How long it is held."`
	}
}

func (s *Server) apiDebit(ctx context.Context, _ echo.Context, in *debitInput) (*debitOutput, error) {
	out := debitOutput{}
	d, err := s.desk.Debit(ctx, in.ID)
	if errors.Is(err, tickets.NotFound) && s.cfg.Directory != nil {
		// Accounts are known to the desk only once somebody asked for one of them, so nobody has.
		out.Body.Allowed, out.Body.Reason = true, "not_known"
		return &out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Body.Allowed, out.Body.Reason, out.Body.Until = d.Allowed, string(d.Reason), s.stampOr(d.Until)
	return &out, nil
}
