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

// tokenSum is how much of the signature a token carries: 80 bits.
const tokenSum = 16

// Token is what stands behind the plus in the address that answers to the ticket's mails come to, for mail
// programs that keep neither In-Reply-To nor References. Like a Message-ID it can't be made up, and like
// one it says nothing about who holds it.
func (m MailIDs) Token(ticketID int64) string {
	number := strings.ToLower(Number(ticketID))
	return number + "-" + strings.ToLower(m.sum("token", number))[:tokenSum]
}

// OfToken returns the ticket that a token belongs to, and false for what is none of ours.
func (m MailIDs) OfToken(token string) (int64, bool) {
	token = strings.ToLower(token)
	i := strings.LastIndexByte(token, '-')
	if i < 0 {
		return 0, false
	}
	id, err := ParseNumber(token[:i])
	return id, err == nil && hmac.Equal([]byte(token), []byte(m.Token(id)))
}

func (m MailIDs) sum(use, of string) string {
	h := hmac.New(sha256.New, m.Key)
	fmt.Fprintf(h, "%s\x00%s", use, of)
	return mailIDEncoding.EncodeToString(h.Sum(nil)[:15])
}
