package mailin

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The bounces of servers that write prose, in the words of several makers. Ours is the Message-ID of the
// mail that came back.
func TestBouncesInProse(t *testing.T) {
	t.Parallel()
	const ours = "cd-000123.aaaaaaaa.bbbbbbbb@desk.example"
	report := func(from, subject, contentType, body string) string {
		return "Return-Path: <>\nFrom: " + from + "\nTo: service@desk.example\nSubject: " + subject + "\nContent-Type: " + contentType + "\n\n" + body
	}
	original := "From: service@desk.example\nTo: <li@example.cn>\nMessage-ID: <" + ours + ">\nSubject: x\n\nbody\n"
	attached := func(media, encoding, original string) string {
		return "--b\nContent-Type: text/plain; charset=utf-8\n\n邮件被退回\n收件人：li@example.cn\n550 User not found\n\n--b\nContent-Type: " + media +
			"; name=original.eml\nContent-Transfer-Encoding: " + encoding + "\n\n" + original + "\n--b--\n"
	}
	mixed := "multipart/mixed; boundary=b"
	plain := "text/plain; charset=utf-8"
	for name, tt := range map[string]struct {
		mail string
		want Bounce
	}{
		"a Coremail server's": {
			report("Postmaster@163.com", "系统退信/Systems bounce", plain,
				"很抱歉，您的邮件被退回来了\n\n原邮件信息：\n主　题：已关闭\n收件人：li@example.cn\n退信原因：收件人的邮箱不存在\n英文说明：SMTP error, RCPT TO: 550 User not found: li@example.cn\n\n"+original),
			Bounce{OriginalMessageID: ours, Recipient: "li@example.cn", Permanent: true},
		},
		"a QQ server's": {
			report("PostMaster@qq.com", "退信：Re: 关闭自动续费", plain, "抱歉，您的邮件被退回来了……\n无法发送到 li@example.cn\n收件人（li@example.cn）不存在，邮件无法送达。\nMessage-ID: <"+ours+">\n"),
			Bounce{OriginalMessageID: ours, Recipient: "li@example.cn", Permanent: true},
		},
		"an Exchange server's in Chinese": {
			report("Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.cn>", "未传递: 关闭自动续费", mixed, attached("message/rfc822", "7bit", original)),
			Bounce{OriginalMessageID: ours, Recipient: "li@example.cn", Permanent: true},
		},
		"one that wraps the mail in base64": {
			report("postmaster@example.cn", "邮件被退回", mixed, attached("application/octet-stream", "base64", base64.StdEncoding.EncodeToString([]byte(original)))),
			Bounce{OriginalMessageID: ours, Recipient: "li@example.cn", Permanent: true},
		},
		"a full mailbox": {
			report("postmaster@example.cn", "系统退信", plain, "552 5.2.2 邮箱已满\n收件人: li@example.cn\n"),
			Bounce{Recipient: "li@example.cn", Status: "5.2.2", Permanent: true},
		},
		"qmail's": {
			report("MAILER-DAEMON@example.cn", "failure notice", plain, "Hi. This is the qmail-send program.\nI'm afraid I wasn't able to deliver your message.\n\n<li@example.cn>:\nSorry, no mailbox here by that name.\n\n--- Below this line is a copy of the message.\n\n"+original),
			Bounce{OriginalMessageID: ours, Recipient: "li@example.cn", Permanent: true},
		},
		"exim's that gave up after days": {
			report("Mail Delivery System <Mailer-Daemon@example.cn>", "Mail delivery failed: returning message to sender", plain, "  li@example.cn\n    retry timeout exceeded\n\n"+original),
			Bounce{OriginalMessageID: ours, Recipient: "li@example.cn", Permanent: true},
		},
		"one that only warns": {
			report("Mail Delivery System <Mailer-Daemon@example.cn>", "Warning: message 1GdV3O delayed 24 hours", plain, "  li@example.cn\n    Delay reason: 550 said earlier\n\nNo action is required on your part.\n"),
			Bounce{Recipient: "li@example.cn"},
		},
		"one that only warns in Chinese": {
			report("postmaster@example.cn", "投递延迟通知", plain, "收件人：li@example.cn\n邮件尚未送达，系统将继续尝试投递。451 4.7.1 try later\n"),
			Bounce{Recipient: "li@example.cn", Status: "4.7.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Parse([]byte(tt.mail), Options{OwnAddresses: []string{"service@desk.example"}, IsOurMessageID: func(id string) bool { return id == ours }})
			if m.Kind != KindBounce {
				t.Fatalf("kind %s", m.Kind)
			}
			if d := cmp.Diff(&tt.want, m.Bounce); d != "" {
				t.Error(d)
			}
		})
	}
}

// A report is final by its Action, and a status of class 4 does not make it less so.
func TestBounceThatGaveUpIsFinal(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]bool{"failed": true, "delayed": false, "relayed": false} {
		m := Parse([]byte("From: MAILER-DAEMON@x.example\nSubject: Returned mail: cannot send message for 5 days\n"+
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x.example\n\n"+
			"Final-Recipient: rfc822; li@example.cn\nAction: "+action+"\nStatus: 4.4.7\n--b--\n"), Options{})
		if m.Bounce == nil || m.Bounce.Permanent != want {
			t.Errorf("%s: %+v, want final: %t", action, m.Bounce, want)
		}
	}
}

// TestCorpusBounces: mails that came back, from a collection of them.
func TestCorpusBounces(t *testing.T) {
	t.Parallel()
	c := openCorpus(t)
	seen := 0
	for _, rel := range c.mails {
		if !strings.HasPrefix(rel, "php-bounce-handler") || !strings.HasSuffix(rel, ".eml") {
			continue
		}
		seen++
		m := Parse(c.read(t, rel), Options{})
		late := strings.Contains(strings.ToLower(m.Subject), "delayed")
		if m.Kind != KindBounce || m.Bounce.Recipient == "" || m.Bounce.Permanent == late {
			t.Errorf("%s: %s %+v", rel, m.Kind, m.Bounce)
		}
	}
	if seen < 60 {
		t.Errorf("only %d mails", seen)
	}
}

// A report that is made to be searched for long is not.
func BenchmarkBounceFullOfAddresses(b *testing.B) {
	raw := []byte("Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\n\n" + strings.Repeat("cd-000123.aaaa@desk.example 550 ", 30000))
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		Parse(raw, Options{IsOurMessageID: func(string) bool { return false }})
	}
}
