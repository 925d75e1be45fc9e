package agents

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/canceldesk/canceldesk/tickets"
)

// A login or an address has Tries tries in a TryWindow.
//
// A whole office may share one address, so that one has many more.
const (
	Tries        = 5
	AddressTries = 50
	TryWindow    = 15 * time.Minute
)

// Door lets people in: it knows whether a login and a password belong together.
type Door struct {
	store     Store
	passwords *Passwords
}

// NewDoor makes the door over the people's store.
func NewDoor(store Store, passwords *Passwords) *Door {
	return &Door{store: store, passwords: passwords}
}

// Login returns the person with that login and password. from is the address the try comes from.
// Unauthenticated for a wrong one of the two, a login nobody has, or a disabled person: the answer
// and the time it takes are the same. TooMany after Tries tries for one login or from one address
// within TryWindow, right or wrong.
func (d *Door) Login(ctx context.Context, login, password, from string, now time.Time) (Agent, error) {
	keys := []string{"login/" + loginKey(login), "address/" + from}
	a, err := d.try(ctx, keys, login, password, now)
	if errors.Is(err, tickets.Unauthenticated) {
		return Agent{}, &tickets.Error{Kind: tickets.Unauthenticated, Msg: "Login and password do not belong together."}
	}
	return a, err
}

// Confirm asks a person who is logged in for the password again, before something that moves money.
// It is throttled apart from Login. Forbidden where the password is wrong.
func (d *Door) Confirm(ctx context.Context, login, password string, now time.Time) error {
	_, err := d.try(ctx, []string{"confirm/" + loginKey(login)}, login, password, now)
	if errors.Is(err, tickets.Unauthenticated) {
		return &tickets.Error{Kind: tickets.Forbidden, Msg: "This is not your password. Nothing was changed."}
	}
	return err
}

func (d *Door) try(ctx context.Context, keys []string, login, password string, now time.Time) (Agent, error) {
	for _, key := range keys {
		n, err := d.store.Hit(ctx, key, now, TryWindow)
		if err != nil {
			return Agent{}, fmt.Errorf("count login try: %w", err)
		}
		most := Tries
		if strings.HasPrefix(key, "address/") {
			most = AddressTries
		}
		if n > most {
			return Agent{}, &tickets.Error{Kind: tickets.TooMany, Msg: "Too many tries. Wait 15 minutes, then try again."}
		}
	}
	var a Agent
	if possible(login) {
		var err error
		if a, err = d.store.Agent(ctx, login); err != nil && !errors.Is(err, tickets.NotFound) {
			return Agent{}, fmt.Errorf("look up login: %w", err)
		}
	}
	if a.DisabledAt != nil {
		a.PasswordHash = ""
	}
	ok, err := d.passwords.Check(ctx, a.PasswordHash, password)
	switch {
	case err != nil:
		return Agent{}, err
	case !ok:
		return Agent{}, tickets.Unauthenticated
	}
	for _, key := range keys {
		if err := d.store.ClearHits(ctx, key); err != nil {
			return Agent{}, fmt.Errorf("forget login tries: %w", err)
		}
	}
	return a, nil
}

// loginKey is a login as tries are counted under it: whatever is typed there, passwords by mistake
// included, is kept as a hash of fixed length.
func loginKey(login string) string { return HashKey("login/" + strings.ToLower(login))[:32] }

// possible reports whether a database can be asked for the login at all.
func possible(login string) bool {
	return len(login) <= 64 && utf8.ValidString(login) && !strings.ContainsFunc(login, unicode.IsControl)
}

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,31}$`)

// NewAgent makes a person for InsertAgent. Invalid where login, name or role can't be one, or the
// password is shorter than PasswordFloor.
func NewAgent(ctx context.Context, p *Passwords, login, name string, role Role, password string, now time.Time) (Agent, error) {
	login, name = strings.ToLower(strings.TrimSpace(login)), strings.TrimSpace(name)
	switch {
	case !loginForm.MatchString(login):
		return Agent{}, &tickets.Error{Kind: tickets.Invalid, Msg: "A login is 2 to 32 letters, digits, dots, dashes or underscores."}
	case name == "":
		return Agent{}, &tickets.Error{Kind: tickets.Invalid, Msg: "A person needs a name."}
	case !role.May(ReadTickets):
		return Agent{}, &tickets.Error{Kind: tickets.Invalid, Msg: "A role is agent, supervisor, admin or auditor."}
	}
	hash, err := p.Hash(ctx, password)
	if err != nil {
		return Agent{}, err
	}
	return Agent{Login: login, Name: name, Role: role, PasswordHash: hash, At: now}, nil
}
