package mailin

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// decodeWords decodes a header value: encoded words (RFC 2047) wherever they
// stand, raw 8-bit bytes by the charset rule chain with hint as the declared
// one. Neighbouring words of one charset are joined as bytes first, because
// mailers cut words inside a character. The result is one line.
func decodeWords(s, hint string) string {
	if !strings.Contains(s, "=?") {
		if !isASCII(s) {
			s, _ = decodeCharset([]byte(s), hint)
		}
		return oneLine(s)
	}
	var out strings.Builder
	var r wordRun
	flush := func() {
		out.WriteString(r.text())
		r = wordRun{}
	}
	noMore := false // no word ends behind this point
	for len(s) > 0 && !noMore {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n, ended := parseWord(s[i:])
		if n == 0 {
			noMore = !ended
			flush()
			out.WriteString(rawText(s[:i+2], hint))
			s = s[i+2:]
			continue
		}
		between := s[:i]
		if r.words == 0 || strings.TrimSpace(between) != "" {
			flush()
			out.WriteString(rawText(between, hint))
		}
		if r.words > 0 && !strings.EqualFold(w.charset, r.charset) {
			flush()
		}
		r.add(w)
		s = s[i+n:]
	}
	flush()
	out.WriteString(rawText(s, hint))
	return oneLine(out.String())
}

// wordRun is a run of neighbouring encoded words of one charset.
type wordRun struct {
	words   int
	charset string
	bytes   []byte // each word decoded by itself
	// Some mailers encode a whole text as base64 and cut that wherever a line is full, so that a word
	// ends inside a group of four. joined is the words decoded as if they were one, nil as long as
	// that makes no difference.
	joined []byte
	group  string // what the last word left over of a group, at most three characters
}

func (r *wordRun) add(w encodedWord) {
	r.words++
	r.charset = w.charset
	if !w.base64 {
		b := decodeQWord(w.payload)
		r.bytes = append(r.bytes, b...)
		if r.joined != nil {
			r.joined = append(r.joined, b...)
		}
		r.group = ""
		return
	}
	payload := strings.TrimSpace(w.payload)
	if r.group != "" && r.joined == nil {
		r.joined = append([]byte{}, r.bytes...)
	}
	if r.joined != nil {
		before, _ := decodeBase64([]byte(r.group))
		b, _ := decodeBase64([]byte(r.group + payload))
		r.joined = append(r.joined, b[min(len(before), len(b)):]...)
	}
	b, _ := decodeBase64([]byte(payload))
	r.bytes = append(r.bytes, b...)
	all := r.group + payload
	r.group = all[len(all)-len(all)%4:]
	if strings.HasSuffix(all, "=") {
		r.group = ""
	}
}

// text is the run in UTF-8: the words by themselves, unless they are readable only as one.
func (r *wordRun) text() string {
	if r.words == 0 {
		return ""
	}
	alone, used := decodeCharset(r.bytes, r.charset)
	if r.joined == nil || used == "" || used == cleanCharset(r.charset) && !strings.Contains(alone, "\uFFFD") {
		return alone
	}
	if together, used := decodeCharset(r.joined, r.charset); (used == "" || used == cleanCharset(r.charset)) && strings.Count(together, "\uFFFD") <= strings.Count(alone, "\uFFFD") {
		return together
	}
	return alone
}

func rawText(s, hint string) string {
	if isASCII(s) {
		return s
	}
	t, _ := decodeCharset([]byte(s), hint)
	return t
}

// encodedWord is one encoded word (RFC 2047), its payload not yet decoded.
type encodedWord struct {
	charset, payload string
	base64           bool
}

// parseWord reads the encoded word that s starts with. n is its length, 0
// when it is none; ended is false when nothing in s could end a word.
func parseWord(s string) (w encodedWord, n int, ended bool) {
	p := 2
	i := strings.IndexByte(s[p:min(len(s), p+64)], '?')
	if i < 0 {
		return w, 0, true
	}
	w.charset = s[p : p+i]
	p += i + 1
	if len(s) < p+2 || s[p+1] != '?' || strings.ContainsAny(w.charset, " \t=<>\"") {
		return w, 0, true
	}
	enc := s[p] | 0x20
	if enc != 'b' && enc != 'q' {
		return w, 0, true
	}
	p += 2
	end := strings.Index(s[p:], "?=")
	if end < 0 {
		return w, 0, false
	}
	w.payload, w.base64 = s[p:p+end], enc == 'b'
	if j := strings.IndexByte(w.charset, '*'); j >= 0 { // RFC 2231 language tag
		w.charset = w.charset[:j]
	}
	return w, p + end + 2, true
}

func decodeQWord(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_':
			b = append(b, ' ')
		case c == '=' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return b
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// oneLine turns line ends and tabs into blanks, drops other control
// characters and those that reorder what a reader sees, and trims.
func oneLine(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f || s[i] >= utf8.RuneSelf {
			clean = false
			break
		}
	}
	if clean {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r) || bidiControl(r) || r == '\ufeff':
			return -1
		}
		return r
	}, s))
}

// bidiControl tells the characters that change the direction of text, with
// which a file name or sender is made to look like another one.
func bidiControl(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
