package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// customerCase is a case about the member's account that a stranger's mail opened, as told by a mail to
// somebody, and the page of that somebody.
func (h *house) customerCase(t *testing.T, to string, change func(*tickets.Ticket, *tickets.Message)) (id int64, page string) {
	t.Helper()
	h.member(t)
	id = h.mail(t, func(tk *tickets.Ticket, m *tickets.Message) {
		tk.AccountNo, tk.SubscriptionIDs, tk.Status, tk.Reason = "A-1001", []string{"S-1"}, tickets.Pending, "not_verified"
		tk.Requester, m.Sender = "stranger@else.example", "stranger@else.example"
		if change != nil {
			change(tk, m)
		}
	})
	return id, "/c/" + h.desk.Settings().Pages.Token(id, to, h.clock.now())
}

// nonce is that of the page's first form.
func nonce(t *testing.T, body string) string {
	t.Helper()
	found := regexp.MustCompile(`name="nonce" value="([a-z0-9]+)"`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no form on the page:\n%s", body)
	}
	return found[1]
}

func (h *house) last(t *testing.T, id int64) tickets.Message {
	t.Helper()
	all, err := h.db.Messages(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return all[len(all)-1]
}

// code is the newest code of a case, with its digits.
func (h *house) code(t *testing.T, id int64) (c tickets.Code, digits string) {
	t.Helper()
	all, err := h.db.Codes(t.Context(), id)
	if err != nil || len(all) == 0 {
		t.Fatalf("codes: %v %v", all, err)
	}
	c = all[len(all)-1]
	return c, h.desk.Settings().Codes.Digits(c)
}

func TestTheRegisteredContactStopsByOneClick(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(t)
	id, page := h.customerCase(t, "LI@example.com", nil)
	got := h.get(t, b, page)
	if got.status != http.StatusOK || !strings.Contains(got.body, "确认关闭自动续费") || !strings.Contains(got.body, "星河会员") {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive", "Set-Cookie": "",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q", name, got.header.Get(name))
		}
	}
	before, err := h.db.Messages(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != 1 {
		t.Errorf("looking at the page left %d messages", len(before))
	}
	form := url.Values{"nonce": {nonce(t, got.body)}, "word": {"stop"}}
	for range 2 { // a second click is the same one
		if got := h.post(t, b, page+"/say", form); got.status != http.StatusSeeOther || got.to != page+"?done=stop" {
			t.Fatalf("%d to %s\n%s", got.status, got.to, got.body)
		}
	}
	all, err := h.db.Messages(t.Context(), id)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	m := all[1]
	if diff := cmp.Diff([]any{tickets.Web, "li@example.com", 1, []intent.Intent{intent.StopAutoRenew}, false, "page/CD-000001"}, []any{m.Channel, m.Sender, m.Assurance, m.Asks, m.Affirms, m.Scope}); diff != "" {
		t.Error(diff)
	}
	verified, err := h.db.Verifications(t.Context(), id)
	if err != nil || len(verified) != 1 {
		t.Fatalf("%v %v", verified, err)
	}
	for action, want := range map[tickets.Action]int{tickets.ActStop: 1, tickets.ActShow: 0, tickets.ActRefund: 0, tickets.ActAssets: 0} {
		if got := tickets.LevelOf(verified, m, action, "A-1001"); got != want {
			t.Errorf("level %d for %s, want %d", got, action, want)
		}
	}
	if body := h.get(t, b, page+"?done=stop").body; !strings.Contains(body, "已收到您的确认") || strings.Contains(body, `id="stop"`) {
		t.Errorf("after the click:\n%s", body)
	}
}

func TestThePageTellsNothingThatTheMailDidNotSay(t *testing.T) {
	t.Parallel()
	secrets := []string{"黄金会员", "198", "164.91", "李雷", "13800001234", "138****", "l***@", "A-1001", "li@example.com", "自动续费已关闭", "已暂缓"}
	h := setup(t)
	id, hash := h.refundCase(t, 16491, "desk")
	_ = hash
	links := h.desk.Settings().Pages
	for to, hidden := range map[string][]string{
		"li@example.com": {"黄金会员", "198", "164.91", "李雷", "13800001234", "A-1001"}, // a receipt was all that was sent to him
	} {
		body := h.get(t, h.browser(t), "/c/"+links.Token(id, to, h.clock.now())).body
		for _, s := range hidden {
			if strings.Contains(body, s) {
				t.Errorf("%s reads %q", to, s)
			}
		}
	}
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		m := tickets.Message{TicketID: id, Direction: tickets.Inbound, Channel: tickets.Email, At: h.clock.now(), Sender: "stranger@else.example", Kind: "message", Assurance: 1}
		return tx.InsertMessage(t.Context(), &m)
	})
	if err != nil {
		t.Fatal(err)
	}
	stranger := "/c/" + links.Token(id, "stranger@else.example", h.clock.now())
	for _, path := range []string{stranger, stranger + "/receipt"} {
		got := h.get(t, h.browser(t), path)
		if got.status != http.StatusOK {
			t.Fatal(got.status)
		}
		for _, s := range secrets {
			if strings.Contains(got.body, s) {
				t.Errorf("a stranger reads %q on %s", s, path)
			}
		}
	}
}

