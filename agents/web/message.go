package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// originalLimit bounds what one request reads of a mail into memory.
const originalLimit = 64 << 20

// message is the path's message, if it belongs to the path's ticket; NotFound else.
func (s *Server) message(c echo.Context) (tickets.Message, error) {
	id, err := ticketID(c)
	if err != nil {
		return tickets.Message{}, err
	}
	number, err := strconv.ParseInt(c.Param("message"), 10, 64)
	if err != nil {
		return tickets.Message{}, tickets.NotFound
	}
	m, err := s.desk.Reader().Message(c.Request().Context(), number)
	switch {
	case err != nil:
		return tickets.Message{}, err
	case m.TicketID != id:
		return tickets.Message{}, tickets.NotFound
	}
	return m, nil
}

// messageHTML is a mail's own HTML, for the sandboxed frame on its ticket's page. Remote pictures
// would tell the sender that the mail was read, so they are loaded only where that page asks.
func (s *Server) messageHTML(c echo.Context) error {
	m, err := s.message(c)
	if err != nil {
		return err
	}
	if m.HTML == "" {
		return tickets.NotFound
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", mailPolicy)
	if c.QueryParam("images") == "1" && fromOwnPage(c.Request()) {
		h.Set("Content-Security-Policy", mailPolicyImages)
	}
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	return c.HTMLBlob(http.StatusOK, []byte(`<!doctype html><meta charset="utf-8"><base target="_blank">`+m.HTML))
}

// fromOwnPage reports whether a page of this site asked, and not a link in a mail.
func fromOwnPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	from, err := url.Parse(r.Referer())
	return err == nil && from.Host != "" && from.Host == r.Host
}

// messageOriginal gives the mail's own bytes.
func (s *Server) messageOriginal(c echo.Context) error {
	m, err := s.message(c)
	if err != nil {
		return err
	}
	raw, err := s.original(c.Request().Context(), m.Raw)
	if err != nil {
		return err
	}
	return download(c, fmt.Sprintf("%s-%d.eml", tickets.Number(m.TicketID), m.ID), raw)
}

// outgoingOriginal gives the bytes of a mail the desk sent.
func (s *Server) outgoingOriginal(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(c.Param("outgoing"), 10, 64)
	if err != nil {
		return tickets.NotFound
	}
	o, err := s.desk.Reader().OutgoingByID(c.Request().Context(), number)
	switch {
	case err != nil:
		return err
	case o.TicketID != id || len(o.Raw) == 0:
		return tickets.NotFound
	}
	return download(c, fmt.Sprintf("%s-sent-%d.eml", tickets.Number(id), o.ID), o.Raw)
}

// attachment gives one file that came with a message: a picture as such, everything else as a
// download, whatever type it claims.
func (s *Server) attachment(c echo.Context) error {
	m, err := s.message(c)
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(c.Param("index"))
	if err != nil || index < 0 || index >= len(m.Attachments) {
		return tickets.NotFound
	}
	raw, err := s.original(c.Request().Context(), m.Raw)
	if err != nil {
		return err
	}
	name, _, content, err := s.cfg.OpenAttachment(raw, index)
	if err != nil {
		return err
	}
	if kind, ok := picture(content); ok && c.QueryParam("show") == "1" {
		c.Response().Header().Set("Content-Security-Policy", filePolicy)
		return c.Blob(http.StatusOK, kind, content)
	}
	return download(c, safeName(name), content)
}

// original reads the kept bytes of a mail.
func (s *Server) original(ctx context.Context, ref string) ([]byte, error) {
	if ref == "" {
		return nil, tickets.NotFound
	}
	r, err := s.cfg.Intake.Original(ctx, ref)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(r, originalLimit+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read original: %w", err)
	}
	if len(raw) > originalLimit {
		return nil, &tickets.Error{Kind: tickets.TooLarge, Msg: "This mail is too large to be shown here."}
	}
	return raw, nil
}

// download answers bytes as a file to be saved, of no type a browser would run.
func download(c echo.Context, name string, content []byte) error {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set(echo.HeaderContentDisposition, disposition(name))
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(content)))
	return c.Stream(http.StatusOK, echo.MIMEOctetStream, bytes.NewReader(content))
}

func disposition(name string) string {
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": name}); d != "" {
		return d
	}
	return "attachment"
}

// picture reports by the bytes themselves whether they are an image that browsers show without
// running anything. SVG is none.
func picture(content []byte) (string, bool) {
	switch kind := http.DetectContentType(content); kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return kind, true
	}
	return "", false
}

// safeName is a file name without path, control or direction characters, at most 120 long.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(`<>:"|?*/`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimSpace(name), ".")
	if runes := []rune(name); len(runes) > 120 {
		name = string(runes[len(runes)-120:])
	}
	if name == "" {
		return "attachment"
	}
	return name
}
