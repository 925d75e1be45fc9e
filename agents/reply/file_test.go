package reply_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"strings"
	"testing"
	"time"

	gomail "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/tickets"
)

// filed is a file as three sorts of mail programs see it.
type filed struct {
	Filename string // by RFC 2231
	Name     string // by the encoded word
	Type     string
	Content  string
}

// parts are the text of a mail and its files.
func parts(t *testing.T, raw []byte) (text string, files []filed) {
	t.Helper()
	r, err := gomail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return text, files
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		h, ok := p.Header.(*gomail.AttachmentHeader)
		if !ok {
			text = strings.ReplaceAll(string(body), "\r\n", "\n")
			continue
		}
		name, err := h.Filename()
		if err != nil {
			t.Fatal(err)
		}
		// Go-message decodes parameters itself, so the encoded word is looked at as it stands.
		_, stands, _ := strings.Cut(h.Get("Content-Type"), `name="`)
		stands = strings.TrimSuffix(strings.Join(strings.Fields(stands), " "), `"`)
		word, err := (&mime.WordDecoder{}).DecodeHeader(stands)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := h.ContentType()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, filed{name, word, kind, string(body)})
	}
}

func answerFacts() reply.Facts {
	f := facts(tickets.TellAnswer, "zh-CN")
	if f.Answer == nil {
		f.Answer = &tickets.Message{TicketID: f.Ticket.ID, Direction: tickets.Reply, Text: "请看附件。"}
	}
	return f
}

func TestFileNamesAreReadByOldAndNewMailPrograms(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("很长的文件名", 15) + ".pdf"
	for name, want := range map[string]string{
		"退款说明.pdf":                               "退款说明.pdf",
		"receipt 2026.pdf":                       "receipt 2026.pdf",
		"扣费记录 (2026年5月) 100%.xlsx":               "扣费记录 (2026年5月) 100%.xlsx",
		"emoji 😀.png":                            "emoji 😀.png",
		long:                                     long,
		"../../etc/passwd":                       "_.._etc_passwd",
		`C:\账单\五月.pdf`:                           "C__账单_五月.pdf",
		"a\"; filename=\"b.exe":                  "a_; filename=_b.exe",
		"a\r\nBcc: eve@example.net\r\n\r\nb.pdf": "a Bcc_ eve@example.net b.pdf",
		"=?utf-8?b?YQ==?=":                       "= ?utf-8?b?YQ== ?=",
		"账单\u202egpj.exe":                        "账单 gpj.exe",
		"":                                       "file",
		"...":                                    "file",
	} {
		f := answerFacts()
		f.Files = []reply.File{{Name: name, Type: "application/pdf", Content: []byte("%PDF-1.7 " + strings.Repeat("x", 200))}}
		m, err := reply.Compose(f)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		text, got := parts(t, m.Raw)
		if !strings.Contains(text, strings.TrimSpace(f.Answer.Text)) {
			t.Errorf("%q: the text is lost:\n%s", name, text)
		}
		want := []filed{{want, want, "application/pdf", string(f.Files[0].Content)}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", name, d)
		}
		for line := range bytes.Lines(m.Raw) {
			if len(line) > 100 || bytes.ContainsFunc(line, func(r rune) bool { return r >= 0x80 }) {
				t.Errorf("%q: a line of %d octets, or not in ASCII: %q", name, len(line), line)
			}
		}
		if strings.Contains(string(m.Raw), "\nBcc:") {
			t.Errorf("%q became a header", name)
		}
	}
}

func TestAFilesTypeCannotHideWhatItIs(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"image/png": "image/png", "": "application/octet-stream", "text/html\r\nBcc: eve": "application/octet-stream",
		"multipart/mixed": "application/octet-stream", "message/rfc822": "application/octet-stream", "x; name=y": "application/octet-stream",
	} {
		f := answerFacts()
		f.Files = []reply.File{{Name: "a.png", Type: kind, Content: []byte("x")}, {Name: "b", Type: "text/plain"}}
		m, err := reply.Compose(f)
		if err != nil {
			t.Fatal(err)
		}
		_, got := parts(t, m.Raw)
		if d := cmp.Diff([]filed{{"a.png", "a.png", want, "x"}, {"b", "b", "text/plain", ""}}, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", kind, d)
		}
	}
}

func TestAnAnswerWithFilesArrivesWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	server := smtptest.Start(t, smtptest.Options{})
	answer := tickets.Message{
		TicketID: b.ticket.ID, Direction: tickets.Reply, Channel: tickets.Email, At: b.now, Sender: "agent:amy", Recipient: "li@example.com",
		Text: "退款明细见附件。", Raw: "blob-1", Attachments: []tickets.Attachment{{Name: "退款明细.csv", Type: "text/csv", Bytes: 3}},
	}
	b.tx(t, func(tx tickets.Tx) error { return tx.InsertMessage(t.Context(), &answer) })
	b.writer = reply.NewWriter(reply.Config{
		Store: b.DB, IDs: b.ids, Now: func() time.Time { return b.now }, Zone: shanghai(), From: reply.Address{Address: "service@example.com"},
		Product: "云卡盟", Settings: tickets.Settings{Locale: "zh-CN", Zone: shanghai()}, PublicURL: "https://desk.example.com", Pages: true,
		Files: func(_ context.Context, m tickets.Message) ([]reply.File, error) {
			return []reply.File{{Name: m.Attachments[0].Name, Type: m.Attachments[0].Type, Content: []byte("a,b")}}, nil
		},
	})
	ref := "answer:" + decimal(answer.ID)
	b.mustTell(t, b.ticket.ID, ref)
	o := b.outbox(t, b.ticket.ID)[0]
	sender := reply.NewSender(b.DB, reply.Ways{Mail: reply.SMTP{Host: server.Host(), Port: server.Port(), TLS: reply.NoTLS}, Codes: codes(), Pages: pages()}, func() time.Time { return b.now })
	server.Cut(1)
	for range 2 { // the first yes is lost
		err := sender.Send(t.Context(), tickets.Job{TicketID: b.ticket.ID, Ref: decimal(o.ID)}, func(tickets.Tx) error { return nil })
		if err != nil && !errors.Is(err, tickets.Unavailable) {
			t.Fatal(err)
		}
	}
	got := server.Messages()
	same(t, "mails", 2, len(got))
	same(t, "the second is the first", string(got[0].Raw), string(got[1].Raw))
	text, files := parts(t, got[0].Raw)
	same(t, "files", []filed{{"退款明细.csv", "退款明细.csv", "text/csv", "a,b"}}, files)
	link := "https://desk.example.com/c/" + pages().Token(o.TicketID, o.Recipient, o.At)
	if !strings.Contains(text, "退款明细见附件。") || !strings.Contains(text, link+"\n") {
		t.Errorf("the text lacks the answer or the link %s:\n%s", link, text)
	}
}
