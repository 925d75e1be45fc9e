package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
)

// told are the name=value lines that a command printed before it was ready.
func (c *child) told() map[string]string {
	c.t.Helper()
	until(c.t, childLimit, c.name+" is ready", func() bool { return strings.HasSuffix(c.out.String(), "ready\n") })
	out := map[string]string{}
	for line := range strings.Lines(c.out.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		out[name] = value
	}
	return out
}

// TestSimulatorForgetsNothing: the platform debits every simulated minute, in a process of its own; what
// it has promised holds when that is killed.
func TestSimulatorForgetsNothing(t *testing.T) {
	t.Parallel()
	d := newSettings(t)
	dir := filepath.Join(d.dir, "platform")
	args := []string{"simulator", "--addr", "127.0.0.1:0", "--dir", dir, "--members", "20", "--tick", "50ms"}
	sim := d.start(args...)
	told := sim.told()
	secret, err := readLine(told["secret_file"])
	if err != nil {
		t.Fatal(err)
	}
	biller := func(address string) *platform.HTTP {
		c, err := platform.NewClient(address, secret, 10*time.Second, wallClock)
		if err != nil {
			t.Fatal(err)
		}
		return platform.NewHTTP(c)
	}
	// debits tells of the debits after a number: the last one's, how many, and how many of the stopped one.
	debits := func(address string, after int64) (last int64, all, stopped int) {
		var page struct {
			Items []struct {
				Seq            int64  `json:"seq"`
				SubscriptionID string `json:"subscription_id"`
			}
		}
		getJSON(t, fmt.Sprintf("%s/admin/debits?after=%d", address, after), secret, &page)
		for _, x := range page.Items {
			last = x.Seq
			if x.SubscriptionID == "SIM-S-00001" {
				stopped++
			}
		}
		return last, len(page.Items), stopped
	}
	a, err := biller(told["url"]).Stop(t.Context(), "k", account.Stop{SubscriptionID: "SIM-S-00001", Mode: account.PeriodEnd})
	if err != nil || a.State != account.AnswerDone {
		t.Fatalf("%+v, %v", a, err)
	}
	var before int64
	until(t, childLimit, "members are debited", func() bool { before, _, _ = debits(told["url"], 0); return before > 0 })
	sim.signal(syscall.SIGKILL)
	<-sim.ended

	again := d.start(args...)
	told = again.told()
	if a, err := biller(told["url"]).Query(t.Context(), "k", account.Subject{}); err != nil || a.State != account.AnswerDone {
		t.Errorf("after it was killed: %+v, %v", a, err)
	}
	until(t, childLimit, "others are debited", func() bool {
		_, all, stopped := debits(told["url"], before)
		if stopped > 0 {
			t.Fatalf("debited %d times after the stop", stopped)
		}
		return all > 40
	})
	again.signal(syscall.SIGTERM)
	again.mustEnd(0)
}

// TestDemoWithAPlatform: the demo asks a platform in another process for everything, and what it tells
// its customers is true there.
func TestDemoWithAPlatform(t *testing.T) {
	t.Parallel()
	d := newSettings(t)
	demo := d.start("demo", "--platform", "--addr", "127.0.0.1:0")
	told := demo.told()
	a := api{t: t, base: told["url"]}
	login, password, _ := strings.Cut(told["agent"], ":")
	a.login(login, password)
	var list struct{ Items []struct{ Status string } }
	a.get("/v1/tickets?limit=200", &list)
	solved := 0
	for _, x := range list.Items {
		if x.Status == "solved" {
			solved++
		}
	}
	if len(list.Items) < 5 || solved == 0 {
		t.Errorf("the history has %d cases, %d of them solved", len(list.Items), solved)
	}
	const subject = "关掉自动续费 7741"
	writeDemoMail(t, told["url"], "member00005@sim.example", subject)
	until(t, childLimit, "a member that nobody had copied is answered", func() bool {
		page := demoPage(t, told["url"])
		i := strings.Index(page, subject)
		return i >= 0 && strings.Contains(page[i:], "自动续费已关闭")
	})
	for id, want := range map[string]string{"SIM-S-00005": "stopped", "SIM-S-00006": "not_known"} {
		var debit struct {
			Allowed bool
			Reason  string
		}
		getJSON(t, told["url"]+"/v1/subscriptions/"+id+"/debit", told["apikey"], &debit)
		if debit.Reason != want || debit.Allowed != (want == "not_known") {
			t.Errorf("%s: %+v, want %s", id, debit, want)
		}
	}
	client, err := platform.NewClient(told["platform"], told["platform_secret"], 10*time.Second, wallClock)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := platform.NewHTTP(client).Agreement(t.Context(), account.Agreement{ID: "SIM-A-00005"}); err != nil || !s.Ended {
		t.Errorf("the agreement at the platform: %+v, %v", s, err)
	}
	demo.signal(syscall.SIGINT)
	demo.mustEnd(0)
	if _, err := platform.NewHTTP(client).Query(t.Context(), "k", account.Subject{}); err == nil {
		t.Error("the platform outlives the demo")
	}
}

// getJSON gets a document with a bearer token.
func getJSON(t *testing.T, address, token string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", address, res.StatusCode, err)
	}
}
