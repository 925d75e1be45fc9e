package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
)

// What BenchmarkHandoffs sends a second, and for how many seconds, where the environment says nothing else.
const (
	benchHandoffsEnv  = "CANCELDESK_BENCH_HANDOFFS"
	benchSecondsEnv   = "CANCELDESK_BENCH_SECONDS"
	benchHandoffs     = 300
	benchHandoffsSecs = 30
)

// BenchmarkHandoffs hands conversations over to a served desk on SQLite, whose workers carry the cases out
// meanwhile, at a fixed rate whatever the answers take, and tells how long they took from the moment each
// was due. Every fifth is of a signed member who asks clearly. The same rate is sent, just before, to a
// bare echo handler that does one durable insert.
func BenchmarkHandoffs(b *testing.B) {
	rate, seconds := fromEnvironment(b, benchHandoffsEnv, benchHandoffs), fromEnvironment(b, benchSecondsEnv, benchHandoffsSecs)
	for range b.N {
		bare := bareHandler(b)
		d := newSettings(b)
		d.smtp = smtptest.Start(b, smtptest.Options{})
		d.write("chat: { session_secret: \"" + testChatSecret + "\" }\n")
		d.must("migrate")
		list, accounts := members(2000, time.Now())
		d.importMembers(accounts)
		key := strings.TrimSpace(d.must("apikeys", "add", "--name", "app", "--scopes", "chat:write"))
		served := d.start("serve", "--roles", "api,work")
		desk := "http://" + served.listening() + "/v1/chat/handoffs"
		bodies := make([][]byte, rate*seconds)
		for i := range bodies {
			bodies[i] = benchHandoff(b, i, list)
		}
		raw := openLoop(b, bare, "", rate, bodies, http.StatusCreated)
		got := openLoop(b, desk, key, rate, bodies, http.StatusCreated)
		b.ReportMetric(milliseconds(got, 50), "p50-ms")
		b.ReportMetric(milliseconds(got, 99), "p99-ms")
		b.ReportMetric(milliseconds(raw, 50), "bare-p50-ms")
		b.ReportMetric(milliseconds(raw, 99), "bare-p99-ms")
		b.ReportMetric(milliseconds(got, 50)/milliseconds(raw, 50), "x-bare")
		b.ReportMetric(float64(count(b, d.open(), "SELECT COUNT(*) FROM jobs WHERE state = 'done'"))/float64(seconds), "jobs/s")
		if n := count(b, d.open(), "SELECT COUNT(*) FROM tickets"); n != len(bodies) {
			b.Errorf("%d tickets of %d handovers", n, len(bodies))
		}
		b.ReportMetric(0, "ns/op")
	}
}

func fromEnvironment(b *testing.B, name string, otherwise int) int {
	b.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		b.Fatalf("%s is %q", name, s)
	}
	return n
}

func benchHandoff(b *testing.B, i int, list []member) []byte {
	b.Helper()
	id, now := fmt.Sprintf("conversation-%d", i), time.Now()
	customer := map[string]any{"account": fmt.Sprintf("nobody-%d", i), "name": "李雷"}
	if i%5 == 0 {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"aud": "canceldesk", "sub": list[i/5%len(list)].no, "conversation_id": id, "exp": now.Add(10 * time.Minute).Unix(),
		}).SignedString([]byte(testChatSecret))
		if err != nil {
			b.Fatal(err)
		}
		customer = map[string]any{"account": list[i/5%len(list)].no, "session_token": token}
	}
	body, err := json.Marshal(map[string]any{
		"conversation_id": id, "locale": "zh-CN", "customer": customer,
		"transcript": []any{
			map[string]any{"id": "1", "from": "customer", "at": now, "text": "你好，我的会员每个月都在扣钱"},
			map[string]any{"id": "2", "from": "bot", "at": now, "text": "您好，请问需要办理什么业务？可以选择：开票、续费、关闭自动续费。"},
			map[string]any{"id": "3", "from": "customer", "at": now, "text": "关闭自动续费，下个月不要再扣了"},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// bareHandler is what a handover is compared with: an echo handler that stores the body durably.
func bareHandler(b *testing.B) string {
	b.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	if _, err := db.ExecContext(b.Context(), "CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB)"); err != nil {
		b.Fatal(err)
	}
	e := echo.New()
	e.POST("/", func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(c.Request().Context(), "INSERT INTO bodies (body) VALUES (?)", body); err != nil {
			return err
		}
		return c.NoContent(http.StatusCreated)
	})
	server := httptest.NewServer(e)
	b.Cleanup(server.Close)
	return server.URL + "/"
}

// openLoop posts the bodies at a rate, each when it is due however long the others take, and returns how
// long each took from when it was due, the shortest first.
func openLoop(b *testing.B, address, key string, rate int, bodies [][]byte, want int) []time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024}}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, len(bodies))
	wrong := make([]string, len(bodies))
	var wg sync.WaitGroup
	began := time.Now()
	for i, body := range bodies {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		<-time.After(time.Until(due))
		wg.Go(func() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, bytes.NewReader(body))
			if err != nil {
				wrong[i] = err.Error()
				return
			}
			req.Header.Set("Content-Type", "application/json")
			if key != "" {
				req.Header.Set("Authorization", "Bearer "+key)
			}
			res, err := client.Do(req)
			if err != nil {
				wrong[i] = err.Error()
				return
			}
			answer, _ := io.ReadAll(res.Body)
			res.Body.Close()
			took[i] = time.Since(due)
			if res.StatusCode != want {
				wrong[i] = res.Status + " " + string(answer)
			}
		})
	}
	wg.Wait()
	for _, w := range wrong {
		if w != "" {
			b.Fatalf("a handover went wrong: %s", w)
		}
	}
	slices.Sort(took)
	return took
}

func milliseconds(sorted []time.Duration, percent int) float64 {
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds()) / 1000
}
