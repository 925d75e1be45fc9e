package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/mailin"
)

// The cases of everyday work, each from the first request to its end: over the API in cases_api_test.go, on the
// pages of agent, supervisor and customer in cases_browser_test.go.

const (
	casePassword  = "one long enough passphrase"
	caseSMSSecret = "what the text gateway knows, 32 bytes"
)

// caseHouse is a served desk with the accounts of all cases, three people, and a gateway for text messages.
type caseHouse struct {
	*testDesk
	base, key, verifier string
	texts               *textGateway
}

// oneCase is the house as one case's test sees it.
type oneCase struct {
	*testDesk
	house caseHouse
	t     *testing.T
	api   api // as the platform's program
	db    *sql.DB
}

// newCaseHouse serves a desk with these accounts.
func newCaseHouse(t *testing.T, accounts ...caseAccount) caseHouse {
	t.Helper()
	h := caseHouse{testDesk: newTestDesk(t, ""), texts: &textGateway{}}
	gateway := httptest.NewServer(h.texts)
	t.Cleanup(gateway.Close)
	h.write(fmt.Sprintf(`chat: { session_secret: %q, unread_after: 1s }
sms: { provider: webhook, url: %q, secret: %q, quiet: "", templates: { code: T-CODE } }
`, testChatSecret, gateway.URL, caseSMSSecret))
	var lines strings.Builder
	for _, a := range accounts {
		lines.WriteString(a.line(t) + "\n")
	}
	h.importMembers([]byte(lines.String()))
	for login, role := range map[string]string{"mei": "agent", "sue": "supervisor", "tan": "supervisor"} {
		if r := h.commandWith(casePassword+"\n", "agents", "add", "--login", login, "--name", login, "--role", role, "--password-stdin"); r.code != 0 {
			t.Fatalf("agents add ended with %d:\n%s", r.code, r.err)
		}
	}
	h.key = strings.TrimSpace(h.must("apikeys", "add", "--name", "platform", "--scopes",
		"chat:read,chat:write,calls:write,tickets:read,tickets:write,accounts:write,refunds:read,evidence:read,billing:read"))
	h.verifier = strings.TrimSpace(h.must("evidence", "key"))
	h.base = "http://" + h.start("serve").listening()
	return h
}

func (h caseHouse) on(t *testing.T) *oneCase {
	t.Helper()
	desk := *h.testDesk
	desk.t = t
	return &oneCase{testDesk: &desk, house: h, t: t, api: api{t: t, base: h.base, token: h.key}, db: desk.open()}
}

// caseAccount is the account of one case: a monthly membership of which half is used up today, paid by one payer
// for the second time.
type caseAccount struct {
	no, email, phone, payer string
	price                   int64
	channel, merchant       string // "" is the ledger
}

func (a caseAccount) sub() string { return "S-" + a.no }

// stranger is an address that is no account's.
func (a caseAccount) stranger(name string) string {
	return name + "." + strings.ToLower(a.no) + "@free.example"
}

// txn is the number of the payer's newest debit, 1, or of the one before, 0.
func (a caseAccount) txn(n int) string { return fmt.Sprintf("42000%s%d", a.no, n) }

// order is the order number of the same debit.
func (a caseAccount) order(n int) string { return fmt.Sprintf("2026%s%d", a.phone, n) }

