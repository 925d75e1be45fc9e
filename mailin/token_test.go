package mailin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestProvidersAreReadAsTheyWantToBe(t *testing.T) {
	t.Parallel()
	good := func(token string) bool { return token == "good" }
	token := func(context.Context) (string, error) { return "good", nil }
	for name, test := range map[string]struct {
		p     *provider
		token func(context.Context) (string, error)
		first []string // commands up to the first folder, but for asking what the server can
	}{
		"163":      {netease(), nil, []string{"LOGIN", "ID", "EXAMINE"}},
		"QQ":       {qq(), nil, []string{"LOGIN", "ID", "EXAMINE"}},
		"Exchange": {exchange(good), token, []string{"AUTHENTICATE", "ID", "EXAMINE"}},
		"Gmail":    {gmail(good), token, []string{"AUTHENTICATE", "ID", "EXAMINE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := test.p.start(t)
			server := p.server(t)
			server.Token = test.token
			l := newLedger()
			if diff := cmp.Diff(Summary{Mailbox: "service", Fetched: 1, Ticket: 1}, poll(t, newTestPoller(t, testConfig(server, l)))); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"stop"}, l.subjects()); diff != "" {
				t.Errorf("mails (-want +got):\n%s", diff)
			}
			heard := slices.DeleteFunc(p.commands(), func(verb string) bool { return verb == "CAPABILITY" })
			if diff := cmp.Diff(test.first, heard[:min(len(heard), len(test.first))]); diff != "" {
				t.Errorf("first commands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProviderThatRefusesSaysWhatToDo(t *testing.T) {
	t.Parallel()
	never := func(string) bool { return false }
	suspicious := netease()
	suspicious.caps = strings.Replace(suspicious.caps, " ID ", " ", 1) // so that nobody says who he is
	for name, test := range map[string]struct {
		p        *provider
		with     func(*Server)
		sentence string
	}{
		"163 wants the authorisation code": {netease(), func(s *Server) { s.Password = "the web's password" }, "(163.com, 126.com and QQ want an authorisation code in place of the password)"},
		"QQ too":                           {qq(), func(s *Server) { s.Password = "the web's password" }, "(163.com, 126.com and QQ want an authorisation code in place of the password)"},
		"163 calls the login unsafe":       {suspicious, nil, "allow IMAP for other programs in the mailbox's settings"},
		"Exchange refuses every token":     {exchange(never), withToken("stale"), "refuses the OAuth 2.0 token"},
		"Gmail refuses every token":        {gmail(never), withToken("stale"), "refuses the OAuth 2.0 token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := test.p.start(t).server(t)
			if test.with != nil {
				test.with(&server)
			}
			_, err := newTestPoller(t, testConfig(server, newLedger())).PollOnce(t.Context())
			var said *tickets.Error
			if !errors.Is(err, tickets.Unauthenticated) || !errors.As(err, &said) || !strings.Contains(said.Msg, test.sentence) {
				t.Errorf("error is %v, want one that a person mends and %q", err, test.sentence)
			}
		})
	}
}

func withToken(token string) func(*Server) {
	return func(s *Server) { s.Token = func(context.Context) (string, error) { return token, nil } }
}

// endpoint gives tokens for a refresh token, as RFC 6749 has it.
type endpoint struct {
	url    string
	mu     sync.Mutex
	asked  []string // grant, client, refresh token, scope
	given  int
	good   []string // refresh tokens it takes
	rotate bool     // gives a new refresh token with each access token, and takes the one before no more
	answer func(w http.ResponseWriter) bool
}

func startEndpoint(t *testing.T, good ...string) *endpoint {
	t.Helper()
	e := &endpoint{good: good}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.url = server.URL + "/token"
	return e
}

// ServeHTTP answers one request for a token.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	refresh := r.PostFormValue("refresh_token")
	e.asked = append(e.asked, strings.Join([]string{
		r.PostFormValue("grant_type"), r.PostFormValue("client_id"), r.PostFormValue("client_secret"), refresh, r.PostFormValue("scope"),
	}, " "))
	w.Header().Set("Content-Type", "application/json")
	if e.answer != nil && e.answer(w) {
		return
	}
	if r.PostFormValue("grant_type") == "refresh_token" && !slices.Contains(e.good, refresh) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"%s is expired"}`, refresh)
		return
	}
	e.given++
	next := ""
	if e.rotate {
		next = fmt.Sprintf(`,"refresh_token":"refresh-%d"`, e.given+1)
		e.good = []string{fmt.Sprintf("refresh-%d", e.given+1)}
	}
	fmt.Fprintf(w, `{"access_token":"access-%d","token_type":"Bearer","expires_in":3600%s}`, e.given, next)
}

func (e *endpoint) requests() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

// tokenClock is a clock that a test moves.
type tokenClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *tokenClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *tokenClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// keptTokens is where a rotated refresh token is kept.
type keptTokens struct {
	token string
	full  bool // the disk is
}

func (k *keptTokens) read() (string, error) { return k.token, nil }

func (k *keptTokens) write(token string) bool {
	if !k.full {
		k.token = token
	}
	return !k.full
}

func TestRefreshTokenThatCannotBeKeptIsUsedAllTheSame(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, "refresh-1")
	e.rotate = true
	kept := keptTokens{full: true}
	tokens := NewTokens(OAuth2{TokenURL: e.url, ClientID: "desk", RefreshToken: "refresh-1", Kept: kept.read, Keep: kept.write, Now: time.Time{}.UTC})
	for n := range 3 {
		got, err := tokens.Token(t.Context())
		if err != nil || got != fmt.Sprintf("access-%d", n+1) {
			t.Fatalf("token %d is %q, %v", n, got, err)
		}
		kept.full = n == 0 // there is room again
		tokens.Refused(got)
	}
	if kept.token == "" {
		t.Error("it was never kept")
	}
}

func TestTokenIsKeptAsLongAsItLives(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, "refresh-1")
	clock := &tokenClock{at: time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)}
	tokens := NewTokens(OAuth2{TokenURL: e.url, ClientID: "desk", ClientSecret: "s", RefreshToken: "refresh-1", Scope: "imap smtp", Now: clock.now})
	want := func(token string) {
		t.Helper()
		got, err := tokens.Token(t.Context())
		if err != nil || got != token {
			t.Errorf("token is %q, %v, want %q", got, err, token)
		}
	}
	want("access-1")
	clock.pass(57 * time.Minute)
	want("access-1")
	clock.pass(2 * time.Minute) // it would end while it is used
	want("access-2")
	tokens.Refused("access-1") // an old one
	want("access-2")
	tokens.Refused("access-2")
	want("access-3")
	one := "refresh_token desk s refresh-1 imap smtp"
	if diff := cmp.Diff([]string{one, one, one}, e.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestTokenOfTheProgramsOwn(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t)
	tokens := NewTokens(OAuth2{TokenURL: e.url, ClientID: "desk", ClientSecret: "s", Scope: "https://outlook.example/.default", Now: time.Time{}.UTC})
	if got, err := tokens.Token(t.Context()); err != nil || got != "access-1" {
		t.Errorf("token is %q, %v", got, err)
	}
	if diff := cmp.Diff([]string{"client_credentials desk s  https://outlook.example/.default"}, e.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestRefreshTokenThatChangesIsUsedAfterARestart(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, "refresh-1")
	e.rotate = true
	var kept keptTokens
	from := OAuth2{TokenURL: e.url, ClientID: "desk", RefreshToken: "refresh-1", Kept: kept.read, Keep: kept.write, Now: time.Time{}.UTC}
	for n := range 3 { // three programs, one after another, of the same settings
		if got, err := NewTokens(from).Token(t.Context()); err != nil || got != fmt.Sprintf("access-%d", n+1) {
			t.Fatalf("token %d is %q, %v", n+1, got, err)
		}
	}
	// What was kept is good no more, and a person has put a new one into the settings.
	e.good = []string{"fresh"}
	from.RefreshToken = "fresh"
	if got, err := NewTokens(from).Token(t.Context()); err != nil || got != "access-4" {
		t.Errorf("token by the new settings is %q, %v", got, err)
	}
}

func TestEndpointThatGivesNoTokenSaysWhatToDo(t *testing.T) {
	t.Parallel()
	refuse := func(status int, body string) func(http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, test := range map[string]struct {
		answer   func(http.ResponseWriter) bool
		kind     tickets.Kind
		sentence string
	}{
		"the refresh token is expired": {nil, tickets.Unauthenticated, "refuses the refresh token (expired or revoked)"},
		"the client is not known":      {refuse(401, `{"error":"invalid_client"}`), tickets.Unauthenticated, "check oauth2.client_id"},
		"the scope is refused":         {refuse(400, `{"error":"invalid_scope"}`), tickets.Unauthenticated, "check oauth2.scope"},
		"it is busy":                   {refuse(429, `{}`), tickets.Unavailable, "gives no token now"},
		"it is down":                   {refuse(503, `busy`), tickets.Unavailable, "gives no token now"},
		"it sends us elsewhere": {func(w http.ResponseWriter) bool {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}, tickets.Unauthenticated, "check the settings under oauth2"},
		"it answers nonsense": {refuse(200, `<html>`), tickets.Unavailable, "can't be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startEndpoint(t)
			e.answer = test.answer
			const refresh, secret = "the refresh token itself", "the client's secret"
			_, err := NewTokens(OAuth2{TokenURL: e.url, ClientID: "desk", ClientSecret: secret, RefreshToken: refresh, Now: time.Time{}.UTC}).Token(t.Context())
			var said *tickets.Error
			if !errors.Is(err, test.kind) || !errors.As(err, &said) || !strings.Contains(said.Msg, test.sentence) {
				t.Errorf("error is %v, want %s and %q", err, test.kind, test.sentence)
			}
			if text := fmt.Sprint(err); strings.Contains(text, refresh) || strings.Contains(text, secret) {
				t.Errorf("the error tells a secret: %s", text)
			}
		})
	}
}

// TestTokenTakenBackIsReplacedAtOnce: the token lives for an hour, and its mail server takes it for a while only.
func TestTokenTakenBackIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	accepted := "access-1"
	p := exchange(func(token string) bool {
		mu.Lock()
		defer mu.Unlock()
		return token == accepted
	}).start(t)
	e := startEndpoint(t, "refresh-1")
	tokens := NewTokens(OAuth2{TokenURL: e.url, ClientID: "desk", RefreshToken: "refresh-1", Now: time.Time{}.UTC})
	server := p.server(t)
	server.Token, server.TokenRefused = tokens.Token, tokens.Refused
	for n := range 3 {
		s, err := OpenSession(t.Context(), server)
		if err != nil {
			t.Fatalf("session %d: %v", n, err)
		}
		s.Close()
		if n == 1 {
			mu.Lock()
			accepted = "access-2"
			mu.Unlock()
		}
	}
	if n := len(e.requests()); n != 2 {
		t.Errorf("the endpoint was asked %d times, want 2", n)
	}
	mu.Lock()
	accepted = ""
	mu.Unlock()
	if _, err := OpenSession(t.Context(), server); !errors.Is(err, tickets.Unauthenticated) {
		t.Errorf("a mailbox that takes no token gives %v", err)
	}
}
