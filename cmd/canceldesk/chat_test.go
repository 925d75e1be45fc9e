package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/canceldesk/canceldesk/mailin"
)

const testChatSecret = "what the app signs with, 32 bytes long"

// chatDesk is a served desk with two members, whose app hands chats over.
type chatDesk struct {
	*testDesk
	api
	list []member
}

func newChatDesk(t *testing.T, settings string) chatDesk {
	t.Helper()
	d := newTestDesk(t, "")
	d.write("chat: { session_secret: \"" + testChatSecret + "\"" + settings + " }\n")
	list, accounts := members(20, time.Now())
	d.importMembers(accounts)
	key := strings.TrimSpace(d.must("apikeys", "add", "--name", "app", "--scopes", "chat:read,chat:write,tickets:read"))
	served := d.start("serve")
	return chatDesk{d, api{t: t, base: "http://" + served.listening(), token: key}, list}
}

// session signs a token for a member's conversation.
func (d chatDesk) session(m member, conversation string) string {
	d.api.t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"aud": "canceldesk", "sub": m.no, "conversation_id": conversation, "exp": time.Now().Add(5 * time.Minute).Unix(),
	}).SignedString([]byte(testChatSecret))
	if err != nil {
		d.api.t.Fatal(err)
	}
	return token
}

// hand hands a conversation of one line over and returns the status and the ticket's number.
func (d chatDesk) hand(conversation, token, text string) (int, string) {
	d.api.t.Helper()
	code, answer := d.call(http.MethodPost, "/v1/chat/handoffs", map[string]any{
		"conversation_id": conversation, "customer": map[string]any{"session_token": token}, "locale": "zh-CN",
		"transcript": []any{
			map[string]any{"id": "0", "from": "bot", "text": "要关闭自动续费吗？", "at": time.Now().Add(-time.Minute)},
			map[string]any{"id": "1", "from": "customer", "text": text, "at": time.Now().Add(-time.Second)},
		},
	})
	var got struct{ Ticket struct{ Number string } }
	if code < 300 {
		decode(d.api.t, string(answer), &got)
	}
	return code, got.Ticket.Number
}

// chatEvent is an event of the stream.
type chatEvent struct {
	ID             int64
	ConversationID string `json:"conversation_id"`
	Type, State    string
	Message        struct{ ID, From, Text string }
}

// events reads the stream from its beginning.
func (d chatDesk) events() <-chan chatEvent {
	d.api.t.Helper()
	req, err := http.NewRequestWithContext(d.api.t.Context(), http.MethodGet, d.base+"/v1/chat/events?after=", http.NoBody)
	if err != nil {
		d.api.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.api.t.Fatal(err)
	}
	d.api.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		d.api.t.Fatalf("events answer %d", res.StatusCode)
	}
	out := make(chan chatEvent, 1000)
	go func() {
		lines := bufio.NewScanner(res.Body)
		for lines.Scan() {
			var e chatEvent
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &e) == nil {
				out <- e
			}
		}
	}()
	return out
}

// saying waits for an event of a conversation that says something.
func (d chatDesk) saying(events <-chan chatEvent, conversation, words string) chatEvent {
	d.api.t.Helper()
	limit := time.After(childLimit)
	for {
		select {
		case e := <-events:
			if e.ConversationID == conversation && strings.Contains(e.Message.Text, words) {
				return e
			}
		case <-limit:
			d.api.t.Fatalf("nobody says %q in %s", words, conversation)
		}
	}
}

// TestSignedChatIsStoppedAndAnswered: a clear request in a signed session is stopped at the biller and at
// the channel and answered in the chat within seconds; what is not read goes out by mail.
func TestSignedChatIsStoppedAndAnswered(t *testing.T) {
	t.Parallel()
	d := newChatDesk(t, ", unread_after: 3s")
	events := d.events()
	m := d.list[0]
	began := time.Now()
	if code, _ := d.hand("c-1", d.session(m, "c-1"), "请关闭自动续费"); code != http.StatusCreated {
		t.Fatalf("handed over: %d", code)
	}
	e := d.saying(events, "c-1", "下次扣费已取消")
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	if e.Type != "message" || e.Message.From != "desk" || !strings.HasPrefix(e.Message.ID, "desk-") {
		t.Errorf("the event is %+v", e)
	}
	db := d.open()
	if n := count(t, db, "SELECT COUNT(*) FROM biller_calls WHERE kind = 'stop' AND subscription_id = '"+m.subscriptions[0]+"'"); n != 1 {
		t.Errorf("%d stops at the biller", n)
	}
	if n := count(t, db, "SELECT COUNT(*) FROM ledger_agreements WHERE state = 'terminated'"); n != 1 {
		t.Errorf("%d agreements ended", n)
	}
	until(t, childLimit, "what was not read is mailed", func() bool { return len(d.mailsTo(m.email)) == 1 })
	if text := d.mailsTo(m.email)[0]; !strings.Contains(text, "下次扣费已取消") {
		t.Errorf("the mail says %s", text)
	}

	// Read or answered, nothing goes out.
	other := d.list[1]
	if code, _ := d.hand("c-2", d.session(other, "c-2"), "取消自动续费"); code != http.StatusCreated {
		t.Fatalf("handed over: %d", code)
	}
	e = d.saying(events, "c-2", "下次扣费已取消")
	if code, answer := d.call(http.MethodPost, "/v1/chat/handoffs/c-2/read", map[string]any{"up_to": e.Message.ID}); code != http.StatusOK {
		t.Fatalf("read: %d %s", code, answer)
	}
	until(t, childLimit, "the look after it is over", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM jobs WHERE kind = 'reply.unread' AND state = 'done'") >= 2
	})
	if got := d.mailsTo(other.email); len(got) != 0 {
		t.Errorf("what was read was mailed: %v", got)
	}
	if dead := column(t, db, "SELECT kind || ' ' || error FROM jobs WHERE state = 'dead' OR failures > 0"); len(dead) > 0 {
		t.Errorf("jobs went wrong:\n%s", strings.Join(dead, "\n"))
	}
}

