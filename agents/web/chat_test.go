package web_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// chatSecret is what the app of these tests signs its sessions with.
const chatSecret = "a secret of the app, 32 bytes long"

// session is a token for a conversation, changed by those given.
func (h *house) session(t testing.TB, account, conversation string, change ...func(jwt.MapClaims)) string {
	t.Helper()
	claims := jwt.MapClaims{"aud": "canceldesk", "sub": account, "conversation_id": conversation, "exp": h.clock.now().Add(10 * time.Minute).Unix()}
	for _, f := range change {
		f(claims)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(chatSecret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// app is a server of the app with its key.
type app struct {
	*house
	t    *testing.T
	auth []string
}

func (h *house) app(t *testing.T) app {
	return app{h, t, []string{"Authorization", "Bearer " + h.key(t, "chat:write", "chat:read")}}
}

func (a app) post(path string, body any) answer {
	a.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.json(a.t, "POST", "/v1/chat/handoffs"+path, string(b), a.auth...)
}

// line is one line of a transcript.
func line(id, from, text string) map[string]any {
	return map[string]any{"id": id, "from": from, "text": text, "at": "2026-03-05T10:29:00+08:00"}
}

func chat(id string, customer map[string]any, lines ...map[string]any) map[string]any {
	return map[string]any{"conversation_id": id, "customer": customer, "locale": "zh-CN", "transcript": lines}
}

// number is the number of the ticket in an answer of that status.
func (a app) number(got answer, status int) string {
	a.t.Helper()
	if got.status != status {
		a.t.Fatalf("status %d, want %d\n%s", got.status, status, got.body)
	}
	ticket, _ := object(a.t, got.body)["ticket"].(map[string]any)
	number, _ := ticket["number"].(string)
	return number
}

func (a app) case_(number string) (tickets.Ticket, []tickets.Message) {
	a.t.Helper()
	id, err := tickets.ParseNumber(number)
	if err != nil {
		a.t.Fatal(err)
	}
	tk, err := a.db.Ticket(a.t.Context(), id)
	if err != nil {
		a.t.Fatal(err)
	}
	said, err := a.db.Messages(a.t.Context(), id)
	if err != nil {
		a.t.Fatal(err)
	}
	return tk, said
}

func TestHandedOverChatIsOneCase(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	a := h.app(t)
	first := chat("c-1", map[string]any{"account": "A-1001", "name": "李雷", "email": nil, "session_token": h.session(t, "A-1001", "c-1")},
		line("1", "customer", "你好"), line("2", "bot", "要关闭自动续费吗？"), line("3", "customer", "对，请关闭自动续费"), line("4", "agent", "好的，转接中"))
	number := a.number(a.post("", first), http.StatusCreated)
	if again := a.number(a.post("", first), http.StatusOK); again != number {
		t.Errorf("handed over again: %s, want %s", again, number)
	}
	tk, said := a.case_(number)
	if tk.Channel != tickets.Chat || tk.Intent != intent.StopAutoRenew || tk.Requester != "chat/c-1" || tk.Facts.Account != "A-1001" {
		t.Errorf("the case is %+v", tk)
	}
	type told struct {
		Direction tickets.Direction
		Sender    string
		Text      string
		Asks      []intent.Intent
		Level     int
	}
	var got []told
	for _, m := range said {
		got = append(got, told{m.Direction, m.Sender, m.Text, m.Asks, m.Assurance})
	}
	want := []told{
		{tickets.Inbound, "chat/c-1", "对，请关闭自动续费", []intent.Intent{intent.StopAutoRenew}, 2},
		{tickets.Inbound, "chat/c-1", "你好", nil, 2},
		{tickets.Reply, "app_bot", "要关闭自动续费吗？", nil, 0},
		{tickets.Reply, "app_agent", "好的，转接中", nil, 0},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what was said (-want +got):\n%s", d)
	}
	proofs, err := h.db.Verifications(t.Context(), tk.ID)
	if err != nil || len(proofs) != 1 || proofs[0].Method != tickets.MethodSession || proofs[0].AccountNo != "A-1001" || proofs[0].Scope != "chat/c-1" {
		t.Errorf("proofs %+v, %v", proofs, err)
	}

	// A line is added once.
	func() {
		body := line("5", "customer", "谢谢")
		if got := a.post("/c-1/messages", body); a.number(got, http.StatusCreated) != number {
			t.Errorf("another case: %s", got.body)
		}
		a.number(a.post("/c-1/messages", body), http.StatusOK)
		if _, said := a.case_(number); len(said) != 5 {
			t.Errorf("%d messages, want 5", len(said))
		}
	}()

	// A line from long ago or from the future counts as said now.
	func() {
		for id, at := range map[string]string{"old": "2020-01-01T00:00:00Z", "new": "2030-01-01T00:00:00Z"} {
			body := line(id, "customer", "在吗")
			body["at"] = at
			a.number(a.post("/c-1/messages", body), http.StatusCreated)
		}
		_, said := a.case_(number)
		if last := said[len(said)-1]; !last.At.Equal(h.clock.now()) {
			t.Errorf("the last was said at %s", last.At)
		}
	}()

	// Its page shows who said what.
	func() {
		h.hire(t)
		page := h.get(t, h.as(t, "agent"), "/tickets/"+number).body
		for _, s := range []string{"要关闭自动续费吗？", "App 的机器人", "转接中"} {
			if !strings.Contains(page, s) {
				t.Errorf("the page does not show %s", s)
			}
		}
	}()

	// After the case is closed it opens a linked one.
	func() {
		if _, err := h.db.Ticket(t.Context(), tk.ID); err != nil {
			t.Fatal(err)
		}
		a.close(tk.ID)
		if same := a.number(a.post("", first), http.StatusOK); same != number {
			t.Errorf("nothing new was said, and it went to %s", same)
		}
		more := chat("c-1", nil, line("9", "customer", "怎么又扣费了，请退款"))
		next := a.number(a.post("", more), http.StatusCreated)
		linked, _ := a.case_(next)
		links, err := h.db.Links(t.Context(), linked.ID)
		if err != nil || len(links) != 1 || links[0].ToID != tk.ID || next == number {
			t.Errorf("%s with links %+v, %v", next, links, err)
		}
		if got := a.number(a.post("/c-1/messages", line("10", "customer", "在吗")), http.StatusCreated); got != next {
			t.Errorf("the next line went to %s, want %s", got, next)
		}
	}()
}

func (a app) close(id int64) {
	a.t.Helper()
	err := a.db.InTx(a.t.Context(), func(tx tickets.Tx) error {
		tk, err := tx.Ticket(a.t.Context(), id)
		if err != nil {
			return err
		}
		if err := tk.SetStatus(tickets.Closed, "done", a.clock.now()); err != nil {
			return err
		}
		return tx.SaveTicket(a.t.Context(), &tk)
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// TestIdenticalHandoffs: fifty at once have one effect, and all are told of it.
func TestIdenticalHandoffs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.app(t)
	const n = 50
	var wg sync.WaitGroup
	answers := make([]answer, n)
	for i := range n {
		wg.Go(func() {
			answers[i] = a.post("", chat("c-50", nil, line("1", "customer", "关闭自动续费")))
		})
	}
	wg.Wait()
	opened := 0
	for _, got := range answers {
		if got.status == http.StatusCreated {
			opened++
		} else if got.status != http.StatusOK {
			t.Errorf("status %d\n%s", got.status, got.body)
		}
		if number := a.number(got, got.status); number != "CD-000001" {
			t.Errorf("ticket %s", number)
		}
	}
	_, said := a.case_("CD-000001")
	if opened != 1 || len(said) != 1 {
		t.Errorf("%d opened a case, %d messages", opened, len(said))
	}
}

// TestForgedSessions prove nothing, break nothing and reveal nothing.
func TestForgedSessions(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	a := h.app(t)
	old := h.session(t, "A-1001", "c-0")
	for name, token := range map[string]string{
		"another-conversation": old,
		"expired":              h.session(t, "A-1001", "c-expired", func(c jwt.MapClaims) { c["exp"] = h.clock.now().Unix() }),
		"unknown-account":      h.session(t, "A-9999", "c-unknown-account"),
		"nonsense":             "nonsense",
		"none":                 "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := "c-" + name
			customer := map[string]any{"account": "A-1001", "session_token": token}
			got := a.post("", chat(id, customer, line("1", "customer", "关闭自动续费")))
			tk, said := a.case_(a.number(got, http.StatusCreated))
			proofs, err := h.db.Verifications(t.Context(), tk.ID)
			if err != nil || len(proofs) != 0 || said[0].Assurance != 0 || tk.SenderProven {
				t.Errorf("level %d, proofs %v, %v", said[0].Assurance, proofs, err)
			}
			if token != "" && !strings.Contains(strings.Join(said[0].AssuranceWhy, "; "), "session: ") {
				t.Errorf("no note: %v", said[0].AssuranceWhy)
			}
			for _, secret := range []string{"A-1001", "13800001234", "li@example.com", "黄金会员"} {
				if body := strings.Replace(got.body, `"account":"A-1001"`, "", 1); strings.Contains(body, secret) {
					t.Errorf("the answer reveals %s: %s", secret, got.body)
				}
			}
		})
	}
}

// TestPaymentFactsInAChat: a transaction number of the account proves level 1; guesses prove nothing and
// come to an end, after which the right one counts no more.
func TestPaymentFactsInAChat(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	if err := h.db.Conn().WithContext(t.Context()).Exec("UPDATE charges SET channel_txn_id = 'T-1'").Error; err != nil {
		t.Fatal(err)
	}
	a := h.app(t)
	level := func(id string, facts ...any) int {
		t.Helper()
		customer := map[string]any{"account": "A-1001", "payment_facts": facts}
		got := a.post("", chat(id, customer, line("1", "customer", "关闭自动续费")))
		tk, _ := a.case_(a.number(got, got.status))
		proofs, err := h.db.Verifications(t.Context(), tk.ID)
		if err != nil {
			t.Fatal(err)
		}
		return tickets.LevelOf(proofs, tickets.Message{Scope: tickets.ChatScope(id), At: h.clock.now()}, tickets.ActStop, "A-1001")
	}
	right := map[string]any{"channel_txn_id": "T-1"}
	if got := level("c-right", right); got != 1 {
		t.Errorf("the right number gives level %d", got)
	}
	for range 5 {
		if got := level("c-guess", map[string]any{"charged_at": "2026-01-04", "amount_fen": 19800, "card_tail": "0000"}); got != 0 {
			t.Errorf("a guess gives level %d", got)
		}
	}
	if got := level("c-guess", right); got != 0 {
		t.Errorf("after five guesses the right number gives level %d", got)
	}
	if got := a.post("", chat("c-day", map[string]any{"payment_facts": []any{map[string]any{"charged_at": "yesterday"}}})); got.status != http.StatusUnprocessableEntity {
		t.Errorf("no day: %d", got.status)
	}
}

func TestChatIsAskedForOnlyByItsKey(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.app(t)
	a.number(a.post("", chat("c-1", nil, line("1", "customer", "关闭自动续费"))), http.StatusCreated)
	read, write := "Bearer "+h.key(t, "chat:read"), "Bearer "+h.key(t, "chat:write")
	for _, c := range []struct {
		name, method, path, body, auth string
		want                           int
	}{
		{"state", "GET", "/v1/chat/handoffs/c-1", "", read, 200},
		{"state with the writing key", "GET", "/v1/chat/handoffs/c-1", "", write, 403},
		{"unknown conversation", "GET", "/v1/chat/handoffs/c-2", "", read, 404},
		{"line of an unknown conversation", "POST", "/v1/chat/handoffs/c-2/messages", `{"id":"1","from":"customer","text":"a"}`, write, 404},
		{"end of an unknown conversation", "POST", "/v1/chat/handoffs/c-2/end", `{}`, write, 404},
		{"read of an unknown conversation", "POST", "/v1/chat/handoffs/c-2/read", `{}`, write, 404},
		{"reading what is nothing", "POST", "/v1/chat/handoffs/c-1/read", `{"up_to":"desk-77"}`, write, 422},
		{"handing over with the reading key", "POST", "/v1/chat/handoffs", `{"conversation_id":"c-3"}`, read, 403},
		{"no conversation", "POST", "/v1/chat/handoffs", `{"transcript":[]}`, write, 422},
		{"a slash in it", "POST", "/v1/chat/handoffs", `{"conversation_id":"a/b"}`, write, 422},
		{"an unknown speaker", "POST", "/v1/chat/handoffs", `{"conversation_id":"c-4","transcript":[{"id":"1","from":"desk"}]}`, write, 422},
		{"not JSON", "POST", "/v1/chat/handoffs", `{`, write, 400},
		{"not base64", "POST", "/v1/chat/handoffs/c-1/messages", `{"id":"7","from":"customer","attachments":[{"content_base64":"***"}]}`, write, 422},
		{"events after nonsense", "GET", "/v1/chat/events?after=x", "", read, 422},
		{"events after one that never was", "GET", "/v1/chat/events?after=4711", "", read, 410},
		{"nobody", "POST", "/v1/chat/handoffs", `{"conversation_id":"c-4"}`, "Bearer x", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := h.json(t, c.method, c.path, c.body, "Authorization", c.auth); got.status != c.want {
				t.Errorf("status %d, want %d\n%s", got.status, c.want, got.body)
			}
		})
	}
}

func TestAttachmentsOfAChat(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.app(t)
	png := []byte("\x89PNG\r\n\x1a\n0000")
	with := line("1", "customer", "看截图")
	with["attachments"] = []any{
		map[string]any{"name": "../../账单.png", "type": "text/html", "content_base64": base64.StdEncoding.EncodeToString(png)},
		map[string]any{"name": "note.html", "type": "image/png", "content_base64": base64.StdEncoding.EncodeToString([]byte("<script>1</script>"))},
	}
	number := a.number(a.post("", chat("c-1", nil, with)), http.StatusCreated)
	a.number(a.post("", chat("c-1", nil, with)), http.StatusOK)
	_, said := a.case_(number)
	want := []tickets.Attachment{{Name: "账单.png", Type: "image/png", Bytes: 12}, {Name: "note.html", Type: "text/html", Bytes: 18}}
	if d := cmp.Diff(want, said[0].Attachments); d != "" || len(said) != 1 {
		t.Fatalf("%d messages; attachments (-want +got):\n%s", len(said), d)
	}
	r, err := h.blobs.Open(t.Context(), said[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{string(png), "<script>1</script>"} {
		if _, content, err := mailin.AttachmentContent(raw, i); err != nil || string(content) != want {
			t.Errorf("attachment %d holds %q, %v", i, content, err)
		}
	}
}

// TestChatEventsAreResumed: a reader sees what the desk writes, in order, and goes on where it was.
func TestChatEventsAreResumed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.app(t)
	tk, _ := a.case_(a.number(a.post("", chat("c-1", nil, line("1", "customer", "在吗"))), http.StatusCreated))
	stream := a.events(0)
	a.write(tk.ID, "c-1", "您好")
	first := stream.next()
	said, _ := first["message"].(map[string]any)
	if first["conversation_id"] != "c-1" || first["type"] != "message" || said["text"] != "您好" {
		t.Errorf("the event is %v", first)
	}
	state := object(t, h.json(t, "GET", "/v1/chat/handoffs/c-1", "", a.auth...).body)
	if list, _ := state["messages"].([]any); state["state"] != "answered" || len(list) != 2 {
		t.Errorf("the conversation is %v", state)
	}
	read := object(t, a.post("/c-1/read", map[string]any{"up_to": first["id"]}).body)
	if read["state"] != "read" || read["read_up_to"] != said["id"] {
		t.Errorf("after reading it is %v", read)
	}
	if got := stream.next(); got["type"] != "state" || got["state"] != "read" {
		t.Errorf("the event is %v", got)
	}
	a.number(a.post("/c-1/messages", line("2", "customer", "还在吗")), http.StatusCreated)
	if got := a.post("/c-1/end", map[string]any{"by": "customer"}); got.status != http.StatusOK {
		t.Fatalf("end: %d\n%s", got.status, got.body)
	}
	a.post("/c-1/end", map[string]any{"by": "customer"})
	id, _ := first["id"].(float64)
	last := a.events(int64(id))
	for _, want := range []string{"state", "ended"} {
		if got := last.next(); got["type"] != want {
			t.Errorf("going on brings %v, want %s", got, want)
		}
	}
}

// TestEndedChat: a line that was said before the end changes nothing of it, one said after opens it again.
func TestEndedChat(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.app(t)
	a.number(a.post("", chat("c-1", nil, line("1", "customer", "在吗"))), http.StatusCreated)
	if got := h.json(t, "POST", "/v1/chat/handoffs/c-1/end", "", a.auth...); got.status != http.StatusOK || object(t, got.body)["state"] != "ended" {
		t.Fatalf("end: %d\n%s", got.status, got.body)
	}
	state := func() any { return object(t, h.json(t, "GET", "/v1/chat/handoffs/c-1", "", a.auth...).body)["state"] }
	h.clock.advance(time.Minute)
	a.number(a.post("/c-1/messages", line("late", "customer", "没看到入口")), http.StatusCreated)
	if got := state(); got != "ended" {
		t.Errorf("after a late line it is %v", got)
	}
	next := line("next", "customer", "还有一个问题")
	delete(next, "at")
	a.number(a.post("/c-1/messages", next), http.StatusCreated)
	if got := state(); got != "waiting" {
		t.Errorf("after a new line it is %v", got)
	}
}

// write lets the desk write into a conversation.
func (a app) write(ticket int64, conversation, text string) {
	a.t.Helper()
	ctx := a.t.Context()
	err := a.db.InTx(ctx, func(tx tickets.Tx) error {
		m := tickets.Message{TicketID: ticket, Direction: tickets.Reply, Channel: tickets.Chat, At: a.clock.now(), Sender: "agent:amy", Text: text}
		if err := tx.InsertMessage(ctx, &m); err != nil {
			return err
		}
		c, err := tx.Conversation(ctx, conversation)
		if err != nil {
			return err
		}
		return tickets.TellChat(ctx, tx, c, m.ID, tickets.ChatSettled, "agent:amy", a.clock.now())
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// chatStream reads events one by one.
type chatStream struct {
	t    *testing.T
	data chan map[string]any
}

func (a app) events(after int64) chatStream {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.url+fmt.Sprintf("/v1/chat/events?after=%d", after), http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set(a.auth[0], a.auth[1])
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		a.t.Fatalf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	s := chatStream{a.t, make(chan map[string]any, 100)}
	go func() {
		dec := newEventReader(res.Body)
		for {
			data, err := dec()
			if err != nil {
				return
			}
			var e map[string]any
			if json.Unmarshal([]byte(data), &e) == nil {
				s.data <- e
			}
		}
	}()
	return s
}

func (s chatStream) next() map[string]any {
	s.t.Helper()
	select {
	case e := <-s.data:
		return e
	case <-time.After(20 * time.Second):
		s.t.Fatal("no event came")
		return nil
	}
}

// newEventReader gives the data of one event after another.
func newEventReader(r io.Reader) func() (string, error) {
	lines := bufio.NewScanner(r)
	return func() (string, error) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data, nil
			}
		}
		return "", io.EOF
	}
}
