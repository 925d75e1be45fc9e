package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

// stated is an account that there is, or one that there is not.
func stated(known bool) string { return map[bool]string{true: "A-1001", false: "A-9999"}[known] }

func is(t testing.TB, got answer, status int) {
	t.Helper()
	if got.status != status {
		t.Fatalf("%d, want %d\n%s", got.status, status, got.body)
	}
}

// BenchmarkKnownAndUnknown takes the time of what a stranger can ask about an account that there is and about
// one that there is not, by turns: whoever measures learns nothing where both take as long. It reports the
// medians in milliseconds, and the ratios of the known to the unknown.
func BenchmarkKnownAndUnknown(b *testing.B) {
	for name, ask := range map[string]func(b *testing.B, h *house) func(known bool, n int){
		"chat": func(b *testing.B, h *house) func(bool, int) {
			key := h.key(b, "chat:write")
			return func(known bool, n int) {
				body := fmt.Sprintf(`{"conversation_id":"c%v%d","locale":"zh-CN","customer":{"account":%q,"payment_facts":[{"channel_txn_id":"9%d"}]},`+
					`"transcript":[{"id":"1","from":"customer","text":"请关闭自动续费","at":"2026-03-05T10:29:00+08:00"}]}`, known, n, stated(known), n)
				is(b, h.json(b, "POST", "/v1/chat/handoffs", body, "Authorization", "Bearer "+key), http.StatusCreated)
			}
		},
		"call": func(b *testing.B, h *house) func(bool, int) {
			key := h.key(b, "calls:write")
			return func(known bool, n int) {
				body := fmt.Sprintf(`{"call_id":"c%v%d","started_at":"2026-03-05T10:29:00+08:00","summary":"客户要求关闭自动续费。","identity":{"account":%q,"payment_facts":[{"channel_txn_id":"9%d"}]}}`,
					known, n, stated(known), n)
				is(b, h.json(b, "POST", "/v1/calls", body, "Authorization", "Bearer "+key), http.StatusCreated)
			}
		},
		"login": func(b *testing.B, h *house) func(bool, int) {
			h.hire(b)
			client := h.browser(b)
			return func(known bool, _ int) {
				login := map[bool]string{true: "auditor", false: "nobody"}[known]
				h.clock.advance(time.Hour) // beyond the limit of tries
				is(b, h.post(b, client, "/login", url.Values{"login": {login}, "password": {"wrong"}}), http.StatusUnauthorized)
			}
		},
		"page": func(b *testing.B, h *house) func(bool, int) {
			pages, _ := h.strangers(b)
			client := h.browser(b)
			return func(known bool, _ int) { is(b, h.get(b, client, pages(known)), http.StatusOK) }
		},
		"code": func(b *testing.B, h *house) func(bool, int) {
			pages, _ := h.strangers(b)
			client := h.browser(b)
			return func(known bool, _ int) {
				h.clock.advance(24 * time.Hour) // beyond the limit of codes
				is(b, h.post(b, client, pages(known)+"/code", url.Values{"then": {"stop"}, "to": {"phone"}}), http.StatusSeeOther)
			}
		},
		"wrong code": func(b *testing.B, h *house) func(bool, int) {
			pages, _ := h.strangers(b)
			client := h.browser(b)
			codes := map[bool]string{}
			return func(known bool, n int) {
				if n%3 == 0 { // a code bears five wrong tries
					b.StopTimer()
					h.clock.advance(24 * time.Hour)
					got := h.post(b, client, pages(known)+"/code", url.Values{"then": {"stop"}, "to": {"phone"}})
					at, err := url.Parse(got.to)
					if err != nil {
						b.Fatal(err)
					}
					codes[known] = at.Query().Get("code")
					b.StartTimer()
				}
				is(b, h.post(b, client, pages(known)+"/enter", url.Values{"then": {"stop"}, "code_id": {codes[known]}, "nonce": {"abcdefgh"}, "code": {"0"}}), http.StatusSeeOther)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			h := setup(b)
			h.member(b)
			do := ask(b, h)
			took := map[bool][]time.Duration{}
			for n := 0; b.Loop(); n++ {
				for _, known := range []bool{n%2 == 0, n%2 != 0} {
					before := b.Elapsed()
					do(known, n)
					took[known] = append(took[known], b.Elapsed()-before)
				}
			}
			for _, p := range []int{50, 95} {
				of := func(known bool) time.Duration {
					slices.Sort(took[known])
					return took[known][(len(took[known])-1)*p/100]
				}
				b.ReportMetric(float64(of(true))/float64(of(false)), fmt.Sprintf("ratio-p%d", p))
				b.ReportMetric(float64(of(true).Microseconds())/1000, fmt.Sprintf("known-p%d-ms", p))
			}
		})
	}
}
