package web_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/web"
	"github.com/canceldesk/canceldesk/agents/web/chromiumtest"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// hostile is a mail that tries to run something wherever the desk shows a part of it.
func (h *house) hostile(t *testing.T) int64 {
	t.Helper()
	const script = `<script>document.title='owned';top.document.title='owned'</script><img src=x onerror="document.title='owned'">`
	return h.mail(t, func(tk *tickets.Ticket, m *tickets.Message) {
		tk.Subject, tk.Requester, tk.Why = `"><`+script, `a@b"`+script, []string{script}
		tk.Facts = intent.Facts{Account: script, OrderNo: `"` + script}
		tk.Candidates = []string{`A-1"` + script}
		m.Subject, m.SenderName, m.Sender, m.Text, m.Quoted = script, script, script, script, script
		m.HTML = `<p>hello</p>` + script + `<img src="http://tracker.example/pixel.png"><form action="http://evil.example"><button>x</button></form><a href="javascript:document.title='owned'">x</a>`
		m.Attachments = []tickets.Attachment{{Name: script, Type: "text/html", Bytes: 3}, {Name: "p.png", Type: "image/png", Bytes: 3}}
		m.AssuranceWhy, m.Defects = []string{script}, []string{"bad_date: " + script}
	})
}

func TestMailRunsNothingInTheBrowser(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	at := "/tickets/" + tickets.Number(h.hostile(t))
	ctx := chromiumtest.Start(t, chromiumtest.Options{})
	run(ctx, t, chromedp.Navigate(h.url+"/login"))
	run(ctx, t, chromedp.SendKeys("#login", "agent"))
	run(ctx, t, chromedp.SendKeys("#password", password))
	run(ctx, t, chromedp.Click("button.primary"))
	run(ctx, t, chromedp.WaitVisible("#tickets"))
	titles := []string{run(ctx, t, chromedp.Title())}
	// With the pictures asked for, so that the frame is open and its mail is loaded.
	run(ctx, t, chromedp.Navigate(h.url+at+"?images=1"))
	run(ctx, t, chromedp.WaitVisible("iframe.mail"))
	frame := run(ctx, t, chromedp.Poll[bool](`document.readyState === "complete"`))
	titles = append(titles, run(ctx, t, chromedp.Title()))
	// The mail by itself, as a link in a mail might open it.
	run(ctx, t, chromedp.Navigate(h.url+at+"/messages/1/html"))
	titles = append(titles, run(ctx, t, chromedp.Title()))
	for i, title := range titles {
		if title == "owned" {
			t.Errorf("page %d ran the mail's script", i)
		}
	}
	if !frame {
		t.Error("the page did not load")
	}
	chromiumtest.Screenshot(ctx, t, filepath.Join(pictures(t), "mail.png"))
}

func TestWhatWasWrongWithAMailIsSaidInWords(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	at := "/tickets/" + tickets.Number(h.mail(t, func(_ *tickets.Ticket, m *tickets.Message) {
		m.Quoted = "> 上一封\n\n发自我的iPhone"
		m.Defects = []string{"wrong_charset: gb2312 read as utf-8", "encrypted"}
	}))
	got := h.get(t, h.as(t, "agent"), at)
	for _, want := range []string{"字符集有误 (gb2312 read as utf-8)", "已加密或封装", "引用内容", "发自我的iPhone"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(got.body, "wrong_charset") {
		t.Error("the page shows the code itself")
	}
}

func TestMailIsEscapedEverywhereAndFramedApart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	at := "/tickets/" + tickets.Number(h.hostile(t))
	b := h.as(t, "agent")
	for _, path := range []string{"/tickets", at, at + "?images=1", "/tickets?q=%22%3E%3Cscript%3E", "/intake"} {
		got := h.get(t, b, path)
		if strings.Contains(got.body, "<script") || strings.Contains(got.body, "<img") {
			t.Errorf("%s carries the mail's markup", path)
		}
		if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-inline") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	wants(t, h.get(t, b, at).body, `sandbox="allow-popups allow-popups-to-escape-sandbox"`)
	for name, c := range map[string]struct {
		path, site string
		images     bool
	}{
		"as it is":             {"/html", "same-origin", false},
		"asked by our page":    {"/html?images=1", "same-origin", true},
		"asked from elsewhere": {"/html?images=1", "cross-site", false},
		"opened by hand":       {"/html?images=1", "none", false},
	} {
		got := h.get(t, b, at+"/messages/1"+c.path, "Sec-Fetch-Site", c.site)
		csp := got.header.Get("Content-Security-Policy")
		if got.status != http.StatusOK || !strings.HasPrefix(csp, "sandbox") || strings.Contains(csp, "script") || strings.Contains(csp, "http:") != c.images {
			t.Errorf("%s: %d with %q", name, got.status, csp)
		}
	}
}

func TestFilesAreDownloadsWithSafeNames(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.hostile(t)
	other := h.mail(t, nil)
	b, at := h.as(t, "auditor"), "/tickets/"+tickets.Number(id)
	type file struct {
		Status            int
		Type, Disposition string
	}
	for path, want := range map[string]file{
		at + "/messages/1/attachments/0":        {200, "application/octet-stream", `attachment; filename="evil name.html"`},
		at + "/messages/1/attachments/0?show=1": {200, "application/octet-stream", `attachment; filename="evil name.html"`},
		at + "/messages/1/attachments/1?show=1": {200, "image/png", ""},
		at + "/messages/1/attachments/1":        {200, "application/octet-stream", `attachment; filename=picture.png`},
		at + "/messages/1/attachments/2":        {404, "text/html; charset=UTF-8", ""},
		at + "/messages/1/attachments/-1":       {404, "text/html; charset=UTF-8", ""},
		at + "/messages/1/original":             {200, "application/octet-stream", `attachment; filename=CD-000001-1.eml`},
		at + "/messages/2/original":             {404, "text/html; charset=UTF-8", ""}, // of another ticket
		at + "/messages/2/html":                 {404, "text/html; charset=UTF-8", ""},
		at + "/evidence":                        {200, "application/zip", `attachment; filename=CD-000001.zip`},
		"/tickets/CD-000077/evidence":           {404, "text/html; charset=UTF-8", ""},
		"/tickets/" + strconv.Itoa(int(other)):  {404, "text/html; charset=UTF-8", ""},
	} {
		got := h.get(t, b, path)
		have := file{got.status, got.header.Get("Content-Type"), got.header.Get("Content-Disposition")}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
	}
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"账单.pdf": "账单.pdf", "../../etc/passwd": "passwd", `C:\a\b.txt`: "b.txt", "": "attachment", "...": "attachment",
		"a\x00\u202egnp.exe": "agnp.exe", ".htaccess": "htaccess", "x\r\ny": "xy",
	} {
		if got := web.SafeName(in); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", in, got, want)
		}
	}
}
