package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin"
)

// round reads what lies in the mailbox and does what is due.
func (d *testDesk) round() {
	d.t.Helper()
	d.must("poll", "--once")
	d.must("work", "--drain")
}

// arrive puts a customer's mail into the mailbox.
func (d *testDesk) arrive(o mailOptions) {
	d.t.Helper()
	d.dovecot.Deliver(testUser, "INBOX", customerMail(o, time.Now()))
}

// TestBounceOfAnAnswer: a QQ server's prose brings the answered case back to a person, and a forged one of
// somebody else's case does not.
func TestBounceOfAnAnswer(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	list, lines := members(2, time.Now())
	d.importMembers(lines)
	for _, m := range list {
		d.arrive(mailOptions{from: m.email, subject: "退订", text: "请关闭自动续费。"})
	}
	d.round()
	report := func(original []byte, to string) {
		d.dovecot.Deliver(testUser, "INBOX", []byte("Return-Path: <>\r\nFrom: PostMaster@qq.com\r\nTo: "+testAddress+"\r\nSubject: =?utf-8?B?57O757uf6YCA5L+h?=\r\n"+
			"Date: "+time.Now().Format(time.RFC1123Z)+"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"+
			"抱歉，您的邮件被退回来了。\r\n收件人（"+to+"）不存在，邮件无法送达。\r\n\r\n"+string(original)))
	}
	// Somebody who knows the address and the number, but no mail of ours.
	report([]byte("Message-ID: <cd-000002.aaaa.bbbb@desk.example>\r\nSubject: Re: CD-000002\r\n"), list[1].email)
	for _, m := range d.smtp.Messages() {
		if m.To[0] == list[0].email {
			report(m.Raw, list[0].email)
		}
	}
	d.round()
	got := column(t, d.open(), "SELECT id || ' ' || status || ' ' || reason FROM tickets ORDER BY id")
	if diff := cmp.Diff([]string{"1 open bounced", "2 solved cancelled"}, got); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	if n := count(t, d.open(), "SELECT COUNT(*) FROM intake WHERE outcome = 'bounce'"); n < 2 {
		t.Errorf("%d bounces in the ledger", n)
	}
}

// TestMailForSomebodyElse is forwarded with its original and not answered.
func TestMailForSomebodyElse(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	d.write("routing: { not_cancellation: forward, forward_to: sales@shop.example, sample_percent: 0 }\n")
	offer := mailOptions{from: "wu@partner.example", subject: "商务合作", text: "您好，我们是一家广告公司，想与贵司洽谈合作推广事宜，附上报价单，期待回复。"}
	d.arrive(offer)
	d.round()
	d.round()
	sent := d.smtp.Messages()
	if len(sent) != 1 || sent[0].To[0] != "sales@shop.example" {
		t.Fatalf("%d mails left", len(sent))
	}
	m := mailin.Parse(sent[0].Raw, mailin.Options{})
	if len(m.Attachments) != 1 || m.Attachments[0].Name != "original.eml" || len(m.ReplyTo) != 1 || m.ReplyTo[0].Address != offer.from {
		t.Errorf("attachments %+v, answers to %+v", m.Attachments, m.ReplyTo)
	}
	if _, content, err := mailin.AttachmentContent(sent[0].Raw, 0); err != nil || !bytes.Contains(content, []byte("想与贵司洽谈合作推广事宜")) {
		t.Errorf("%v: the original is\n%s", err, content)
	}
	if got := column(t, d.open(), "SELECT status || ' ' || reason FROM tickets"); len(got) != 1 || got[0] != "closed not_cancellation" {
		t.Errorf("case %v", got)
	}
}

// TestTwoRespondersStop: somebody's responder answers each of our mails with a new one that nothing marks
// as a machine's. We stop first.
func TestTwoRespondersStop(t *testing.T) {
	t.Parallel()
	for _, threaded := range []bool{false, true} {
		t.Run(fmt.Sprintf("threaded %t", threaded), func(t *testing.T) {
			t.Parallel()
			d := newTestDesk(t, "")
			d.arrive(mailOptions{from: "bot@robot.example", subject: "退订", text: "请关闭自动续费。", id: "first@robot.example"})
			answered := 0
			for i := range 8 {
				d.round()
				sent := d.smtp.Messages()
				for _, m := range sent[answered:] {
					o := mailOptions{from: "bot@robot.example", subject: "Re: 退订", text: "感谢您的来信，我们会尽快回复。请关闭自动续费。", id: fmt.Sprintf("r%d@robot.example", i)}
					if threaded {
						o.inReplyTo = mailin.Parse(m.Raw, mailin.Options{}).MessageID
					}
					d.arrive(o)
				}
				answered = len(sent)
			}
			if answered == 0 || answered > 5 {
				t.Errorf("%d answers in 8 rounds", answered)
			}
			if last := len(d.smtp.Messages()); last != answered {
				t.Errorf("it goes on: %d, then %d", answered, last)
			}
			if n := count(t, d.open(), "SELECT COUNT(*) FROM tickets"); n != 1 {
				t.Errorf("%d cases", n)
			}
		})
	}
}

// TestStrangerQuotesANumber: his mail is a case of its own, which names the other for people only.
func TestStrangerQuotesANumber(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	list, lines := members(1, time.Now())
	d.importMembers(lines)
	d.arrive(mailOptions{from: list[0].email, subject: "退订", text: "请关闭自动续费。", id: "his@mail.example"})
	d.round()
	d.arrive(mailOptions{from: "eve@evil.example", subject: "Re: CD-000001", text: "请不要取消，继续扣费，我撤回申请。", inReplyTo: "his@mail.example"})
	d.arrive(mailOptions{from: list[0].email, subject: "Re: CD-000001", text: "请不要取消，继续扣费，我撤回申请。", forged: true})
	d.round()
	db := d.open()
	if got := column(t, db, "SELECT status || ' ' || reason FROM tickets WHERE id = 1"); got[0] != "solved cancelled" {
		t.Errorf("the case is %s", got[0])
	}
	want := []string{"2 1 suggested", "3 1 suggested"}
	if diff := cmp.Diff(want, column(t, db, "SELECT from_id || ' ' || to_id || ' ' || kind FROM links ORDER BY from_id")); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	for _, m := range d.smtp.Messages() {
		if m.To[0] == "eve@evil.example" && strings.Contains(mailin.Parse(m.Raw, mailin.Options{}).Text, "CD-000001") {
			t.Error("the stranger was told of the other case")
		}
	}
}
