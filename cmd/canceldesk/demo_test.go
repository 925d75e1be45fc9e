package main

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDemoShowsTheDesk: the demo starts with nothing, prints what its user needs, shows a case in every
// status, and answers a mail that is written on its own page.
func TestDemoShowsTheDesk(t *testing.T) {
	t.Parallel()
	d := newSettings(t)
	demo := d.start("demo", "--addr", "127.0.0.1:0")
	until(t, childLimit, "the demo is ready", func() bool { return strings.HasSuffix(demo.out.String(), "\nready\n") })
	told := map[string]string{}
	var order []string
	for line := range strings.Lines(demo.out.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		told[name], order = value, append(order, name)
	}
	if diff := cmp.Diff([]string{"url", "agent", "supervisor", "auditor", "apikey", "evidence_key", "chat_secret", "ready"}, order); diff != "" {
		t.Errorf("the demo printed:\n%s", diff)
	}
	login, password, _ := strings.Cut(told["agent"], ":")
	a := api{t: t, base: told["url"]}
	a.login(login, password)
	var list struct {
		Items []struct{ Status, Requester, Reason string }
	}
	a.get("/v1/tickets?limit=200", &list)
	var statuses []string
	for _, x := range list.Items {
		statuses = append(statuses, x.Status)
	}
	slices.Sort(statuses)
	if diff := cmp.Diff([]string{"closed", "new", "on_hold", "open", "pending", "solved"}, slices.Compact(statuses)); diff != "" {
		t.Errorf("the history shows the statuses:\n%s", diff)
	}

	before := demoPage(t, told["url"])
	if strings.Count(before, "<article>") < 30 {
		t.Errorf("the page of mails shows %d mails", strings.Count(before, "<article>"))
	}
	const subject = "关掉自动续费 8812"
	writeDemoMail(t, told["url"], "han.mei@outpost.example", subject)
	until(t, childLimit, "the written mail is answered", func() bool {
		page := demoPage(t, told["url"])
		i := strings.Index(page, subject)
		return i >= 0 && strings.Contains(page[i:], "下次扣费已取消")
	})
	demo.signal(syscall.SIGINT)
	demo.mustEnd(0)
}

// writeDemoMail has the demo's customer write and ask for the stop.
func writeDemoMail(t *testing.T, base, from, subject string) {
	t.Helper()
	form := url.Values{"from": {from}, "subject": {subject}, "text": {"请关闭自动续费，谢谢。"}, "authenticated": {"on"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/demo/mails", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func demoPage(t *testing.T, base string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/demo/mails", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
