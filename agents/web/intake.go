package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// intakePage is how many ledger rows a page shows.
const intakePage = 50

type intakeView struct {
	Outcomes []tickets.Outcome
	Outcome  tickets.Outcome
	Refused  []tickets.Intake // what nobody has read: first of all
	Items    []tickets.Intake
	Next     string
}

// intake is the ledger of every mail seen and what became of it; what was not read comes first.
func (s *Server) intake(c echo.Context) error {
	ctx := c.Request().Context()
	v := intakeView{Outcome: tickets.Outcome(c.QueryParam("outcome")), Outcomes: tickets.Outcomes()}
	if v.Outcome != "" && !slices.Contains(v.Outcomes, v.Outcome) {
		return tickets.NotFound
	}
	slices.Reverse(v.Outcomes) // quarantined and oversize first
	after, err := strconv.ParseInt("0"+c.QueryParam("after"), 10, 64)
	if err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "This is no place in the list.", Err: err}
	}
	if v.Outcome == "" && after == 0 {
		for _, o := range []tickets.Outcome{tickets.OutcomeQuarantined, tickets.OutcomeOversize} {
			rows, err := s.cfg.Intake.Ledger(ctx, string(o), 0, intakePage)
			if err != nil {
				return err
			}
			v.Refused = append(v.Refused, rows...)
		}
	}
	rows, err := s.cfg.Intake.Ledger(ctx, string(v.Outcome), after, intakePage+1)
	if err != nil {
		return err
	}
	if len(rows) > intakePage {
		rows = rows[:intakePage]
		q := url.Values{"after": {strconv.FormatInt(rows[len(rows)-1].ID, 10)}}
		if v.Outcome != "" {
			q.Set("outcome", string(v.Outcome))
		}
		v.Next = "/intake?" + q.Encode()
	}
	v.Items = rows
	return s.render(c, http.StatusOK, "intake", v)
}

// intakeOriginal gives the bytes of a mail in the ledger, ticket or not.
func (s *Server) intakeOriginal(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id <= 0 {
		return tickets.NotFound
	}
	ctx := c.Request().Context()
	rows, err := s.cfg.Intake.Ledger(ctx, "", id+1, 1) // the newest row below id+1 is id, if it exists
	switch {
	case err != nil:
		return err
	case len(rows) == 0 || rows[0].ID != id:
		return tickets.NotFound
	}
	raw, err := s.original(ctx, rows[0].Raw)
	if err != nil {
		return err
	}
	return download(c, fmt.Sprintf("mail-%d.eml", id), raw)
}