func (a caseAccount) line(t *testing.T) string {
	t.Helper()
	if a.price == 0 {
		a.price = 3000
	}
	if a.channel == "" {
		a.channel = "ledger"
	}
	if a.payer == "" {
		a.payer = "PAYER-" + a.no
	}
	today := time.Now().In(time.FixedZone("CST", 8*3600))
	day := func(n int) string { return today.AddDate(0, 0, n).Format(time.DateOnly) }
	at := func(n int) string { return today.AddDate(0, 0, n).Format(time.RFC3339) }
	charge := func(n, from int) map[string]any {
		return map[string]any{
			"id": fmt.Sprintf("C%d-%s", n, a.no), "subscription_id": a.sub(), "agreement_id": "G-" + a.no, "amount_fen": a.price,
			"charged_at": at(from), "period_start": day(from), "period_end": day(from + 30), "channel": a.channel, "merchant": a.merchant,
			"channel_txn_id": a.txn(n), "order_no": a.order(n), "payer": a.payer, "state": "paid",
		}
	}
	b, err := json.Marshal(map[string]any{
		"account_no": a.no, "name": "持有人" + a.no, "email": a.email, "phone": a.phone, "updated_at": at(-40),
		"subscriptions": []any{map[string]any{
			"id": a.sub(), "plan": "星河月卡" + a.no, "period": "month", "price_fen": a.price, "opened_at": at(-45), "current_period_start": day(-15),
			"current_period_end": day(15), "next_charge_at": at(15), "auto_renew": true,
		}},
		"agreements": []any{map[string]any{
			"id": "G-" + a.no, "channel": a.channel, "merchant": a.merchant, "channel_ref": "L-" + a.no, "payer": a.payer, "signed_at": at(-45),
			"state": "active", "subscription_ids": []string{a.sub()},
		}},
		"charges": []any{charge(0, -45), charge(1, -15)},
		"assets":  []any{map[string]any{"id": "K-" + a.no, "kind": "coin", "source": "paid", "quantity": 777, "value_fen": 770, "used_fen": 0}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// caseTicket is what the API tells of a ticket, as far as the cases look at it.
type caseTicket struct {
	Number, Status, Reason string
	AccountNo              string `json:"account_no"`
	Candidates             []string
	Assurance              int
	Assignee               *string
	Hold                   *struct{ Until time.Time }
	Messages               []struct{ Direction, From, Text string }
	Runs                   []struct {
		Steps []struct{ Name, State, Reason, By string }
	}
}

// step is how a step of the newest run stands: state/reason.
func (k caseTicket) step(name string) string {
	for _, run := range slices.Backward(k.Runs) {
		for _, s := range run.Steps {
			if s.Name == name {
				return strings.TrimSuffix(s.State+"/"+s.Reason, "/")
			}
		}
	}
	return ""
}

func (c *oneCase) ticket(number string) (k caseTicket) {
	c.t.Helper()
	c.api.get("/v1/tickets/"+number, &k)
	return k
}

// becomes waits for a ticket to be in that state: status/reason.
func (c *oneCase) becomes(number, want string) caseTicket {
	c.t.Helper()
	var k caseTicket
	defer func() {
		if c.t.Failed() {
			c.t.Logf("%s is %s/%s: %+v", number, k.Status, k.Reason, k.Runs)
		}
	}()
	until(c.t, caseLimit, number+" becomes "+want, func() bool { k = c.ticket(number); return k.Status+"/"+k.Reason == want })
	return k
}

// caseLimit is how long anything may take that happens by itself.
const caseLimit = 30 * time.Second

// reaches waits for a step to be in that state: state/reason.
func (c *oneCase) reaches(number, step, want string) caseTicket {
	c.t.Helper()
	var k caseTicket
	defer func() {
		if c.t.Failed() {
			c.t.Logf("%s is %s/%s: %+v", number, k.Status, k.Reason, k.Runs)
		}
	}()
	until(c.t, caseLimit, step+" of "+number+" becomes "+want, func() bool { k = c.ticket(number); return k.step(step) == want })
	return k
}

// asks calls the API, which must answer with that status; into may be nil.
func (c *oneCase) asks(a api, status int, method, path string, body, into any) []byte {
	c.t.Helper()
	code, answer := a.call(method, path, body)
	if code != status {
		c.t.Fatalf("%s %s answers %d, want %d: %s", method, path, code, status, answer)
	}
	if into != nil {
		decode(c.t, string(answer), into)
	}
	return answer
}

// as is somebody of the desk at the API.
func (c *oneCase) as(login string) api {
	c.t.Helper()
	a := api{t: c.t, base: c.house.base}
	a.login(login, casePassword)
	return a
}

// rings reports a call with what the caller is known by and said, and returns the ticket's number.
func (c *oneCase) rings(id string, identity map[string]any, said string) string {
	c.t.Helper()
	var got struct{ Ticket caseTicket }
	code, answer := c.api.call(http.MethodPost, "/v1/calls", map[string]any{
		"call_id": id, "caller": "13911110000", "started_at": time.Now().Add(-2 * time.Minute), "identity": identity, "summary": said,
	})
	if code != http.StatusCreated && code != http.StatusOK {
		c.t.Fatalf("the call %s: %d %s", id, code, answer)
	}
	decode(c.t, string(answer), &got)
	return got.Ticket.Number
}

// paid are payment facts by the numbers of transactions.
func paid(txns ...string) map[string]any {
	var facts []any
	for _, x := range txns {
		facts = append(facts, map[string]any{"channel_txn_id": x})
	}
	return map[string]any{"payment_facts": facts}
}

// writes delivers a mail and returns the number of the ticket it is in.
func (c *oneCase) writes(o mailOptions) string {
	c.t.Helper()
	before := c.inboundOf(o.from)
	c.dovecot.Deliver(testUser, "INBOX", customerMail(o, time.Now()))
	var all []string
	until(c.t, caseLimit, "the mail of "+o.from+" is taken in", func() bool { all = c.inboundOf(o.from); return len(all) > len(before) })
	return all[len(all)-1]
}

// inboundOf are the tickets of an address's mails, oldest first.
func (c *oneCase) inboundOf(from string) []string {
	c.t.Helper()
	return column(c.t, c.db, "SELECT 'CD-' || substr('000000' || ticket_id, -6) FROM messages WHERE direction = 'inbound' AND channel = 'email' AND sender = '"+from+"' ORDER BY id")
}

// mailed waits for a mail to an address that says something, and returns its text and Message-ID.
func (c *oneCase) mailed(to, words string) (text, id string) {
	c.t.Helper()
	until(c.t, caseLimit, "a mail to "+to+" that says "+words, func() bool {
		for _, m := range c.smtp.Messages() {
			if p := mailin.Parse(m.Raw, mailin.Options{}); m.To[0] == to && strings.Contains(p.Subject+"\n"+p.Text, words) {
				text, id = p.Text, p.MessageID
				return true
			}
		}
		return false
	})
	return text, id
}

// mailsTo are the texts that were mailed to an address.
func (c *oneCase) mailsTo(address string) []string {
	return chatDesk{testDesk: c.testDesk}.mailsTo(address)
}

// session signs a token for a member's conversation, as the app does.
func (c *oneCase) session(a caseAccount, conversation string) string {
	c.t.Helper()
	return chatDesk{api: c.api}.session(member{no: a.no}, conversation)
}

// page is the path of the customer's page that a mail links to.
func (c *oneCase) page(mail string) string {
	c.t.Helper()
	found := regexp.MustCompile(`http://desk\.example(/c/[A-Za-z0-9_-]+)`).FindStringSubmatch(mail)
	if found == nil {
		c.t.Fatalf("no link to a page in\n%s", mail)
	}
	return found[1]
}

// proves exports a ticket's evidence over the API and verifies it with the key alone.
func (c *oneCase) proves(number string) {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), number+".zip")
	writeFile(c.t, file, string(c.asks(c.api, http.StatusOK, http.MethodGet, "/v1/tickets/"+number+"/evidence", nil, nil)))
	r := c.command("evidence", "verify", file, "--key", c.house.verifier)
	if r.code != 0 || !strings.Contains(r.out, "PASS  events "+number+":") || strings.Contains(r.out, "FAIL") {
		c.t.Errorf("the evidence of %s ends with %d:\n%s%s", number, r.code, r.out, r.err)
	}
}

// debit is what the biller would be told before the next debit.
func (c *oneCase) debit(a caseAccount) (d struct {
	Allowed bool
	Reason  string
},
) {
	c.t.Helper()
	c.api.get("/v1/subscriptions/"+a.sub()+"/debit", &d)
	return d
}

// stopped checks that neither biller nor agreement can debit any more, renews that both still can.
func (c *oneCase) stopped(a caseAccount, want bool) {
	c.t.Helper()
	d := c.debit(a)
	ended := count(c.t, c.db, "SELECT COUNT(*) FROM agreements WHERE id = 'G-"+a.no+"' AND state = 'terminated'") == 1
	if d.Allowed == want || ended != want {
		c.t.Errorf("%s: a debit is allowed: %v (%s), agreement ended: %v; stopped is to be %v", a.no, d.Allowed, d.Reason, ended, want)
	}
}

// returned is what came back through the ledger for the newest debit of an account, in fen.
func (c *oneCase) returned(a caseAccount) int {
	c.t.Helper()
	return count(c.t, c.db, "SELECT COALESCE(SUM(amount_fen), 0) FROM ledger_refunds WHERE txn_id = '"+a.txn(1)+"'")
}
