package reply

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// Texter hands one text message to whoever sends it. Errors are as a Mailer's: Unavailable where trying
// again with the same id may help, anything else is for good.
type Texter interface {
	Text(ctx context.Context, m tickets.TextBody) error
}

// Gateway calls the platform's own gateway: POST of {id, template, phone, params}, signed as Standard
// Webhooks does it (headers webhook-id, webhook-timestamp and webhook-signature: v1, HMAC-SHA256 in base64
// over id, timestamp and body, joined by dots). The id is the same for every try; the gateway sends once.
type Gateway struct {
	URL    string
	Secret string // of at least 32 bytes, or "whsec_" and those bytes in base64
	Client *http.Client
	Now    func() time.Time
	// Timeout bounds one call; 0 is ten seconds.
	Timeout time.Duration
}

// Text sends one message.
func (g Gateway) Text(ctx context.Context, m tickets.TextBody) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write text message: %w", err)
	}
	timeout := g.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "sms.url can't be called.", Fixed: true} // the cause may quote a secret
	}
	at := strconv.FormatInt(g.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Webhook-Id", m.ID)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", "v1,"+sign(g.Secret, m.ID+"."+at+"."+string(body)))
	client := *g.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: "The text gateway does not answer.", Fixed: true} // the cause quotes the URL
	}
	words, err := io.ReadAll(io.LimitReader(res.Body, maxWord))
	if err := errors.Join(err, res.Body.Close()); err != nil && res.StatusCode/100 != 2 {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: "The text gateway broke off.", Fixed: true}
	}
	return g.answer(res.StatusCode, string(words))
}

// answer is what the gateway's status means.
func (g Gateway) answer(status int, words string) error {
	if status/100 == 2 {
		return nil
	}
	kind := tickets.Invalid
	if status >= 500 || slices.Contains([]int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests}, status) {
		kind = tickets.Unavailable
	}
	return &tickets.Error{Kind: kind, Msg: "The text gateway answered " + strconv.Itoa(status) + ".", Err: &RefusalError{Code: status, Words: words}, Fixed: true}
}

// sign is the signature of a text by a secret.
func sign(secret, text string) string {
	key := []byte(secret)
	if b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_")); err == nil && strings.HasPrefix(secret, "whsec_") {
		key = b
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// TextLog keeps text messages instead of sending them. It is for the demo: codes can be read there.
type TextLog struct {
	now  func() time.Time
	mu   sync.Mutex
	sent []SentText
}

// SentText is one that was kept.
type SentText struct {
	At time.Time
	tickets.TextBody
}

// NewTextLog makes an empty log.
func NewTextLog(now func() time.Time) *TextLog { return &TextLog{now: now} }

// Text keeps a message; one that was kept already is left as it is.
func (l *TextLog) Text(_ context.Context, m tickets.TextBody) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(l.sent, func(s SentText) bool { return s.ID == m.ID }) {
		l.sent = append(l.sent, SentText{At: l.now(), TextBody: m})
	}
	return nil
}

// Sent lists what was kept, oldest first.
func (l *TextLog) Sent() []SentText {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent)
}

// text hands the stored bytes of a text message on.
func (s *Sender) text(ctx context.Context, raw []byte) error {
	var m tickets.TextBody
	if err := json.Unmarshal(raw, &m); err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "The outbox has no text message there.", Err: err, Fixed: true}
	}
	if s.ways.Text == nil {
		return &tickets.Error{Kind: tickets.Conflict, Msg: "This desk sends no text messages any more.", Fixed: true}
	}
	return s.ways.Text.Text(ctx, m)
}
