package agents_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

const password = "correct horse battery"

func start() time.Time { return time.Date(2026, 3, 5, 2, 30, 0, 0, time.UTC) }

type people struct {
	db        *store.DB
	door      *agents.Door
	passwords *agents.Passwords
}

func setup(t *testing.T) people {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "desk.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := agents.NewPasswords()
	if err != nil {
		t.Fatal(err)
	}
	a, err := agents.NewAgent(t.Context(), p, "Wang", "王小明", agents.RoleAgent, password, start())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.InsertAgent(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	return people{db: db, door: agents.NewDoor(db, p), passwords: p}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login, password string
		disabled        bool
		want            error
	}{
		"right":                     {"wang", password, false, nil},
		"login in another case":     {"WANG", password, false, nil},
		"wrong password":            {"wang", "wrong horse battery", false, tickets.Unauthenticated},
		"no password":               {"wang", "", false, tickets.Unauthenticated},
		"nobody":                    {"li", password, false, tickets.Unauthenticated},
		"disabled, right password":  {"wang", password, true, tickets.Unauthenticated},
		"enormous password":         {"wang", strings.Repeat("x", 1<<20), false, tickets.Unauthenticated},
		"what no database can hold": {"wa\x00ng\xff", password, false, tickets.Unauthenticated},
		"enormous login":            {strings.Repeat("wang", 1<<18), password, false, tickets.Unauthenticated},
		"the password of the decoy": {"li", "nobody has this password", false, tickets.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			if c.disabled {
				a, err := h.db.Agent(t.Context(), "wang")
				if err != nil {
					t.Fatal(err)
				}
				at := start()
				a.DisabledAt = &at
				if err := h.db.SaveAgent(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			a, err := h.door.Login(t.Context(), c.login, c.password, "192.0.2.1", start())
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if err == nil && a.Login != "wang" {
				t.Errorf("logged in as %q", a.Login)
			}
		})
	}
}

func TestTriesAreCountedByLoginAndByAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		most int
		at   func(i int) (login, address string)
	}{
		"one login, one address":    {agents.Tries, func(int) (string, string) { return "wang", "192.0.2.1" }},
		"one login, many addresses": {agents.LoginTries, func(i int) (string, string) { return "wang", fmt.Sprintf("192.0.2.%d", i) }},
		"many logins, one address":  {agents.AddressTries, func(i int) (string, string) { return fmt.Sprintf("wang%d", i), "192.0.2.1" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			let := 0
			for i := range c.most + 1 {
				login, address := c.at(i)
				if _, err := h.door.Login(t.Context(), login, "wrong wrong wrong", address, start()); !errors.Is(err, tickets.TooMany) {
					let++
				}
			}
			if let != c.most {
				t.Errorf("%d tries were let through, want %d", let, c.most)
			}
		})
	}
}

// TestWrongPasswordsFromElsewhereLockNobodyOut: whoever tries passwords at a login is stopped, and its owner
// is not.
func TestWrongPasswordsFromElsewhereLockNobodyOut(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i := range 3 * agents.Tries {
		_, err := h.door.Login(t.Context(), "wang", "wrong wrong wrong", "198.51.100.7", start())
		if want := i >= agents.Tries; errors.Is(err, tickets.TooMany) != want {
			t.Fatalf("try %d from elsewhere: %v", i+1, err)
		}
	}
	if _, err := h.door.Login(t.Context(), "wang", password, "198.51.100.7", start()); !errors.Is(err, tickets.TooMany) {
		t.Errorf("the right password from there: %v", err)
	}
	if _, err := h.door.Login(t.Context(), "wang", password, "192.0.2.1", start()); err != nil {
		t.Errorf("the right password from here: %v", err)
	}
}

