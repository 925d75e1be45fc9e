package mailin

import (
	"bytes"
	"strings"
)

// isBounce tells a delivery report: RFC 3464 reports, and the looser ones of
// servers that write prose. A person who forwards one is not a bounce: prose
// counts only from a mail system's own sender.
func isBounce(m *Mail, root *part) bool {
	h := root.header
	if root.declared == "multipart/report" {
		switch strings.ToLower(root.params.get("report-type")) {
		case "delivery-status":
			return true
		case "":
			return findMedia(root, "message/delivery-status") != nil
		}
		return false
	}
	system := fromSystem(m, h)
	if h.get("X-Failed-Recipients") != "" && (system || emptyReturnPath(h)) {
		return true
	}
	if !system && !emptyReturnPath(h) {
		return false
	}
	if findMedia(root, "message/delivery-status") != nil {
		return true
	}
	if v := firstWord(h.get("Auto-Submitted")); system && strings.HasPrefix(v, "auto-replied") && findMedia(root, "message/rfc822") != nil {
		return true
	}
	return bounceSubject(m.Subject)
}

// fromSystem tells the sender that mail systems write under.
func fromSystem(m *Mail, h header) bool {
	for _, a := range m.From {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		switch strings.ReplaceAll(strings.ReplaceAll(local, "-", ""), "_", "") {
		case "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e", "mailerdaemon", "postmaster", "maildaemon", "maildeliverysystem", "maildeliverysubsystem", "bounce", "bounces", "mdaemon", "maildeliveryservice", "ndr", "returnedmail":
			return true
		}
		name := strings.ToLower(a.Name)
		if strings.HasPrefix(name, "mail delivery s") || strings.HasPrefix(name, "mailer-daemon") || strings.HasPrefix(name, "microsoft outlook") && emptyReturnPath(h) || name == "postmaster" || name == "邮件系统" || name == "系统退信" || name == "邮件系统管理员" || name == "邮箱系统" || name == "mail administrator" {
			return true
		}
	}
	return len(m.From) == 0 && emptyReturnPath(h)
}

