package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
)

// TestChargeAfterTheStopComesBack: a membership is stopped, the platform debits it all the same, and the
// money comes back without anybody asking: one urgent case, the refund, and the member is told.
func TestChargeAfterTheStopComesBack(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	now := time.Now()
	list, lines := members(1, now)
	d.importMembers(lines)
	d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: list[0].email, subject: "退订", text: "请关闭自动续费。"}, now))
	d.must("poll", "--once")
	d.must("work", "--drain")
	sub := list[0].subscriptions[0]
	charge, err := json.Marshal(map[string]any{
		"id": "late", "account_no": list[0].no, "subscription_id": sub, "agreement_id": "A" + sub, "amount_fen": 1990,
		"charged_at": now.UTC().Format(time.RFC3339), "period_start": now.UTC().AddDate(0, 0, 20).Format(time.DateOnly),
		"period_end": now.UTC().AddDate(0, 0, 50).Format(time.DateOnly), "channel": "ledger", "channel_txn_id": "T-late", "payer": "P" + list[0].no,
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(d.dir, "charges.jsonl")
	if err := os.WriteFile(file, append(charge, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.must("charges", "import", file)
		d.must("work", "--drain")
	}
	db := d.open()
	want := []string{"email solved", "guard solved"}
	if diff := cmp.Diff(want, column(t, db, "SELECT channel || ' ' || status FROM tickets ORDER BY id")); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"late 1990 succeeded"}, column(t, db, "SELECT charge_id || ' ' || amount_fen || ' ' || state FROM refunds")); diff != "" {
		t.Errorf("refunds (-want +got):\n%s", diff)
	}
	told := 0
	for _, m := range d.smtp.Messages() {
		if p := mailin.Parse(m.Raw, mailin.Options{}); m.To[0] == list[0].email && strings.Contains(p.Text, "19.90") && strings.Contains(p.Subject+p.Text, "CD-000002") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the member was told %d times that the money came back", told)
	}
}
