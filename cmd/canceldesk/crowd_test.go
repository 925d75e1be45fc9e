package main

import (
	"database/sql"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// requestsEnv is how many people ask in the tests of this file; set, the long form is meant.
const requestsEnv = "CANCELDESK_REQUESTS"

// crowd is people who ask a served desk to stop, by mail, by chat and by phone, while somebody debits them.
type crowd struct {
	chatDesk
	served *child
	people []*asker
	r      *rand.Rand

	mu   sync.Mutex
	told map[string][]telling // by subscription
}

// asker is one of them, with the one subscription that he wants to end.
type asker struct {
	member
	txn     string // a payment that only he knows of
	channel tickets.Channel
	id      string // of his conversation or call
}

func (a *asker) subscription() string { return a.subscriptions[0] }

// telling is that somebody read or heard that it is off, and when at the latest.
type telling struct {
	channel tickets.Channel
	at      time.Time
	text    string
}

// debit is one that a biller made.
type debit struct {
	Subscription string    `json:"subscription_id"`
	Charge       string    `json:"charge_id"`
	At           time.Time `json:"at"`
	InFlight     bool      `json:"in_flight"`
}

// requestCount is how many people ask: a short form, or what the environment says.
func requestCount(t *testing.T) int {
	t.Helper()
	s := os.Getenv(requestsEnv)
	if s == "" {
		return 60
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 12 {
		t.Fatalf("%s is %q; it must be a number from 12", requestsEnv, s)
	}
	return n
}

// newCrowd serves a desk for them, with more of its settings.
func newCrowd(t *testing.T, people []*asker, settings string, ready func(d *testDesk)) *crowd {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv(seedEnv); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("%s is %q; it must be a number as an earlier run printed", seedEnv, s)
		}
		seed = n
	}
	t.Logf("%d requests, %s=%d", len(people), seedEnv, seed)
	d := newTestDesk(t, "")
	d.write("chat: { session_secret: \"" + testChatSecret + "\" }\n" + settings)
	ready(d)
	if r := d.commandWith(phonePassword+"\n", "agents", "add", "--login", "mei", "--name", "梅", "--role", "agent", "--password-stdin"); r.code != 0 {
		t.Fatalf("agents add ended with %d:\n%s", r.code, r.err)
	}
	key := strings.TrimSpace(d.must("apikeys", "add", "--name", "platform", "--scopes",
		"chat:read,chat:write,calls:write,tickets:read,billing:read,billing:write,charges:write"))
	served := d.start("serve")
	c := &crowd{
		chatDesk: chatDesk{d, api{t: t, base: "http://" + served.listening(), token: key}, nil}, served: served,
		people: people, r: rand.New(rand.NewPCG(seed, 3)), told: map[string][]telling{},
	}
	channels := []tickets.Channel{tickets.Email, tickets.Chat, tickets.Phone}
	for i, a := range people {
		a.channel, a.id = channels[i%3], fmt.Sprintf("%s-%d", channels[i%3], i)
	}
	c.r.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	c.listen()
	return c
}

// ask has people ask to stop, each in his own way, and returns those whom the desk could not take in just
// now: a call centre tells of a call again where it was told to come later.
func (c *crowd) ask(people []*asker) (later []*asker) {
	t := c.api.t
	t.Helper()
	words := []string{"请关闭自动续费，谢谢。", "我要取消连续包月，下个月别再扣钱了。", "請停止自動續費，不要再扣款。", "Please turn off auto-renew on my account."}
	for _, a := range people {
		text := words[c.r.IntN(len(words))]
		code := http.StatusCreated
		switch a.channel {
		case tickets.Email:
			c.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: a.email, subject: "关于自动续费", text: text}, time.Now()))
		case tickets.Chat:
			code, _ = c.hand(a.id, c.session(a.member, a.id), text)
		default:
			code, _ = c.call(http.MethodPost, "/v1/calls", map[string]any{
				"call_id": a.id, "caller": "13900000000", "started_at": time.Now().Add(-2 * time.Minute), "ended_at": time.Now(),
				"identity": map[string]any{"payment_facts": []any{map[string]any{"channel_txn_id": a.txn}}}, "summary": "客户要求关闭自动续费。",
			})
		}
		switch {
		case code == http.StatusServiceUnavailable && a.channel == tickets.Phone:
			later = append(later, a)
		case code != http.StatusCreated && code != http.StatusOK:
			t.Fatalf("%s is answered with %d", a.id, code)
		}
	}
	return later
}

// closed are the words that nobody may be told before they are true.
func closed() []string {
	return []string{"自动续费已关闭", "自动续费已经关闭", "下次扣费已取消", "auto-renewal is off", "next charge is cancelled"}
}

