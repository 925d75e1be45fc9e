package main

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
)

// TestAnswersWithFilesWithinALimit: what an agent sends arrives with its file under its Chinese name and is in
// the evidence; mails wait for a provider's limit and go as soon as it is lifted.
func TestAnswersWithFilesWithinALimit(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	yaml, err := os.ReadFile(d.config)
	if err != nil {
		t.Fatal(err)
	}
	d.put(filepath.Base(d.config), strings.Replace(string(yaml), "smtp: {", "sending: { per_minute: 1 }\n    smtp: {", 1))
	list, accounts := members(3, time.Now())
	d.importMembers(accounts)
	served := d.start("serve")
	a := api{t: t, base: "http://" + served.listening()}
	a.token = strings.TrimSpace(d.must("apikeys", "add", "--name", "tests", "--scopes", "tickets:read,tickets:write"))
	for _, m := range list {
		d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: m.email, subject: "咨询", text: "取消服务"}, time.Now()))
	}
	db := d.open()
	until(t, childLimit, "one question is sent and two wait", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM outgoing WHERE held_at IS NOT NULL") == 2 && len(d.smtp.Messages()) == 1
	})
	if kinds := column(t, db, "SELECT kind FROM alarms WHERE cleared_at IS NULL AND kind LIKE 'mail%'"); len(kinds) != 1 || kinds[0] != "mail_held" {
		t.Errorf("what rings about mail: %v", kinds)
	}
	const content = "%PDF-1.7 退款说明"
	code, body := a.call(http.MethodPost, "/v1/tickets/CD-000003/messages", map[string]any{
		"kind": "reply", "text": "说明见附件。",
		"attachments": []any{map[string]any{"name": "退款说明（五月）.pdf", "content_base64": base64.StdEncoding.EncodeToString([]byte(content))}},
	})
	if code != http.StatusCreated {
		t.Fatalf("the answer is refused with %d: %s", code, body)
	}
	until(t, childLimit, "the answer waits too", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM outgoing WHERE held_at IS NOT NULL") == 3
	})
	// The provider takes more now, and the desk is started with that. All of them go.
	served.signal(syscall.SIGTERM)
	served.mustEnd(0)
	d.write("")
	served = d.start("serve", "--roles", "work")
	all := d.smtp.Wait(4)
	var raw []byte // with several jobs side by side the mails may arrive in any order
	for _, sent := range all {
		if strings.Contains(string(sent.Raw), "multipart/mixed") {
			raw = sent.Raw
		}
	}
	until(t, childLimit, "every mail is recorded as sent", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM outgoing WHERE state = 'sent'") == 4
	})
	m := mailin.Parse(raw, mailin.Options{})
	want := []mailin.Attachment{{Name: "退款说明（五月）.pdf", Type: "application/pdf", Bytes: int64(len(content))}}
	if diff := cmp.Diff(want, m.Attachments); diff != "" || !strings.Contains(m.Text, "说明见附件。") {
		t.Errorf("the mail says %q, with files (-want +got):\n%s", m.Text, diff)
	}
	if _, got, err := mailin.AttachmentContent(raw, 0); err != nil || string(got) != content {
		t.Errorf("the file is %q, %v", got, err)
	}
	served.signal(syscall.SIGTERM)
	served.mustEnd(0)
	bundle := filepath.Join(d.dir, "case.zip")
	d.must("evidence", "export", "CD-000003", "-o", bundle)
	out := d.must("evidence", "verify", bundle, "--key", strings.TrimSpace(d.must("evidence", "key")))
	if !strings.Contains(out, "PASS  events CD-000003:") || strings.Contains(out, "FAIL") {
		t.Errorf("the evidence does not verify:\n%s", out)
	}
}
