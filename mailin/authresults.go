package mailin

import "strings"

// authResult is one result of an Authentication-Results field.
type authResult struct {
	method, value string
	props         map[string]string
}

// parseAuthResults reads an Authentication-Results field (RFC 8601 2.2).
// Comments go first and quoted strings stay whole: both may hold what a
// sender chose, such as "; dmarc=pass". When anything else is odd, what was
// read so far is all there is.
func parseAuthResults(v string) (id string, results []authResult) {
	parts := splitUnquoted(dropComments(v), ';')
	head := strings.Fields(parts[0])
	if len(head) == 0 || len(head) > 1 && head[1] != "1" {
		return "", nil
	}
	for _, p := range parts[1:] {
		words := splitUnquoted(strings.TrimSpace(strings.Map(blank, p)), ' ')
		method, value, ok := strings.Cut(words[0], "=")
		if !ok {
			continue
		}
		method, _, _ = strings.Cut(method, "/") // a version
		r := authResult{method: strings.ToLower(method), value: strings.ToLower(value), props: map[string]string{}}
		for _, w := range words[1:] {
			k, v, ok := strings.Cut(w, "=")
			k = strings.ToLower(k)
			if _, twice := r.props[k]; ok && !twice {
				r.props[k] = strings.Trim(v, `"`)
			}
		}
		results = append(results, r)
	}
	return strings.Trim(head[0], `"`), results
}

func blank(r rune) rune {
	if r == '\t' || r == '\r' || r == '\n' {
		return ' '
	}
	return r
}

// dropComments takes comments out, nested ones too; an unclosed one runs to
// the end.
func dropComments(s string) string {
	var sb strings.Builder
	depth, inQuotes := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && (inQuotes || depth > 0) && i+1 < len(s):
			if depth == 0 {
				sb.WriteString(s[i : i+2])
			}
			i++
		case depth == 0 && c == '"':
			inQuotes = !inQuotes
			sb.WriteByte(c)
		case !inQuotes && c == '(':
			depth++
		case !inQuotes && c == ')' && depth > 0:
			if depth--; depth == 0 {
				sb.WriteByte(' ')
			}
		case depth == 0:
			sb.WriteByte(c)
		}
	}
	return sb.String()
}

// splitUnquoted splits at a separator outside of quoted strings.
func splitUnquoted(s string, sep byte) []string {
	var out []string
	start, inQuotes := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && inQuotes:
			i++
		case s[i] == '"':
			inQuotes = !inQuotes
		case s[i] == sep && !inQuotes:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}
