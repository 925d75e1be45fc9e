package mailin

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse understands a raw mail. It never fails and never panics, takes time
// linear in the mail's size, and turns any bytes into something a person can
// read; what was wrong with the mail is named in Defects. raw is not changed,
// and the result holds no part of it.
func Parse(raw []byte, o Options) Mail {
	m, _ := parse(raw, o)
	return m
}

// parse is Parse with the tree that was read, which points into raw.
func parse(raw []byte, o Options) (Mail, *part) {
	w := newWalker(raw, o)
	root := w.root()
	var m Mail
	m.readHeader(root, w)
	b := body{w: w, hint: headerHint(root)}
	b.collect(root, true)
	for _, a := range b.attached {
		m.Attachments = append(m.Attachments, a.meta)
	}
	text, markup := b.texts()
	mails, shown := b.enclosed(root), false
	if strings.TrimSpace(text) == "" {
		text = b.rescue(root, mails)
		shown = w.defects.has(DefectNestedOnly)
	}
	if markup != "" {
		m.HTML = sanitise(markup, w.o.CIDPrefix)
	}
	if strings.Contains(text, "-----BEGIN PGP MESSAGE-----") {
		w.defects.note(DefectEncrypted, "")
	}
	m.split(text, w)
	m.enclose(mails, shown)
	m.Kind, m.tags = kindOf(&m, root, w.o), ownTags(&m, root.header, w.o.OwnAddresses)
	if m.Kind == KindBounce {
		m.Bounce = readBounce(root, m.Subject, text, w.o)
	}
	m.Defects = w.defects.list
	return m, root
}

// AttachmentContent returns the attachment at that index of the list Parse
// gives for the same bytes under the default limits, with its content decoded.
func AttachmentContent(raw []byte, index int) (Attachment, []byte, error) {
	w := newWalker(raw, Options{})
	root := w.root()
	b := body{w: w, hint: headerHint(root)}
	b.collect(root, true)
	if index < 0 || index >= len(b.attached) {
		return Attachment{}, nil, fmt.Errorf("attachment %d of %d: no such attachment", index, len(b.attached))
	}
	a := b.attached[index]
	return a.meta, a.content(), nil
}

// headerHint is the charset in which raw 8-bit headers are most likely written.
func headerHint(root *part) string {
	p := root
	for len(p.children) > 0 && p.params.get("charset") == "" {
		p = p.children[0]
	}
	return p.params.get("charset")
}

func (m *Mail) readHeader(root *part, w *walker) {
	h, hint := root.header, headerHint(root)
	if len(h) == 0 {
		w.defects.note(DefectNoHeader, "")
	}
	if ids := messageIDs(h.get("Message-ID")); len(ids) > 0 {
		m.MessageID = ids[0]
	} else if id := cleanID(strings.Trim(h.get("Message-ID"), "<> ")); id != "" {
		m.MessageID = oneLine(id)
	} else {
		w.defects.note(DefectMissingMessageID, "")
	}
	m.InReplyTo = messageIDs(h.get("In-Reply-To"))
	m.References = messageIDs(h.get("References"))
	for _, f := range []struct {
		name string
		to   *[]Address
	}{{"From", &m.From}, {"Sender", &m.Sender}, {"Reply-To", &m.ReplyTo}, {"To", &m.To}, {"Cc", &m.Cc}} {
		for i, v := range h.all(f.name) {
			w.raw8(f.name, v)
			l := parseAddresses(v, hint)
			if l.bad {
				w.defects.note(DefectBadAddress, f.name)
			}
			if f.name == "From" {
				if i == 0 {
					m.fromRaw = v
				}
				m.fromFields++
				m.fromGroup = m.fromGroup || l.group
			}
			*f.to = append(*f.to, l.list...)
		}
	}
	switch {
	case len(m.From) == 0:
		w.defects.note(DefectMissingFrom, "")
	case m.fromFields > 1:
		w.defects.note(DefectMultipleFrom, "")
	}
	w.raw8("Subject", h.get("Subject"))
	m.Subject = decodeWords(h.get("Subject"), hint)
	if strings.Contains(m.Subject, "&#") { // written by a web form
		m.Subject = oneLine(html.UnescapeString(m.Subject))
	}
	if short := clip(m.Subject, mostSubject); short != m.Subject {
		m.Subject = short
		w.defects.note(DefectTextCut, "Subject")
	}
	date := h.get("Date")
	at, exact := parseDate(date)
	m.Date = at
	switch {
	case date == "":
		w.defects.note(DefectMissingDate, "")
	case m.Date.IsZero():
		w.defects.note(DefectBadDate, oneLine(strings.ToValidUTF8(date[:min(len(date), 60)], "?")))
	case !exact:
		w.defects.note(DefectDateWithoutZone, "")
	}
}

