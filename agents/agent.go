package agents

import (
	"context"
	"slices"
	"time"
)

// Role is what a person is at the desk.
type Role string

// The roles. An auditor reads everything and changes nothing.
const (
	RoleAgent      Role = "agent"
	RoleSupervisor Role = "supervisor"
	RoleAdmin      Role = "admin"
	RoleAuditor    Role = "auditor"
)

// Roles lists the roles.
func Roles() []Role { return []Role{RoleAgent, RoleSupervisor, RoleAdmin, RoleAuditor} }

// Permission is one thing a person may do.
type Permission string

// The permissions of people.
const (
	ReadTickets    Permission = "tickets:read"
	WorkTickets    Permission = "tickets:write"
	ReadEvidence   Permission = "evidence:read"
	ApproveRefunds Permission = "refunds:approve"
	ApproveLarge   Permission = "refunds:approve_large" // above automation.approval_above_fen
	ReadQuarantine Permission = "quarantine:read"
)

// May reports whether the role has the permission. An unknown role may nothing.
func (r Role) May(p Permission) bool {
	switch r {
	case RoleAuditor:
		return slices.Contains([]Permission{ReadTickets, ReadEvidence, ReadQuarantine}, p)
	case RoleAgent:
		return p != ApproveLarge
	case RoleSupervisor, RoleAdmin:
		return true
	}
	return false
}

// Agent is one person who works at the desk.
type Agent struct {
	ID           int64 `gorm:"primaryKey"`
	Login        string
	Name         string
	Role         Role
	PasswordHash string // argon2id, PHC string
	At           time.Time
	DisabledAt   *time.Time
}

// Key is an API key of a machine. The key itself is shown once; only its hash is kept.
type Key struct {
	ID        int64 `gorm:"primaryKey"`
	Name      string
	Scopes    []string `gorm:"serializer:json"`
	Hash      string   // hex SHA-256 of the key
	At        time.Time
	RevokedAt *time.Time
}

// Session is a logged-in person's session or bearer token, kept by the hash of its token.
type Session struct {
	TokenHash string `gorm:"primaryKey"`
	Data      []byte
	ExpiresAt time.Time
}

// Store is what this package needs from the database. Absence is tickets.NotFound.
type Store interface {
	Agent(ctx context.Context, login string) (Agent, error)
	Agents(ctx context.Context) ([]Agent, error)
	// InsertAgent is Conflict where the login is taken.
	InsertAgent(ctx context.Context, a *Agent) error
	SaveAgent(ctx context.Context, a Agent) error
	KeyByHash(ctx context.Context, hash string) (Key, error)
	Keys(ctx context.Context) ([]Key, error)
	InsertKey(ctx context.Context, k *Key) error
	SaveKey(ctx context.Context, k Key) error
	Session(ctx context.Context, tokenHash string) (Session, error)
	SaveSession(ctx context.Context, s Session) error
	DeleteSession(ctx context.Context, tokenHash string) error
	// Hit counts one attempt under key in the window that began at most window ago and returns how
	// many there were, this one included.
	Hit(ctx context.Context, key string, now time.Time, window time.Duration) (int, error)
	// ClearHits forgets the attempts under key.
	ClearHits(ctx context.Context, key string) error
}
