package web_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/agents/web"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

const password = "correct horse battery"

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a desk with its server, on a real database.
type house struct {
	db    *store.DB
	blobs *store.Blobs
	clock *clock
	desk  *tickets.Desk
	web   *web.Server
	url   string
	log   *lockedBuffer
	ready map[string]error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func shanghai() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

func setup(t testing.TB) *house {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	blobs, err := store.OpenBlobs(ctx, "mem://")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	h := &house{
		db: db, blobs: blobs, log: &lockedBuffer{}, ready: map[string]error{"database": nil},
		clock: &clock{at: time.Date(2026, 3, 5, 2, 30, 0, 0, time.UTC)},
	}
	settings := tickets.Settings{
		Zone: shanghai(), Locale: "zh-CN", CloseAfter: 7 * 24 * time.Hour, FirstResponse: 4 * time.Hour, ResolutionDays: 3, WarnBefore: time.Hour, ClaimFor: 30 * time.Minute,
		QuoteValidity: 7 * 24 * time.Hour,
		Calendar:      tickets.Calendar{Zone: shanghai(), Hours: tickets.Weekdays(tickets.Interval{From: 9 * time.Hour, To: 18 * time.Hour}), Until: "2026-12-31"},
		Automation:    tickets.Automation{Stop: tickets.Auto, Refund: tickets.Propose, ApprovalAboveFen: 20000},
		RefundPolicy:  account.PolicyA,
		Codes:         tickets.Codes{Key: make([]byte, 32), SMS: true},
		Texts:         tickets.Texts{Templates: map[tickets.Tell]string{tickets.TellCode: "SMS_1"}},
		Pages:         tickets.PageLinks{Key: make([]byte, 32)},
	}
	h.desk = tickets.NewDesk(db, settings, tickets.MailIDs{Key: make([]byte, 32), Domain: "desk.example"}, h.clock.now)
	h.web, err = web.New(web.Config{
		Desk: h.desk, People: db, Sessions: db.Sessions(h.clock.now), PublicURL: "http://127.0.0.1", Zone: shanghai(), Locale: "zh-CN",
		Now: h.clock.now, Rand: rand.Reader, Log: slog.New(slog.NewTextHandler(h.log, nil)), Evidence: exporter{},
		VerifierKey: "desk.example+1234+abc", Intake: ledger{h}, Events: events{db},
		Metrics:        http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("figures")) }),
		Ready:          func(context.Context) map[string]error { return h.ready },
		OpenAttachment: openAttachment, Requests: db, Accounts: platformSide{h},
		Recordings: blobs, RecordingBytes: recordingBytes,
		Chat: agents.NewChatSessions(chatSecret), Keep: blobs.KeepBatch, Brand: "星河会员",
		KeepOriginal: func(ctx context.Context, original []byte) (string, error) {
			refs, err := blobs.KeepBatch(ctx, [][]byte{original})
			return strings.Join(refs, ""), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h.web)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

// platformSide takes in what the platform says, as the program does.
type platformSide struct{ h *house }

func (p platformSide) PutAccount(ctx context.Context, s account.Sync) (bool, error) {
	_, created, err := p.h.db.PutAccount(ctx, s, func(id string) string { return "hash of " + id }, p.h.clock.now())
	if err != nil {
		return created, err
	}
	_, err = p.h.desk.Guard(ctx, s.AccountNo)
	return created, err
}

func (p platformSide) PutCharges(ctx context.Context, charges []account.Charge) ([]tickets.TakenCharge, error) {
	return p.h.desk.TakeCharges(ctx, charges)
}

func (p platformSide) PutWatermark(ctx context.Context, source string, through time.Time) (time.Time, error) {
	return p.h.db.PutWatermark(ctx, source, through, p.h.clock.now())
}

// recordingBytes is the largest recording that the test's desk takes.
const recordingBytes = 3 << 20

// brokenTicket is one whose evidence can't be written.
const brokenTicket = 2

type exporter struct{}

func (exporter) Export(_ context.Context, ticketID int64, w io.Writer) error {
	if ticketID == brokenTicket {
		return errors.New("disk sda1 is on fire")
	}
	_, err := io.WriteString(w, "PK bundle of "+tickets.Number(ticketID))
	return err
}

type events struct{ db *store.DB }

func (e events) Events(ctx context.Context, stream string) ([]web.Event, error) {
	rows, err := e.db.Events(ctx, stream)
	out := make([]web.Event, 0, len(rows))
	for _, r := range rows {
		out = append(out, web.Event{N: r.N, At: r.At, Type: r.Type, Actor: r.Actor})
	}
	return out, err
}

// ledger reads the intake rows of the test's database.
type ledger struct{ h *house }

func (l ledger) Ledger(ctx context.Context, outcome string, after int64, limit int) ([]tickets.Intake, error) {
	q := l.h.db.ReadConn().WithContext(ctx)
	if outcome != "" {
		q = q.Where("outcome = ?", outcome)
	}
	if after > 0 {
		q = q.Where("id < ?", after)
	}
	var rows []tickets.Intake
	err := q.Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

func (l ledger) Original(ctx context.Context, ref string) (io.ReadCloser, error) {
	return l.h.blobs.Open(ctx, ref)
}

// openAttachment takes the raw mail itself for each of its attachments.
func openAttachment(raw []byte, index int) (name, contentType string, content []byte, err error) {
	if index == 0 {
		return `..\..\evil "name".html`, "text/html", raw, nil
	}
	return "picture.png", "image/png", []byte("\x89PNG\r\n\x1a\n0000"), nil
}

// hire adds one person of each role, whose login is the role.
func (h *house) hire(t testing.TB) {
	t.Helper()
	p, err := agents.NewPasswords()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := p.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range agents.Roles() {
		a := agents.Agent{Login: string(role), Name: "王小明", Role: role, PasswordHash: hash, At: h.clock.now()}
		if err := h.db.InsertAgent(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
	}
}

// browser is a client with cookies that does not follow redirects.
func (h *house) browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// as is a browser of a logged-in person.
func (h *house) as(t testing.TB, login string) *http.Client {
	t.Helper()
	b := h.browser(t)
	if got := h.post(t, b, "/login", url.Values{"login": {login}, "password": {password}}); got.status != http.StatusSeeOther {
		t.Fatalf("log in as %s: %d\n%s", login, got.status, got.body)
	}
	return b
}

// answer is what came back.
type answer struct {
	status int
	to     string // Location
	header http.Header
	body   string
}

func (h *house) do(t testing.TB, c *http.Client, r *http.Request) answer {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: res.StatusCode, to: res.Header.Get("Location"), header: res.Header, body: string(b)}
}

func (h *house) get(t testing.TB, c *http.Client, path string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.do(t, c, r)
}

func (h *house) post(t testing.TB, c *http.Client, path string, form url.Values, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.do(t, c, r)
}

func (h *house) put(t testing.TB, c *http.Client, path string, body io.Reader, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, h.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.do(t, c, r)
}

// mail stores a case as mail intake would, and returns its id.
func (h *house) mail(t testing.TB, change func(*tickets.Ticket, *tickets.Message)) int64 {
	t.Helper()
	raw := "From: li@example.com\r\nSubject: =?utf-8?B?5YWz6Zet?=\r\n\r\nhello\r\n"
	refs, err := h.blobs.KeepBatch(t.Context(), [][]byte{[]byte(raw)})
	if err != nil {
		t.Fatal(err)
	}
	now := h.clock.now()
	charge := now.Add(40 * time.Hour)
	tk := tickets.Ticket{
		Status: tickets.Open, Reason: "several_subscriptions", Channel: tickets.Email, Subject: "关闭自动续费", Locale: "zh-CN",
		Requester: "li@example.com", Intent: intent.StopAutoRenew, Intents: []intent.Intent{intent.StopAutoRenew}, Confidence: 0.93,
		Why: []string{"act stop on object agreement"}, ReceivedAt: now.Add(-time.Hour), FirstResponseDueAt: now.Add(3 * time.Hour),
		ResolutionDueAt: now.Add(72 * time.Hour), NextChargeAt: &charge, Assurance: 1,
	}
	m := tickets.Message{
		Direction: tickets.Inbound, Channel: tickets.Email, At: now.Add(-time.Hour), Sender: "li@example.com", SenderName: "李雷",
		Subject: "关闭自动续费", Text: "请帮我关闭会员的自动续费，谢谢。", Quoted: "> 您好", Raw: refs[0], Kind: "message",
		MessageID: "m1@example.com", Assurance: 1, AssuranceWhy: []string{"for: dmarc=pass"}, Asks: []intent.Intent{intent.StopAutoRenew},
	}
	if change != nil {
		change(&tk, &m)
	}
	err = h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		tk.ID, m.ID = 0, 0
		if err := tx.InsertTicket(t.Context(), &tk); err != nil {
			return err
		}
		m.TicketID = tk.ID
		if err := tx.InsertMessage(t.Context(), &m); err != nil {
			return err
		}
		return tx.Append(t.Context(), now, tickets.Record{Stream: tk.Number(), Type: tickets.EventReceived, Actor: "desk"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return tk.ID
}
