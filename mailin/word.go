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
	var run []byte // decoded bytes of neighbouring words
	runCharset := ""
	flush := func() {
		if run != nil {
			t, _ := decodeCharset(run, runCharset)
			out.WriteString(t)
			run = nil
		}
	}
	noMore := false // no word ends behind this point
	for len(s) > 0 && !noMore {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		cs, b, n, ended := parseWord(s[i:])
		if n == 0 {
			noMore = !ended
			flush()
			out.WriteString(rawText(s[:i+2], hint))
			s = s[i+2:]
			continue
		}
		between := s[:i]
		if run == nil || strings.TrimSpace(between) != "" {
			flush()
			out.WriteString(rawText(between, hint))
		}
		if run != nil && !strings.EqualFold(cs, runCharset) {
			flush()
		}
		runCharset = cs
		run = append(run, b...)
		if run == nil {
			run = []byte{}
		}
		s = s[i+n:]
	}
	flush()
	out.WriteString(rawText(s, hint))
	return oneLine(out.String())
}

func rawText(s, hint string) string {
	if isASCII(s) {
		return s
	}
	t, _ := decodeCharset([]byte(s), hint)
	return t
}

// parseWord reads the encoded word that s starts with. n is its length, 0
// when it is none; ended is false when nothing in s could end a word.
func parseWord(s string) (charset string, b []byte, n int, ended bool) {
	p := 2
	i := strings.IndexByte(s[p:min(len(s), p+64)], '?')
	if i < 0 {
		return "", nil, 0, true
	}
	charset = s[p : p+i]
	p += i + 1
	if len(s) < p+2 || s[p+1] != '?' || strings.ContainsAny(charset, " \t=<>\"") {
		return "", nil, 0, true
	}
	enc := s[p] | 0x20
	if enc != 'b' && enc != 'q' {
		return "", nil, 0, true
	}
	p += 2
	end := strings.Index(s[p:], "?=")
	if end < 0 {
		return "", nil, 0, false
	}
	payload := s[p : p+end]
	if j := strings.IndexByte(charset, '*'); j >= 0 { // RFC 2231 language tag
		charset = charset[:j]
	}
	if enc == 'b' {
		b, _ = decodeBase64([]byte(payload))
	} else {
		b = decodeQWord(payload)
	}
	return charset, b, p + end + 2, true
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
