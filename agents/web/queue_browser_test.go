package web_test

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/web/chromiumtest"
	"github.com/canceldesk/canceldesk/tickets"
)

// The queue, the alarms and a case in somebody's hands, on a phone and on a desk.
func TestQueueInTheBrowser(t *testing.T) {
	t.Parallel()
	for _, width := range []int{360, 1280} {
		t.Run(strconv.Itoa(width), func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			h.clock.advance(time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC).Sub(h.clock.now()))
			now := h.clock.now()
			number := tickets.Number(h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
				tk.FirstResponseDueAt, tk.AlertAt = now.Add(-2*time.Hour), &now
			}))
			h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
				tk.Status, tk.Reason, tk.FirstRespondedAt, tk.NextChargeAt = tickets.Pending, "answered", &now, nil
			})
			h.mail(t, func(tk *tickets.Ticket, _ *tickets.Message) {
				charge := now.Add(9 * 24 * time.Hour)
				tk.FirstRespondedAt, tk.NextChargeAt, tk.Assignee = &now, &charge, "amy"
				tk.ResolutionDueAt, tk.AlertAt = now.Add(30*time.Minute), &now
			})
			if _, err := h.desk.Take(t.Context(), 1, tickets.AgentActor("amy"), "amy"); err != nil {
				t.Fatal(err)
			}
			if _, err := h.desk.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.clock.advance(3 * time.Minute)
			dir := pictures(t)
			ctx := chromiumtest.Start(t, chromiumtest.Options{Language: "zh-CN", Width: width, Height: 900})
			console := chromedp.Console(ctx)
			run(ctx, t, chromedp.Navigate(h.url+"/tickets"))
			run(ctx, t, chromedp.SendKeys("#login", "agent"))
			run(ctx, t, chromedp.SendKeys("#password", password))
			run(ctx, t, chromedp.Click("button.primary"))
			run(ctx, t, chromedp.WaitVisible("#tickets"))
			for _, page := range []struct{ name, path, shows string }{
				{"queue", "/tickets?view=next_charge", "#calendar-ends"},
				{"alarms", "/alarms", "#alarms"},
				{"claimed", "/tickets/" + number, "#claimed"},
			} {
				run(ctx, t, chromedp.Navigate(h.url+page.path))
				run(ctx, t, chromedp.WaitVisible(page.shows))
				chromiumtest.Screenshot(ctx, t, filepath.Join(dir, strconv.Itoa(width)+"-"+page.name+".png"))
				if run(ctx, t, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
					t.Errorf("%s has to be scrolled sideways", page.name)
				}
			}
			run(ctx, t, chromedp.Click("#claimed button"))
			run(ctx, t, chromedp.WaitVisible(".flash.good"))
			if diff := cmp.Diff([]string(nil), complaints(ctx, t, console)); diff != "" {
				t.Errorf("the console complained (-want +got):\n%s", diff)
			}
		})
	}
}
