package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/canceldesk/canceldesk/agents/web/chromiumtest"
)

// TestCasesInTheBrowser: the same cases through the pages that agent, supervisor and customer use. The case by
// telephone with payment facts is TestPhoneCaseInSixActions.
func TestCasesInTheBrowser(t *testing.T) {
	t.Parallel()
	h := newCaseHouse(t, caseAccounts()...)
	browser := chromiumtest.Start(t, chromiumtest.Options{})
	for name, run := range map[string]func(context.Context, *oneCase){
		"chat in a signed session":               chatOnPages,
		"mail of a stranger, who is the owner":   strangerYesOnPages,
		"mail of a stranger, whom nobody knows":  strangerNoOnPages,
		"lost phone":                             lostPhoneOnPages,
		"the spouse pays":                        spouseOnPages,
		"two accounts on one phone":              twoAccountsOnPages,
		"subscription on an iPhone":              appleOnPages,
		"¥268 take a second person":              largeOnPages,
		"change of mind before anything is done": beforeOnPages,
		"change of mind after":                   afterOnPages,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(browser, h.on(t))
		})
	}
}

// screen is somebody's tab.
type screen struct {
	c    *oneCase
	ctx  context.Context
	last string // what the page said when it was last looked at
}

// screen opens a tab that knows nobody, as wide as a phone or a desk.
func (c *oneCase) screen(browser context.Context, width int64) *screen {
	c.t.Helper()
	s := &screen{c: c, ctx: chromiumtest.Stranger(browser, c.t)}
	act(s.ctx, c.t, chromedp.EmulateViewport(width, 900))
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.t.Logf("the page last said:\n%s", s.last)
		}
	})
	return s
}

// desk is the tab of somebody of the desk, logged in.
func (c *oneCase) desk(browser context.Context, login string) *screen {
	c.t.Helper()
	s := c.screen(browser, 1280)
	s.opens("/login")
	s.types("#login", login)
	s.types("#password", casePassword)
	s.clicks("button.primary")
	s.waits("#new") // the list itself is left out while it is empty
	return s
}

func (s *screen) opens(path string) {
	s.c.t.Helper()
	act(s.ctx, s.c.t, chromedp.Navigate(s.c.house.base+path))
}

func (s *screen) types(selector, text string) {
	s.c.t.Helper()
	act(s.ctx, s.c.t, chromedp.SendKeys(selector, text))
}

func (s *screen) clicks(selector string) {
	s.c.t.Helper()
	act(s.ctx, s.c.t, chromedp.Click(selector))
}

func (s *screen) waits(selector string) {
	s.c.t.Helper()
	act(s.ctx, s.c.t, chromedp.WaitVisible(selector))
}

// unfolds opens a folded part of the page.
func (s *screen) unfolds(selector string) {
	s.c.t.Helper()
	act(s.ctx, s.c.t, chromedp.Evaluate[bool](`document.querySelector("`+selector+`").closest("details").open = true`))
}

// is is whether the page has something.
func (s *screen) has(selector string) bool {
	s.c.t.Helper()
	n, err := chromedp.Run(s.ctx, chromedp.Evaluate[int](`document.querySelectorAll("`+selector+`").length`))
	if err != nil {
		s.c.t.Fatal(err)
	}
	return n > 0
}

