package mailin

import (
	"strings"
	"unicode/utf8"
)

// reply is a text taken apart.
type reply struct {
	text      string // what its writer wrote
	quoted    string // everything else in its order
	history   bool   // what is quoted holds more than signatures
	forwarded bool   // a forwarded block is among it
}

// splitReply separates the new text of a mail from quoted history, forwarded
// blocks and signatures, as QQ, Foxmail, 163, Outlook, Gmail, Apple Mail,
// Thunderbird and others write them. It goes through the lines once; nothing
// is dropped but blank lines at the seams.
//
// writer are the names and addresses of who wrote it, as far as known.
func splitReply(text string, writer ...string) reply {
	s := splitter{lines: strings.Split(text, "\n")}
	s.aside = make([]bool, len(s.lines))
	s.ends = make([]bool, len(s.lines))
	s.opens = make([]byte, len(s.lines))
	for i, l := range s.lines {
		l = strings.TrimRight(l, " *_\t\u00a0")
		s.ends[i] = strings.HasSuffix(l, ":") || strings.HasSuffix(l, "：") || strings.HasSuffix(l, "---") || strings.HasSuffix(l, ">") || strings.HasSuffix(l, "wrote")
	}
	for i := 0; i < len(s.lines); {
		i = s.step(i)
	}
	var names []string
	for _, n := range writer {
		if n = strings.ToLower(strings.TrimSpace(n)); n != "" {
			names = append(names, n)
		}
	}
	if names != nil {
		s.card(names)
	}
	return s.result()
}

type splitter struct {
	lines     []string
	aside     []bool // lines that are not new text
	ends      []bool // lines whose end is that of an attribution
	opens     []byte // see opensOld: 0 is not known yet, 1 no, 2 yes
	history   bool
	forwarded bool
}

// step decides on line i and returns the next line to look at.
func (s *splitter) step(i int) int {
	line := strings.TrimSpace(s.lines[i])
	if line == "" {
		return i + 1
	}
	if isQuote(line) {
		s.aside[i], s.history = true, true
		return i + 1
	}
	if i > 0 && s.aside[i-1] && i+1 < len(s.lines) && len(s.lines[i-1]) >= 60 && isQuote(s.lines[i-1]) && strings.HasPrefix(s.lines[i+1], ">") {
		s.aside[i] = true // a quoted line that was wrapped and lost its mark
		return i + 1
	}
	if forward, ok := separator(line); ok {
		s.forwarded = s.forwarded || forward
		return s.rest(i)
	}
	if s.headerBlock(i) {
		return s.rest(i)
	}
	if forward, ok := title(line); ok {
		if j := s.nextFull(i + 1); j < len(s.lines) && s.headerBlock(j) {
			s.forwarded = s.forwarded || forward
			return s.rest(i)
		}
	}
	if n := s.attribution(i); n > 0 {
		s.mark(i, i+n)
		s.history = true
		j := s.nextFull(i + n)
		if j < len(s.lines) && !isQuote(strings.TrimSpace(s.lines[j])) {
			return s.rest(i) // the quotation carries no marks: it is all that follows
		}
		return i + n
	}
	if end := s.pgpArmour(i); end > i {
		s.mark(i, end)
		return end
	}
	if end := s.signature(i); end > i {
		s.mark(i, end)
		return end
	}
	if footer(line) && s.endsText(i+1) {
		s.aside[i] = true
		s.table(i)
	}
	return i + 1
}

func (s *splitter) mark(from, to int) {
	for i := from; i < to; i++ {
		s.aside[i] = true
	}
}

// rest sets everything from line i aside.
func (s *splitter) rest(i int) int {
	s.history = true
	s.mark(i, len(s.lines))
	return len(s.lines)
}

// nextFull is the first line at or after i that is not blank.
func (s *splitter) nextFull(i int) int {
	for i < len(s.lines) && strings.TrimSpace(s.lines[i]) == "" {
		i++
	}
	return i
}

