package mailin

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// decodeCharset turns bytes into UTF-8. Labels lie, so the rule chain is:
// valid UTF-8, the declared charset, GB18030, Big5, windows-1252, each taken
// only when the bytes fit. used names what was taken, "" for plain UTF-8.
func decodeCharset(b []byte, declared string) (text, used string) {
	name := cleanCharset(declared)
	if enc := lookupCharset(name); enc == nil && bytes.Contains(b, []byte("\x1b$")) {
		name = "iso-2022-jp" // the escape of no other charset
	}
	enc := lookupCharset(name)
	if stateful(name) && enc != nil {
		if s, bad := decodeWith(enc, b); bad == 0 || bad*20 < len(s) {
			return s, name
		}
	}
	if name == "utf-7" && !bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return decodeUTF7(b), name
	}
	if w := wide(b); w != "" {
		if s, bad := decodeWith(lookupCharset(w), b); bad == 0 {
			return s, w
		}
	}
	if utf8.Valid(b) {
		return string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))), ""
	}
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		if s, bad := decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), b); bad == 0 {
			return s, "utf-16"
		}
	}
	western := enc == nil || enc == charmap.Windows1252 || enc == charmap.ISO8859_1
	utf := name == "utf-8" || name == "us-ascii"
	if western && looksGB(b) {
		if s, bad := decodeWith(simplifiedchinese.GB18030, b); bad == 0 {
			return s, "gb18030"
		}
	}
	if enc != nil && !utf && liesAboutHan(b, name) {
		if s, used := guessHan(b); used != "" {
			return s, used
		}
	}
	if enc != nil && !utf {
		if s, bad := decodeWith(enc, b); bad == 0 || bad*25 <= utf8.RuneCountInString(s) {
			return s, name
		}
	}
	if utf { // a cut or damaged character does not make UTF-8 something else
		s, ok := mendLines(b)
		if multi, bad := countMulti(s); ok && bad <= multi/10+1 && multi > 0 {
			return s, ""
		}
	}
	if s, used := guessHan(b); used != "" {
		return s, used
	}
	if s, ok := mendLines(b); ok {
		return s, "utf-8"
	}
	s, _ := decodeWith(charmap.Windows1252, b)
	return s, "windows-1252"
}

// decodeWith decodes b and counts the characters that did not fit.
func decodeWith(enc encoding.Encoding, b []byte) (s string, bad int) {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		bad++
	}
	s = string(out)
	return strings.ToValidUTF8(s, "\uFFFD"), bad + strings.Count(s, "\uFFFD")
}

func countMulti(s string) (multi, bad int) {
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			bad++
		case r >= utf8.RuneSelf:
			multi++
		}
	}
	return multi, bad
}

// looksGB tells GB2312 text behind a western label: every run of high bytes
// has even length, and the runs are long, which accents in western words
// never are.
func looksGB(b []byte) bool {
	runs, high := 0, 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		start := i
		for i < len(b) && b[i] >= 0xA1 {
			i++
		}
		n := i - start
		if n == 0 || n%2 != 0 {
			return false
		}
		runs, high = runs+1, high+n
	}
	return runs > 0 && high >= 4*runs
}

// cleanCharset brings a charset label into the form that look-ups know.
func cleanCharset(s string) string {
	s = strings.ToLower(strings.Trim(s, " \t\"'"))
	if i := strings.IndexAny(s, " ;,*\"'\r\n"); i >= 0 {
		s = s[:i]
	}
	switch s {
	case "utf8", "utf_8", "unicode-1-1-utf-8", "x-utf-8", "utf-8n", "utf8mb4", "cp65001":
		return "utf-8"
	case "ascii", "ansi_x3.4-1968", "us_ascii", "7bit", "8bit", "unknown-8bit", "x-unknown", "default", "default_charset", "_autodetect", "_iso-2022-jp$esc", "binary":
		return "us-ascii"
	case "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "unicode-2-0-utf-7":
		return "utf-7"
	case "gb2312", "gbk", "gb_2312-80", "gb2312-80", "x-gbk", "cp936", "ms936", "936", "windows-936", "euc-cn", "euccn", "gb", "csgb2312", "chinese", "gb18030", "gb-18030", "gb-2312", "gb_2312", "x-gb2312", "gb18030-2000", "gb18030-2005":
		return "gb18030"
	case "hz", "hz-gb", "hz-gb2312":
		return "hz-gb-2312"
	}
	return s
}

// stateful charsets are valid ASCII or UTF-8 as bytes, so that their label is
// the only way to know them.
func stateful(name string) bool {
	return strings.HasPrefix(name, "iso-2022-") || name == "csiso2022jp" || name == "hz-gb-2312" || strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32")
}

// lookupCharset finds a decoder for a clean label, nil when there is none.
func lookupCharset(name string) encoding.Encoding {
	switch name {
	case "":
		return nil
	case "us-ascii", "utf-8":
		return unicode.UTF8
	case "gb18030":
		return simplifiedchinese.GB18030
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "utf-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "big5", "big5-hkscs", "big5hkscs", "cp950", "windows-950", "x-windows-950", "big-5":
		return traditionalchinese.Big5
	}
	for _, try := range []string{name, strings.ReplaceAll(name, "_", "-"), strings.Replace(name, "cp-", "cp", 1), strings.Replace(name, "cp", "windows-", 1), strings.Replace(name, "iso", "iso-", 1)} {
		if e, err := htmlindex.Get(try); err == nil && e != encoding.Replacement {
			return e
		}
		if e, err := ianaindex.MIME.Encoding(try); err == nil && e != nil && e != encoding.Replacement {
			return e
		}
	}
	return nil
}

// decodeUTF7 reads RFC 2152 text; what it can't read stays as it is.
func decodeUTF7(b []byte) string {
	var sb strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			sb.WriteByte(b[i])
			continue
		}
		j := i + 1
		for j < len(b) && base64Value[b[j]] < 64 && b[j] != '-' && b[j] != '_' {
			j++
		}
		switch {
		case j == i+1 && j < len(b) && b[j] == '-':
			sb.WriteByte('+')
		case j == i+1:
			sb.WriteByte('+')
			continue
		default:
			raw, _ := decodeBase64(b[i+1 : j])
			s, _ := decodeWith(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), raw[:len(raw)&^1])
			sb.WriteString(s)
		}
		i = j
		if j >= len(b) || b[j] != '-' {
			i--
		}
	}
	return strings.ToValidUTF8(sb.String(), "\uFFFD")
}
