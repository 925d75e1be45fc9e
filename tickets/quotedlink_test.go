package tickets_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestALinkThatCameBackProvesNobodyAndIsNotShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.member().ID
	pages := b.desk.Settings().Pages
	tokens := map[string]string{}
	for _, to := range []string{"quoted", "attached", "aside"} {
		b.now = b.now.Add(1e9)
		tokens[to] = pages.Token(id, "zhang@qq.example", b.now)
		if p, err := b.desk.Page(b.ctx, tokens[to], ""); err != nil || !p.Clicks() || p.Quoted {
			t.Fatalf("%s: %+v %v", to, p, err)
		}
	}
	// What somebody else quotes counts as well, in whatever becomes of his mail.
	b.receive(b.mail("foreign@else.example", 0, stop(), kind("list"), func(in *tickets.Incoming) { in.PageTokens = []string{tokens["attached"], strings.Repeat("A", 60)} }))
	b.receive(b.mail("zhang@qq.example", 1, stop(), func(in *tickets.Incoming) {
		in.Message.Quoted = "> https://desk.example/c/" + tokens["quoted"]
		in.Message.HTML = `<a href="https://desk.example/c/` + tokens["quoted"] + `">x</a>`
	}))
	for to, want := range map[string]bool{"quoted": true, "attached": true, "aside": false} {
		p, err := b.desk.Page(b.ctx, tokens[to], "")
		if err != nil || p.Quoted != want || p.Clicks() == want || !p.Registered {
			t.Errorf("%s: quoted %v, clicks %v, registered %v, %v", to, p.Quoted, p.Clicks(), p.Registered, err)
		}
	}
	row := b.receive(b.mail("zhang@qq.example", 1, stop(), func(in *tickets.Incoming) { in.Message.Quoted = "> /c/" + tokens["quoted"] + " <" }))[0]
	messages, err := b.Messages(b.ctx, row.TicketID)
	must(t, err)
	last := messages[0]
	if strings.Contains(last.Quoted+last.HTML, tokens["quoted"]) || !strings.Contains(last.Quoted, tickets.PageMark) || !strings.Contains(last.HTML, tickets.PageMark) {
		t.Errorf("agents read %q %q", last.Quoted, last.HTML)
	}
	_, err = b.desk.SayOnPage(b.ctx, tokens["quoted"], tickets.PageStop, tickets.PageSaid{Nonce: "abcdefgh", Browser: "x"})
	if !errors.Is(err, tickets.Forbidden) {
		t.Errorf("a click on the quoted link: %v", err)
	}
	if _, err = b.desk.SayOnPage(b.ctx, tokens["aside"], tickets.PageStop, tickets.PageSaid{Nonce: "abcdefgh"}); err != nil {
		t.Errorf("a click on the link that nobody quoted: %v", err)
	}
}
