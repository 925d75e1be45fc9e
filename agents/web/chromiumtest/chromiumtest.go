// Package chromiumtest runs a headless Chromium for tests of pages as people see them.
//
// The browser has an empty profile, speaks Chinese unless told otherwise, finds nothing but this machine (a page
// that loads something from outside loads it not), and ends with the test. Drive it with chromedp:
//
//	ctx := chromiumtest.Start(t, chromiumtest.Options{})
//	err := chromedp.Do(ctx, chromedp.Navigate(url), chromedp.WaitVisible("#tickets"))
//	title, err := chromedp.Run(ctx, chromedp.Title())
//
// A test without Chromium on the machine fails and says what to run; it is never left out.
package chromiumtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Options says what the browser should be like. The zero value is a desktop window in Chinese.
type Options struct {
	// Language is what the browser asks pages for, as in Accept-Language. Empty means "zh-CN".
	Language string
	// Width and Height are of the page, in CSS pixels. 0 means 1280 × 800.
	Width, Height int
}

const (
	// lifetime ends a browser whose test waits for something that never comes.
	lifetime    = 3 * time.Minute
	stopTimeout = 10 * time.Second
)

// Start starts a browser with one empty tab and returns the tab's context for chromedp's Run and Do. Every action in
// it ends after three minutes at the latest; for less, derive a context with a timeout.
func Start(tb testing.TB, o Options) context.Context {
	tb.Helper()
	if o.Language == "" {
		o.Language = "zh-CN"
	}
	if o.Width == 0 || o.Height == 0 {
		o.Width, o.Height = 1280, 800
	}
	bin, err := binary()
	if err != nil {
		tb.Fatal(err)
	}
	home := tb.TempDir()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], // background networking, sync and first run are off in these
		chromedp.ExecPath(bin), // with no UserDataDir chromedp makes an empty one and removes it
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home),
		chromedp.NoSandbox, // root in a container cannot have it, and the only pages are ours
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.Flag("accept-lang", o.Language),
		chromedp.Flag("lang", o.Language),
		chromedp.WindowSize(o.Width, o.Height),
	)
	// The test's context ends before its cleanup, and the browser is to be closed in good order there.
	life, end := context.WithTimeout(context.WithoutCancel(tb.Context()), lifetime)
	allocator, release := chromedp.NewExecAllocator(life, opts...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(tb.Logf))
	tb.Cleanup(func() {
		stopCtx, stopped := context.WithTimeout(ctx, stopTimeout)
		defer stopped()
		if err := chromedp.Cancel(stopCtx); err != nil && !errors.Is(err, context.Canceled) {
			tb.Logf("chromiumtest: close the browser: %v", err)
		}
		cancel()
		release() // waits for the process
		end()
	})
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(o.Width), int64(o.Height))); err != nil {
		tb.Fatalf("chromiumtest: start %s: %v", bin, err)
	}
	return ctx
}

// Stranger opens a tab beside ctx's that shares no cookie with it: a customer beside an agent. It closes with the
// test.
func Stranger(ctx context.Context, tb testing.TB) context.Context {
	tb.Helper()
	other, cancel := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	tb.Cleanup(cancel)
	if err := chromedp.Do(other); err != nil {
		tb.Fatalf("chromiumtest: open a tab: %v", err)
	}
	return other
}

// Screenshot writes a picture of the whole page, as far as it scrolls, to a PNG file. Missing folders are made.
func Screenshot(ctx context.Context, tb testing.TB, path string) {
	tb.Helper()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100)) // 100 is the quality that means PNG
	if err != nil {
		tb.Fatalf("chromiumtest: take a picture: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatalf("chromiumtest: make a folder: %v", err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		tb.Fatalf("chromiumtest: keep the picture: %v", err)
	}
}

func binary() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if bin, err := exec.LookPath(name); err == nil {
			return bin, nil
		}
	}
	return "", errors.New("no Chromium on this machine: run `make deps`, which installs it or says what to install")
}
