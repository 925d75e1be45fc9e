package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/agents/web/chromiumtest"
)

// phoneDesk is a desk that serves people and programs, with the account P-1: a monthly membership of
// 3000 fen of which half the month is used, and no mail address unless email says one.
func phoneDesk(t *testing.T, email string) (d *testDesk, base, key string) {
	t.Helper()
	d = newSettings(t)
	d.smtp = smtptest.Start(t, smtptest.Options{})
	d.write("")
	d.must("migrate")
	zone := time.FixedZone("CST", 8*3600)
	today := time.Now().In(zone)
	day := func(n int) string { return today.AddDate(0, 0, n).Format(time.DateOnly) }
	at := func(n int) string { return today.AddDate(0, 0, n).Format(time.RFC3339) }
	line := fmt.Sprintf(`{"account_no":"P-1","name":"韩梅梅","phone":"13800005555","email":%q,"updated_at":%q,
"subscriptions":[{"id":"PS-1","plan":"月卡","period":"month","price_fen":3000,"current_period_start":%q,"current_period_end":%q,"next_charge_at":%q,"auto_renew":true}],
"agreements":[{"id":"PG-1","channel":"ledger","merchant":"m","channel_ref":"PL-1","payer":"622200001234","signed_at":%q,"state":"active","subscription_ids":["PS-1"]}],
"charges":[
{"id":"PC-0","subscription_id":"PS-1","agreement_id":"PG-1","amount_fen":3000,"currency":"CNY","charged_at":%q,"period_start":%q,"period_end":%q,"channel":"ledger","merchant":"m","channel_txn_id":"4200000001","order_no":"PO-0","payer":"622200001234","state":"paid"},
{"id":"PC-1","subscription_id":"PS-1","agreement_id":"PG-1","amount_fen":3000,"currency":"CNY","charged_at":%q,"period_start":%q,"period_end":%q,"channel":"ledger","merchant":"m","channel_txn_id":"4200000002","order_no":"PO-1","payer":"622200001234","state":"paid"}]}`,
		email, at(-100), day(-15), day(15), at(15), at(-100), at(-45), day(-45), day(-15), at(-15), day(-15), day(15))
	file := filepath.Join(d.dir, "accounts.jsonl")
	writeFile(t, file, strings.ReplaceAll(line, "\n", ""))
	d.must("accounts", "import", file)
	key = strings.TrimSpace(d.must("apikeys", "add", "--name", "pbx", "--scopes", "calls:write,tickets:read,tickets:write,evidence:read"))
	if r := d.commandWith(phonePassword+"\n", "agents", "add", "--login", "mei", "--name", "梅", "--role", "agent", "--password-stdin"); r.code != 0 {
		t.Fatalf("agents add ended with %d:\n%s", r.code, r.err)
	}
	return d, "http://" + d.start("serve", "--roles", "api,work").listening(), key
}

const phonePassword = "one long enough passphrase"

// TestPhoneCaseInSixActions: an agent takes a call with two payment facts down, reads out that it is
// off and what comes back, writes the yes down, releases ¥15 and tells the outcome, in six clicks.
func TestPhoneCaseInSixActions(t *testing.T) {
	t.Parallel()
	d, base, _ := phoneDesk(t, "")
	ctx := chromiumtest.Start(t, chromiumtest.Options{Language: "zh-CN", Width: 1280, Height: 1000})
	act(ctx, t, chromedp.Navigate(base+"/login"))
	act(ctx, t, chromedp.SendKeys("#login", "mei"))
	act(ctx, t, chromedp.SendKeys("#password", phonePassword))
	act(ctx, t, chromedp.Click("button.primary"))
	act(ctx, t, chromedp.WaitVisible("#new"))
	actions := 0
	click := func(selector string) {
		t.Helper()
		actions++
		act(ctx, t, chromedp.Click(selector))
	}
	var seen string
	defer func() {
		if t.Failed() {
			t.Logf("the page last said:\n%s", seen)
		}
	}()
	reads := func(step string) {
		t.Helper()
		until(t, 20*time.Second, "the page says: "+step, func() bool {
			body, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
			seen = body
			return err == nil && strings.Contains(body, step)
		})
	}
	click("#new")
	act(ctx, t, chromedp.WaitVisible("#newcase"))
	for selector, text := range map[string]string{
		"#account": "P-1", "#txn_1": "4200000001", "#txn_2": "4200000002", "#text": "客户要求关闭自动续费，没用完的退款。",
	} {
		act(ctx, t, chromedp.SendKeys(selector, text))
	}
	click("#open")
	reads("自动续费已经关闭，代扣协议也已终止")
	reads("可以退 ¥15.00")
	act(ctx, t, chromedp.SendKeys("#words", "同意，退吧"))
	click("#quote form button")
	reads("退款 ¥15.00 已提交，正在审批")
	act(ctx, t, chromedp.SendKeys("#refunds input[type=password]", phonePassword))
	click("#refunds button.primary")
	reads("退款 ¥15.00 已经原路退回付款账户")
	reads("请在电话里告知客户")
	click("#voice button.primary")
	reads("已记录口头告知的内容")
	if actions > 6 {
		t.Errorf("the agent needed %d actions, want at most 6", actions)
	}
	db := d.open()
	until(t, childLimit, "the case is solved", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM tickets WHERE status = 'solved' AND reason = 'cancelled'") == 1
	})
	if n := count(t, db, "SELECT COUNT(*) FROM refunds WHERE state = 'succeeded' AND amount_fen = 1500 AND proposer = 'desk' AND approver = 'agent:mei'"); n != 1 {
		t.Errorf("%d refunds of ¥15 that the desk proposed and mei released, want 1", n)
	}
	if n := len(d.smtp.Messages()); n != 0 {
		t.Errorf("%d mails were sent to an account without an address", n)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func act[T any](ctx context.Context, t *testing.T, a chromedp.Action[T]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, a); err != nil {
		t.Fatal(err)
	}
}

