package tickets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// MailIDs makes and recognises the Message-IDs of the desk's own mails. They carry the ticket's
// number and are signed, so that an answer finds its ticket and nobody can make one up.
type MailIDs struct {
	Key    []byte // at least 32 bytes, from the key directory
	Domain string // right of the @
}

var mailIDEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// ID is the Message-ID (without brackets) of the ticket's mail of that key. The same ticket and key
// always give the same one.
func (m MailIDs) ID(ticketID int64, key string) string {
	local := Number(ticketID) + "." + m.sum("mail", Number(ticketID)+"/"+key)
	return strings.ToLower(local+"."+m.sum("sign", strings.ToLower(local))) + "@" + m.Domain
}

// Ticket returns the ticket that one of our own Message-IDs belongs to, and false for any other.
func (m MailIDs) Ticket(messageID string) (int64, bool) {
	local, _, ok := strings.Cut(strings.ToLower(strings.Trim(messageID, "<> \t")), "@")
	if !ok {
		return 0, false
	}
	i := strings.LastIndexByte(local, '.')
	if i < 0 || !hmac.Equal([]byte(local[i+1:]), []byte(strings.ToLower(m.sum("sign", local[:i])))) {
		return 0, false
	}
	number, _, _ := strings.Cut(local, ".")
	id, err := ParseNumber(number)
	return id, err == nil
}

func (m MailIDs) sum(use, of string) string {
	h := hmac.New(sha256.New, m.Key)
	fmt.Fprintf(h, "%s\x00%s", use, of)
	return mailIDEncoding.EncodeToString(h.Sum(nil)[:15])
}
