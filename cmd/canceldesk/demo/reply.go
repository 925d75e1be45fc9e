package demo

import (
	"fmt"
	"mime"
	"strings"
	"time"
)

// Reply is a member's answer to what the desk wrote in the ticket of an earlier
// mail. It can only be made at run time, because it names the desk's own
// Message-ID.
type Reply struct {
	// Name is the file's name without its ending.
	Name string
	// Follows is the Name of the Mail whose ticket it belongs to.
	Follows string
	// Account is the account_no whose registered address it comes from.
	Account string
	// Expect says in one line what the desk should do with it.
	Expect string
}

// Replies lists the answers that can be made. The order means nothing.
func Replies() []Reply {
	return []Reply{
		{Name: "r1-clarified-stop", Follows: "14-bare-td", Account: "GX1020", Expect: "same ticket: stop S-1020"},
		{Name: "r2-accept-quote", Follows: "02-cancel-refund-year-gb2312-outlook", Account: "GX1002", Expect: "same ticket: accept the quote for C-1002-1"},
		{Name: "r3-thanks-english", Follows: "06-stop-english-plain", Account: "GX1014", Expect: "same ticket: stays solved"},
		{Name: "r4-end-agreement", Follows: "24-shared-agreement", Account: "GX1006", Expect: "same ticket: end A-1006, stop S-1006B too"},
	}
}

// Raw returns the mail as sent at the given instant, in answer to the message
// with the Message-ID inReplyTo (with or without angle brackets) and the given
// subject. A Message-ID that could break the header is an error.
func (r Reply) Raw(sent time.Time, inReplyTo, subject string) ([]byte, error) {
	id := strings.TrimSuffix(strings.TrimPrefix(inReplyTo, "<"), ">")
	if id == "" || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '<' || c == '>' }) {
		return nil, fmt.Errorf("make reply %s: %q is no message id", r.Name, inReplyTo)
	}
	raw, err := files.ReadFile("replies/" + r.Name + ".eml")
	if err != nil {
		return nil, fmt.Errorf("read sample reply: %w", err)
	}
	sent = sent.In(zone())
	raw, err = expandHeader(raw, func(token string) (string, error) {
		switch token {
		case "in_reply_to":
			return "<" + id + ">", nil
		case "subject":
			return mime.BEncoding.Encode("utf-8", "Re: "+subject), nil
		}
		return mailToken(sent, token)
	})
	if err != nil {
		return nil, fmt.Errorf("make reply %s: %w", r.Name, err)
	}
	return raw, nil
}