// mailsTo are the texts that were mailed to an address.
func (d chatDesk) mailsTo(address string) []string {
	var out []string
	for _, m := range d.smtp.Messages() {
		if m.To[0] == address {
			out = append(out, mailin.Parse(m.Raw, mailin.Options{}).Text)
		}
	}
	return out
}

// TestUnsignedChatIsNotActedOn: without a session nothing is stopped, and whoever names a member's account
// reads the same as who names nobody's.
func TestUnsignedChatIsNotActedOn(t *testing.T) {
	t.Parallel()
	d := newChatDesk(t, "")
	events := d.events()
	var said []string
	for id, account := range map[string]string{"c-known": d.list[0].no, "c-unknown": "M9999"} {
		code, answer := d.call(http.MethodPost, "/v1/chat/handoffs", map[string]any{
			"conversation_id": id, "customer": map[string]any{"account": account, "session_token": d.session(d.list[0], "c-other")},
			"transcript": []any{map[string]any{"id": "1", "from": "customer", "text": "请关闭自动续费"}},
		})
		if code != http.StatusCreated {
			t.Fatalf("handed over: %d %s", code, answer)
		}
	}
	for _, id := range []string{"c-known", "c-unknown"} {
		limit := time.After(childLimit)
		for found := false; !found; {
			select {
			case e := <-events:
				said, found = append(said, e.Message.Text), true
			case <-limit:
				t.Fatalf("no answer in %s", id)
			}
		}
	}
	if said[0] != said[1] || !strings.Contains(said[0], "包括账户是否存在") {
		t.Errorf("they read\n%s\nand\n%s", said[0], said[1])
	}
	var known, unknown map[string]any
	d.get("/v1/chat/handoffs/c-known", &known)
	d.get("/v1/chat/handoffs/c-unknown", &unknown)
	if known["status"] != unknown["status"] || known["state"] != unknown["state"] {
		t.Errorf("the states differ:\n%v\n%v", known, unknown)
	}
	if n := count(t, d.open(), "SELECT COUNT(*) FROM biller_calls WHERE kind = 'stop'"); n != 0 {
		t.Errorf("%d stops", n)
	}
}

// TestIgnoredChatComesBack: a chat that waits for a person rings once nobody answers, is taken from who
// does not, and falls silent with the answer, which the customer reads in the chat.
func TestIgnoredChatComesBack(t *testing.T) {
	t.Parallel()
	d := newChatDesk(t, ", ignored_after: 2s")
	events := d.events()
	const password = "one long enough passphrase"
	if r := d.commandWith(password+"\n", "agents", "add", "--login", "mei", "--name", "梅", "--role", "agent", "--password-stdin"); r.code != 0 {
		t.Fatalf("agents add ended with %d:\n%s", r.code, r.err)
	}
	if code, _ := d.hand("c-1", "", "我要投诉你们的服务态度，找人工客服"); code != http.StatusCreated {
		t.Fatalf("handed over: %d", code)
	}
	mei := d.person("mei", password)
	mei.post("/tickets/CD-000001/take", nil)
	db := d.open()
	ringing := func() bool {
		return count(t, db, "SELECT COUNT(*) FROM alarms WHERE kind = 'chat_ignored' AND cleared_at IS NULL") == 1
	}
	until(t, childLimit, "the ignored chat rings", ringing)
	until(t, childLimit, "it is nobody's again", func() bool { return count(t, db, "SELECT COUNT(*) FROM tickets WHERE assignee = ''") == 1 })
	mei.post("/tickets/CD-000001/reply", map[string]string{"text": "您好，我是梅，马上处理。"})
	if e := d.saying(events, "c-1", "我是梅"); e.Message.From != "agent" {
		t.Errorf("the event is %+v", e)
	}
	until(t, childLimit, "it is silent", func() bool { return !ringing() })
}

// person is somebody at the dashboard.
type person struct {
	chatDesk
	*http.Client
}

func (d chatDesk) person(login, password string) person {
	d.api.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.api.t.Fatal(err)
	}
	p := person{d, &http.Client{Jar: jar}}
	p.post("/login", map[string]string{"login": login, "password": password})
	return p
}

// post sends a form, which must be taken.
func (p person) post(path string, form map[string]string) {
	p.api.t.Helper()
	values := url.Values{}
	for k, v := range form {
		values.Set(k, v)
	}
	req, err := http.NewRequestWithContext(p.api.t.Context(), http.MethodPost, p.base+path, strings.NewReader(values.Encode()))
	if err != nil {
		p.api.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := p.Client.Do(req)
	if err != nil {
		p.api.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || strings.Contains(string(page), "flash bad\" role=\"alert") {
		p.api.t.Fatalf("POST %s answers %d: %v", path, res.StatusCode, err)
	}
}
