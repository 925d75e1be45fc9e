package mailin

import (
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestTheLinkInAQuotedMailIsNotShown(t *testing.T) {
	t.Parallel()
	token := tickets.PageLinks{Key: []byte("pages of the tests, 32 bytes long")}.Token(7, "li@example.com", time.Unix(1_800_000_000, 0))
	link := "https://desk.example.com/c/" + token
	for name, raw := range map[string]string{
		"quoted":  "Content-Type: text/plain; charset=utf-8\r\n\r\n同意\r\n\r\n> 您的办理页面：" + link + "\r\n",
		"written": "Content-Type: text/plain; charset=utf-8\r\n\r\n打不开 " + link + "/receipt 请处理\r\n",
		"as HTML": "Content-Type: text/html; charset=utf-8\r\n\r\n<p>打不开 <a href=\"" + link + "\">" + link + "</a></p>\r\n",
	} {
		m := message(fetched{}, Parse([]byte("From: li@example.com\r\n"+raw), Options{}))
		all := m.Text + m.Quoted + m.HTML
		if strings.Contains(all, token) || !strings.Contains(all, "https://desk.example.com/c/"+tickets.PageMark) {
			t.Errorf("%s: %q", name, all)
		}
	}
}
