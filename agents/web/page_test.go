package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func TestLanguageIsChosenAndKept(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.mail(t, nil)
	b := h.as(t, "agent")
	wants(t, h.get(t, b, "/tickets").body, `<html lang="zh-CN">`, "下次扣款")
	got := h.post(t, b, "/language", url.Values{"language": {"en"}, "back": {"/tickets?view=mine"}})
	if got.to != "/tickets?view=mine" {
		t.Errorf("back to %q", got.to)
	}
	wants(t, h.get(t, b, got.to).body, `<html lang="en">`, "You have no tickets.")
	h.post(t, b, "/tickets/CD-000001/reply", url.Values{"text": {""}})
	wants(t, h.get(t, b, "/tickets/CD-000001").body, "The text is empty. Write something first.")
}

func TestMessagesWithGapsAreTranslated(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		at := h.clock.now()
		tk.Status, tk.Reason, tk.SolvedAt = tickets.Solved, "cancelled", &at
	})
	b, at := h.as(t, "agent"), "/tickets/"+tickets.Number(id)
	h.post(t, b, at+"/run", nil)
	wants(t, h.get(t, b, at).body, "工单状态为“已解决”，没有可执行的步骤。")
}

func TestButtonsAreThereOnlyWhereTheyMakeSense(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	running := "/tickets/" + tickets.Number(h.mail(t, nil))
	asked := "/tickets/" + tickets.Number(h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.Intent, tk.Intents, tk.Reason = "status_inquiry", nil, "no_stop_asked"
	}))
	closed := "/tickets/" + tickets.Number(h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		at := h.clock.now()
		tk.Status, tk.Reason, tk.ClosedAt = tickets.Closed, "done", &at
	}))
	for _, c := range []struct {
		login, at string
		has, not  []string
	}{
		{"agent", running, []string{"/take", "/reply", "/note", "/run", "/intent", "/account"}, []string{"/solve", "/release", "/accept"}},
		{"agent", asked, []string{"/solve", "/run"}, nil},
		{"agent", closed, []string{"/note", "/evidence"}, []string{"/run", "/solve", "/take", "/reply", "/intent"}},
		{"auditor", running, []string{"/evidence"}, []string{"/take", "/reply", "/note", "/run", "/intent", "/account", "/solve"}},
	} {
		page := h.get(t, h.as(t, c.login), c.at).body
		for _, x := range c.has {
			if !strings.Contains(page, `"`+c.at+x+`"`) {
				t.Errorf("%s on %s can't %s", c.login, c.at, x)
			}
		}
		for _, x := range c.not {
			if strings.Contains(page, `"`+c.at+x+`"`) {
				t.Errorf("%s on %s is offered %s", c.login, c.at, x)
			}
		}
	}
}

