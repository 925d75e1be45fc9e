package tickets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// QuotedLink is the link to a customer's page that somebody wrote in what he sent to the desk: the whole of
// our mail below his answer, as a rule. The people of the desk can read it there, so that a click on it
// proves nobody any more; it still shows the case, and a code still proves whoever enters it.
type QuotedLink struct {
	Digest   string `gorm:"primaryKey"` // of the token, so that the table gives nobody a link
	TicketID int64
	At       time.Time
}

// pageToken is the token of a link to a customer's page: version 1 and the first bytes of a ticket's id make
// how every one begins. Where it stands, and as what part of which address, tells nothing.
var pageToken = regexp.MustCompile(`AQAAA[A-Za-z0-9_-]{55}`)

// WithoutPageLinks is a text of somebody's with the mark in place of each token of a link to a customer's
// page. People quote our mails in their answers, and what agents read is not to make them holders of the link.
func WithoutPageLinks(text string) string {
	if !strings.Contains(text, pageTokenBegins) {
		return text
	}
	return pageToken.ReplaceAllString(text, PageMark)
}

const pageTokenBegins = "AQAAA"

// MayHoldPageTokens tells whether it is worth to ask PageTokens of a text.
func MayHoldPageTokens(text []byte) bool { return bytes.Contains(text, []byte(pageTokenBegins)) }

// PageTokens are what looks like the tokens of links to customers' pages in a text, those that a line break or
// a mark of quotation cuts among them; Receive tells which of them are.
func PageTokens(text string) []string {
	if !strings.Contains(text, pageTokenBegins) {
		return nil
	}
	whole := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1 // line ends, marks of quotation, what can't be seen
	}, text)
	return append(pageToken.FindAllString(text, -1), pageToken.FindAllString(whole, -1)...)
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
