package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

const lanAccount = `{"name":"韩梅梅","phone":"13800138000","email":"Zhang@qq.com","national_id":"11010519491231002X","locale":"zh-CN",
	"updated_at":"2026-03-01T00:00:00Z",
	"subscriptions":[{"id":"s-1","plan":"会员","period":"month","price_fen":1800,"auto_renew":true,"current_period_start":"2026-02-10",
		"current_period_end":"2026-03-10","next_charge_at":"2026-03-10T00:00:00+08:00","consent":{"version":"3","at":"2025-01-01T00:00:00Z"},"notices":null}],
	"agreements":[{"id":"g-1","channel":"ledger","channel_ref":"x","payer":"p","state":"active","subscription_ids":["s-1"]}],
	"charges":[{"id":"c-1","subscription_id":"s-1","agreement_id":"g-1","amount_fen":1800,"charged_at":"2026-02-10T00:00:00+08:00",
		"period_start":"2026-02-10","period_end":"2026-03-10","channel":"ledger","channel_txn_id":"42000001","order_no":"O-1","payer":"p"}],
	"assets":[{"id":"l-1","kind":"coins","source":"gift","quantity":5}]}`

func TestAccountIsMergedAndMasked(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	w, r := h.program(t, "accounts:write"), h.program(t, "accounts:read")
	r.ask(t, "GET", "/v1/accounts/u-1", "", 404)
	r.ask(t, "PUT", "/v1/accounts/u-1", lanAccount, 403)
	h.person(t, "admin").ask(t, "PUT", "/v1/accounts/u-1", lanAccount, 403)
	if got := w.ask(t, "PUT", "/v1/accounts/u-1", lanAccount, 201); got["national_id"] != "110105********002X" || got["email"] != "zhang@qq.com" {
		t.Errorf("account %v", got)
	}
	w.ask(t, "PUT", "/v1/accounts/u-1", `{"name":null,"locale":"en"}`, 200)
	got := r.ask(t, "GET", "/v1/accounts/u-1", "", 200)
	subs, _ := got["subscriptions"].([]any)
	sub, _ := subs[0].(map[string]any)
	if got["name"] != "" || got["locale"] != "en" || got["phone"] != "13800138000" || sub["current_period_end"] != "2026-03-10" || sub["last_day_of_use"] != nil {
		t.Errorf("account %v", got)
	}
	if text := fmt.Sprint(got); strings.Contains(text, "11010519491231002X") {
		t.Error("the ID number is told")
	}
	for query, want := range map[string]int{
		"account=u-1": 1, "phone=13800138000": 1, "email=ZHANG@qq.com": 1, "order_no=O-1": 1, "channel_txn_id=42000001": 1,
		"phone=13800138000&order_no=O-1": 1, "phone=13800138000&order_no=O-2": 0, "account=u-2": 0,
	} {
		got := r.ask(t, "GET", "/v1/accounts?"+query, "", 200)
		items, _ := got["items"].([]any)
		if len(items) != want {
			t.Errorf("%s: %v", query, got)
		}
		for _, x := range items {
			want := map[string]any{
				"account_no": "u-1", "name": "", "phone": "138****8000", "email": "z***@qq.com", "national_id": "110105********002X",
				"subscriptions": []any{"s-1"},
			}
			if diff := cmp.Diff(want, x); diff != "" {
				t.Errorf("candidate (-want +got):\n%s", diff)
			}
		}
	}
	r.ask(t, "GET", "/v1/accounts", "", 422)
}

// TestWrongBodySaysEverythingThatIsWrong: not JSON is 400, JSON that does not fit is 422 with every wrong
// field, and one that is too large is 413.
func TestWrongBodySaysEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	h := setup(t)
	w := h.program(t, "accounts:write", "charges:write")
	const at = "/v1/accounts/u-1"
	w.ask(t, "PUT", at, `{"name":`, 400)
	got := w.ask(t, "PUT", at, `{"nickname":"x","subscriptions":[{"id":"s","period":"week","price_fen":-1}],"agreements":[{"state":"gone"}]}`, 422)
	wrong, _ := got["errors"].([]any)
	places := map[any]bool{}
	for _, x := range wrong {
		e, _ := x.(map[string]any)
		places[e["location"]] = true
	}
	for _, place := range []string{"body.nickname", "body.subscriptions[0].period", "body.subscriptions[0].price_fen", "body.agreements[0].state"} {
		if !places[place] {
			t.Errorf("%s is not named: %v", place, got)
		}
	}
	w.ask(t, "PUT", at, `{"account_no":"u-2"}`, 422)
	w.ask(t, "PUT", at, `{"charges":[{"id":"c","amount_fen":5,"charged_at":"2026-01-01T00:00:00Z","channel":"ledger","period_start":"2026-01-02"}]}`, 422)
	w.ask(t, "PUT", at, `{"name":"`+strings.Repeat("x", 2<<20)+`"}`, 413)
	w.ask(t, "POST", "/v1/charges", `[{]`, 400)
	w.ask(t, "POST", "/v1/charges", `[]`, 422)
	if got := h.json(t, "PUT", at, `{}`, "Authorization", "Bearer "+w.token, "Content-Type", "text/plain"); got.status != http.StatusUnsupportedMediaType {
		t.Errorf("text: %d", got.status)
	}
}

