package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// accountRoutes take in and show the platform's accounts.
func (s *Server) accountRoutes() []route {
	reads := either(agents.ReadTickets, "accounts:read")
	return []route{
		{http.MethodGet, "/v1/accounts", nil, reads},
		{http.MethodGet, "/v1/accounts/:account_no", nil, reads},
		{http.MethodPut, "/v1/accounts/:account_no", nil, machine("accounts:write")},
	}
}

// accountOperations describes them.
func (s *Server) accountOperations(api huma.API) {
	add(s, api, huma.Operation{
		OperationID: "find-accounts", Method: http.MethodGet, Path: "/v1/accounts", Summary: "Find accounts",
		Description: "Candidates, masked: those that every value given points at. Where the platform keeps the accounts it is asked; 503 where it can't be. Scope accounts:read.",
		Errors:      []int{401, 403, 422, 503}, Security: bearerAuth(), Tags: []string{"accounts"},
	}, s.apiAccounts)
	add(s, api, huma.Operation{
		OperationID: "get-account", Method: http.MethodGet, Path: "/v1/accounts/{account_no}", Summary: "One account",
		Description: "Where the platform keeps the accounts it is asked; 503 where it can't be. Scope accounts:read.", Errors: []int{401, 403, 404, 503}, Security: bearerAuth(), Tags: []string{"accounts"},
	}, s.apiAccount)
	add(s, api, huma.Operation{
		OperationID: "put-account", Method: http.MethodPut, Path: "/v1/accounts/{account_no}", Summary: "Tell the desk of an account",
		Description: "Merged by id: what is left out stays, null clears, nothing is deleted. An active agreement that names no subscription can bill all. " +
			"What the desk ended, refunded or holds stays so, whatever a late sync says. Scope accounts:write.",
		Errors: []int{400, 401, 403, 409, 413, 422}, Security: bearerAuth(), Tags: []string{"accounts"},
		Responses: map[string]*huma.Response{"201": {Description: "The account is new"}},
	}, s.apiPutAccount)
}

// accountBody is the body of a sync. It describes the document; account.DecodeSync reads it, because
// what is left out, null and given are three things there.
type accountBody struct {
	AccountNo        string                `json:"account_no" required:"false" maxLength:"200" doc:"As in the path, if it is given."`
	Name             optional[string]      `json:"name" required:"false" maxLength:"200"`
	Phone            optional[string]      `json:"phone" required:"false" maxLength:"40"`
	Email            optional[string]      `json:"email" required:"false" maxLength:"254"`
	NationalID       optional[string]      `json:"national_id" required:"false" maxLength:"40" doc:"Kept as a keyed hash; masked in every answer."`
	Locale           optional[string]      `json:"locale" required:"false" maxLength:"20"`
	UpdatedAt        optional[time.Time]   `json:"updated_at" required:"false" doc:"A sync older than one that was taken in changes nothing."`
	ContactChangedAt optional[time.Time]   `json:"contact_changed_at" required:"false"`
	Subscriptions    []accountSubscription `json:"subscriptions" required:"false" nullable:"false" maxItems:"1000"`
	Agreements       []accountAgreement    `json:"agreements" required:"false" nullable:"false" maxItems:"1000"`
	Charges          []chargeBody          `json:"charges" required:"false" nullable:"false" maxItems:"5000"`
	Refunds          []accountRefund       `json:"refunds" required:"false" nullable:"false" maxItems:"5000" doc:"Made elsewhere; counted in every cap."`
	Assets           []accountAsset        `json:"assets" required:"false" nullable:"false" maxItems:"1000"`
}

type accountSubscription struct {
	ID                 string              `json:"id" minLength:"1" maxLength:"200"`
	Plan               optional[string]    `json:"plan" required:"false" maxLength:"200"`
	Period             optional[string]    `json:"period" required:"false" enum:"month,quarter,year"`
	PriceFen           optional[int64]     `json:"price_fen" required:"false" minimum:"0"`
	OpenedAt           optional[time.Time] `json:"opened_at" required:"false"`
	CurrentPeriodStart optional[string]    `json:"current_period_start" required:"false" format:"date"`
	CurrentPeriodEnd   optional[string]    `json:"current_period_end" required:"false" format:"date" doc:"Exclusive."`
	NextChargeAt       optional[time.Time] `json:"next_charge_at" required:"false"`
	AutoRenew          optional[bool]      `json:"auto_renew" required:"false"`
	Consent            *accountConsent     `json:"consent,omitempty"`
	Notices            []accountNotice     `json:"notices" required:"false" nullable:"false" maxItems:"1000"`
}

type accountConsent struct {
	Version string              `json:"version" maxLength:"200"`
	At      optional[time.Time] `json:"at" required:"false"`
}

type accountNotice struct {
	At        time.Time `json:"at"`
	Channel   string    `json:"channel" required:"false" maxLength:"40"`
	AmountFen int64     `json:"amount_fen" required:"false"`
	Delivered bool      `json:"delivered" required:"false"`
}