func bounceSubject(s string) bool {
	s = strings.ToLower(s)
	for _, w := range []string{"undeliver", "delivery status notification", "delivery failure", "failure notice", "delivery failed", "returned mail", "returned to sender", "mail delivery", "delivery report", "non-delivery", "nondeliverable", "delivery notification", "message delay", "delayed mail", "delivery delay", "delivery has failed", "could not be delivered", "couldn't be delivered", "not delivered", "rejected", "mailbox full", "退信", "无法投递", "投递失败", "邮件退回", "邮件被退回", "发送失败", "未送达", "未传递", "无法传递", "无法送达", "未能送达", "传递失败", "送达失败", "投递延迟", "邮件延迟", "無法傳遞", "無法遞送", "傳送失敗", "寄送失敗", "退回", "unzustellbar", "non remis", "no se puede entregar", "не доставлено", "недоставленное"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return strings.HasPrefix(s, "warning: ") && strings.Contains(s, "delayed")
}

// findMedia is the first leaf of that type; parts inside attached mails do
// not count.
func findMedia(p *part, media string) *part {
	if p.media == media && p.children == nil {
		return p
	}
	for _, c := range p.children {
		if f := findMedia(c, media); f != nil {
			return f
		}
	}
	return nil
}

// allMedia appends every leaf of that type to found.
func allMedia(found []*part, p *part, media string) []*part {
	if p.media == media && p.children == nil {
		return append(found, p)
	}
	for _, c := range p.children {
		found = allMedia(found, c, media)
	}
	return found
}

// readBounce takes out what the report tells. A report about several
// recipients is told by its first failed one.
func readBounce(root *part, subject, text string, o Options) *Bounce {
	b := &Bounce{}
	action := ""
	for _, p := range allMedia(nil, root, "message/delivery-status") {
		if act := b.readStatus(p); act != "" {
			action = act
			break
		}
	}
	for _, media := range []string{"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"} {
		if p := findMedia(root, media); p != nil && b.OriginalMessageID == "" {
			content, _ := decodeTransfer(p.encoding, p.body)
			b.OriginalMessageID = originalID(content)
		}
	}
	if b.Recipient == "" {
		if l := parseAddresses(root.header.get("X-Failed-Recipients"), "").list; len(l) > 0 {
			b.Recipient = l[0].Address
		}
	}
	if b.Status == "" || b.Recipient == "" || b.OriginalMessageID == "" {
		b.readProse(text, o.OwnAddresses)
	}
	if o.IsOurMessageID == nil || !o.IsOurMessageID(b.OriginalMessageID) {
		if id := ownID(root, o); id != "" {
			b.OriginalMessageID = id
		}
	}
	b.Permanent = final(action, b.Status, subject, text)
	return b
}

// readStatus reads the per-recipient groups of a delivery-status body.
func (b *Bounce) readStatus(p *part) (action string) {
	content, _ := decodeTransfer(p.encoding, p.body)
	content = content[:min(len(content), 256<<10)]
	ignore := func(Defect, string) {}
	for pos := 0; pos < len(content); {
		for pos < len(content) && (content[pos] == '\n' || content[pos] == '\r') {
			pos++
		}
		h, next := headerBlock(content, pos, len(content), nil, ignore)
		if next <= pos {
			_, next = nextLine(content, pos)
		}
		pos = next
		status, act := h.get("Status"), firstWord(h.get("Action"))
		if status == "" && act == "" && h.get("Final-Recipient") == "" {
			continue
		}
		if action == "failed" || action != "" && act != "failed" {
			continue // a failed recipient is known already
		}
		action = act
		b.Status = statusCode(status)
		b.Recipient = ""
		for _, name := range []string{"Original-Recipient", "Final-Recipient"} {
			v := h.get(name)
			if i := strings.IndexByte(v, ';'); i >= 0 {
				v = v[i+1:]
			}
			if strings.Contains(v, "@") && b.Recipient == "" {
				b.Recipient = bareAddress(strings.TrimSpace(v), "")
			}
		}
	}
	return action
}

// originalID is the Message-ID of the mail that came back.
func originalID(content []byte) string {
	h, _ := headerBlock(bytes.TrimLeft(content, "\r\n"), 0, 256<<10, nil, func(Defect, string) {})
	if ids := messageIDs(h.get("Message-ID")); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// readProse looks for the rest in the text of a report that has no fields.
func (b *Bounce) readProse(text string, own []string) {
	text = text[:min(len(text), 64<<10)]
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimLeft(line, "> \t"))
		low := strings.ToLower(line)
		if b.OriginalMessageID == "" && strings.HasPrefix(low, "message-id:") {
			if ids := messageIDs(line[len("message-id:"):]); len(ids) > 0 {
				b.OriginalMessageID = ids[0]
			}
		}
		if b.Status == "" {
			b.Status = statusCode(line)
		}
		if b.Recipient == "" {
			b.Recipient = namedRecipient(line, own)
		}
		if b.Recipient == "" && strings.Contains(line, "@") && !strings.HasPrefix(low, "message-id:") && !strings.HasPrefix(low, "from:") && !strings.HasPrefix(low, "received:") {
			if strings.HasPrefix(line, "<") || strings.HasPrefix(low, "to:") || !strings.Contains(line, " ") {
				if l := parseAddresses(strings.TrimPrefix(strings.TrimRight(line, ": "), "To:"), "").list; len(l) > 0 && strings.Contains(l[0].Address, "@") {
					b.Recipient = l[0].Address
				}
			}
		}
	}
}

// statusCode finds an enhanced status code (RFC 3463) in a line, "" if none.
func statusCode(s string) string {
	for i := 0; i+4 < len(s); i++ {
		if (s[i] == '5' || s[i] == '4' || s[i] == '2') && s[i+1] == '.' && (i == 0 || !isDigit(s[i-1]) && s[i-1] != '.') {
			j := i + 2
			for j < len(s) && isDigit(s[j]) && j < i+5 {
				j++
			}
			if j == i+2 || j >= len(s) || s[j] != '.' {
				continue
			}
			k := j + 1
			for k < len(s) && isDigit(s[k]) && k < j+4 {
				k++
			}
			if k > j+1 && (k == len(s) || s[k] != '.' && !isDigit(s[k])) {
				return s[i:k]
			}
		}
	}
	return ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
