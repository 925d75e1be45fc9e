package mailin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKind(t *testing.T) {
	t.Parallel()
	const person = "From: <wang@example.cn>\nSubject: 请停止扣费\n"
	tests := map[string]struct {
		mail string
		want Kind
	}{
		"a person": {person, KindMessage},
		"a person whose server suppresses answers":  {person + "X-Auto-Response-Suppress: All\n", KindMessage},
		"a person's bulk precedence":                {person + "Precedence: bulk\n", KindMessage},
		"a person without a return path":            {person + "Return-Path: <>\n", KindMessage},
		"a person who forwards a bounce":            {"From: <wang@example.cn>\nSubject: Fwd: Undelivered Mail Returned to Sender\n", KindMessage},
		"a person who answers an automatic answer":  {"From: <wang@example.cn>\nSubject: Re: 自动回复：您好\n", KindMessage},
		"a person who starts with auto":             {"From: <wang@example.cn>\nSubject: Auto: renewal, please stop\n", KindMessage},
		"auto-submitted no":                         {person + "Auto-Submitted: no\n", KindMessage},
		"a group mailbox of ours":                   {person + "List-Id: <service.desk.example>\nList-Post: <mailto:service@desk.example>\n", KindMessage},
		"RFC 3834":                                  {person + "Auto-Submitted: auto-replied (vacation)\n", KindAutoReply},
		"auto-generated":                            {person + "Auto-Submitted: auto-generated; owner-email=\"a@b\"\n", KindAutoReply},
		"a vendor's header":                         {person + "X-Autoreply: yes\n", KindAutoReply},
		"a vendor's header that says no":            {person + "X-Autoreply: no\n", KindMessage},
		"precedence auto_reply":                     {person + "Precedence: auto_reply\n", KindAutoReply},
		"QQ's subject":                              {"From: <wang@example.cn>\nSubject: 自动回复:已关闭\n", KindAutoReply},
		"Outlook's subject":                         {"From: <wang@example.cn>\nSubject: Automatic reply: closed\n", KindAutoReply},
		"out of office":                             {"From: <wang@example.cn>\nSubject: Out of Office: back on Monday\n", KindAutoReply},
		"a vague subject with a second sign":        {"From: <wang@example.cn>\nSubject: I am out until Monday\nPrecedence: bulk\n", KindAutoReply},
		"a Chinese one behind the subject":          {"From: <wang@example.cn>\nSubject: 已关闭【自动回复】\n", KindAutoReply},
		"a person who answers one":                  {"From: <wang@example.cn>\nSubject: 回复：已关闭【自动回复】\n", KindMessage},
		"one that says so in its first words":       {"From: <wang@example.cn>\nSubject: 您好\n\n这是一封自动回复，我正在休假。\n", KindAutoReply},
		"one in brackets":                           {"From: <wang@example.cn>\nSubject: 您好\n\n【自动回复】您的邮件已收到\n", KindAutoReply},
		"a person who speaks of one":                {"From: <wang@example.cn>\nSubject: 您好\n\n我只收到自动回复：请停止扣费\n", KindMessage},
		"a read receipt":                            {person + "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n", KindAutoReply},
		"a list":                                    {person + "List-Id: <players.lists.example>\n", KindList},
		"a newsletter":                              {person + "List-Unsubscribe: <https://x.example/u>\n", KindList},
		"precedence list":                           {person + "Precedence: list\n", KindList},
		"our own mail come back":                    {"From: Desk <SERVICE@desk.example>\nSubject: x\n", KindOwn},
		"our own id under another sender":           {person + "Message-ID: <made-1@desk.example>\n", KindOwn},
		"a report":                                  {person + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n", KindBounce},
		"a mailer daemon's prose":                   {"From: MAILER-DAEMON@x.example\nSubject: failure notice\n", KindBounce},
		"a mailer daemon's failed recipients":       {"From: Mailer-Daemon@x.example\nX-Failed-Recipients: a@x.example\nSubject: x\n", KindBounce},
		"a Chinese mail system's prose":             {"From: postmaster@x.example\nSubject: 系统退信\n", KindBounce},
		"a postmaster who writes about his account": {"From: postmaster@x.example\nSubject: 请停止扣费\n", KindMessage},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Parse([]byte(tt.mail+"\nplease stop\n"), Options{
				OwnAddresses:   []string{"service@desk.example"},
				IsOurMessageID: func(id string) bool { return strings.HasPrefix(id, "made-") },
			})
			if m.Kind != tt.want {
				t.Errorf("kind %s, want %s", m.Kind, tt.want)
			}
		})
	}
}

func TestBounceOfSeveralRecipientsIsToldByTheFailedOne(t *testing.T) {
	t.Parallel()
	m := Parse([]byte(`From: MAILER-DAEMON@x.example
Subject: Returned mail
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x.example

Final-Recipient: rfc822; <slow@x.example>
Action: delayed
Status: 4.4.1

Final-Recipient: rfc822; gone@X.example
Action: failed
Status: 5.1.1 (no such user)

--b
Content-Type: text/rfc822-headers

Message-ID: <out-1@desk.example>
--b--
`), Options{})
	want := &Bounce{OriginalMessageID: "out-1@desk.example", Recipient: "gone@x.example", Status: "5.1.1", Permanent: true}
	if diff := cmp.Diff(want, m.Bounce); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestStatusCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"5.1.1": "5.1.1", "550 5.1.1 no": "5.1.1", "(4.2.2)": "4.2.2", "10.5.1.1": "", "5.1": "", "at 5.1.1.9": "", "": "", "version 25.1.1": "",
	} {
		if got := statusCode(in); got != want {
			t.Errorf("statusCode(%q) = %q, want %q", in, got, want)
		}
	}
}
