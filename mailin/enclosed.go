package mailin

import "strings"

// mostEnclosed bounds how many attached mails are shown with the mail that brings them, and
// mostEnclosedText the bytes of each.
const mostEnclosed, mostEnclosedText = 5, 256 << 10

// enclosedMail is what is shown of a mail that is attached to another one.
type enclosedMail struct {
	head string // who wrote to whom, when and about what, a line each
	text string
}

// enclosed reads the mails that are attached to a mail: people forward a notice of a charge that way,
// and whoever handles the case should not have to download it. Mails inside of those stay files. What a
// server sends back in its report is the desk's own mail and not shown.
func (b *body) enclosed(root *part) (mails []enclosedMail) {
	if root.declared == "multipart/report" {
		return nil
	}
	found := allMedia(nil, root, "message/rfc822")
	if found == nil {
		found = allMedia(nil, root, "message/partial") // its first piece is a mail without its end (RFC 2046 5.2.2)
	}
	for _, p := range found[:min(len(found), mostEnclosed)] {
		content, _ := decodeTransfer(p.encoding, p.body)
		o := b.w.o
		o.MaxTextBytes = min(o.MaxTextBytes, mostEnclosedText)
		inner := newWalker(content, o)
		innerRoot := inner.root()
		nested := body{w: inner, hint: headerHint(innerRoot)}
		nested.collect(innerRoot, true)
		var m enclosedMail
		m.text, _ = nested.texts()
		m.text = trimBlank(m.text)
		if inner.defects.has(DefectTextCut) {
			b.w.defects.note(DefectTextCut, "")
		}
		var head strings.Builder
		for _, name := range []string{"From", "Date", "To", "Subject"} {
			if v := innerRoot.header.get(name); v != "" {
				head.WriteString(name + ": " + clip(decodeWords(v, nested.hint), mostName) + "\n")
			}
		}
		if m.head = strings.TrimSuffix(head.String(), "\n"); m.head != "" || m.text != "" {
			mails = append(mails, m)
		}
	}
	return mails
}

// enclose adds attached mails to what is quoted. Where the mail has no text of its own, that of the
// first one is already shown as its text.
func (m *Mail) enclose(mails []enclosedMail, shown bool) {
	for i, e := range mails {
		m.Quoted = joinText(m.Quoted, e.head)
		if i > 0 || !shown {
			m.Quoted = joinText(m.Quoted, e.text)
		}
	}
}
