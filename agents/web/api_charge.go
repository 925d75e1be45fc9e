package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// chargeRoutes take in the platform's charges.
func (s *Server) chargeRoutes() []route {
	return []route{
		{http.MethodPost, "/v1/charges", nil, machine("charges:write")},
		{http.MethodPost, "/v1/charges/watermark", nil, machine("charges:write")},
	}
}

// mostCharges is how many charges one request may tell of, and chargesBytes how many bytes.
const (
	mostCharges  = 1000
	chargesBytes = 1 << 20
)

// chargeOperations describes them.
func (s *Server) chargeOperations(api huma.API) {
	add(s, api, huma.Operation{
		OperationID: "post-charges", Method: http.MethodPost, Path: "/v1/charges", Summary: "Tell the desk of charges",
		Description: "One charge, or an array of at most 1,000 answered row by row: a row that can't be taken in keeps no other out. The same id again is 200, with other data 409. " +
			"A charge for a subscription that the desk has stopped opens one guard ticket. Scope charges:write.",
		Errors: []int{400, 401, 403, 404, 409, 413, 422}, Security: bearerAuth(), Tags: []string{"accounts"},
		DefaultStatus: http.StatusCreated, MaxBodyBytes: chargesBytes,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
			OneOf: []*huma.Schema{
				huma.SchemaFromType(api.OpenAPI().Components.Schemas, reflect.TypeFor[chargeBody]()),
				{Type: huma.TypeArray, Items: huma.SchemaFromType(api.OpenAPI().Components.Schemas, reflect.TypeFor[chargeBody]()), MaxItems: new(mostCharges)},
			},
		}}}},
		SkipValidateBody: true, // row by row, so that a bad one keeps no other out
	}, s.apiCharges)
	add(s, api, huma.Operation{
		OperationID: "post-watermark", Method: http.MethodPost, Path: "/v1/charges/watermark", Summary: "Say how far charges are complete",
		Description: "A source has told of every charge up to an instant. It never goes back. Scope charges:write.",
		Errors:      []int{400, 401, 403, 422}, Security: bearerAuth(), Tags: []string{"accounts"},
	}, s.apiWatermark)
}

type chargeBody struct {
	ID             string    `json:"id" minLength:"1" maxLength:"200"`
	AccountNo      string    `json:"account_no" required:"false" maxLength:"200" doc:"Needed, except within an account."`
	SubscriptionID string    `json:"subscription_id" required:"false" maxLength:"200"`
	AgreementID    string    `json:"agreement_id" required:"false" maxLength:"200"`
	AmountFen      int64     `json:"amount_fen" minimum:"0"`
	Currency       string    `json:"currency" required:"false" maxLength:"3" doc:"CNY where left out."`
	ChargedAt      time.Time `json:"charged_at"`
	PeriodStart    string    `json:"period_start" required:"false" format:"date"`
	PeriodEnd      string    `json:"period_end" required:"false" format:"date" doc:"Exclusive."`
	Channel        string    `json:"channel" enum:"wechat,alipay,ledger,platform,external"`
	Merchant       string    `json:"merchant" required:"false" maxLength:"200"`
	ChannelTxnID   string    `json:"channel_txn_id" required:"false" maxLength:"200"`
	OrderNo        string    `json:"order_no" required:"false" maxLength:"200"`
	Payer          string    `json:"payer" required:"false" maxLength:"200"`
	RefundedFen    int64     `json:"refunded_fen" required:"false" minimum:"0"`
	ConsumedFen    int64     `json:"consumed_fen" required:"false" minimum:"0"`
	State          string    `json:"state" required:"false" enum:"paid,pending,failed" doc:"paid where left out."`
}

type chargesInput struct {
	RawBody []byte
}

// ChargeRow is what became of one charge. It is exported because huma describes no embedded type that is
// not.
type ChargeRow struct {
	ID     string `json:"id"`
	Status int    `json:"status" doc:"201 new, 200 known, or that of the problem."`
	Code   string `json:"code,omitempty" doc:"Stable code of the problem."`
	Detail string `json:"detail,omitempty"`
	Guard  string `json:"guard,omitempty" doc:"Number of the ticket that was opened, because the charge should not be."`
}

type chargesOutput struct {
	Status int
	Body   chargeAnswer
}

