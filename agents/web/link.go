package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// linkRoutes say whether two tickets belong together.
func (s *Server) linkRoutes() []route {
	return []route{
		{http.MethodPost, "/tickets/:number/link", s.form(s.link), person(agents.WorkTickets)},
		{http.MethodPut, "/v1/tickets/:number/links/:other", nil, either(agents.WorkTickets, "tickets:write")},
		{http.MethodDelete, "/v1/tickets/:number/links/:other", nil, either(agents.WorkTickets, "tickets:write")},
	}
}

// linkOperations describes them.
func (s *Server) linkOperations(api huma.API) {
	op := func(id, method, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/v1/tickets/{number}/links/{other}", Summary: summary,
			Description: description + " An event of both tickets. A key without the scope tickets:read is answered no more than number, status and version. Scope tickets:write.",
			Errors:      []int{401, 403, 404, 409, 412, 422}, Security: bearerAuth(), Tags: []string{"tickets"},
		}
	}
	add(s, api, op("put-ticket-link", http.MethodPut, "Say that two tickets belong together",
		"Confirms a link that the desk suggested, or makes one. Refunds of linked tickets are limited as one sum."), s.apiLink)
	add(s, api, op("delete-ticket-link", http.MethodDelete, "Say that two tickets do not belong together",
		"Takes a suggested link away, or one that a person made; 409 for a link that shows where a case came from."), s.apiUnlink)
}

type linkInput struct {
	TicketPath
	IfMatch
	Other string `path:"other" example:"CD-000124"`
}

func (s *Server) apiLink(ctx context.Context, c echo.Context, in *linkInput) (*ticketOutput, error) {
	return s.related(ctx, c, in, true)
}

func (s *Server) apiUnlink(ctx context.Context, c echo.Context, in *linkInput) (*ticketOutput, error) {
	return s.related(ctx, c, in, false)
}

func (s *Server) related(ctx context.Context, c echo.Context, in *linkInput, together bool) (*ticketOutput, error) {
	other, err := tickets.ParseNumber(in.Other)
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, c, in.Number, tickets.Terms{Versions: in.versions()}, func(d *tickets.Desk, id int64) (tickets.Ticket, error) {
		return d.Relate(ctx, id, who(c).actor(), other, together)
	})
}

// linkForm says whether a ticket belongs to the one of the page.
type linkForm struct {
	Other    string `form:"other"`
	Together bool   `form:"together"`
}

func (s *Server) link(c echo.Context) error {
	var f linkForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	other, err := tickets.ParseNumber(f.Other)
	if err != nil {
		other = 0 // which the desk refuses in words
	}
	flash := "flash.unlinked"
	if f.Together {
		flash = "flash.linked"
	}
	_, err = s.desk.Relate(c.Request().Context(), id, who(c).actor(), other, f.Together)
	return s.done(c, id, flash, err)
}

// Undecided reports whether a person may say of the link whether it holds.
func (v ticketView) Undecided(l tickets.Link) bool {
	return v.Can.Work && (l.Kind == tickets.LinkSuggested || l.Kind == tickets.LinkRelated)
}

// FreshSubject reports whether a mail of the case came under a subject that nothing before it had.
func (v ticketView) FreshSubject(id int64) bool { return v.freshSubjects[id] }

// freshSubjects are the messages of a case whose mails came under a subject of their own.
func freshSubjects(t tickets.Ticket, messages []tickets.Message) map[int64]bool {
	out := map[int64]bool{}
	for _, id := range tickets.NewSubjects(t, messages) {
		out[id] = true
	}
	return out
}
