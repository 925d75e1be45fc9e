package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/agents/web"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestLoginIsThrottledAndTellsNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	var pages []string
	for _, login := range []string{"agent", "nobody"} {
		got := h.post(t, h.browser(t), "/login", url.Values{"login": {login}, "password": {"wrong wrong wrong"}})
		if got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d, want 401", login, got.status)
		}
		pages = append(pages, strings.ReplaceAll(got.body, login, "X"))
	}
	if diff := cmp.Diff(pages[0], pages[1]); diff != "" {
		t.Errorf("a login that exists answers otherwise (-known +unknown):\n%s", diff)
	}
	wants(t, pages[0], "登录名或密码不正确")
	for range agents.Tries - 1 {
		h.post(t, h.browser(t), "/login", url.Values{"login": {"agent"}, "password": {"wrong wrong wrong"}})
	}
	right := url.Values{"login": {"agent"}, "password": {password}}
	got := h.post(t, h.browser(t), "/login", right)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("after too many tries: %d, want 429 with Retry-After", got.status)
	}
	wants(t, got.body, "15 分钟")
	h.clock.advance(agents.TryWindow + time.Second)
	if got := h.post(t, h.browser(t), "/login", right); got.status != http.StatusSeeOther {
		t.Errorf("after the window: %d, want 303", got.status)
	}
	if strings.Contains(h.log.String(), password) {
		t.Error("a password reached the log")
	}
}

func TestSessionEndsAndLeadsBack(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string][]time.Duration{
		"idle":   {agents.SessionIdle + time.Minute},
		"at all": {5 * time.Hour, 5 * time.Hour, 2*time.Hour + time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			at := "/tickets/" + tickets.Number(h.mail(t, nil))
			b := h.as(t, "agent")
			for i, d := range wait {
				if got := h.get(t, b, at); got.status != http.StatusOK {
					t.Fatalf("before the end, %d: %d", i, got.status)
				}
				h.clock.advance(d)
			}
			got := h.post(t, b, at+"/take", nil)
			if want := "/login?next=" + url.QueryEscape(at) + "&why=expired"; got.to != want {
				t.Fatalf("leads to %q, want %q", got.to, want)
			}
			wants(t, h.get(t, b, got.to).body, "登录已过期")
			back := h.post(t, b, "/login", url.Values{"login": {"agent"}, "password": {password}, "next": {at}})
			if back.to != at {
				t.Errorf("after logging in: %q, want %q", back.to, at)
			}
		})
	}
}

func TestSessionEndsWithThePersonOrThePassword(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*agents.Agent, time.Time){
		"disabled":     func(a *agents.Agent, now time.Time) { a.DisabledAt = &now },
		"new password": func(a *agents.Agent, _ time.Time) { a.PasswordHash = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			b := h.as(t, "agent")
			a, err := h.db.Agent(t.Context(), "agent")
			if err != nil {
				t.Fatal(err)
			}
			change(&a, h.clock.now())
			if err := h.db.SaveAgent(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if got := h.get(t, b, "/tickets"); got.status != http.StatusSeeOther {
				t.Errorf("status %d, want 303", got.status)
			}
		})
	}
}

func TestCookieIsRenewedAndHidden(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	first := h.post(t, h.browser(t), "/login", url.Values{"login": {"agent"}, "password": {password}})
	planted := strings.SplitN(first.header.Get("Set-Cookie"), ";", 2)[0]
	again := h.post(t, h.browser(t), "/login", url.Values{"login": {"agent"}, "password": {password}}, "Cookie", planted)
	cookie := again.header.Get("Set-Cookie")
	if strings.HasPrefix(cookie, planted+";") {
		t.Error("logging in keeps the token that was there before")
	}
	wants(t, cookie, "HttpOnly", "SameSite=Lax")
	if got := h.get(t, h.browser(t), "/tickets", "Cookie", planted); got.status != http.StatusSeeOther {
		t.Errorf("the token from before still works: %d", got.status)
	}
	b := h.as(t, "agent")
	h.post(t, b, "/logout", nil)
	if got := h.get(t, b, "/tickets"); got.status != http.StatusSeeOther {
		t.Errorf("after logging out: %d, want 303", got.status)
	}
}

func TestLocalPathNeverLeavesTheSite(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/tickets/CD-000001?images=3": "/tickets/CD-000001?images=3", "": "/tickets", "//evil.example": "/tickets",
		"https://evil.example/": "/tickets", `/\evil.example`: "/tickets", "/a/../../b": "/b", "javascript:alert(1)": "/tickets",
		"/%2Fevil.example": "/tickets", "/x\r\nSet-Cookie: a=b": "/tickets", "/..//evil.example": "/evil.example",
	} {
		if got := web.LocalPath(in); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", in, got, want)
		}
	}
}
