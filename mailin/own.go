package mailin

import "strings"

// ownAddress reports whether the address is one of ours, with or without a tag.
func ownAddress(a string, own []string) bool {
	_, ours := ownTag(a, own)
	return ours
}

// ownTag is what stands behind the plus in one of our own addresses (RFC 5233 calls it the detail), "" where
// nothing does; ours is false for anybody else's.
func ownTag(a string, own []string) (tag string, ours bool) {
	for _, o := range own {
		o = strings.Trim(o, "<> ")
		if a == "" || o == "" {
			continue
		}
		if strings.EqualFold(a, o) {
			return "", true
		}
		local, domain, _ := strings.Cut(o, "@")
		at := strings.LastIndexByte(a, '@')
		if at < 0 || !strings.EqualFold(a[at+1:], domain) {
			continue
		}
		base, tag, tagged := strings.Cut(a[:at], "+")
		if tagged && strings.EqualFold(base, local) {
			return tag, true
		}
	}
	return "", false
}

// mostTags bounds the tags that are taken from one mail.
const mostTags = 8

// ownTags are the tags of those of our addresses that the mail was written or delivered to. Servers that
// rewrite the recipient name it in one of the trace fields.
func ownTags(m *Mail, h header, own []string) []string {
	var out []string
	take := func(list []Address) {
		for _, a := range list {
			if tag, ours := ownTag(a.Address, own); ours && tag != "" && len(out) < mostTags {
				out = append(out, tag)
			}
		}
	}
	take(m.To)
	take(m.Cc)
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To"} {
		if h.has(name) {
			take(parseAddresses(h.get(name), "").list)
		}
	}
	return out
}