func TestEveryLinkThatOpensNothingIsOnePage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(t)
	id, page := h.customerCase(t, "li@example.com", nil)
	links := h.desk.Settings().Pages
	token := strings.TrimPrefix(page, "/c/")
	forged := tickets.PageLinks{Key: []byte(strings.Repeat("x", 32))}.Token(id, "li@example.com", h.clock.now())
	want := h.get(t, b, "/c/nothing")
	pattern := regexp.MustCompile(`/c/[^"]*`)
	for name, path := range map[string]string{
		"forged": forged, "cut": token[:len(token)-1], "longer": token + "A", "changed": "B" + token[1:], "no ticket": links.Token(99, "li@example.com", h.clock.now()),
		"somebody else": links.Token(id, "who@else.example", h.clock.now()), "old": links.Token(id, "li@example.com", h.clock.now().Add(-tickets.PageLinkLife)),
	} {
		got := h.get(t, b, "/c/"+path)
		if got.status != http.StatusNotFound || pattern.ReplaceAllString(got.body, "") != pattern.ReplaceAllString(want.body, "") {
			t.Errorf("%s: %d\n%s", name, got.status, got.body)
		}
		for _, do := range []string{"/say", "/code", "/enter", "/add"} {
			if got := h.post(t, b, "/c/"+path+do, url.Values{"word": {"stop"}, "nonce": {"abcdefgh"}}); got.status != http.StatusNotFound {
				t.Errorf("%s%s: %d", name, do, got.status)
			}
		}
	}
}

func TestAClickFromAStrangersLinkOrAnotherSiteChangesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, page := h.customerCase(t, "stranger@else.example", nil)
	own := "/c/" + h.desk.Settings().Pages.Token(id, "li@example.com", h.clock.now())
	for _, word := range []string{"stop", "pause", "deny"} {
		if got := h.post(t, h.browser(t), page+"/say", url.Values{"word": {word}, "nonce": {"abcdefgh"}}); got.status != http.StatusForbidden {
			t.Errorf("%s by a stranger: %d", word, got.status)
		}
	}
	if got := h.post(t, h.browser(t), own+"/say", url.Values{"word": {"stop"}, "nonce": {"abcdefgh"}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); got.status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.status)
	}
	if m := h.last(t, id); m.Channel == tickets.Web {
		t.Errorf("something was said: %+v", m)
	}
	if got := h.post(t, h.browser(t), own+"/say", url.Values{"word": {"stop"}, "nonce": {"abcdefgh"}}, "Origin", "null"); got.status != http.StatusSeeOther {
		t.Errorf("from a browser that tells no origin: %d", got.status)
	}
}

func TestContactDataChangedYesterdayMakesAClickWorthNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, page := h.customerCase(t, "li@example.com", nil)
	at := h.clock.now().Add(-time.Hour)
	if err := h.db.Conn().WithContext(t.Context()).Model(&account.Account{}).Where("account_no = ?", "A-1001").Update("contact_changed_at", at).Error; err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, h.browser(t), page+"/say", url.Values{"word": {"stop"}, "nonce": {"abcdefgh"}}); got.status != http.StatusForbidden {
		t.Errorf("%d", got.status)
	}
}

func TestNotMeAndOnlyPauseStopTheWork(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"deny": "open/denied", "pause": "open/pause_asked"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			id, page := h.customerCase(t, "li@example.com", nil)
			if got := h.post(t, h.browser(t), page+"/say", url.Values{"word": {word}, "nonce": {"abcdefgh"}}); got.status != http.StatusSeeOther {
				t.Fatalf("%d\n%s", got.status, got.body)
			}
			tk, err := h.db.Ticket(t.Context(), id)
			if err != nil || string(tk.Status)+"/"+tk.Reason != want {
				t.Errorf("%s/%s, %v", tk.Status, tk.Reason, err)
			}
		})
	}
}

