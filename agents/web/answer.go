package web

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// What goes out with one answer: no more than the mailboxes of customers commonly take. As JSON the files
// are base64, and as a form there is a little more around them.
const (
	answerFiles = 10
	answerBytes = 10 << 20
	answerBody  = answerBytes*4/3 + 256<<10
)

// wordsWith is what a person writes with its files kept, so that they are listed, shown and proven like those
// that come in.
func (s *Server) wordsWith(ctx context.Context, text string, files []chatFile) (tickets.Words, error) {
	words := tickets.Words{Text: text}
	if len(files) == 0 {
		return words, nil
	}
	raw, listed, wrong, err := packFiles("", text, files, "")
	switch {
	case err != nil:
		return words, fmt.Errorf("write files: %w", err)
	case len(wrong) > 0:
		return words, &problem{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: string(tickets.Invalid),
			Detail: "An attachment can't be taken.", Errors: wrong,
		}
	case len(files) > answerFiles:
		return words, &tickets.Error{Kind: tickets.Invalid, Msg: "At most 10 files can be sent at once."}
	}
	var all int64
	for _, a := range listed {
		all += a.Bytes
	}
	if all > answerBytes {
		return words, tooManyBytes()
	}
	words.Content, words.Attachments = raw, listed
	if words.Raw, err = s.cfg.KeepOriginal(ctx, raw); err != nil {
		return words, fmt.Errorf("keep files: %w", err)
	}
	return words, nil
}

func tooManyBytes() error {
	return &tickets.Error{Kind: tickets.TooLarge, Msg: "The files together are larger than 10 MB."}
}

// formFiles are the files of the form; none where it has none.
func formFiles(c echo.Context) ([]chatFile, error) {
	form, err := c.MultipartForm()
	if errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request.", Err: err}
	}
	var out []chatFile
	var all int64
	for _, h := range form.File["files"] {
		if h.Size == 0 && h.Filename == "" {
			continue // the field was left empty
		}
		if all += h.Size; all > answerBytes {
			return nil, tooManyBytes()
		}
		content, err := readFormFile(h)
		if err != nil {
			return nil, fmt.Errorf("read file: %w", err)
		}
		out = append(out, chatFile{Name: h.Filename, Content: base64.StdEncoding.EncodeToString(content)})
	}
	return out, nil
}

func readFormFile(h *multipart.FileHeader) ([]byte, error) {
	f, err := h.Open()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, answerBytes+1))
	return content, errors.Join(err, f.Close())
}
