package agents

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/canceldesk/canceldesk/tickets"
)

// Scopes lists what an API key can be allowed, in the words of the HTTP contract (DESIGN.md 6.3).
func Scopes() []string {
	return []string{
		"accounts:read", "accounts:write", "billing:read", "billing:write", "calls:write",
		"charges:write", "chat:read", "chat:write", "evidence:read", "metrics:read", "refunds:read",
		"reports:read", "tickets:read", "tickets:write",
	}
}

// May reports whether the key is alive and has the scope.
func (k Key) May(scope string) bool { return k.RevokedAt == nil && slices.Contains(k.Scopes, scope) }

// KeyPrefix is how every API key begins, so that a leaked one is recognised.
const KeyPrefix = "cdk_"

// NewKey draws an API key from rand and returns it with the hash that is kept of it. The key has 256
// bits, so a plain SHA-256 is hash enough.
func NewKey(rand io.Reader) (key, hash string, err error) {
	secret, err := draw(rand)
	if err != nil {
		return "", "", fmt.Errorf("draw key: %w", err)
	}
	key = KeyPrefix + secret
	return key, HashKey(key), nil
}

// HashKey is the hash that is kept of a key.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// ByKey returns the machine that presents the key. Unauthenticated where there is none or it was revoked.
func (d *Door) ByKey(ctx context.Context, key string) (Key, error) {
	if !strings.HasPrefix(key, KeyPrefix) {
		return Key{}, tickets.Unauthenticated
	}
	k, err := d.store.KeyByHash(ctx, HashKey(key))
	switch {
	case errors.Is(err, tickets.NotFound), err == nil && k.RevokedAt != nil:
		return Key{}, tickets.Unauthenticated
	case err != nil:
		return Key{}, fmt.Errorf("look up key: %w", err)
	}
	return k, nil
}

func draw(rand io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(rand, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
