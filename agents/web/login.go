package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

type loginForm struct {
	Login    string `form:"login"`
	Password string `form:"password"`
	Next     string `form:"next"`
}

type loginView struct {
	Login   string
	Next    string
	Expired bool
	Wrong   string
}

func (s *Server) home(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/tickets") }

func (s *Server) loginPage(c echo.Context) error {
	next := localPath(c.QueryParam("next"))
	if _, err := s.sessionAgent(c.Request().Context()); err == nil {
		return c.Redirect(http.StatusSeeOther, next)
	}
	return s.render(c, http.StatusOK, "login", loginView{Next: next, Expired: c.QueryParam("why") == "expired"})
}

// login starts a session under a new token, so that one planted before is worth nothing.
func (s *Server) login(c echo.Context) error {
	var f loginForm
	if err := c.Bind(&f); err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request.", Err: err}
	}
	ctx, now := c.Request().Context(), s.cfg.Now()
	a, err := s.door.Login(ctx, f.Login, f.Password, c.RealIP(), now)
	var e *tickets.Error
	if errors.As(err, &e) && (e.Kind == tickets.Unauthenticated || e.Kind == tickets.TooMany) {
		p := s.report(c, err)
		return s.render(c, p.Status, "login", loginView{Login: f.Login, Next: localPath(f.Next), Wrong: e.Msg})
	}
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionLogin, a.Login)
	s.sessions.Put(ctx, sessionSeal, a.Seal())
	s.sessions.Put(ctx, sessionSince, now.Unix())
	return c.Redirect(http.StatusSeeOther, localPath(f.Next))
}

func (s *Server) logout(c echo.Context) error {
	if err := s.sessions.Destroy(c.Request().Context()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/login")
}
