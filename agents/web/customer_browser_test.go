package web_test

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/web/chromiumtest"
)

func TestACustomerUsesHisPageOnAPhone(t *testing.T) {
	t.Parallel()
	for _, lang := range []struct{ code, phase, after string }{
		{"zh-CN", "等待您确认", "已收到您的确认，我们立即办理。"},
		{"en", "Waiting for your confirmation", "Thank you. We act at once."},
	} {
		t.Run(lang.code, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			_, page := h.customerCase(t, "li@example.com", nil)
			dir := pictures(t)
			ctx := chromiumtest.Start(t, chromiumtest.Options{Language: lang.code, Width: 360, Height: 740})
			console := chromedp.Console(ctx)
			run(ctx, t, chromedp.Navigate(h.url+page))
			if lang.code == "en" {
				run(ctx, t, chromedp.Click("button[name=language]"))
				run(ctx, t, chromedp.WaitVisible("html[lang=en] #stop"))
			}
			got := []string{run(ctx, t, chromedp.Text("h1"))}
			chromiumtest.Screenshot(ctx, t, filepath.Join(dir, lang.code+"-customer.png"))
			run(ctx, t, chromedp.Click("#show button[value=phone]"))
			run(ctx, t, chromedp.WaitVisible("#code"))
			chromiumtest.Screenshot(ctx, t, filepath.Join(dir, lang.code+"-customer-code.png"))
			run(ctx, t, chromedp.Click("#stop"))
			run(ctx, t, chromedp.WaitVisible(".flash.good"))
			got = append(got, run(ctx, t, chromedp.Text(".flash.good")))
			chromiumtest.Screenshot(ctx, t, filepath.Join(dir, lang.code+"-customer-done.png"))
			if diff := cmp.Diff([]string{lang.phase, lang.after}, got); diff != "" {
				t.Errorf("what the customer read (-want +got):\n%s", diff)
			}
			for _, path := range []string{page, page + "/receipt", "/v/nobody", "/c/nobody"} {
				run(ctx, t, chromedp.Navigate(h.url+path))
				if run(ctx, t, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
					t.Errorf("%s has to be scrolled sideways", path)
				}
			}
			if diff := cmp.Diff([]string(nil), complaints(ctx, t, console)); diff != "" && lang.code == "zh-CN" {
				t.Logf("the console said:\n%s", diff)
			}
		})
	}
}
