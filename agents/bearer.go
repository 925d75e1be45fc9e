package agents

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// How long a person stays logged in: SessionIdle without doing anything, SessionLife at most, which
// is also how long a bearer token lasts.
const (
	SessionIdle = 8 * time.Hour
	SessionLife = 12 * time.Hour
)

// bearerPrefix keeps the hashes of bearer tokens apart from those of cookie sessions in one table.
const bearerPrefix = "bearer/"

const tokenPrefix = "cds_"

type bearer struct {
	Login string `json:"login"`
	Seal  string `json:"seal"`
}

// Seal changes whenever the person's password does. A session keeps the seal it began under and ends
// when it is another.
func (a Agent) Seal() string { return HashKey("seal/" + a.PasswordHash)[:32] }

// Bearer gives a person who has just logged in a token that lasts SessionLife. Only its hash is kept.
func (d *Door) Bearer(ctx context.Context, rand io.Reader, a Agent, now time.Time) (string, error) {
	secret, err := draw(rand)
	if err != nil {
		return "", fmt.Errorf("draw token: %w", err)
	}
	data, err := json.Marshal(bearer{Login: a.Login, Seal: a.Seal()})
	if err != nil {
		return "", fmt.Errorf("keep token: %w", err)
	}
	token := tokenPrefix + secret
	err = d.store.SaveSession(ctx, Session{TokenHash: bearerPrefix + HashKey(token), Data: data, ExpiresAt: now.Add(SessionLife)})
	if err != nil {
		return "", fmt.Errorf("keep token: %w", err)
	}
	return token, nil
}

// ByBearer returns the person who presents the token. Unauthenticated where it is none, has expired,
// or the person was disabled or given another password since.
func (d *Door) ByBearer(ctx context.Context, token string, now time.Time) (Agent, error) {
	if !strings.HasPrefix(token, tokenPrefix) {
		return Agent{}, tickets.Unauthenticated
	}
	s, err := d.store.Session(ctx, bearerPrefix+HashKey(token))
	switch {
	case errors.Is(err, tickets.NotFound), err == nil && !now.Before(s.ExpiresAt):
		return Agent{}, tickets.Unauthenticated
	case err != nil:
		return Agent{}, fmt.Errorf("look up token: %w", err)
	}
	var b bearer
	if err := json.Unmarshal(s.Data, &b); err != nil {
		return Agent{}, fmt.Errorf("read token: %w", err)
	}
	return d.Still(ctx, b.Login, b.Seal)
}

// Still returns the person a session was begun for. Unauthenticated where the person is gone,
// disabled, or has another password since.
func (d *Door) Still(ctx context.Context, login, seal string) (Agent, error) {
	a, err := d.store.Agent(ctx, login)
	switch {
	case errors.Is(err, tickets.NotFound):
		return Agent{}, tickets.Unauthenticated
	case err != nil:
		return Agent{}, fmt.Errorf("look up login: %w", err)
	case a.DisabledAt != nil, subtle.ConstantTimeCompare([]byte(a.Seal()), []byte(seal)) != 1:
		return Agent{}, tickets.Unauthenticated
	}
	return a, nil
}
