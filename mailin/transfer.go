package mailin

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// base64Value maps a byte to its six bits, 64 for padding, 65 for line ends
// and blanks, 66 for what does not belong into base64.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 66
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['-'], t['_'], t['='] = 62, 63, 64 // the URL alphabet is forgiven
	t['\r'], t['\n'], t[' '], t['\t'] = 65, 65, 65, 65
	return t
}()

// decodeBase64 decodes whatever can be decoded: padding in the middle starts
// anew, foreign bytes are passed over and counted.
func decodeBase64(src []byte) (dst []byte, foreign int) {
	clean := make([]byte, base64.StdEncoding.DecodedLen(len(src)))
	if n, err := base64.StdEncoding.Decode(clean, src); err == nil {
		return clean[:n], 0
	}
	dst = make([]byte, 0, len(clean))
	var acc uint32
	bits := 0
	for _, c := range src {
		switch v := base64Value[c]; v {
		case 64:
			acc, bits = 0, 0
		case 65:
		case 66:
			foreign++
		default:
			acc = acc<<6 | uint32(v)
			if bits += 6; bits >= 8 {
				bits -= 8
				dst = append(dst, byte(acc>>bits))
			}
		}
	}
	return dst, foreign
}

// base64Size is the length of what decodeBase64 would return.
func base64Size(src []byte) int64 {
	var size, run int64
	for _, c := range src {
		if v := base64Value[c]; v < 64 {
			run++
		} else if v == 64 {
			size, run = size+run*6/8, 0
		}
	}
	return size + run*6/8
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// decodeQP decodes quoted-printable (RFC 2045 6.7). A = that starts no valid
// code stays as it is; blanks at the end of a line are dropped.
func decodeQP(src []byte) []byte { return appendQP(make([]byte, 0, len(src)), src) }

// appendQP is decodeQP into memory that is there.
func appendQP(dst, src []byte) []byte {
	for len(src) > 0 {
		line, rest, found := src, []byte(nil), false
		if i := bytes.IndexByte(src, '\n'); i >= 0 {
			line, rest, found = src[:i], src[i+1:], true
		}
		src = rest
		crlf := found && len(line) > 0 && line[len(line)-1] == '\r'
		line = bytes.TrimRight(line, " \t\r")
		soft := len(line) > 0 && line[len(line)-1] == '='
		if soft {
			line = line[:len(line)-1]
		}
		for {
			i := bytes.IndexByte(line, '=')
			if i < 0 {
				dst = append(dst, line...)
				break
			}
			dst = append(dst, line[:i]...)
			if i+2 < len(line) {
				if hi, lo := unhex(line[i+1]), unhex(line[i+2]); hi >= 0 && lo >= 0 {
					dst = append(dst, byte(hi<<4|lo))
					line = line[i+3:]
					continue
				}
			}
			dst = append(dst, '=')
			line = line[i+1:]
		}
		if found && !soft {
			if crlf {
				dst = append(dst, '\r')
			}
			dst = append(dst, '\n')
		}
	}
	return dst
}

// transferName brings a Content-Transfer-Encoding into one of base64,
// quoted-printable, uuencode, "" (as it is), or "?" when nobody knows it.
func transferName(v string) string {
	v = strings.ToLower(v)
	if i := strings.IndexAny(v, ";, \t("); i > 0 {
		v = v[:i]
	}
	switch v = strings.Trim(v, "\"' "); {
	case v == "" || strings.HasPrefix(v, "7bit") || strings.HasPrefix(v, "8bit") || v == "binary" || v == "7-bit" || v == "8-bit":
		return ""
	case strings.Contains(v, "base64") || v == "b" || v == "base" || v == "base-64": // "base 64" is cut at its blank
		return "base64"
	case strings.Contains(v, "quoted") || v == "qp" || v == "q":
		return "quoted-printable"
	case strings.Contains(v, "uue") || v == "x-uu":
		return "uuencode"
	}
	return "?"
}

// decodeTransfer undoes a transfer encoding named by transferName. foreign is
// the number of bytes that did not belong into it.
func decodeTransfer(enc string, b []byte) (out []byte, foreign int) {
	switch enc {
	case "base64":
		return decodeBase64(b)
	case "quoted-printable":
		return decodeQP(b), 0
	case "uuencode":
		if blocks, _ := uuBlocks(b); len(blocks) > 0 {
			return uuDecode(blocks[0].lines), 0
		}
	}
	return b, 0
}

// cutTail parts base64 from the plain text that a server appended to it, such as the footer of a list.
// tail is empty where there is none.
func cutTail(b []byte) (coded, tail []byte) {
	for pos := 0; pos < len(b); {
		line, next := nextLine(b, pos)
		if foreignTo(line) {
			coded, tail = b[:pos], b[pos:]
			break
		}
		pos = next
	}
	for line := range bytes.Lines(tail) { // where base64 goes on, the line is only damage
		if line = bytes.TrimSpace(line); len(line) >= 60 && !foreignTo(line) && bytes.IndexByte(line, ' ') < 0 {
			return b, nil
		}
	}
	if len(tail) == 0 {
		return b, nil
	}
	if text, _ := decodeBase64(coded); len(text) == 0 || !readable(text) {
		return b, nil
	}
	return coded, tail
}

func foreignTo(line []byte) bool {
	if len(line) > 2 && len(bytes.Trim(line, "_-=")) == 0 { // a line drawn above a footer
		return true
	}
	for _, c := range line {
		if base64Value[c] == 66 || c == ' ' {
			return true
		}
	}
	return false
}

// undeclared tells text in an encoding that its part does not declare, by what it would be read as, and
// returns it decoded; enc is "" where it is what it says.
func undeclared(b []byte) (out []byte, enc string) {
	if text, ok := hiddenBase64(bytes.TrimSpace(b)); ok {
		return text, "base64"
	}
	codes := 0
	for rest := b; codes < 6; {
		i := bytes.IndexByte(rest, '=')
		if i < 0 || i+2 >= len(rest) {
			return b, ""
		}
		if unhex(rest[i+1]) >= 8 && unhex(rest[i+2]) >= 0 {
			codes++
		}
		rest = rest[i+1:]
	}
	if out = decodeQP(b); isASCII(string(b)) && readable(out) {
		return out, "quoted-printable"
	}
	return b, ""
}

// hiddenBase64 decodes text that is nothing but lines of base64, and readable once decoded.
func hiddenBase64(b []byte) (text []byte, ok bool) {
	const least = 40
	if len(b) < least {
		return nil, false
	}
	chars, width := 0, 0
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		if width == 0 {
			width = len(line)
		}
		for _, c := range line {
			if base64Value[c] > 64 {
				return nil, false
			}
		}
		if len(line) > width { // all lines but the last are full
			return nil, false
		}
		chars += len(line)
	}
	if chars%4 != 0 {
		return nil, false
	}
	text, _ = decodeBase64(b)
	return text, readable(text)
}

// readable tells text beyond ASCII from bytes that mean something else.
func readable(b []byte) bool {
	if bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) {
		return false
	}
	if utf8.Valid(b) {
		return true
	}
	_, used := guessHan(b)
	return used != ""
}

// transferSize is the length of what decodeTransfer would return.
func transferSize(enc string, b []byte) int64 {
	switch enc {
	case "base64":
		return base64Size(b)
	case "quoted-printable":
		return qpSize(b)
	}
	out, _ := decodeTransfer(enc, b)
	return int64(len(out))
}

// qpSize is the length of what decodeQP would return. It decodes some lines at a time, because what a large
// attachment says is not wanted, only how much.
func qpSize(src []byte) (size int64) {
	const lines = 64 << 10 // bytes at least
	var out []byte
	for len(src) > 0 {
		n := len(src)
		if n > lines {
			if i := bytes.IndexByte(src[lines:], '\n'); i >= 0 {
				n = lines + i + 1
			}
		}
		out = appendQP(out[:0], src[:n])
		size += int64(len(out))
		src = src[n:]
	}
	return size
}
