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

// quoteRoutes say what would happen, and record the yes to it.
func (s *Server) quoteRoutes() []route {
	return []route{
		{http.MethodGet, "/v1/tickets/:number/quote", nil, either(agents.ReadTickets, "tickets:read")},
		{http.MethodPost, "/v1/tickets/:number/quote/accept", nil, either(agents.WorkTickets, "tickets:write")},
	}
}

// quoteOperations describes them.
func (s *Server) quoteOperations(api huma.API) {
	add(s, api, huma.Operation{
		OperationID: "get-quote", Method: http.MethodGet, Path: "/v1/tickets/{number}/quote", Summary: "What ending it would do, to the fen",
		Description: "No side effect. Once refunds were proposed, the quote they were proposed by. 409 needs_choice where it is not clear which account or subscriptions are meant. Scope tickets:read.",
		Errors:      []int{401, 403, 404, 409, 422}, Security: bearerAuth(), Tags: []string{"tickets"},
	}, s.apiQuote)
	add(s, api, huma.Operation{
		OperationID: "accept-quote", Method: http.MethodPost, Path: "/v1/tickets/{number}/quote/accept", Summary: "Record the customer's yes to a quote",
		Description: "Needed before access is ended early or assets are given up. The case is carried out in the quote's mode. 412 where the quote does not hold any more. Scope tickets:write.",
		Errors:      []int{400, 401, 403, 404, 409, 412, 422}, Security: bearerAuth(), Tags: []string{"tickets"},
	}, s.apiAccept)
}

type apiQuote struct {
	Mode            string          `json:"mode" enum:"period_end,now" doc:"What it amounts to: period_end also where now was asked for and nothing would come back for it."`
	AsOf            string          `json:"as_of" format:"date" doc:"The local day of the request, which refunds count from."`
	RuleVersion     string          `json:"rule_version"`
	Hash            string          `json:"hash" doc:"Over all that decides the amounts."`
	ExpiresAt       time.Time       `json:"expires_at"`
	Currency        string          `json:"currency" example:"CNY"`
	RefundFen       int64           `json:"refund_fen"`
	LastDayOfUse    *string         `json:"last_day_of_use" format:"date" doc:"Inclusive; null where not known."`
	NextChargeAt    *time.Time      `json:"next_charge_at" doc:"The debit that no longer happens."`
	SubscriptionIDs []string        `json:"subscription_ids" nullable:"false"`
	Lines           []apiQuoteLine  `json:"lines" nullable:"false"`
	Assets          []apiQuoteAsset `json:"assets" nullable:"false"`
	NotKnown        []string        `json:"not_known" nullable:"false" doc:"What the account's record does not tell; counted as nothing."`
}

type apiQuoteLine struct {
	ChargeID       string `json:"charge_id"`
	SubscriptionID string `json:"subscription_id"`
	PaidFen        int64  `json:"paid_fen"`
	RefundedFen    int64  `json:"refunded_fen"`
	ConsumedFen    int64  `json:"consumed_fen"`
	Days           int    `json:"days"`
	UnusedDays     int    `json:"unused_days"`
	RefundFen      int64  `json:"refund_fen"`
	Ground         string `json:"ground" doc:"unused_time, paid_ahead (debited before the stop for a cycle that never began), on_its_way (sent before the stop, and named by the biller), charged_after_stop or charged_twice; empty where nothing comes back."`
	Arithmetic     string `json:"arithmetic" doc:"How it was counted, in the ticket's language."`
}

type apiQuoteAsset struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Source   string `json:"source" enum:"paid,gift"`
	Quantity int64  `json:"quantity"`
	ValueFen int64  `json:"value_fen"`
	UsedFen  int64  `json:"used_fen"`
	Outcome  string `json:"outcome"`
}

type quoteInput struct {
	TicketPath
	Mode            string   `query:"mode" enum:"period_end,now" doc:"Left out: the one the case is carried out in."`
	SubscriptionIDs []string `query:"subscription_ids" doc:"Separated by commas; left out: those the case is about."`
}

type quoteOutput struct {
	Body apiQuote
}

