package mailin

import (
	"bytes"
	"html"
	"strings"
	"unicode/utf8"
)

// attachment is a leaf that is not the shown body, with the way to its content.
type attachment struct {
	meta Attachment
	part *part    // nil for a uuencoded file
	uu   *uuBlock // nil for a part
}

func (a *attachment) content() []byte {
	if a.uu != nil {
		return uuDecode(a.uu.lines)
	}
	b, _ := decodeTransfer(a.part.encoding, a.part.body)
	return b
}

// segment is a stretch of the shown body, as text, as HTML or as both.
type segment struct {
	text, html       string
	hasText, hasHTML bool
}

// body sorts the leaves of a mail into what is shown and what is attached.
type body struct {
	w        *walker
	hint     string // charset of the mail, for parts and names that declare none
	segments []segment
	attached []attachment
}

// collect walks the tree in the order of the mail.
func (b *body) collect(p *part, root bool) {
	switch {
	case p.media == "multipart/alternative" && p.children != nil:
		b.alternative(p)
	case p.children != nil:
		for _, c := range p.children {
			b.collect(c, false)
		}
	case p.is("multipart/") && len(p.body) == 0:
		// A multipart without parts holds nothing.
	case b.shown(p, root):
		b.show(p)
	default:
		b.attach(p)
	}
}

// alternative merges the forms of one text into one segment. Text forms that
// are not shown (enriched text, AMP) repeat it, so they are not attachments.
func (b *body) alternative(p *part) {
	first := len(b.segments)
	var merged segment
	for _, c := range p.children {
		from := len(b.segments)
		if c.children == nil && c.is("text/") && !b.shown(c, false) && c.disposition != "attachment" && repeatsText(c.media) {
			continue
		}
		b.collect(c, false)
		for _, s := range b.segments[from:] {
			if s.hasText && (!merged.hasText || strings.TrimSpace(merged.text) == "") {
				merged.text, merged.hasText = s.text, true
			} else if s.hasText && c.children != nil {
				merged.text = joinText(merged.text, s.text)
			}
			if s.hasHTML && (!merged.hasHTML || strings.TrimSpace(merged.html) == "") {
				merged.html, merged.hasHTML = s.html, true
			} else if s.hasHTML && c.children != nil {
				merged.html += "\n" + s.html
			}
		}
		b.segments = b.segments[:from]
	}
	b.segments = b.segments[:first]
	if merged.hasText && merged.hasHTML && stub(merged.text) {
		merged.text, merged.hasText = "", false
	}
	if merged.hasText || merged.hasHTML {
		b.segments = append(b.segments, merged)
	}
}

