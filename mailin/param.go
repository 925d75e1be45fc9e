package mailin

import (
	"sort"
	"strconv"
	"strings"
)

// params are the parameters of a Content-Type or Content-Disposition with
// lower-case names, RFC 2231 pieces already put together.
type params []field

func (p params) get(name string) string {
	for i := range p {
		if p[i].name == name {
			return p[i].value
		}
	}
	return ""
}

// parseParams splits "value; name=value; …" and forgives missing quotes,
// stray semicolons and blanks. The leading value comes back in lower case.
func parseParams(s string) (value string, ps params) {
	s = strings.TrimSpace(s)
	i := strings.IndexByte(s, ';')
	if i < 0 {
		i = len(s)
	}
	value = strings.TrimSpace(stripComment(s[:i]))
	if j := strings.IndexAny(value, " \t"); j >= 0 && strings.Contains(value[j:], "=") {
		value, i = value[:j], j // the first semicolon is missing
	}
	value = strings.ToLower(value) // last, because lower case may be longer
	var pieces []field
	for s = s[i:]; s != ""; {
		s = strings.TrimLeft(s, "; \t")
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			break
		}
		if semi := strings.IndexByte(s, ';'); semi >= 0 && semi < eq {
			s = s[semi:]
			continue
		}
		name := strings.ToLower(strings.TrimSpace(s[:eq]))
		if j := strings.LastIndexAny(name, " \t,"); j >= 0 {
			name = name[j+1:]
		}
		s = strings.TrimLeft(s[eq+1:], " \t")
		var v string
		if strings.HasPrefix(s, `"`) {
			v, s = quoted(s)
		} else {
			j := strings.IndexByte(s, ';')
			if j < 0 {
				j = len(s)
			}
			v, s = strings.TrimSpace(s[:j]), s[j:]
		}
		pieces = append(pieces, field{name, v})
	}
	return value, joinPieces(pieces)
}

func stripComment(s string) string {
	if i := strings.IndexByte(s, '('); i >= 0 {
		return s[:i]
	}
	return s
}

// quoted reads the quoted string that s starts with. Backslashes are kept
// where they escape nothing, as in Windows paths, and so are quotes that are
// part of a name, which end nothing.
func quoted(s string) (v, rest string) {
	var sb strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			sb.WriteByte(s[i])
		case s[i] == '"' && (i+1 == len(s) || strings.IndexByte("; \t,(\"", s[i+1]) >= 0):
			return sb.String(), s[i+1:]
		default:
			sb.WriteByte(s[i])
		}
	}
	return sb.String(), ""
}

// joinPieces puts continued and extended parameters together (RFC 2231).
// Extended values win over plain ones of the same name.
func joinPieces(pieces []field) params {
	type piece struct {
		n   int
		ext bool
		v   string
	}
	var out params
	var long map[string][]piece
	for _, f := range pieces {
		base, tail, star := strings.Cut(f.name, "*")
		if !star {
			f.value = unstarred(f.value)
			if out.get(base) == "" {
				out = append(out, f)
			}
			continue
		}
		p := piece{v: f.value}
		if tail == "" {
			p.ext = true
		} else {
			p.ext = strings.HasSuffix(tail, "*")
			n, err := strconv.Atoi(strings.TrimSuffix(tail, "*"))
			if err != nil || n < 0 {
				continue
			}
			p.n = n
		}
		if long == nil {
			long = map[string][]piece{}
		}
		long[base] = append(long[base], p)
	}
	for base, ps := range long {
		sort.SliceStable(ps, func(i, j int) bool { return ps[i].n < ps[j].n })
		var b []byte
		charset := ""
		for i, p := range ps {
			v := p.v
			if i == 0 && p.ext {
				if f := strings.SplitN(v, "'", 3); len(f) == 3 {
					charset, v = f[0], f[2]
				}
			}
			if p.ext {
				b = append(b, unpercent(v)...)
			} else {
				b = append(b, v...)
			}
		}
		v, _ := decodeCharset(b, charset)
		out = append(params{{base, v}}, out...)
	}
	return out
}

// unstarred undoes the extended form (RFC 2231 4) of a value whose parameter lacks the star.
func unstarred(v string) string {
	i := strings.IndexByte(v, '\'')
	if i <= 0 || i > 20 || strings.Count(v, "'") < 2 || lookupCharset(cleanCharset(v[:i])) == nil {
		return v
	}
	b := unpercent(v[i+1+strings.IndexByte(v[i+1:], '\'')+1:])
	if len(b) == len(v) {
		return v
	}
	s, _ := decodeCharset(b, v[:i])
	return s
}

func unpercent(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0 {
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return b
}

// mediaType checks the value of a Content-Type; what is none becomes def.
func mediaType(v, def string) string {
	t, sub, ok := strings.Cut(v, "/")
	t, sub = strings.TrimSpace(t), strings.TrimSpace(sub)
	if j := strings.IndexAny(sub, " \t,"); j >= 0 {
		sub = sub[:j]
	}
	if !ok || t == "" || sub == "" || len(t)+len(sub) > 200 || !token(t) || !token(sub) {
		switch v {
		case "text", "plain":
			return "text/plain"
		case "html":
			return "text/html"
		}
		return def
	}
	return t + "/" + sub
}

func token(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 127 || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}
