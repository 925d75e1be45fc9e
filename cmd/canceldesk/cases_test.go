package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
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

// textGateway is the platform's gateway for text messages, which keeps what it is given.
type textGateway struct {
	mu   sync.Mutex
	sent []tickets.TextBody
}

// ServeHTTP implements http.Handler.
func (g *textGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m tickets.TextBody
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = append(g.sent, m)
}

// code waits for a code that was sent to a phone after so many others.
func (c *oneCase) code(phone string, after int) string {
	c.t.Helper()
	var codes []string
	until(c.t, caseLimit, "a code to "+phone, func() bool {
		c.house.texts.mu.Lock()
		defer c.house.texts.mu.Unlock()
		codes = nil
		for _, m := range c.house.texts.sent {
			if m.Phone == phone && m.Params["code"] != "" {
				codes = append(codes, m.Params["code"])
			}
		}
		return len(codes) > after
	})
	return codes[after]
}

// visitor is a customer's browser without scripts, as the page's forms need none.
type visitor struct {
	c *oneCase
	*http.Client
}

func (c *oneCase) visitor() visitor {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return visitor{c, &http.Client{Jar: jar}}
}

// reads gets a page.
func (v visitor) reads(path string) string {
	v.c.t.Helper()
	return v.send(http.MethodGet, path, nil)
}

// says posts a form of the customer's page as it stands, with these fields.
func (v visitor) says(page, do string, form map[string]string) string {
	v.c.t.Helper()
	values := url.Values{}
	if found := regexp.MustCompile(`name="nonce" value="([a-z0-9]+)"`).FindStringSubmatch(v.reads(page)); found != nil {
		values.Set("nonce", found[1])
	}
	for k, x := range form {
		values.Set(k, x)
	}
	return v.send(http.MethodPost, page+"/"+do, values)
}

func (v visitor) send(method, path string, form url.Values) string {
	v.c.t.Helper()
	req, err := http.NewRequestWithContext(v.c.t.Context(), method, v.c.house.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.c.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.Do(req)
	if err != nil {
		v.c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		v.c.t.Fatalf("%s %s answers %d, %v:\n%s", method, path, res.StatusCode, err, b)
	}
	return html.UnescapeString(string(b))
}

// rests waits until nothing is under way in a case that waits for its customer.
func (c *oneCase) rests(number string) {
	c.t.Helper()
	of := " AND 'CD-' || substr('000000' || ticket_id, -6) = '" + number + "'"
	until(c.t, caseLimit, number+" rests", func() bool {
		return c.ticket(number).Status == "pending" && count(c.t, c.db, "SELECT COUNT(*) FROM outgoing WHERE state <> 'sent'"+of) == 0 &&
			count(c.t, c.db, "SELECT COUNT(*) FROM effects WHERE state <> 'done'"+of) == 0 &&
			count(c.t, c.db, "SELECT COUNT(*) FROM outgoing WHERE tell = 'hold_asked'"+of) == 1
	})
}

// fingerprintOf is what looking at a case must not change.
func (c *oneCase) fingerprintOf(number string) []string {
	c.t.Helper()
	return column(c.t, c.db, "SELECT n || ' ' || hash FROM events WHERE stream = '"+number+"' ORDER BY n")
}

// caseRefund is what the API tells of a refund.
type caseRefund struct {
	ID, Ticket, State, Proposer, Approver, Detail string
	QuoteHash                                     string `json:"quote_hash"`
	AmountFen                                     int    `json:"amount_fen"`
}

// refunds are a ticket's refunds in that state.
func (c *oneCase) refunds(number, state string) (out []caseRefund) {
	c.t.Helper()
	var list struct{ Items []caseRefund }
	c.api.get("/v1/refunds?limit=200&state="+state, &list)
	for _, r := range list.Items {
		if r.Ticket == number {
			out = append(out, r)
		}
	}
	return out
}

// accepts records the customer's yes to the quote of a ticket, which is to be of that sum.
func (c *oneCase) accepts(number string, fen int) {
	c.t.Helper()
	var q struct {
		Hash      string
		RefundFen int `json:"refund_fen"`
	}
	c.api.get("/v1/tickets/"+number+"/quote", &q)
	if q.RefundFen != fen {
		c.t.Fatalf("the quote of %s is %d fen, want %d", number, q.RefundFen, fen)
	}
	c.asks(c.api, http.StatusOK, http.MethodPost, "/v1/tickets/"+number+"/quote/accept", map[string]string{
		"quote_hash": q.Hash, "by": "customer", "words": "同意，请退款",
	}, nil)
}

// proposed waits for the one refund of a ticket that is to be decided about.
func (c *oneCase) proposed(number string, fen int) caseRefund {
	c.t.Helper()
	var all []caseRefund
	until(c.t, caseLimit, "a refund of "+number+" is proposed", func() bool { all = c.refunds(number, "proposed"); return len(all) == 1 })
	if all[0].AmountFen != fen {
		c.t.Errorf("%d fen are proposed, want %d", all[0].AmountFen, fen)
	}
	return all[0]
}

// approves has somebody release a refund, and the answer's status be that.
func (c *oneCase) approves(login string, r caseRefund, status int) string {
	c.t.Helper()
	return string(c.asks(c.as(login), status, http.MethodPost, "/v1/refunds/"+r.ID+"/approve", map[string]string{
		"quote_hash": r.QuoteHash, "password": casePassword,
	}, nil))
}

// person is the account of a case.
func (c *oneCase) person(name string) caseAccount {
	c.t.Helper()
	for _, a := range caseAccounts() {
		if a.no == strings.ToUpper(name) {
			return a
		}
	}
	c.t.Fatalf("no account %s", name)
	return caseAccount{}
}

// caseAccounts are the accounts of the cases, by their names.
func caseAccounts() []caseAccount {
	var out []caseAccount
	for i, name := range []string{"CHAT", "PHONE", "OWNER", "NOTME", "LOST", "WIFE", "TWO1", "TWO2", "APPLE", "LARGE", "SUES", "BEFORE", "AFTER"} {
		a := caseAccount{no: name, email: strings.ToLower(name) + "@home.example", phone: fmt.Sprintf("1370000%04d", i)}
		switch name {
		case "LOST":
			a.email = "" // the phone was all he had
		case "TWO2":
			a.phone = out[len(out)-1].phone
		case "WIFE":
			a.payer = "PAYER-HUSBAND"
		case "APPLE":
			a.channel, a.merchant = "external", "App Store"
		case "LARGE", "SUES":
			a.price = 53600
		}
		out = append(out, a)
	}
	return out
}

// later waits for the next second: mail servers tell no finer when a mail came in, and an answer comes after its
// question. The clock of file systems lags a little behind.
func (c *oneCase) later() {
	c.t.Helper()
	next := time.Now().Truncate(time.Second).Add(time.Second + 20*time.Millisecond)
	until(c.t, caseLimit, "the next second", func() bool { return time.Now().After(next) })
}
