package intent

import (
	"slices"
	"strings"
)

// numeral is a run of letters and digits that may identify something.
type numeral struct {
	from, to int    // in the script
	text     string // as written, half width, blanks removed
	digits   string // the digits alone
	spoken   bool   // said in words: 幺三六…, one three six …
}

// pure tells whether there is nothing but digits, blanks and dashes.
func (n numeral) pure() bool { return len(n.digits) == len(strings.ReplaceAll(n.text, "-", "")) }

// chineseDigit gives the ASCII digit that a character is read as, or 0.
func chineseDigit(r rune) byte {
	switch r {
	case '零', '〇', '洞':
		return '0'
	case '幺', '一', '壹':
		return '1'
	case '二', '两', '贰':
		return '2'
	case '三', '叁':
		return '3'
	case '四', '肆':
		return '4'
	case '五', '伍':
		return '5'
	case '六', '陆':
		return '6'
	case '七', '柒', '拐':
		return '7'
	case '八', '捌':
		return '8'
	case '九', '玖', '勾':
		return '9'
	}
	return 0
}

var englishDigits = map[string]string{
	"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
	"six": "6", "seven": "7", "eight": "8", "nine": "9",
}

// numeralsOf finds all numerals of a text in one pass.
func numeralsOf(t script) []numeral {
	var out []numeral
	f := t.folded
	for i := 0; i < len(f); {
		var n numeral
		var ok bool
		switch {
		case isWord(f[i]) || f[i] == '+' && i+1 < len(f) && isDigit(f[i+1]):
			if n, ok = spokenEnglish(f, i); !ok {
				n, ok = writtenNumeral(t, i)
			}
		case chineseDigit(f[i]) != 0:
			n, ok = spokenChinese(f, i)
		}
		if ok {
			out = append(out, n)
		}
		i = max(i+1, n.to)
	}
	return out
}

func isNumeralRune(r rune) bool { return isWord(r) || r == '_' || r == '-' || r == '*' }

// writtenNumeral reads letters, digits, dashes and underlines. Groups of
// digits with blanks or dashes between them are one numeral. Where there is no
// digit it still tells how far to go on.
func writtenNumeral(t script, i int) (numeral, bool) {
	f := t.folded
	j := i + 1
	for j < len(f) && (isNumeralRune(f[j]) || f[j] == '.' && j+1 < len(f) && isWord(f[j+1]) && !isDigit(f[j+1])) {
		j++
	}
	for groups := !slices.ContainsFunc(f[i:j], isLatin); groups && isDigit(f[j-1]); {
		k := j
		for k < len(f) && k-j < 3 && (f[k] == ' ' || f[k] == '-') {
			k++
		}
		if k == j || k >= len(f) || !isDigit(f[k]) {
			break
		}
		for k < len(f) && (isDigit(f[k]) || f[k] == '-') {
			k++
		}
		if k < len(f) && (isLatin(f[k]) && f[k] != 'x' || f[k] == '.' && k+1 < len(f) && isWord(f[k+1]) || f[k] == '_' || f[k] == ':') {
			break
		}
		if k < len(f) && f[k] == 'x' {
			k++
		}
		j = k
	}
	for j > i+1 && (f[j-1] == '-' || f[j-1] == '*') {
		j--
	}
	if i > 0 && (f[i-1] == '@' || f[i-1] == '.') || j < len(f) && f[j] == '@' {
		return numeral{to: j}, false
	}
	n := numeral{from: i, to: j, text: strings.ReplaceAll(strings.TrimPrefix(t.slice(i, j), "+"), " ", "")}
	n.digits = strings.Map(func(r rune) rune {
		if isDigit(r) {
			return r
		}
		return -1
	}, n.text)
	return n, n.digits != ""
}

// spokenChinese reads digits said one by one: four or more, so that "两三个"
// and "一二" are none.
func spokenChinese(f []rune, i int) (numeral, bool) {
	var b strings.Builder
	j, last := i, i
	for j < len(f) {
		if d := chineseDigit(f[j]); d != 0 {
			b.WriteByte(d)
			j++
			last = j
			continue
		}
		if isDigit(f[j]) {
			b.WriteByte(byte(f[j]))
			j++
			last = j
			continue
		}
		if (f[j] == ' ' || f[j] == ',' || f[j] == '、' || f[j] == '-' || f[j] == '.') && j+1 < len(f) && (chineseDigit(f[j+1]) != 0) {
			j++
			continue
		}
		break
	}
	if b.Len() < 4 {
		return numeral{to: last}, false
	}
	if last < len(f) && strings.ContainsRune("十百千万元块年月个", f[last]) {
		return numeral{to: last}, false
	}
	return numeral{from: i, to: last, text: b.String(), digits: b.String(), spoken: true}, true
}

// spokenEnglish reads "one three six double oh …", four digits or more.
func spokenEnglish(f []rune, i int) (numeral, bool) {
	var b strings.Builder
	times, j, last := 1, i, i
	for j < len(f) {
		k := j
		for k < len(f) && isLatin(f[k]) {
			k++
		}
		if k == j || k-j > 6 {
			break
		}
		switch w := string(f[j:k]); {
		case w == "double":
			times = 2
		case w == "triple":
			times = 3
		case englishDigits[w] != "":
			b.WriteString(strings.Repeat(englishDigits[w], times))
			times, last = 1, k
		default:
			k = len(f)
		}
		if k == len(f) {
			break
		}
		j = k
		for j < len(f) && (f[j] == ' ' || f[j] == ',' || f[j] == '-') {
			j++
		}
	}
	if b.Len() < 4 {
		return numeral{}, false
	}
	return numeral{from: i, to: last, text: b.String(), digits: b.String(), spoken: true}, true
}

// mobile gives the 11 digits of a Chinese mobile number, the country code
// dropped, or "".
func mobile(digits string) string {
	for _, code := range []string{"", "86", "0086"} {
		d, ok := strings.CutPrefix(digits, code)
		if ok && len(d) == 11 && d[0] == '1' && d[1] >= '3' {
			return d
		}
	}
	return ""
}

// nationalID gives the number in capitals where its check digit is right
// (GB 11643: weights, sum modulo 11), or "".
func nationalID(s string) string {
	s = strings.ToUpper(strings.ReplaceAll(s, "-", ""))
	if len(s) != 18 {
		return ""
	}
	sum := 0
	for i, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		if s[i] < '0' || s[i] > '9' {
			return ""
		}
		sum += int(s[i]-'0') * w
	}
	if "10X98765432"[sum%11] != s[17] {
		return ""
	}
	return s
}

// luhn tells whether a card number's check digit is right.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
