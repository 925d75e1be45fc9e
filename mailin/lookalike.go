package mailin

import (
	"net/netip"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// looks finds what makes a mail look as if somebody else had written it, or would lead an answer to somebody
// else. None of it proves a forgery, and none of it is what a customer has to do to be served: it only takes
// the mail's own word away.
func (j *judge) looks(domain string) {
	from := j.mail.From[0]
	for _, a := range addressIn.FindAllString(from.Name, 5) {
		if !strings.EqualFold(a, from.Address) {
			j.contra("the name of the sender shows another address")
			break
		}
	}
	switch {
	case mixedScripts(domain):
		j.contra("the From domain is written to look like another")
	case !ownAddress(from.Address, j.o.OurAddresses) && j.likeOurs(domain):
		j.contra("the From domain looks like our own")
	}
	for _, a := range j.mail.ReplyTo {
		if !sameMailbox(a.Address, from.Address) {
			j.contra("Reply-To is another address than From")
			break
		}
	}
}

// sameMailbox reports whether two addresses are one but for case and a tag.
func sameMailbox(a, b string) bool {
	return ownAddress(a, []string{b}) || ownAddress(b, []string{a})
}

// likeOurs reports whether a domain is none of ours and reads like one.
func (j *judge) likeOurs(domain string) bool {
	for _, own := range j.o.OurAddresses {
		_, ours, _ := strings.Cut(own, "@")
		if ours = asciiDomain(ours); ours != "" && ours != domain && skeleton(domain) == skeleton(ours) {
			return true
		}
	}
	return false
}

// skeleton folds the letters and digits that are mistaken for one another. Of other scripts only those
// letters are folded that have the very shape of a Latin one.
func skeleton(domain string) string {
	if u, err := idna.Lookup.ToUnicode(domain); err == nil {
		domain = u
	}
	return mistaken.Replace(strings.ToLower(domain))
}

// mistaken folds what is mistaken for one another: in Latin, then Cyrillic and Greek letters of its shapes.
var mistaken = strings.NewReplacer(
	"rn", "m", "vv", "w", "0", "o", "1", "l", "i", "l", "5", "s", "-", "", "_", "",
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "х", "x", "у", "y", "і", "l", "ѕ", "s", "ο", "o", "α", "a", "ν", "v", "ı", "l",
)

// mixedScripts reports whether a label of the domain mixes letters of alphabets that share their shapes, or
// is written in a foreign one with nothing but letters that look Latin (UTS 39 calls them confusable).
func mixedScripts(domain string) bool {
	u, err := idna.Lookup.ToUnicode(domain)
	if err != nil {
		return true
	}
	for label := range strings.SplitSeq(u, ".") {
		latin, foreign := 0, 0
		for _, r := range label {
			switch {
			case unicode.Is(unicode.Latin, r):
				latin++
			case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee):
				foreign++
			}
		}
		if foreign > 0 && (latin > 0 || isASCII(skeleton(label))) {
			return true
		}
	}
	return false
}

// namesHost reports whether a host as a Received line has it is one of the names of our own servers: the
// very name, a name below one that begins with a dot, or an address within a prefix such as 10.0.0.0/8.
func namesHost(host string, own []string) bool {
	host = strings.ToLower(strings.Trim(strings.TrimSuffix(host, "."), "[]"))
	addr, err := netip.ParseAddr(strings.TrimPrefix(host, "ipv6:"))
	isAddr := err == nil
	for _, o := range own {
		o = strings.ToLower(strings.TrimSpace(o))
		if prefix, err := netip.ParsePrefix(o); err == nil {
			if isAddr && prefix.Contains(addr) {
				return true
			}
			continue
		}
		if o != "" && (host == o || o[0] == '.' && !isAddr && strings.HasSuffix(host, o)) {
			return true
		}
	}
	return false
}

// onlyTests reports whether a key's record says that its domain only tries DKIM out, which counts as if
// there were no signature (RFC 6376 section 3.6.1, t=y).
func onlyTests(record string) bool {
	for tag := range strings.SplitSeq(record, ";") {
		name, value, _ := strings.Cut(tag, "=")
		if strings.TrimSpace(name) != "t" {
			continue
		}
		for flag := range strings.SplitSeq(value, ":") {
			if strings.TrimSpace(flag) == "y" {
				return true
			}
		}
	}
	return false
}
