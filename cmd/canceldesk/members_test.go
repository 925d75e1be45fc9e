package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// member is one account of a test, with its subscriptions.
type member struct {
	no, email     string
	subscriptions []string
}

// members makes accounts: every one with a monthly subscription and a ledger agreement, every tenth
// with a second, yearly subscription under an agreement of its own.
func members(n int, now time.Time) ([]member, []byte) {
	var list []member
	var lines strings.Builder
	today := now.UTC().Format(time.DateOnly)
	month := now.UTC().AddDate(0, 0, 20).Format(time.DateOnly)
	start := now.UTC().AddDate(0, 0, -10).Format(time.DateOnly)
	for i := range n {
		m := member{no: fmt.Sprintf("M%04d", i), email: fmt.Sprintf("member%d@mail%d.example", i, i%7)}
		periods := []string{"month"}
		if i%10 == 9 {
			periods = append(periods, "year")
		}
		account := map[string]any{
			"account_no": m.no, "name": fmt.Sprintf("会员%d", i), "email": m.email, "phone": fmt.Sprintf("138%08d", i),
			"updated_at": now.Format(time.RFC3339), "contact_changed_at": now.AddDate(-1, 0, 0).Format(time.RFC3339),
		}
		var subs, agreements, charges []any
		for k, period := range periods {
			id := fmt.Sprintf("S%04d-%d", i, k)
			m.subscriptions = append(m.subscriptions, id)
			subs = append(subs, map[string]any{
				"id": id, "plan": period, "period": period, "price_fen": 1990, "current_period_start": start, "current_period_end": month,
				"next_charge_at": month + "T01:00:00Z", "auto_renew": true, "opened_at": today + "T00:00:00Z",
			})
			agreements = append(agreements, map[string]any{
				"id": "A" + id, "channel": "ledger", "channel_ref": "L" + id, "payer": "P" + m.no, "state": "active", "subscription_ids": []string{id},
			})
			charges = append(charges, map[string]any{
				"id": "C" + id, "subscription_id": id, "agreement_id": "A" + id, "amount_fen": 1990, "charged_at": start + "T01:00:00Z",
				"period_start": start, "period_end": month, "channel": "ledger", "channel_txn_id": "T" + id, "order_no": "O" + id, "payer": "P" + m.no, "state": "paid",
			})
		}
		account["subscriptions"], account["agreements"], account["charges"] = subs, agreements, charges
		line, err := json.Marshal(account)
		if err != nil {
			panic(err) // a test's own constants
		}
		lines.Write(append(line, '\n'))
		list = append(list, m)
	}
	return list, []byte(lines.String())
}

// request is one mail of a test and what the desk must make of it.
type request struct {
	mail mailOptions
	stop string // the subscription it has stopped, "" where none may be
}

// requests makes n mails of the members: most ask clearly and are stopped; the others must not be.
// Every third member writes a second time.
func requests(list []member, n int, r *rand.Rand) []request {
	clear := []string{
		"请关闭自动续费，谢谢。", "你好，我要取消连续包月，下个月别再扣钱了。", "請停止自動續費，不要再扣款。",
		"Please turn off auto-renew on my account.", "帮我把会员的自动续费关掉。", "麻烦取消自动续费，到期后不再扣费。",
	}
	other := []struct {
		subject, text string
		forged        bool
	}{
		{"取消自动续费", "请关闭自动续费。", true},
		{"取消服务", "取消服务", false},
		{"咨询", "请问年卡有没有优惠？", false},
		{"推广短信", "别再给我发推广短信了。", false},
	}
	out := make([]request, 0, n)
	for i := range n {
		m := list[i%len(list)]
		id := fmt.Sprintf("r%d.%d@%s", i, r.Uint32(), strings.Split(m.email, "@")[1])
		x := request{mail: mailOptions{from: m.email, subject: "关于自动续费", text: clear[r.IntN(len(clear))], id: id}}
		switch {
		case i >= len(list): // a second mail of somebody who wrote before
			x.mail.text = "补充一下：" + clear[0]
			x.stop = stopOf(m)
		case i%5 == 4:
			o := other[(i/5)%len(other)]
			x.mail.subject, x.mail.text, x.mail.forged = o.subject, o.text, o.forged
		default:
			x.stop = stopOf(m)
		}
		out = append(out, x)
	}
	return out
}

// stopOf is what a clear request of the member stops: the one subscription; of two none, because
// nobody may guess which.
func stopOf(m member) string {
	if len(m.subscriptions) == 1 {
		return m.subscriptions[0]
	}
	return ""
}

// expectedStops is the list, computed before anything runs, of the subscriptions that end.
func expectedStops(list []request) []string {
	var out []string
	for _, r := range list {
		if r.stop != "" {
			out = append(out, r.stop)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// importMembers takes accounts in through the product's own command.
func (d *testDesk) importMembers(lines []byte) {
	d.t.Helper()
	file := filepath.Join(d.dir, "accounts.jsonl")
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.must("accounts", "import", file)
}

// corpus is the foreign mail that CANCELDESK_CORPUS names, whole messages only, in a fixed order.
func corpus(t *testing.T) [][]byte {
	t.Helper()
	root := os.Getenv("CANCELDESK_CORPUS")
	if root == "" {
		t.Skip("CANCELDESK_CORPUS names no folder of foreign mail")
	}
	manifest, err := os.ReadFile(filepath.Join(root, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(manifest)), "\n")
	head := strings.Split(lines[0], "\t")
	column := func(name string) int {
		i := slices.Index(head, name)
		if i < 0 {
			t.Fatalf("MANIFEST.tsv has no column %s: %v", name, head)
		}
		return i
	}
	path := column("path")
	var out [][]byte
	for _, line := range lines[1:] {
		name := strings.Split(line, "\t")[path]
		if strings.HasPrefix(name, "body-text/") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, raw)
	}
	return out
}
