package chromiumtest_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/web/chromiumtest"
)

// site is a small shop of pages: a form that answers, a cookie that is remembered, and a script from outside.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		seen, err := r.Cookie("seen")
		again := err == nil && seen.Value == "yes"
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/"})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>退订</title><p id=lang>%s</p><p id=again>%t</p>
<form method=post><input name=number id=number><button id=go>关闭自动续费</button></form>
<div style="height:3000px"></div>`, r.Header.Get("Accept-Language"), again)
	})
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><p id=done>%s</p>`, r.FormValue("number"))
	})
	mux.HandleFunc("GET /outside", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><body><script>
const i = new Image(); i.onerror = () => document.body.append('nothing came'); i.onload = () => document.body.append('it came');
i.src = 'http://pictures.example.com/a.png'</script>`)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
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

func TestPageIsReadFilledInAndSent(t *testing.T) {
	t.Parallel()
	srv, ctx := site(t), chromiumtest.Start(t, chromiumtest.Options{})
	run(ctx, t, chromedp.Navigate(srv.URL))
	got := []string{run(ctx, t, chromedp.Title()), run(ctx, t, chromedp.Text("#go"))}
	if diff := cmp.Diff([]string{"退订", "关闭自动续费"}, got); diff != "" {
		t.Errorf("title and button (-want +got):\n%s", diff)
	}
	run(ctx, t, chromedp.SendKeys("#number", "CD-000123"))
	run(ctx, t, chromedp.Click("#go"))
	if got := run(ctx, t, chromedp.Text("#done")); got != "CD-000123" {
		t.Errorf("the form sent %q, want CD-000123", got)
	}
}

func TestStrangerSharesNoCookieWithTheFirstTab(t *testing.T) {
	t.Parallel()
	srv, ctx := site(t), chromiumtest.Start(t, chromiumtest.Options{})
	stranger := chromiumtest.Stranger(ctx, t)
	for _, tab := range []context.Context{ctx, ctx, stranger} {
		run(tab, t, chromedp.Navigate(srv.URL))
	}
	got := []string{run(ctx, t, chromedp.Text("#again")), run(stranger, t, chromedp.Text("#again"))}
	if diff := cmp.Diff([]string{"true", "false"}, got); diff != "" {
		t.Errorf("known again (-first tab, stranger):\n%s", diff)
	}
}

func TestBrowserAsksForTheLanguageItWasGiven(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{"": "zh-CN,zh;q=0.9", "en": "en"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			srv, ctx := site(t), chromiumtest.Start(t, chromiumtest.Options{Language: language})
			run(ctx, t, chromedp.Navigate(srv.URL))
			if got := run(ctx, t, chromedp.Text("#lang")); got != want {
				t.Errorf("Accept-Language is %q, want %q", got, want)
			}
		})
	}
}

func TestNothingIsLoadedFromOutside(t *testing.T) {
	t.Parallel()
	srv, ctx := site(t), chromiumtest.Start(t, chromiumtest.Options{})
	run(ctx, t, chromedp.Navigate(srv.URL+"/outside"))
	if got := run(ctx, t, chromedp.Poll[string](`document.body.innerText.trim()`)); got != "nothing came" {
		t.Errorf("page says %q, want: nothing came", got)
	}
}

func TestPictureShowsTheWholePage(t *testing.T) {
	t.Parallel()
	srv, ctx := site(t), chromiumtest.Start(t, chromiumtest.Options{Width: 400, Height: 300})
	run(ctx, t, chromedp.Navigate(srv.URL))
	path := filepath.Join(t.TempDir(), "pictures", "page.png")
	chromiumtest.Screenshot(ctx, t, path)
	png, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(png))
	if err != nil {
		t.Fatal(err)
	}
	if format != "png" || c.Width != 400 || c.Height < 3000 {
		t.Errorf("picture is a %d × %d %s, want a png 400 wide and over 3000 high", c.Width, c.Height, format)
	}
}
