package mailin

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestTheLinkOfAQuotedMailIsFoundWhereverTheOriginalHoldsIt(t *testing.T) {
	t.Parallel()
	token := tickets.PageLinks{Key: []byte("pages of the tests, 32 bytes long")}.Token(7, "li@example.com", time.Unix(1_800_000_000, 0))
	link := "https://desk.example.com/c/" + token
	in64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	mixed := func(part string) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nok\r\n--b\r\n" + part + "\r\n--b--\r\n"
	}
	for name, raw := range map[string]string{
		"quoted":            "Content-Type: text/plain; charset=utf-8\r\n\r\n同意\r\n\r\n> 您的办理页面：" + link + "\r\n",
		"written":           "Content-Type: text/plain; charset=utf-8\r\n\r\n打不开 " + link + "/receipt 请处理\r\n",
		"behind a redirect": "Content-Type: text/plain\r\n\r\nhttps://safe.example/?url=https%3A%2F%2Fdesk.example.com%2Fc%2F" + token + "&x=1\r\n",
		"cut by a reader":   "Content-Type: text/plain\r\n\r\n> " + link[:60] + "\r\n> " + link[60:] + "\r\n",
		"cut and marked":    "Content-Type: text/plain\r\n\r\n| " + link[:60] + "\r\n| " + link[60:] + "\r\n",
		"cut unseen":        "Content-Type: text/plain; charset=utf-8\r\n\r\n" + link[:70] + "\u200b" + link[70:] + "\r\n",
		"another spelling":  "Content-Type: text/html\r\n\r\n<a href=\"https://desk.example.com/%63/" + token + "\">x</a>\r\n",
		"in a header":       "X-Link: " + link + "\r\nContent-Type: text/plain\r\n\r\nok\r\n",
		"soft line breaks":  "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + link[:50] + "=\r\n" + link[50:] + "\r\n",
		"in a comment":      "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + in64("<!-- "+link+" --><p>ok</p>") + "\r\n",
		"in a text file":    mixed("Content-Type: text/plain; name=old.txt\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n" + in64(link)),
		"in a file of bytes": mixed("Content-Type: application/octet-stream; name=old.eml\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			in64("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"+in64(link))),
		"in an attached mail": mixed("Content-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + in64("<a href='"+link+"'>x</a>")),
	} {
		raw = "From: li@example.com\r\n" + raw
		_, root := parse([]byte(raw), Options{})
		if got := pageTokens([]byte(raw), root, 0); !slices.Contains(got, token) {
			t.Errorf("%s: found %q in\n%s", name, got, raw)
		}
	}
	other := []byte("From: li@example.com\r\n\r\nhttps://example.com/c/" + strings.Repeat("a", 20) + "\r\n")
	_, root := parse(other, Options{})
	if got := pageTokens(other, root, 0); len(got) != 0 {
		t.Errorf("another link: %q", got)
	}
}