func (s *Server) apiQuote(ctx context.Context, _ echo.Context, in *quoteInput) (*quoteOutput, error) {
	t, err := s.numbered(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	q, err := s.desk.Quote(ctx, t.ID, account.Mode(in.Mode), in.SubscriptionIDs)
	if err != nil {
		return nil, err
	}
	return &quoteOutput{Body: s.quoteOut(q, t.Locale)}, nil
}

func (s *Server) quoteOut(q account.Quote, locale string) apiQuote {
	out := apiQuote{
		Mode: string(q.Mode), AsOf: string(q.AsOf), RuleVersion: q.RuleVersion, Hash: q.Hash, ExpiresAt: s.stamp(q.ExpiresAt),
		Currency: q.Currency, RefundFen: q.RefundFen, LastDayOfUse: dayOr(q.LastDayOfUse), NextChargeAt: s.stampOr(q.NextChargeAt),
		SubscriptionIDs: names(q.SubscriptionIDs), Lines: make([]apiQuoteLine, 0, len(q.Lines)), Assets: make([]apiQuoteAsset, 0, len(q.Assets)),
		NotKnown: names(q.NotKnown),
	}
	for _, l := range q.Lines {
		line := apiQuoteLine{
			ChargeID: l.ChargeID, SubscriptionID: l.SubscriptionID, PaidFen: l.PaidFen, RefundedFen: l.RefundedFen, ConsumedFen: l.ConsumedFen,
			Days: l.Days, UnusedDays: l.UnusedDays, RefundFen: l.RefundFen, Ground: string(l.Ground), Arithmetic: l.ArithmeticZH,
		}
		if locale == "en" {
			line.Arithmetic = l.ArithmeticEN
		}
		out.Lines = append(out.Lines, line)
	}
	for _, a := range q.Assets {
		out.Assets = append(out.Assets, apiQuoteAsset{
			ID: a.ID, Kind: a.Kind, Source: string(a.Source), Quantity: a.Quantity, ValueFen: a.ValueFen, UsedFen: a.UsedFen, Outcome: string(a.Outcome),
		})
	}
	return out
}

// dayOr is a calendar day, null where it is not known.
func dayOr(d account.Date) *string {
	if d == "" {
		return nil
	}
	s := string(d)
	return &s
}

type acceptInput struct {
	TicketPath
	IfMatch
	Body struct {
		QuoteHash string `json:"quote_hash" minLength:"1" maxLength:"128"`
		By        string `json:"by" minLength:"1" maxLength:"100" doc:"Who said yes, such as customer." example:"customer"`
		Words     string `json:"words" minLength:"1" maxLength:"4000" doc:"In the customer's own words." example:"同意，请退款"`
	}
}

func (s *Server) apiAccept(ctx context.Context, c echo.Context, in *acceptInput) (*ticketOutput, error) {
	terms := tickets.Terms{Versions: in.versions(), Speaker: in.Body.By}
	return s.changed(ctx, c, in.Number, terms, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Accept(ctx, id, who(c).actor(), in.Body.QuoteHash, strings.TrimSpace(in.Body.Words))
	})
}

// choices are what can be chosen where nothing was; one of the lists is there.
type choices struct {
	Accounts      []string             `json:"accounts,omitempty" doc:"Account numbers that fit."`
	Subscriptions []subscriptionChoice `json:"subscriptions,omitempty"`
	Modes         []modeChoice         `json:"modes,omitempty"`
}

type subscriptionChoice struct {
	SubscriptionID string     `json:"subscription_id"`
	Plan           string     `json:"plan"`
	PriceFen       int64      `json:"price_fen"`
	NextChargeAt   *time.Time `json:"next_charge_at"`
}

type modeChoice struct {
	Mode         string  `json:"mode"`
	RefundFen    int64   `json:"refund_fen"`
	LastDayOfUse *string `json:"last_day_of_use"`
	QuoteHash    string  `json:"quote_hash"`
}

func choicesOut(e *tickets.ChoiceError) *choices {
	out := choices{Accounts: e.Accounts}
	for _, x := range e.Subscriptions {
		out.Subscriptions = append(out.Subscriptions, subscriptionChoice{
			SubscriptionID: x.ID, Plan: x.Plan, PriceFen: x.PriceFen, NextChargeAt: x.NextChargeAt,
		})
	}
	for _, q := range e.Modes {
		out.Modes = append(out.Modes, modeChoice{
			Mode: string(q.Mode), RefundFen: q.RefundFen, LastDayOfUse: dayOr(q.LastDayOfUse), QuoteHash: q.Hash,
		})
	}
	return &out
}
