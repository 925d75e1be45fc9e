package web

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// version is that of the JSON contract, not of the program.
const version = "1"

// operations registers the JSON routes on the same echo, behind the same guard.
func (s *Server) operations() huma.API {
	config := huma.DefaultConfig("canceldesk", version)
	config.CreateHooks = nil // no $schema member in answers
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Transformers = []huma.Transformer{withCode}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "An API key, or the token of POST /v1/login."},
	}
	api := humaecho.New(s.echo, config)
	add(s, api, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: "/v1/login", Summary: "Log a person in",
		Description: "A token that lasts 12 hours. Five tries in 15 minutes from one address.", Errors: []int{401, 422, 429},
	}, s.apiLogin)
	add(s, api, huma.Operation{
		OperationID: "list-tickets", Method: http.MethodGet, Path: "/v1/tickets", Summary: "List tickets",
		Description: "The next charge and the earliest deadline first, without messages and runs. Mail that asks for something else is listed by intent=not_cancellation or status=closed. Scope tickets:read.",
		Errors:      []int{401, 403, 422}, Security: bearerAuth(),
	}, s.apiTickets)
	add(s, api, huma.Operation{
		OperationID: "get-ticket", Method: http.MethodGet, Path: "/v1/tickets/{number}", Summary: "One ticket",
		Description: "Scope tickets:read.", Errors: []int{401, 403, 404}, Security: bearerAuth(),
	}, s.apiOneTicket)
	add(s, api, huma.Operation{
		OperationID: "get-evidence", Method: http.MethodGet, Path: "/v1/tickets/{number}/evidence", Summary: "A ticket's evidence bundle",
		Description: "A zip. Scope evidence:read.", Errors: []int{401, 403, 404}, Security: bearerAuth(),
		Responses: map[string]*huma.Response{"200": {
			Description: "The bundle", Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
		}},
	}, s.apiEvidence)
	s.correctOperations(api)
	s.linkOperations(api)
	s.quoteOperations(api)
	s.runOperations(api)
	s.refundOperations(api)
	s.accountOperations(api)
	s.chargeOperations(api)
	s.billingOperations(api)
	s.callOperations(api)
	s.chatOperations(api)
	s.codeOperations(api)
	if model := api.OpenAPI().Components.Schemas.Map()["ErrorModel"]; model != nil {
		model.Properties["code"] = &huma.Schema{Type: "string", Description: "Stable code of the problem, such as not_found."}
		model.Properties["choices"] = huma.SchemaFromType(api.OpenAPI().Components.Schemas, reflect.TypeFor[choices]())
		delete(model.Properties, "type")
		delete(model.Properties, "instance")
		model.Required = []string{"title", "status", "code"}
		model.PrecomputeMessages()
	}
	return api
}

func bearerAuth() []map[string][]string { return []map[string][]string{{"bearer": {}}} }

// add registers an operation whose errors go through the one mapper.
func add[I, O any](s *Server, api huma.API, op huma.Operation, handle func(context.Context, echo.Context, *I) (*O, error)) {
	known := parameters(reflect.TypeFor[I]())
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		c := requestOf(ctx)
		if err := unknownParameter(c, known); err != nil {
			return nil, s.report(c, err)
		}
		out, err := handle(ctx, c, in)
		if err != nil {
			return nil, s.report(c, err)
		}
		return out, nil
	})
}

// withCode gives huma's own errors, of requests that don't fit the operation, the code of ours.
func withCode(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &problem{Title: e.Title, Status: e.Status, Code: codeOf(e.Status), Detail: e.Detail}
	for _, d := range e.Errors {
		p.Errors = append(p.Errors, problemDetail{Message: d.Message, Location: d.Location})
	}
	return p, nil
}

type loginInput struct {
	Body struct {
		Login    string `json:"login" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
		TOTP     string `json:"totp,omitempty" nullable:"true" maxLength:"64" doc:"Code of a second factor. No account has one in this version: leave it out."`
	}
}

type loginOutput struct {
	Body struct {
		Token string   `json:"token" doc:"Send it as Authorization: Bearer. It lasts 12 hours."`
		Agent apiAgent `json:"agent"`
	}
}

type apiAgent struct {
	Login string `json:"login"`
	Name  string `json:"name"`
	Role  string `json:"role" enum:"agent,supervisor,admin,auditor"`
}

func (s *Server) apiLogin(ctx context.Context, c echo.Context, in *loginInput) (*loginOutput, error) {
	now := s.cfg.Now()
	a, err := s.door.Login(ctx, in.Body.Login, in.Body.Password, c.RealIP(), now)
	if err != nil {
		return nil, err
	}
	if in.Body.TOTP != "" { // told only to who knows the password
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "This account has no second factor: leave totp out."}
	}
	var out loginOutput
	out.Body.Agent = apiAgent{Login: a.Login, Name: a.Name, Role: string(a.Role)}
	out.Body.Token, err = s.door.Bearer(ctx, s.cfg.Rand, a, now)
	return &out, err
}

// TicketPath is the ticket in an operation's path. It is exported because huma looks into no others.
type TicketPath struct {
	Number string `path:"number" example:"CD-000123"`
}

func (s *Server) apiEvidence(ctx context.Context, _ echo.Context, in *TicketPath) (*huma.StreamResponse, error) {
	t, err := s.numbered(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	b, err := s.bundle(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		defer b.Close()
		h.SetHeader(echo.HeaderContentType, "application/zip")
		h.SetHeader(echo.HeaderContentDisposition, disposition(t.Number()+".zip"))
		s.copyTo(h, b)
	}}, nil
}

func (s *Server) numbered(ctx context.Context, number string) (tickets.Ticket, error) {
	id, err := tickets.ParseNumber(number)
	if err != nil {
		return tickets.Ticket{}, err
	}
	return s.desk.Reader().Ticket(ctx, id)
}

// stamp is an instant in the desk's zone.
func (s *Server) stamp(t time.Time) time.Time { return t.In(s.cfg.Zone) }

func (s *Server) stampOr(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := s.stamp(*t)
	return &at
}
