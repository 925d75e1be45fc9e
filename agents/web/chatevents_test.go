package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestAReaderThatIsAheadStartsAgain: a desk that was restored from a backup has fewer events than the app
// has seen. The app is told so, and where to go on.
func TestAReaderThatIsAheadStartsAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.app(t)
	if got := h.json(t, "GET", "/v1/chat/events?after=1", "", a.auth...); got.status != http.StatusGone || !strings.Contains(got.body, "after=0") {
		t.Errorf("without any event: %d\n%s", got.status, got.body)
	}
	a.number(a.post("", chat("c-1", nil, line("1", "customer", "关闭自动续费"))), http.StatusCreated)
	a.write(1, "c-1", "您好")
	newest, _ := a.events(0).next()["id"].(float64)
	last := int64(newest)
	got := h.json(t, "GET", "/v1/chat/events", "", append([]string{"Last-Event-ID", "4711"}, a.auth...)...)
	if want := fmt.Sprintf("after=%d", last); got.status != http.StatusGone || object(t, got.body)["code"] != "gone" || !strings.Contains(got.body, want) {
		t.Errorf("%d, want 410 that names %s\n%s", got.status, want, got.body)
	}
	next := a.events(last) // the newest one itself is no mistake
	a.write(1, "c-1", "还在吗")
	if e := next.next(); e["type"] != "message" {
		t.Errorf("after starting again: %v", e)
	}
}
