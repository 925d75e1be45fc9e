package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

func wants(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("page lacks %q", p)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

func TestQueueShowsWhatAgentsDecideBy(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.mail(t, nil)
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.FirstResponseDueAt, tk.Subject = h.clock.now().Add(-1), "late one"
	})
	got := h.get(t, h.as(t, "agent"), "/tickets")
	if got.status != http.StatusOK {
		t.Fatalf("status %d\n%s", got.status, got.body)
	}
	wants(t, got.body, "CD-000001", "关闭自动续费", "li@example.com", "40 小时后", "已超时", "订阅不止一个", "未分配")
}

func TestAgentTakesAnswersAndRuns(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	b, at := h.as(t, "agent"), "/tickets/"+tickets.Number(id)
	for _, step := range []struct {
		path string
		form url.Values
		says string
	}{
		{"/take", nil, "已受理"},
		{"/note", url.Values{"text": {"打过电话"}}, "备注已保存"},
		{"/reply", url.Values{"text": {"您好，正在处理。"}}, "回复已保存"},
		{"/run", nil, "步骤已开始执行"},
		{"/solve", nil, "此工单要求停止扣费"},
		{"/reply", url.Values{"text": {"  "}}, "内容为空"},
		{"/account", url.Values{"other": {"A-404"}}, "没有这个账号"},
		{"/intent", url.Values{"intent": {"status_inquiry"}}, "诉求已更正"},
	} {
		res := h.post(t, b, at+step.path, step.form)
		if res.status != http.StatusSeeOther || res.to != at {
			t.Fatalf("%s: %d to %q\n%s", step.path, res.status, res.to, res.body)
		}
		wants(t, h.get(t, b, at).body, step.says)
	}
	page := h.get(t, b, at)
	wants(t, page.body, "打过电话", "您好，正在处理。", "进度查询", "受理人变更")
	if again := h.get(t, b, at); strings.Contains(again.body, `class="flash good"`) {
		t.Error("the flash is shown twice")
	}
}
