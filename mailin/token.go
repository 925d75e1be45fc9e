package mailin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/canceldesk/canceldesk/tickets"
)

// OAuth2 is where the access tokens of a mailbox come from: by a refresh token that a person got once (RFC 6749,
// section 6), or, where there is none, by the program's own credentials (section 4.4).
type OAuth2 struct {
	TokenURL     string
	ClientID     string
	ClientSecret string // "" for a public client
	RefreshToken string
	Scope        string
	// Kept and Keep, where set, hold the refresh token that the provider gave in place of the one before, so that
	// it is used after a restart too. Kept is "" where there is none. Keep reports whether it was kept, and says
	// itself what went wrong; until it is, the running program goes on with it and tries again.
	Kept func() (string, error)
	Keep func(refreshToken string) bool
	Now  func() time.Time
}

const (
	// tokenTimeout bounds one question to the token endpoint.
	tokenTimeout = 20 * time.Second
	// tokenMargin is how long before its end a token is used no more.
	tokenMargin = 2 * time.Minute
	// tokenLife is taken for a token whose endpoint does not say how long it lives.
	tokenLife = 10 * time.Minute
)

// Tokens gives the access tokens of a mailbox, each as long as it lives. Its methods may be called by several
// goroutines at once.
type Tokens struct {
	from   OAuth2
	mu     sync.Mutex
	last   string // the token to use until, "" for none
	till   time.Time
	unkept string // a refresh token that could not be kept yet
}

// NewTokens gives tokens from there.
func NewTokens(from OAuth2) *Tokens { return &Tokens{from: from} }

// Token is an access token that lives for a while yet. Unauthenticated where the provider refuses to give one,
// which a person has to mend; Unavailable where it can't be asked now. No error holds a secret.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last != "" && t.from.Now().Before(t.till) {
		return t.last, nil
	}
	got, err := t.get(ctx)
	if err != nil {
		return "", err
	}
	life := tokenLife
	if seconds, ok := got.Extra("expires_in").(float64); ok && seconds > 0 {
		life = time.Duration(seconds) * time.Second
	}
	t.last, t.till = got.AccessToken, t.from.Now().Add(life-min(tokenMargin, life/2))
	return t.last, nil
}

// Refused says that the mail server took a token for none: the next one is a new one.
func (t *Tokens) Refused(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == token {
		t.last = ""
	}
}

// get asks the endpoint, with the refresh token it gave last and, where that is refused, with the one of the
// settings: a person may have put a new one there.
func (t *Tokens) get(ctx context.Context) (*oauth2.Token, error) {
	var kept string
	switch {
	case t.unkept != "":
		kept = t.unkept
	case t.from.Kept != nil:
		var err error
		if kept, err = t.from.Kept(); err != nil {
			return nil, &tickets.Error{Kind: tickets.Unavailable, Msg: "The kept refresh token of the mailbox can't be read.", Err: err}
		}
	}
	if kept != "" && kept != t.from.RefreshToken {
		got, err := t.ask(ctx, kept)
		if err == nil || !errors.Is(err, tickets.Unauthenticated) {
			return got, err
		}
	}
	return t.ask(ctx, t.from.RefreshToken)
}

func (t *Tokens) ask(ctx context.Context, refresh string) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID: t.from.ClientID, ClientSecret: t.from.ClientSecret, TokenURL: t.from.TokenURL,
		Scopes: strings.Fields(t.from.Scope), AuthStyle: oauth2.AuthStyleInParams,
	}
	if refresh != "" {
		config.EndpointParams = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{
		Timeout: tokenTimeout,
		// The request holds secrets, which go nowhere but to the address of the settings.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	got, err := config.Token(ctx)
	if err != nil {
		return nil, t.refusal(err)
	}
	if got.RefreshToken != "" && got.RefreshToken != refresh && t.from.Keep != nil {
		t.unkept = got.RefreshToken // the one before may be good no more
	}
	if t.unkept != "" && t.from.Keep(t.unkept) {
		t.unkept = ""
	}
	return got, nil
}

// refusal is why there is no token. What the endpoint wrote is not repeated: it may repeat what it was asked.
func (t *Tokens) refusal(err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) || answer.Response == nil {
		return &tickets.Error{
			Kind: tickets.Unavailable, Msg: fmt.Sprintf("The token endpoint %s can't be asked: check oauth2.token_url and the network.", t.host()),
			Err: errors.New(withoutURL(err)),
		}
	}
	status := answer.Response.StatusCode
	code := answer.ErrorCode
	if len(code) > 60 || strings.ContainsFunc(code, func(r rune) bool { return r < ' ' || r > '~' }) {
		code = ""
	}
	why := fmt.Errorf("status %d, error %q", status, code)
	msg, kind := "The token endpoint %s gives no token now; it is asked again.", tickets.Unavailable
	switch {
	case status >= 500 || status == http.StatusTooManyRequests || code == "temporarily_unavailable":
	case code == "invalid_grant":
		msg, kind = "The token endpoint %s refuses the refresh token (expired or revoked): get a new one as docs/MAIL.md says, and put it into oauth2.refresh_token.", tickets.Unauthenticated
	case code == "invalid_client", code == "unauthorized_client":
		msg, kind = "The token endpoint %s does not know the client: check oauth2.client_id and oauth2.client_secret.", tickets.Unauthenticated
	case code == "invalid_scope":
		msg, kind = "The token endpoint %s refuses the scope: check oauth2.scope.", tickets.Unauthenticated
	default:
		msg, kind = "The token endpoint %s refuses to give a token: check the settings under oauth2.", tickets.Unauthenticated
	}
	return &tickets.Error{Kind: kind, Msg: fmt.Sprintf(msg, t.host()), Err: why}
}

func (t *Tokens) host() string {
	u, err := url.Parse(t.from.TokenURL)
	if err != nil {
		return "of oauth2.token_url"
	}
	return u.Host
}

// withoutURL is an error's text without the address that was asked, as far as it names one.
func withoutURL(err error) string {
	var asked *url.Error
	if errors.As(err, &asked) {
		return asked.Err.Error()
	}
	return "no token in the answer"
}
