package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// rings lets somebody ring about a case, whose payment facts fit the account A-1001.
func (h *house) rings(t *testing.T, id int64, method tickets.Method) {
	t.Helper()
	now := h.clock.now()
	scope := "call/" + string(method)
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		err := tx.InsertMessage(t.Context(), &tickets.Message{
			TicketID: id, Direction: tickets.Inbound, Channel: tickets.Phone, At: now, Kind: "message", Scope: scope, ExternalID: scope,
		})
		if err != nil {
			return err
		}
		return tx.InsertVerification(t.Context(), &tickets.Verification{
			TicketID: id, Scope: scope, AccountNo: "A-1001", Level: method.Gives(tickets.ActRefund), Method: method, At: now,
			ExpiresAt: now.Add(tickets.VerificationLife),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// payer adds two more accounts: A-2001 and A-2002, which share a phone, each with two WeChat debits.
func (h *house) payers(t *testing.T) {
	t.Helper()
	now := h.clock.now()
	for i, no := range []string{"A-2001", "A-2002"} {
		sub, agreement, payer := "S-"+no, "G-"+no, fmt.Sprintf("62220000%04d", 1000+i)
		rows := []any{
			&account.Account{No: no, Phone: "13900002000"},
			&account.Subscription{ID: sub, AccountNo: no, Plan: "月卡", Cycle: account.Month, PriceFen: 3000, AutoRenew: true},
			&account.Agreement{ID: agreement, AccountNo: no, Channel: account.WeChat, ChannelRef: "w" + no, Payer: payer, State: account.AgreementActive, SubscriptionIDs: []string{sub}},
		}
		for n := range 2 {
			rows = append(rows, &account.Charge{
				ID: fmt.Sprintf("C-%s-%d", no, n), AccountNo: no, SubscriptionID: sub, AgreementID: agreement, AmountFen: 3000, Currency: "CNY",
				ChargedAt: now.AddDate(0, -n, -3), Channel: account.WeChat, ChannelTxnID: fmt.Sprintf("42000%s%d", no[2:], n), Payer: payer, State: account.ChargePaid,
			})
		}
		for _, row := range rows {
			if err := h.db.Conn().WithContext(t.Context()).Create(row).Error; err != nil {
				t.Fatal(err)
			}
		}
	}
}

type reported struct {
	Ticket struct {
		Number, Channel, Status, Intent string
		ReceivedAt                      time.Time `json:"received_at"`
		Facts                           struct{ Phone string }
		Messages                        []struct {
			Text      string
			Assurance int
		}
	}
}

// call reports a call by the API.
func (h *house) handOver(t *testing.T, key string, body map[string]any) (int, reported) {
	t.Helper()
	status, raw := h.send(t, key, http.MethodPost, "/v1/calls", body)
	var got reported
	if status < 300 {
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
	}
	return status, got
}

func (h *house) send(t *testing.T, key, method, path string, body any) (int, []byte) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, h.url+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	got := h.do(t, http.DefaultClient, r)
	return got.status, []byte(got.body)
}

func (h *house) callBody(id string, more ...any) map[string]any {
	body := map[string]any{"call_id": id, "direction": "inbound", "caller": "+86 139 0000 2000", "agent": "mei", "started_at": h.clock.now().Add(-5 * time.Minute)}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1] //nolint:errcheck // the test's own words
	}
	return body
}

