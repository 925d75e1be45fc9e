package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestLedgerShowsWhatWasNotReadFirst(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	raws, err := h.blobs.KeepBatch(t.Context(), [][]byte{[]byte("From: a@b\r\n\r\nx")})
	if err != nil {
		t.Fatal(err)
	}
	err = h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		var rows []tickets.Intake
		for i := range 60 {
			row := tickets.Intake{
				Place: tickets.Place{Mailbox: "service", Folder: "INBOX", UIDValidity: 1, UID: uint32(i + 1)}, Bytes: 2048,
				ReceivedAt: h.clock.now(), Outcome: tickets.OutcomeList, Raw: raws[0], At: h.clock.now(),
			}
			if i == 0 {
				row.Outcome, row.Detail = tickets.OutcomeQuarantined, "三次未能取回 <script>"
			}
			if i == 1 {
				row.Outcome, row.Raw = tickets.OutcomeOversize, ""
			}
			rows = append(rows, row)
		}
		return tx.InsertIntake(t.Context(), rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	b := h.as(t, "auditor")
	first := h.get(t, b, "/intake")
	wants(t, first.body, "未能读取，请人工查看", "三次未能取回 &lt;script&gt;", "已隔离", "超过大小限制", `href="/intake?after=11"`)
	refused, read := strings.Index(first.body, `bad">已隔离<`), strings.Index(first.body, `idle">群发邮件<`)
	if refused < 0 || read < 0 || refused > read {
		t.Errorf("what was not read stands at %d, what was at %d", refused, read)
	}
	second := h.get(t, b, "/intake?after=11")
	wants(t, second.body, "UID 10<", "UID 1<")
	if strings.Contains(second.body, "UID 11<") || strings.Contains(second.body, `href="/intake?after=`) {
		t.Error("the second page is not the rest")
	}
	only := h.get(t, b, "/intake?outcome=quarantined")
	if n := strings.Count(only.body, "INBOX"); n != 1 {
		t.Errorf("%d quarantined rows, want 1", n)
	}
	for path, want := range map[string]int{
		"/intake/60/original": http.StatusOK, "/intake/2/original": http.StatusNotFound, "/intake/61/original": http.StatusNotFound,
		"/intake/x/original": http.StatusNotFound, "/intake?outcome=nonsense": http.StatusNotFound, "/intake?after=x": http.StatusUnprocessableEntity,
	} {
		if got := h.get(t, b, path); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
}

// TestEveryPageSaysThatMailWaitsUnseen: an alarm of the intake stands at the head of every page, in both
// languages, until somebody clears it.
func TestEveryPageSaysThatMailWaitsUnseen(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		for _, kind := range tickets.IntakeAlarms() {
			if err := tx.RaiseAlarm(t.Context(), tickets.Alarm{Key: string(kind), Kind: kind, At: h.clock.now(), Detail: "service/INBOX <b>"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b := h.as(t, "agent")
	for _, path := range []string{"/tickets", "/intake", "/alarms", "/tickets/new"} {
		wants(t, h.get(t, b, path).body, "服务器上有邮件被漏读", "有邮箱无法读取", "有邮件未能读取", "service/INBOX &lt;b&gt;", `href="/intake?outcome=quarantined"`)
	}
	list, err := h.db.Alarms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if err := h.db.InTx(t.Context(), func(tx tickets.Tx) error { return tx.ClearAlarm(t.Context(), a.Key, "agent:agent", h.clock.now()) }); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(h.get(t, b, "/tickets").body, "intake-alarm") {
		t.Error("the banner stays when nothing rings")
	}
}

// TestMetricsAreForThisMachineAndForKeys: a program on this machine needs nothing, one that asks through a
// proxy a key with metrics:read.
func TestMetricsAreForThisMachineAndForKeys(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key := h.key(t, "metrics:read")
	for name, test := range map[string]struct {
		header map[string]string
		status int
	}{
		"on this machine":             {nil, http.StatusOK},
		"through a proxy":             {map[string]string{"X-Forwarded-For": "203.0.113.9"}, http.StatusUnauthorized},
		"through a proxy, with a key": {map[string]string{"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer " + key}, http.StatusOK},
		"through a proxy, another key": {
			map[string]string{"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer " + h.key(t, "tickets:read")}, http.StatusForbidden,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/metrics", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range test.header {
				r.Header.Set(k, v)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != test.status {
				t.Errorf("%d, want %d", res.StatusCode, test.status)
			}
		})
	}
}
