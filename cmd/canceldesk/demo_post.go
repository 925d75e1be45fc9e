package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/mailin"
)

// post is the demo's post office: an IMAP server that the desk reads its mailbox from, and an SMTP
// server that keeps what the desk sends instead of delivering it.
type post struct {
	imapPort, smtpPort int
	password           string
	now                func() time.Time
	user               *imapmemserver.User
	imap               *imapserver.Server
	smtp               *smtp.Server

	mu   sync.Mutex
	sent []sentMail
}

type sentMail struct {
	At   time.Time
	To   string
	Raw  []byte
	Mail mailin.Mail
}

const postUser = "service"

func startPost(ctx context.Context) (*post, error) {
	var listener net.ListenConfig
	p := &post{password: rand.Text()}
	memory := imapmemserver.New()
	p.user = imapmemserver.NewUser(postUser, p.password)
	if err := p.user.Create("INBOX", nil); err != nil {
		return nil, fmt.Errorf("demo mailbox: %w", err)
	}
	memory.AddUser(p.user)
	p.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}}, InsecureAuth: true,
	})
	p.smtp = smtp.NewServer(p)
	p.smtp.Domain = "mx.galaxy.example"
	for _, s := range []struct {
		port  *int
		serve func(net.Listener) error
	}{{&p.imapPort, p.imap.Serve}, {&p.smtpPort, p.smtp.Serve}} {
		l, err := listener.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("demo mail server: %w", err), p.Close())
		}
		tcp, ok := l.Addr().(*net.TCPAddr)
		if !ok {
			return nil, errors.Join(errors.New("demo mail server: no TCP port"), l.Close(), p.Close())
		}
		*s.port = tcp.Port
		go func() { _ = s.serve(l) }() // ends with Close
	}
	return p, nil
}

// Close stops both servers.
func (p *post) Close() error { return errors.Join(p.imap.Close(), p.smtp.Close()) }

// deliver puts a mail into the mailbox, as received at an instant.
func (p *post) deliver(raw []byte, at time.Time) error {
	_, err := p.user.Append("INBOX", literal{bytes.NewReader(raw)}, &imap.AppendOptions{Time: at})
	return err
}

type literal struct{ *bytes.Reader }

// Size is the length in bytes.
func (l literal) Size() int64 { return l.Reader.Size() }

// NewSession begins one SMTP conversation with the desk.
func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return &smtpSession{post: p}, nil }

type smtpSession struct {
	post *post
	to   []string
}

// Mail, Rcpt, Data, Reset and Logout are the SMTP commands.
func (s *smtpSession) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes every recipient.
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data keeps the mail.
func (s *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	for _, to := range s.to {
		s.post.sent = append(s.post.sent, sentMail{At: s.post.now(), To: to, Raw: raw, Mail: mailin.Parse(raw, mailin.Options{})})
	}
	return nil
}

// Reset forgets the recipients.
func (s *smtpSession) Reset() { s.to = nil }

// Logout ends the conversation.
func (s *smtpSession) Logout() error { return nil }