// text is what is read in a part of the page.
func (s *screen) text(selector string) string {
	s.c.t.Helper()
	text, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("`+selector+`")].map(x => x.innerText).join("\n")`))
	if err != nil {
		s.c.t.Fatal(err)
	}
	return text
}

// reads waits until the page says all that; pages reload by themselves while steps run.
func (s *screen) reads(words ...string) {
	s.c.t.Helper()
	for _, w := range words {
		until(s.c.t, caseLimit, "the page says: "+w, func() bool {
			body, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
			s.last = body
			return err == nil && strings.Contains(body, w)
		})
	}
	s.pictured()
}

// lacks checks that the page says none of that.
func (s *screen) lacks(words ...string) {
	s.c.t.Helper()
	for _, w := range words {
		if strings.Contains(s.last, w) {
			s.c.t.Errorf("the page says %s", w)
		}
	}
}

// pictured keeps a picture of the page in the folder that CANCELDESK_PICTURES names, and checks that the page has
// not to be scrolled sideways.
func (s *screen) pictured() {
	s.c.t.Helper()
	wide, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	if err == nil && wide {
		s.c.t.Errorf("the page has to be scrolled sideways:\n%s", s.last)
	}
	if dir := os.Getenv("CANCELDESK_PICTURES"); dir != "" {
		name := strings.ReplaceAll(s.c.t.Name(), "/", "_") + time.Now().Format("_150405.000000") + ".png"
		chromiumtest.Screenshot(s.ctx, s.c.t, filepath.Join(dir, name))
	}
}

func chatOnPages(browser context.Context, c *oneCase) {
	a := c.person("chat")
	number := c.chats(a, "请关闭自动续费")
	c.becomes(number, "solved/cancelled")
	mei := c.desk(browser, "mei")
	mei.opens("/tickets/" + number)
	mei.reads("通过应用登录会话", "已停止扣费，协议已终止", "未分配")
	mail, _ := c.mailed(a.email, "下次扣费已取消") // what nobody read in the chat
	him := c.screen(browser, 360)
	him.opens(c.page(mail))
	him.reads("自动续费已关闭", "今后不会再扣费")
	c.proves(number)
}

// asksOwner has somebody else ask for the stop. It returns the case, and what the owner is asked.
func (c *oneCase) asksOwner(a caseAccount, stranger string) (number, asked string) {
	c.t.Helper()
	number = c.writes(mailOptions{from: a.stranger(stranger), subject: "退订", text: "请关闭自动续费，订单号 " + a.order(1) + "。"})
	asked, _ = c.mailed(a.email, "是您本人要求关闭自动续费吗")
	return number, asked
}

func strangerYesOnPages(browser context.Context, c *oneCase) {
	a := c.person("owner")
	number, asked := c.asksOwner(a, "friend")
	c.rests(number)
	before := c.fingerprintOf(number)
	owner := c.screen(browser, 360)
	owner.opens(c.page(asked))
	owner.reads("已暂缓扣费", "确认关闭自动续费", "只是暂停，不要关闭", "不是我")
	owner.lacks(append(notEnded, a.no, a.email, a.phone, "777")...)
	owner.clicks("a[href$='/receipt']")
	owner.reads(number)
	if after := c.fingerprintOf(number); len(after) != len(before) {
		c.t.Errorf("looking at the page left %d events", len(after)-len(before))
	}
	owner.opens(c.page(asked))
	owner.clicks("#stop")
	owner.reads("已收到您的确认")
	c.becomes(number, "solved/cancelled")
	c.mailed(a.email, "下次扣费已取消")
	owner.opens(c.page(asked))
	owner.reads("自动续费已关闭", "今后不会再扣费")
	c.stopped(a, true)
	c.proves(number)
}

func strangerNoOnPages(browser context.Context, c *oneCase) {
	a := c.person("notme")
	number, asked := c.asksOwner(a, "eve")
	owner := c.screen(browser, 360)
	owner.opens(c.page(asked))
	owner.clicks("#notme")
	owner.reads("已记录：不是您本人操作")
	c.becomes(number, "closed/denied")
	owner.opens(c.page(asked))
	owner.reads("您的订阅照常继续")
	owner.lacks(notEnded...)
	c.stopped(a, false)
	c.proves(number)
}

// aloud checks the sentences that an agent reads to the caller: what belongs to the account is in none.
func (s *screen) aloud(a caseAccount, also ...string) {
	s.c.t.Helper()
	said := s.text(".aloud q")
	for _, w := range append([]string{"星河月卡", "持有人", "777", a.no, a.phone, "home.example"}, also...) {
		if strings.Contains(said, w) {
			s.c.t.Errorf("%s is to be read aloud:\n%s", w, said)
		}
	}
}

// takesDown writes a call down, with these fields of the form, and returns the ticket's number.
func (s *screen) takesDown(fields map[string]string) string {
	s.c.t.Helper()
	s.opens("/tickets/new")
	s.waits("#newcase")
	for selector, text := range fields {
		s.types(selector, text)
	}
	s.pictured()
	s.clicks("#open")
	s.waits("#steps")
	return strings.TrimSpace(s.text(".crumb .no"))
}

func lostPhoneOnPages(browser context.Context, c *oneCase) {
	a := c.person("lost")
	mei := c.desk(browser, "mei")
	number := mei.takesDown(map[string]string{
		"#txn_1": a.txn(0), "#txn_2": a.txn(1), "#text": "客户手机丢了，要求取消会员并退款。",
	})
	mei.reads("自动续费已经关闭，代扣协议也已终止", "可以退 ¥15.00")
	mei.aloud(a)
	mei.types("#words", "同意，退吧")
	mei.clicks("#quote form button")
	mei.reads("退款 ¥15.00 已提交，正在审批")
	mei.types("#refunds input[type=password]", casePassword)
	mei.clicks("#refunds button.primary")
	mei.reads("退款 ¥15.00 已经原路退回付款账户", "请在电话里告知客户")
	mei.aloud(a)
	mei.clicks("#voice button.primary")
	mei.reads("已记录口头告知的内容")
	c.becomes(number, "solved/cancelled")
	c.stopped(a, true)
	c.proves(number)
}

func spouseOnPages(browser context.Context, c *oneCase) {
	a := c.person("wife")
	mei := c.desk(browser, "mei")
	number := mei.takesDown(map[string]string{"#txn_1": a.txn(1), "#text": "来电人替妻子付款，要求取消会员并退款。"})
	mei.reads("自动续费已经关闭，代扣协议也已终止", "具体金额以书面通知为准")
	mei.aloud(a, "¥")
	mei.types("#words", "同意，退吧")
	mei.clicks("#quote form button")
	mei.reads("退款已提交，正在审批")
	mei.types("#refunds input[type=password]", casePassword)
	mei.clicks("#refunds button.primary")
	mei.reads("退款已经原路退回付款账户")
	mei.aloud(a, "¥")
	c.becomes(number, "solved/cancelled")
	if got := c.returned(a); got != 1500 {
		c.t.Errorf("%d fen came back", got)
	}
	c.mailed(a.email, "¥15.00") // to the holder
	c.proves(number)
}

// chats hands a conversation of one line over in a signed session.
func (c *oneCase) chats(a caseAccount, text string) string {
	c.t.Helper()
	var got struct{ Ticket caseTicket }
	c.asks(c.api, http.StatusCreated, http.MethodPost, "/v1/chat/handoffs", map[string]any{
		"conversation_id": "talk-" + a.no, "customer": map[string]any{"session_token": c.session(a, "talk-"+a.no)}, "locale": "zh-CN",
		"transcript": []any{map[string]any{"id": "1", "from": "customer", "text": text, "at": time.Now()}},
	}, &got)
	return got.Ticket.Number
}
