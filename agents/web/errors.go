package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// problem is the JSON answer to a request that failed (RFC 9457), with a stable code.
type problem struct {
	Title  string          `json:"title"`
	Status int             `json:"status"`
	Code   string          `json:"code"`
	Detail string          `json:"detail,omitempty"`
	Errors []problemDetail `json:"errors,omitempty"`
	// Choices say between what to choose where the code is needs_choice.
	Choices *choices `json:"choices,omitempty"`
}

// problemDetail is one wrong field.
type problemDetail struct {
	Message  string `json:"message,omitempty"`
	Location string `json:"location,omitempty"`
	Value    any    `json:"value,omitempty"`
}

// Error makes problem an error that huma can answer with.
func (p *problem) Error() string { return p.Title }

// GetStatus is the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType is problem+json for a JSON answer.
func (p *problem) ContentType(string) string { return "application/problem+json" }

const (
	internalCode = "internal"
	choiceCode   = "needs_choice"
)

// statusOf maps a kind of error to its HTTP status.
func statusOf(k tickets.Kind) int {
	switch k {
	case tickets.Invalid:
		return http.StatusUnprocessableEntity
	case tickets.Unauthenticated:
		return http.StatusUnauthorized
	case tickets.Forbidden:
		return http.StatusForbidden
	case tickets.NotFound:
		return http.StatusNotFound
	case tickets.Conflict:
		return http.StatusConflict
	case tickets.Stale:
		return http.StatusPreconditionFailed
	case tickets.TooLarge:
		return http.StatusRequestEntityTooLarge
	case tickets.TooMany:
		return http.StatusTooManyRequests
	case tickets.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// codeOf is the stable code of a status that did not come from a Kind.
func codeOf(status int) string {
	for _, k := range []tickets.Kind{
		tickets.Invalid, tickets.Unauthenticated, tickets.Forbidden, tickets.NotFound, tickets.Conflict,
		tickets.Stale, tickets.TooLarge, tickets.TooMany, tickets.Unavailable,
	} {
		if statusOf(k) == status {
			return string(k)
		}
	}
	switch status {
	case http.StatusBadRequest:
		return "malformed"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusGone:
		return "gone"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusNotAcceptable:
		return "not_acceptable"
	}
	return internalCode
}

// explain is the one place where errors become statuses. An error of no kind is a bug: it is 500 and
// says nothing.
func explain(err error) *problem {
	var done *problem
	if errors.As(err, &done) {
		return done
	}
	var choice *tickets.ChoiceError
	if errors.As(err, &choice) {
		return &problem{
			Status: http.StatusConflict, Code: choiceCode, Title: http.StatusText(http.StatusConflict), Detail: choice.Msg,
			Choices: choicesOut(choice),
		}
	}
	var kind tickets.Kind
	if errors.As(err, &kind) {
		p := &problem{Status: statusOf(kind), Code: string(kind)}
		var e *tickets.Error
		if errors.As(err, &e) {
			p.Detail = e.Msg
		}
		p.Title = http.StatusText(p.Status)
		return p
	}
	status := http.StatusInternalServerError
	var he *echo.HTTPError
	if errors.As(err, &he) {
		status = he.Code
	}
	return &problem{Status: status, Code: codeOf(status), Title: http.StatusText(status)}
}

// report explains an error and logs it where an operator should know.
func (s *Server) report(c echo.Context, err error) *problem {
	p := explain(err)
	if p.Choices != nil && !who(c).knowsAccounts() {
		p.Choices = nil
	}
	if p.Status >= http.StatusInternalServerError {
		s.cfg.Log.ErrorContext(c.Request().Context(), "request failed",
			"method", c.Request().Method, "route", c.Path(), "status", p.Status, "error", err)
	}
	switch p.Status {
	case http.StatusTooManyRequests:
		c.Response().Header().Set("Retry-After", "900")
	case http.StatusUnauthorized:
		if isAPI(c) {
			c.Response().Header().Set("WWW-Authenticate", `Bearer realm="canceldesk"`)
		}
	}
	return p
}

// answerError writes the answer to a request that failed.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		s.cfg.Log.ErrorContext(c.Request().Context(), "answer broke off", "route", c.Path(), "error", err)
		return
	}
	p := s.report(c, err)
	if isAPI(c) {
		c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
		c.Response().WriteHeader(p.Status)
		if err := c.Echo().JSONSerializer.Serialize(c, p, ""); err != nil {
			s.cfg.Log.ErrorContext(c.Request().Context(), "answer broke off", "route", c.Path(), "error", err)
		}
		return
	}
	if p.Status == http.StatusUnauthorized {
		err = c.Redirect(http.StatusSeeOther, loginURL(c))
	} else {
		c.Response().Header().Set("Content-Security-Policy", pagePolicy)
		err = s.render(c, p.Status, "error", errorView{Status: p.Status, Code: p.Code, Detail: p.Detail})
	}
	if err != nil {
		s.cfg.Log.ErrorContext(c.Request().Context(), "error page failed", "route", c.Path(), "error", err)
	}
}

// loginURL is the login page that leads back to where the person was: for a form, to its ticket.
func loginURL(c echo.Context) string {
	back := c.Request().URL.RequestURI()
	if c.Request().Method != http.MethodGet {
		back = "/tickets"
		if number := c.Param("number"); number != "" {
			back += "/" + url.PathEscape(number)
		}
	}
	q := url.Values{}
	if back != "/" && back != "/tickets" {
		q.Set("next", back)
	}
	if _, err := c.Cookie(agents.SessionCookie); err == nil {
		q.Set("why", "expired")
	}
	return strings.TrimSuffix("/login?"+q.Encode(), "?")
}

// flashErrors sends a person whose form was refused back to the ticket with the reason, where there
// is one that can be acted on.
func (s *Server) flashErrors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		var e *tickets.Error
		if !errors.As(err, &e) || e.Msg == "" {
			return err
		}
		switch e.Kind {
		case tickets.Invalid, tickets.Conflict, tickets.Stale, tickets.Forbidden, tickets.TooMany, tickets.TooLarge, tickets.Unavailable:
			s.sessions.Put(c.Request().Context(), flashBad, e.Msg)
			return c.Redirect(http.StatusSeeOther, "/tickets/"+url.PathEscape(c.Param("number")))
		}
		return err
	}
}
