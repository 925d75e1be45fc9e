package mailin

import (
	"bytes"
	"net/url"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// policy is what may remain of a mail's HTML: text, structure, links and
// pictures; no script, style, form or frame. Building it is slow, so it is
// built once; bluemonday policies are safe for concurrent use afterwards.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.AllowElements("font", "center")
	p.AllowAttrs("color").Matching(bluemonday.SpaceSeparatedTokens).OnElements("font")
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
})

// sanitise makes a mail's HTML harmless and points its cid: pictures at
// prefix. Its output is well-formed, so that `src="cid:` can only be an
// attribute: inside text and values the sanitiser escapes every quote.
func sanitise(markup, prefix string) string {
	out := strings.TrimSpace(policy().Sanitize(strings.ReplaceAll(markup, "\x00", "")))
	const mark = `src="cid:`
	if prefix == "" || !strings.Contains(out, mark) {
		return out
	}
	var sb strings.Builder
	for {
		i := strings.Index(out, mark)
		if i < 0 {
			break
		}
		j := strings.IndexByte(out[i+len(mark):], '"')
		if j < 0 {
			break
		}
		id := html.UnescapeString(out[i+len(mark) : i+len(mark)+j])
		if u, err := url.PathUnescape(id); err == nil {
			id = u
		}
		sb.WriteString(out[:i] + `src="` + html.EscapeString(prefix+url.PathEscape(id)) + `"`)
		out = out[i+len(mark)+j+1:]
	}
	sb.WriteString(out)
	return sb.String()
}

// metaCharset reads the charset that the first kilobyte of HTML declares.
func metaCharset(b []byte) string {
	head := bytes.ToLower(b[:min(len(b), 1024)])
	i := bytes.Index(head, []byte("charset="))
	if i < 0 {
		return ""
	}
	v := bytes.TrimLeft(head[i+8:], "\"' ")
	if j := bytes.IndexAny(v, "\"'> ;/"); j >= 0 {
		v = v[:j]
	}
	return string(v)
}

// textWriter lays out the text of an HTML mail.
type textWriter struct {
	sb       strings.Builder
	quote    int  // depth of blockquotes
	breaks   int  // line ends written since the last character
	space    bool // a blank is due before the next character
	started  bool
	lineOpen bool
}

