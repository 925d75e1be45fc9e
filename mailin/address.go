package mailin

import "strings"

// addressList is what an address header says.
type addressList struct {
	list  []Address
	group bool // a group (RFC 6854) was used
	bad   bool // something had to be guessed
}

// mostAddresses bounds what is kept of a list.
const mostAddresses = 1000

// parseAddresses reads a list of mailboxes from a raw header value and
// forgives what mailers do to it: names with bare commas, missing brackets,
// semicolons as separators, encoded words everywhere.
func parseAddresses(v, hint string) addressList {
	var out addressList
	var e entry
	var pending []Address // "Doe" of an unquoted "Doe, John <…>"
	noQuote, noParen := false, false
	finish := func() {
		a, ok := e.address(hint)
		a.Name = clip(a.Name, mostName)
		switch {
		case !ok:
		case len(out.list)+len(pending) >= mostAddresses:
			out.bad = true
		case !e.angle && !strings.Contains(a.Address, "@"):
			out.bad = true
			pending = append(pending, a)
		default:
			if len(pending) > 0 && len(pending) < 4 && e.angle && a.Name != "" && !e.quoted {
				for i := len(pending) - 1; i >= 0; i-- {
					a.Name = pending[i].Name + pending[i].Address + ", " + a.Name
				}
			} else {
				out.list = append(out.list, pending...)
			}
			pending = nil
			out.bad = out.bad || e.bad || !strings.Contains(a.Address, "@")
			out.list = append(out.list, a)
		}
		e = entry{}
	}
	for i := 0; i < len(v); i++ {
		switch c := v[i]; c {
		case '"':
			if n := closing(v[i:], noQuote); n > 0 {
				s, _ := quoted(v[i : i+n+1])
				e.phrase, e.quoted = append(e.phrase, s...), true
				i += n
			} else {
				noQuote, e.bad = true, true
			}
		case '(':
			n := 0
			if !noParen {
				n = closingParen(v[i:])
			}
			if n == 0 {
				noParen, e.bad = true, true
				e.phrase = append(e.phrase, c)
				continue
			}
			e.comment = v[i+1 : i+n]
			i += n
		case '<':
			addr, n, closed := angle(v[i:])
			e.bad = e.bad || !closed || e.angle
			if !e.angle {
				e.angle, e.addr = true, addr
			}
			i += n
		case '>': // one bracket too many
			e.bad = true
		case ',', ';':
			finish()
		case ':':
			p := strings.TrimSpace(string(e.phrase))
			if !e.angle && !strings.Contains(p, "@") && !strings.EqualFold(p, "mailto") {
				out.group = true
				e = entry{}
				continue
			}
			e.phrase = append(e.phrase, c)
		case '=':
			if strings.HasPrefix(v[i:], "=?") {
				if _, n, _ := parseWord(v[i:min(len(v), i+2048)]); n > 0 {
					e.phrase = append(e.phrase, v[i:i+n]...)
					i += n - 1
					continue
				}
			}
			e.phrase = append(e.phrase, c)
		default:
			e.phrase = append(e.phrase, c)
		}
	}
	finish()
	out.list = append(out.list, pending...)
	return out
}

// entry is one mailbox while it is being read.
type entry struct {
	phrase  []byte // outside of brackets and comments, quotes undone
	comment string
	addr    string // inside the brackets
	angle   bool
	quoted  bool
	bad     bool
}

func (e *entry) address(hint string) (Address, bool) {
	phrase := strings.TrimSpace(string(e.phrase))
	if e.angle {
		a := Address{Name: decodeWords(phrase, hint), Address: bareAddress(e.addr, hint)}
		if a.Name == "" && e.comment != "" {
			a.Name = decodeWords(e.comment, hint)
		}
		if a.Address == "" && strings.Contains(a.Name, "@") && !strings.Contains(a.Name, " ") {
			a = Address{Address: bareAddress(a.Name, hint)}
		}
		return a, a != Address{}
	}
	if phrase == "" {
		return Address{}, false
	}
	text := decodeWords(phrase, hint)
	if !strings.Contains(text, "@") {
		if isASCII(text) && !strings.ContainsAny(text, " \t=") && !e.quoted {
			return Address{Name: decodeWords(e.comment, hint), Address: text}, true
		}
		return Address{Name: text}, true
	}
	a := Address{Name: decodeWords(e.comment, hint), Address: text}
	if words := strings.Fields(text); len(words) > 1 && !e.quoted {
		e.bad = true
		var rest []string
		a.Address = ""
		for _, w := range words {
			if a.Address == "" && strings.Contains(w, "@") && len(w) > 1 {
				a.Address = w
			} else {
				rest = append(rest, w)
			}
		}
		if a.Address == "" { // "name @ example.com"
			a.Address = strings.Join(words, "")
		} else {
			a.Name = strings.Join(rest, " ")
		}
	}
	if i := strings.IndexByte(a.Address, '<'); i > 0 { // the whole mailbox was one encoded word
		a.Name, a.Address = oneLine(strings.Trim(a.Address[:i], `"`)), a.Address[i:]
	}
	a.Address = bareAddress(a.Address, hint)
	return a, true
}

// bareAddress cleans one address: no brackets, blanks or mailto:, the domain
// in lower case.
func bareAddress(s, hint string) string {
	s = decodeWords(s, hint)
	s = strings.Trim(s, "<>'\u00a0 ")
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if strings.HasPrefix(s, "@") { // source route, RFC 5322 4.4
		if i := strings.LastIndexByte(s, ':'); i >= 0 {
			s = s[i+1:]
		}
	}
	for len(s) < 1000 && strings.Contains(s, "(") && !strings.Contains(s, `"`) { // comments inside the address
		i := strings.IndexByte(s, '(')
		n := closingParen(s[i:])
		if n == 0 {
			break
		}
		s = s[:i] + s[i+n+1:]
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s
	}
	local, domain := s[:at], strings.ToLower(strings.TrimSuffix(strings.ReplaceAll(s[at+1:], " ", ""), "."))
	if !strings.HasPrefix(local, `"`) {
		local = strings.ReplaceAll(local, " ", "")
	}
	return local + "@" + domain
}

// angle reads the bracketed address that s starts with; n is the last byte
// of it. A bracket left open ends before the next comma.
func angle(s string) (addr string, n int, closed bool) {
	end := strings.IndexAny(s, ">,")
	switch {
	case end < 0:
		return s[1:], len(s) - 1, false
	case s[end] == '>':
		return s[1:end], end, true
	}
	if strings.HasPrefix(s, "<@") { // a source route has commas
		if m := strings.IndexByte(s[:min(len(s), 1000)], '>'); m > 0 {
			return s[1:m], m, true
		}
	}
	return s[1:end], end - 1, false
}

// closing finds the quote that closes the string s starts with, 0 if none.
func closing(s string, none bool) int {
	if none {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return 0
}

// closingParen finds the end of the comment s starts with, 0 if none.
func closingParen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}
