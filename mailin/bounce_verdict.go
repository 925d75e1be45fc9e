package mailin

import (
	"regexp"
	"strings"
)

// final tells whether the report means that the mail never arrives. RFC 3464 (2.3.3) says so with Action:
// failed, whatever class the status has, because a mail that was tried for five days still failed with
// 4.x.x. Reports without the field are read as people would: one that speaks of another try is not final,
// and of the rest a code of class 5 or the words of a failure are.
func final(action, status, subject, text string) bool {
	switch action {
	case "failed":
		return true
	case "delayed", "delivered", "relayed", "expanded":
		return false
	}
	if strings.HasPrefix(status, "2") {
		return false
	}
	beginning := strings.ToLower(text[:min(len(text), 1500)])
	code := replyCode(text)
	refused := strings.HasPrefix(status, "5") || code != "" && code[0] == '5'
	if speaksOfDelay(strings.ToLower(subject)) || !refused && speaksOfDelay(beginning) {
		return false
	}
	return refused || bounceSubject(subject) || speaksOfFailure(beginning)
}

// speaksOfDelay finds the words of a server that goes on trying, in lower case.
func speaksOfDelay(s string) bool {
	return containsAny(
		s, "delayed", "message delay", "delivery delay", "still being retried", "will be retried", "will retry", "will try again", "will keep trying",
		"continue to try", "not yet been delivered", "could not send message for past", "temporary failure", "no action is required", "仍在重试", "继续尝试", "将重试",
		"稍后重试", "将再次尝试", "投递延迟", "延迟投递", "邮件延迟", "延遲", "繼續嘗試",
	)
}

// speaksOfFailure finds the words of a server that gave up, in lower case.
func speaksOfFailure(s string) bool {
	return containsAny(
		s, "delivery failed", "failed permanently", "permanent error", "could not be delivered", "couldn't be delivered", "wasn't delivered", "not delivered",
		"i've given up", "i have given up", "undeliverable", "no such user", "user unknown", "退回", "退信", "投递失败", "无法投递", "无法送达", "未能送达",
		"不存在", "发送失败", "拒收", "已满", "無法傳遞", "無法遞送",
	)
}

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// smtpCode is a reply of RFC 5321 where it begins a statement: at the start of a line, behind a colon or
// behind a bracket, and followed by words.
var smtpCode = regexp.MustCompile(`(?m)(?:^[\s>]*|[:：(\[]\s*|\b(?:error|said|code|response|reply)[ :]+)([45][0-5][0-9])[ \-,:]+(?:[#"']?[0-9A-Za-z<\p{Han}])`)

// replyCode is the first SMTP reply code that a text without fields repeats, "" if none.
func replyCode(text string) string {
	if m := smtpCode.FindStringSubmatch(text[:min(len(text), 64<<10)]); m != nil {
		return m[1]
	}
	return ""
}

// anyID is whatever may be a Message-ID in a text.
var anyID = regexp.MustCompile(`[0-9A-Za-z.!#$%&'*+/=?^_{|}~-]{8,200}@[0-9A-Za-z.-]{1,200}`)

// The most of a report that is searched for our Message-ID, and the most candidates that are looked at.
const (
	searchedBytes = 1 << 20
	searchedIDs   = 2000
)

// ownID finds one of our own Message-IDs anywhere in the report: many servers attach the mail that came
// back under a name of their own, or copy it into the text.
func ownID(root *part, o Options) string {
	if o.IsOurMessageID == nil {
		return ""
	}
	left, ids := searchedBytes, searchedIDs
	var search func(p *part) string
	search = func(p *part) string {
		for _, c := range p.children {
			if id := search(c); id != "" {
				return id
			}
		}
		if len(p.children) > 0 || left <= 0 || ids <= 0 {
			return ""
		}
		body := p.body[:min(len(p.body), left)]
		left -= len(body)
		content, _ := decodeTransfer(p.encoding, body)
		for _, id := range anyID.FindAll(content, ids) {
			ids--
			if o.IsOurMessageID(string(id)) {
				return string(id)
			}
		}
		return ""
	}
	return search(root)
}

// address is any mail address in a line.
var addressIn = regexp.MustCompile(`[0-9A-Za-z.!#$%&'*+/=?^_{|}~-]{1,64}@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+`)

// namedRecipient is the address that a line of a Chinese or English report names as the recipient, "" if
// the line names none.
func namedRecipient(line string, own []string) string {
	low := strings.ToLower(line)
	if !containsAny(low, "收件人", "收信人", "recipient", "rcpt to", "user not found", "user unknown", "no such user", "不存在", "delivery failed", "failed for") {
		return ""
	}
	for _, a := range addressIn.FindAllString(line, 5) {
		if !ownAddress(a, own) {
			return bareAddress(a, "")
		}
	}
	return ""
}