func TestAStrangersLinkStopsWithTheOwnersCode(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(t)
	id, page := h.customerCase(t, "stranger@else.example", nil)
	got := h.post(t, b, page+"/code", url.Values{"then": {"stop"}, "to": {"phone"}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	c, digits := h.code(t, id)
	body := h.get(t, b, got.to).body
	if !strings.Contains(body, c.PublicID) || strings.Contains(body, "138") {
		t.Errorf("the page after the code:\n%s", body)
	}
	enter := url.Values{"then": {"stop"}, "code_id": {c.PublicID}, "nonce": {"abcdefgh"}, "code": {"000000"}}
	if digits == "000000" {
		enter.Set("code", "000001")
	}
	if got := h.post(t, b, page+"/enter", enter); !strings.Contains(got.to, "wrong=1") {
		t.Errorf("a wrong code: %d %s", got.status, got.to)
	}
	enter.Set("code", digits)
	if got := h.post(t, b, page+"/enter", enter); got.to != page+"?done=stop" {
		t.Errorf("the right one: %d %s\n%s", got.status, got.to, got.body)
	}
	if m := h.last(t, id); m.Assurance != 2 || !slices.Contains(m.Asks, intent.StopAutoRenew) {
		t.Errorf("%+v", m)
	}
	// Nothing can be sent any more within a minute, and he can't tell.
	again := h.post(t, b, page+"/code", url.Values{"then": {"stop"}, "to": {"phone"}})
	if again.status != http.StatusSeeOther || !regexp.MustCompile(`code=[a-z2-7]{26}&`).MatchString(again.to) {
		t.Errorf("once more: %d %s", again.status, again.to)
	}
}

func TestAQuotedLinkActsInTheBrowserThatEnteredTheCodeOnly(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	b, agent := h.browser(t), h.browser(t) // who reads the original has the link, too
	id, page := h.customerCase(t, "li@example.com", nil)
	if got := h.post(t, h.as(t, "agent"), page+"/say", url.Values{"nonce": {"abcdefgh"}, "word": {"stop"}}); got.status != http.StatusForbidden || !strings.Contains(got.body, "本人") {
		t.Errorf("somebody of the desk clicks: %d\n%s", got.status, got.body)
	}
	if _, _, err := h.desk.Handoff(t.Context(), tickets.Handover{
		ConversationID: "c-9", Lines: []tickets.ChatLine{{ID: "1", From: tickets.SaidByCustomer, At: h.clock.now(), Text: "打不开 https://desk.example" + page}}, Original: []byte("{}"),
	}); err != nil {
		t.Fatal(err)
	}
	body := h.get(t, b, page).body
	if !strings.Contains(body, "需要先输入验证码") || strings.Contains(body, `id="stop"`) || strings.Contains(body, `id="notme"`) {
		t.Errorf("the page of a quoted link:\n%s", body)
	}
	if got := h.post(t, b, page+"/say", url.Values{"nonce": {nonce(t, body)}, "word": {"stop"}}); got.status != http.StatusForbidden {
		t.Errorf("a click: %d %s", got.status, got.to)
	}
	if got := h.post(t, b, page+"/code", url.Values{"then": {"stop"}, "to": {"phone"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	c, digits := h.code(t, id)
	if got := h.post(t, b, page+"/enter", url.Values{"then": {"show"}, "code_id": {c.PublicID}, "nonce": {"abcdefgi"}, "code": {digits}}); got.to != page+"?done=show" {
		t.Fatalf("%d %s\n%s", got.status, got.to, got.body)
	}
	if got := h.post(t, agent, page+"/say", url.Values{"nonce": {"abcdefgj"}, "word": {"stop"}}); got.status != http.StatusForbidden {
		t.Errorf("another browser after the code: %d %s", got.status, got.to)
	}
	if got := h.post(t, b, page+"/say", url.Values{"nonce": {"abcdefgk"}, "word": {"stop"}}); got.to != page+"?done=stop" {
		t.Errorf("his own: %d %s\n%s", got.status, got.to, got.body)
	}
	if m := h.last(t, id); m.Assurance != 2 || !slices.Contains(m.Asks, intent.StopAutoRenew) {
		t.Errorf("%+v", m)
	}
}

func TestAmountsAreShownInTheBrowserThatEnteredTheCodeOnly(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, hash := h.refundCase(t, 16491, "desk")
	page := "/c/" + h.desk.Settings().Pages.Token(id, "li@example.com", h.clock.now())
	b, other := h.browser(t), h.browser(t)
	if got := h.post(t, b, page+"/code", url.Values{"then": {"show"}, "to": {"email"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	c, digits := h.code(t, id)
	if got := h.post(t, b, page+"/enter", url.Values{"then": {"show"}, "code_id": {c.PublicID}, "code": {digits}, "nonce": {"abcdefgh"}}); got.to != page+"?done=show" {
		t.Fatalf("%d %s", got.status, got.to)
	}
	if body := h.get(t, b, page).body; !strings.Contains(body, "164.91") {
		t.Errorf("the amount is not shown:\n%s", body)
	}
	if body := h.get(t, other, page).body; strings.Contains(body, "164.91") {
		t.Error("another browser with the same link reads the amount")
	}
	h.clock.advance(2 * time.Minute)
	if got := h.post(t, b, page+"/code", url.Values{"then": {"accept"}, "to": {"phone"}, "quote": {hash}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	c, digits = h.code(t, id)
	if c.AmountFen != 16491 || c.QuoteHash != hash || c.Action != tickets.ActRefund {
		t.Errorf("%+v", c)
	}
	if got := h.post(t, b, page+"/enter", url.Values{"then": {"accept"}, "code_id": {c.PublicID}, "code": {digits}, "nonce": {"abcdefgi"}, "quote": {hash}}); got.to != page+"?done=accept" {
		t.Fatalf("%d %s\n%s", got.status, got.to, got.body)
	}
	accepted, err := h.db.Acceptances(t.Context(), id)
	if err != nil || len(accepted) != 1 || accepted[0].By != "customer" || accepted[0].Level != 2 || accepted[0].MessageID == 0 {
		t.Errorf("%+v %v", accepted, err)
	}
	h.clock.advance(30 * time.Minute)
	if body := h.get(t, b, page).body; strings.Contains(body, "164.91") {
		t.Error("the amount is shown half an hour later")
	}
}

func TestALargeRefundTakesACodeByTextMessage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, hash := h.refundCase(t, 16491, "desk")
	if err := h.db.Conn().WithContext(t.Context()).Exec(`UPDATE quotes SET body = replace(body, '"RefundFen":16491', '"RefundFen":30000')`).Error; err != nil {
		t.Fatal(err)
	}
	page := "/c/" + h.desk.Settings().Pages.Token(id, "li@example.com", h.clock.now())
	b := h.browser(t)
	h.post(t, b, page+"/code", url.Values{"then": {"accept"}, "to": {"email"}, "quote": {hash}})
	c, digits := h.code(t, id)
	if got := h.post(t, b, page+"/enter", url.Values{"then": {"accept"}, "code_id": {c.PublicID}, "code": {digits}, "nonce": {"abcdefgi"}, "quote": {hash}}); got.status != http.StatusForbidden {
		t.Errorf("%d %s", got.status, got.to)
	}
	if accepted, err := h.db.Acceptances(t.Context(), id); err != nil || len(accepted) != 0 {
		t.Errorf("%+v %v", accepted, err)
	}
}

func TestADenialOfACaseThatIsOverIsReadByAPerson(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, page := h.customerCase(t, "li@example.com", func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.Status, tk.Reason, tk.ClosedAt = tickets.Closed, "done", &tk.ReceivedAt
	})
	if got := h.post(t, h.browser(t), page+"/say", url.Values{"word": {"deny"}, "nonce": {"abcdefgh"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	links, err := h.db.Links(t.Context(), id)
	if err != nil || len(links) != 1 {
		t.Fatalf("%v %v", links, err)
	}
	next, err := h.db.Ticket(t.Context(), links[0].FromID)
	if err != nil || next.Status != tickets.Open || next.Reason != tickets.ReasonWithdrawal {
		t.Errorf("%s/%s %v", next.Status, next.Reason, err)
	}
}

func TestAStrangersLinkUsesUpFewOfTheOwnersCodes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, page := h.customerCase(t, "stranger@else.example", nil)
	for range 6 {
		h.clock.advance(2 * time.Minute)
		if got := h.post(t, h.browser(t), page+"/code", url.Values{"then": {"show"}, "to": {"phone"}}); got.status != http.StatusSeeOther || !strings.Contains(got.to, "code=") {
			t.Fatalf("%d %s", got.status, got.to)
		}
	}
	all, err := h.db.Codes(t.Context(), id)
	if err != nil || len(all) != 3 {
		t.Errorf("%d codes, %v", len(all), err)
	}
}
