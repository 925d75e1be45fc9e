package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	gomail "github.com/emersion/go-message/mail"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// What a customer may send from his page: words, and one picture.
const (
	pictureLimit = 5 << 20
	formLimit    = pictureLimit + 64<<10 // the picture with the form around it
	wordsLimit   = 4000
)

// customerAdds takes words or a picture that the customer adds to the case.
func (s *Server) customerAdds(c echo.Context) error {
	// Whoever has no page uploads nothing.
	if _, err := s.desk.Page(c.Request().Context(), c.Param("token"), browserOf(c)); err != nil {
		return err
	}
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, formLimit)
	image, err := picturePart(c)
	if err != nil {
		return err
	}
	f, p, err := s.onPage(c)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(f.Text, "\uFFFD"), "\r\n", "\n"))
	switch {
	case text == "" && image == nil:
		return &tickets.Error{Kind: tickets.Invalid, Msg: "The text is empty. Write something first."}
	case utf8.RuneCountInString(text) > wordsLimit:
		return &tickets.Error{Kind: tickets.TooLarge, Msg: "The text is too long. At most 4000 characters."}
	}
	said, err := s.said(c, p, f, text, image)
	if err != nil {
		return err
	}
	if _, err := s.desk.SayOnPage(c.Request().Context(), c.Param("token"), tickets.PageAdd, said); err != nil {
		return err
	}
	return s.back(c, url.Values{"done": {"add"}})
}

// picturePart reads the picture of the form: PNG, JPEG or WebP by its own bytes, whatever it is called.
func picturePart(c echo.Context) ([]byte, error) {
	tooLarge := &tickets.Error{Kind: tickets.TooLarge, Msg: "The picture is larger than 5 MB."}
	header, err := c.FormFile("picture")
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, tooLarge
	}
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart), err == nil && header.Size == 0:
		return nil, nil
	case err != nil: // a picture that broke on its way is not taken for none
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request.", Err: err}
	}
	file, err := header.Open()
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(file, pictureLimit+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if len(content) > pictureLimit {
		return nil, tooLarge
	}
	if kind, ok := picture(content); !ok || kind == "image/gif" {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Only PNG, JPEG and WebP pictures can be added."}
	}
	return content, nil
}

// said is what was handed over, with its original kept: a mail of its own, so that it is read, shown and
// proven like every other message.
func (s *Server) said(c echo.Context, p tickets.Page, f customerForm, text string, image []byte) (tickets.PageSaid, error) {
	said := tickets.PageSaid{Browser: browserOf(c), Nonce: f.Nonce, Text: text}
	if len(f.Nonce) < 8 || len(f.Nonce) > 64 || strings.ContainsFunc(f.Nonce, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		return said, &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request."}
	}
	if image != nil {
		kind, _ := picture(image)
		said.Attachments = []tickets.Attachment{{Name: "screenshot." + strings.TrimPrefix(kind, "image/"), Type: kind, Bytes: int64(len(image))}}
	}
	var err error
	if said.Original, err = s.pageMail(p, said, image); err != nil {
		return said, fmt.Errorf("write original: %w", err)
	}
	said.Raw, err = s.cfg.KeepOriginal(c.Request().Context(), said.Original)
	return said, err
}

// pageMail writes what came from a page as a mail.
func (s *Server) pageMail(p tickets.Page, said tickets.PageSaid, image []byte) ([]byte, error) {
	var h gomail.Header
	if tickets.Mailable(p.Address) {
		h.SetAddressList("From", []*gomail.Address{{Address: p.Address}})
	}
	h.SetSubject("page " + p.Ticket.Number())
	h.SetDate(s.cfg.Now().In(s.cfg.Zone))
	var b bytes.Buffer
	w, err := gomail.CreateWriter(&b, h)
	if err != nil {
		return nil, err
	}
	var inline gomail.InlineHeader
	inline.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	part, err := w.CreateSingleInline(inline)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(part, said.Text); err != nil {
		return nil, err
	}
	if err := part.Close(); err != nil {
		return nil, err
	}
	if image != nil {
		var a gomail.AttachmentHeader
		a.SetContentType(said.Attachments[0].Type, nil)
		a.SetFilename(said.Attachments[0].Name)
		part, err := w.CreateAttachment(a)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(image); err != nil {
			return nil, err
		}
		if err := part.Close(); err != nil {
			return nil, err
		}
	}
	err = w.Close() // writes the last boundary
	return b.Bytes(), err
}

// phrase is what a click says, in the customer's language.
func (s *Server) phrase(p tickets.Page, word string) string {
	lang := "zh-CN"
	if p.Ticket.Locale == "en" {
		lang = "en"
	}
	return s.pages.words[lang].code("pageword", word)
}