// chargeAnswer is one row, or items where an array was sent.
type chargeAnswer struct {
	ChargeRow
	Items []ChargeRow `json:"items,omitempty" nullable:"false" doc:"Where an array was sent: a row for each, in its order."`
}

// MarshalJSON leaves the one row's members out where an array was sent.
func (a chargeAnswer) MarshalJSON() ([]byte, error) {
	if a.Items == nil {
		return json.Marshal(a.ChargeRow)
	}
	return json.Marshal(map[string]any{"items": a.Items})
}

func (s *Server) apiCharges(ctx context.Context, _ echo.Context, in *chargesInput) (*chargesOutput, error) {
	var rows []json.RawMessage
	several := bytes.HasPrefix(bytes.TrimLeft(in.RawBody, " \t\r\n"), []byte("["))
	switch {
	case !json.Valid(in.RawBody):
		return nil, &problem{Status: http.StatusBadRequest, Code: codeOf(http.StatusBadRequest), Title: http.StatusText(http.StatusBadRequest), Detail: "The body is not JSON."}
	case !several:
		rows = []json.RawMessage{in.RawBody}
	default:
		if err := json.Unmarshal(in.RawBody, &rows); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 || len(rows) > mostCharges {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "An array of charges has from 1 to 1,000."}
	}
	items, err := s.putCharges(ctx, rows)
	if err != nil {
		return nil, err
	}
	if several {
		return &chargesOutput{Status: http.StatusCreated, Body: chargeAnswer{Items: items}}, nil
	}
	if one := items[0]; one.Status >= http.StatusBadRequest {
		p := &problem{Status: one.Status, Code: one.Code, Title: http.StatusText(one.Status), Detail: one.Detail}
		if one.Status == http.StatusUnprocessableEntity {
			p.Errors = []problemDetail{{Message: one.Detail, Location: "body"}}
		}
		return nil, p
	}
	return &chargesOutput{Status: items[0].Status, Body: chargeAnswer{ChargeRow: items[0]}}, nil
}

// putCharges takes in the rows that can be and says of each what became of it.
func (s *Server) putCharges(ctx context.Context, rows []json.RawMessage) ([]ChargeRow, error) {
	items := make([]ChargeRow, len(rows))
	var good []account.Charge
	var at []int // where among the rows the good ones are
	for i, row := range rows {
		c, err := account.DecodeCharge(row)
		if err != nil {
			var named struct {
				ID string `json:"id"`
			}
			_ = json.Unmarshal(row, &named) // what it is called, if it is that much of a charge
			items[i] = ChargeRow{ID: named.ID, Status: http.StatusUnprocessableEntity, Code: string(tickets.Invalid), Detail: err.Error()}
			continue
		}
		good, at = append(good, c), append(at, i)
	}
	if len(good) == 0 {
		return items, nil
	}
	taken, err := s.cfg.Accounts.PutCharges(ctx, good)
	if err != nil {
		return nil, err
	}
	for k, x := range taken {
		row := ChargeRow{ID: x.ID, Status: http.StatusOK, Guard: x.Guard}
		var wrong *tickets.Error
		switch {
		case errors.As(x.Err, &wrong):
			row.Status, row.Code, row.Detail = statusOf(wrong.Kind), string(wrong.Kind), wrong.Msg
		case x.Created:
			row.Status = http.StatusCreated
		}
		items[at[k]] = row
	}
	return items, nil
}

type watermarkInput struct {
	Body apiWatermark
}

type watermarkOutput struct {
	Body apiWatermark
}

type apiWatermark struct {
	Source          string    `json:"source" minLength:"1" maxLength:"100" example:"billing"`
	CompleteThrough time.Time `json:"complete_through"`
}

func (s *Server) apiWatermark(ctx context.Context, _ echo.Context, in *watermarkInput) (*watermarkOutput, error) {
	if in.Body.CompleteThrough.After(s.cfg.Now()) {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Charges of the future can't be complete yet."}
	}
	through, err := s.cfg.Accounts.PutWatermark(ctx, in.Body.Source, in.Body.CompleteThrough)
	if err != nil {
		return nil, err
	}
	return &watermarkOutput{Body: apiWatermark{Source: in.Body.Source, CompleteThrough: s.stamp(through)}}, nil
}
