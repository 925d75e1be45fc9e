package mailin

import (
	"bytes"
	"strings"
)

// field is one header field; value is raw, unfolded and trimmed.
type field struct {
	name  string
	value string
}

// header is a header block in the order of the mail.
type header []field

// get returns the first field of that name, "" when there is none.
func (h header) get(name string) string {
	for i := range h {
		if strings.EqualFold(h[i].name, name) {
			return h[i].value
		}
	}
	return ""
}

// all returns the values of every field of that name.
func (h header) all(name string) []string {
	var vs []string
	for i := range h {
		if strings.EqualFold(h[i].name, name) {
			vs = append(vs, h[i].value)
		}
	}
	return vs
}

func (h header) has(name string) bool {
	for i := range h {
		if strings.EqualFold(h[i].name, name) {
			return true
		}
	}
	return false
}

// nextLine returns the line that starts at pos without its line end, and where
// the next one starts. A line ends with LF; any CRs before it belong to the end.
func nextLine(b []byte, pos int) (line []byte, next int) {
	i := bytes.IndexByte(b[pos:], '\n')
	if i < 0 {
		line, next = b[pos:], len(b)
	} else {
		line, next = b[pos:pos+i], pos+i+1
	}
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	return line, next
}

// fieldColon gives the position of the colon of a header field line, or -1
// when the line is none. Blanks before the colon are forgiven (RFC 5322 4.5).
func fieldColon(line []byte) int {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return -1
	}
	name := bytes.TrimRight(line[:i], " \t")
	if len(name) == 0 {
		return -1
	}
	for _, c := range name {
		if c <= ' ' || c >= 127 {
			return -1
		}
	}
	return i
}

// Every field is looked at for each thing that is asked of a header, so their number has a bound.
// Fields that say who wrote what to whom are read behind it too.
const mostFields, mostEssential = 5000, 500

func essential(name string) bool {
	for _, n := range []string{
		"From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version",
		"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", "Auto-Submitted", "Precedence", "Return-Path",
	} {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// headerBlock reads the header that starts at pos and returns it with the
// place where the body starts. stop tells a line that ends the block without
// a blank line (a boundary). Lines that are no field are junk when another
// field follows them, else the body starts with them.
func headerBlock(b []byte, pos, limit int, stop func(line []byte) bool, defect func(code Defect, detail string)) (h header, body int) {
	h = make(header, 0, 24)
	end := min(len(b), pos+limit)
	var name string
	var val []byte // the value so far; points into b until something is appended
	owned := false
	flush := func() {
		switch {
		case name == "":
		case len(h) < mostFields || len(h) < mostFields+mostEssential && essential(name):
			h = append(h, field{name, string(bytes.TrimSpace(val))})
		default:
			defect(DefectHeaderTooLong, "")
		}
		name, val, owned = "", nil, false
	}
	defer flush()
	first := true
	for pos < len(b) {
		if pos >= end {
			defect(DefectHeaderTooLong, "")
			// What is left of the block is skipped, not taken for the body.
			if i := bytes.Index(b[pos:], []byte("\n\n")); i >= 0 {
				return h, pos + i + 2
			}
			if i := bytes.Index(b[pos:], []byte("\n\r\n")); i >= 0 {
				return h, pos + i + 3
			}
			return h, len(b)
		}
		line, next := nextLine(b, pos)
		if len(line) == 0 {
			flush()
			return h, next
		}
		if stop != nil && stop(line) {
			flush()
			return h, pos
		}
		switch colon := fieldColon(line); {
		case (line[0] == ' ' || line[0] == '\t') && name != "":
			if len(bytes.TrimSpace(line)) == 0 && blankEndsHeader(b, next) {
				flush()
				return h, next
			}
			if len(bytes.TrimSpace(line)) == 0 {
				break // a fold of blanks adds nothing (RFC 5322 4.2)
			}
			if !owned {
				val, owned = append(make([]byte, 0, len(val)+len(line)+64), val...), true
			}
			val = append(val, line...)
		case colon > 0:
			flush()
			name, val = string(bytes.TrimRight(line[:colon], " \t")), line[colon+1:]
		case first && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))):
			// The separator line of an mbox file is not part of the mail.
		case len(bytes.TrimSpace(line)) == 0:
			flush()
			return h, next
		default:
			if len(h) == 0 && name == "" || !headerGoesOn(b, line, next) {
				flush()
				defect(DefectHeaderWithoutEnd, "")
				return h, pos
			}
			defect(DefectBadHeaderLine, "")
			if i := bytes.IndexByte(line, ':'); i > 0 { // a field with an impossible name
				flush()
				name, val = strings.ToValidUTF8(string(line[:i]), "?"), line[i+1:]
			} else if name != "" { // a fold that lost its indent
				val, owned = append(append(append(make([]byte, 0, len(val)+len(line)+1), val...), ' '), line...), true
			}
		}
		first = false
		pos = next
	}
	return h, len(b)
}

// headerGoesOn tells whether a line that is no field stands among fields:
// because a field comes after it and its folds, or because it has a colon and
// folds itself, as only fields have.
func headerGoesOn(b, line []byte, pos int) bool {
	folded := false
	for pos < len(b) {
		after, next := nextLine(b, pos)
		if len(after) == 0 || after[0] != ' ' && after[0] != '\t' {
			return len(after) > 0 && fieldColon(after) > 0 || folded && bytes.IndexByte(line, ':') > 0
		}
		folded, pos = true, next
	}
	return false
}

// blankEndsHeader tells whether a line of blanks ends the header: it does
// unless a field or a fold comes next.
func blankEndsHeader(b []byte, next int) bool {
	if next >= len(b) {
		return true
	}
	line, _ := nextLine(b, next)
	return len(line) == 0 || line[0] != ' ' && line[0] != '\t' && fieldColon(line) < 0
}

// messageIDs takes the ids out of Message-ID, In-Reply-To or References. Ids
// in brackets win; without any, words that hold an @ are taken.
func messageIDs(v string) []string {
	var ids []string
	for rest := v; ; {
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			break
		}
		j := strings.IndexByte(rest[i:], '>')
		if j < 0 {
			if id := cleanID(rest[i+1:]); id != "" {
				ids = append(ids, id)
			}
			break
		}
		if id := cleanID(rest[i+1 : i+j]); id != "" {
			ids = append(ids, id)
		}
		rest = rest[i+j+1:]
	}
	if ids == nil {
		for _, w := range strings.FieldsFunc(v, func(r rune) bool { return r <= ' ' || r == ',' || r == ';' }) {
			if strings.Contains(w, "@") {
				ids = append(ids, cleanID(w))
			}
		}
	}
	const most = 100 // a longer chain keeps its root and its newest ids
	if len(ids) > most {
		ids = append(ids[:1:1], ids[len(ids)-most+1:]...)
	}
	return ids
}

// cleanID drops the blanks that folding leaves inside an id, and whatever
// else is no visible character.
func cleanID(id string) string {
	id = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r <= ' ' || r == '<' || r == 0x7f {
			return -1
		}
		return r
	}, id), "\uFFFD")
	return clip(id, mostID)
}
