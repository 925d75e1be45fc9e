package web

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// customerRoutes are the customer's page and what can be done there. The link is the whole proof: there is
// no session, and a request without the secret link can do nothing.
func (s *Server) customerRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/c/:token", s.outside(s.customer), public()},
		{get, "/c/:token/receipt", s.outside(s.receipt), public()},
		{post, "/c/:token/say", s.outside(s.customerSays), customers()},
		{post, "/c/:token/add", s.outside(s.customerAdds), customers().upTo(formLimit)},
		{post, "/c/:token/code", s.outside(s.customerCode), customers()},
		{post, "/c/:token/enter", s.outside(s.customerEnters), customers()},
	}
}

// secretPath reports whether a path holds a secret link, so that nobody can send a form there on another's
// behalf.
func secretPath(path string) bool {
	return strings.HasPrefix(path, "/c/") || strings.HasPrefix(path, "/v/")
}

// outside is a handler of a page for customers: never stored, never indexed, its address told to nobody.
// What does not exist, for whatever reason, is one page.
func (s *Server) outside(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
		err := next(c)
		var e *tickets.Error
		switch {
		case errors.Is(err, tickets.NotFound):
			return s.render(c, http.StatusNotFound, "gone", goneView{})
		case errors.As(err, &e) && e.Msg != "" && statusOf(e.Kind) < http.StatusInternalServerError && e.Kind != tickets.Unauthenticated:
			p := s.report(c, err)
			return s.render(c, p.Status, "gone", goneView{Detail: p.Detail, Back: s.pageOf(c)})
		}
		return err
	}
}

// goneView is the page where there is none, or where something could not be done.
type goneView struct{ Detail, Back string }

// pageOf is the address of the customer's page that the request belongs to, "" for none.
func (s *Server) pageOf(c echo.Context) string {
	if token := c.Param("token"); token != "" {
		return "/c/" + url.PathEscape(token)
	}
	return ""
}

// customer shows the page of a link. It changes nothing.
func (s *Server) customer(c echo.Context) error { return s.customerAs(c, "customer") }

// receipt is the page to be printed or kept.
func (s *Server) receipt(c echo.Context) error { return s.customerAs(c, "receipt") }

func (s *Server) customerAs(c echo.Context, name string) error {
	p, err := s.desk.Page(c.Request().Context(), c.Param("token"), browserOf(c))
	if err != nil {
		return err
	}
	v, err := s.customerView(c, p)
	if err != nil {
		return err
	}
	lang := s.languageOf(c)
	if _, err := c.Cookie(languageCookie); err != nil && p.Ticket.Locale != "" {
		lang = map[bool]string{true: "en", false: "zh-CN"}[p.Ticket.Locale == "en"]
	}
	return s.renderIn(c, lang, http.StatusOK, name, v)
}

// back goes to the customer's page and says there what was done, to this browser only: a link that claims
// it shows nothing.
func (s *Server) back(c echo.Context, query url.Values) error {
	if done := query.Get("done"); done != "" {
		c.SetCookie(s.pageCookie(c, doneCookie, done))
	}
	return c.Redirect(http.StatusSeeOther, s.pageOf(c)+"?"+query.Encode())
}

type customerForm struct {
	Word   string `form:"word"`
	Nonce  string `form:"nonce"`
	Action string `form:"action"`
	To     string `form:"to"`
	Quote  string `form:"quote"`
	CodeID string `form:"code_id"`
	Code   string `form:"code"`
	Then   string `form:"then"`
	Text   string `form:"text"`
}

// customerSays takes one click: stop, only a pause, or "this was not me".
func (s *Server) customerSays(c echo.Context) error {
	f, p, err := s.onPage(c)
	if err != nil {
		return err
	}
	word := tickets.PageWord(f.Word)
	if !slices.Contains([]tickets.PageWord{tickets.PageStop, tickets.PagePause, tickets.PageDeny}, word) {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request."}
	}
	said, err := s.said(c, p, f, s.phrase(p, f.Word), nil)
	if err != nil {
		return err
	}
	if _, err := s.desk.SayOnPage(c.Request().Context(), c.Param("token"), word, said); err != nil {
		return err
	}
	return s.back(c, url.Values{"done": {f.Word}})
}

