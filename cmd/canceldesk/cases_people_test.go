package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

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
