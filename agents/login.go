package agents

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/canceldesk/canceldesk/tickets"
)

// A login has Tries tries from one address in a TryWindow.
//
// A whole office may share one address, so that one has many more for all logins together. A login has more
// still from all addresses together: whoever tries passwords from elsewhere does not lock its owner out, and
// who does so from everywhere does not get far either.
const (
	Tries        = 5
	AddressTries = 50
	LoginTries   = 100
	TryWindow    = 15 * time.Minute
)

// limit is how many tries a key has.
type limit struct {
	key  string
	most int
}

// Door lets people in: it knows whether a login and a password belong together.
type Door struct {
	store     Store
	passwords *Passwords
	// turns let tries at one key be judged one after the other, so that right ones that come at once don't
	// count against one another. Each holds one token; a key always has the same.
	turns [64]chan struct{}
}

// NewDoor makes the door over the people's store.
func NewDoor(store Store, passwords *Passwords) *Door {
	d := &Door{store: store, passwords: passwords}
	for i := range d.turns {
		d.turns[i] = make(chan struct{}, 1)
	}
	return d
}

// Login returns the person with that login and password. from is the address the try comes from.
// Unauthenticated for a wrong one of the two, a login nobody has, or a disabled person: the answer
// and the time it takes are the same. TooMany within TryWindow after Tries tries for one login from one
// address, AddressTries from one address, or LoginTries for one login, right or wrong.
func (d *Door) Login(ctx context.Context, login, password, from string, now time.Time) (Agent, error) {
	// The widest comes last: what is refused before it does not count there.
	a, err := d.try(ctx, []limit{
		{"login/" + loginKey(login) + "@" + HashKey("address/" + from)[:16], Tries}, {"address/" + from, AddressTries}, {"login/" + loginKey(login), LoginTries},
	}, login, password, now)
	if errors.Is(err, tickets.Unauthenticated) {
		return Agent{}, &tickets.Error{Kind: tickets.Unauthenticated, Msg: "Login and password do not belong together."}
	}
	return a, err
}

// Confirm asks a person who is logged in for the password again, before something that moves money.
// It is throttled apart from Login. Forbidden where the password is wrong.
func (d *Door) Confirm(ctx context.Context, login, password string, now time.Time) error {
	_, err := d.try(ctx, []limit{{"confirm/" + loginKey(login), Tries}}, login, password, now)
	if errors.Is(err, tickets.Unauthenticated) {
		return &tickets.Error{Kind: tickets.Forbidden, Msg: "This is not your password. Nothing was changed."}
	}
	return err
}

// try judges a password within the limits, of which the first is the narrowest.
func (d *Door) try(ctx context.Context, limits []limit, login, password string, now time.Time) (Agent, error) {
	turn := d.turn(limits[0].key)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return Agent{}, &tickets.Error{Kind: tickets.Unavailable, Msg: "Too much is going on just now. Try again.", Err: ctx.Err()}
	}
	for _, l := range limits {
		n, err := d.store.Hit(ctx, l.key, now, TryWindow)
		if err != nil {
			return Agent{}, fmt.Errorf("count login try: %w", err)
		}
		if n > l.most {
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
	for _, l := range limits {
		if err := d.store.ClearHits(ctx, l.key); err != nil {
			return Agent{}, fmt.Errorf("forget login tries: %w", err)
		}
	}
	return a, nil
}

// turn is the turn that a key waits for.
func (d *Door) turn(key string) chan struct{} {
	h := fnv.New32a()
	h.Write([]byte(key))
	return d.turns[h.Sum32()%uint32(len(d.turns))]
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
