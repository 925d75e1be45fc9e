package demo

import (
	"strings"
	"testing"
	"time"
)

func TestRepliesNameTheMessageTheyAnswer(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 11, 23, 10, 0, 0, 0, zone())
	mails := map[string]Mail{}
	for _, m := range readMails(t, sent) {
		mails[m.Name] = m
	}
	for _, r := range Replies() {
		if first, ok := mails[r.Follows]; !ok || first.Account != r.Account {
			t.Errorf("%s of %s follows %s of %s", r.Name, r.Account, r.Follows, first.Account)
		}
		for _, id := range []string{"out-17@galaxy.example", "<out-17@galaxy.example>"} {
			raw, err := r.Raw(sent, id, "【CD-000012】关于您的申请")
			if err != nil {
				t.Fatal(err)
			}
			if err := checkBytes(raw); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
			text, err := wholeText(raw)
			if err != nil || !strings.HasPrefix(text, "Re: 【CD-000012】关于您的申请\n") {
				t.Errorf("%s: %q, %v", r.Name, text, err)
			}
			h := header(t, raw)
			if h.Get("In-Reply-To") != "<out-17@galaxy.example>" || h.Get("References") != "<out-17@galaxy.example>" {
				t.Errorf("%s answers %q, refers to %q", r.Name, h.Get("In-Reply-To"), h.Get("References"))
			}
			if at, err := h.Date(); err != nil || !at.Equal(sent) {
				t.Errorf("%s is dated %v, %v", r.Name, at, err)
			}
		}
	}
}

func TestReplyRefusesWhatIsNoMessageID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "<>", "a b@c", "a@b\r\nBcc: x@y", "<a@b> <c@d>", "编号@b"} {
		if raw, err := Replies()[0].Raw(time.Unix(0, 0), id, "x"); err == nil {
			t.Errorf("%q was taken: %q", id, raw)
		}
	}
}

func TestReplyKeepsASubjectOnItsLine(t *testing.T) {
	t.Parallel()
	raw, err := Replies()[0].Raw(time.Unix(0, 0), "a@b", "x\r\nBcc: thief@evil.example")
	if err != nil {
		t.Fatal(err)
	}
	if bcc := header(t, raw).Get("Bcc"); bcc != "" {
		t.Errorf("the subject made a Bcc header: %q", bcc)
	}
}
