package intent

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// script is a text made ready for reading. Both slices have the same length:
// plain keeps the case and the characters that were written, in half width;
// folded is lower case and simplified, for the lexicon.
type script struct {
	plain  []rune
	folded []rune
}

// slice gives the written characters between two positions.
func (t script) slice(from, to int) string { return string(t.plain[from:to]) }

// ownText joins the subject and the customer's own words: quoted mail, a
// forwarded history and a signature are somebody else's words or old ones.
func ownText(m Message) string {
	var b strings.Builder
	b.Grow(len(m.Subject) + len(m.Text) + 1)
	if m.Subject != "" {
		b.WriteString(m.Subject)
		b.WriteByte('\n')
	}
	text := strings.ReplaceAll(m.Text, "&nbsp;", " ")
	for rest := text; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, ">") || strings.HasPrefix(trimmed, "＞") {
			continue
		}
		if headsQuote(trimmed) {
			if next := strings.TrimSpace(rest); !strings.HasPrefix(next, ">") && !strings.HasPrefix(next, "＞") {
				break // the old mail follows unmarked, to the end
			}
			continue
		}
		if endsOwnText(trimmed) {
			break
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// endsOwnText tells whether a line opens a quotation or a signature.
func endsOwnText(line string) bool {
	switch line {
	case "--", "—", "——", "- -", "___", "________________________________":
		return true
	}
	if !strings.ContainsRune("-发發sS从來来获gG原", firstOf(line)) {
		return false
	}
	const longestMark = 80 // bytes, with room for letters that are shorter in lower case
	low := strings.ToLower(line[:min(len(line), longestMark)])
	for _, mark := range []string{
		"-----original", "----- original", "-----原始", "------原始", "--- 原始", "------------------ 原始",
		"发自我的", "發自我的",
		"sent from my", "从我的iphone", "來自我的", "来自我的", "获取 outlook", "get outlook for",
		"-----邮件原件", "原邮件", "----- 原", "---- 回复",
	} {
		if strings.HasPrefix(low, mark) {
			return true
		}
	}
	return false
}

// firstOf is the first character of a line, U+FFFD of an empty one.
func firstOf(line string) rune {
	r, _ := utf8.DecodeRuneInString(line)
	return r
}

// headsQuote knows the line above a quotation: "On … wrote:", "…写道：".
func headsQuote(line string) bool {
	if strings.HasSuffix(line, "wrote:") {
		return true
	}
	return strings.HasSuffix(line, "写道：") || strings.HasSuffix(line, "写道:") ||
		strings.HasSuffix(line, "寫道：") || strings.HasSuffix(line, "寫道:")
}

// normalise folds a text in one pass, into the memory of an old one: invalid bytes become U+FFFD, invisible
// characters go, full width becomes half width, white space becomes one space
// (line ends stay), and Han characters spread out with blanks or dots between
// them ("自 动 续 费") close up.
func (t script) normalise(s string) script {
	t.plain, t.folded = t.plain[:0], t.folded[:0]
	if n := utf8.RuneCountInString(s); n > cap(t.plain) || n > cap(t.folded) {
		t.plain, t.folded = make([]rune, 0, n), make([]rune, 0, n)
	}
	for _, r := range s {
		r = halfWidth(r)
		if r < 0 {
			continue
		}
		if k := len(t.plain); r == ' ' && (k == 0 || t.plain[k-1] == ' ' || t.plain[k-1] == '\n') {
			continue
		}
		t.plain = append(t.plain, r)
		t.folded = append(t.folded, fold(r))
	}
	return t.closeUp()
}

// halfWidth maps a character to the one the rules are written for, or to -1
// where it is invisible.
func halfWidth(r rune) rune {
	switch {
	case r >= 0x21 && r < 0x7f, isHan(r):
		return r
	case r >= 0xff01 && r <= 0xff5e:
		return r - 0xfee0
	case r == '\n' || r == 0x2028 || r == 0x2029:
		return '\n'
	case r == ' ' || r == '\t' || r == 0xa0 || r == 0x3000 || r >= 0x2000 && r <= 0x200a || r == 0x202f:
		return ' '
	case r < 0x20 || r == 0x7f:
		return -1
	case r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x2064 ||
		r >= 0xfe00 && r <= 0xfe0f || r == 0xfeff || r == 0x20e3 || r == 0xad:
		return -1
	case r == '‘' || r == '’' || r == '`' || r == '´':
		return '\''
	case r == '“' || r == '”' || r == '「' || r == '」' || r == '『' || r == '』':
		return '"'
	case r >= 0x2010 && r <= 0x2015 || r == 0x2212:
		return '-'
	case r == '﹣' || r == '﹘':
		return '-'
	case r == '￥':
		return '¥'
	case r < 0x2070:
		return r
	case r >= 0x2070 && r <= 0x2079 || r >= 0x2460 && r <= 0x24ff || r >= 0x2f00 && r <= 0x2fdf ||
		r >= 0xf900 && r <= 0xfaff || r >= 0x1d400 && r <= 0x1d7ff:
		return compatible(r)
	}
	return r
}

// compatible gives the plain form of a styled character, itself where the
// plain form is longer than one character.
func compatible(r rune) rune {
	d := norm.NFKC.String(string(r))
	if c, size := utf8.DecodeRuneInString(d); size == len(d) && c != utf8.RuneError {
		return c
	}
	return r
}

func fold(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	if isHan(r) {
		return simplified()[r-firstHan]
	}
	return unicode.ToLower(r)
}

// closeUp drops the separators in a word that was spread out to slip past
// filters, or by a keyboard: a separator between two Han characters of which
// neither touches another.
func (t script) closeUp() script {
	f := t.folded
	drop := func(i int) bool {
		if i == 0 || i+1 >= len(f) || !isSpreader(f[i]) || !isHan(f[i-1]) || !isHan(f[i+1]) {
			return false
		}
		return (i < 2 || !isHan(f[i-2])) && (i+2 >= len(f) || !isHan(f[i+2]))
	}
	first := 0
	for first < len(f) && !drop(first) {
		first++
	}
	if first == len(f) {
		return t
	}
	out := script{plain: make([]rune, 0, len(f)), folded: make([]rune, 0, len(f))}
	for i := range f {
		if i >= first && drop(i) {
			continue
		}
		out.plain = append(out.plain, t.plain[i])
		out.folded = append(out.folded, f[i])
	}
	return out
}

func isSpreader(r rune) bool {
	switch r {
	case ' ', '.', '*', '·', '-', '_', '/', '|', '~':
		return true
	}
	return false
}

func isHan(r rune) bool   { return r >= firstHan && r <= lastHan }
func isDigit(r rune) bool { return r >= '0' && r <= '9' }
func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
func isWord(r rune) bool  { return isDigit(r) || isLatin(r) }

// at gives the folded character at a position, 0 outside the text.
func (t script) at(i int) rune {
	if i < 0 || i >= len(t.folded) {
		return 0
	}
	return t.folded[i]
}
