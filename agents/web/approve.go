package web

import (
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

type refundForm struct {
	QuoteHash string `form:"quote_hash"`
	Password  string `form:"password"`
	Reason    string `form:"reason"`
}

// approve releases a proposed refund, after the approver's own password.
func (s *Server) approve(c echo.Context) error {
	return s.decide(c, "flash.approved", func(f refundForm, refund string) error {
		if err := s.lookUpRefunded(c.Request().Context(), refund); err != nil {
			return err
		}
		by := who(c)
		_, err := s.desk.Approve(c.Request().Context(), refund, by.actor(), f.QuoteHash, by.agent.Role.May(agents.ApproveLarge))
		return err
	})
}

// reject turns a proposed refund down with the reason the customer is told.
func (s *Server) reject(c echo.Context) error {
	return s.decide(c, "flash.rejected", func(f refundForm, refund string) error {
		by := who(c)
		_, err := s.desk.Reject(c.Request().Context(), refund, by.actor(), f.QuoteHash, f.Reason, by.agent.Role.May(agents.ApproveLarge))
		return err
	})
}

// decide checks that the refund belongs to the ticket of the path and the password to the person.
func (s *Server) decide(c echo.Context, flash string, f func(refundForm, string) error) error {
	var form refundForm
	id, err := decode(c, &form)
	if err != nil {
		return err
	}
	ctx, refund := c.Request().Context(), c.Param("refund")
	all, err := s.desk.Reader().Refunds(ctx, id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(r account.Refund) bool { return r.ID == refund }) {
		return tickets.NotFound
	}
	if err := s.door.Confirm(ctx, who(c).agent.Login, form.Password, s.cfg.Now()); err != nil {
		return err
	}
	return s.done(c, id, flash, f(form, refund))
}
