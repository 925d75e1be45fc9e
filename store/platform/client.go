package platform

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Client calls the platform: one signed POST at a time, with a time of its own, an answer of bounded
// length, and no redirect, which would hand what is sent to somebody else.
type Client struct {
	base   string
	secret Secret
	http   *http.Client
	now    func() time.Time

	mu     sync.Mutex
	last   error
	lastAt time.Time
}

// lastFor is how long a call that failed says that the platform is away. Whatever waits for it is
// tried again sooner.
const lastFor = 10 * time.Minute

// answerLimit is the longest answer that is read: an account with years of charges.
const answerLimit = 8 << 20

// NewClient makes a client of the platform at an address. timeout bounds each call; now signs.
// Invalid where the address or the secret can't be used.
func NewClient(address, secret string, timeout time.Duration, now func() time.Time) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "The platform's address must be a URL such as https://billing.example.com."}
	}
	key, err := ParseSecret(secret)
	if err != nil || len(key) == 0 {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "The platform's secret can't be used.", Err: err}
	}
	return &Client{
		base: strings.TrimRight(address, "/"), secret: key, now: now,
		http: &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Last is how the last call ended: nil where the platform answered, or was not called for a while.
func (c *Client) Last() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.lastAt) > lastFor {
		return nil
	}
	return c.last
}

// post sends one request and reads its answer into out. Only 200 is an answer. Unavailable where
// trying again may help; whatever else went wrong, nothing is known of what the platform did.
func (c *Client) post(ctx context.Context, path string, in, out any) error {
	err := c.exchange(ctx, path, in, out)
	if err != nil {
		err = fmt.Errorf("platform: %s: %w", path, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.lastAt = err, c.now()
	return err
}

func (c *Client) exchange(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	id, at := newMessageID(), c.now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set(HeaderID, id)
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(HeaderSignature, c.secret.Sign(id, at, body))
	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		err := fmt.Errorf("status %d", res.StatusCode)
		switch res.StatusCode {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return unreachable(err)
		}
		if res.StatusCode >= http.StatusInternalServerError {
			return unreachable(err)
		}
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	switch {
	case err != nil:
		return unreachable(err)
	case len(answer) > answerLimit:
		return errors.New("the answer is too long")
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return errors.New("the answer is not the JSON it should be") // the cause may quote what it says of a person
	}
	return nil
}

func unreachable(err error) error {
	return &tickets.Error{Kind: tickets.Unavailable, Msg: "The platform can't be reached just now. Try again later.", Err: err, Fixed: true}
}

// newMessageID names one message and no other.
func newMessageID() string { return "msg_" + rand.Text() }