func TestUnknownPagesAreNotFound(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	b := h.as(t, "agent")
	for _, path := range []string{"/nonsense", "/tickets/CD-000404", "/tickets/1", "/tickets?view=nonsense", "/static/../server.go", "/static/nonsense.css", "/.env"} {
		got := h.get(t, b, path)
		if got.status != http.StatusNotFound || !strings.Contains(got.body, "找不到该页面") {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestNumberInTheSearchLeadsToItsTicket(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
		at := h.clock.now()
		tk.Status, tk.Reason, tk.ClosedAt = tickets.Closed, "not_cancellation", &at
	})
	b := h.as(t, "agent")
	if got := h.get(t, b, "/tickets?q=cd-000001"); got.to != "/tickets/CD-000001" {
		t.Errorf("leads to %q", got.to)
	}
	wants(t, h.get(t, b, "/tickets?q=CD-000002").body, "没有符合条件的工单")
}

func TestStepThatAPersonSawToIsSkipped(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id, _ := h.refundCase(t, 100, "desk")
	b, at := h.as(t, "agent"), "/tickets/"+tickets.Number(id)
	run, steps, err := h.db.LatestRun(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	assets := steps.Get(tickets.Assets)
	assets.RunID, assets.State, assets.Reason, assets.EndedAt = run.ID, tickets.NeedsAgent, "asked", nil
	if err := h.db.InTx(t.Context(), func(tx tickets.Tx) error { return tx.SaveStep(t.Context(), assets) }); err != nil {
		t.Fatal(err)
	}
	wants(t, h.get(t, b, at).body, `action="`+at+`/skip"`)
	h.post(t, b, at+"/skip", url.Values{"step": {"cancel"}, "reason": {"x"}})
	wants(t, h.get(t, b, at).body, "只有试算、退款、资产处理和通知客户可以人工跳过")
	h.post(t, b, at+"/skip", url.Values{"step": {"assets"}, "reason": {"已电话说明"}})
	wants(t, h.get(t, b, at).body, "已跳过，步骤继续执行", "由人工处理，已跳过", "已电话说明")
}

func TestBugSaysNothingToPeopleAndEverythingToTheLog(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	h.mail(t, nil)
	h.mail(t, nil)
	for path, got := range map[string]answer{
		"page": h.get(t, h.as(t, "agent"), "/tickets/CD-000002/evidence"),
		"JSON": h.get(t, h.browser(t), "/v1/tickets/CD-000002/evidence", "Authorization", "Bearer "+h.key(t, "evidence:read")),
	} {
		if got.status != http.StatusInternalServerError || strings.Contains(got.body, "sda1") || strings.Contains(got.body, "PK") {
			t.Errorf("%s: %d\n%s", path, got.status, got.body)
		}
	}
	if n := strings.Count(h.log.String(), "disk sda1 is on fire"); n != 2 {
		t.Errorf("logged %d times, want once for each request:\n%s", n, h.log)
	}
}

func TestNextChargeIsSaidToBeOverOnlyWhenNothingCanDebit(t *testing.T) {
	t.Parallel()
	const stopped = "已停止扣费，协议已终止"
	h := setup(t)
	h.hire(t)
	id, _ := h.refundCase(t, 100, "desk")
	b, at := h.as(t, "agent"), "/tickets/"+tickets.Number(id)
	shown := func() bool { return strings.Contains(h.get(t, b, at).body, stopped) }
	if shown() {
		t.Error("said to be stopped before anything was")
	}
	now := h.clock.now()
	change := func(f func(tx tickets.Tx) error) {
		t.Helper()
		if err := h.db.InTx(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	change(func(tx tickets.Tx) error { return tx.SaveStop(t.Context(), "S-1", now, "2026-03-06") })
	if shown() {
		t.Error("said to be stopped while the agreement lives")
	}
	change(func(tx tickets.Tx) error { return tx.SaveAgreementEnd(t.Context(), "G-1", now) })
	if !shown() {
		t.Error("not said to be stopped though biller and agreement are")
	}
}

func TestAddressesThatAreNoTextAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	b := h.as(t, "agent")
	for _, path := range []string{"/tickets?q=%00", "/tickets?q=%ff%fe", "/tickets?after=%00", "/tickets/CD-0000%001"} {
		if got := h.get(t, b, path); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", path, got.status)
		}
	}
	wants(t, h.get(t, b, "/tickets?q=100%25+%E9%80%80%E6%AC%BE").body, "“100% 退款”的搜索结果")
}

func TestQueueLeadsThroughAllItsPages(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	for i := range 60 {
		h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
			at := h.clock.now().Add(time.Duration(i+1) * time.Hour)
			tk.NextChargeAt = &at
		})
	}
	b := h.as(t, "agent")
	number, next := regexp.MustCompile(`class="no">(CD-\d+)<`), regexp.MustCompile(`href="([^"]+)" rel="next"`)
	var seen []string
	for path := "/tickets?view=unassigned"; path != "" && len(seen) < 100; {
		page := h.get(t, b, path).body
		for _, m := range number.FindAllStringSubmatch(page, -1) {
			seen = append(seen, m[1])
		}
		path = ""
		if m := next.FindStringSubmatch(page); m != nil {
			path = html.UnescapeString(m[1])
		}
	}
	var want []string
	for id := range int64(60) {
		want = append(want, tickets.Number(id+1))
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("tickets over all pages (-want +got):\n%s", diff)
	}
}