func TestCallIsOneCaseHoweverOftenItIsReported(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key := h.key(t, "calls:write", "tickets:read")
	body := h.callBody("c-1", "summary", "客户要求关闭自动续费。")
	var wg sync.WaitGroup
	statuses, numbers := make(chan int, 50), make(chan string, 50)
	for range 50 {
		wg.Go(func() {
			status, got := h.handOver(t, key, body)
			statuses <- status
			numbers <- got.Ticket.Number
		})
	}
	wg.Wait()
	close(statuses)
	close(numbers)
	count, tickets := map[int]int{}, map[string]int{}
	for s := range statuses {
		count[s]++
	}
	for n := range numbers {
		tickets[n]++
	}
	if diff := cmp.Diff(map[int]int{201: 1, 200: 49}, count); diff != "" {
		t.Errorf("answers:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"CD-000001": 50}, tickets); diff != "" {
		t.Errorf("tickets:\n%s", diff)
	}
	_, got := h.handOver(t, key, body)
	if len(got.Ticket.Messages) != 1 || got.Ticket.Channel != "phone" || got.Ticket.Intent != "stop_auto_renew" || got.Ticket.Messages[0].Assurance != 0 {
		t.Errorf("%+v", got)
	}
	if want := h.clock.now().Add(-5 * time.Minute); !got.Ticket.ReceivedAt.Equal(want) || got.Ticket.Facts.Phone != "13900002000" {
		t.Errorf("received at %s, want the call's start; phone %q", got.Ticket.ReceivedAt, got.Ticket.Facts.Phone)
	}
}

func TestLaterReportsOfACallAddWhatIsNew(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key := h.key(t, "calls:write", "tickets:read")
	texts := func(got reported) (out []string) {
		for _, m := range got.Ticket.Messages {
			out = append(out, m.Text)
		}
		return out
	}
	h.handOver(t, key, h.callBody("c-1"))
	h.handOver(t, key, h.callBody("c-1", "summary", "客户要求关闭自动续费。", "ended_at", h.clock.now()))
	h.handOver(t, key, h.callBody("c-1", "transcript", "坐席：您好。客户：帮我关掉自动续费。"))
	h.handOver(t, key, h.callBody("c-1")) // the first once more, late
	status, got := h.handOver(t, key, h.callBody("c-1", "summary", "客户要求关闭自动续费。"))
	if diff := cmp.Diff([]string{"", "坐席：您好。客户：帮我关掉自动续费。", "客户要求关闭自动续费。"}, sorted(texts(got))); diff != "" || status != 200 {
		t.Errorf("%d\n%s", status, diff)
	}
	if got.Ticket.Intent != "stop_auto_renew" {
		t.Errorf("the case is about %s", got.Ticket.Intent)
	}
	other := h.callBody("c-1")
	other["started_at"] = h.clock.now().Add(-24 * time.Hour)
	if status, _ := h.handOver(t, key, other); status != http.StatusConflict {
		t.Errorf("another call under the same id: %d, want 409", status)
	}
	for name, body := range map[string]map[string]any{
		"no id":       h.callBody(""),
		"a path":      h.callBody("../etc"),
		"the future":  {"call_id": "x", "started_at": h.clock.now().Add(time.Hour)},
		"ends first":  h.callBody("x", "ended_at", h.clock.now().Add(-time.Hour)),
		"half a fact": h.callBody("x", "identity", map[string]any{"payment_facts": []any{map[string]any{"amount_fen": 3000}}}),
		"no date":     h.callBody("x", "identity", map[string]any{"payment_facts": []any{map[string]any{"charged_at": "soon", "amount_fen": 3000, "card_tail": "1000"}}}),
	} {
		if status, _ := h.handOver(t, key, body); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, status)
		}
	}
	if status, _ := h.handOver(t, h.key(t, "tickets:write"), h.callBody("c-2")); status != http.StatusForbidden {
		t.Errorf("a key of another scope: %d, want 403", status)
	}
}

func sorted(list []string) []string {
	out := append([]string{}, list...)
	for i := range out {
		for j := i + 1; j < len(out); j++ {
			if out[j] < out[i] {
				out[i], out[j] = out[j], out[i]
			}
		}
	}
	return out
}

// TestPaymentFactsProveAPayer is who a caller is taken for, by what he states.
func TestPaymentFactsProveAPayer(t *testing.T) {
	t.Parallel()
	txn := func(ids ...string) map[string]any {
		var facts []any
		for _, id := range ids {
			facts = append(facts, map[string]any{"channel_txn_id": id})
		}
		return map[string]any{"payment_facts": facts}
	}
	card := func(day string, fen int, tail string) map[string]any {
		return map[string]any{"phone": "13900002000", "payment_facts": []any{map[string]any{"charged_at": day, "amount_fen": fen, "card_tail": tail}}}
	}
	for name, c := range map[string]struct {
		identity map[string]any
		want     string
	}{
		"the number that rings alone, which two accounts share":              {map[string]any{}, ""},
		"a transaction number points at one of them":                         {txn("4200020010"), "A-2001 1 payment_fact"},
		"lost phone: two transaction numbers of one payer":                   {txn("4200020020", "4200020021"), "A-2002 2 two_transactions"},
		"spouse pays: somebody else's account by a transaction he paid":      {txn("4200020010"), "A-2001 1 payment_fact"},
		"transactions of two accounts prove neither":                         {txn("4200020010", "4200020020"), ""},
		"one right and one wrong prove nothing":                              {txn("4200020010", "4200099999"), ""},
		"date, amount and card of one of them":                               {card("2026-03-02", 3000, "1001"), "A-2002 1 payment_fact"},
		"the wrong amount":                                                   {card("2026-03-02", 3001, "1001"), ""},
		"the wrong card":                                                     {card("2026-03-02", 3000, "1007"), ""},
		"a stated phone of nobody does not spoil a transaction number":       {map[string]any{"phone": "13700000000", "payment_facts": txn("4200020010")["payment_facts"]}, "A-2001 1 payment_fact"},
		"two equal transaction numbers are one":                              {txn("4200020010", "4200020010"), "A-2001 1 payment_fact"},
		"date, amount and card, and the transaction number of another debit": {map[string]any{"payment_facts": append(txn("4200020011")["payment_facts"].([]any), card("2026-03-02", 3000, "1000")["payment_facts"].([]any)...)}, "A-2001 1 payment_fact"}, //nolint:errcheck // the test's own words
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.payers(t)
			h.handOver(t, h.key(t, "calls:write"), h.callBody("c-1", "summary", "客户要求关闭自动续费。", "identity", c.identity))
			all, err := h.db.Verifications(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range all {
				got = append(got, fmt.Sprintf("%s %d %s", v.AccountNo, v.Level, v.Method))
				if v.Scope != "call/c-1" || !v.ExpiresAt.Equal(h.clock.now().Add(tickets.VerificationLife)) {
					t.Errorf("covers %s until %s", v.Scope, v.ExpiresAt)
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("proven %q, want %q", got, c.want)
			}
		})
	}
}

