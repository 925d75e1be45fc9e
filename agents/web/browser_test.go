package web_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/web/chromiumtest"
	"github.com/canceldesk/canceldesk/tickets"
)

// complaints ends the listening to a page's console and returns what it said before: script errors
// and what the page's own policy refused.
func complaints(ctx context.Context, t *testing.T, console iter.Seq2[chromedp.ConsoleMessage, error]) []string {
	t.Helper()
	run(ctx, t, chromedp.Evaluate[bool](`console.log("the test is over"), true`))
	var said []string
	for m, err := range console {
		if err != nil {
			t.Fatal(err)
		}
		if m.Text == "the test is over" {
			break
		}
		said = append(said, m.String())
	}
	return said
}

func run[T any](ctx context.Context, t *testing.T, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	got, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// pictures is where screenshots go: a folder of the test's, or CANCELDESK_PICTURES to keep them.
func pictures(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("CANCELDESK_PICTURES"); dir != "" {
		return dir
	}
	return t.TempDir()
}

func TestAgentWorksInTheBrowser(t *testing.T) {
	t.Parallel()
	for _, lang := range []struct {
		code, queue, title, steps, flash string
		width                            int
	}{
		{"zh-CN", "处理中", "标准步骤", "步骤已开始执行。", "取消会员并退款：年费太贵了", 1280},
		{"en", "In progress", "Steps", "The steps have begun.", "取消会员并退款：年费太贵了", 400},
	} {
		t.Run(lang.code, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			h.refundCase(t, 16491, "desk")
			for range 3 {
				h.mail(t, nil)
			}
			h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
				tk.Subject, tk.Urgent, tk.NextChargeAt, tk.Assignee = "You charged me twice!", true, nil, "agent"
				tk.FirstResponseDueAt = h.clock.now().Add(-time.Hour)
			})
			dir := pictures(t)
			ctx := chromiumtest.Start(t, chromiumtest.Options{Language: lang.code, Width: lang.width, Height: 900})
			console := chromedp.Console(ctx)
			run(ctx, t, chromedp.Navigate(h.url+"/tickets"))
			if lang.code == "en" {
				run(ctx, t, chromedp.Click("button[name=language]"))
				run(ctx, t, chromedp.WaitVisible("html[lang=en] #login"))
			}
			chromiumtest.Screenshot(ctx, t, filepath.Join(dir, lang.code+"-login.png"))
			run(ctx, t, chromedp.SendKeys("#login", "supervisor"))
			run(ctx, t, chromedp.SendKeys("#password", password))
			run(ctx, t, chromedp.Click("button.primary"))
			run(ctx, t, chromedp.WaitVisible("#tickets"))
			got := []string{run(ctx, t, chromedp.Text("h1"))}
			chromiumtest.Screenshot(ctx, t, filepath.Join(dir, lang.code+"-queue.png"))
			run(ctx, t, chromedp.Click(`a[href="/tickets/CD-000001"]`))
			run(ctx, t, chromedp.WaitVisible("#steps"))
			got = append(got, run(ctx, t, chromedp.Text("#steps h2")))
			chromiumtest.Screenshot(ctx, t, filepath.Join(dir, lang.code+"-ticket.png"))
			run(ctx, t, chromedp.Click("#run"))
			run(ctx, t, chromedp.WaitVisible(".flash.good"))
			got = append(got, run(ctx, t, chromedp.Text(".flash.good")), run(ctx, t, chromedp.Text("h1")))
			if diff := cmp.Diff([]string{lang.queue, lang.title, lang.steps, lang.flash}, got); diff != "" {
				t.Errorf("what the agent read (-want +got):\n%s", diff)
			}
			run(ctx, t, chromedp.Click("#steps .flash a"))
			run(ctx, t, chromedp.WaitVisible("#steps .flash"))
			wide := run(ctx, t, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
			if wide {
				t.Error("the ticket's page has to be scrolled sideways")
			}
			if diff := cmp.Diff([]string(nil), complaints(ctx, t, console)); diff != "" {
				t.Errorf("the console complained (-want +got):\n%s", diff)
			}
		})
	}
}
