package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/tickets"
)

func peoplePromises() []promise {
	return []promise{
		{"a person is found by login in any case and a login is one person's", func(t *testing.T, b bundle) {
			amy := agents.Agent{Login: "amy", Name: "Amy", Role: agents.RoleAgent, PasswordHash: "$argon2id$", At: b.at}
			must(t, b.InsertAgent(b.ctx(), &amy))
			wantKind(t, b.InsertAgent(b.ctx(), &agents.Agent{Login: "Amy", Role: agents.RoleAdmin, At: b.at}), tickets.Conflict)
			wantKind(t, b.InsertAgent(b.ctx(), &agents.Agent{Login: "bob", Role: "king", At: b.at}), tickets.Conflict)
			amy.Role, amy.Name, amy.DisabledAt = agents.RoleSupervisor, "", &b.at
			must(t, b.SaveAgent(b.ctx(), amy))
			got, err := b.Agent(b.ctx(), "AMY")
			must(t, err)
			list, err := b.Agents(b.ctx())
			must(t, err)
			if d := cmp.Diff([]agents.Agent{amy, amy}, append(list, got)); d != "" {
				t.Error(d)
			}
			_, err = b.Agent(b.ctx(), "bob")
			wantKind(t, err, tickets.NotFound)
			wantKind(t, b.SaveAgent(b.ctx(), agents.Agent{ID: 99, Login: "x", Role: agents.RoleAgent}), tickets.NotFound)
		}},
		{"an API key is found by its hash", func(t *testing.T, b bundle) {
			k := agents.Key{Name: "app", Scopes: []string{"chat:write"}, Hash: "abc", At: b.at}
			must(t, b.InsertKey(b.ctx(), &k))
			wantKind(t, b.InsertKey(b.ctx(), &agents.Key{Name: "other", Hash: "abc", At: b.at}), tickets.Conflict)
			k.RevokedAt = &b.at
			must(t, b.SaveKey(b.ctx(), k))
			got, err := b.KeyByHash(b.ctx(), "abc")
			must(t, err)
			list, err := b.Keys(b.ctx())
			must(t, err)
			if d := cmp.Diff([]agents.Key{k, k}, append(list, got)); d != "" {
				t.Error(d)
			}
			_, err = b.KeyByHash(b.ctx(), "none")
			wantKind(t, err, tickets.NotFound)
		}},
		{"sessions are kept until they expire or end", func(t *testing.T, b bundle) {
			now := b.at
			s := b.Sessions(func() time.Time { return now })
			must(t, s.CommitCtx(b.ctx(), "h1", []byte("one"), b.at.Add(time.Hour)))
			must(t, s.Commit("h1", []byte("two"), b.at.Add(time.Hour)))
			data, ok, err := s.FindCtx(b.ctx(), "h1")
			must(t, err)
			if string(data) != "two" || !ok {
				t.Errorf("found %q, %v, want the session's newest data", data, ok)
			}
			now = b.at.Add(time.Hour)
			if _, ok, err := s.Find("h1"); ok || err != nil {
				t.Errorf("an expired session was found: %v, %v", ok, err)
			}
			must(t, b.SaveSession(b.ctx(), agents.Session{TokenHash: "h2", Data: []byte("x"), ExpiresAt: b.at.Add(2 * time.Hour)}))
			must(t, b.Sweep(b.ctx(), b.at.Add(90*time.Minute), time.Hour))
			_, err = b.Session(b.ctx(), "h1")
			wantKind(t, err, tickets.NotFound)
			if _, err := b.Session(b.ctx(), "h2"); err != nil {
				t.Errorf("a session that runs was swept: %v", err)
			}
			must(t, s.Delete("h2"))
			if _, ok, err := s.Find("h2"); ok || err != nil {
				t.Errorf("an ended session was found: %v, %v", ok, err)
			}
		}},
		{"attempts are counted within their window, those made at once too", func(t *testing.T, b bundle) {
			for _, err := range together(9, func(int) error {
				_, err := b.Hit(b.ctx(), "login:amy", b.at, time.Minute)
				return err
			}) {
				must(t, err)
			}
			var got []int
			for _, at := range []time.Duration{time.Minute, time.Minute + time.Microsecond} {
				n, err := b.Hit(b.ctx(), "login:amy", b.at.Add(at), time.Minute)
				must(t, err)
				got = append(got, n)
			}
			must(t, b.ClearHits(b.ctx(), "login:amy"))
			n, err := b.Hit(b.ctx(), "login:amy", b.at, time.Minute)
			must(t, err)
			if d := cmp.Diff([]int{10, 1, 1}, append(got, n)); d != "" {
				t.Error(d)
			}
		}},
	}
}