// note keeps what somebody is told, if it says that it is off.
func (c *crowd) note(a *asker, channel tickets.Channel, text string) {
	if !slices.ContainsFunc(closed(), func(w string) bool { return strings.Contains(text, w) }) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[a.subscription()] = append(c.told[a.subscription()], telling{channel, time.Now(), text})
}

// tellings are what one of them was told.
func (c *crowd) tellings(a *asker) []telling {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.told[a.subscription()])
}

// listen reads mails and chats as their readers do, until the test ends.
func (c *crowd) listen() {
	t := c.api.t
	byMail, byChat := map[string]*asker{}, map[string]*asker{}
	for _, a := range c.people {
		byMail[a.email], byChat[a.id] = a, a
	}
	events, over := c.events(), t.Context().Done()
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case e := <-events:
				if a := byChat[e.ConversationID]; a != nil {
					c.note(a, tickets.Chat, e.Message.Text)
				}
			case <-over:
				return
			}
		}
	})
	readers.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for read := 0; ; {
			select {
			case <-tick.C:
			case <-over:
				return
			}
			for _, m := range c.smtp.Messages()[read:] {
				read++
				if a := byMail[m.To[0]]; a != nil {
					p := mailin.Parse(m.Raw, mailin.Options{})
					c.note(a, tickets.Email, p.Subject+"\n"+p.Text)
				}
			}
		}
	})
	t.Cleanup(readers.Wait)
}

// hearAloud looks at the pages of the calls' cases as an agent who has the customer on the line would, and
// notes what there is to read aloud.
func (c *crowd) hearAloud(mei person, db *sql.DB) {
	t := c.api.t
	t.Helper()
	numbers := map[string]string{}
	for _, line := range column(t, db, "SELECT call_id || ' ' || ticket_id FROM calls WHERE ticket_id > 0") {
		var call string
		var id int64
		if _, err := fmt.Sscan(line, &call, &id); err != nil {
			t.Fatal(err)
		}
		numbers[call] = tickets.Number(id)
	}
	for _, a := range c.people {
		if numbers[a.id] == "" || slices.ContainsFunc(c.tellings(a), func(x telling) bool { return x.channel == tickets.Phone }) {
			continue
		}
		page := mei.page("/tickets/" + numbers[a.id])
		for _, q := range strings.Split(page, "<q>")[1:] {
			sentence, _, _ := strings.Cut(q, "</q>")
			c.note(a, tickets.Phone, html.UnescapeString(sentence))
		}
	}
}

// settled waits until every case of theirs is solved, hearing calls out meanwhile, and says how long that took.
func (c *crowd) settled(mei person, limit time.Duration, again func()) time.Duration {
	t := c.api.t
	t.Helper()
	began, db := time.Now(), c.open()
	defer func() {
		if t.Failed() {
			t.Logf("cases:\n%s\nwaiting:\n%s", strings.Join(column(t, db,
				"SELECT channel || ' ' || status || ' ' || reason || ' ' || COUNT(*) FROM tickets GROUP BY channel, status, reason"), "\n"),
				strings.Join(column(t, db, "SELECT ticket_id || ' ' || state || ' ' || charge_id || ' ' || amount_fen || ' ' || reason || at || quote_hash FROM refunds"), "\n")+
					strings.Join(column(t, db, "SELECT canonical FROM events WHERE type NOT LIKE 'effect%' AND stream IN (SELECT 'CD-' || substr('000000' || id, -6) FROM tickets WHERE reason = 'stuck' LIMIT 1) ORDER BY n"), "\n")+
					strings.Join(column(t, db, "SELECT kind || ' ' || ticket_id || ' ' || run_at || ' ' || unavailable || ' ' || error FROM jobs WHERE state <> 'done' AND key NOT LIKE 'close/%'"), "\n"))
		}
	}()
	until(t, limit, fmt.Sprintf("%d cases are solved", len(c.people)), func() bool {
		again()
		c.hearAloud(mei, db)
		return count(t, db, "SELECT COUNT(DISTINCT account_no) FROM tickets WHERE status = 'solved' AND reason = 'cancelled'") == len(c.people)
	})
	took := time.Since(began)
	until(t, childLimit, "everybody was told", func() bool {
		c.hearAloud(mei, db)
		return !slices.ContainsFunc(c.people, func(a *asker) bool {
			return !slices.ContainsFunc(c.tellings(a), func(x telling) bool { return x.channel == a.channel })
		})
	})
	return took
}

// page is what somebody at the dashboard sees there.
func (p person) page(path string) string {
	p.api.t.Helper()
	req, err := http.NewRequestWithContext(p.api.t.Context(), http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		p.api.t.Fatal(err)
	}
	res, err := p.Client.Do(req)
	if err != nil {
		p.api.t.Fatal(err)
	}
	defer res.Body.Close()
	return body(p.api.t, res)
}
