package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// outboxPage is how many mails a page of the outbox shows.
const outboxPage = 50

type outboxView struct {
	Items []tickets.Outgoing // waiting or refused for good, newest first
	Held  int                // how many a limit of the provider holds back
	Next  string
}

func (s *Server) outboxRoutes() []route {
	return []route{
		{http.MethodGet, "/outbox", s.outbox, person(agents.ReadTickets)},
		{http.MethodPost, "/tickets/:number/outgoing/:outgoing/again", s.form(s.sendAgain), person(agents.WorkTickets)},
	}
}

// sendAgain lets a mail that was given up go out once more.
func (s *Server) sendAgain(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	outgoing, err := strconv.ParseInt(c.Param("outgoing"), 10, 64)
	if err != nil {
		return tickets.NotFound
	}
	_, err = s.desk.SendAgain(c.Request().Context(), id, outgoing, who(c).actor())
	return s.done(c, id, "flash.again", err)
}

// outbox lists what waits to be sent and what was refused for good, so that no wait is unseen.
func (s *Server) outbox(c echo.Context) error {
	ctx, r := c.Request().Context(), s.desk.Reader()
	before, err := strconv.ParseInt("0"+c.QueryParam("after"), 10, 64)
	if err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "This is no place in the list.", Err: err}
	}
	var v outboxView
	if v.Held, err = r.CountHeld(ctx); err != nil {
		return err
	}
	if v.Items, err = r.Waiting(ctx, before, outboxPage+1); err != nil {
		return err
	}
	if len(v.Items) > outboxPage {
		v.Items = v.Items[:outboxPage]
		v.Next = "/outbox?after=" + strconv.FormatInt(v.Items[outboxPage-1].ID, 10)
	}
	return s.render(c, http.StatusOK, "outbox", v)
}