func TestPaymentFactsCantBeGuessed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.payers(t)
	key := h.key(t, "calls:write")
	fact := func(tail string) any {
		return map[string]any{"phone": "13900002000", "payment_facts": []any{map[string]any{"charged_at": "2026-03-02", "amount_fen": 3000, "card_tail": tail}}}
	}
	for _, tail := range []string{"0001", "0001", "0002", "0003", "0004", "0005", "1001"} {
		h.handOver(t, key, h.callBody("c-1", "identity", fact(tail)))
	}
	all, err := h.db.Verifications(t.Context(), 1)
	if err != nil || len(all) != 0 {
		t.Errorf("the sixth guess was believed: %v %v", all, err)
	}
}

func wav(bytes int) []byte {
	return append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), make([]byte, bytes-16)...)
}

func TestRecordingIsKeptAndPlayed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	key := h.key(t, "calls:write")
	auth := []string{"Authorization", "Bearer " + key}
	audio := wav(2 << 20) // more than other requests may have
	copy(audio[1<<20:], "in the middle")
	send := func(id string, body []byte) int {
		t.Helper()
		return h.put(t, http.DefaultClient, "/v1/calls/"+id+"/recording", bytes.NewReader(body), auth...).status
	}
	for _, c := range []struct {
		name string
		id   string
		body []byte
		want int
	}{
		{"before its call", "c-1", audio, 204},
		{"the same again", "c-1", audio, 204},
		{"another", "c-1", wav(100), 409},
		{"no audio", "c-2", []byte("<html><script>alert(1)</script>"), 415},
		{"nothing", "c-2", nil, 415},
		{"too large", "c-2", wav(recordingBytes + 1), 413},
	} {
		if got := send(c.id, c.body); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, h.url+"/v1/calls/c-2/recording", io.MultiReader(bytes.NewReader(wav(recordingBytes)), strings.NewReader("more")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if got := h.do(t, http.DefaultClient, r); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large, without a length: %d, want 413\n%s", got.status, got.body)
	}
	if status, _ := h.handOver(t, key, h.callBody("c-1", "summary", "客户要求关闭自动续费。")); status != http.StatusCreated {
		t.Errorf("the call that fills the stub: %d, want 201", status)
	}
	h.handOver(t, key, h.callBody("c-3", "summary", "别的事"))
	b := h.as(t, "auditor")
	page := h.get(t, b, "/tickets/CD-000001")
	wants(t, page.body, `<audio controls preload="none" src="/tickets/CD-000001/calls/c-1/recording">`)
	if got := h.get(t, b, "/tickets/CD-000002/calls/c-1/recording").status; got != http.StatusNotFound {
		t.Errorf("by another ticket: %d, want 404", got)
	}
	whole := h.get(t, b, "/tickets/CD-000001/calls/c-1/recording")
	if whole.status != 200 || whole.body != string(audio) || whole.header.Get("Content-Type") != "audio/wav" || whole.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d, %d bytes, %v", whole.status, len(whole.body), whole.header)
	}
	part := h.get(t, b, "/tickets/CD-000001/calls/c-1/recording", "Range", fmt.Sprintf("bytes=%d-%d", 1<<20, 1<<20+12))
	if part.status != http.StatusPartialContent || part.body != "in the middle" {
		t.Errorf("a part: %d %q", part.status, part.body)
	}
	sum := sha256.Sum256(audio)
	events, err := h.db.Events(t.Context(), "CD-000001")
	if err != nil {
		t.Fatal(err)
	}
	var told int
	for _, e := range events {
		if e.Type == tickets.EventRecording && strings.Contains(string(e.Canonical), hex.EncodeToString(sum[:])) {
			told++
		}
		if strings.Contains(string(e.Canonical), "13900002000") || strings.Contains(string(e.Canonical), "139 0000 2000") {
			t.Errorf("the event %s tells the caller's number", e.Type)
		}
	}
	if told != 1 {
		t.Errorf("%d events tell the recording's digest, want 1", told)
	}
	if strings.Contains(h.log.String(), "13900002000") {
		t.Error("the log tells the caller's number")
	}
}

