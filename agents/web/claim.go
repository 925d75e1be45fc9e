package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
)

// claimView is somebody else who works on the case.
type claimView struct {
	Login string
	Since time.Time
}

func (s *Server) claimRoutes() []route {
	return []route{{http.MethodPost, "/tickets/:number/takeover", s.form(s.takeOver), person(agents.WorkTickets)}}
}

// takeOver takes the case from whoever works on it.
func (s *Server) takeOver(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	_, err = s.desk.TakeOver(c.Request().Context(), id, who(c).actor(), who(c).agent.Login)
	return s.done(c, id, "flash.taken", err)
}

// claimed is who else works on the ticket at that instant; nil is nobody.
func (v *ticketView) claimed(by agents.Agent, now time.Time) *claimView {
	login, since, ok := v.Ticket.Claimed(now)
	if !ok || login == by.Login {
		return nil
	}
	return &claimView{Login: login, Since: since}
}
