package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/canceldesk/canceldesk/tickets"
)

// pagePolicy lets a page show its own styles and pictures, play recordings, send its own forms and frame its own
// mails, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; " +
	"connect-src 'self'; frame-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// mailPolicy is that of a mail shown in a frame: a sandbox of no origin, without scripts, forms or
// anything from outside.
const mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; img-src data:"

// mailPolicyImages is mailPolicy once the agent asked for the mail's pictures.
const mailPolicyImages = mailPolicy + " https: http:"

// filePolicy is that of a downloaded or inline file, whatever it claims to be.
const filePolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

func secureHeaders(https bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", pagePolicy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
			h.Set("Cache-Control", "no-store")
			if https {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			return next(c)
		}
	}
}

// sameOrigin refuses unsafe requests that a browser sends on another site's behalf.
func sameOrigin(publicURL string) (echo.MiddlewareFunc, error) {
	protection := http.NewCrossOriginProtection()
	if u, err := url.Parse(publicURL); err == nil && u.Host != "" {
		if err := protection.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, err
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			// Our own form on a page that tells its address to nobody comes from no origin in browsers that do not
			// say Sec-Fetch-Site; whoever sends it knows the secret link.
			h := c.Request().Header
			if secretPath(c.Request().URL.Path) && h.Get("Origin") == "null" && h.Get("Sec-Fetch-Site") == "" {
				return next(c)
			}
			if err := protection.Check(c.Request()); err != nil {
				return &tickets.Error{Kind: tickets.Forbidden, Msg: "This was sent from another site. Nothing was changed.", Err: err}
			}
			return next(c)
		}
	}, nil
}

// bounded refuses requests that are larger than their route says. What comes without a length is cut
// off while it is read.
func (s *Server) bounded() echo.MiddlewareFunc {
	limits := map[int64]echo.MiddlewareFunc{}
	limit := func(r route) int64 { return cmp.Or(r.who.body, defaultBody) }
	for _, r := range append(s.routes(), route{}) {
		limits[limit(r)] = middleware.BodyLimit(strconv.FormatInt(limit(r), 10) + "B")
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		byLimit := map[int64]echo.HandlerFunc{}
		for bytes, m := range limits {
			byLimit[bytes] = m(next)
		}
		return func(c echo.Context) error {
			return byLimit[limit(s.table[c.Request().Method+" "+c.Path()])](c)
		}
	}
}