// pages answers /demo/mails: what the desk sent by mail and by text message, codes included, and a form to
// write to the desk as a customer.
func (p *post) pages(next http.Handler, texts *reply.TextLog, zone *time.Location) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/mails", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		sent := slices.Clone(p.sent)
		p.mu.Unlock()
		slices.Reverse(sent)
		for i := range sent {
			sent[i].At = sent[i].At.In(zone)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
		_ = demoMails().Execute(w, demoSent{Mails: sent, Texts: inZone(texts.Sent(), zone)})
	})
	mux.HandleFunc("POST /demo/mails", func(w http.ResponseWriter, r *http.Request) {
		raw, err := written(r, p.now())
		if err == nil {
			err = p.deliver(raw, p.now())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		http.Redirect(w, r, "/demo/mails", http.StatusSeeOther)
	})
	protected := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/demo/mails" {
			protected.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// demoSent is everything the desk sent, newest first.
type demoSent struct {
	Mails []sentMail
	Texts []reply.SentText
}

func inZone(texts []reply.SentText, zone *time.Location) []reply.SentText {
	slices.Reverse(texts)
	for i := range texts {
		texts[i].At = texts[i].At.In(zone)
	}
	return texts
}

// written is the mail that the form describes. Ticking "authenticated" makes the demo's own mail
// server vouch for the sender, as a real one does after it has checked DMARC.
func written(r *http.Request, at time.Time) ([]byte, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<20)
	from, err := mail.ParseAddress(r.FormValue("from"))
	if err != nil {
		return nil, errors.New("the sender must be a mail address, such as xiaoyan.lin@fox.example")
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	var b bytes.Buffer
	if r.FormValue("authenticated") != "" {
		fmt.Fprintf(&b, "Authentication-Results: mx.galaxy.example; dmarc=pass header.from=%s\r\n", domain)
	}
	fmt.Fprintf(&b, "Received: from mail.%s by mx.galaxy.example; %s\r\n", domain, at.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n", from, demoAddress, at.Format(time.RFC1123Z), rand.Text(), domain)
	if id := r.FormValue("in_reply_to"); id != "" {
		if strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '<' || c == '>' }) {
			return nil, errors.New("in_reply_to is no Message-ID")
		}
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\n", id)
	}
	fmt.Fprintf(&b, "Subject: %s\r\n", mime.BEncoding.Encode("utf-8", strings.Join(strings.Fields(r.FormValue("subject")), " ")))
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	b.WriteString(strings.ReplaceAll(strings.ReplaceAll(r.FormValue("text"), "\r\n", "\n"), "\n", "\r\n"))
	b.WriteString("\r\n")
	return b.Bytes(), nil
}

// demoMails is the page of /demo/mails.
func demoMails() *template.Template {
	return template.Must(template.New("mails").Parse(`<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>演示邮件 / Demo mails</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
article{border:1px solid #ccd;border-radius:6px;padding:.6rem 1rem;margin:1rem 0}pre{white-space:pre-wrap;font:inherit;margin:.5rem 0 0}
small{color:#556}label{display:block;margin:.4rem 0}input[type=text],input[type=email],textarea{width:100%;font:inherit;padding:.3rem}</style>
<h1>演示邮件 / Demo mails</h1><p><a href="/">← 工作台 / dashboard</a></p>
<form method="post"><h2>以客户身份写信 / Write to the desk as a customer</h2>
<label>发件人 / From <input type="email" name="from" required value="han.mei@outpost.example"></label>
<label>主题 / Subject <input type="text" name="subject"></label>
<label>正文 / Text <textarea name="text" rows="4" required></textarea></label>
<label><input type="checkbox" name="authenticated" checked> 发件域已通过验证 / the sender's domain is authenticated</label>
<button>发送 / Send</button></form>
{{with .Texts}}<h2>工作台发出的短信 / Text messages the desk sent ({{len .}})</h2>
{{range .}}<article class="sms"><small>{{.At.Format "2006-01-02 15:04"}} → {{.Phone}} · {{.Template}}</small><pre>{{range $name, $value := .Params}}{{$name}}: {{$value}}
{{end}}</pre></article>{{end}}{{end}}
<h2>工作台发出的邮件 / What the desk sent ({{len .Mails}})</h2>
{{range .Mails}}<article><small>{{.At.Format "2006-01-02 15:04"}} → {{.To}}</small><br><b>{{.Mail.Subject}}</b><pre>{{.Mail.Text}}</pre>
<details><summary>回复 / Reply</summary><form method="post"><input type="hidden" name="from" value="{{.To}}"><input type="hidden" name="in_reply_to" value="{{.Mail.MessageID}}">
<input type="hidden" name="subject" value="Re: {{.Mail.Subject}}"><input type="hidden" name="authenticated" value="on">
<label>正文 / Text <textarea name="text" rows="2" required>同意</textarea></label><button>发送 / Send</button></form></details></article>{{end}}</html>`))
}