// What a mail may write into lines that screens and lists show, in bytes.
const mostSubject, mostName, mostFileName, mostID = 2000, 500, 500, 1000

// clip shortens a line to at most that many bytes, at the end of a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	most -= len("…")
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// raw8 notes a field that holds bytes which are neither encoded (RFC 2047) nor
// UTF-8 (RFC 6532), so that its characters had to be guessed.
func (w *walker) raw8(name, v string) {
	if !utf8.ValidString(v) {
		w.defects.note(DefectRawHeader, name)
	}
}

// rescue finds something to show for a mail without a text of its own: an
// attached mail, a text that is named like a file, what a machine reports,
// else whatever stands where parts should be.
func (b *body) rescue(root *part, mails []enclosedMail) string {
	if len(mails) > 0 && mails[0].text != "" {
		b.w.defects.note(DefectNestedOnly, "")
		return mails[0].text
	}
	for _, a := range b.attached { // a body that was given a file name
		if p := a.part; p != nil && (p.disposition != "attachment" || a.meta.Name == "") && p.is("text/") && p.media != "text/rtf" {
			named := body{w: b.w, hint: b.hint}
			named.show(p)
			if text, _ := named.texts(); strings.TrimSpace(text) != "" {
				if p.media == "text/calendar" {
					return invitation(text)
				}
				b.w.defects.note(DefectNamedBody, "")
				return text
			}
		}
	}
	if root.declared == "multipart/report" {
		if text := b.report(root); text != "" {
			b.w.defects.note(DefectReportOnly, "")
			return text
		}
	}
	if text, _ := decodeCharset(b.w.outside[:min(len(b.w.outside), b.w.o.MaxTextBytes)], b.hint); strings.TrimSpace(text) != "" && !remark(text) {
		b.w.defects.note(DefectOutsideParts, "")
		return plainText(text)
	}
	if len(b.attached) > 0 || len(b.segments) > 0 || !root.is("multipart/") {
		return ""
	}
	_, pos := headerBlock(b.w.raw, 0, b.w.o.MaxHeaderBytes, nil, func(Defect, string) {})
	rest := b.w.raw[pos:min(len(b.w.raw), pos+b.w.o.MaxTextBytes)]
	if strings.TrimSpace(string(rest)) == "" {
		return ""
	}
	b.w.defects.note(DefectNoParts, "")
	text, _ := decodeCharset(rest, b.hint)
	return plainText(text)
}

// remark tells what mailers put before the parts for programs that know no MIME.
func remark(s string) bool {
	s = strings.ToLower(s[:min(len(s), 1000)])
	return strings.Contains(s, "mime") || strings.Contains(s, "multi-part") || strings.Contains(s, "multipart")
}

// report is what a machine's report says in its own fields (RFC 3464, RFC 8098,
// RFC 5965), for one that has no words for people.
func (b *body) report(root *part) (text string) {
	for _, media := range []string{"message/delivery-status", "message/disposition-notification", "message/feedback-report"} {
		for _, p := range allMedia(nil, root, media) {
			content, _ := decodeTransfer(p.encoding, p.body)
			s, _ := decodeCharset(content[:min(len(content), b.w.o.MaxTextBytes)], "")
			text = joinText(text, plainText(s))
		}
	}
	return strings.TrimSpace(text)
}

// split fills in Text and Quoted. A mail without a word of its own shows what
// it quotes, for a forwarded charge notice is a request too, unless it quotes
// us; a signature alone is not shown as text.
func (m *Mail) split(text string, w *walker) {
	var writer []string
	for _, a := range m.From {
		writer = append(writer, a.Name, a.Address)
	}
	r := splitReply(text, writer...)
	m.Text, m.Quoted = r.text, r.quoted
	if m.Text != "" || !r.history {
		return
	}
	forwarded := r.forwarded || forwardSubject(m.Subject)
	if forwarded {
		w.defects.note(DefectForwardedOnly, "")
	} else {
		w.defects.note(DefectQuotedOnly, "")
	}
	// An answer to us without a word of its own quotes our words, which are not to be taken for its writer's.
	if forwarded || !m.answers(w.o.IsOurMessageID) {
		m.Text, m.Quoted = m.Quoted, ""
	}
}

// answers tells an answer to one of the mails that ours tells.
func (m *Mail) answers(ours func(string) bool) bool {
	return ours != nil && (slices.ContainsFunc(m.InReplyTo, ours) || slices.ContainsFunc(m.References, ours))
}

func forwardSubject(s string) bool {
	s = strings.ToLower(s)
	for _, p := range []string{"fwd:", "fw:", "转发:", "转发：", "轉寄:", "轉寄：", "wg:", "tr:", "rv:"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
