package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// pageSize is how many tickets a page of the queue shows.
const pageSize = 50

type viewLink struct {
	View  tickets.View
	Count int
	Here  bool
}

type queueView struct {
	Views  []viewLink
	View   tickets.View
	Query  string
	Filter url.Values // the filters that are on beside view and query
	Items  []tickets.Ticket
	Next   string // address of the next page, "" at the end
	First  string // address of the first page, "" on it
}

// queue lists the tickets of a view, the next charge and the earliest deadline first.
func (s *Server) queue(c echo.Context) error {
	ctx, login := c.Request().Context(), who(c).agent.Login
	f := tickets.Filter{
		View: tickets.View(c.QueryParam("view")), Login: login, Query: strings.TrimSpace(c.QueryParam("q")),
		Status: tickets.Status(c.QueryParam("status")), Intent: c.QueryParam("intent"), Flag: c.QueryParam("flag"),
		Assignee: c.QueryParam("assignee"), AccountNo: c.QueryParam("account"),
		After: c.QueryParam("after"), Limit: pageSize,
	}
	if f.View != "" && !slices.Contains(tickets.Views(), f.View) || f.Status != "" && !slices.Contains(tickets.Statuses(), f.Status) ||
		f.Intent != "" && !isIntent(f.Intent) || f.Flag != "" && !slices.Contains(intent.Flags(), intent.Flag(f.Flag)) {
		return &tickets.Error{Kind: tickets.NotFound, Msg: "There is no such list."}
	}
	if id, err := tickets.ParseNumber(f.Query); err == nil {
		if t, err := s.desk.Reader().Ticket(ctx, id); err == nil {
			return c.Redirect(http.StatusSeeOther, "/tickets/"+t.Number()) // whatever list it is in
		}
	}
	if f.Query != "" && f.View == "" {
		f.View = tickets.ViewAll // who searches does not know where it is
	}
	list, next, err := s.desk.Reader().Tickets(ctx, f)
	if err != nil {
		return err
	}
	counts, err := s.desk.Reader().Counts(ctx, login)
	if err != nil {
		return err
	}
	v := queueView{View: f.View, Query: f.Query, Items: list, Filter: url.Values{}}
	for _, view := range tickets.Views() {
		v.Views = append(v.Views, viewLink{View: view, Count: counts[view], Here: view == f.View})
	}
	for _, key := range []string{"status", "intent", "flag", "assignee", "account"} {
		if value := c.QueryParam(key); value != "" {
			v.Filter.Set(key, value)
		}
	}
	at := url.Values{}
	for key, value := range c.QueryParams() {
		if key != "after" {
			at[key] = value
		}
	}
	if f.After != "" {
		v.First = "/tickets?" + at.Encode()
	}
	if next != "" {
		at.Set("after", next)
		v.Next = "/tickets?" + at.Encode()
	}
	return s.render(c, http.StatusOK, "queue", v)
}