// htmlText turns HTML into plain text in one pass over its tokens. Unlike a
// general converter it adds nothing between inline elements, for in Chinese a
// blank in the middle of a word changes it; quotations come out with "> ".
func htmlText(markup string) string {
	z := html.NewTokenizer(strings.NewReader(markup))
	var w textWriter
	w.sb.Grow(len(markup) / 3)
	skip, pre := 0, 0
	var skipped atom.Atom
	for {
		switch tt := z.Next(); tt {
		case html.ErrorToken:
			return strings.TrimRight(w.sb.String(), " \n")
		case html.TextToken:
			if skip == 0 {
				w.text(unescaped(z.Text()), pre > 0)
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, more := z.TagName()
			a := atom.Lookup(name)
			end := tt == html.EndTagToken
			if skip > 0 {
				if a == skipped {
					if end {
						skip--
					} else if tt == html.StartTagToken {
						skip++
					}
				}
				continue
			}
			switch a {
			case atom.Script, atom.Style, atom.Title, atom.Noscript:
				if tt == html.StartTagToken {
					skip, skipped = 1, a
				}
			case atom.Pre:
				pre = max(0, pre+step(end))
				w.line(1)
			case atom.Blockquote:
				w.line(1)
				w.quote = min(max(0, w.quote+step(end)), 8)
			case atom.Br:
				w.br()
			case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table, atom.Dl:
				w.line(2)
			case atom.Hr:
				w.line(1)
				if more && strings.Contains(attribute(z, "style"), "width: 210px") { // Foxmail's, above a signature
					w.sign()
				}
			case atom.Div, atom.Tr, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center, atom.Address, atom.Dt, atom.Dd, atom.Fieldset, atom.Form, atom.Figure, atom.Caption:
				w.line(1)
				if a == atom.Li && !end {
					w.text("- ", false)
					w.space = false
					w.sb.WriteByte(' ')
				}
				if more && !end && (a == atom.Div || a == atom.Address) && signs(z) {
					w.sign()
				}
			case atom.A, atom.Span:
				if more && !end && signs(z) {
					w.line(1)
					w.sign()
				}
			case atom.Td, atom.Th:
				w.space = w.space || w.lineOpen
			case atom.Img:
				if more && !end {
					w.text(attribute(z, "alt"), false)
				}
			}
		}
	}
}

// signs tells an element that mail programs wrap the signature in.
func signs(z *html.Tokenizer) bool {
	for {
		k, v, more := z.TagAttr()
		if len(v) < 500 && (string(k) == "id" || string(k) == "class") {
			v = bytes.ToLower(v)
			if string(v) == "signature" || string(v) == "x_signature" { // Outlook on the web
				return true
			}
			for _, name := range []string{
				"gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "applemailsignature", "protonmail_signature_block",
				"tutanota_signature", "xm_write_card", "divneteasemailcard", "ntes-mailmaster", "foxmail_signature", "lark-mail-signature",
			} {
				if bytes.Contains(v, []byte(name)) {
					return !bytes.Contains(v, []byte("prefix"))
				}
			}
		}
		if !more {
			return false
		}
	}
}

// sign writes the line above a signature (RFC 3676 4.3), for the element that says it in HTML.
func (w *textWriter) sign() {
	if !w.started || w.quote > 0 || strings.HasSuffix(strings.TrimRight(w.sb.String(), " \n"), "\n--") {
		return
	}
	w.sb.WriteString("-- ")
	w.lineOpen, w.breaks = true, 0
	w.newline()
}

func step(end bool) int {
	if end {
		return -1
	}
	return 1
}

func attribute(z *html.Tokenizer, name string) string {
	for {
		k, v, more := z.TagAttr()
		if string(k) == name {
			return string(v)
		}
		if !more {
			return ""
		}
	}
}

func unescaped(b []byte) string {
	if bytes.IndexByte(b, '&') < 0 {
		return string(b)
	}
	return html.UnescapeString(string(b))
}

// line ends the current line, if one is open, and leaves n-1 blank lines.
func (w *textWriter) line(n int) {
	w.space = false
	if !w.started {
		return
	}
	for w.breaks < n {
		w.newline()
	}
}

func (w *textWriter) br() {
	w.space = false
	if w.started && w.breaks < 3 {
		w.newline()
	}
}

func (w *textWriter) newline() {
	if !w.lineOpen && w.quote > 0 {
		w.sb.WriteString(strings.Repeat(">", w.quote))
	}
	w.sb.WriteByte('\n')
	w.breaks++
	w.lineOpen = false
}

// text writes words, blanks between them collapsed unless pre.
func (w *textWriter) text(s string, pre bool) {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case pre && r == '\n':
			w.newline()
			w.breaks = min(w.breaks, 3)
			s = s[n:]
			continue
		case r == '\u200b' || r == '\ufeff' || r == '\u00ad':
			s = s[n:]
			continue
		case unicode.IsSpace(r) && (!pre || !w.lineOpen) && !(pre && r == ' '):
			w.space = w.space || w.lineOpen
			s = s[n:]
			continue
		}
		end := 0
		for end < len(s) {
			r, n := utf8.DecodeRuneInString(s[end:])
			if r == '\n' || r == '\u200b' || r == '\ufeff' || r == '\u00ad' || unicode.IsSpace(r) && !pre {
				break
			}
			end += n
		}
		if !w.lineOpen && w.quote > 0 {
			w.sb.WriteString(strings.Repeat(">", w.quote) + " ")
		}
		if w.space {
			w.sb.WriteByte(' ')
		}
		w.sb.WriteString(s[:end])
		w.space, w.started, w.lineOpen, w.breaks = false, true, true, 0
		s = s[end:]
	}
}