// customerCode sends a code to the account's own contact. Whoever is not that contact gets the same answer
// whether there was anything to send or not.
func (s *Server) customerCode(c echo.Context) error {
	f, p, err := s.onPage(c)
	if err != nil {
		return err
	}
	if p.Quoted && browserOf(c) == "" {
		// What the code proves is this browser's alone: others have the link, too.
		browser := rand.Text()
		c.SetCookie(s.pageCookie(c, browserCookie, browser))
		if p, err = s.desk.Page(c.Request().Context(), c.Param("token"), browser); err != nil {
			return err
		}
	}
	r := tickets.CodeRequest{To: tickets.CodeWay(f.To), Scope: p.Scope, Stranger: !p.Registered}
	switch f.Then {
	case "stop":
		r.Action = tickets.ActStop
	case "show":
		r.Action = tickets.ActShow
	case "accept":
		r.Action, r.QuoteHash = tickets.ActRefund, f.Quote
	}
	code, err := s.desk.RequestCode(c.Request().Context(), p.Ticket.ID, tickets.CustomerActor, r)
	if !p.Registered && errors.Is(err, tickets.TooMany) {
		code.PublicID, err = strings.ToLower(rand.Text()), nil // as every code's, and belonging to none
	}
	if err != nil {
		return err
	}
	return s.back(c, url.Values{"code": {code.PublicID}, "then": {f.Then}, "quote": {r.QuoteHash}})
}

// customerEnters takes a code and does what it was asked for.
func (s *Server) customerEnters(c echo.Context) error {
	f, p, err := s.onPage(c)
	if err != nil {
		return err
	}
	ctx, token := c.Request().Context(), c.Param("token")
	v, err := s.takeCode(ctx, c, f.CodeID, f.Code)
	if errors.Is(err, tickets.Invalid) {
		return s.back(c, url.Values{"code": {f.CodeID}, "then": {f.Then}, "quote": {f.Quote}, "wrong": {"1"}})
	}
	if err != nil {
		return err
	}
	if v.TicketID != p.Ticket.ID {
		return s.back(c, url.Values{"done": {"code"}})
	}
	switch f.Then {
	case "show":
		c.SetCookie(s.pageCookie(c, passCookie, s.desk.Settings().Pages.Pass(token, v)))
	case "stop", "accept":
		said, err := s.said(c, p, f, s.phrase(p, f.Then), nil)
		if err != nil {
			return err
		}
		if f.Then == "accept" {
			err = s.desk.AcceptOnPage(ctx, token, f.Quote, said)
		} else {
			_, err = s.desk.SayOnPage(ctx, token, tickets.PageStop, said)
		}
		if err != nil {
			return err
		}
	}
	return s.back(c, url.Values{"done": {f.Then}})
}

// The cookies of a customer's page: passCookie lets this browser, and no other that has the same link, read
// what a code opened; browserCookie tells it from the others that have a quoted link; doneCookie says what was done in
// it.
const (
	passCookie    = "canceldesk_page"
	browserCookie = "canceldesk_browser"
	doneCookie    = "canceldesk_done"
)

// doneIn is what the page says was done, where it was done in this browser.
func (s *Server) doneIn(c echo.Context) string {
	done := c.QueryParam("done")
	if cookie, err := c.Cookie(doneCookie); err != nil || cookie.Value != done {
		return ""
	}
	return done
}

// pageCookie is a cookie of the request's page, for as long as a verification lasts.
func (s *Server) pageCookie(c echo.Context, name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: s.pageOf(c), MaxAge: int(tickets.VerificationLife.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(s.cfg.PublicURL, "https://"),
	}
}

// browserOf is the secret of the asking browser, "" where it was given none.
func browserOf(c echo.Context) string {
	cookie, err := c.Cookie(browserCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// onPage reads a form and the page it was sent from.
func (s *Server) onPage(c echo.Context) (customerForm, tickets.Page, error) {
	var f customerForm
	if err := c.Bind(&f); err != nil {
		return f, tickets.Page{}, &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request.", Err: err}
	}
	p, err := s.desk.Page(c.Request().Context(), c.Param("token"), browserOf(c))
	return f, p, err
}
