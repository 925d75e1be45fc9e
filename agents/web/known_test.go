package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

// onesOwn is what differs between any two cases, known or not: numbers, ids, links and when.
var onesOwn = regexp.MustCompile(`CD-\d{6}|[a-z2-7]{26}[apd]?|/c/[A-Za-z0-9_-]{60}|conv-\w+|call-\w+|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\+08:00|Z)?|"(id|version)":\d+`)

func alike(s string) string { return onesOwn.ReplaceAllString(s, "…") }

// strangers are a stranger's cases, about the account A-1001 and about none, and the page of each.
func (h *house) strangers(t testing.TB) (page func(known bool) string, ids map[bool]int64) {
	t.Helper()
	ids = map[bool]int64{}
	for known, no := range map[bool]string{true: "A-1001", false: ""} {
		ids[known] = h.mail(t, func(tk *tickets.Ticket, m *tickets.Message) {
			tk.AccountNo, tk.Status, tk.Reason = no, tickets.Pending, "not_verified"
			if known {
				tk.SubscriptionIDs = []string{"S-1"}
			}
			tk.Requester, m.Sender, m.MessageID = "stranger@else.example", "stranger@else.example", ""
		})
	}
	return func(known bool) string {
		return "/c/" + h.desk.Settings().Pages.Token(ids[known], "stranger@else.example", h.clock.now())
	}, ids
}

func TestAStrangerReadsTheSameOfAKnownAccountAndAnUnknown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	pages, ids := h.strangers(t)
	var heard [2][]string
	for i, known := range []bool{true, false} {
		b, page := h.browser(t), pages(known)
		hear := func(got answer) answer {
			heard[i] = append(heard[i], alike(http.StatusText(got.status)+"\n"+got.to+"\n"+got.body))
			return got
		}
		code := ""
		for range 5 { // three of them are his for a day
			hear(h.get(t, b, page))
			got := hear(h.post(t, b, page+"/code", url.Values{"then": {"stop"}, "to": {"phone"}}))
			at, err := url.Parse(got.to)
			if err != nil {
				t.Fatal(err)
			}
			code = at.Query().Get("code")
			hear(h.get(t, b, got.to))
			for range 6 { // five are one code's
				hear(h.post(t, b, page+"/enter", url.Values{"then": {"stop"}, "code_id": {code}, "nonce": {"abcdefgh"}, "code": {"000000"}}))
			}
			hear(h.post(t, b, page+"/say", url.Values{"word": {"stop"}, "nonce": {"abcdefgh"}}))
			h.clock.advance(16 * time.Minute) // beyond the limit of tries for one address
		}
		hear(h.get(t, b, "/v/"+code))
		hear(h.post(t, b, "/v/"+code, url.Values{"code": {"000000"}}))
		h.clock.advance(-80 * time.Minute)
	}
	if diff := cmp.Diff(heard[0], heard[1]); diff != "" {
		t.Errorf("about an account that there is (-) and about none (+):\n%s", diff)
	}
	sent, err := h.db.Codes(t.Context(), ids[true])
	if err != nil || len(sent) != 3 || !sent[0].Sent() {
		t.Errorf("of the known one %d codes, %v", len(sent), err)
	}
	nowhere, err := h.db.Codes(t.Context(), ids[false])
	if err != nil || len(nowhere) != 3 || nowhere[0].Sent() || nowhere[0].AccountNo != "" {
		t.Fatalf("of the unknown one %+v, %v", nowhere, err)
	}
	h.clock.advance(-time.Hour) // a code that went nowhere proves nothing, not even by its own digits
	for _, c := range nowhere {
		if _, err := h.desk.EnterCode(t.Context(), c.PublicID, h.desk.Settings().Codes.Digits(c), tickets.CustomerActor); !errors.Is(err, tickets.Invalid) {
			t.Errorf("the digits of a code that went nowhere: %v", err)
		}
	}
	if strings.Contains(strings.Join(heard[0], ""), "138") {
		t.Error("the number on file is shown")
	}
}

func TestTheAppAndThePhoneHearTheSameOfAKnownAccountAndAnUnknown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	h.payers(t)
	a := h.app(t)
	key := h.key(t, "calls:write", "tickets:read")
	for name, ask := range map[string]func(id string, customer map[string]any) (int, string){
		"chat": func(id string, customer map[string]any) (int, string) {
			got := a.post("", chat("conv-"+id, customer, line("1", "customer", "请关闭自动续费")))
			return got.status, got.body
		},
		"call": func(id string, customer map[string]any) (int, string) {
			delete(customer, "name")
			status, raw := h.send(t, key, http.MethodPost, "/v1/calls", h.callBody("call-"+id, "summary", "客户要求关闭自动续费。", "identity", customer))
			return status, string(raw)
		},
	} {
		for what, pair := range map[string][2]map[string]any{
			"account":     {{"account": "A-1001"}, {"account": "A-9999"}},
			"phone":       {{"phone": "13900002000"}, {"phone": "13900009999"}},
			"wrong facts": {{"account": "A-2001", "payment_facts": []any{map[string]any{"channel_txn_id": "999999"}}}, {"account": "A-9999", "payment_facts": []any{map[string]any{"channel_txn_id": "999999"}}}},
			"right and wrong": {
				{"payment_facts": []any{map[string]any{"channel_txn_id": "4200020010"}, map[string]any{"channel_txn_id": "999999"}}},
				{"payment_facts": []any{map[string]any{"channel_txn_id": "4200099990"}, map[string]any{"channel_txn_id": "999999"}}},
			},
		} {
			var got [2]string
			for i, customer := range pair {
				status, body := ask(strings.ReplaceAll(name+what, " ", "")+string(rune('a'+i)), customer)
				if status != http.StatusCreated && status != http.StatusOK {
					t.Fatalf("%s, %s: %d\n%s", name, what, status, body)
				}
				for _, stated := range []string{"A-1001", "A-2001", "A-9999", "13900002000", "13900009999", "4200020010", "4200099990"} {
					body = strings.ReplaceAll(body, stated, "stated")
				}
				got[i] = http.StatusText(status) + alike(body)
			}
			if diff := cmp.Diff(got[0], got[1]); diff != "" {
				t.Errorf("%s, %s: known (-) and unknown (+)\n%s", name, what, diff)
			}
		}
	}
}

func TestStrangersNeverKeepTheOwnerFromHisCode(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	pages, ids := h.strangers(t)
	stranger, owner := pages(true), "/c/"+h.desk.Settings().Pages.Token(ids[true], "li@example.com", h.clock.now())
	got := h.post(t, h.browser(t), stranger+"/code", url.Values{"then": {"stop"}, "to": {"phone"}})
	at, err := url.Parse(got.to)
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		h.post(t, h.browser(t), stranger+"/enter", url.Values{"then": {"stop"}, "code_id": {at.Query().Get("code")}, "nonce": {"abcdefgh"}, "code": {"0"}})
	}
	if c, _ := h.code(t, ids[true]); c.LockedAt == nil {
		t.Fatalf("the stranger's code: %+v", c)
	}
	if got := h.post(t, h.browser(t), owner+"/code", url.Values{"then": {"show"}, "to": {"phone"}}); got.status != http.StatusSeeOther {
		t.Errorf("the owner's own code: %d\n%s", got.status, got.body)
	}
	if c, _ := h.code(t, ids[true]); !c.Sent() || c.LockedAt != nil {
		t.Errorf("%+v", c)
	}
}