// TestRightPasswordsAtOnceAreAllRight: people release several refunds at the same moment.
func TestRightPasswordsAtOnceAreAllRight(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var all sync.WaitGroup
	for range 4 * agents.Tries {
		all.Go(func() {
			if err := h.door.Confirm(t.Context(), "wang", password, start()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var wrong atomic.Int64
	for range 4 * agents.Tries {
		all.Go(func() {
			if err := h.door.Confirm(t.Context(), "wang", "wrong wrong wrong", start()); errors.Is(err, tickets.Forbidden) {
				wrong.Add(1)
			}
		})
	}
	if all.Wait(); wrong.Load() != agents.Tries {
		t.Errorf("%d wrong ones were judged, want %d", wrong.Load(), agents.Tries)
	}
}

func TestLoginThatWorksClearsTheTries(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 3 {
		for range agents.Tries - 1 {
			if _, err := h.door.Login(t.Context(), "wang", "wrong wrong wrong", "192.0.2.1", start()); !errors.Is(err, tickets.Unauthenticated) {
				t.Fatal(err)
			}
		}
		if _, err := h.door.Login(t.Context(), "wang", password, "192.0.2.1", start()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNewAgentRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	p, err := agents.NewPasswords()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		login, name, password string
		role                  agents.Role
	}{
		"short password":         {"wang", "王", "short", agents.RoleAgent},
		"nine characters":        {"wang", "王", "一二三四五六七八九", agents.RoleAgent},
		"enormous password":      {"wang", "王", strings.Repeat("x", 1000), agents.RoleAgent},
		"login with a space":     {"wang li", "王", password, agents.RoleAgent},
		"login of another actor": {"agent:wang", "王", password, agents.RoleAgent},
		"no name":                {"wang", " ", password, agents.RoleAgent},
		"unknown role":           {"wang", "王", password, "root"},
	} {
		if _, err := agents.NewAgent(t.Context(), p, c.login, c.name, c.role, c.password, start()); !errors.Is(err, tickets.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if _, err := p.Hash(t.Context(), "一二三四五六七八九十"); err != nil {
		t.Errorf("ten characters: %v", err)
	}
}

func TestHashIsArgon2idWithTheFloor(t *testing.T) {
	t.Parallel()
	p, err := agents.NewPasswords()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := p.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(hash, want) {
		t.Errorf("hash %q, want it to begin with %s", hash, want)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Check(gone, hash, password); !errors.Is(err, tickets.Unavailable) {
		t.Errorf("for somebody who has gone: %v, want unavailable", err)
	}
}

func TestBearerEndsWithTimeAndPassword(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a, err := h.db.Agent(t.Context(), "wang")
	if err != nil {
		t.Fatal(err)
	}
	token, err := h.door.Bearer(t.Context(), rand.Reader, a, start())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		at    time.Time
		want  error
	}{
		"at once":     {token, start(), nil},
		"at the end":  {token, start().Add(agents.SessionLife - time.Second), nil},
		"after it":    {token, start().Add(agents.SessionLife), tickets.Unauthenticated},
		"another one": {token + "x", start(), tickets.Unauthenticated},
		"a key":       {"cdk_x", start(), tickets.Unauthenticated},
	} {
		if _, err := h.door.ByBearer(t.Context(), c.token, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	a.PasswordHash += "x"
	if err := h.db.SaveAgent(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := h.door.ByBearer(t.Context(), token, start()); !errors.Is(err, tickets.Unauthenticated) {
		t.Errorf("after a new password: %v", err)
	}
}

func TestKeyIsKeptAsItsHash(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key, hash, err := agents.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k := agents.Key{Name: "app", Scopes: []string{"tickets:read"}, Hash: hash, At: start()}
	if err := h.db.InsertKey(t.Context(), &k); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(hash, key) || len(key) < 40 {
		t.Errorf("key %q, hash %q", key, hash)
	}
	got, err := h.door.ByKey(t.Context(), key)
	if err != nil || !got.May("tickets:read") || got.May("tickets:write") {
		t.Errorf("%+v, %v", got, err)
	}
	at := start()
	k.RevokedAt = &at
	if err := h.db.SaveKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if _, err := h.door.ByKey(t.Context(), key); !errors.Is(err, tickets.Unauthenticated) {
		t.Errorf("revoked: %v", err)
	}
}
