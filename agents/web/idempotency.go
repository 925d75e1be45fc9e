package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

const (
	idempotencyHeader = "Idempotency-Key"
	longestKey        = 200
	// abandonedAfter is how long a request without an answer keeps others of its key waiting: longer
	// than any takes, so that only one whose node was killed is made again.
	abandonedAfter = 2 * time.Minute
)

// keptAnswer is an answer as it was given.
type keptAnswer struct {
	Header map[string]string `json:"header"`
	Body   []byte            `json:"body"`
}

// keptHeaders are the headers that belong to an answer and not to its sending.
func keptHeaders() []string {
	return []string{echo.HeaderContentType, "ETag", "Location"}
}

// idempotent answers a POST that is sent again under its Idempotency-Key as it was answered before.
// What may not be kept, a login or a code, never comes here with a key: such routes are public, or
// say so.
func (s *Server) idempotent(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		key := c.Request().Header.Get(idempotencyHeader)
		if key == "" || !replayable(c) {
			return next(c)
		}
		r, err := s.request(c, key)
		if err != nil {
			return err
		}
		ctx := c.Request().Context()
		kept, begun, err := s.cfg.Requests.BeginRequest(ctx, r, r.At.Add(-abandonedAfter))
		switch {
		case err != nil:
			return err
		case begun:
			return s.answerOnce(c, next, kept)
		case kept.BodyHash != r.BodyHash:
			return &tickets.Error{Kind: tickets.Invalid, Msg: "This Idempotency-Key was sent with another body. Take a new key for a new request."}
		case kept.Status == 0:
			c.Response().Header().Set("Retry-After", "1")
			return &tickets.Error{Kind: tickets.Conflict, Msg: "The same request is being worked on. Send it again in a moment for its answer."}
		}
		return replay(c, kept)
	}
}

// replayable reports whether a request's answer is kept: that of somebody who is known, to a route
// whose answers are.
func replayable(c echo.Context) bool {
	by := who(c)
	return keepsAnswers(c.Request().Method, c.Path()) && (by.key.ID != 0 || by.agent.Login != "")
}

// keepsAnswers reports whether a route's answers are kept: those of every JSON POST that sends no code.
func keepsAnswers(method, path string) bool {
	return method == http.MethodPost && strings.HasPrefix(path, "/v1/") && !strings.HasSuffix(path, "/verification")
}

// request reads what is asked, and puts the body back.
func (s *Server) request(c echo.Context, key string) (agents.Request, error) {
	if len(key) > longestKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return agents.Request{}, &tickets.Error{Kind: tickets.Invalid, Msg: "An Idempotency-Key has at most 200 visible ASCII characters."}
	}
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return agents.Request{}, err
	}
	c.Request().Body = io.NopCloser(bytes.NewReader(body))
	return agents.Request{
		Caller: string(who(c).actor()), Method: c.Request().Method, Path: c.Request().URL.RequestURI(), Key: key,
		BodyHash: hashBody(body), At: s.cfg.Now(),
	}, nil
}

// hashBody tells bodies apart. A password is left out of it: a hash of little else would be a hash of
// the password.
func hashBody(body []byte) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err == nil {
		if _, secret := members["password"]; secret {
			delete(members, "password")
			if rest, err := json.Marshal(members); err == nil {
				body = rest
			}
		}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// answerOnce lets the request be answered and keeps the answer. One that says to try again is not kept.
func (s *Server) answerOnce(c echo.Context, next echo.HandlerFunc, r agents.Request) error {
	// The sender may have given up by the time the answer is there, and asks for it once more.
	ctx := context.WithoutCancel(c.Request().Context())
	w := c.Response().Writer
	recorded := &recorder{ResponseWriter: w}
	c.Response().Writer = recorded
	defer func() { c.Response().Writer = w }()
	done := false
	defer func() {
		if !done { // it panicked
			_ = s.cfg.Requests.ForgetRequest(ctx, r)
		}
	}()
	if err := next(c); err != nil {
		c.Error(err)
	}
	done = true
	r.Status = c.Response().Status
	if r.Status >= http.StatusInternalServerError || slices.Contains([]int{http.StatusTooManyRequests, http.StatusRequestTimeout}, r.Status) {
		return s.cfg.Requests.ForgetRequest(ctx, r)
	}
	kept := keptAnswer{Header: map[string]string{}, Body: recorded.body.Bytes()}
	for _, name := range keptHeaders() {
		if v := c.Response().Header().Get(name); v != "" {
			kept.Header[name] = v
		}
	}
	var err error
	if r.Answer, err = json.Marshal(kept); err != nil {
		return err
	}
	return s.cfg.Requests.EndRequest(ctx, r)
}

// replay gives the answer that was kept.
func replay(c echo.Context, r agents.Request) error {
	var kept keptAnswer
	if err := json.Unmarshal(r.Answer, &kept); err != nil {
		return err
	}
	for name, v := range kept.Header {
		c.Response().Header().Set(name, v)
	}
	c.Response().Header().Set("Idempotency-Replayed", "true")
	c.Response().WriteHeader(r.Status)
	_, err := c.Response().Write(kept.Body)
	return err
}

// recorder keeps what is written.
type recorder struct {
	http.ResponseWriter
	body bytes.Buffer
}

// Write writes and keeps.
func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets the server find the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