func TestChargesAreAnsweredRowByRow(t *testing.T) {
	t.Parallel()
	h := setup(t)
	w := h.program(t, "accounts:write", "charges:write")
	w.ask(t, "PUT", "/v1/accounts/u-1", lanAccount, 201)
	charge := func(id, account string, fen int) string {
		return fmt.Sprintf(`{"id":%q,"account_no":%q,"subscription_id":"s-1","amount_fen":%d,"charged_at":"2026-03-01T00:00:00Z","channel":"ledger"}`, id, account, fen)
	}
	if got := w.ask(t, "POST", "/v1/charges", charge("c-2", "u-1", 100), 201); got["id"] != "c-2" || got["status"] != 201.0 {
		t.Errorf("new: %v", got)
	}
	w.ask(t, "POST", "/v1/charges", charge("c-2", "u-1", 100), 200)
	w.ask(t, "POST", "/v1/charges", charge("c-2", "u-1", 101), 409)
	w.ask(t, "POST", "/v1/charges", charge("c-3", "u-9", 100), 404)
	w.ask(t, "POST", "/v1/charges", `{"id":"c-3","account_no":"u-1"}`, 422)
	got := w.ask(t, "POST", "/v1/charges", "["+strings.Join([]string{
		charge("c-4", "u-1", 100), charge("c-2", "u-1", 100), charge("c-2", "u-1", 7), charge("c-5", "u-9", 1), `{"id":"c-6"}`, `3`,
	}, ",")+"]", 201)
	var status []any
	items, _ := got["items"].([]any)
	for _, x := range items {
		row, _ := x.(map[string]any)
		status = append(status, row["id"], row["status"])
	}
	want := []any{"c-4", 201.0, "c-2", 200.0, "c-2", 409.0, "c-5", 404.0, "c-6", 422.0, "", 422.0}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestChargeAfterTheStopOpensOneGuardTicket whichever way it is told of, and however often.
func TestChargeAfterTheStopOpensOneGuardTicket(t *testing.T) {
	t.Parallel()
	h := setup(t)
	w := h.program(t, "accounts:write", "charges:write", "tickets:read")
	w.ask(t, "PUT", "/v1/accounts/u-1", lanAccount, 201)
	stopped := h.mail(t, nil)
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		at := h.clock.now()
		if err := tx.SaveStop(t.Context(), "s-1", at, "2026-03-09"); err != nil {
			return err
		}
		return tx.SaveEffect(t.Context(), tickets.Effect{
			Key: "stop", TicketID: stopped, RunID: 1, Kind: tickets.StopDebits, Target: "s-1", State: tickets.EffectDone, At: at, SettledAt: &at,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	h.clock.advance(6 * 24 * time.Hour)
	const after = `{"id":"c-9","account_no":"u-1","subscription_id":"s-1","agreement_id":"g-1","amount_fen":1800,"charged_at":"2026-03-10T00:00:00+08:00",
		"period_start":"2026-03-10","period_end":"2026-04-10","channel":"ledger","channel_txn_id":"42000009","payer":"p"}`
	got := w.ask(t, "POST", "/v1/charges", "["+after+","+after+"]", 201)
	items, _ := got["items"].([]any)
	row, _ := items[0].(map[string]any)
	if row["guard"] != "CD-000002" {
		t.Fatalf("rows %v", got)
	}
	w.ask(t, "POST", "/v1/charges", after, 200)
	w.ask(t, "PUT", "/v1/accounts/u-1", `{"charges":[`+after+`]}`, 200)
	list := w.ask(t, "GET", "/v1/tickets?channel=guard", "", 200)
	if found, _ := list["items"].([]any); len(found) != 1 {
		t.Errorf("%d guard tickets", len(found))
	}
	tk := w.ask(t, "GET", "/v1/tickets/CD-000002", "", 200)
	if tk["intent"] != "refund_mistaken_charge" || tk["priority"] != "urgent" || tk["account_no"] != "u-1" || tk["requester"] != "zhang@qq.com" ||
		cmp.Diff([]any{map[string]any{"number": "CD-000001", "kind": "follows"}}, tk["links"]) != "" || !strings.Contains(str(tk["subject"]), "停止后仍被扣款") {
		t.Errorf("ticket %v", tk)
	}
	q := w.ask(t, "GET", "/v1/tickets/CD-000002/quote", "", 200)
	if q["refund_fen"] != 1800.0 {
		t.Errorf("quote %v", q)
	}
	ahead := strings.NewReplacer("c-9", "c-10", "42000009", "42000010", "2026-03-10T", "2026-03-01T", "2026-03-10\"", "2026-04-10\"", "2026-04-10\"", "2026-05-10\"").Replace(after)
	w.ask(t, "POST", "/v1/charges", ahead, 201)
	tk = w.ask(t, "GET", "/v1/tickets/CD-000003", "", 200)
	if !strings.Contains(str(tk["subject"]), "停止前已扣未开始的周期") {
		t.Errorf("a charge from before the stop opens %v", tk["subject"])
	}
}

func TestWatermarkNeverGoesBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	w := h.program(t, "charges:write")
	for _, c := range []struct{ told, kept string }{
		{"2026-03-01T00:00:00Z", "2026-03-01T08:00:00+08:00"},
		{"2026-02-01T00:00:00Z", "2026-03-01T08:00:00+08:00"},
		{"2026-03-04T16:00:00Z", "2026-03-05T00:00:00+08:00"},
	} {
		got := w.ask(t, "POST", "/v1/charges/watermark", `{"source":"billing","complete_through":"`+c.told+`"}`, 200)
		if got["complete_through"] != c.kept {
			t.Errorf("%s: %v", c.told, got)
		}
	}
	w.ask(t, "POST", "/v1/charges/watermark", `{"source":"billing","complete_through":"2027-01-01T00:00:00Z"}`, 422)
}