type accountAgreement struct {
	ID              string              `json:"id" minLength:"1" maxLength:"200"`
	Channel         optional[string]    `json:"channel" required:"false" enum:"wechat,alipay,ledger,platform,external"`
	Merchant        optional[string]    `json:"merchant" required:"false" maxLength:"200"`
	ChannelRef      optional[string]    `json:"channel_ref" required:"false" maxLength:"200"`
	Payer           optional[string]    `json:"payer" required:"false" maxLength:"200"`
	SignedAt        optional[time.Time] `json:"signed_at" required:"false"`
	State           optional[string]    `json:"state" required:"false" enum:"active,terminated" doc:"terminated counts as ended only after a query at the channel."`
	SubscriptionIDs []string            `json:"subscription_ids" required:"false" nullable:"false" maxItems:"1000" doc:"None: it can bill all."`
}

type accountRefund struct {
	ID        string    `json:"id" minLength:"1" maxLength:"200"`
	ChargeID  string    `json:"charge_id" minLength:"1" maxLength:"200"`
	AmountFen int64     `json:"amount_fen" minimum:"1"`
	At        time.Time `json:"at"`
}

type accountAsset struct {
	ID       string `json:"id" minLength:"1" maxLength:"200"`
	Kind     string `json:"kind" maxLength:"40"`
	Source   string `json:"source" enum:"paid,gift"`
	Quantity int64  `json:"quantity" required:"false" minimum:"0"`
	ValueFen int64  `json:"value_fen" required:"false" minimum:"0"`
	UsedFen  int64  `json:"used_fen" required:"false" minimum:"0"`
	Revealed bool   `json:"revealed" required:"false"`
}

// AccountPath is the account in an operation's path.
type AccountPath struct {
	AccountNo string `path:"account_no" maxLength:"200" example:"A-1001"`
}

type putAccountInput struct {
	AccountPath
	RawBody []byte
	Body    accountBody
}

type accountOutput struct {
	Status int
	Body   apiAccount
}

func (s *Server) apiPutAccount(ctx context.Context, _ echo.Context, in *putAccountInput) (*accountOutput, error) {
	sync, err := account.DecodeSyncOf(in.AccountNo, in.RawBody)
	if err != nil {
		return nil, wrongBody(err)
	}
	created, err := s.cfg.Accounts.PutAccount(ctx, sync)
	if err != nil {
		return nil, err
	}
	out, err := s.kept(ctx, in.AccountNo)
	if err == nil && created {
		out.Status = http.StatusCreated
	}
	return out, err
}

// wrongBody is a body that reads as JSON and says what can't be, with every wrong value.
func wrongBody(err error) error {
	p := &problem{
		Status: http.StatusUnprocessableEntity, Code: string(tickets.Invalid), Title: http.StatusText(http.StatusUnprocessableEntity),
		Detail: "validation failed",
	}
	for wrong := range strings.SplitSeq(err.Error(), "; ") {
		p.Errors = append(p.Errors, problemDetail{Message: wrong, Location: "body"})
	}
	return p
}

func (s *Server) apiAccount(ctx context.Context, _ echo.Context, in *AccountPath) (*accountOutput, error) {
	if err := s.lookUpAccount(ctx, in.AccountNo); err != nil {
		return nil, err
	}
	return s.kept(ctx, in.AccountNo)
}

// kept is an account as the desk's store has it.
func (s *Server) kept(ctx context.Context, no string) (*accountOutput, error) {
	snap, err := s.desk.Reader().Snapshot(ctx, no)
	if err != nil {
		return nil, err
	}
	return &accountOutput{Status: http.StatusOK, Body: s.accountOut(snap)}, nil
}

type accountsInput struct {
	Account      string `query:"account" maxLength:"200"`
	Phone        string `query:"phone" maxLength:"40"`
	Email        string `query:"email" maxLength:"254"`
	OrderNo      string `query:"order_no" maxLength:"200"`
	ChannelTxnID string `query:"channel_txn_id" maxLength:"200"`
}

type accountsOutput struct {
	Body struct {
		Items      []apiCandidate `json:"items" nullable:"false"`
		NextCursor string         `json:"next_cursor"`
	}
}

// mostCandidates bounds how many accounts one look-up tells of.
const mostCandidates = 50

func (s *Server) apiAccounts(ctx context.Context, _ echo.Context, in *accountsInput) (*accountsOutput, error) {
	var found []string
	asked := false
	for _, k := range []struct {
		by    tickets.AccountKey
		value string
	}{
		{tickets.ByAccount, in.Account},
		{tickets.ByPhone, in.Phone},
		{tickets.ByEmail, strings.ToLower(in.Email)},
		{tickets.ByOrderNo, in.OrderNo},
		{tickets.ByTxnID, in.ChannelTxnID},
	} {
		if k.value == "" {
			continue
		}
		list, err := s.findAccounts(ctx, k.by, strings.TrimSpace(k.value))
		if err != nil {
			return nil, err
		}
		if asked {
			list = common(found, list)
		}
		found, asked = list, true
	}
	if !asked {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Say what to look for: account, phone, email, order_no or channel_txn_id."}
	}
	out := &accountsOutput{}
	out.Body.Items = make([]apiCandidate, 0, len(found))
	for _, no := range found[:min(len(found), mostCandidates)] {
		snap, err := s.desk.Reader().Snapshot(ctx, no)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, candidateOut(snap))
	}
	return out, nil
}

// common are those of a that b has too.
func common(a, b []string) []string {
	var out []string
	for _, x := range a {
		for _, y := range b {
			if x == y {
				out = append(out, x)
			}
		}
	}
	return out
}
