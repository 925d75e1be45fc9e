package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pollInterval is the shortest time after which a poller looks without having been told of new mail.
const pollInterval = time.Minute

// TestServeTakesAMailToItsProof: the program as it is installed reads a mail as soon as it arrives,
// carries the case to its end, shows it to an agent, and gives out evidence that verifies.
func TestServeTakesAMailToItsProof(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	list, accounts := members(2, time.Now())
	d.importMembers(accounts)
	served := d.start("serve")
	address := served.listening()
	const password = "one long enough passphrase"
	if r := d.commandWith(password+"\n", "agents", "add", "--login", "mei", "--name", "梅", "--role", "agent", "--password-stdin"); r.code != 0 {
		t.Fatalf("agents add ended with %d:\n%s", r.code, r.err)
	}

	db := d.open()
	solved := func(n int) func() bool {
		return func() bool { return count(t, db, "SELECT COUNT(*) FROM tickets WHERE status = 'solved'") == n }
	}
	d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: list[0].email, subject: "退订", text: "请关闭自动续费。"}, time.Now()))
	until(t, childLimit, "the first mail's case is solved", solved(1))
	// By now the mailbox has been read, so that only being told of it brings the second mail in time.
	d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: list[1].email, subject: "Cancel", text: "Please turn off auto-renew."}, time.Now()))
	until(t, pollInterval/2, "the second mail's case is solved", solved(2))

	a := api{t: t, base: "http://" + address}
	if code, _ := a.call(http.MethodGet, "/v1/tickets/CD-000001", nil); code != http.StatusUnauthorized {
		t.Errorf("a stranger who asks for a ticket gets %d, want 401", code)
	}
	if code, _ := a.call(http.MethodPost, "/v1/login", map[string]string{"login": "mei", "password": "a wrong passphrase"}); code != http.StatusUnauthorized {
		t.Errorf("a wrong password gets %d, want 401", code)
	}
	a.login("mei", password)
	var got struct {
		Number, Status, Reason, Intent string
		AccountNo                      string   `json:"account_no"`
		SubscriptionIDs                []string `json:"subscription_ids"`
	}
	a.get("/v1/tickets/CD-000001", &got)
	want := got
	want.Number, want.Status, want.Reason, want.Intent = "CD-000001", "solved", "cancelled", "stop_auto_renew"
	want.AccountNo, want.SubscriptionIDs = list[0].no, list[0].subscriptions
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the ticket over the API (-want +got):\n%s", diff)
	}
	code, zip := a.call(http.MethodGet, "/v1/tickets/CD-000001/evidence", nil)
	if code != http.StatusOK {
		t.Fatalf("the evidence answers %d: %s", code, zip)
	}
	bundle := filepath.Join(d.dir, "case.zip")
	if err := os.WriteFile(bundle, zip, 0o600); err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(d.must("evidence", "key"))
	if out := d.must("evidence", "verify", bundle, "--key", key); !strings.Contains(out, "PASS  events CD-000001:") {
		t.Errorf("the evidence does not verify:\n%s", out)
	}

	asked := time.Now()
	served.signal(syscall.SIGTERM)
	served.mustEnd(0)
	if took := time.Since(asked); took > shutdownTimeout {
		t.Errorf("it took %s to end", took)
	}
	for _, secret := range []string{password, d.password, list[0].email, "请关闭自动续费"} {
		if strings.Contains(served.err.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// listening waits for the line that tells where the child serves, and returns the address.
func (c *child) listening() string {
	c.t.Helper()
	line := regexp.MustCompile(`msg=listening address=(\S+)`)
	var found []string
	until(c.t, childLimit, "canceldesk "+c.name+" listens", func() bool {
		found = line.FindStringSubmatch(c.err.String())
		return found != nil
	})
	return found[1]
}

// api calls a served desk as its clients do.
type api struct {
	t           *testing.T
	base, token string
}

// login gets a token, which every later call carries.
func (a *api) login(login, password string) {
	a.t.Helper()
	code, answer := a.call(http.MethodPost, "/v1/login", map[string]string{"login": login, "password": password})
	if code != http.StatusOK {
		a.t.Fatalf("login answers %d: %s", code, answer)
	}
	var got struct{ Token string }
	decode(a.t, string(answer), &got)
	a.token = got.Token
}

// get reads one JSON answer.
func (a *api) get(path string, into any) {
	a.t.Helper()
	code, answer := a.call(http.MethodGet, path, nil)
	if code != http.StatusOK {
		a.t.Fatalf("GET %s answers %d: %s", path, code, answer)
	}
	decode(a.t, string(answer), into)
}

func (a *api) call(method, path string, body any) (int, []byte) {
	a.t.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			a.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, &b)
	if err != nil {
		a.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, answer
}
