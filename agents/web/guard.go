package web

import (
	"context"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// caller is who a request was proven to come from: a person, or a machine by its key.
type caller struct {
	agent agents.Agent
	key   agents.Key
}

// actor is who the caller is in the evidence.
func (c caller) actor() tickets.Actor {
	if c.key.ID != 0 {
		return tickets.KeyActor(c.key.ID)
	}
	return tickets.AgentActor(c.agent.Login)
}

// knowsAccounts reports whether the caller may be told of accounts that he has not named: everybody who works
// here, and a key that reads accounts or tickets.
func (c caller) knowsAccounts() bool {
	return c.key.ID == 0 || c.key.May("accounts:read") || c.key.May("tickets:read")
}

const (
	callerKey     = "caller"
	sessionLoaded = "session_loaded"
	sessionLogin  = "login"
	sessionSeal   = "seal"
	sessionSince  = "since" // Unix seconds of the login
)

// who is the caller that guard let through; the zero caller on a public route.
func who(c echo.Context) caller {
	w, _ := c.Get(callerKey).(caller)
	return w
}

// isAPI reports whether a program asks, which has no session and wants its errors as JSON.
func isAPI(c echo.Context) bool {
	path := c.Request().URL.Path
	return strings.HasPrefix(path, "/v1/") || path == metricsPath
}

// withSession loads and saves the cookie session of routes that may have one. A JSON request that
// brings its own proof in Authorization has none, and neither does a file or a probe.
func (s *Server) withSession(next echo.HandlerFunc) echo.HandlerFunc {
	loaded := echo.WrapMiddleware(s.sessions.LoadAndSave)(next)
	return func(c echo.Context) error {
		r, ok := s.table[c.Request().Method+" "+c.Path()]
		switch {
		case !ok, strings.HasPrefix(r.path, "/static/"), r.path == "/healthz", r.path == "/readyz",
			isAPI(c) && c.Request().Header.Get(echo.HeaderAuthorization) != "":
			return next(c)
		}
		c.Set(sessionLoaded, true)
		return loaded(c)
	}
}

// guard lets a request through to its handler only if the table says so. What is not in the table is
// NotFound, whoever asks.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, ok := s.table[c.Request().Method+" "+c.Path()]
		if !ok {
			return &tickets.Error{Kind: tickets.NotFound, Msg: "There is nothing here."}
		}
		if isAPI(c) {
			withEcho(c)
		}
		if !readable(c.Request().URL) {
			return &tickets.Error{Kind: tickets.Invalid, Msg: "The address is not readable text."}
		}
		if r.who.outside {
			if _, err := s.sessionAgent(c.Request().Context()); err == nil {
				return &tickets.Error{
					Kind: tickets.Forbidden,
					Msg:  "You are signed in to the desk in this browser. Only its customer acts on this page: use a window that is not signed in.",
				}
			}
		}
		if r.who.public || r.who.here && onThisMachine(c.Request()) {
			return next(c)
		}
		by, err := s.identify(c)
		if err != nil {
			return err
		}
		if !r.who.allows(by) {
			return &tickets.Error{Kind: tickets.Forbidden, Msg: "Your role does not allow this."}
		}
		if r.who.accounts && !by.knowsAccounts() {
			return &tickets.Error{Kind: tickets.Forbidden, Msg: "A key takes the scope accounts:read as well for this."}
		}
		c.Set(callerKey, by)
		return next(c)
	}
}

func (a access) allows(c caller) bool {
	if c.key.ID != 0 {
		return a.scope != "" && c.key.May(a.scope)
	}
	return a.may != "" && c.agent.Role.May(a.may)
}

// identify proves who asks: on JSON routes by a bearer key or token, elsewhere and without one by the
// cookie session.
func (s *Server) identify(c echo.Context) (caller, error) {
	ctx := c.Request().Context()
	given := c.Request().Header.Get(echo.HeaderAuthorization)
	if given == "" {
		a, err := s.sessionAgent(ctx)
		return caller{agent: a}, err
	}
	scheme, token, _ := strings.Cut(given, " ")
	if !isAPI(c) || !strings.EqualFold(scheme, "bearer") {
		return caller{}, tickets.Unauthenticated
	}
	token = strings.TrimSpace(token)
	if strings.HasPrefix(token, agents.KeyPrefix) {
		k, err := s.door.ByKey(ctx, token)
		return caller{key: k}, err
	}
	a, err := s.door.ByBearer(ctx, token, s.cfg.Now())
	return caller{agent: a}, err
}

// sessionAgent is the person of the cookie session.
func (s *Server) sessionAgent(ctx context.Context) (agents.Agent, error) {
	login := s.sessions.GetString(ctx, sessionLogin)
	if login == "" {
		return agents.Agent{}, tickets.Unauthenticated
	}
	since := time.Unix(s.sessions.GetInt64(ctx, sessionSince), 0)
	if !s.cfg.Now().Before(since.Add(agents.SessionLife)) {
		return agents.Agent{}, tickets.Unauthenticated
	}
	return s.door.Still(ctx, login, s.sessions.GetString(ctx, sessionSeal))
}

// readable reports whether every part of an address is text that a database can be asked for.
func readable(u *url.URL) bool {
	query, err := url.QueryUnescape(u.RawQuery)
	text := u.Path + query
	return err == nil && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// localPath is where to go back to: a path of this site, never another one's.
func localPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.ContainsAny(raw, "\\\r\n") ||
		strings.HasPrefix(u.Path, "//") {
		return "/tickets"
	}
	back := url.URL{Path: path.Clean(u.Path), RawQuery: u.RawQuery}
	return back.String()
}