// TestPhoneCaseByTheAPI: a call that a program reports is stopped and told in writing, its recording is
// in the evidence, and what nobody verified accepts nothing.
func TestPhoneCaseByTheAPI(t *testing.T) {
	t.Parallel()
	d, base, key := phoneDesk(t, "han@outpost.example")
	db := d.open()
	ask := func(method, path, kind string, body []byte) (int, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, base+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", kind)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, b
	}
	report := func(id string, identity map[string]any) int {
		t.Helper()
		b, err := json.Marshal(map[string]any{
			"call_id": id, "caller": "13900000000", "started_at": time.Now().Add(-3 * time.Minute), "ended_at": time.Now(), "identity": identity,
			"summary": "客户要求关闭自动续费。",
		})
		if err != nil {
			t.Fatal(err)
		}
		code, _ := ask(http.MethodPost, "/v1/calls", "application/json", b)
		return code
	}
	audio := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), make([]byte, 3<<20)...)
	if code, b := ask(http.MethodPut, "/v1/calls/c-1/recording", "audio/wav", audio); code != http.StatusNoContent {
		t.Fatalf("the recording: %d %s", code, b)
	}
	if code := report("c-0", map[string]any{"account": "P-1"}); code != http.StatusCreated {
		t.Fatalf("the first call: %d", code)
	}
	until(t, childLimit, "the account's owner is asked about the unverified call", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM tickets WHERE id = 1 AND status = 'pending' AND reason = 'not_verified'") == 1
	})
	if n := count(t, db, "SELECT COUNT(*) FROM biller_calls WHERE kind = 'stop'"); n != 0 {
		t.Errorf("an unverified call stopped %d subscriptions", n)
	}
	if code := report("c-1", map[string]any{"payment_facts": []any{map[string]any{"channel_txn_id": "4200000002"}}}); code != http.StatusCreated {
		t.Fatalf("the second call: %d", code)
	}
	until(t, childLimit, "the verified call's case is solved", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM tickets WHERE id = 2 AND status = 'solved' AND reason = 'cancelled'") == 1
	})
	if n := count(t, db, "SELECT COUNT(*) FROM outgoing WHERE ticket_id = 2 AND tell = 'cancel_outcome' AND recipient = 'han@outpost.example' AND state = 'sent'"); n != 1 {
		t.Errorf("%d outcomes were sent to the registered address, want 1", n)
	}
	code, bundle := ask(http.MethodGet, "/v1/tickets/CD-000002/evidence", "", nil)
	file := filepath.Join(d.dir, "evidence.zip")
	writeFile(t, file, string(bundle))
	verified := d.command("evidence", "verify", file, "--key", strings.TrimSpace(d.must("evidence", "key")))
	if code != http.StatusOK || verified.code != 0 || !strings.Contains(verified.out, "channel/calls.json") {
		t.Errorf("evidence %d, verify ended with %d:\n%s", code, verified.code, verified.out)
	}
}
