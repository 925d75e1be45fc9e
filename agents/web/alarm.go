package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// alarmPage is how many alarms the page shows. Whoever has more than these to look at begins here.
const alarmPage = 200

type alarmsView struct {
	Items []tickets.Alarm
	More  int // how many ring beside these
}

func (s *Server) alarmRoutes() []route {
	return []route{
		{http.MethodGet, "/alarms", s.alarms, person(agents.ReadTickets)},
		{http.MethodPost, "/alarms/:id/clear", s.clearAlarm, person(agents.WorkTickets)},
	}
}

// alarms lists what rings, what rings longest first.
func (s *Server) alarms(c echo.Context) error {
	list, err := s.desk.Reader().Alarms(c.Request().Context())
	if err != nil {
		return err
	}
	v := alarmsView{Items: list, More: max(len(list)-alarmPage, 0)}
	v.Items = v.Items[:len(list)-v.More]
	return s.render(c, http.StatusOK, "alarms", v)
}

// clearAlarm ends one. That somebody else was quicker is no error: it does not ring any more.
func (s *Server) clearAlarm(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return tickets.NotFound
	}
	if err := s.desk.ClearAlarm(c.Request().Context(), id, who(c).actor()); err != nil && !errors.Is(err, tickets.NotFound) {
		return err
	}
	s.flash(c, "flash.alarm")
	return c.Redirect(http.StatusSeeOther, "/alarms")
}