// endsText tells whether no new text comes directly after line i-1.
func (s *splitter) endsText(i int) bool {
	i = s.nextFull(i)
	if i == len(s.lines) {
		return true
	}
	line := strings.TrimSpace(s.lines[i])
	_, sep := separator(line)
	return sep || isQuote(line) || footer(line) || rule(line, '_') || rule(line, '-') || isSignatureMark(s.lines[i]) || s.headerBlock(i) || s.attribution(i) > 0
}

// isQuote tells a line that was quoted with a mark. A face such as >_< is none.
func isQuote(trimmed string) bool {
	return trimmed[0] == '>' && !face(trimmed) || strings.HasPrefix(trimmed, "&gt;") || strings.HasPrefix(trimmed, "\uff1e")
}

func face(s string) bool {
	end := strings.IndexByte(s, '<')
	if end < 1 || utf8.RuneCountInString(s[1:end]) > 3 || strings.IndexByte(s[1:end], '>') >= 0 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[end+1:])
	return end+1 == len(s) || r == ' ' && s[1] != ' ' || r >= utf8.RuneSelf || strings.ContainsRune(",.!?~", r)
}

// rule tells a line that is drawn with c only.
func rule(line string, c byte) bool {
	return len(line) >= 4 && strings.Trim(line, string(c)) == ""
}

// headerBlock tells whether a mail header copied into the text starts at line
// i: at least two kinds of label in a row, the sender's among them.
func (s *splitter) headerBlock(i int) bool {
	first := headerLabel(s.lines[i])
	if first == 0 {
		return false
	}
	seen := [labelKinds]bool{}
	kinds, misses := 0, 0
	for j := i; j < len(s.lines) && j < i+12 && misses < 2; j++ {
		if strings.TrimSpace(s.lines[j]) == "" {
			if kinds >= 3 {
				break
			}
			continue
		}
		k := headerLabel(s.lines[j])
		if k == 0 {
			misses++
			continue
		}
		misses = 0
		if !seen[k] {
			seen[k] = true
			kinds++
		}
	}
	if kinds == 2 { // "From: May, To: June" is no mail
		return first == labelFrom && (seen[labelDate] || seen[labelSubject] || seen[labelTo] && strings.Contains(s.lines[i], "@"))
	}
	return seen[labelFrom] && kinds >= 3
}

// result puts the two halves together.
func (s *splitter) result() reply {
	s.ruled()
	var text, quoted strings.Builder
	last := -2
	blank := true // the last line of the new text is blank
	for i, line := range s.lines {
		if !s.aside[i] {
			empty := strings.TrimSpace(line) == ""
			if empty && blank && last >= 0 && s.nextFull(last+1) > i {
				continue // a seam needs one blank line only
			}
			blank = empty
			text.WriteString(line)
			text.WriteByte('\n')
			continue
		}
		if last >= 0 && i != last+1 {
			quoted.WriteByte('\n')
		}
		quoted.WriteString(line)
		quoted.WriteByte('\n')
		last = i
	}
	r := reply{text: trimBlank(text.String()), quoted: trimBlank(quoted.String()), history: s.history, forwarded: s.forwarded}
	return r
}

// ruled sets a line aside that is drawn at the end of the new text, above a quotation.
func (s *splitter) ruled() {
	quoted := false
	for i := len(s.lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(s.lines[i])
		switch {
		case s.aside[i]:
			quoted = true
		case line == "":
		default:
			if quoted && (rule(line, '-') || rule(line, '_')) {
				s.aside[i] = true
			}
			return
		}
	}
}

// trimBlank drops blank lines at both ends and blanks at the end; the indent
// of the first line stays.
func trimBlank(s string) string {
	s = strings.TrimRight(s, " \t\n\u00a0\u3000\u1427") // the last one is left by a Gmail extension
	for {
		i := strings.IndexByte(s, '\n')
		if i < 0 || strings.TrimSpace(s[:i]) != "" {
			return s
		}
		s = s[i+1:]
	}
}
