package agents

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/canceldesk/canceldesk/tickets"
)

// What a session token must keep to (DESIGN.md section 4). The clocks of the app and the desk may differ
// by the slack; no session is believed for longer than its life.
const (
	chatAudience     = "canceldesk"
	chatSessionLife  = 15 * time.Minute
	chatSessionSlack = 30 * time.Second
	chatTokenBytes   = 4096
)

// ChatSessions proves by the app's signature who chats. Without a secret no token proves anything.
type ChatSessions struct{ secret []byte }

// NewChatSessions takes the secret that the app signs with, "" for none.
func NewChatSessions(secret string) ChatSessions { return ChatSessions{secret: []byte(secret)} }

// chatClaims are what the app signs.
type chatClaims struct {
	ConversationID string `json:"conversation_id"`
	jwt.RegisteredClaims
}

// Read returns what a token says if it is genuine, of that conversation and valid now; Unauthenticated with
// the reason for the people at the desk if not. The reason never repeats anything of the token.
func (s ChatSessions) Read(token, conversationID string, now time.Time) (tickets.ChatSession, error) {
	bad := func(why string) (tickets.ChatSession, error) {
		return tickets.ChatSession{}, &tickets.Error{Kind: tickets.Unauthenticated, Msg: why}
	}
	switch {
	case len(s.secret) == 0:
		return bad("no secret is set, so no session counts")
	case len(token) > chatTokenBytes:
		return bad("too long")
	}
	var claims chatClaims
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithAudience(chatAudience), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return s.secret, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return bad("expired")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return bad("not valid yet")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return bad("for somebody else")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return bad("signature does not verify")
	case err != nil:
		return bad("unreadable or incomplete")
	case claims.ExpiresAt.After(now.Add(chatSessionLife + chatSessionSlack)):
		return bad("lasts longer than 15 minutes")
	case conversationID == "" || claims.ConversationID != conversationID:
		return bad("of another conversation")
	case claims.Subject == "":
		return bad("names no account")
	}
	until := claims.ExpiresAt.Time
	if last := now.Add(chatSessionLife); until.After(last) {
		until = last
	}
	return tickets.ChatSession{AccountNo: claims.Subject, ExpiresAt: until.UTC()}, nil
}
