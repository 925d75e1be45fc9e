package reply

import (
	"regexp"
	"strings"
	"unicode"

	gomail "github.com/emersion/go-message/mail"

	"github.com/canceldesk/canceldesk/tickets"
)

// The most runes of a subject and of a name or other single line that is taken over from elsewhere.
const (
	maxSubject = 150
	maxWords   = 300
)

// maxReferences bounds the References of an answer: the first, which names the thread, and the newest.
const maxReferences = 10

// mailID is a Message-ID without brackets that can't break out of its header: visible ASCII without
// the characters that delimit it.
var mailID = regexp.MustCompile(`^[!-;=?-~]{1,250}$`)

// rawMail writes the mail as it goes over the wire: 7-bit, text/plain in UTF-8, and the answer's files. Whatever comes from
// elsewhere (subject, names, addresses, Message-IDs) is reduced to one line or left out before it
// becomes a header.
func rawMail(f Facts, m Mail) ([]byte, error) {
	if !tickets.Mailable(f.From.Address) || !mailID.MatchString(f.MailID) {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "The desk's own mail address or Message-ID is not usable."}
	}
	var h gomail.Header
	if name := oneLine(f.From.Name, maxSubject); isASCII(name) {
		h.SetAddressList("From", []*gomail.Address{{Name: name, Address: f.From.Address}})
	} else {
		h.AddRaw([]byte("From: " + encoded(name) + "\r\n <" + f.From.Address + ">\r\n"))
	}
	h.SetAddressList("To", []*gomail.Address{{Address: m.Recipient}})
	if tickets.Mailable(f.ReplyTo) {
		if name := oneLine(f.From.Name, maxSubject); isASCII(name) {
			h.SetAddressList("Reply-To", []*gomail.Address{{Name: name, Address: f.ReplyTo}})
		} else {
			h.AddRaw([]byte("Reply-To: " + encoded(name) + "\r\n <" + f.ReplyTo + ">\r\n"))
		}
	}
	if isASCII(m.Subject) {
		h.Set("Subject", m.Subject)
	} else {
		h.AddRaw([]byte("Subject: " + encoded(m.Subject) + "\r\n"))
	}
	h.SetDate(f.Now.In(f.Zone))
	h.SetMessageID(f.MailID)
	if mailID.MatchString(f.Thread.InReplyTo) {
		h.SetMsgIDList("In-Reply-To", []string{f.Thread.InReplyTo})
	}
	h.SetMsgIDList("References", references(f.Thread))
	if m.Auto {
		// RFC 3834 section 5: whoever answers or writes by machine says so, and machines do not answer it.
		h.Set("Auto-Submitted", "auto-generated")
		if h.Has("In-Reply-To") {
			h.Set("Auto-Submitted", "auto-replied")
		}
		h.Set("X-Auto-Response-Suppress", "All")
	}
	h.Set("Content-Language", language(f.Ticket.Locale))
	h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	h.Set("Content-Transfer-Encoding", "quoted-printable")
	if f.Code == nil && !mostlyASCII(m.Text) { // the mark of a code stays as it is in quoted-printable only
		h.Set("Content-Transfer-Encoding", "base64")
	}
	text := []byte(strings.ReplaceAll(m.Text, "\n", "\r\n"))
	if len(f.Files) > 0 {
		return withFiles(h.Header, text, f.MailID, f.Files)
	}
	return written(h.Header, text)
}

// maxLocal is the longest part before the @ that a mail server has to take (RFC 5321 section 4.5.3.1.1).
const maxLocal = 64

// tagged puts a tag behind a plus in the address, "" where that makes it too long.
func tagged(address, tag string) string {
	local, domain, ok := strings.Cut(address, "@")
	if local += "+" + tag; !ok || len(local) > maxLocal {
		return ""
	}
	return local + "@" + domain
}

// references is the thread the answer continues, without what is no Message-ID, each once.
func references(t Thread) []string {
	var out []string
	seen := map[string]bool{}
	for _, id := range append(append([]string{}, t.References...), t.InReplyTo) {
		if mailID.MatchString(id) && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	if len(out) > maxReferences {
		out = append(out[:1:1], out[len(out)-maxReferences+1:]...)
	}
	return out
}

// answerTo puts "Re: " before a subject unless it has one of the usual prefixes already.
func answerTo(subject string) string {
	low := strings.ToLower(subject)
	for _, p := range []string{"re:", "re：", "回复:", "回复：", "答复:", "答复："} {
		if strings.HasPrefix(low, p) {
			return subject
		}
	}
	return "Re: " + subject
}

// oneLine reduces a text to one line of at most so many runes: controls and line separators become
// blanks, and an encoded word in it is shown rather than decoded once more by the reader.
func oneLine(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || directs(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "=?", "= ?")
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit-1]) + "…"
	}
	return s
}

// printable removes controls other than line ends and tabs from a text.
func printable(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || directs(r)) {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r", "\n"))
}

// directs reports whether the rune changes the direction text is shown in, which lets a line read
// otherwise than it is.
func directs(r rune) bool { return (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) }

// mostlyASCII reports whether quoted-printable is the shorter and more readable encoding.
func mostlyASCII(s string) bool {
	other := 0
	for _, r := range s {
		if r >= 0x80 {
			other++
		}
	}
	return other*10 < len(s)
}