// stub tells the plain form of a text that only says that the text is in the other one.
func stub(text string) bool {
	low := strings.ToLower(strings.TrimSpace(text))
	if len(low) > 250 || !strings.Contains(low, "html") {
		return false
	}
	for _, w := range []string{"不支持", "無法", "无法", "浏览器", "瀏覽器", "客户端", "html格式", "message is html", "an html message", "html message", "html version", "html email", "html e-mail", "html mail", "html format", "support html", "view html", "html-capable", "html enabled", "html-enabled"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

func repeatsText(media string) bool {
	switch media {
	case "text/enriched", "text/richtext", "text/x-amp-html", "text/watch-html", "text/x-markdown", "text/markdown":
		return true
	}
	return false
}

// shown tells whether a leaf is part of what the writer wanted read.
func (b *body) shown(p *part, root bool) bool {
	if p.disposition == "attachment" {
		return false
	}
	switch p.media {
	case "text/plain", "text/html":
		return root || b.name(p) == ""
	case "text/enriched", "text/richtext", "text/markdown", "text/x-markdown":
		return root
	}
	return false
}

// show decodes a text leaf into a segment, taking uuencoded files out.
func (b *body) show(p *part) {
	raw := p.body
	if most := 4 * b.w.o.MaxTextBytes; len(raw) > most { // more than any encoding needs for what is kept
		raw = raw[:most]
		b.w.defects.note(DefectTextCut, "")
	}
	raw = b.unwrap(p.encoding, raw)
	isHTML := p.media == "text/html"
	if !isHTML {
		var blocks []uuBlock
		if blocks, raw = uuBlocks(raw); blocks != nil {
			for i := range blocks {
				u := &blocks[i]
				b.attached = append(b.attached, attachment{uu: u, meta: Attachment{
					Name: clip(decodeWords(u.name, b.hint), mostFileName), Type: "application/octet-stream", Bytes: int64(len(uuDecode(u.lines))),
				}})
			}
		}
	}
	if len(raw) > b.w.o.MaxTextBytes {
		raw = raw[:b.w.o.MaxTextBytes]
		b.w.defects.note(DefectTextCut, "")
	}
	text := b.decode(p, raw)
	switch { // what people's programs call a text and what it is
	case p.media == "text/plain" && looksHTML([]byte(text)):
		isHTML = true
		b.w.defects.note(DefectWrongType, p.media)
	case isHTML && !tagged(text) && strings.TrimSpace(text) != "":
		isHTML, text = false, html.UnescapeString(text)
		b.w.defects.note(DefectWrongType, p.media)
	}
	s := segment{}
	switch {
	case isHTML:
		s.html, s.hasHTML = text, true
	case p.media == "text/enriched" || p.media == "text/richtext":
		s.text, s.hasText = plainText(htmlText(text)), true
	default:
		// QQ Mail writes this entity even into its plain text.
		s.text, s.hasText = strings.ReplaceAll(plainText(text), "&nbsp;", " "), true
		if strings.EqualFold(p.params.get("format"), "flowed") {
			s.text = unflow(s.text, strings.EqualFold(p.params.get("delsp"), "yes"))
		}
	}
	b.segments = append(b.segments, s)
}

// unwrap undoes the transfer encoding of a text, the one it has rather than the one it declares.
func (b *body) unwrap(encoding string, raw []byte) []byte {
	switch encoding {
	case "":
		out, enc := undeclared(raw)
		if enc != "" {
			b.w.defects.note(DefectWrongEncoding, enc)
		}
		return out
	case "base64":
		out, foreign := decodeBase64(raw)
		if foreign == 0 && bytes.IndexByte(raw, ' ') < 0 {
			return out
		}
		coded, tail := cutTail(raw)
		if foreign > 0 || len(tail) > 0 {
			b.w.defects.note(DefectBadBase64, "")
		}
		if len(tail) > 0 {
			out, _ = decodeBase64(coded)
			return append(append(out, '\n', '\n'), tail...)
		}
		// Most letters of plain text belong to base64's alphabet; its blanks and
		// other characters give it away.
		if foreign*8 > len(raw) || bytes.Count(raw, []byte(" "))*40 > len(raw) {
			b.w.defects.note(DefectNotBase64, "")
			return raw
		}
		return out
	}
	out, _ := decodeTransfer(encoding, raw)
	return out
}

// decode brings the bytes of a text into UTF-8.
func (b *body) decode(p *part, raw []byte) string {
	charset := p.params.get("charset")
	if p.media == "text/html" && charset == "" {
		charset = metaCharset(raw)
	}
	if charset == "" {
		charset = b.hint
	}
	text, used := decodeCharset(raw, charset)
	if name := cleanCharset(charset); used != "" && used != name || used == "" && name != "" && name != "utf-8" && name != "us-ascii" && !isASCII(text) {
		if used == "" {
			used = "utf-8"
		}
		if charset == "" {
			charset = "none"
		}
		b.w.defects.note(DefectWrongCharset, oneLine(strings.ToValidUTF8(charset[:min(len(charset), 60)], "?"))+" read as "+used)
	}
	return text
}

// tagged tells whether a text holds anything that HTML would read as a tag.
func tagged(s string) bool {
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 || i+1 >= len(s) {
			return false
		}
		s = s[i+1:]
		if c := s[0] | 0x20; (c >= 'a' && c <= 'z' || s[0] == '/' || s[0] == '!') && strings.IndexByte(s[:min(len(s), 1000)], '>') > 0 {
			return true
		}
	}
}

// attach notes a leaf as an attachment.
func (b *body) attach(p *part) {
	id := cleanID(strings.Trim(p.header.get("Content-ID"), "<> "))
	name := b.name(p)
	switch low := strings.ToLower(name); {
	case p.media == "application/ms-tnef" || p.media == "application/vnd.ms-tnef" || low == "winmail.dat":
		b.w.defects.note(DefectWinmail, "")
	case p.media == "application/pkcs7-mime" || p.media == "application/x-pkcs7-mime" || p.media == "application/pgp-encrypted" || low == "smime.p7m":
		b.w.defects.note(DefectEncrypted, "")
	}
	b.attached = append(b.attached, attachment{part: p, meta: Attachment{
		Name:      name,
		Type:      p.media,
		Bytes:     transferSize(p.encoding, p.body),
		ContentID: id,
		Inline:    p.disposition == "inline" || p.disposition == "" && id != "",
	}})
}

// name is the file name of a part without folders, "" when it has none.
func (b *body) name(p *part) string {
	v := p.dispParams.get("filename")
	if v == "" {
		v = p.params.get("name")
	}
	if v == "" {
		return ""
	}
	v = decodeWords(v, b.hint)
	if p := unpercent(v); len(p) < len(v) && !isASCII(string(p)) && utf8.Valid(p) && isASCII(v) {
		v = oneLine(string(p)) // written as in a web address
	}
	v = v[strings.LastIndexAny(v, `/\`)+1:]
	if len(v) > mostFileName { // its end says what it is
		end := len(v) - mostFileName + len("…")
		for !utf8.RuneStart(v[end]) {
			end++
		}
		v = "…" + v[end:]
	}
	return v
}

// texts puts the segments together. text is the shown text, from the HTML
// where there is nothing else; markup is the HTML, not yet sanitised, "" when
// no segment has any.
func (b *body) texts() (text, markup string) {
	anyHTML := false
	for i := 1; i < len(b.segments); i++ { // the same text twice, outside of an alternative
		a, c := &b.segments[i-1], &b.segments[i]
		if a.hasText && !a.hasHTML && c.hasHTML && !c.hasText && sameText(a.text, htmlText(c.html)) {
			c.text, c.hasText, a.hasText = a.text, true, false
			a.text = ""
		}
	}
	for _, s := range b.segments {
		anyHTML = anyHTML || s.hasHTML
	}
	var m strings.Builder
	for _, s := range b.segments {
		t := s.text
		if s.hasHTML && strings.TrimSpace(t) == "" {
			t = plainText(htmlText(s.html))
		}
		text = joinText(text, t)
		switch {
		case s.hasHTML:
			m.WriteString(s.html)
			m.WriteByte('\n')
		case anyHTML && strings.TrimSpace(s.text) != "":
			m.WriteString("<pre>" + html.EscapeString(s.text) + "</pre>\n")
		}
	}
	return text, m.String()
}

func joinText(a, b string) string {
	switch {
	case strings.TrimSpace(a) == "":
		return b
	case strings.TrimSpace(b) == "":
		return a
	}
	return strings.TrimRight(a, "\n") + "\n\n" + b
}

// sameText compares two texts without their blanks.
func sameText(a, b string) bool {
	a, b = strings.Join(strings.Fields(a), ""), strings.Join(strings.Fields(b), "")
	return a == b && a != ""
}

// plainText normalises line ends and drops NULs and other control characters
// but tab and line feed.
func plainText(s string) string {
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\n' && s[i] != '\t' || s[i] == 0x7f {
			return strings.Map(func(r rune) rune {
				if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
					return -1
				}
				return r
			}, s)
		}
	}
	return s
}

// unflow joins the lines that format=flowed broke (RFC 3676).
func unflow(s string, delsp bool) string {
	lines := strings.Split(s, "\n")
	var sb strings.Builder
	sb.Grow(len(s))
	for i, l := range lines {
		depth := quoteDepth(l)
		next := i+1 < len(lines) && quoteDepth(lines[i+1]) == depth && strings.TrimLeft(lines[i+1], "> ") != ""
		if depth == 0 && strings.HasPrefix(l, " ") {
			l = l[1:] // space-stuffing
		}
		if strings.HasSuffix(l, " ") && l != "-- " && next && !strings.HasPrefix(lines[i+1], "-- ") && depth == 0 {
			if delsp {
				l = l[:len(l)-1]
			}
			sb.WriteString(l)
			continue
		}
		sb.WriteString(l)
		if i < len(lines)-1 {
			sb.WriteByte('\n')
		}
	}
	return sb.String()
}

func quoteDepth(l string) int {
	n := 0
	for n < len(l) && l[n] == '>' {
		n++
	}
	return n
}
