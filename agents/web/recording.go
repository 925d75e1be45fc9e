package web

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// Recordings is where the audio of calls lies. store.Blobs is one.
type Recordings interface {
	// Keep stores what r gives, streaming it, and returns its reference once it is durable.
	Keep(ctx context.Context, r io.Reader) (ref string, bytes int64, err error)
	Open(ctx context.Context, ref string) (io.ReadSeekCloser, error)
	// Drop gives up what Keep stored and nothing refers to.
	Drop(ctx context.Context, ref string) error
}

type recordingInput struct {
	CallID string `path:"call_id" maxLength:"128" example:"7f3c-20260705-0912"`
}

// apiRecording takes the recording of a call in as it comes, never the whole of it in memory.
func (s *Server) apiRecording(ctx context.Context, c echo.Context, in *recordingInput) (*struct{}, error) {
	body := bufio.NewReader(upload{c.Request().Body})
	head, err := body.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	kind, ok := audioType(head)
	if !ok {
		return nil, &problem{
			Title: http.StatusText(http.StatusUnsupportedMediaType), Status: http.StatusUnsupportedMediaType,
			Code: codeOf(http.StatusUnsupportedMediaType), Detail: "The bytes are no wav, mp3, ogg or m4a.",
		}
	}
	sum := sha256.New()
	ref, n, err := s.cfg.Recordings.Keep(ctx, io.TeeReader(body, sum))
	if err != nil {
		return nil, err
	}
	kept, err := s.desk.Record(ctx, who(c).actor(), in.CallID, tickets.Recording{
		Ref: ref, Type: kind, Bytes: n, Digest: hex.EncodeToString(sum.Sum(nil)),
	})
	if !kept {
		err = errors.Join(err, s.cfg.Recordings.Drop(context.WithoutCancel(ctx), ref))
	}
	return nil, err
}

// upload says of a body that broke off or is too large what it is.
type upload struct{ body io.Reader }

// Read reads on.
func (u upload) Read(p []byte) (int, error) {
	n, err := u.body.Read(p)
	var tooLarge *echo.HTTPError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return n, err
	case errors.As(err, &tooLarge) && tooLarge.Code == http.StatusRequestEntityTooLarge:
		return n, &tickets.Error{Kind: tickets.TooLarge, Msg: "The recording is larger than limits.recording_bytes.", Err: err}
	}
	return n, &tickets.Error{Kind: tickets.Invalid, Msg: "The recording broke off.", Err: err}
}

// sniffed is how many bytes tell what a file is.
const sniffed = 16

// audioType is the type of a recording by its own bytes; false for whatever is none.
func audioType(head []byte) (string, bool) {
	at := func(i int, s string) bool { return len(head) >= i+len(s) && string(head[i:i+len(s)]) == s }
	switch {
	case at(0, "RIFF") && at(8, "WAVE"):
		return "audio/wav", true
	case at(0, "OggS"):
		return "audio/ogg", true
	case at(4, "ftyp") && (at(8, "M4A") || at(8, "M4B") || at(8, "mp4") || at(8, "isom") || at(8, "iso2")):
		return "audio/mp4", true
	case at(0, "ID3"):
		return "audio/mpeg", true
	case len(head) >= 2 && head[0] == 0xFF && head[1]&0xE6 == 0xE2: // frame sync, layer III
		return "audio/mpeg", true
	}
	return "", false
}

// recording plays the recording of a call to an agent, any part of it.
func (s *Server) recording(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	call, err := s.desk.Reader().Call(ctx, c.Param("call"))
	switch {
	case err != nil:
		return err
	case call.TicketID != id || call.Recording.Ref == "":
		return tickets.NotFound
	}
	audio, err := s.cfg.Recordings.Open(ctx, call.Recording.Ref)
	if err != nil {
		return err
	}
	defer audio.Close()
	h := c.Response().Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set(echo.HeaderContentType, call.Recording.Type)
	h.Set("ETag", `"`+call.Recording.Digest+`"`)
	http.ServeContent(c.Response(), c.Request(), "", *call.Recording.At, audio)
	return nil
}
