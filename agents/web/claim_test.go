package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestTwoPeopleInOneCase(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	at := "/tickets/" + tickets.Number(h.mail(t, nil))
	amy, bob := h.as(t, "agent"), h.as(t, "supervisor")
	h.post(t, amy, at+"/take", nil)
	page := h.get(t, amy, at).body
	wants(t, page, "占用至 11:00")
	if strings.Contains(page, "takeover") {
		t.Error("who works on the case is asked to take it over")
	}
	h.clock.advance(5 * time.Minute)
	page = h.get(t, bob, at).body
	wants(t, page, "agent 自 2026-03-05 10:30 起正在处理此工单", at+"/takeover", "接手处理")
	if strings.Contains(page, at+"/take\"") {
		t.Error("a case that somebody works on is offered as free")
	}
	api := h.json(t, http.MethodGet, "/v1"+at, "", "Authorization", "Bearer "+h.key(t, "tickets:read"))
	want := map[string]any{"login": "agent", "since": "2026-03-05T10:30:00+08:00", "until": "2026-03-05T11:00:00+08:00"}
	if d := cmp.Diff(want, object(t, api.body)["claim"]); d != "" {
		t.Error(d)
	}
	// What he sends all the same is refused with who and since when, and changes nothing.
	res := h.post(t, bob, at+"/reply", url.Values{"text": {"您好，我来处理。"}})
	if res.status != http.StatusSeeOther || res.to != at {
		t.Fatalf("%d to %q", res.status, res.to)
	}
	page = h.get(t, bob, at).body
	wants(t, page, `class="flash bad"`, "未做任何更改")
	if n := strings.Count(page, "您好，我来处理。"); n != 1 || !strings.Contains(page, "required>您好，我来处理。</textarea>") {
		t.Errorf("the reply stands %d times on the page, want once, to be sent after all", n)
	}
	if strings.Contains(h.get(t, bob, at).body, "您好，我来处理。") {
		t.Error("the reply was stored, or is offered for ever")
	}
	h.post(t, bob, at+"/note", url.Values{"text": {"这位客户上周也来过"}})
	wants(t, h.get(t, bob, at).body, "这位客户上周也来过")
	h.post(t, bob, at+"/takeover", nil)
	h.post(t, bob, at+"/reply", url.Values{"text": {"您好，我来处理。"}})
	wants(t, h.get(t, bob, at).body, "您好，我来处理。")
	wants(t, h.get(t, amy, at).body, "supervisor 自 2026-03-05 10:35 起正在处理此工单")
	if page := h.get(t, h.as(t, "auditor"), at).body; strings.Contains(page, "takeover\"") {
		t.Error("an auditor may take over")
	}
}

func TestAlarmsAreSeenAndCleared(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	late := func(tk *tickets.Ticket, _ *tickets.Message) {
		now := h.clock.now()
		tk.FirstResponseDueAt, tk.ResolutionDueAt, tk.AlertAt = now.Add(-time.Hour), now.Add(20*time.Minute), &now
	}
	at := tickets.Number(h.mail(t, late))
	h.mail(t, late)
	b := h.as(t, "agent")
	wants(t, h.get(t, b, "/alarms").body, "没有警报")
	if _, err := h.desk.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(10 * time.Minute)
	wants(t, h.get(t, b, "/tickets").body, `<span class="tag bad">4</span>`)
	wants(t, h.get(t, b, "/alarms").body, "已超时", "首次答复", "即将到期", "办结", "10 分钟前", "2026-03-05 10:30", `href="/tickets/`+at, "/alarms/1/clear")
	if page := h.get(t, h.as(t, "auditor"), "/alarms").body; strings.Contains(page, "/clear") {
		t.Error("an auditor may clear alarms")
	}
	for range 2 { // the second time it does not ring any more
		if res := h.post(t, b, "/alarms/1/clear", nil); res.status != http.StatusSeeOther || res.to != "/alarms" {
			t.Fatalf("%d to %q", res.status, res.to)
		}
		wants(t, h.get(t, b, "/alarms").body, "警报已解除")
	}
	// An answer ends what rang for the first answer, at once.
	h.post(t, b, "/tickets/"+at+"/reply", url.Values{"text": {"您好"}})
	wants(t, h.get(t, b, "/tickets").body, `<span class="tag bad">2</span>`)
	wants(t, h.get(t, b, "/tickets/"+at).body, "警报", "警报解除", "暂停计时")
	if res := h.post(t, b, "/alarms/x/clear", nil); res.status != http.StatusNotFound {
		t.Errorf("no alarm: %d", res.status)
	}
}

func TestQueueViews(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	later := h.clock.now().Add(49 * time.Hour)
	h.mail(t, nil)
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) { tk.NextChargeAt, tk.Subject = &later, "later" })
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.NextChargeAt, tk.Channel, tk.Subject = nil, tickets.Chat, "chat"
	})
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.FirstRespondedAt, tk.Status, tk.Subject = &later, tickets.Pending, "pending"
	})
	b := h.as(t, "agent")
	page := h.get(t, b, "/tickets?view=next_charge").body
	wants(t, page, "即将扣费", "48 小时内", "40 小时后", "2026-03-07 周六 02:30", "later", "暂停计时")
	if n := strings.Count(page, "48 小时内"); n != 2 {
		t.Errorf("%d charges are marked as near, want 2", n)
	}
	if strings.Contains(page, ">chat<") || strings.Index(page, "later") < strings.Index(page, "CD-000001") {
		t.Error("the view lists what has no charge, or not the soonest first")
	}
	page = h.get(t, b, "/tickets?view=chats").body
	if !strings.Contains(page, "CD-000003") || strings.Contains(page, "CD-000001") {
		t.Error("the view of chats lists something else")
	}
}

func TestTheEndOfTheHolidaysIsSaidOnceInTime(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	at := "/tickets/" + tickets.Number(h.mail(t, nil))
	says := func(path string) bool {
		return strings.Contains(h.get(t, h.as(t, "agent"), path).body, "节假日仅录入至 2026-12-31")
	}
	if says("/tickets") {
		t.Error("it is said nine months before")
	}
	h.clock.advance(time.Date(2026, 11, 2, 2, 0, 0, 0, time.UTC).Sub(h.clock.now()))
	if !says("/tickets") || !says("/alarms") || says(at) || says("/intake") {
		t.Error("60 days before it stands above the queue and the alarms, and nowhere else")
	}
}
