package tickets

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
)

// QuotedLink is the link to a customer's page that somebody wrote in what he sent to the desk: the whole of
// our mail below his answer, as a rule. The people of the desk can read it there, so that a click on it
// proves nobody any more; it still shows the case, and a code still proves whoever enters it.
type QuotedLink struct {
	Digest   string `gorm:"primaryKey"` // of the token, so that the table gives nobody a link
	TicketID int64
	At       time.Time
}

// pageLink is the path of a customer's page with its token of linkLength bytes, as such or as a part of
// another address that leads to it.
var pageLink = regexp.MustCompile(`(/|%2[Ff])c(/|%2[Ff])([A-Za-z0-9_-]{60})`)

// WithoutPageLinks is a text of somebody's with the mark in place of each link to a customer's page. People
// quote our mails in their answers, and what agents read is not to make them holders of the link.
func WithoutPageLinks(text string) string {
	if !mayLink(text) {
		return text
	}
	return pageLink.ReplaceAllString(text, "${1}c${2}"+PageMark)
}

// PageTokens are the tokens of what looks like links to customers' pages in a text; Receive tells which of
// them are.
func PageTokens(text string) []string {
	if !mayLink(text) {
		return nil
	}
	var out []string
	for _, found := range pageLink.FindAllStringSubmatch(text, -1) {
		out = append(out, found[3])
	}
	return out
}

// mayLink is what PageTokens finds quickly that most texts have none.
func mayLink(text string) bool {
	return strings.Contains(text, "/c/") || strings.Contains(text, "%2Fc%2F") || strings.Contains(text, "%2fc%2f")
}

// unlink takes the links to customers' pages out of a message. It returns those that lose their power to
// prove who clicks: in the message, and of the tokens that were found elsewhere in what came.
func (d *Desk) unlink(m *Message, at time.Time, tokens ...string) []QuotedLink {
	for _, text := range []*string{&m.Subject, &m.Text, &m.Quoted, &m.HTML} {
		tokens = append(tokens, PageTokens(*text)...)
		*text = WithoutPageLinks(*text)
	}
	var out []QuotedLink
	for _, token := range tokens {
		id, _, ok := d.settings.Pages.read(token, at)
		digest := linkDigest(token)
		if ok && !slices.ContainsFunc(out, func(l QuotedLink) bool { return l.Digest == digest }) {
			out = append(out, QuotedLink{Digest: digest, TicketID: id, At: at})
		}
	}
	return out
}

func linkDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
