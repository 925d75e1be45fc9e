package mailin

import (
	"strings"

	"github.com/canceldesk/canceldesk/tickets"
)

// Where links are searched for: mails within mails so deep, and files so large (bytes, encoded).
const (
	linkDepth = 3
	linkBytes = 1 << 20
)

// pageTokens are the tokens of the links to customers' pages that a mail holds anywhere in its texts, shown or
// not: in what is quoted, in the mark-up as it came, in attached mails and text files. Whoever may read the
// original finds them there, too. root is the tree of raw.
func pageTokens(raw []byte, root *part, depth int) []string {
	found := tokensIn(raw) // what is not encoded, headers included
	var walk func(p *part)
	walk = func(p *part) {
		for _, c := range p.children {
			walk(c)
		}
		name := strings.ToLower(p.dispParams.get("filename") + "\n" + p.params.get("name"))
		message := p.is("message/") || strings.Contains(name, ".eml")
		if p.children != nil || !message && !p.is("text/") && (!p.is("application/") || len(p.body) > linkBytes) {
			return
		}
		content := p.body
		if p.encoding != "" {
			content, _ = decodeTransfer(p.encoding, p.body)
			found = append(found, tokensIn(content)...)
		}
		if message && depth < linkDepth {
			found = append(found, pageTokens(content, newWalker(content, Options{}).root(), depth+1)...)
		}
	}
	walk(root)
	return found
}

// tokensIn searches a text piece by piece, because a copy of all of a large mail would take as much memory again.
// Each piece begins well before the one before ended, so that no link is cut.
func tokensIn(text []byte) (found []string) {
	const piece, overlap = 256 << 10, 4 << 10
	for {
		n := min(len(text), piece)
		if tickets.MayHoldPageTokens(text[:n]) {
			found = append(found, tickets.PageTokens(string(text[:n]))...)
		}
		if n == len(text) {
			return found
		}
		text = text[n-overlap:]
	}
}
