package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/canceldesk/canceldesk/tickets"
)

// pagePolicy lets a page show its own styles and pictures, send its own forms and frame its own
// mails, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; " +
	"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

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
			if err := protection.Check(c.Request()); err != nil {
				return &tickets.Error{Kind: tickets.Forbidden, Msg: "This was sent from another site. Nothing was changed.", Err: err}
			}
			return next(c)
		}
	}, nil
}

// bodyLimit bounds what a request may bring: 1 MB, and what a chat may hand over.
func bodyLimit() echo.MiddlewareFunc {
	small, chat := middleware.BodyLimit("1M"), middleware.BodyLimit(strconv.Itoa(chatBytes))
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		limited, wide := small(next), chat(next)
		return func(c echo.Context) error {
			if strings.HasPrefix(c.Path(), "/v1/chat/handoffs") {
				return wide(c)
			}
			return limited(c)
		}
	}
}
