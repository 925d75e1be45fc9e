package agents_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestChatSession is what a token must be to prove who chats.
func TestChatSession(t *testing.T) {
	t.Parallel()
	const secret = "a secret of the app, 32 bytes long"
	now := time.Date(2026, 3, 5, 2, 30, 0, 0, time.UTC)
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"aud": "canceldesk", "sub": "A-1001", "conversation_id": "c-1", "exp": now.Add(15 * time.Minute).Unix()}
	}
	sign := func(m jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		claims := good()
		if change != nil {
			change(claims)
		}
		token, err := jwt.NewWithClaims(m, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	with := func(change func(jwt.MapClaims)) string { return sign(jwt.SigningMethodHS256, []byte(secret), change) }
	whole := with(nil)
	for name, c := range map[string]struct{ secret, token, why string }{
		"genuine":                   {secret, whole, ""},
		"no secret set":             {"", sign(jwt.SigningMethodHS256, []byte{}, nil), "no secret is set, so no session counts"},
		"another secret":            {secret, sign(jwt.SigningMethodHS256, []byte("another"), nil), "signature does not verify"},
		"alg none":                  {secret, sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), "signature does not verify"},
		"another algorithm":         {secret, sign(jwt.SigningMethodHS512, []byte(secret), nil), "signature does not verify"},
		"expired":                   {secret, with(func(c jwt.MapClaims) { c["exp"] = now.Add(-time.Second).Unix() }), "expired"},
		"expires now":               {secret, with(func(c jwt.MapClaims) { c["exp"] = now.Unix() }), "expired"},
		"without an end":            {secret, with(func(c jwt.MapClaims) { delete(c, "exp") }), "unreadable or incomplete"},
		"too long":                  {secret, with(func(c jwt.MapClaims) { c["exp"] = now.Add(16 * time.Minute).Unix() }), "lasts longer than 15 minutes"},
		"not yet":                   {secret, with(func(c jwt.MapClaims) { c["nbf"] = now.Add(time.Minute).Unix() }), "not valid yet"},
		"another audience":          {secret, with(func(c jwt.MapClaims) { c["aud"] = "shop" }), "for somebody else"},
		"without an audience":       {secret, with(func(c jwt.MapClaims) { delete(c, "aud") }), "unreadable or incomplete"},
		"another conversation":      {secret, with(func(c jwt.MapClaims) { c["conversation_id"] = "c-2" }), "of another conversation"},
		"without a conversation":    {secret, with(func(c jwt.MapClaims) { delete(c, "conversation_id") }), "of another conversation"},
		"without an account":        {secret, with(func(c jwt.MapClaims) { delete(c, "sub") }), "names no account"},
		"claims changed":            {secret, changed(t, whole, with(func(c jwt.MapClaims) { c["sub"] = "A-1002" })), "signature does not verify"},
		"nonsense":                  {secret, "nonsense", "unreadable or incomplete"},
		"more than anybody sends":   {secret, strings.Repeat("a", 5000), "too long"},
		"a number for an account":   {secret, with(func(c jwt.MapClaims) { c["sub"] = 7 }), "unreadable or incomplete"},
		"a signature cut to naught": {secret, whole[:strings.LastIndex(whole, ".")+1], "signature does not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := agents.NewChatSessions(c.secret).Read(c.token, "c-1", now)
			if c.why != "" {
				if err == nil || err.Error() != c.why || got != (tickets.ChatSession{}) {
					t.Errorf("got %+v, %v; want %s", got, err, c.why)
				}
				return
			}
			if d := cmp.Diff(tickets.ChatSession{AccountNo: "A-1001", ExpiresAt: now.Add(15 * time.Minute)}, got); err != nil || d != "" {
				t.Error(err, d)
			}
		})
	}
}

// changed has the claims of another token under the first one's signature.
func changed(t *testing.T, signed, other string) string {
	t.Helper()
	a, b := strings.Split(signed, "."), strings.Split(other, ".")
	if len(a) != 3 || len(b) != 3 {
		t.Fatal("no tokens")
	}
	return a[0] + "." + b[1] + "." + a[2]
}
