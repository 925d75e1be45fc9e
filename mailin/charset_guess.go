package mailin

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// hanPairs counts how far bytes look like text in GB18030 and in Big5. Both write a character as a
// pair whose first byte is high, and nearly every pair is valid in both: what tells them apart is that
// people write common characters, and each standard has put those into one block.
type hanPairs struct {
	pairs     int // pairs whose first byte is high
	lone      int // high bytes before no second byte
	high      int // pairs whose second byte is high too
	gb, big5  int // pairs among the common characters and the punctuation of each
	badly     int // pairs that are no character of GB18030
	badlyBig5 int // nor of Big5
}

func countPairs(b []byte) (n hanPairs) {
	for i := 0; i < len(b); i++ {
		lead := b[i]
		if lead < 0x80 {
			continue
		}
		if i+1 == len(b) || b[i+1] < 0x30 {
			n.lone++
			continue
		}
		trail := b[i+1]
		i++
		if trail < 0x40 { // the four bytes of a rare character
			if i+2 < len(b) && b[i+1] >= 0x81 && b[i+2] >= 0x30 && b[i+2] <= 0x39 {
				i += 2
				n.pairs++
				n.badlyBig5++
				continue
			}
			n.lone++
			continue
		}
		n.pairs++
		if trail >= 0x80 {
			n.high++
		}
		// GB 2312: rows 1 to 3 are punctuation and letters, 16 to 55 the common characters.
		if trail >= 0xA1 && (lead >= 0xA1 && lead <= 0xA3 || lead >= 0xB0 && lead <= 0xD7) {
			n.gb++
		}
		if lead == 0x80 || lead == 0xFF || trail == 0x7F || trail == 0xFF {
			n.badly++
		}
		// Big5: A1 to A3 punctuation and letters, A4 to C6 the common characters.
		five := trail < 0x7F || trail >= 0xA1
		if five && lead >= 0xA1 && lead <= 0xC6 {
			n.big5++
		}
		if !five || lead < 0x81 || lead > 0xF9 {
			n.badlyBig5++
		}
	}
	return n
}

// guessHan reads bytes of no known charset as Chinese if that is what they look like: used names the
// charset, "" when they do not.
func guessHan(b []byte) (text, used string) {
	n := countPairs(b)
	// In a western language a high byte stands alone among letters, so that hardly a pair is all high.
	if n.pairs < 2 && (n.gb == 0 || n.lone > 0) || n.lone*10 > n.pairs || n.high*5 < n.pairs {
		return "", ""
	}
	if n.big5 > n.gb && n.badlyBig5*20 <= n.pairs && n.big5*10 >= n.pairs*7 {
		if s, bad := decodeWith(traditionalchinese.Big5, b); bad*20 <= n.pairs {
			return s, "big5"
		}
	}
	if n.gb*10 >= n.pairs*6 && n.badly*20 <= n.pairs {
		if s, bad := decodeWith(simplifiedchinese.GB18030, b); bad*20 <= n.pairs {
			return s, "gb18030"
		}
	}
	return "", ""
}

// liesAboutHan tells bytes that are labelled as one of the two Chinese charsets and are clearly the
// other one.
func liesAboutHan(b []byte, name string) bool {
	if name != "gb18030" && name != "big5" {
		return false
	}
	n := countPairs(b)
	if n.pairs < 6 {
		return false
	}
	if name == "big5" {
		return n.gb*20 >= n.pairs*19 // in Big5 every other second byte is no high one
	}
	return n.big5*20 >= n.pairs*19 && n.gb*2 < n.pairs
}

// mendLines reads text that is UTF-8 but for some of its lines, such as the footer that a server added
// in a charset of its own. ok is false where it is not UTF-8 at all.
func mendLines(b []byte) (text string, ok bool) {
	var sb strings.Builder
	sb.Grow(len(b))
	good := 0
	for line := range bytes.Lines(b) {
		if utf8.Valid(line) {
			if !isASCII(string(line)) {
				good++
			}
			sb.Write(line)
			continue
		}
		s := strings.ToValidUTF8(string(line), "\uFFFD")
		if multi, bad := countMulti(s); bad > multi/10+1 {
			if han, used := guessHan(line); used != "" {
				s = han
			}
		} else {
			good++
		}
		sb.WriteString(s)
	}
	return sb.String(), good > 0
}

// wide tells text of two bytes a character without a label: every second byte of what is mostly ASCII
// is zero.
func wide(b []byte) (name string) {
	if bytes.IndexByte(b, 0) < 0 {
		return ""
	}
	var even, odd int
	for i := 0; i+1 < len(b) && i < 4096; i += 2 {
		if b[i] == 0 {
			even++
		}
		if b[i+1] == 0 {
			odd++
		}
	}
	pairs := min(len(b), 4096) / 2
	switch {
	case pairs < 4 || len(b)%2 != 0:
		return ""
	case odd*10 >= pairs*4 && even*10 < pairs:
		return "utf-16le"
	case even*10 >= pairs*4 && odd*10 < pairs:
		return "utf-16be"
	}
	return ""
}