func TestCasesTakenByHandOverTheAPI(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	key := h.key(t, "tickets:write", "tickets:read")
	status, raw := h.send(t, key, http.MethodPost, "/v1/tickets", map[string]any{
		"channel": "other", "received_at": h.clock.now().Add(-48 * time.Hour), "customer": map[string]any{"account": "A-1001", "email": "Li@Example.com"},
		"subject": "来信", "text": "请关闭自动续费。",
	})
	var got struct {
		Number, Channel, Requester, Intent string
		ReceivedAt                         time.Time `json:"received_at"`
	}
	if err := json.Unmarshal(raw, &got); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %v\n%s", status, err, raw)
	}
	if got.Channel != "other" || got.Requester != "li@example.com" || got.Intent != "stop_auto_renew" || !got.ReceivedAt.Equal(h.clock.now().Add(-48*time.Hour)) {
		t.Errorf("%+v", got)
	}
	for _, kind := range []string{"note", "reply"} {
		status, raw = h.send(t, key, http.MethodPost, "/v1/tickets/"+got.Number+"/messages", map[string]any{"kind": kind, "text": "记下了 " + kind})
		if status != http.StatusCreated || !strings.Contains(string(raw), "记下了 "+kind) {
			t.Errorf("%s: %d\n%s", kind, status, raw)
		}
	}
	for name, body := range map[string]map[string]any{
		"a mail":     {"channel": "email", "text": "x"},
		"no text":    {"channel": "phone"},
		"the future": {"channel": "web", "text": "x", "received_at": h.clock.now().Add(time.Hour)},
		"a secret":   {"channel": "web", "text": "x", "assurance": 2},
	} {
		if status, _ := h.send(t, key, http.MethodPost, "/v1/tickets", body); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, status)
		}
	}
	all, err := h.db.Verifications(t.Context(), 1)
	if err != nil || len(all) != 0 {
		t.Errorf("a case taken by hand proves somebody: %v %v", all, err)
	}
}

func TestAgentWritesACaseDown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.member(t)
	h.payers(t)
	b := h.as(t, "agent")
	form := url.Values{
		"how": {"phone"}, "received": {"2026-03-05T10:20"}, "caller": {"138 0000 1234"}, "account": {"A-1001"}, "phone": {"13900002000"},
		"txn_1": {"4200099999"}, "text": {"要求关闭自动续费"},
	}
	checked := h.post(t, b, "/tickets/new/check", form)
	wants(t, checked.body, "账号 ✓ 相符", "手机 ✓ 相符", "付款信息 ✗ 不符", `value="A-1001"`, "要求关闭自动续费</textarea>", "相符的账号不止一个")
	for _, onFile := range []string{"李雷", "li@example.com", "黄金会员", "A-2001", "19800", "198.00"} {
		if strings.Contains(checked.body, onFile) {
			t.Errorf("the check shows %q, which is on file", onFile)
		}
	}
	if list, _, err := h.db.Tickets(t.Context(), tickets.Filter{View: tickets.ViewAll}); err != nil || len(list) != 0 {
		t.Fatalf("only looking made tickets: %v %v", list, err)
	}
	wants(t, h.post(t, b, "/tickets/new", url.Values{"how": {"phone"}, "received": {"2026-03-05T10:20"}, "text": {" "}}).body, "请写下客户说了什么")
	form.Set("phone", "")
	form.Set("txn_1", "")
	got := h.post(t, b, "/tickets/new", form)
	if got.status != http.StatusSeeOther || got.to != "/tickets/CD-000001" {
		t.Fatalf("%d to %q\n%s", got.status, got.to, got.body)
	}
	tk, err := h.db.Ticket(t.Context(), 1)
	if err != nil || tk.Channel != tickets.Phone || tk.Assignee != "agent" || tk.Status != tickets.Open || tk.FirstRespondedAt == nil || tk.Facts.Account != "A-1001" {
		t.Errorf("%+v %v", tk, err)
	}
	form.Set("how", "letter")
	form.Set("text", `<script>alert(1)</script> 来信要求停止续费`)
	h.post(t, b, "/tickets/new", form)
	page := h.get(t, b, "/tickets/CD-000002").body
	if strings.Contains(page, "<script>alert") {
		t.Error("what was written down runs in the page")
	}
	h.post(t, b, "/tickets/CD-000002/told", url.Values{"text": {"已在柜台告知"}})
	wants(t, h.get(t, b, "/tickets/CD-000002").body, "已在柜台告知", "已记录口头告知的内容")
}
