package agents

import (
	"context"
	"fmt"
	"runtime"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/canceldesk/canceldesk/tickets"
)

// PasswordFloor is how many characters a password has at least.
const PasswordFloor = 10

// passwordCeiling keeps a request from making the hash read megabytes.
const passwordCeiling = 256

// hashesAtOnce bounds the memory that password checks may take together: each needs 19 MB.
const hashesAtOnce = 4

// Passwords makes and checks argon2id hashes with the parameters that OWASP names as a floor: 19 MB,
// two passes, one lane. Only a few are worked on at once, so that a burst of logins can't exhaust
// the machine's memory. It is safe for concurrent use.
type Passwords struct {
	params argon2id.Params
	turns  chan struct{}
	decoy  string
}

// NewPasswords makes a checker. It hashes once, to have what a login that nobody has is compared to.
func NewPasswords() (*Passwords, error) {
	p := &Passwords{
		params: argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		turns:  make(chan struct{}, min(hashesAtOnce, max(1, runtime.GOMAXPROCS(0)))),
	}
	decoy, err := argon2id.CreateHash("nobody has this password", &p.params)
	if err != nil {
		return nil, fmt.Errorf("make decoy hash: %w", err)
	}
	p.decoy = decoy
	return p, nil
}

// Hash is the PHC string to keep of a password. Invalid where it is too short or too long to be one.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < PasswordFloor || len(password) > passwordCeiling {
		return "", &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("A password has at least %d characters and at most %d bytes.", PasswordFloor, passwordCeiling)}
	}
	if err := p.turn(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.turns }()
	hash, err := argon2id.CreateHash(password, &p.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Check reports whether the password is the one behind the hash. An empty hash is nobody's: it costs
// the same time and is never right.
func (p *Passwords) Check(ctx context.Context, hash, password string) (bool, error) {
	if err := p.turn(ctx); err != nil {
		return false, err
	}
	defer func() { <-p.turns }()
	against := hash
	if hash == "" {
		against = p.decoy
	}
	if len(password) > passwordCeiling {
		password = ""
	}
	ok, err := argon2id.ComparePasswordAndHash(password, against)
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	return ok && hash != "", nil
}

// turn waits until few enough others are hashing. Nobody hashes for a caller who has gone.
func (p *Passwords) turn(ctx context.Context) error {
	gone := func() error {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: "Too much is going on just now. Try again.", Err: ctx.Err()}
	}
	if ctx.Err() != nil {
		return gone()
	}
	select {
	case p.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return gone()
	}
}
